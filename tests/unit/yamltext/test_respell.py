"""A scalar changed in part: as written, before and after; what cannot be said without guessing beside it.

Every row runs with LF and with CRLF. `old` in a row's value is what is replaced: the first one, or all of them.
"""

import re

import pytest
import yaml

from automator.yamltext.pieces import read_pieces
from automator.yamltext.respell import respell
from automator.yamltext.splice import splice

SHA = "sha256:" + "0123456789abcdef" * 4


def read(written):
    """As libyaml reads it behind a key, indented."""
    node = yaml.compose(f"k:\n  {written}", yaml.CSafeLoader)
    return node.value[0][1].value


def change(written, old, new):
    """Every `old` of the value, replaced; None if that is refused."""
    value = read(written)
    found = [(match.start(), match.end(), new) for match in re.finditer(re.escape(old), value)]
    assert found, f"{old!r} is not in {value!r}"
    spelled = respell(written, value, found)
    return None if spelled is None else splice(written, spelled)


PARTS = [
    # plain
    pytest.param("redis:1", "redis:1", "redis:2", "redis:2", id="plain, whole"),
    pytest.param("redis:1", "1", "2", "redis:2", id="plain, the tag"),
    pytest.param("a=redis:1", "redis:1", "redis:2", "a=redis:2", id="plain, behind a name"),
    pytest.param("a=redis:1;b=redis:1", "redis:1", "redis:2", "a=redis:2;b=redis:2", id="plain, twice"),
    pytest.param("one\n   old two", "old", "new", "one\n   new two", id="plain over lines"),
    pytest.param("one\n\n   old\n   two", "one\nold", "new", "new\n   two", id="plain, a fold within"),
    pytest.param("one   old", "old", "new", "one   new", id="plain, several blanks"),
    pytest.param("1.9", "1.9", "1.10", '"1.10"', id="plain, a number"),
    pytest.param("1.9", "9", "10", '"1.10"', id="plain, a part that makes a number"),
    pytest.param("v16", "v16", "17", '"17"', id="plain, a number where none was"),
    pytest.param("16", "16", "v17", "v17", id="plain, text where a number was"),
    pytest.param("16", "16", "16", '"16"', id="plain, a number written again"),
    pytest.param("alpha", "alpha", "true", '"true"', id="plain, a boolean"),
    pytest.param("2024-01-a", "a", "01", '"2024-01-01"', id="plain, a date"),
    pytest.param("ü😀-old", "old", "new", "ü😀-new", id="plain, characters of several bytes"),
    # single quotes
    pytest.param("'redis:1'", "redis:1", "redis:2", "'redis:2'", id="single quotes, whole"),
    pytest.param("'1.9'", "1.9", "1.10", "'1.10'", id="single quotes, a number"),
    pytest.param("'it''s old'", "old", "new", "'it''s new'", id="single quotes, a quote before"),
    pytest.param("'old'", "old", "it's", "'it''s'", id="single quotes, a quote in the new text"),
    pytest.param("'it''s'", "'", "-", "'it-s'", id="single quotes, a quote replaced"),
    pytest.param("'one  \n\n   old'", "old", "new", "'one  \n\n   new'", id="single quotes over lines"),
    pytest.param("'one\n   old '", "one old", "new", "'new '", id="single quotes, a fold within"),
    pytest.param("'a \\n old'", "old", "new", "'a \\n new'", id="single quotes, no escapes"),
    # double quotes
    pytest.param('"redis:1"', "redis:1", "redis:2", '"redis:2"', id="double quotes, whole"),
    pytest.param('"o\\x6cd"', "old", "new", '"new"', id="double quotes, an escape within"),
    pytest.param('"\\x41-old-\\u0041"', "old", "new", '"\\x41-new-\\u0041"', id="double quotes, escapes stay"),
    pytest.param('"a: old\\nb: old\\n"', "old", "new", '"a: new\\nb: new\\n"', id="double quotes, line breaks escaped"),
    pytest.param('"a: \\"old\\""', "old", "new", '"a: \\"new\\""', id="double quotes, quotes escaped"),
    pytest.param('"a: old"', "old", 'a"b\\c', '"a: a\\"b\\\\c"', id="double quotes, new text escaped"),
    pytest.param('"old"', "old", "a\nb\t\x07", '"a\\nb\\t\\u0007"', id="double quotes, a line break in the new text"),
    pytest.param('"old"', "old", "é😀", '"é😀"', id="double quotes, printable text is written plainly"),
    pytest.param(f'"redis:1@\\\n     {SHA}"', f"redis:1@{SHA}", "redis:2", '"redis:2"', id="double quotes, a split line is joined"),
    pytest.param(f'"redis:1@\\\n     {SHA}"', "1", "2", f'"redis:2@\\\n     {SHA.replace("1", "2")}"', id="double quotes, a split line stays"),
    pytest.param('"one \\\n   \\  old"', "old", "new", '"one \\\n   \\  new"', id="double quotes, blanks kept by escapes"),
    pytest.param('"one\\\n\n\n   old"', "\n\n", "-", '"one-old"', id="double quotes, blank lines behind a split"),
    pytest.param('"\\/old\\/"', "old", "new", '"\\/new\\/"', id="double quotes, slashes as JSON may write them"),
    # literal
    pytest.param("|\n     old\n", "old", "new", "|\n     new\n", id="literal"),
    pytest.param("|-\n  old\n\n", "old", "new", "|-\n  new\n\n", id="literal, stripped"),
    pytest.param("|+\n  old\n\n", "old", "new", "|+\n  new\n\n", id="literal, kept"),
    pytest.param("|  # old\n  old\n", "old", "new", "|  # old\n  new\n", id="literal, a comment that says the same"),
    pytest.param("|2-\n     x\n    old", "old", "new", "|2-\n     x\n    new", id="literal, indentation indicator"),
    pytest.param("|+4\n       x\n      old\n", "   x\n  old", "  new", "|+4\n      new\n", id="literal, indicator and more indented"),
    pytest.param("|\n\n\n  old\n", "old", "new", "|\n\n\n  new\n", id="literal, blank lines before"),
    pytest.param("|\n  a: old\n\n    b: old\n  \n  c: old\n", "old", "new", "|\n  a: new\n\n    b: new\n  \n  c: new\n", id="literal, blank and indented lines"),
    pytest.param("|\n  a\n  b\n", "a\nb", "new", "|\n  new\n", id="literal, lines joined"),
    pytest.param("|\n  a\n  b\n", "a\n", "", "|\n  b\n", id="literal, a line taken out"),
    pytest.param("|\n  old\tx  \n", "old", "new", "|\n  new\tx  \n", id="literal, trailing blanks"),
    pytest.param("|\n  'old' \\x41\n", "old", "it's", "|\n  'it's' \\x41\n", id="literal, nothing is escaped"),
    # folded
    pytest.param(">\n  old\n", "old", "new", ">\n  new\n", id="folded"),
    pytest.param(">-  # why\n    old\n", "old", "new", ">-  # why\n    new\n", id="folded, with a comment"),
    pytest.param(">-\n  a=old\n  b=old\n", "old", "new", ">-\n  a=new\n  b=new\n", id="folded, twice"),
    pytest.param(">-\n  a=old\n  b\n", "old b", "new", ">-\n  a=new\n", id="folded, a fold within"),
    pytest.param(">-\n  one\n\n  old\n\n\n  two\n", "old", "new", ">-\n  one\n\n  new\n\n\n  two\n", id="folded, blank lines"),
    pytest.param(">\n  one\n    old\n    old\n  two\n", "old", "new", ">\n  one\n    new\n    new\n  two\n", id="folded, more indented lines"),
    pytest.param(">+1\n   old\n\n", "old", "new", ">+1\n   new\n\n", id="folded, kept, with an indicator"),
    pytest.param(">\n\n  old\n", "old", "new", ">\n\n  new\n", id="folded, a blank line before"),
    pytest.param(">\n  old", "old", "new", ">\n  new", id="folded, no final line break"),
]  # fmt: skip
LINE_ENDS = pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["LF", "CRLF"])


