"""What YAML would misread is quoted."""

import pytest

from automator.yamltext.scalar import quote_if_misread, reads_as_text

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
