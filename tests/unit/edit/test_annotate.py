"""Annotations and comments written into manifests. Lines that are added begin with `+`, other added text stands in «»:
without it the text is the one before. `@` is the annotation.

Every row runs with LF, with CRLF, with a BOM, and without a final newline.
"""

import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from automator.edit.annotate import Annotator, NewAnnotation, NewComment
from automator.errors import EditRefused
from automator.model.field import Location, RepoPath
from automator.scan.file import scan_file

PATH = RepoPath("a.yaml")
KEY, VALUE = "automator.dev/policy", "semver:^1"
NEW = f'{KEY}: "{VALUE}"'
FORMS = {
    "LF": lambda text: text.encode(),
    "CRLF": lambda text: text.replace("\n", "\r\n").encode(),
    "BOM": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "no final newline": lambda text: text.rstrip("\n").encode(),
}


def before_and_after(shown, form="LF"):
    shown = re.sub(r"^\+(.*\n)", r"«\1»", shown.replace("@", NEW), flags=re.MULTILINE)
    before, after = re.sub("«[^»]*»", "", shown), re.sub("[«»]", "", shown)
    return FORMS[form](before), FORMS[form](after)


def annotate(data, texts=None, path=PATH):
    """Beside the first annotation, or label, of another tool."""
    declared = [d for d in scan_file(path, data).declarations if "automator" not in d.key]
    texts = {KEY: VALUE} if texts is None else texts
    new = [NewAnnotation(beside=declared[0].location, key=k, value=v) for k, v in texts.items()]
    return Annotator(path, data).apply(new)


