"""Pieces of scalars, and YAML text inside of scalars: edits byte for byte, at any depth; what is refused beside it.

A row is the file before, what is to change, and the file after. `{at: new}`: `at` leads to a scalar by its keys,
`|` into the YAML text that the scalar holds, `~` to the words in its value that are meant (`~x#2`: the second).
Every row runs with LF, with CRLF, with a BOM, and behind another document.
"""

import re
from dataclasses import replace

import pytest
import yaml

from automator.edit.apply import apply_changes
from automator.edit.check import Parsed, check_edited
from automator.errors import EditRefused
from automator.model.field import Form, ImageField, Location, Part, RepoPath, Role, Span
from automator.model.image import ImageReference
from automator.model.plan import Change
from automator.model.policy import Expression, Policy, PolicyKind
from automator.model.workload import WorkloadId
from automator.yamltext.nodes import Text, parse_documents

PATH = RepoPath("a.yaml")
POLICY = Policy(name="p", update=Expression(PolicyKind.LATEST, "", "latest"))
A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64


def scalar_at(text, keys):
    """(span, value) of a scalar of the last document."""
    whole = Text(text)
    document = list(parse_documents(whole))[-1]
    node = document.root
    for key in filter(None, keys.split(".")):
        if isinstance(node, yaml.SequenceNode):
            node = node.value[int(key)]
        else:
            (node,) = (value for name, value in node.value if name.value == key)
    return Span(*whole.scalar_span(document, node)), node.value


def part_at(text, at):
    way, _, words = at.partition("~")
    spans, value = [], text
    for keys in way.split("|"):
        span, value = scalar_at(value, keys)
        spans.append(span)
    within = None
    if words:
        words, _, number = words.partition("#")
        within = Span(
            *[found.span() for found in re.finditer(re.escape(words), value)][int(number or 1) - 1]
        )
        value = words
    start = spans[0].start
    line_start = text.rfind("\n", 0, start) + 1
    return Part(
        role=Role.TAG,
        span=spans[0],
        value=value,
        location=Location(PATH, text.count("\n", 0, start) + 1, start - line_start + 1),
        nested=tuple(spans[1:]),
        within=within,
    )


def change_of(part, new):
    """`tag` or `tag@digest` for a part that holds it."""
    field = ImageField(
        workload=WorkloadId("n", "k", "w"),
        container="c",
        form=Form.HELM_VALUES,
        image=ImageReference("redis", *part.value.split("@")),
        document=0,
        parts=(part,),
    )
    return Change(
        field=field, to=ImageReference("redis", *new.split("@")), policy=POLICY, reason=""
    )


def edit(text, wanted):
    changes = [change_of(part_at(text, at), new) for at, new in wanted]
    return apply_changes(PATH, text.encode(), changes).decode()


