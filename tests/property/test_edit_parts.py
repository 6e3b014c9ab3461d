"""However an image is spread over a file, an edit leaves the parts reading together as the new image, or is refused."""

from hypothesis import given, settings
from hypothesis import strategies as st

from automator.edit.parts import new_values
from automator.errors import EditRefused
from automator.model.field import Form, ImageField, Location, Part, RepoPath, Role, Span
from automator.model.image import ImageReference
from automator.model.workload import WorkloadId

names = st.sampled_from(["a", "x/a", "q.io/a", "q.io/x/b", "r.io:5000/a", "localhost/b"])
tags = st.none() | st.sampled_from(["v1", "v2", "1.10"])
digests = st.none() | st.sampled_from(["sha256:" + letter * 64 for letter in "ab"])
images = st.builds(ImageReference, names, tags, digests)


@st.composite
def spread(draw):
    """A field of an image with its pieces in scalars of their own: as many as a person wrote."""
    image = draw(images)
    host, _, path = image.name.partition("/")
    pieces = {}
    if draw(st.booleans()):
        pieces[Role.REPOSITORY] = image.name
        if host in {"q.io", "r.io:5000", "localhost"} and draw(st.booleans()):
            pieces |= {Role.REGISTRY: host, Role.REPOSITORY: path}
    apart = draw(st.booleans())
    if image.tag is not None:
        together = image.digest is not None and not apart
        pieces[Role.TAG] = f"{image.tag}@{image.digest}" if together else image.tag
    if image.digest is not None and (apart or image.tag is None):
        pieces[Role.DIGEST] = image.digest
    if not pieces:
        pieces[Role.REFERENCE] = str(image)
    parts = tuple(
        Part(
            role=role, span=Span(n, n + 1), value=value, location=Location(RepoPath("a"), n + 1, 1)
        )
        for n, (role, value) in enumerate(pieces.items())
    )
    return ImageField(
        workload=WorkloadId("n", "k", "w"), container="c", form=Form.POD_SPEC, image=image, document=0, parts=parts
    )  # fmt: skip


def read_together(field, values):
    """What the parts say; what no part says is as it was."""
    if Role.REFERENCE in values:
        return ImageReference.parse(values[Role.REFERENCE])
    name = values.get(Role.REPOSITORY, field.image.name)
    if Role.REGISTRY in values:
        name = f"{values[Role.REGISTRY]}/{name}"
    tag, at, digest = values.get(Role.TAG, field.image.tag or "").partition("@")
    return ImageReference(name, tag or None, values.get(Role.DIGEST, digest if at else None))


@settings(max_examples=500)
@given(spread(), images)
def test_the_parts_read_together_as_the_new_image(field, to):
    try:
        values = {part.role: value for part, value in new_values(field, to)}
    except EditRefused:
        return
    assert read_together(field, values) == to


@given(spread())
def test_the_same_image_changes_no_part(field):
    assert all(part.value == value for part, value in new_values(field, field.image))


@given(spread(), tags.filter(bool))
def test_a_move_to_another_tag_is_refused_only_for_want_of_a_place(field, tag):
    to = field.image.moved_to(tag, None)
    roles = {part.role for part in field.parts}
    writable = bool(roles & {Role.REFERENCE, Role.TAG}) and Role.DIGEST not in roles
    try:
        new_values(field, to)
    except EditRefused:
        assert not writable or field.image == to
    else:
        assert writable or field.image == to
