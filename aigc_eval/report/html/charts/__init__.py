"""The pictures of the page: inline SVG, drawn by Vega-Lite when the page is written; no script, no font, no network.

colours    a colour and a shape for each candidate
scales     from numbers to places, and the round numbers of an axis
vega       marks to elements of SVG, many at once
album      pictures asked for one by one, drawn together
pictures   what each picture of one axis shows
planes     what each picture of two axes shows
"""

from aigc_eval.report.html.charts.album import Album, Picture, Sketch
from aigc_eval.report.html.charts.pictures import axis, bars, comparison, gate_picture, key, numbers_of
from aigc_eval.report.html.charts.planes import Plane, scatter
from aigc_eval.report.html.charts.reliability import reliability
from aigc_eval.report.html.charts.scales import Scale

__all__ = [
    "Album",
    "Picture",
    "Plane",
    "Scale",
    "Sketch",
    "axis",
    "bars",
    "comparison",
    "gate_picture",
    "key",
    "numbers_of",
    "reliability",
    "scatter",
]
