"""Any bytes give fields or a clear refusal; every field found is read again where the scan says that it stands."""

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from automator.edit.apply import apply_changes
from automator.edit.set import plan_set
from automator.errors import EditRefused
from automator.model.image import ImageReference
from automator.scan.file import scan_file

# What YAML with images is made of, to be strung together in ways that nobody writes.
PIECES = (
    "kind: Pod\n", "kind: List\n", "metadata: {name: a}\n", "items:\n", "containers:\n", "- ", "  ", "image: ",
    "redis:1", "'redis:1'", '"re\\x64is:1"', "|-\n", ">\n", "&a ", "*a", "<<: *a", "!!str ", "!x ", "name: c", "\n", "\r\n",
    "---\n", "...\n", "%YAML 1.1\n", "{", "}", "[", "]", ", ", ": ", "? ", "# x\n", "{{ x }}", "${X}", "\ufeff", "\t",
    "\u2028", "\x00", "\x07", "status:\n", "sops: {}\n", "template:\n", "annotations: {automator.dev/policy: x}\n", "😀",
)  # fmt: skip
pieces = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)
pods = pieces.map(
    lambda text: f"kind: Pod\nmetadata: {{name: a}}\ncontainers:\n- {{image: x}}\n{text}"
)
contents = st.one_of(
    st.binary(max_size=300).map(lambda data: b"image" + data),
    pieces.map(str.encode),
    pods.map(str.encode),
    pods.map(lambda text: ("\ufeff" + text.replace("\n", "\r\n")).encode()),
    pods.map(lambda text: text.encode("utf-16")),
)


@settings(max_examples=600)
@given(contents)
def test_any_bytes_are_read_or_refused(data):
    scan = scan_file("a.yaml", data)
    assert not (scan.skipped and scan.fields)
    text = data.decode("utf-8", errors="replace")
    lines = text.count("\n") + text.count("\r") + text.count("\u2028") + text.count("\u2029") + 2
    for place in [found.location for found in (*scan.fields, *scan.declarations, *scan.problems)]:
        assert 1 <= place.line <= lines
        assert place.column >= 1


@settings(max_examples=400)
@given(pods)
def test_a_field_reads_as_its_value_where_it_stands(text):
    for field in scan_file("a.yaml", text.encode()).fields:
        (part,) = field.parts
        assert ImageReference.parse(part.value) == field.image
        written = text[part.span.start : part.span.end]
        if written[:1] not in "|>":
            assert yaml.compose(written, yaml.CSafeLoader).value == part.value


@settings(max_examples=400)
@given(pods)
def test_what_was_found_is_edited_or_refused_and_then_found_again(text):
    data = text.encode()
    fields = scan_file("a.yaml", data).fields
    target = ImageReference("redis", "2")
    changes = plan_set(fields, target)
    try:
        edited = apply_changes("a.yaml", data, changes)
    except EditRefused:
        return
    moved = {id(change.field) for change in changes}
    expected = [target if id(field) in moved else field.image for field in fields]
    assert [field.image for field in scan_file("a.yaml", edited).fields] == expected