HEAD = "apiVersion: apps/v1\nkind: Deployment\n"
SPEC = "spec: {replicas: 1}\n"
ANNOTATIONS = {
    "block": HEAD + 'metadata:\n  name: a\n  annotations:\n    fluxcd.io/automated: "true"\n+    @\n' + SPEC,
    "behind the last, not the dialect's": HEAD + "metadata:\n  annotations:\n    keel.sh/policy: minor\n    team: a\n+    @\n  name: a\n" + SPEC,
    "a comment behind the last entry": HEAD + "metadata:\n  name: a\n  annotations:\n    keel.sh/policy: minor   # why\n+    @\n  # of the labels\n  labels: {a: b}\n" + SPEC,
    "a tab in that comment": HEAD + "metadata:\n  name: a\n  annotations:\n    keel.sh/policy: minor\t# why\tnot\n+    @\n" + SPEC,
    "a comment below": HEAD + "metadata:\n  name: a\n  annotations:\n    keel.sh/policy: minor\n+    @\n    # keel.sh/trigger: poll\n\n" + SPEC,
    "last in the file": SPEC + HEAD + "metadata:\n  name: a\n  annotations:\n    keel.sh/policy: minor\n+    @\n",
    "deep indentation": HEAD + "metadata:\n            name: a\n            annotations:\n                        keel.sh/policy: minor\n+                        @\n" + SPEC,
    "no indentation of its own": HEAD + "metadata:\n name: a\n annotations:\n  keel.sh/policy: minor\n+  @\n" + SPEC,
    "block scalar last": HEAD + "metadata:\n  name: a\n  annotations:\n    keel.sh/policy: minor\n    note: |\n      one\n      two\n+    @\n" + SPEC,
    "block scalar with a comment in its header": HEAD + "metadata:\n  name: a\n  annotations:\n    keel.sh/policy: minor\n    note: >- # why\n      one\n      two\n+    @\n" + SPEC,
    "block scalar that keeps its line ends": HEAD + "metadata:\n  name: a\n  annotations:\n    keel.sh/policy: minor\n    note: |+\n      one\n\n\n+    @\n" + SPEC,
    "plain over several lines": HEAD + "metadata:\n  name: a\n  annotations:\n    keel.sh/policy: minor\n    note: one\n      two\n\n      three # why\n+    @\n" + SPEC,
    "quoted over several lines": HEAD + 'metadata:\n  name: a\n  annotations:\n    keel.sh/policy: minor\n    note: "one\n      two: # no comment\n      three"\n+    @\n' + SPEC,
    "nothing as the last value": HEAD + "metadata:\n  name: a\n  annotations:\n    keel.sh/policy: minor\n    note:\n+    @\n" + SPEC,
    "flow value last": HEAD + "metadata:\n  name: a\n  annotations:\n    keel.sh/policy: minor\n    note: [1,\n      2 # two\n      ] # end\n+    @\n" + SPEC,
    "quoted keys": HEAD + "metadata:\n  name: a\n  annotations:\n    'keel.sh/policy': minor\n+    'automator.dev/policy': \"semver:^1\"\n" + SPEC,
    "flow": HEAD + "metadata:\n  name: a\n  annotations: {keel.sh/policy: minor«, @»}\n" + SPEC,
    "flow, a comment behind": HEAD + "metadata:\n  name: a\n  annotations: { keel.sh/policy: minor«, @» } # why\n" + SPEC,
    "flow, with a last comma": HEAD + "metadata:\n  name: a\n  annotations: {keel.sh/policy: minor«, @»,}\n" + SPEC,
    "flow over lines": HEAD + "metadata:\n  name: a\n  annotations: {\n    keel.sh/policy: minor«,\n    @» # why\n  }\n" + SPEC,
    "all flow": 'kind: Deployment\nmetadata: {"name": "a", "annotations": {"keel.sh/policy": "minor"«, "automator.dev/policy": "semver:^1"»}}\n',
    "JSON": '{\n\t"kind": "Pod", "metadata": {\n\t\t"name": "a", "annotations": {\n\t\t\t"keel.sh/policy": "minor"«,\n\t\t\t"automator.dev/policy": "semver:^1"»\n\t\t}\n\t}\n}\n',
    "labels alone": HEAD + "metadata:\n  name: a\n  labels:\n    keel.sh/policy: minor\n+  annotations:\n+    @\n" + SPEC,
    "labels alone, in the middle": HEAD + "metadata:\n    labels:\n        keel.sh/policy: minor # why\n    name: a\n+    annotations:\n+        @\n" + SPEC,
    "labels and annotations": HEAD + "metadata:\n  name: a\n  labels:\n    keel.sh/policy: minor\n  annotations:\n    a: b\n+    @\n" + SPEC,
    "labels and empty annotations": HEAD + 'metadata:\n  name: a\n  labels:\n    keel.sh/policy: minor\n  annotations: {«"automator.dev/policy": "semver:^1"»} # none\n' + SPEC,
    "labels and annotations of nothing": HEAD + "metadata:\n  name: a\n  annotations: # none\n+    @\n  labels:\n    keel.sh/policy: minor\n" + SPEC,
    "labels in flow": HEAD + "metadata:\n  name: a\n  labels: {keel.sh/policy: minor}\n+  annotations:\n+    @\n" + SPEC,
    "labels, all in flow": HEAD + "metadata: {name: a, labels: {keel.sh/policy: minor}«, annotations: {@}»}\n" + SPEC,
    "labels in JSON": '{"kind": "Pod",\n"metadata": {"name": "a", "labels": {"keel.sh/policy": "minor"}«, "annotations": {"automator.dev/policy": "semver:^1"}»}}\n',
    "pod template: on the object, whose pods go on running": HEAD + "metadata:\n  name: a\n+  annotations:\n+    @\nspec:\n  template:\n    metadata:\n      annotations:\n        keel.sh/policy: minor\n",
    "pod template of an annotated object": HEAD + "metadata:\n  name: a\n  annotations:\n    b: c\n+    @\nspec:\n  template:\n    metadata:\n      annotations: {keel.sh/policy: minor}\n",
    "a pod template before the metadata": HEAD + "spec:\n  template:\n    metadata:\n      annotations: {keel.sh/policy: minor}\nmetadata:\n  name: a\n+  annotations:\n+    @\n",
    "item of a List": "kind: List\napiVersion: v1\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: a\n    annotations:\n      keel.sh/policy: minor\n+      @\n- kind: Pod\n  metadata: {name: b}\n",
    "metadata first in an item": "kind: List\nitems:\n  - metadata:\n      annotations:\n        keel.sh/policy: minor\n+        @\n      name: a\n    kind: Pod\n",
    "anchor on the map, that nobody reads": HEAD + "metadata:\n  name: a\n  annotations: &notes\n    keel.sh/policy: minor\n+    @\n" + SPEC,
    "anchor on the value": HEAD + "metadata:\n  name: a\n  annotations:\n    keel.sh/policy: &p minor\n+    @\nspec: {x: *p}\n",
    "alias as the last value": HEAD + "metadata:\n  name: &n a\n  annotations:\n    keel.sh/policy: minor\n    app: *n # the name\n+    @\n" + SPEC,
    "alias as the last value, flow": HEAD + "metadata:\n  name: &n a\n  annotations: {keel.sh/policy: minor, app: *n«, @»}\n" + SPEC,
    "merge key in the annotations": HEAD + "x: &more {team: a}\nmetadata:\n  name: a\n  annotations:\n    keel.sh/policy: minor\n    <<: *more\n+    @\n" + SPEC,
    "explicit keys": HEAD + "metadata:\n  name: a\n  annotations:\n    keel.sh/policy: minor\n    ? note\n    : b\n+    @\n" + SPEC,
    "second document": "# first\nkind: ConfigMap\nmetadata: {name: x}\n---\n" + HEAD + "metadata:\n  name: a\n  annotations:\n    keel.sh/policy: minor\n+    @\n---\nkind: Service\nmetadata: {name: y}\n",
    "document end": HEAD + "metadata:\n  name: a\n  annotations:\n    keel.sh/policy: minor\n+    @\n...\n---\nkind: Service\nmetadata: {name: y}\n",
    "a document that does not parse": "a: [\n---\n" + HEAD + "metadata:\n  name: a\n  annotations:\n    keel.sh/policy: minor\n+    @\n---\nb: }\n",
    "duplicate keys elsewhere": HEAD + "metadata:\n  name: a\n  annotations:\n    keel.sh/policy: minor\n+    @\nspec: {a: 1, a: 2}\n",
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("row", ANNOTATIONS)
def test_only_the_annotation_is_added(row, form):
    before, after = before_and_after(ANNOTATIONS[row], form)
    path = RepoPath("a.json") if row == "JSON" else PATH
    assert annotate(before, path=path) == after


VALUES = [
    pytest.param("semver:^1", '"semver:^1"', id="plain"),
    pytest.param(r"regex:^v\d+$", r"'regex:^v\d+$'", id="backslash"),
    pytest.param('{exclude: ["a"]}', "'{exclude: [\"a\"]}'", id="double quotes"),
    pytest.param("""it's "so" \\""", "'it''s \"so\" \\'", id="all of them"),
    pytest.param("two\nlines\tand \\", '"two\\nlines\\tand \\\\"', id="line ends"),
    pytest.param("a\u2028b\x85\x07", '"a\\u2028b\\u0085\\u0007"', id="line ends that only YAML knows"),
    pytest.param("été 😀 # : {{ }}", '"été 😀 # : {{ }}"', id="unicode"),
    pytest.param("x" * 5000, f'"{"x" * 5000}"', id="very long"),
    pytest.param("", '""', id="empty"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "written"), VALUES)
@pytest.mark.parametrize("row", ["block", "flow", "labels alone"])
def test_any_value_is_written_so_that_it_reads_as_itself(row, value, written):
    before, after = before_and_after(ANNOTATIONS[row])
    assert annotate(before, {KEY: value}) == after.replace(b'"semver:^1"', written.encode())


def test_a_value_in_json_is_json():
    before, _ = before_and_after(ANNOTATIONS["JSON"])
    after = annotate(before, {KEY: 'a "b" \\d\n'}, RepoPath("a.json"))
    assert b'"automator.dev/policy": "a \\"b\\" \\\\d\\n"' in after


def test_several_come_in_order():
    before, after = before_and_after(ANNOTATIONS["block"])
    lines = b'    x/one: "1"\n    x/two: "2"\n'
    assert annotate(before, {"x/one": "1", "x/two": "2"}) == after.replace(
        b"    " + NEW.encode() + b"\n", lines
    )


def test_objects_of_one_file_get_each_its_own():
    shown = "".join(
        f'---\nkind: Pod\nmetadata:\n  name: {name}\n  annotations: {{keel.sh/policy: minor«, a/{name}: "1"»}}\n'
        for name in "abc"
    )  # fmt: skip
    before, after = before_and_after(shown)
    new = [
        NewAnnotation(beside=d.location, key=f"a/{d.workload.name}", value="1")
        for d in scan_file(PATH, before).declarations
    ]
    assert Annotator(PATH, before).apply(new[::-1]) == after


ITEMS = "kind: List\nitems:\n- kind: Pod\n  metadata:\n    name: a\n    annotations: &x {keel.sh/policy: minor}\n"
NO_PLACE = {
    "shared by an alias": (ITEMS + "- kind: Pod\n  metadata: {name: b, annotations: *x}\n", "several objects have"),
    "shared with what is no workload": (ITEMS + "- kind: Service\n  metadata: {name: b, annotations: *x}\n", "several objects have"),
    "shared by a merge key": (ITEMS + "- kind: Pod\n  metadata: {name: b, annotations: {<<: *x}}\n", "read through an alias"),
    "metadata shared with the template": (HEAD + "metadata: &m {name: a, labels: {keel.sh/policy: minor}}\nspec: {template: {metadata: *m}}\n", "read through an alias"),
    "annotations that a merge key brings": (HEAD + "x: &x {annotations: {a: b}}\nmetadata:\n  name: a\n  labels: {keel.sh/policy: minor}\n  <<: *x\n", "read through an alias"),
    "a value that two objects share": (ITEMS.replace("&x {keel.sh/policy: minor}", "{keel.sh/policy: &p minor}") + "- kind: Pod\n  metadata: {name: b, annotations: {keel.sh/policy: *p}}\n", "several objects have"),
    "annotations: null": (HEAD + "metadata:\n  name: a\n  annotations: null\n  labels: {keel.sh/policy: minor}\n", "`annotations` is null"),
    "annotations that are no map": (HEAD + "metadata:\n  name: a\n  annotations: [a]\n  labels: {keel.sh/policy: minor}\n", "no map"),
    "an alias in a list ends the metadata": (HEAD + "x: &o {a: b}\nmetadata:\n  labels: {keel.sh/policy: minor}\n  name: a\n  ownerReferences:\n  - *o\n", "an alias ends"),
    "there already": (HEAD + "metadata:\n  name: a\n  annotations: {keel.sh/policy: minor, automator.dev/policy: latest}\n", "stands there already"),
}  # fmt: skip


@pytest.mark.parametrize("row", NO_PLACE)
def test_what_has_no_place_of_its_own_is_refused(row):
    text, why = NO_PLACE[row]
    with pytest.raises(EditRefused, match=why) as refused:
        annotate(text.encode())
    assert refused.value.location.startswith("a.yaml:")


def test_two_values_for_one_key_are_refused():
    before, _ = before_and_after(ANNOTATIONS["block"])
    place = scan_file(PATH, before).declarations[0].location
    new = [NewAnnotation(beside=place, key=KEY, value=value) for value in ("a", "b")]
    with pytest.raises(EditRefused, match="two values are wanted"):
        Annotator(PATH, before).apply(new)


def test_the_same_annotation_twice_is_one():
    before, after = before_and_after(ANNOTATIONS["block"])
    place = scan_file(PATH, before).declarations[0].location
    assert Annotator(PATH, before).apply([NewAnnotation(beside=place, key=KEY, value=VALUE)] * 2) == after  # fmt: skip


def test_a_value_that_would_change_is_refused():
    """The last line of a literal has no line end here, and would get one."""
    before = (HEAD + "metadata:\n  name: a\n  annotations:\n    keel.sh/policy: minor\n    note: |\n      x").encode()  # fmt: skip
    with pytest.raises(EditRefused, match=r"'x' would become 'x\\n'"):
        annotate(before)


def test_no_annotation_where_none_is_said_to_stand():
    before, _ = before_and_after(ANNOTATIONS["block"])
    new = NewAnnotation(beside=Location(PATH, 1, 1), key=KEY, value=VALUE)
    with pytest.raises(EditRefused, match="no annotation stands here"):
        Annotator(PATH, before).check([new])


# Comments: the first image field of the file gets one behind its last part.

TEXT = "automator: semver:^1"
COMMENTS = {
    "no comment": "image:\n  repository: quay.io/a/b\n  tag: 1.2.3« # @»\npullPolicy: Always\n",
    "trailing blanks": "image: quay.io/a/b:1   «# @»\nx: 1\n",
    "a comment": "image: quay.io/a/b:1 # why« # @»\nx: 1\n",
    "a comment, tab before it": "image: quay.io/a/b:1\t# why\t«# @»\nx: 1\n",
    "a hash in the value": "image: quay.io/a/b#c\nimage2: {repository: quay.io/a/b, tag: '1'}« # @»\n",
    "quoted": "image: 'quay.io/a/b:1'« # @»\n",
    "flow map": "image: {repository: quay.io/a/b, tag: '1'}« # @»\n",
    "flow map over lines": "image: {\n  repository: quay.io/a/b,\n  tag: '1',« # @»\n  pullPolicy: Always }\n",
    "flow map over lines, a comment": "image: {\n  repository: quay.io/a/b,\n  tag: '1' , # why« # @»\n  pullPolicy: Always }\n",
    "nested flow": "a: {b: {image: {repository: quay.io/a/b, tag: '1'}} }« # @»\n",
    "literal": "image: |-« # @»\n  quay.io/a/b:1\nx: 1\n",
    "literal, a comment in its header": "image: |- # why« # @»\n  quay.io/a/b:1\nx: 1\n",
    "folded": "image: >-« # @»\n  quay.io/a/b:1\nx: 1\n",
    "joined over lines": 'image: "quay.io/a/b\\\n  :1"« # @»\nx: 1\n',
    "on the next line": "image:\n  quay.io/a/b:1« # @»\nx: 1\n",
    "anchor": "image: &i quay.io/a/b:1« # @»\nx: 1\n",
    "no tag": "image:\n  repository: quay.io/a/b« # @»\n  tag: ''\nx: 1\n",
    "second document": "a: b\n---\nimage: quay.io/a/b:1« # @»\n",
    "beside a document that does not parse": "a: [\n---\nimage: quay.io/a/b:1« # @»\n",
}  # fmt: skip


def comment(data, text=TEXT, path=PATH, number=0):
    part = scan_file(path, data).fields[number].parts[-1]
    return Annotator(path, data).apply([NewComment(at=part.location, text=text, behind=part.span)])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("row", COMMENTS)
def test_a_comment_comes_where_it_is_read_as_that_of_its_value(row, form):
    before, after = before_and_after(COMMENTS[row].replace("@", TEXT), form)
    assert comment(before) == after
    (field,) = scan_file(PATH, after).fields
    assert field.comment.text == "semver:^1"


LONG = "{update: semver:>=1, filter: {pattern: '^" + "x" * 3000 + r"\d+$', extract: $1}}"
TEXTS = ["regex:^v\\d+$", """{exclude: ["a 'b'"], update: latest}""", LONG, "glob:é*"]


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text[:20])
def test_a_comment_is_read_as_it_is_meant(text):
    after = comment(b"image: quay.io/a/b:1\n", f"automator: {text}")
    assert after == f"image: quay.io/a/b:1 # automator: {text}\n".encode()
    assert scan_file(PATH, after).fields[0].comment.text == text


