"""Gated and main metrics over releases: several completed runs, one page and one table.

collecting  what the runs say, and which of their numbers can be compared
picture     one metric over the runs
page        trend.html
table       trend.csv
"""

from aigc_eval.trends.collecting import Point, Release, Series, Trend, collect
from aigc_eval.trends.page import page
from aigc_eval.trends.table import table

__all__ = ["Point", "Release", "Series", "Trend", "collect", "page", "table"]
