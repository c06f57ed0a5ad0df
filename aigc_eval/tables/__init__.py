"""Record files: JSON lines, JSON arrays, JSON columns, CSV, TSV, YAML and Parquet, each also gzipped, read strictly.

`read` gives every record as a plain dict, with the line it starts on and the file's SHA-256. A file that is not
exactly what it claims to be is an error that lists every bad record: nothing is guessed or repaired, and nothing is
left out unless the caller allows so many bad records, which are then counted and told. UTF-8 only (a byte order mark is
allowed); only a line feed ends a line, so U+2028 or U+0085 inside a text survive. A million records at most.

The format follows the extension: `.jsonl` and `.ndjson` one object a line, `.csv` and `.tsv` a header and rows (all
values are texts), `.yaml` and `.yml` a list of mappings (no aliases, tags or merge keys; at most 4 MB and 100,000
values), `.parquet`. A `.json` file holds an array of objects; or one object of columns, lists of one length,
`{"question": [...], "answer": [...]}`; or one object a line.

A **field map** says where in a record a value stands. Prompt sets and recorded outputs share its small grammar:

    question                            the value of a key
    messages.1.content.answer           a path: keys and list indexes (-1 is the last) joined by dots;
                                        a key that itself contains the dots goes first
    "#"                                 the number of the record, from 1
    [best_answer, other_answers]        several of these: the values that are there and not empty, in one list
    {value: "Continue the story."}      the same for every record
    {path: golden_answer, split: "/"}   a text cut at a separator: a list of the pieces that are not empty
    {path: label, map: {0: safe, 1: harmful}}   other words for a value; a value not in the map is an error
"""

from aigc_eval.tables.fields import (
    MISSING,
    BadValue,
    Missing,
    check_found,
    check_map,
    pick,
    scalar,
    take,
    values,
)
from aigc_eval.tables.files import read
from aigc_eval.tables.strict_json import Record
from aigc_eval.tables.table import Table, bad

__all__ = [
    "MISSING",
    "BadValue",
    "Missing",
    "Record",
    "Table",
    "bad",
    "check_found",
    "check_map",
    "pick",
    "read",
    "scalar",
    "take",
    "values",
]
