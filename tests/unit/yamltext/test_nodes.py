"""Spans are those of the text as written: with a BOM, with CRLF, behind anchors, tags and comments."""

import pytest
import yaml

from automator.yamltext.nodes import Broken, Document, Place, Text, parse_documents

SPANS = [
    pytest.param("k: value # c\n", "value", id="plain"),
    pytest.param("k: 'value'\n", "'value'", id="single quotes"),
    pytest.param('k: "va\\x6cue"\n', '"va\\x6cue"', id="double quotes"),
    pytest.param('k: "a\\\n  b"\n', '"a\\\n  b"', id="line continuation"),
    pytest.param("k: &a value\n", "value", id="anchor"),
    pytest.param("k: !!str value\n", "value", id="tag"),
    pytest.param("k: !!str &a value\n", "value", id="tag and anchor"),
    pytest.param("k: &a !<tag:yaml.org,2002:str> 'v'\n", "'v'", id="tag written out"),
    pytest.param("k: &a\n  value\n", "value", id="on the next line"),
    pytest.param("k: &a # one\n  # two & three\n  value\n", "value", id="behind comments"),
    pytest.param("k: |-\n  value\n", "|-\n  value\n", id="literal"),
    pytest.param("k: &a >-\n  value\n", ">-\n  value\n", id="folded"),
    pytest.param("{ü😀: value}\n", "value", id="behind characters of several bytes"),
    pytest.param('{"x": "\\ud83d\\ude00", "k": "v"}\n', '"v"', id="behind a JSON surrogate pair"),
]
FORMS = {
    "LF": lambda text: text,
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "BOM": lambda text: "\ufeff" + text,
    "BOM and CRLF": lambda text: "\ufeff" + text.replace("\n", "\r\n"),
    "a broken neighbour": lambda text: "a: [\n---\n" + text,
    "a broken neighbour and BOM": lambda text: "\ufeffa: [\n---\n" + text,
}


def last_scalar(document):
    node = document.root
    while isinstance(node, yaml.MappingNode):
        node = node.value[-1][1]
    return node


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("written", "expected"), SPANS)
def test_span_of_a_scalar(written, expected, form):
    text = Text(FORMS[form](written))
    document = list(parse_documents(text))[-1]
    start, end = text.scalar_span(document, last_scalar(document))
    assert text.text[start:end].replace("\r\n", "\n") == expected


PLACES = [
    pytest.param("a: 1\nk: value\n", Place(2, 4), id="plain"),
    pytest.param("k: &a value\n", Place(1, 7), id="behind an anchor"),
    pytest.param("k: &a # c\n  value\n", Place(2, 3), id="on the next line"),
    pytest.param("---\n\n---\nk: value\n", Place(4, 4), id="in another document"),
]


@pytest.mark.parametrize("form", ["LF", "CRLF", "BOM", "BOM and CRLF"])
@pytest.mark.parametrize(("written", "expected"), PLACES)
def test_place_of_a_scalar(written, expected, form):
    text = Text(FORMS[form](written))
    document = list(parse_documents(text))[-1]
    node = last_scalar(document)
    assert text.place(document, node, text.scalar_span(document, node)[0]) == expected


BROKEN = [
    pytest.param("a: [", Place(2, 1), "did not find expected node content", id="open list"),
    pytest.param("a: 1\nb: x\x07\n", Place(2, 5), "control characters", id="control character"),
    pytest.param("ä: \x07\n", Place(1, 4), "control characters", id="columns are characters"),
    pytest.param("a: &x 1\nb: &x 2\n", Place(2, 4), "an anchor is defined twice", id="anchor twice"),
    pytest.param("a: *x\n", Place(1, 4), "undefined alias", id="no such anchor"),
    pytest.param("[" * 5000, Place(1, 1001), "maximum nesting depth", id="deep"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "place", "says"), BROKEN)
def test_a_broken_document_has_its_place_and_reason(text, place, says):
    broken, good = parse_documents(Text(f"{text}\n---\nb: 1\n"))
    assert broken.place == place
    assert says in broken.reason
    assert isinstance(good, Document)


def test_documents_are_counted_with_the_broken_ones():
    documents = list(parse_documents(Text("a: 1\n---\nb: [\n---\nc: 1\n")))
    assert [isinstance(document, Broken) for document in documents] == [False, True, False]
    assert documents[2].index == 2


def test_dashes_inside_a_block_scalar_part_nothing():
    documents = list(parse_documents(Text("a: |\n  ---\n  x: [\n---\nb: [\n")))
    assert last_scalar(documents[0]).value == "---\nx: [\n"
    assert isinstance(documents[1], Broken)
