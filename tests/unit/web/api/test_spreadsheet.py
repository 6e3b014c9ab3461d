"""CSV that is text to a spreadsheet, whatever stands in a manifest."""

import csv
import io

import pytest

from automator.web.api.spreadsheet import COLUMNS, render_csv


def cell_of(value):
    shape = dict.fromkeys(COLUMNS) | {"reason": value}
    [row] = csv.DictReader(io.StringIO(render_csv([shape]).decode(), newline=""))
    return row["reason"]


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\tx",
        "\rx",
        "\nx",
        '=cmd|" /C calc"!A0',
        '=HYPERLINK("http://x")',
    ],
)
def test_what_a_spreadsheet_would_run_is_text(text):
    assert cell_of(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "1.0-rc", "a=b", 'say "x", y', "two\nlines", "'quoted"])
def test_other_text_stays_as_it_is(text):
    assert cell_of(text) == text


@pytest.mark.parametrize(
    ("value", "cell"), [(None, ""), (3, "3"), ([], ""), (["a:b/c", "d:e/f"], "a:b/c d:e/f")]
)
def test_values_that_are_no_text(value, cell):
    assert cell_of(value) == cell


def test_bytes_that_are_no_utf8_are_escaped():
    assert cell_of("caf\udce9") == "caf\\udce9"
