"""How things read on a page."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from markupsafe import Markup

from automator.report.words import behind_text
from automator.web.pages.text import (
    breakable,
    diff_lines,
    exact,
    moment,
    plain_times,
    visible,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 漢字 עברית", "plain é 漢字 עברית"),
        ("a\tb\nc", "a\tb\nc"),
        ("a\u202eb", "a[U+202E]b"),
        ("\u2066\u2069\u200f", "[U+2066][U+2069][U+200F]"),
        ("a\u200bb\ufeff", "a[U+200B]b[U+FEFF]"),
        ("\x1b[31m\x00\r", "[U+001B][31m[U+0000][U+000D]"),
        ("bytes \udcff", "bytes [U+DCFF]"),
    ],
)
def test_nothing_hides(text, shown):
    assert visible(text) == shown


@pytest.mark.parametrize("value", [None, 3, Markup("<b>\u202e</b>")])
def test_what_is_no_text_of_others_stays(value):
    assert visible(value) is value


def test_a_form_gives_back_what_it_was_given():
    assert exact('\u202e"<') == Markup("\u202e&#34;&lt;")


def test_names_break_where_a_person_would_break_them():
    assert breakable("h:1/a<b>@x") == Markup("h:<wbr>1/<wbr>a&lt;b&gt;@<wbr>x")


@pytest.mark.parametrize(
    ("behind", "age", "text"),
    [
        (0, None, ""),
        (1, None, "1 version"),
        (45, timedelta(days=95), "3mo, 45 versions"),
    ],
)
def test_behind_in_versions_and_age(behind, age, text):
    assert behind_text(behind, age) == text


def test_moments_are_told_in_one_time_zone():
    at = datetime(2026, 3, 1, 14, 5, tzinfo=UTC)
    assert moment(at.astimezone(timezone(timedelta(hours=9)))) == "2026-03-01 14:05 UTC"
    assert moment(None) == ""


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("min_age until 2027-09-19T23:32:37Z", "min_age until 2027-09-19 23:32 UTC"),
        ("schedule until it is changed", "schedule until it is changed"),
        ("tag 2027-09-19T23", "tag 2027-09-19T23"),
    ],
)
def test_times_in_a_reason_read_as_those_beside_it(reason, shown):
    assert plain_times(reason) == shown


def test_lines_of_a_diff_are_told_apart():
    diff = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n same\n-old\n+new\n"
    kinds = [kind for kind, _ in diff_lines(diff)]
    assert kinds == ["file", "file", "place", "same", "removed", "added"]


@pytest.mark.parametrize("ending", ["\u2028", "\u2029", "\x85", "\f", "\v", "\r", "\x1c"])
def test_what_only_looks_like_the_end_of_a_line_makes_no_line(ending):
    [(kind, line)] = diff_lines(f"-old{ending}+new\n")
    assert (kind, visible(line)) == ("removed", f"-old[U+{ord(ending):04X}]+new")
    assert diff_lines("+new\r\n") == [("added", "+new")]