NESTED = [
    # a piece of a scalar
    pytest.param("k: redis:1\n", [("k~1", "2")], "k: redis:2\n", id="the tag of a plain scalar"),
    pytest.param("k: 'redis:1' # 1\n", [("k~1", "2")], "k: 'redis:2' # 1\n", id="the tag in single quotes"),
    pytest.param('k: "re\\x64is:1"\n', [("k~1", "2")], 'k: "re\\x64is:2"\n', id="the tag in double quotes"),
    pytest.param("- redis=x/redis:1\n", [("0~1", "2")], "- redis=x/redis:2\n", id="old=new:tag"),
    pytest.param("- redis=x/redis:1\n- redis=x/redis:1\n", [("0~1", "2"), ("1~1", "3")], "- redis=x/redis:2\n- redis=x/redis:3\n", id="old=new:tag, twice"),
    pytest.param("k: a=x:1;b=y:1\n", [("k~1", "2"), ("k~1#2", "33")], "k: a=x:2;b=y:33\n", id="several images in one string"),
    pytest.param("k: a=x:1;b=y:1\n", [("k~1#2", "2")], "k: a=x:1;b=y:2\n", id="one of several images"),
    pytest.param("k: {image: x:1, n: [a]}\n", [("k.image~1", "2")], "k: {image: x:2, n: [a]}\n", id="flow map"),
    pytest.param(f"k: x:1@{A}\n", [(f"k~1@{A}", f"2@{B}")], f"k: x:2@{B}\n", id="tag and digest in one piece"),
    pytest.param(f'k: "x:1@\\\n  {A}"\n', [(f"k~1@{A}", f"2@{B}")], f'k: "x:2@{B}"\n', id="a split digest is joined"),
    pytest.param("k: >-\n  a=x:1\n  b=x:1\n", [("k~1", "2"), ("k~1#2", "2")], "k: >-\n  a=x:2\n  b=x:2\n", id="folded, the same repository twice"),
    pytest.param("k: >\n  a=x:1\n\n  b=x:1\n", [("k~1#2", "2")], "k: >\n  a=x:1\n\n  b=x:2\n", id="folded, with a blank line"),
    pytest.param("k: |\n  1=x:1\n  2=x:1\nz: 1\n", [("k~1#2", "9"), ("k~1#3", "9")], "k: |\n  1=x:9\n  2=x:9\nz: 1\n", id="lines version=image"),
    pytest.param("k: |\n  x:1\n", [("k~1", "2")], "k: |\n  x:2\n", id="a literal with its final line break"),
    pytest.param("k: >\n  x:1\n\n", [("k~1", "2")], "k: >\n  x:2\n\n", id="a folded one with its final line break"),
    pytest.param("k: |+ # 1\n  x:1\n\n\nz: 1\n", [("k~1", "2")], "k: |+ # 1\n  x:2\n\n\nz: 1\n", id="a kept one with its line breaks"),
    pytest.param("k: |- # 1\n  1\n", [("k", "2")], "k: |- # 1\n  2\n", id="a header comment that says the same"),
    pytest.param("k: 1-a\n", [("k~1-a", "1.10")], 'k: "1.10"\n', id="a piece that makes a number"),
    pytest.param("k: x 1\n  y 1\n", [("k~1#2", "2")], "k: x 1\n  y 2\n", id="plain over lines"),
    # YAML text in a scalar
    pytest.param("values: |\n  tag: v1 # x\n", [("values|tag", "v2")], "values: |\n  tag: v2 # x\n", id="literal"),
    pytest.param("values: |-\n  tag: v1\n", [("values|tag", "v2")], "values: |-\n  tag: v2\n", id="literal, stripped"),
    pytest.param("values: |+\n  tag: v1\n\nz: 1\n", [("values|tag", "v2")], "values: |+\n  tag: v2\n\nz: 1\n", id="literal, kept"),
    pytest.param("values: |2\n    tag: v1\n    a: 1\nz: 1\n", [("values|tag", "v2")], "values: |2\n    tag: v2\n    a: 1\nz: 1\n", id="literal, indicator"),
    pytest.param("values: |4-\n      a:\n        tag: v1\n", [("values|a.tag", "v2")], "values: |4-\n      a:\n        tag: v2\n", id="literal, indicator and more"),
    pytest.param("values: |1+ # tag: v1\n  tag: v1\n", [("values|tag", "v2")], "values: |1+ # tag: v1\n  tag: v2\n", id="literal, indicator and comment"),
    pytest.param("values: |\n  # tag: v1\n\n  a:\n\n    tag:   v1   # v1\n", [("values|a.tag", "v2")], "values: |\n  # tag: v1\n\n  a:\n\n    tag:   v2   # v1\n", id="comments and blank lines within"),
    pytest.param("values: |\n  tag: '1.9'\n", [("values|tag", "1.10")], "values: |\n  tag: '1.10'\n", id="quotes within stay"),
    pytest.param("values: |\n  tag: 1.9\n", [("values|tag", "1.10")], 'values: |\n  tag: "1.10"\n', id="a number within is quoted"),
    pytest.param("values: |\n  a: {tag: v1}\n  b: {tag: v1}\n  c: {tag: v1}\n", [("values|a.tag", "v2"), ("values|c.tag", "v3"), ("values|b.tag", "v10")], "values: |\n  a: {tag: v2}\n  b: {tag: v10}\n  c: {tag: v3}\n", id="three images in one text"),
    pytest.param("values: |\n  image: redis:1\n", [("values|image~1", "2")], "values: |\n  image: redis:2\n", id="a piece of a scalar within"),
    pytest.param("values: |\n  cmd: |\n    run redis:1\n    run redis:1\n", [("values|cmd~1#2", "2")], "values: |\n  cmd: |\n    run redis:1\n    run redis:2\n", id="a piece of a block scalar within"),
    pytest.param("values: |\n  k: >-\n    a=x:1\n    b=x:1\n", [("values|k~1", "2"), ("values|k~1#2", "3")], "values: |\n  k: >-\n    a=x:2\n    b=x:3\n", id="pieces of a folded scalar within"),
    pytest.param("values: |\n  tag: &t v1\n  same: *t\n", [("values|tag", "v2"), ("values|same", "v2")], "values: |\n  tag: &t v2\n  same: *t\n", id="anchor and alias within"),
    pytest.param('values: "tag: v1\\nb: 1\\n"\n', [("values|tag", "v2")], 'values: "tag: v2\\nb: 1\\n"\n', id="double quotes with escaped line breaks"),
    pytest.param('values: "a:\\n  tag: \\"v1\\"\\n"\n', [("values|a.tag", "v2")], 'values: "a:\\n  tag: \\"v2\\"\\n"\n', id="double quotes in double quotes"),
    pytest.param('values: "tag: 1.9\\n"\n', [("values|tag", "1.10")], 'values: "tag: \\"1.10\\"\\n"\n', id="new quotes are escaped"),
    pytest.param('values: "\\x61: \\u00e9\\ntag: v1"\n', [("values|tag", "v2")], 'values: "\\x61: \\u00e9\\ntag: v2"\n', id="escapes beside stay"),
    pytest.param('values: "tag: v1\\n\\\n  b: 1\\n"\n', [("values|tag", "v2")], 'values: "tag: v2\\n\\\n  b: 1\\n"\n', id="double quotes, one line each"),
    pytest.param("values: 'tag: ''1.9'''\n", [("values|tag", "1.10")], "values: 'tag: ''1.10'''\n", id="single quotes in single quotes"),
    pytest.param("values: 'a: 1\n\n  tag: v1'\n", [("values|tag", "v2")], "values: 'a: 1\n\n  tag: v2'\n", id="single quotes over lines"),
    pytest.param("values: >\n  a: 1\n\n  tag: v1\n", [("values|tag", "v2")], "values: >\n  a: 1\n\n  tag: v2\n", id="folded, every line apart"),
    pytest.param("values: '{\"image\": {\"tag\": \"v1\"}}'\n", [("values|image.tag", "v2")], "values: '{\"image\": {\"tag\": \"v2\"}}'\n", id="JSON in single quotes"),
    pytest.param('{"values": "{\\"tag\\": \\"v1\\"}"}\n', [("values|tag", "v2")], '{"values": "{\\"tag\\": \\"v2\\"}"}\n', id="JSON in JSON"),
    pytest.param('{"values": "tag: 1.9\\n"}\n', [("values|tag", "1.10")], '{"values": "tag: \\"1.10\\"\\n"}\n', id="YAML in JSON"),
    pytest.param('{"values": "\\ud83d\\ude00: 1\\ntag: v1\\n"}\n', [("values|tag", "v2")], '{"values": "\\ud83d\\ude00: 1\\ntag: v2\\n"}\n', id="JSON's surrogate pairs"),
    pytest.param("values: |\n  ---\n  tag: v0\n  ---\n  tag: v1\n", [("values|tag", "v2")], "values: |\n  ---\n  tag: v0\n  ---\n  tag: v2\n", id="two documents within"),
    pytest.param("tag: v1\nvalues: |\n  tag: v1\n", [("tag", "v2"), ("values|tag", "v3")], "tag: v2\nvalues: |\n  tag: v3\n", id="beside a scalar of the file"),
    # deeper
    pytest.param("a: |\n  b: |\n    tag: v1\n  c: 1\n", [("a|b|tag", "v2")], "a: |\n  b: |\n    tag: v2\n  c: 1\n", id="text in text"),
    pytest.param("a: |\n  b: |\n    tag: 1.9\n    image: x:1\n  tag: v1\n", [("a|b|tag", "1.10"), ("a|b|image~1", "2"), ("a|tag", "v2")], 'a: |\n  b: |\n    tag: "1.10"\n    image: x:2\n  tag: v2\n', id="text in text, three places"),
    pytest.param('a: "b: \\"tag: \\\\\\"v1\\\\\\"\\"\\n"\n', [("a|b|tag", "v2")], 'a: "b: \\"tag: \\\\\\"v2\\\\\\"\\"\\n"\n', id="quotes in quotes in quotes"),
    pytest.param('a: "b: \\"tag: 1.9\\""\n', [("a|b|tag", "1.10")], 'a: "b: \\"tag: \\\\\\"1.10\\\\\\"\\""\n', id="new quotes in quotes in quotes"),
    pytest.param("a: >\n  b: |\n    tag: v1\n    x: 1\n", [("a|b|tag", "v2")], "a: >\n  b: |\n    tag: v2\n    x: 1\n", id="text in folded text"),
    pytest.param("a: |\n  b: 'c: \"tag: v1\"'\n", [("a|b|c|tag", "v2")], "a: |\n  b: 'c: \"tag: v2\"'\n", id="four levels"),
]  # fmt: skip
FORMS = {
    "LF": lambda text: text,
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "BOM": lambda text: "\ufeff" + text,
    "BOM and CRLF": lambda text: "\ufeff" + text.replace("\n", "\r\n"),
    "behind a document": lambda text: "k: |\n  x:1\nvalues: 'tag: v1'\n---\n" + text,
    "behind a broken document": lambda text: "k: [\n---\n" + text,
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("before", "wanted", "after"), NESTED)
def test_only_the_piece_changes(before, wanted, after, form):
    assert edit(FORMS[form](before), wanted) == FORMS[form](after)


