"""However a scalar is written, any slice of its value can be replaced, and nothing else changes; libyaml is the judge."""

import re

import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from automator.yamltext.nodes import Text, parse_documents
from automator.yamltext.pieces import read_pieces
from automator.yamltext.respell import respell
from automator.yamltext.splice import splice

WORDS = ("a", "redis:1", "quay.io/x", "-b", "#c", "ü", "😀", "1.10", "x=y", "{", "...", "'", '"', "\\", ":", "\x85", "\u2028")  # fmt: skip
BLANKS = (" ", "  ", "\t", "\n", "\n\n", "\n ", "\n  \n   ", " \n\t ", "\n\u2028 ")
ESCAPES = ("\\n", "\\t", '\\"', "\\\\", "\\/", "\\x41", "\\u00e9", "\\U0001F600", "\\_", "\\L", "\\ ", "\\e", "\\\n", "\\\n  ", "\\\n\n \\ ")  # fmt: skip


def mixed(*pieces):
    return st.lists(st.sampled_from(pieces), min_size=1, max_size=12).map("".join)


@st.composite
def block(draw):
    """Header, then lines that are blank, indented as they should be, or more."""
    indent = draw(st.integers(1, 4))
    explicit = draw(st.booleans())
    chomp = draw(st.sampled_from(["", "-", "+"]))
    digit = str(indent) if explicit else ""
    indicators = draw(st.sampled_from([digit + chomp, chomp + digit]))
    head = (
        draw(st.sampled_from("|>"))
        + indicators
        + draw(st.sampled_from(["", " ", " # redis:1", "\t# |"]))
    )
    lines = draw(
        st.lists(
            st.tuples(
                st.sampled_from(["", "", "", " ", "\t", "   "]), st.just("") | mixed(*WORDS, " ")
            ),
            min_size=1,
            max_size=6,
        )
    )
    written = [
        " " * indent + more + text if text else " " * draw(st.integers(0, indent)) + more
        for more, text in lines
    ]
    return "\n".join([head, *written]) + draw(st.sampled_from(["", "\n", "\n\n", "\n \n"]))


flow = st.one_of(
    mixed(*WORDS, *BLANKS),
    mixed(*WORDS, *BLANKS).map(lambda text: "'" + text.replace("'", "''") + "'"),
    mixed(*(word for word in WORDS if word not in '\\"'), *BLANKS, *ESCAPES).map(
        lambda text: f'"{text}"'
    ),
)
FRAMES = ("k: {}", "k: {}\nz: 1\n", "- - {}", "? {}\n: 1\n", "k: &a !!str {}\nz: 1\n")
NARROW = ("{}", "{{a: {}, b: 1}}", "[{}]")
"""Where not every text can stand: at the first column, between flow indicators."""


@st.composite
def framed(draw, frames):
    written = draw(flow | block())
    if written[0] not in "|>":
        written = written.replace("\n", "\n ")
    line_end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    return draw(st.sampled_from(frames)).format(written).replace("\n", line_end)


@st.composite
def dumped(draw):
    value = draw(mixed(*WORDS, *BLANKS) | st.text(max_size=30))
    assume("\ufeff" not in value)
    return yaml.dump(
        {"k": {"x": value}},
        Dumper=draw(st.sampled_from([yaml.SafeDumper, yaml.CSafeDumper])),
        default_style=draw(st.sampled_from([None, "'", '"', "|", ">"])),
        width=draw(st.sampled_from([5, 20, 80])),
        indent=draw(st.integers(2, 6)),
        allow_unicode=draw(st.booleans()),
        line_break=draw(st.sampled_from(["\n", "\r\n"])),
    )


def leaves(node):
    if isinstance(node, yaml.ScalarNode):
        return [node]
    children = [
        child for item in node.value for child in (item if isinstance(item, tuple) else [item])
    ]
    return [leaf for child in children for leaf in leaves(child)]


def read(text):
    """(value, start, stop) of every scalar, or nothing where libyaml reads none."""
    try:
        documents = list(yaml.compose_all(text, yaml.CSafeLoader))
    except yaml.YAMLError:
        return []
    if len(documents) != 1:
        return []
    whole = Text(text)
    (document,) = parse_documents(whole)
    return [(leaf.value, *whole.scalar_span(document, leaf)) for leaf in leaves(document.root)]


def is_blank(written, value):
    """Nothing is written there that could be followed back: no value at all, a block scalar without a word."""
    return not value.strip(" \n\u2028\u2029") and written[:1] not in {"'", '"'}


wide = framed(FRAMES) | dumped()
anywhere = framed(FRAMES + NARROW) | dumped()


@settings(max_examples=500)
@given(anywhere)
def test_every_scalar_is_read_as_libyaml_reads_it(text):
    scalars = read(text)
    assume(scalars)
    for value, start, stop in scalars:
        written = text[start:stop]
        reading = read_pieces(written, value)
        assert (reading is None) == is_blank(written, value), (written, value)


def replace(text, number, replacements):
    """What is respelled in one of the scalars, or None. The scalar must then read as wanted, and the others as before."""
    scalars = read(text)
    value, start, stop = scalars[number]
    spelled = respell(text[start:stop], value, replacements)
    if spelled is not None:
        edited = splice(text, [(start + a, start + b, new) for a, b, new in spelled])
        expected = [found[0] for found in scalars]
        expected[number] = splice(value, replacements)
        assert [found[0] for found in read(edited)] == expected
    return spelled


@settings(max_examples=500)
@given(wide, st.data())
def test_any_slice_is_replaced_exactly_or_refused(text, data):
    scalars = read(text)
    inner = [
        n for n, (_, start, _) in enumerate(scalars) if start and text[start - 1] not in "\r\n"
    ]
    assume(inner)
    number = data.draw(st.sampled_from(inner))
    value = scalars[number][0]
    first = data.draw(st.integers(0, len(value)))
    last = data.draw(st.integers(first, len(value)))
    new = data.draw(mixed(*WORDS, *BLANKS, "2") | st.just(""))
    replace(text, number, [(first, last, new)])


@settings(max_examples=500)
@given(anywhere, st.data())
def test_words_are_replaced_wherever_they_stand(text, data):
    """Several at once, never refused, and nothing changes but their own characters."""
    scalars = read(text)
    assume(scalars)
    number = data.draw(st.integers(0, len(scalars) - 1))
    value, start, stop = scalars[number]
    words = [match.span() for match in re.finditer(r"[a-z0-9.:/]*[a-z0-9]", value)]
    assume(words)
    spans = data.draw(st.lists(st.sampled_from(words), min_size=1, unique=True))
    # libyaml takes a line of blanks and tabs behind a plain scalar, but not behind the quotes that a number needs.
    numbers = ["2", "1.11", "true"] if "\t" not in text else []
    new = data.draw(st.sampled_from(["redis:2", "b", *numbers]))
    spelled = replace(text, number, [(*span, new) for span in spans])
    written = text[start:stop]
    if spelled == [(0, len(written), f'"{splice(value, [(*span, new) for span in spans])}"')]:
        return  # a number now: quoted
    assert len(spelled) == len(spans)
    for (first, last), (a, b, _) in zip(spans, spelled, strict=True):
        joined = re.sub(r"\\(\s+|(?=/))", "", written[a:b]) if written[0] == '"' else written[a:b]
        assert joined == value[first:last]
