"""Edits, byte for byte: a table of before and after, a table of what is refused or left alone beside it.

Every row runs with LF, with CRLF, with a BOM, and without a final newline.
"""

import pytest

from automator.edit.apply import apply_changes
from automator.edit.check import Parsed, check_edited
from automator.edit.set import plan_set
from automator.errors import EditRefused
from automator.model.field import Form, ImageField, Location, Part, RepoPath, Role, Span
from automator.model.image import ImageReference
from automator.model.plan import Change
from automator.model.policy import Expression, Policy, PolicyKind
from automator.model.workload import WorkloadId
from automator.scan.file import scan_file

PATH = RepoPath("a.yaml")
SHA = "sha256:" + "0123456789abcdef" * 4
POLICY = Policy(name="p", update=Expression(PolicyKind.LATEST, "", "latest"))
HEAD = """\
# a person's remark — with ünïcode
apiVersion: v1
kind: Pod
metadata: {name: a}
spec:
  containers:
"""

# what stands behind `containers:`, with @ for the old and the new reference
PLACES = {
    "plain": "  - name: c\n    image: @\n",
    "single quotes": "  - name: c\n    image: '@'\n",
    "double quotes": '  - name: c\n    image: "@"\n',
    "comment behind": "  - name: c\n    image: @   # redis:1 is the old one\n",
    "trailing blanks": "  - name: c\n    image: @  \n    tty: true\n",
    "flow map": "  - {name: c, image: @, tty: true}\n",
    "flow map, quoted": "  - {image: '@', name: c}\n",
    "flow sequence over lines": "    [\n      {name: c, image: @}, # one\n      # two\n      {name: d, image: 'other:1'},\n    ]\n",
    "image before name": "  - image: @\n    name: c\n",
    "value on the next line": "  - name: c\n    image:\n      @\n",
    "anchor": "  - name: c\n    image: &anchor @\n",
    "tag": "  - name: c\n    image: !!str @\n",
    "anchor and tag": "  - name: c\n    image: &a !!str '@'\n",
    "quoted key": '  - "name": c\n    "image": @\n',
    "tab before a comment": "  - name: c\n    image: @\t# tab\n",
    "block scalar, stripped": "  - name: c\n    image: |-\n      @\n    tty: true\n",
    "folded scalar, stripped": "  - name: c\n    image: >-\n      @\n    tty: true\n",
    "deeper indentation": "        - name: c\n          image:     @\n",
    "two documents": "  - name: c\n    image: @\n---\nkind: ConfigMap\nmetadata: {name: x}\ndata: {n: 'image: redis:1'}\n",
    "text that looks like a field": "  - name: c\n    image: @\n    command: ['image: redis:1']\n",
    "commented-out field": "  - name: c\n    # image: redis:1\n    image: @\n",
    "explicit key": "  - name: c\n    ? image\n    : @\n",
    "comment behind an anchor": "  - name: c\n    image: &a # why\n      @\n",
    "merge key": "  - &base {image: @, tty: true}\n  - <<: *base\n    name: c\n",
    "merge key, the nearest of several": "  - &one {image: @}\n  - &two {image: 'other:1'}\n  - <<: [*one, *two]\n    name: c\n",
    "own image before a merged one": "  - &base {image: 'other:1'}\n  - <<: *base\n    name: c\n    image: @\n",
    "anchor that other text reads too": "  - name: c\n    image: &i @\n    env: [{name: IMAGE, value: *i}]\n",
    "a broken neighbour": "  - name: c\n    image: @\n---\nimage: [\n",
}
NEWS = [
    ("redis:1", "redis:2"),
    ("quay.io/a/b:v1", "quay.io/a/b:v1.10"),
    (f"redis:1@{SHA}", "redis:9"),
]
FORMS = {
    "LF": lambda text: text.encode(),
    "CRLF": lambda text: text.replace("\n", "\r\n").encode(),
    "BOM": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "BOM and CRLF": lambda text: b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode(),
    "no final newline": lambda text: text.rstrip("\n").encode(),
}


def move(data, to, path=PATH):
    fields = [f for f in scan_file(path, data).fields if f.container == "c"]
    assert len(fields) == 1, scan_file(path, data)
    return apply_changes(path, data, [Change(field=fields[0], to=to, policy=POLICY, reason="")])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("old", "new"), NEWS, ids=lambda value: value[:20])