REFUSED = [
    pytest.param("k: x:1\n", [("k~1", "2"), ("k", "y")], "overlap", id="a scalar and a piece of it"),
    pytest.param("k: x:1-1\n", [("k~1-1", "2"), ("k~1#2", "3")], "overlap", id="two pieces that overlap"),
    pytest.param("k: x:1\n", [("k~1", "2"), ("k~1", "3")], "two changes want '2' and '3'", id="two wishes for one piece"),
    pytest.param("v: |\n  t: v1\n", [("v|t", "2"), ("v|t", "3")], "two changes want '2' and '3'", id="two wishes for one scalar within"),
    pytest.param("v: |\n  t: v1\n", [("v|t", "v2"), ("v~v1", "v2")], "overlap", id="a scalar within and a piece of the text"),
    pytest.param("v: |\n  t: &t v1\n  u: *t\n", [("v|t", "v2"), ("v|u", "v3")], "two changes want", id="anchor and alias within"),
    pytest.param("v: |\n  t: |\n    v1\n", [("v|t", "v2")], "without guessing", id="a line break at the end of the whole value"),
]  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("text", "wanted", "says"), REFUSED)
def test_what_would_be_a_guess_is_refused(text, wanted, says, form):
    text = FORMS[form](text)
    with pytest.raises(EditRefused, match=says) as refused:
        edit(text, wanted)
    assert str(refused.value).startswith("a.yaml:")
    assert refused.value.hint