NO_COMMENT = [
    pytest.param("a.json", '{"image": {"repository": "quay.io/a/b", "tag": "1"}}\n', "JSON has no comments", id="JSON file"),
    pytest.param("a.yaml", '{"image": {"repository": "quay.io/a/b",\n "tag": "1"}}\n', "JSON has no comments", id="JSON in a YAML file"),
    pytest.param("a.yaml", "x: 1\n---\n{image: {repository: quay.io/a/b,\n tag: '1'}}\n", "JSON has no comments", id="one document in braces"),
    pytest.param("a.yaml", "a: {image: 'quay.io/a/b:1', x: 1}\n", "another value follows", id="a value behind it"),
    pytest.param("a.yaml", "a: {image: 'quay.io/a/b:1', b: {image: 'quay.io/c:1'}}\n", "another value follows", id="an image behind it"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "text", "why"), NO_COMMENT)
def test_where_a_comment_would_mark_another_value_or_break_the_file_none_is_written(path, text, why):  # fmt: skip
    with pytest.raises(EditRefused, match=why):
        comment(text.encode(), path=RepoPath(path))


@pytest.mark.parametrize("text", ["automator: a\nb", "automator: a\u2028b", "automator: a\x85"])
def test_a_comment_is_one_line(text):
    with pytest.raises(EditRefused, match="one line"):
        comment(b"image: quay.io/a/b:1\n", text)


