"""The table as CSV (RFC 4180), for spreadsheets: a row a container, the keys of the JSON as columns."""

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

COLUMNS = (
    "config_repo",
    "workload",
    "container",
    "image",
    "current",
    "behind",
    "current_created_at",
    "latest",
    "latest_created_at",
    "policy",
    "status",
    "reason",
    "reaches",
    "moved",
)

_FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A spreadsheet takes such a cell for a formula, which may send data away: OWASP, CSV injection."""


def render_csv(shapes: Iterable[Mapping[str, Any]]) -> bytes:
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for shape in shapes:
        writer.writerow([_cell(shape[column]) for column in COLUMNS])
    return file.getvalue().encode("utf-8", "backslashreplace")


def _cell(value: object) -> str:
    """Lists are separated by blanks; what is not known is empty. An apostrophe makes text of what would be a formula."""
    if value is None:
        return ""
    text = " ".join(map(str, value)) if isinstance(value, list) else str(value)
    return f"'{text}" if text.startswith(_FORMULA_BEGINS) else text