STALE = [
    pytest.param("v: |\n  t: v1\n", "v|t", lambda text: text.replace("v1", "v3"), "'v1' is expected here, but it reads 'v3'", id="another tag within"),
    pytest.param("v: |\n  t: v1\n", "v|t", lambda text: text.replace("t: v1", "# \n  t: v1"), "no value begins here", id="moved within"),
    pytest.param("v: |\n  t: v1\n", "v|t", lambda text: text.replace("t: v1", "t: ["), "no value begins here", id="broken within"),
    pytest.param("v: |\n  t: v1\n", "v|t", lambda text: "# \n" + text, "no value begins here", id="the scalar around it moved"),
    pytest.param("k: x:1\n", "k~1", lambda text: text.replace("x:1", "y:2"), "'1' is expected here, but it reads '2'", id="another piece"),
    pytest.param("k: x:12\n", "k~12", lambda text: text.replace("x:12", "x:1"), "no value begins here", id="a shorter scalar"),
    pytest.param("k: 'x:12'\n", "k~12", lambda text: text.replace("x:12'", "x:1'#"), "no value begins here", id="a shorter scalar in quotes"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "at", "meddle", "says"), STALE)
def test_a_piece_that_is_not_as_scanned_is_refused(text, at, meddle, says):
    change = change_of(part_at(text, at), "9")
    with pytest.raises(EditRefused, match=re.escape(says)):
        apply_changes(PATH, meddle(text).encode(), [change])


