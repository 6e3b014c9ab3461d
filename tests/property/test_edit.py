"""For any YAML with image fields, an edit changes the planned spans alone; any bytes are read or refused."""

import itertools
import re

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from automator.edit.apply import apply_changes
from automator.model.image import ImageReference
from automator.model.plan import Change
from automator.model.policy import Expression, Policy, PolicyKind
from automator.scan.file import scan_file

POLICY = Policy(name="p", update=Expression(PolicyKind.LATEST, "", "latest"))
name = st.from_regex(r"[a-z]([a-z0-9]{0,6}[a-z0-9])?", fullmatch=True)
tag = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,12}", fullmatch=True)
image = st.builds(
    "{}{}:{}".format, st.sampled_from(["", "quay.io/o/", "127.0.0.1:5000/"]), name, tag
)
words = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=12
)
comment = words.map(lambda text: f" # {text}" if text else "")


@st.composite
def container(draw):
    written = draw(st.sampled_from(["{}", "'{}'", '"{}"', "&anchor {}", "!!str {}"]))
    pad = " " * draw(st.integers(0, 3))
    value = written.format(draw(image))
    lines = [f"name: {draw(name)}{draw(comment)}", f"image:{pad} {value}{draw(comment)}"]
    other = draw(
        st.dictionaries(name.filter(lambda key: key not in {"name", "image"}), words, max_size=2)
    )
    lines += [
        f"{key}: {yaml.safe_dump(value, default_style=chr(34), width=10**6).strip()}"
        for key, value in other.items()
    ]
    return draw(st.permutations(lines))


@st.composite
def document(draw):
    indent = " " * draw(st.integers(0, 4))
    text = [
        f"kind: Pod{draw(comment)}",
        f"metadata: {{name: {draw(name)}}}",
        "spec:",
        "  containers:",
    ]
    for lines in draw(st.lists(container(), min_size=1, max_size=4)):
        text += [f"  {indent}- {lines[0]}", *[f"  {indent}  {line}" for line in lines[1:]]]
        text += [""] * draw(st.integers(0, 2))
    return "\n".join(text) + "\n"


@st.composite
def file(draw):
    text = "---\n".join(draw(st.lists(document(), min_size=1, max_size=3)))
    # libyaml's composer refuses an anchor that stands twice in a document.
    count = itertools.count()
    text = re.sub("(?<= )&anchor ", lambda _: f"&anchor{next(count)} ", text)
    if draw(st.booleans()):
        text = text.rstrip("\n")
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    return (b"\xef\xbb\xbf" if draw(st.booleans()) else b"") + text.encode()


def load(data):
    return list(yaml.compose_all(data.decode("utf-8-sig"), yaml.CSafeLoader))


def replace_images(node, new):
    if isinstance(node, yaml.MappingNode):
        return {
            key.value: new[value.value]
            if key.value == "image" and value.value in new
            else replace_images(value, new)
            for key, value in node.value
        }
    if isinstance(node, yaml.SequenceNode):
        return [replace_images(item, new) for item in node.value]
    return node.value


@settings(max_examples=200)
@given(file(), st.data())
def test_an_edit_changes_the_planned_spans_alone(data, draw):
    scan = scan_file("a.yaml", data)
    assert scan.problems == ()
    assert scan.fields
    new = {str(field.image): f"{field.image.name}:{draw.draw(tag)}" for field in scan.fields}
    changes = [
        Change(field=f, to=ImageReference.parse(new[str(f.image)]), policy=POLICY, reason="")
        for f in scan.fields
    ]

    edited = apply_changes("a.yaml", data, changes)

    expected, end = [], 0
    text = data.decode()
    for field in sorted(scan.fields, key=lambda field: field.parts[0].span):
        span = field.parts[0].span
        written = text[span.start : span.end]
        assert str(field.image) in written
        expected += [
            text[end : span.start],
            written.replace(str(field.image), new[str(field.image)]),
        ]
        end = span.end
    expected.append(text[end:])
    assert edited == "".join(expected).encode()
    before = [replace_images(node, new) for node in load(data)]
    assert [replace_images(node, {}) for node in load(edited)] == before


@settings(max_examples=300)
@given(st.one_of(st.binary(max_size=200), file()), st.data())
def test_any_bytes_are_read_or_refused(data, draw):
    mutated = bytearray(b"image: " + data)
    for _ in range(draw.draw(st.integers(0, 8))):
        at = draw.draw(st.integers(0, len(mutated) - 1))
        mutated[at] = draw.draw(st.sampled_from(b"\n\t :-[]{}#&*!|>'\"%@`\x00\xffa"))
    scan = scan_file("a.yaml", bytes(mutated))
    assert not (scan.skipped and scan.fields)
