"""YAML text that is the value of a scalar, scanned as the document that it is."""

from collections.abc import Callable

import yaml

from automator.scan.comments import mentions_comments, scan_comments
from automator.scan.found import DocumentScan
from automator.yamltext.nodes import Broken, Text, parse_documents

_DEEPEST = 3
"""Real ones are one deep: a chart's values in an Application."""


def scan_text(
    scan: DocumentScan, node: yaml.Node | None, work: Callable[[DocumentScan], None]
) -> None:
    """`work` is called for each document in the text. A text that aliases bring back is scanned once."""
    if not isinstance(node, yaml.ScalarNode) or not node.value.strip():
        return
    if scan.depth >= _DEEPEST or not scan.visits.is_first(node):
        return
    inside = scan.enter(node)
    first = len(scan.found.fields)
    text = Text(node.value)
    scans: list[DocumentScan] = []
    for document in parse_documents(text):
        if isinstance(document, Broken):
            scan.report(node, f"the YAML in this text does not parse: {document.reason}", note=True)
            continue
        inner = DocumentScan(scan.path, text, document, scan.found, inside, scan.visits)
        work(inner)
        scans.append(inner)
    if mentions_comments(node.value):
        scan_comments(scans, scan.found, first)