def test_what_only_the_whole_text_shows_is_refused():
    """A line of blanks and tabs may stand behind a plain scalar, but not behind quotes."""
    text = "k: v1\n \t \nz: 1\n"
    assert edit(text, [("k", "v2")]) == text.replace("v1", "v2")
    with pytest.raises(EditRefused, match="parse no more"):
        edit(text, [("k", "1.10")])


def test_a_piece_past_the_end_is_refused():
    part = replace(part_at("k: x:1\n", "k~1"), within=Span(2, 4))
    with pytest.raises(EditRefused, match="is expected here"):
        apply_changes(PATH, b"k: x:1\n", [change_of(part, "2")])


def test_a_piece_and_the_same_whole_are_one_edit():
    part = part_at("k: v1\n", "k")
    changes = [change_of(part, "v2"), change_of(replace(part, within=Span(0, 2)), "v2")]
    assert apply_changes(PATH, b"k: v1\n", changes) == b"k: v2\n"


def test_a_piece_and_the_same_whole_that_differ_are_refused():
    part = part_at("k: v1\n", "k")
    changes = [change_of(part, "v2"), change_of(replace(part, within=Span(0, 2)), "v3")]
    with pytest.raises(EditRefused, match="two changes want 'v2' and 'v3'"):
        apply_changes(PATH, b"k: v1\n", changes)


def test_two_wishes_for_an_empty_digest_are_refused():
    part = replace(part_at("k: ''\n", "k"), role=Role.DIGEST)
    changes = [
        Change(
            field=replace(
                change_of(part, "v").field, image=ImageReference("redis"), parts=(place,)
            ),
            to=ImageReference("redis", None, digest),
            policy=POLICY,
            reason="",
        )
        for place, digest in ((part, A), (replace(part, within=Span(0, 0)), B))
    ]
    with pytest.raises(EditRefused, match="two changes want"):
        apply_changes(PATH, b"k: ''\n", changes)
    assert apply_changes(PATH, b"k: ''\n", changes[1:]) == f"k: '{B}'\n".encode()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("a: x # one\n", "a: y # two\n", id="a comment"),
        pytest.param("a: x\n", "a: y\n\n", id="a blank line"),
        pytest.param("a: x\nb: 'c'\n", 'a: y\nb: "c"\n', id="quotes of another scalar"),
        pytest.param("a: x\n---\nb: [\n", "a: y\n---\nb: [[\n", id="a broken document"),
        pytest.param("a: &a x\n", "a: &b y\n", id="an anchor"),
    ],
)
def test_the_check_sees_what_no_parser_sees(before, after):
    at = before.index("x")
    with pytest.raises(EditRefused, match="outside of the planned places"):
        check_edited(PATH, Parsed.of(before), after, {Span(at, at + 1): "y"})


def test_the_check_of_text_in_a_scalar_tells_the_place_in_the_file():
    with pytest.raises(EditRefused, match=re.escape("a.yaml:7:3: the edit is refused")):
        check_edited(PATH, Parsed.of("a: x\n"), "a: y\n", {}, inside=Location(PATH, 7, 3))
