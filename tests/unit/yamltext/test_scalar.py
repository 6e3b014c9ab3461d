"""A new value written like the old one; what YAML would misread is quoted."""

import pytest

from automator.yamltext.scalar import quote_if_misread, reads_as_text, write_like

WRITES = [
    pytest.param("old", "new", id="plain"),
    pytest.param("'old'", "'new'", id="single quotes"),
    pytest.param('"old"', '"new"', id="double quotes"),
    pytest.param('"o\\x6cd"', '"new"', id="escapes are gone"),
    pytest.param('"o\\\n  ld"', '"new"', id="a split line is joined"),
    pytest.param("|-\n  old\n\n", "|-\n  new\n\n", id="literal"),
    pytest.param(">-  # why\n    old\n", ">-  # why\n    new\n", id="folded, with a comment"),
]


@pytest.mark.parametrize(("written", "expected"), WRITES)
def test_style_is_kept(written, expected):
    assert write_like(written, "old", "new") == expected


REFUSES = [
    pytest.param("other", id="plain, something else"),
    pytest.param("'other'", id="single quotes, something else"),
    pytest.param("|- # old\n  old\n", id="twice in a block scalar"),
    pytest.param(">-\n  o\n  ld\n", id="folded over lines"),
]


@pytest.mark.parametrize("written", REFUSES)
def test_nothing_is_guessed(written):
    assert write_like(written, "old", "new") is None


MISREAD = (
    "1", "16", "1.10", "3.0", "1e3", "7e1", "0123", "0x1F", "0o17", "0b11", "1_000", "190:20:30",
    "true", "True", "on", "off", "yes", "no", "y", "N", "null", "~", "", "2024-01-01", "2024-1-2", "nan",
)  # fmt: skip
TEXT = ("1.2.3", "v1", "main", "7e", "latest", "2024-01-01-abc", "1-alpine", "e3", "yes1")


@pytest.mark.parametrize("value", MISREAD)
def test_misread(value):
    assert not reads_as_text(value)
    assert quote_if_misread(value) == f'"{value}"'


@pytest.mark.parametrize("value", TEXT)
def test_text_is_not_quoted(value):
    assert quote_if_misread(value) == value