@LINE_ENDS
@pytest.mark.parametrize(("written", "old", "new", "expected"), PARTS)
def test_a_part_changes_in_its_own_style(written, old, new, expected, line_end):
    written, expected = (text.replace("\n", line_end) for text in (written, expected))
    assert change(written, old, new) == expected


REFUSED = [
    pytest.param("old", "old", "a: b", id="plain, a key"),
    pytest.param("old", "old", "a #b", id="plain, a comment"),
    pytest.param("old", "old", "*b", id="plain, an alias"),
    pytest.param("old x", "old", "- b", id="plain, a list"),
    pytest.param("old", "old", "b ", id="plain, blanks at the end"),
    pytest.param("old", "old", "a\nb", id="plain, a line break"),
    pytest.param("one\n   old", "old", "", id="plain, nothing left of a line"),
    pytest.param("a\n\n\n   b", "\n", "-", id="plain, a piece of a fold"),
    pytest.param("'old'", "old", "a\nb", id="single quotes, a line break"),
    pytest.param("'old'", "old", "\x07", id="single quotes, a control character"),
    pytest.param("'old\n   b'", "old", "a ", id="single quotes, blanks before a fold"),
    pytest.param('"a\n\n\n   b"', "\n", "-", id="double quotes, a piece of a fold"),
    pytest.param("|\n  old\n", "old", "a\nb", id="literal, a line break"),
    pytest.param("|\n  old\n", "old", "  b", id="literal, what would pass for indentation"),
    pytest.param("|\n  old\n", "old\n", "", id="literal, nothing left"),
    pytest.param("|\n\n  old\n", "\nold", "b", id="literal, a blank line that is not indented"),
    pytest.param("|\n  a\n  b\n", "\nb\n", "", id="literal, the line break at its end"),
    pytest.param(">\n  old\n  b\n", "old", " a", id="folded, a line that would be more indented"),
    pytest.param(">\n  a\n\n\n  b\n", "\n\n", "-\n", id="folded, a line break"),
]  # fmt: skip


