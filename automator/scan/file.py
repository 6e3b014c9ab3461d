"""One file of a config repo: bytes in, image fields, declarations and problems out. Never raises, never guesses."""

import re

from automator.model.field import Declaration, FileScan, ImageField, Location, Problem, RepoPath
from automator.scan.decode import UTF16_MARKS, decode
from automator.scan.document import scan_document
from automator.scan.found import DocumentScan
from automator.yamltext.nodes import Broken, Text, parse_documents

_SUFFIXES = (".yaml", ".yml", ".json")
_RELEVANT = re.compile(rb"[Ii]mage|automator\.dev|reference")
# No pattern that looks for the closing half: a line of a million opening halves would take for ever.
_TEMPLATE = re.compile(r"\{\{|\{%|^[ \t]*<%", re.MULTILINE)


def is_manifest_path(path: RepoPath) -> bool:
    return path.endswith(_SUFFIXES)


def scan_file(path: RepoPath, data: bytes) -> FileScan:
    if not _RELEVANT.search(data) and not data.startswith(UTF16_MARKS):
        return FileScan(path=path)
    decoded, reason = decode(data)
    if reason:
        return FileScan(path=path, skipped=reason)
    text = Text(decoded)
    fields: list[ImageField] = []
    declarations: list[Declaration] = []
    problems: list[Problem] = []
    read = broken = 0
    for document in parse_documents(text):
        if isinstance(document, Broken):
            broken += 1
            location = Location(path, document.place.line, document.place.column)
            problems.append(
                Problem(
                    location=location, message=f"this document does not parse: {document.reason}"
                )
            )
            continue
        read += 1
        found = DocumentScan(path, text, document)
        scan_document(found)
        fields += found.fields
        declarations += found.declarations
        problems += found.problems
    if broken and not read and _TEMPLATE.search(decoded):
        return FileScan(path=path, skipped="template")
    return FileScan(
        path=path,
        fields=tuple(fields),
        declarations=tuple(declarations),
        problems=tuple(problems),
    )
