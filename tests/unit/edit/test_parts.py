"""An image spread over registry, repository, tag and digest: what each part becomes, and what no part can say."""

import pytest

from automator.edit.apply import apply_changes
from automator.errors import EditRefused
from automator.model.field import Form, ImageField, Location, Part, RepoPath, Role, Span
from automator.model.image import ImageReference
from automator.model.plan import Change
from automator.model.policy import Expression, Policy, PolicyKind
from automator.model.workload import WorkloadId

PATH = RepoPath("values.yaml")
POLICY = Policy(name="p", update=Expression(PolicyKind.LATEST, "", "latest"))
A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64


def move(text, image, to):
    """`text` is lines of `role: value`."""
    parts, at = [], 0
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        role, _, written = line.strip().partition(": ")
        start = at + len(role) + 2
        parts.append(
            Part(
                role=Role(role),
                span=Span(start, start + len(written)),
                value=written.strip("'\""),
                location=Location(PATH, number, len(role) + 3),
            )
        )
        at += len(line)
    field = ImageField(
        workload=WorkloadId("n", "k", "w"),
        container="c",
        form=Form.POD_SPEC,
        image=ImageReference.parse(image),
        document=0,
        parts=tuple(parts),
    )
    change = Change(field=field, to=to, policy=POLICY, reason="")
    return apply_changes(PATH, text.encode(), [change]).decode()


MOVES = [
    pytest.param("tag: v1\n", "a:v1", "a:v2", "tag: v2\n", id="tag"),
    pytest.param("tag: 16\n", "a:16", "a:17", 'tag: "17"\n', id="a tag that was a number"),
    pytest.param("tag: '1.9'\n", "a:1.9", "a:1.10", "tag: '1.10'\n", id="quotes stay"),
    pytest.param("tag: v1\n", "a:v1", f"a:v2@{B}", f"tag: v2@{B}\n", id="the tag takes the digest"),
    pytest.param(f"tag: v1@{A}\n", f"a:v1@{A}", f"a:v2@{B}", f"tag: v2@{B}\n", id="both in one"),
    pytest.param(f"tag: v1@{A}\n", f"a:v1@{A}", "a:v2", "tag: v2\n", id="the digest goes with its tag"),
    pytest.param(f"tag: v1\ndigest: {A}\n", f"a:v1@{A}", f"a:v2@{B}", f"tag: v2\ndigest: {B}\n", id="tag and digest"),
    pytest.param("tag: v1\ndigest: ''\n", "a:v1", "a:v2", "tag: v2\ndigest: ''\n", id="an empty digest stays empty"),
    pytest.param("tag: v1\ndigest: ''\n", "a:v1", f"a:v2@{B}", f"tag: v2\ndigest: '{B}'\n", id="an empty digest is filled"),
    pytest.param(f"digest: {A}\n", f"a@{A}", f"a@{B}", f"digest: {B}\n", id="digest"),
    pytest.param("repository: q.io/a\ntag: v1\n", "q.io/a:v1", "q.io/a:v2", "repository: q.io/a\ntag: v2\n", id="the name stays"),
    pytest.param("repository: q.io/a\ntag: v1\n", "q.io/a:v1", "r.io/b:v2", "repository: r.io/b\ntag: v2\n", id="the name moves"),
    pytest.param("repository: a\ntag: v1\n", "q.io/a:v1", "q.io/b:v1", "repository: b\ntag: v1\n", id="the registry is elsewhere"),
    pytest.param("registry: q.io\nrepository: a\ntag: v1\n", "q.io/a:v1", "r.io:5000/x/b:v2",
                 "registry: r.io:5000\nrepository: x/b\ntag: v2\n", id="registry and repository"),
    pytest.param(f"reference: a:v1@{A}\n", f"a:v1@{A}", f"b:v2@{B}", f"reference: b:v2@{B}\n", id="all in one"),
    pytest.param("reference: '2048:1'\n", "2048:1", "2048:2", "reference: '2048:2'\n", id="what reads as base 60"),
    pytest.param("reference: game:1\n", "game:1", "2048:2", 'reference: "2048:2"\n', id="what would read as base 60"),
    pytest.param("tag: v1\n", "a:v1", "a:v1", "tag: v1\n", id="nothing"),
    pytest.param("repository: q.io/a\n", "q.io/a:v1", "r.io/b:v1", "repository: r.io/b\n", id="the name alone"),
    pytest.param("repository: q.io/a\n", "q.io/a", "q.io/b", "repository: q.io/b\n", id="a name without a version"),
    pytest.param("registry: q.io/x\nrepository: a\ntag: v1\n", "q.io/x/a:v1", "q.io/x/b:v2", "registry: q.io/x\nrepository: b\ntag: v2\n", id="a registry with a path stays"),
    pytest.param("registry: ''\nrepository: a\n", "a", "q.io/b", "registry: ''\nrepository: q.io/b\n", id="an empty registry stays empty"),
    pytest.param(f"registry: q.io\nrepository: a\ntag: v1\ndigest: {A}\n", f"q.io/a:v1@{A}", f"r.io/a:v2@{B}",
                 f"registry: r.io\nrepository: a\ntag: v2\ndigest: {B}\n", id="all apart"),
    pytest.param(f"tag: ''\ndigest: {A}\n", f"a@{A}", f"a@{B}", f"tag: ''\ndigest: {B}\n", id="an empty tag stays empty"),
    pytest.param("tag: ''\ndigest: ''\n", "a", f"a@{B}", f"tag: ''\ndigest: '{B}'\n", id="an empty digest beside an empty tag"),
    pytest.param(f"tag: ''\ndigest: {A}\n", f"a:v1@{A}", f"a:v1@{B}", f"tag: ''\ndigest: {B}\n", id="a tag that the chart knows"),
    pytest.param(f"tag: v1@{A}\ndigest: ''\n", f"a:v1@{A}", f"a:v2@{B}", f"tag: v2@{B}\ndigest: ''\n", id="the digest stays behind the tag"),
    pytest.param(f"tag: v1@{A}\n", f"a:v1@{A}", f"a:v1@{B}", f"tag: v1@{B}\n", id="the digest behind the tag moves alone"),
    pytest.param(f"digest: {A[7:]}\n", f"a@{A}", f"a@{B}", f"digest: {B[7:]}\n", id="a digest whose algorithm is elsewhere"),
    pytest.param("reference: a:v1\ndigest: ''\n", "a:v1", "a:v2", "reference: a:v2\ndigest: ''\n", id="an empty digest beside the whole"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "image", "to", "expected"), MOVES)