@LINE_ENDS
@pytest.mark.parametrize(("written", "old", "new"), REFUSED)
def test_nothing_is_guessed(written, old, new, line_end):
    assert change(written.replace("\n", line_end), old, new) is None


UNKNOWN = [
    pytest.param("other", "old", id="plain, something else"),
    pytest.param("", "", id="plain, no value at all"),
    pytest.param("'other'", "old", id="single quotes, something else"),
    pytest.param("'o'ld'", "o'ld", id="single quotes, one inside"),
    pytest.param("'old", "old", id="single quotes, not closed"),
    pytest.param('"o"ld"', 'o"ld', id="double quotes, one inside"),
    pytest.param('"\\q"', "q", id="double quotes, no such escape"),
    pytest.param('"\\U00110000"', "x", id="double quotes, no such character"),
    pytest.param("|-\n  other\n", "old", id="literal, something else"),
    pytest.param("|", "", id="literal, a header alone"),
    pytest.param("|\n\n", "", id="literal, no word"),
    pytest.param("|\n  a\n b\n", "a\nb\n", id="literal, indented less"),
    pytest.param(">-\n  o\n  ld\n", "old", id="folded over lines"),
]


@pytest.mark.parametrize(("written", "value"), UNKNOWN)
def test_what_does_not_read_as_the_value_is_refused(written, value):
    assert read_pieces(written, value) is None
    assert respell(written, value, [(0, len(value), "a b")]) is None


@pytest.mark.parametrize("quote", ["'", '"'])
@pytest.mark.parametrize("new", [SHA, "a b"])
def test_an_empty_value_in_quotes_is_filled(quote, new):
    assert splice(quote * 2, respell(quote * 2, "", [(0, 0, new)])) == f"{quote}{new}{quote}"


def test_text_is_put_in_where_it_is_wanted():
    assert respell("'it''s'", "it's", [(0, 0, "a"), (3, 3, "b"), (4, 4, "c")]) == [
        (1, 1, "a"),
        (5, 5, "b"),
        (6, 6, "c"),
    ]


def test_a_json_surrogate_pair_stays():
    """libyaml refuses it; nodes.py lets it read as two characters that stand for nothing."""
    written, value = '"\\ud83d\\ude00 old"', "\ufffd\ufffd old"
    assert respell(written, value, [(3, 6, "new")]) == [(14, 17, "new")]


def test_several_slices_side_by_side():
    written = "|-\n  old=x:1\n  y:2\n"
    value = "old=x:1\ny:2"
    spelled = respell(written, value, [(10, 11, "3"), (4, 5, "z"), (6, 7, "9")])
    assert splice(written, spelled) == "|-\n  old=z:9\n  y:3\n"


def test_overlapping_slices_are_a_mistake():
    with pytest.raises(ValueError, match="overlapping"):
        respell("a b c", "a b c", [(0, 3, "x"), (2, 5, "y")])


def test_a_large_block_scalar_takes_no_long_time():
    lines = [f"  key{n}: value" for n in range(20_000)]
    written = "|\n" + "\n".join([*lines, "  image: old"]) + "\n"
    assert change(written.replace("\n", "\n "), "old", "new") == written.replace(
        "\n", "\n "
    ).replace("old", "new")
