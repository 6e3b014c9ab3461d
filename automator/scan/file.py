"""One file of a config repo: bytes in, image fields, declarations and problems out. Never raises, never guesses."""

import re

from automator.model.field import FileScan, Location, Problem, RepoPath
from automator.scan.annotations import find_declaration, mentions_declarations
from automator.scan.comments import mentions_comments, scan_comments
from automator.scan.decode import UTF16_MARKS, decode
from automator.scan.document import scan_document
from automator.scan.found import DocumentScan, Findings
from automator.scan.workloads import KUSTOMIZATION_NAMES
from automator.yamltext.nodes import Broken, Text, parse_documents

_SUFFIXES = (".yaml", ".yml", ".json")
_NAMES = frozenset({"Kustomization", "Kptfile"})
_RELEVANT = re.compile(
    rb"Image|reference|[Rr]epository|\brepo\b|Kustomization|kind: *(?:Component|Application)|automator\b|fluxcd\.io/|weave\.works/|keel\.sh/"
)
# No pattern that looks for the closing half: a line of a million opening halves would take for ever.
_TEMPLATE = re.compile(r"\{\{|\{%|^[ \t]*<%", re.MULTILINE)


_ON_PURPOSE = frozenset({"generated", "template"})
"""Why a file is passed over although nothing is wrong with it."""


def is_manifest_path(path: RepoPath) -> bool:
    return path.endswith(_SUFFIXES) or path.rpartition("/")[2] in _NAMES


def scan_file(path: RepoPath, data: bytes) -> FileScan:
    if not _may_matter(path, data):
        return FileScan(path=path)
    decoded, reason = decode(data)
    if reason:
        encoding = "utf-16" if reason == "UTF-16" else "utf-8"
        return _passed_over(path, data.decode(encoding, "replace"), reason)
    text = Text(decoded)
    declares, comments = mentions_declarations(decoded), mentions_comments(decoded)
    whole = Findings()
    scans: list[DocumentScan] = []
    broken = 0
    for document in parse_documents(text):
        if isinstance(document, Broken):
            broken += 1
            whole.problems.append(_problem_of(path, document))
            continue
        scan = DocumentScan(path, text, document)
        scan_document(scan, declares=declares)
        whole.add(scan.found)
        scans.append(scan)
    if broken and not scans and _TEMPLATE.search(decoded):
        return _passed_over(path, decoded, "template")
    if comments:
        scan_comments(scans, whole)
    whole.sort()
    return FileScan(
        path=path,
        fields=tuple(whole.fields),
        declarations=tuple(whole.declarations),
        markers=tuple(whole.markers),
        objects=tuple(whole.objects),
        problems=tuple(whole.problems),
    )


def _may_matter(path: RepoPath, data: bytes) -> bool:
    return (
        b"image" in data
        or _RELEVANT.search(data) is not None
        or data.startswith(UTF16_MARKS)
        or path.rpartition("/")[2] in KUSTOMIZATION_NAMES
    )


def _passed_over(path: RepoPath, text: str, reason: str) -> FileScan:
    """What it declares is told: it has no effect."""
    found = find_declaration(text)
    if found is None:
        return FileScan(path=path, skipped=reason)
    place = Text(text).place_at(found.start())
    problem = Problem(
        location=Location(path, place.line, place.column),
        message=f"{found[0]} has no effect: this file is passed over: {reason}",
        hint="" if reason in _ON_PURPOSE else "write it as UTF-8",
        note=reason in _ON_PURPOSE,
    )
    return FileScan(path=path, skipped=reason, problems=(problem,))


def _problem_of(path: RepoPath, broken: Broken) -> Problem:
    return Problem(
        location=Location(path, broken.place.line, broken.place.column),
        message=f"this document does not parse: {broken.reason}",
    )