def test_parts_move(text, image, to, expected):
    assert move(text, image, ImageReference.parse(to)) == expected


REFUSED = [
    pytest.param(f"tag: v1\ndigest: {A}\n", f"a:v1@{A}", ImageReference("a", "v2"), "would stay", id="the digest of the old image"),
    pytest.param("tag: v1\n", "a:v1", ImageReference("a", None, B), "has none", id="a digest without the tag"),
    pytest.param(f"digest: {A}\n", f"a@{A}", ImageReference("a", "v2", B), "no place for the tag", id="a tag without a place"),
    pytest.param("repository: a\n", "a:v1", ImageReference("a", "v1", B), "no place for the digest", id="a digest without a place"),
    pytest.param("tag: v1\n", "a:v1", ImageReference("b", "v1"), "no place for the name", id="a name without a place"),
    pytest.param("repository: a\ntag: v1\n", "q.io/a:v1", ImageReference("r.io/a", "v1"), "no place for the registry", id="a registry without a place"),
    pytest.param("registry: q.io\nrepository: a\n", "q.io/a", ImageReference("b"), "names no registry", id="no registry to write"),
    pytest.param("reference: a:v1\n", "a:v1", ImageReference("a", "v1", ""), "no digest", id="an empty digest"),
    pytest.param("reference: a:v1\n", "a:v1", ImageReference("a", ""), "no tag", id="an empty tag"),
    pytest.param("reference: a:v1\n", "a:v1", ImageReference("a", "v1\nx: y"), "no tag", id="a tag that would break the line"),
    pytest.param("tag: v1\ntag: v1\n", "a:v1", ImageReference("a", "v2"), "two places", id="a part in two places"),
    pytest.param("tag: ''\n", "a", ImageReference("a", "v2"), "no place for the tag", id="an empty tag"),
    pytest.param("tag: ''\n", "a:v1", ImageReference("a", "v2"), "no place for the tag", id="an empty tag that the chart knows"),
    pytest.param("tag: ''\n", "a", ImageReference("a", None, B), "no place for the digest", id="an empty tag takes no digest"),
    pytest.param("repository: ''\n", "a:v1", ImageReference("b", "v1"), "no place for the name", id="an empty name"),
    pytest.param("registry: ''\nrepository: a\n", "q.io/a", ImageReference("r.io/a"), "no place for the registry", id="an empty registry is not filled"),
    pytest.param("repository: app\n", "myapp", ImageReference("my"), "no place for the registry", id="a name that is part of another"),
    pytest.param("repository: a/x\n", "a/x:v1", ImageReference("a/", "v1"), "no image name", id="no name left"),
    pytest.param(f"tag: v1@{A}\ndigest: {A}\n", f"a:v1@{A}", ImageReference("a", "v2", B), "two places", id="the digest in two places"),
    pytest.param("tag: v1\n", f"a:v1@{A}", ImageReference("a", "v2"), "would stay", id="a digest that is written elsewhere"),
    pytest.param(f"digest: {A[7:]}\n", f"a@{B}", ImageReference("a", None, "sha256:" + "c" * 64), "no sha256 digest", id="half a digest of another image"),
    pytest.param(f"digest: {A[7:]}\n", f"a@{A}", ImageReference("a", None, "sha512:" + "c" * 128), "no sha512 digest", id="half a digest of another algorithm"),
    pytest.param("reference: a:v1\ntag: v1\n", "a:v1", ImageReference("a", "v2"), "beside the whole", id="a tag beside the whole"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "image", "to", "says"), REFUSED)
def test_what_no_part_can_say_is_refused(text, image, to, says):
    with pytest.raises(EditRefused, match=says) as refused:
        move(text, image, to)
    assert str(refused.value).startswith("values.yaml:1:")
    assert refused.value.hint
