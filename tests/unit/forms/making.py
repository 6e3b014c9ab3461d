"""Rows of the tables of forms: a text with holes `«old→new»`, what is found in it, and the image that is set.

Filled with the old the text is the file before, with the new the file after, byte for byte. Every row runs with LF,
with CRLF, with a BOM, and without a final newline.
"""

import re
from dataclasses import dataclass

import pytest

from automator.edit.apply import apply_changes
from automator.edit.set import plan_set, sort_out
from automator.model.field import Form, RepoPath
from automator.model.image import ImageReference
from automator.scan.file import scan_file

A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64
HEX_A, HEX_B = "a" * 64, "b" * 64
HOLE = re.compile(r"«([^«→»]*)→([^«→»]*)»")
VARIANTS = {
    "LF": lambda text: text.encode(),
    "CRLF": lambda text: text.replace("\n", "\r\n").encode(),
    "BOM": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "no final newline": lambda text: text.rstrip("\n").encode(),
}
# Between the place of a value and its first character: a quote, as it stands in a quoted text, or the head of a block.
BEFORE_VALUE = re.compile(r"""(?:''|\\?["'])?|[|>][-+0-9]*[ \t]*(?:\#[^\n]*)?\r?\n[ ]*""")


@dataclass(frozen=True, kw_only=True)
class Row:
    """`found` are container and image; `to` is set, one after the other; `refused` is why a field cannot say it."""

    path: RepoPath
    workload: str
    form: Form
    text: str
    found: tuple[tuple[str, str], ...]
    to: tuple[str, ...]
    refused: str
    problem: str
    comments: dict[str, str] | None = None
    """The expression of a comment by the container that it is about, where a row is about comments."""


class Table:
    """Collects rows; what most of them share is said once."""

    def __init__(self, path, workload, form):
        self.shared = {"path": path, "workload": workload, "form": form}
        self.rows = []

    def row(self, name, text, *found, to=(), refused="", problem="", **other):
        to = (to,) if isinstance(to, str) else to
        said = {"text": text, "found": found, "to": to, "refused": refused, "problem": problem}
        self.rows.append(pytest.param(Row(**{**self.shared, **said, **other}), id=name))

    def parametrize(self, test):
        variants = pytest.mark.parametrize("variant", VARIANTS)
        return variants(pytest.mark.parametrize("row", self.rows)(test))


def fill(text, side):
    return HOLE.sub(lambda hole: hole[side], text)


def set_one(row, data, image):
    fields = scan_file(row.path, data).fields
    changes, refused = sort_out(plan_set(fields, ImageReference.parse(image)))
    return apply_changes(row.path, data, changes), " ".join(map(str, refused))


def check(row, variant):
    """The whole promise for one row."""
    before, after = (VARIANTS[variant](fill(row.text, side)) for side in (1, 2))
    scan = scan_file(row.path, before)
    found = [(str(f.workload), str(f.form), f.container, str(f.image)) for f in scan.fields]
    assert found == [(row.workload, str(row.form), *one) for one in row.found]
    assert row.problem in " ".join(map(str, scan.problems))
    assert bool(row.problem) == bool(scan.problems), scan.problems
    check_places(before, scan)
    if row.comments is not None:
        written = {f.container: f.comment for f in scan.fields if f.comment is not None}
        assert {container: comment.text for container, comment in written.items()} == row.comments
        for comment in written.values():
            assert text_at(before, comment.location).startswith(comment.text)
    refusals = []
    edited = before
    for image in row.to:
        edited, refused = set_one(row, edited, image)
        refusals.append(refused)
    assert edited == after
    assert row.refused in " ".join(refusals)
    assert bool(row.refused) == any(refusals), refusals


def text_at(data, location):
    text = data.decode().removeprefix("\ufeff")
    start = sum(len(line) + 1 for line in text.split("\n")[: location.line - 1])
    return text[start + location.column - 1 :]


def check_places(data, scan):
    """Line and column of every part point at its value, or at the quote or the header before it.

    Its first characters only: a value may be split over lines.
    """
    for part in (part for field in scan.fields for part in field.parts):
        rest = text_at(data, part.location)
        begin = rest.find(part.value[:20])
        assert begin >= 0, part
        assert BEFORE_VALUE.fullmatch(rest[:begin]), part