@pytest.mark.parametrize("place", PLACES)
def test_only_the_reference_changes(place, old, new, form):
    before = FORMS[form](HEAD + PLACES[place].replace("@", old, 1))
    after = FORMS[form](HEAD + PLACES[place].replace("@", new, 1))
    assert move(before, ImageReference.parse(new)) == after


JSON = '{"kind": "Pod", "metadata": {"name": "a"},\n\t"spec": {"containers": [{"name": "c",\t"image": "@"}]}}\n'


@pytest.mark.parametrize("form", FORMS)
def test_json_with_tabs(form):
    before, after = (FORMS[form](JSON.replace("@", image)) for image in ("redis:1", "redis:2"))
    assert move(before, ImageReference.parse("redis:2")) == after


def test_a_split_double_quoted_value_is_joined():
    before = (HEAD + '  - name: c\n    image: "redis:1@\\\n      ' + SHA + '"\n').encode()
    after = (HEAD + f'  - name: c\n    image: "redis:2@{SHA}"\n').encode()
    assert move(before, ImageReference.parse(f"redis:2@{SHA}")) == after


UNCHANGED = {
    "commented-out field": "  - name: d\n    # image: redis:1\n",
    "template": "  - name: d\n    image: 'redis:{{ .Values.tag }}'\n",
    "variable": "  - name: d\n    image: redis:${TAG}\n",
    "another image": "  - name: d\n    image: other/redis:1\n",
    "ko": "  - name: d\n    image: ko://redis\n",
    "pattern": "  - name: d\n    image: '!redis:*'\n",
    "twice": "  - name: d\n    image: redis:1\n    image: redis:1\n",
    "already there": "  - name: d\n    image: redis:2\n",
    "status": "  - name: d\nstatus: {containers: [{name: d, image: redis:1}]}\n",
    "last applied": '  - name: d\n    x: \'{"containers": [{"name": "d", "image": "redis:1"}]}\'\n',
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("place", UNCHANGED)
def test_what_is_no_image_of_this_repository_stays(place, form):
    data = FORMS[form](HEAD + "  - name: c\n    image: redis:0\n" + UNCHANGED[place])
    changes = plan_set(scan_file(PATH, data).fields, ImageReference.parse("redis:2"))
    assert apply_changes(PATH, data, changes) == data.replace(b"redis:0", b"redis:2")


STALE = [
    pytest.param(lambda data: data.replace(b"redis:1", b"nginx:1"), "reads 'nginx:1'", id="another image"),
    pytest.param(lambda data: b"# a new line\n" + data, "no value begins here", id="moved"),
    pytest.param(lambda data: data[:40], "no value begins here", id="cut"),
    pytest.param(lambda _: b"", "no value begins here", id="empty"),
    pytest.param(lambda data: b"\xff" + data, "not UTF-8", id="another encoding"),
    pytest.param(lambda data: data + b"\nx: [", "no value begins here", id="broken"),
]  # fmt: skip


@pytest.mark.parametrize("written", ["redis:1", "'redis:1'", '"redis:1"'])
@pytest.mark.parametrize(("edit", "says"), STALE)
def test_a_file_that_is_not_as_scanned_is_refused(edit, says, written):
    data = (HEAD + f"  - name: c\n    image: {written}\n").encode()
    changes = plan_set(scan_file(PATH, data).fields, ImageReference.parse("redis:2"))
    with pytest.raises(EditRefused, match=says) as refused:
        apply_changes(PATH, edit(data), changes)
    assert str(refused.value).startswith("a.yaml")


def test_a_change_of_another_file_is_refused():
    data = (HEAD + "  - name: c\n    image: redis:1\n").encode()
    changes = plan_set(scan_file(PATH, data).fields, ImageReference.parse("redis:2"))
    with pytest.raises(EditRefused, match=r"no place in b\.yaml"):
        apply_changes(RepoPath("b.yaml"), data, changes)


def test_a_comment_in_the_header_of_a_block_scalar_stays():
    data = (HEAD + "  - name: c\n    image: |- # redis:1\n      redis:1\n").encode()
    assert move(data, ImageReference.parse("redis:2")) == data.replace(b"  redis:1", b"  redis:2")


def test_the_same_image_is_no_edit():
    data = (HEAD + '  - name: c\n    image: "re\\x64is:1"\n').encode()
    assert move(data, ImageReference.parse("redis:1")) == data


def test_many_fields_of_one_file():
    body = "".join(f"  - name: c{n}\n    image: redis:{n}\n" for n in range(50))
    data = (HEAD + body).encode()
    changes = plan_set(scan_file(PATH, data).fields, ImageReference.parse("redis:new"))
    edited = apply_changes(PATH, data, changes)
    assert edited.decode() == HEAD + "".join(
        f"  - name: c{n}\n    image: redis:new\n" for n in range(50)
    )


ALIASES = HEAD + "  - name: c\n    image: &i redis:1\n  - name: d\n    image: *i\n"


def test_an_alias_is_edited_once_at_its_anchor():
    fields = scan_file(PATH, ALIASES.encode()).fields
    assert [field.container for field in fields] == ["c", "d"]
    edited = apply_changes(
        PATH, ALIASES.encode(), plan_set(fields, ImageReference.parse("redis:2"))
    )
    assert edited == ALIASES.replace("redis:1", "redis:2").encode()


def test_two_wishes_for_one_place_are_refused():
    fields = scan_file(PATH, ALIASES.encode()).fields
    changes = [
        Change(field=field, to=ImageReference("redis", tag), policy=POLICY, reason="")
        for field, tag in zip(fields, ("2", "3"), strict=True)
    ]
    with pytest.raises(EditRefused, match="two changes want"):
        apply_changes(PATH, ALIASES.encode(), changes)


def tag_field(text, tag, digest=None):
    """A field of a repository and a tag that stand apart, as Helm values have them."""
    start = text.index(tag)
    place = Location(PATH, 1, 1)
    parts = [Part(role=Role.TAG, span=Span(start, start + len(tag)), value=tag, location=place)]
    if digest is not None:
        at = text.index(digest)
        parts.append(
            Part(role=Role.DIGEST, span=Span(at, at + len(digest)), value=digest, location=place)
        )
    return ImageField(
        workload=WorkloadId("n", "k", "w"),
        container="c",
        form=Form.POD_SPEC,
        image=ImageReference("redis", tag),
        document=0,
        parts=tuple(parts),
    )


TAGS = [
    ("1.10", '"1.10"'), ("1e3", '"1e3"'), ("0123", '"0123"'), ("true", '"true"'), ("on", '"on"'),
    ("2024-01-01", '"2024-01-01"'), ("null", '"null"'), ("16", '"16"'), ("0x1F", '"0x1F"'),
    ("1_000", '"1_000"'), ("1.2.3", "1.2.3"), ("v1.10", "v1.10"), ("main", "main"), ("7e", "7e"),
]  # fmt: skip


@pytest.mark.parametrize(("tag", "written"), TAGS)
def test_a_tag_that_yaml_would_misread_is_quoted(tag, written):
    text = "image:\n  repository: redis\n  tag: alpha # remark\n"
    change = Change(
        field=tag_field(text, "alpha"), to=ImageReference("redis", tag), policy=POLICY, reason=""
    )
    edited = apply_changes(PATH, text.encode(), [change])
    assert edited == text.replace("alpha", written).encode()


def test_tag_and_digest_are_one_edit():
    text = f"tag: alpha\ndigest: {SHA}\n"
    new = "sha256:" + "f" * 64
    change = Change(
        field=tag_field(text, "alpha", SHA),
        to=ImageReference("redis", "beta", new),
        policy=POLICY,
        reason="",
    )
    assert apply_changes(PATH, text.encode(), [change]) == f"tag: beta\ndigest: {new}\n".encode()


CHECKS = [
    pytest.param("a: 1\nb: 2\n", "a: 1\nb: 3\n", {}, "would become", id="another value"),
    pytest.param("a: 1\n", "a: 1\nb: 2\n", {}, "structure", id="another key"),
    pytest.param("a: 1\n", "a: 1\n---\nb: 1\n", {}, "number of documents", id="another document"),
    pytest.param("a: 1\n", "a: [\n", {}, "parse no more", id="broken"),
    pytest.param("a: x\n", "a: [x]\n", {}, "structure", id="another kind of node"),
    pytest.param("a: 1\n", "a: '1'\n", {}, "type", id="another type"),
    pytest.param(
        "a: x\n", "a: z\n", {Span(3, 4): "y"}, "would become", id="another value than planned"
    ),
    pytest.param("a: x\n", "a: x\n", {Span(0, 9): "y"}, "no scalar", id="a plan for no scalar"),
]


@pytest.mark.parametrize(("before", "after", "planned", "says"), CHECKS)
def test_the_check_refuses(before, after, planned, says):
    with pytest.raises(EditRefused, match=says):
        check_edited(PATH, Parsed.of(before), after, planned)
