"""Spans are replaced from the end; what lies outside of them stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automator.yamltext.splice import splice


@pytest.mark.parametrize(("replacements", "expected"), [
    pytest.param([], "abcdef", id="none"),
    pytest.param([(1, 2, "XYZ")], "aXYZcdef", id="longer"),
    pytest.param([(0, 6, "")], "", id="all"),
    pytest.param([(4, 5, "2"), (0, 1, "1")], "1bcd2f", id="in any order"),
    pytest.param([(2, 4, "x"), (4, 6, "y")], "abxy", id="side by side"),
])  # fmt: skip
def test_splice(replacements, expected):
    assert splice("abcdef", replacements) == expected


def test_overlapping_replacements_are_refused():
    with pytest.raises(ValueError, match="overlapping"):
        splice("abcdef", [(0, 3, "x"), (2, 4, "y")])


@given(st.lists(st.tuples(st.text(), st.text(), st.text())), st.text())
def test_only_the_spans_change(pieces, tail):
    """Each piece is (kept, old, new)."""
    text, replacements = "", []
    for kept, old, new in pieces:
        start = len(text) + len(kept)
        text += kept + old
        # Of two empty spans in one place, no order is right.
        if old:
            replacements.append((start, start + len(old), new))
    expected = "".join(kept + (new if old else "") for kept, old, new in pieces) + tail
    assert splice(text + tail, replacements) == expected
