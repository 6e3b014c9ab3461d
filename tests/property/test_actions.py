"""An annotation set or taken away: however the object is written, it reads otherwise in that annotation alone, and the
text around it is the same, byte by byte.
"""

import contextlib
import re

import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from automator.edit.settings import set_annotations
from automator.errors import EditRefused
from automator.model.field import RepoPath
from automator.model.workload import WorkloadId

PATH = RepoPath("a.yaml")
POD = WorkloadId("default", "pod", "a")
KEY = "automator.dev/locked-reason"

NUMBER = f"kind: Pod\nmetadata:\n  name: a\n  annotations: {{team: x, {KEY}: 0}}\n".encode()
"""An annotation that is no text stands in braces."""

TAGGED = NUMBER.replace(b": 0}", b": !!str 0}")
"""One that is a text by its tag alone."""

values = st.text(st.sampled_from("abtrue:#- '\"\\{}[],*&!|>%@\nöy0\t\u2028"), max_size=12)
comments = st.sampled_from(["", "", "   # why: {so} 'it' is"])
own_lines = st.sampled_from(["", "", "{margin}# a person's line\n", "\n"])


def spell(draw, value, number):
    """In any style that can say it; `number` is that of no other value, since an anchor may stand once."""
    ways = [yaml.dump(value, default_style='"', width=1000).strip()]
    if value.isprintable():
        ways.append("'" + value.replace("'", "''") + "'")
    if re.fullmatch("[abtrueö0y]+", value):
        ways += [value, f"!!str {value}", f"&x{number} {value}"]
    return draw(st.sampled_from(ways))


@st.composite
def pods(draw):
    """A pod's manifest, in blocks or in braces, with more annotations or none, and perhaps ours."""
    keys = draw(st.lists(st.sampled_from(["team", "x/y", '"quoted"', KEY]), unique=True))
    entries = [f"{key}: {spell(draw, draw(values), number)}" for number, key in enumerate(keys)]
    step = draw(st.sampled_from(["  ", "    "]))
    flow = draw(st.booleans())
    if not entries:
        annotations = ""
    elif flow:
        annotations = f"{step}annotations: {{{', '.join(entries)}}}{draw(comments)}\n"
    else:
        margin = step * 2
        lines = [
            draw(own_lines).format(margin=margin) + f"{margin}{entry}{draw(comments)}\n"
            for entry in entries
        ]
        annotations = f"{step}annotations:\n{''.join(lines)}"
    name = f"{step}name: a{draw(comments)}\n"
    metadata = "".join(draw(st.permutations([name, annotations])))
    text = f"kind: Pod\nmetadata:\n{metadata}spec: {{x: 1}}{draw(comments)}\n"
    if draw(st.booleans()):
        text = (
            f"# first\nkind: Other\nmetadata: {{name: a, annotations: {{{KEY}: x}}}}\n---\n{text}"
        )
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    return (b"\xef\xbb\xbf" if draw(st.booleans()) else b"") + text.encode()


def plain(node):
    if isinstance(node, yaml.MappingNode):
        return {key.value: plain(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [plain(item) for item in node.value]
    return node.tag, node.value


def load(data):
    return [plain(node) for node in yaml.compose_all(data.decode("utf-8-sig"), yaml.CSafeLoader)]


def expected(data, value):
    documents = load(data)
    for document in documents:
        if document["kind"][1] == "Pod":
            annotations = document["metadata"].setdefault("annotations", {})
            annotations.pop(KEY, None)
            if value is not None:
                annotations[KEY] = ("tag:yaml.org,2002:str", value)
            if not annotations:
                del document["metadata"]["annotations"]
    return documents


@settings(max_examples=300)
@example(NUMBER, "0")
@example(NUMBER, "0[")
@example(TAGGED, "0[")
@example(TAGGED, "0, 1")
@given(pods(), values)
def test_it_reads_as_it_was_set_and_all_else_as_before(data, value):
    after = set_annotations(PATH, data, POD, {KEY: value})
    assert load(after) == expected(data, value)
    assert set_annotations(PATH, after, POD, {KEY: value}) == after


@settings(max_examples=300)
@given(pods())
def test_what_is_taken_away_leaves_the_rest(data):
    with contextlib.suppress(EditRefused):
        after = set_annotations(PATH, data, POD, {KEY: None})
        assert load(after) == expected(data, None)


@settings(max_examples=300)
@given(pods(), values)
def test_what_was_added_can_be_taken_away_again(data, value):
    if KEY.encode() not in data.rpartition(b"kind: Pod")[2]:
        added = set_annotations(PATH, data, POD, {KEY: value})
        assert set_annotations(PATH, added, POD, {KEY: None}) == data


@settings(max_examples=300)
@given(pods(), values)
def test_a_value_changes_in_its_place(data, value):
    """Nothing but the value and its quotes: not the lines around it, no comment, no line end."""
    first = set_annotations(PATH, data, POD, {KEY: "MARK"}).decode()
    second = set_annotations(PATH, first.encode(), POD, {KEY: value}).decode()
    before, _, behind = first.partition("MARK")
    before, behind = before.rstrip("'\""), behind.lstrip("'\"")
    assert second.startswith(before)
    assert second.removeprefix(before).endswith(behind)


@settings(max_examples=400)
@given(pods(), st.data())
def test_any_text_is_edited_or_refused(data, draw):
    mutated = bytearray(data)
    for _ in range(draw.draw(st.integers(0, 6))):
        at = draw.draw(st.integers(0, len(mutated) - 1))
        mutated[at] = draw.draw(st.sampled_from(b"\n\t :-[]{}#&*!|>'\"%@`?,\x00\xffa"))
    for value in ("why", None):
        with contextlib.suppress(EditRefused):
            set_annotations(PATH, bytes(mutated), POD, {KEY: value})
