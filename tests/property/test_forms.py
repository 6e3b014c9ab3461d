"""Every form of image field, however it is written: found where it stands, edited there and nowhere else, and set back."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automator.edit.apply import apply_changes
from automator.model.image import ImageReference
from automator.model.plan import Change
from automator.model.policy import Expression, Policy, PolicyKind
from automator.scan.file import scan_file
from tests.property.making_forms import FORMS, documents
from tests.property.making_yaml import MISREAD, NEW_DIGEST, write_image

PATH = "deploy/web.yaml"
POLICY = Policy(name="p", update=Expression(PolicyKind.LATEST, "", "latest"))
NEW_TAGS = ("v9.9.9", "new-0.1_x", "n" * 100)
BOM = "\ufeff"

forms = pytest.mark.parametrize("form", FORMS)


def encodings():
    """(before the text, line break, with a final line break)"""
    return st.tuples(st.sampled_from(["", BOM]), st.sampled_from(["\n", "\r\n"]), st.booleans())


def encode(text, encoding):
    bom, line_break, final = encoding
    text = text if final else text.rstrip("\n")
    return (bom + text.replace("\n", line_break)).encode()


def found(scan):
    return Counter(
        (field.form, field.container, str(field.image), field.comment and field.comment.text)
        for field in scan.fields
    )


def expected(made):
    return Counter((one.form, one.container, str(one.image), one.comment) for one in made.expected)


def places(scan):
    return sorted(
        (part.location.line, part.location.column, part.role, part.value)
        for field in scan.fields
        for part in field.parts
    )


def moved(image, tag):
    """To another image of the same shape."""
    return ImageReference(
        image.name,
        None if image.tag is None else tag,
        None if image.digest is None else NEW_DIGEST,
    )


def change(field, to):
    return Change(field=field, to=to, policy=POLICY, reason="")


@forms
@settings(max_examples=100)
@given(st.data())
def test_every_image_is_found_where_it_is_written(form, data):
    made = data.draw(documents(form))
    scan = scan_file(PATH, encode(made.text(), data.draw(encodings())))
    assert scan.problems == ()
    assert found(scan) == expected(made)
    assert len(scan.markers) == made.markers
    where, slots = made.places(), made.slots
    assert places(scan) == sorted(
        (*where[number], role, slots[number].value)
        for one in made.expected
        for role, number in one.slots.items()
    )


@forms
@settings(max_examples=50)
@given(st.data())
def test_line_breaks_and_a_bom_change_no_place(form, data):
    text = data.draw(documents(form)).text()
    as_written = scan_file(PATH, text.encode())
    for encoding in [("", "\r\n", True), (BOM, "\n", True), ("", "\n", False)]:
        again = scan_file(PATH, encode(text, encoding))
        assert found(again) == found(as_written)
        assert places(again) == places(as_written)


@forms
@settings(max_examples=100)
@given(st.data())
def test_an_edit_changes_its_values_alone_and_reads_back(form, data):
    made = data.draw(documents(form))
    encoding = data.draw(encodings())
    tag = data.draw(st.sampled_from([*NEW_TAGS, *MISREAD]))
    before = encode(made.text(), encoding)
    scan = scan_file(PATH, before)
    slots = made.slots
    wanted = data.draw(st.sets(st.sampled_from(sorted(slots)), min_size=1))
    chosen = [one for one in made.expected if wanted & set(one.slots.values())]
    values = {
        number: write_image(moved(one.image, tag), role, slots[number].value)
        for one in chosen
        for role, number in one.slots.items()
    }
    changes = [
        change(field, moved(field.image, tag))
        for one, field in zip(made.in_order(), scan.fields, strict=True)
        if one in chosen
    ]

    after = apply_changes(PATH, before, changes)

    assert after == encode(made.text(values), encoding)
    read = Counter(str(field.image) for field in scan_file(PATH, after).fields)
    changed = {id(one) for one in made.expected if set(one.slots.values()) & values.keys()}
    assert read == Counter(
        str(moved(one.image, tag) if id(one) in changed else one.image) for one in made.expected
    )


@forms
@settings(max_examples=100)
@given(st.data())
def test_set_and_set_back_is_the_same_to_the_byte(form, data):
    made = data.draw(documents(form))
    encoding = data.draw(encodings())
    tag = data.draw(st.sampled_from(NEW_TAGS))
    before = encode(made.text(), encoding)
    old = scan_file(PATH, before).fields
    there = apply_changes(PATH, before, [change(field, moved(field.image, tag)) for field in old])
    assert there != before
    new = scan_file(PATH, there).fields
    back = [change(now, was.image) for was, now in zip(old, new, strict=True)]
    assert apply_changes(PATH, there, back) == encode(made.settled().text(), encoding)


@forms
@settings(max_examples=3)
@given(st.data())
def test_one_of_a_thousand_documents(form, data):
    made = data.draw(documents(form))
    at = data.draw(st.integers(0, 999))
    others = [OTHER.format(number) for number in range(999)]
    text = "---\n".join([*others[:at], made.text(), *others[at:]])
    scan = scan_file(PATH, text.encode())
    assert scan.problems == ()
    mine = [field for field in scan.fields if field.document == at]
    assert len(scan.fields) == len(mine) + 999
    assert Counter(str(field.image) for field in mine) == Counter(
        str(one.image) for one in made.expected
    )
    changes = [change(field, moved(field.image, "v9.9.9")) for field in mine]
    edited = apply_changes(PATH, text.encode(), changes)
    slots = made.slots
    values = {
        number: write_image(moved(one.image, "v9.9.9"), role, slots[number].value)
        for one in made.expected
        for role, number in one.slots.items()
    }
    assert edited.decode() == "---\n".join([*others[:at], made.text(values), *others[at:]])


OTHER = """\
apiVersion: v1
kind: Pod
metadata: {{name: other-{0}}}
spec: {{containers: [{{name: main, image: "redis:{0}"}}]}}
"""