def test_the_second_field_of_a_line_can_have_a_comment():
    before = b"a: {image: 'quay.io/a/b:1', b: {image: 'quay.io/c:1'}} # c\n"
    after = comment(before, number=1)
    assert after == before[:-1] + b" # automator: semver:^1\n"
    assert [bool(field.comment) for field in scan_file(PATH, after).fields] == [False, True]


def test_a_comment_behind_no_value_is_refused():
    new = NewComment(at=Location(PATH, 1, 1), text=TEXT, behind=None)
    with pytest.raises(EditRefused, match="no value stands here"):
        Annotator(PATH, b"image: quay.io/a/b:1\n").check([new])


def test_two_comments_for_one_place_are_refused():
    part = scan_file(PATH, b"image: quay.io/a/b:1\n").fields[0].parts[0]
    new = [NewComment(at=part.location, text=t, behind=part.span) for t in ("a", "b")]
    with pytest.raises(EditRefused, match="two comments are wanted here"):
        Annotator(PATH, b"image: quay.io/a/b:1\n").apply(new)


MARKERS = {
    "blank behind the hash": ('a: x:1 # {"$imagepolicy": "a:b"}\n', "a: x:1 # automator: semver:^1\n", "a: x:1\n"),
    "no blank, two before": ('a: x:1  #{"$imagepolicy": "a:b"}\nb: 1\n', "a: x:1  #automator: semver:^1\nb: 1\n", "a: x:1\nb: 1\n"),
    "trailing blanks": ('a: x:1\t# {"$imagepolicy": "a:b"}  \n', "a: x:1\t# automator: semver:^1  \n", "a: x:1  \n"),
    "flow over lines": ('a: {b: x:1, # {"$imagepolicy": "a:b"}\n  c: d}\n', "a: {b: x:1, # automator: semver:^1\n  c: d}\n", "a: {b: x:1,\n  c: d}\n"),
    "in a block scalar's header": ('a: >- # {"$imagepolicy": "a:b"}\n  x:1\n', "a: >- # automator: semver:^1\n  x:1\n", "a: >-\n  x:1\n"),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("row", MARKERS)
def test_a_marker_gives_way_or_goes(row, form):
    before, replaced, removed = map(FORMS[form], MARKERS[row])
    (marker,) = scan_file(PATH, before).markers
    for text, after in ((TEXT, replaced), ("", removed)):
        new = NewComment(at=marker.location, text=text, replaces=marker.written)
        assert Annotator(PATH, before).apply([new]) == after


@pytest.mark.parametrize("at", [(1, 9), (1, 500), (7, 1)])
def test_a_comment_that_is_not_the_expected_one_stays(at):
    new = NewComment(at=Location(PATH, *at), text=TEXT, replaces='{"$imagepolicy": "a:c"}')
    with pytest.raises(EditRefused, match="not the expected one"):
        Annotator(PATH, b'a: x:1 # {"$imagepolicy": "a:b"}\n').check([new])


# Whatever stands in the annotations, and around them.

SCALARS = st.sampled_from(
    ["b", "'b'", '"b"', "1", "", "~", "|\n@ x\n@\n@ y\n", ">-\n@ x", "|+\n@ x\n\n", "b # c", "'it''s'", "[1, 2]", "{x: y} # z", "b\n@ c", '"b\n@ c"', "*a", "*a # c"]
)  # fmt: skip
ENDS = st.sampled_from(["", "\n", "\n\n", "\n# end\n", "\n---\nkind: Service\n", "\n...\n", " # c"])
TEXTS_OF_VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)


@st.composite
def annotated(draw):
    indent, step = draw(st.sampled_from(["", "  "])), draw(st.integers(1, 5))
    deeper = indent + " " * step
    values = draw(st.lists(SCALARS, max_size=4))
    at = draw(st.integers(0, len(values)))
    values.insert(at, "minor")
    holder = draw(st.sampled_from(["annotations", "labels"]))
    lines = [f"{deeper}k{n}: {value}" for n, value in enumerate(values)]
    lines[at] = f"{deeper}keel.sh/policy: minor"
    text = "\n".join(line.replace("@", deeper + " ") for line in lines)
    metadata = f"metadata:\n{indent or ' '}name: &a n\n{indent or ' '}{holder}:\n"
    text = text if indent else "\n".join(f" {line}" for line in text.split("\n"))
    text = f"kind: Pod\n{metadata}{text}{draw(ENDS)}"
    return text.replace("\n", draw(st.sampled_from(["\n", "\r\n"])))


@given(annotated(), st.dictionaries(st.sampled_from(["x/a", "x/b", "x/c.d"]), TEXTS_OF_VALUES, min_size=1))  # fmt: skip
def test_the_new_lines_are_all_that_changes_and_read_as_they_are_meant(text, added):
    data = text.encode()
    try:
        after = annotate(data, added).decode()
    except EditRefused:
        # A literal without its last line end: it would get one. And characters that YAML cannot hold.
        assert not text.endswith("\n") or not all(map(yaml_can_hold, added.values()))
        return
    old, new = text.splitlines(keepends=True), after.splitlines(keepends=True)
    count = len(new) - len(old)
    assert any(
        "".join(new[:at] + new[at + count :]).rstrip("\r\n") == text.rstrip("\r\n")
        for at in range(len(new))
    )
    annotations = next(yaml.safe_load_all(after))["metadata"]["annotations"]
    assert {key: annotations[key] for key in added} == added


def yaml_can_hold(value):
    return all(char.isprintable() or ord(char) < 1 << 16 for char in value)
