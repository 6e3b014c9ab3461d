"""Keel's annotations and labels on a workload. An annotation wins over a label.

Keel's version policies count from the tag in use: each container gets a range that begins there, held to Keel's rules
by a filter. Its other policies react to what is pushed; here they select the newest build.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from automator.dialects.annotations import (
    Findings,
    as_shell_pattern,
    foreign_characters,
    held,
    keep_first,
    nearest,
    read_flag,
    read_regex,
)
from automator.dialects.reading import WorkloadReading
from automator.errors import InvalidExpression
from automator.model.field import Declaration, ImageField
from automator.model.policy import Declared, Expression, Policy, TagFilter, VersionScheme
from automator.scan.annotations import KEEL_PREFIX
from automator.select.expression import compile_regex, parse_expression
from automator.select.version import Version, parse_semver

KEEL_PREFIXES = (KEEL_PREFIX,)

_DIALECT = "keel.sh"
_SAME_PRERELEASE = ("major", "minor", "patch")
_VERSION_POLICIES = ("all", *_SAME_PRERELEASE)
_POLICIES = (*_VERSION_POLICIES, "force", "glob:", "regexp:", "never")
_OLDER_NAMES = {"match-tag": "matchTag"}
_OPTIONS = (
    "matchTag",
    "matchPreRelease",
    "monitorContainers",
    "initContainers",
    "imageVolumes",
    "approvals",
)
_WITHOUT_MEANING = {
    "trigger": "every image that has a policy is polled",
    "pollSchedule": "images are polled at the configured poll_interval",
    "approvalDeadline": "there are no approvals that could expire",
    "notify": "updates are told in commits, logs and metrics",
    "releaseNotes": "updates are told in commits, logs and metrics",
    "imagePullSecret": "credentials are those of the configuration",
    "digest": "it is Keel's own record",
    "update-time": "it is Keel's own record",
}
_OPTION_OF_SLOT = {"initContainers": "initContainers", "volumes": "imageVolumes"}
"""The lists of a pod spec that Keel reads only where an option says so."""

_THREE_PARTS = r"[^.]*\.[^.]*\..*"
"""Keel takes no tag with fewer than two dots, wherever they stand."""

Said = dict[str, Declaration]


@dataclass(frozen=True, slots=True)
class _Options:
    """None for what is neither true nor false."""

    match_tag: bool | None
    match_prerelease: bool | None


def read_keel(declarations: Sequence[Declaration], fields: Sequence[ImageField]) -> WorkloadReading:
    findings = Findings()
    said = _gather(declarations, findings)
    _report_names(said, findings)
    if "policy" not in said:
        _report_without_effect(said, _OPTIONS, f"there is no {KEEL_PREFIX}policy", findings)
        return WorkloadReading(declared=(None,) * len(fields), problems=findings.in_order())
    options = _read_options(said, findings)
    lock = _read_approvals(said, findings)
    same_for_all = _read_policy(said["policy"], findings)
    covered = _read_coverage(said, fields, findings)
    if covered is None:
        covered = [True] * len(fields)
        same_for_all = held(_DIALECT, said["monitorContainers"].location)
    declared: list[Declared | None] = []
    for field, is_covered in zip(fields, covered, strict=True):
        if not is_covered:
            declared.append(None)
            continue
        policy = same_for_all or _from_tag_in_use(said["policy"], field, options, findings)
        declared.append(replace(lock, policy=policy))
    return WorkloadReading(declared=tuple(declared), problems=findings.in_order())


def _gather(declarations: Sequence[Declaration], findings: Findings) -> Said:
    """By name, the declaration that counts: annotations before labels, then newer names before older."""
    said: Said = {}

    def rank(declaration: Declaration) -> tuple[bool, bool]:
        return declaration.label, declaration.key.removeprefix(KEEL_PREFIX) in _OLDER_NAMES

    for declaration in sorted(declarations, key=rank):
        written = declaration.key.removeprefix(KEEL_PREFIX)
        name = _OLDER_NAMES.get(written, written)
        if not keep_first(said, name, declaration):
            first = said[name]
            findings.add(
                declaration,
                f"{_name(declaration)} says something else than {_name(first)} in line {first.location.line}, which counts",
                "say it once",
            )
    return said


def _name(declaration: Declaration) -> str:
    return f"the {'label' if declaration.label else 'annotation'} {declaration.key}"


def _report_names(said: Said, findings: Findings) -> None:
    for name, declaration in said.items():
        if name in _WITHOUT_MEANING:
            message = f"{declaration.key} has no meaning here: {_WITHOUT_MEANING[name]}"
            findings.add(declaration, message, note=True)
        elif name != "policy" and name not in _OPTIONS:
            known = ("policy", *_OPTIONS, *_WITHOUT_MEANING)
            hint = nearest(name, known, KEEL_PREFIX + "{}")
            findings.add(declaration, f"unknown annotation {declaration.key}", hint)


def _report_without_effect(
    said: Said, names: Sequence[str], because: str, findings: Findings
) -> None:
    for name in names:
        if name in said:
            findings.add(said[name], f"{said[name].key} has no effect: {because}")


def _read_options(said: Said, findings: Findings) -> _Options:
    policy = said["policy"].value
    if policy != "force":
        _report_without_effect(said, ("matchTag",), "it is for the policy force", findings)
    if policy not in _SAME_PRERELEASE:
        because = f"it is for the policies {', '.join(_SAME_PRERELEASE)}"
        _report_without_effect(said, ("matchPreRelease",), because, findings)
    return _Options(
        _read_option(said, "matchTag", findings, otherwise=False),
        _read_option(said, "matchPreRelease", findings, otherwise=True),
    )


def _read_option(said: Said, name: str, findings: Findings, *, otherwise: bool) -> bool | None:
    if name not in said:
        return otherwise
    return read_flag(said[name], findings, "nothing is updated by it")


def _read_approvals(said: Said, findings: Findings) -> Declared:
    """Nobody can approve here: what waits for people is locked."""
    declaration = said.get("approvals")
    if declaration is None or re.fullmatch(r"0+", declaration.value):
        return Declared()
    wanted = declaration.value
    if not re.fullmatch(r"[0-9]+", wanted):
        findings.add(declaration, f"{declaration.key}: {wanted!r} is no number", "locked")
        return Declared(locked=True, locked_reason=f"{declaration.key} cannot be read")
    reason = f"{declaration.key} wants {wanted} approval{'' if wanted == '1' else 's'}"
    hint = "without it the images are updated as the policy says"
    findings.add(declaration, f"locked: {reason}, which cannot be given here", hint)
    return Declared(locked=True, locked_reason=reason)


def _read_coverage(
    said: Said, fields: Sequence[ImageField], findings: Findings
) -> list[bool] | None:
    """Which fields Keel would look at; None if that cannot be told."""
    slots = {"", "containers"}
    for slot, option in _OPTION_OF_SLOT.items():
        if _read_option(said, option, findings, otherwise=False):
            slots.add(slot)
    covered = [field.slot in slots for field in fields]
    monitored = said.get("monitorContainers")
    if monitored is not None:
        try:
            search = compile_regex(monitored.value).search
        except InvalidExpression as error:
            findings.add_mistake(monitored, error)
            return None
        covered = [
            is_covered and search(field.container) is not None
            for field, is_covered in zip(fields, covered, strict=True)
        ]
    if not any(covered):
        policy = said["policy"]
        names = ", ".join(sorted({field.container for field in fields}))
        hint = f"containers: {names}" if names else ""
        findings.add(policy, f"{policy.key} has no effect: Keel looks at no container here", hint)
    return covered


def _read_policy(declaration: Declaration, findings: Findings) -> Policy | None:
    """A policy that is the same for all containers; None for one that depends on the tag in use."""
    text = declaration.value
    kind, colon, argument = text.partition(":")
    if text in _VERSION_POLICIES or text == "force":
        return None
    if text == "never":
        return held(_DIALECT, declaration.location)
    try:
        if kind == "glob" and colon:
            return _policy(declaration, _read_glob(declaration, argument, findings))
        if kind == "regexp" and colon:
            return _policy(declaration, read_regex(argument, len("regexp:")))
    except InvalidExpression as error:
        findings.add_mistake(declaration, error)
    else:
        message = f"{declaration.key}: {text!r} is no policy of Keel's"
        findings.add(declaration, message, nearest(text, _POLICIES))
    return held(_DIALECT, declaration.location)


def _read_glob(declaration: Declaration, pattern: str, findings: Findings) -> Expression:
    foreign = foreign_characters(pattern)
    if foreign:
        message = f"{declaration.key}: {pattern!r} matches no tag: none has {foreign[0]!r}"
        findings.add(declaration, message, "* alone has a meaning in a glob of Keel's")
    return parse_expression(f"glob:{as_shell_pattern(pattern)}")


def _policy(declaration: Declaration, update: Expression) -> Policy:
    return Policy(name=_DIALECT, update=update, source=declaration.location)


def _from_tag_in_use(
    declaration: Declaration, field: ImageField, options: _Options, findings: Findings
) -> Policy:
    policy = None
    if declaration.value == "force":
        if options.match_tag is not None:
            policy = _forced(declaration, field, findings, match_tag=options.match_tag)
    elif options.match_prerelease is not None:
        policy = _newer_versions(
            declaration, field, findings, same_prerelease=options.match_prerelease
        )
    return policy or held(_DIALECT, declaration.location)


def _forced(
    declaration: Declaration, field: ImageField, findings: Findings, *, match_tag: bool
) -> Policy | None:
    """With matchTag, the digest of the tag in use is followed."""
    if not match_tag:
        message = f"{declaration.key}: force takes whatever is pushed in Keel, here the newest build of all tags"
        findings.add(declaration, message, note=True)
        return _policy(declaration, parse_expression("latest"))
    if field.image.tag is None:
        findings.add(
            declaration,
            f"{field.container} is left alone: {field.image} has no tag that {KEEL_PREFIX}matchTag could follow",
            "write one",
        )
        return None
    return _policy(declaration, parse_expression(f"digest:{field.image.tag}"))


def _newer_versions(
    declaration: Declaration, field: ImageField, findings: Findings, *, same_prerelease: bool
) -> Policy | None:
    """Higher than the tag in use; None if that is no version."""
    kind, tag = declaration.value, field.image.tag
    version = parse_semver(tag) if tag is not None else None
    if tag is None or version is None:
        findings.add(
            declaration,
            f"{field.container} is left alone: {kind} counts from a version, and {field.image} has none",
            f"write a version, or another policy: {KEEL_PREFIX}policy: force",
        )
        return None
    if kind not in _SAME_PRERELEASE:
        same_prerelease = False
    pattern = _same_prerelease(version) if same_prerelease else _THREE_PARTS
    if not re.fullmatch(_THREE_PARTS, tag):
        pattern = f"{re.escape(tag)}|{pattern}"
    return replace(
        _policy(
            declaration, parse_expression(f"semver:{_range(kind, version)}", VersionScheme.SEMVER)
        ),
        filter=TagFilter(pattern),
        prerelease=not same_prerelease,
        versions=VersionScheme.SEMVER,
    )


def _same_prerelease(version: Version) -> str:
    """`1.2.3-alpine` moves to `1.2.4-alpine`. The dots of the pre-release count as parts, too."""
    least = max(0, 2 - version.prerelease.count("."))
    suffix = f"-{re.escape(version.prerelease)}" if version.prerelease else ""
    return rf"v?[0-9]+(?:\.[0-9]+){{{least},2}}{suffix}"


def _range(kind: str, version: Version) -> str:
    """The end is below every pre-release of the next version that the policy leaves out."""
    suffix = f"-{version.prerelease}" if version.prerelease else ""
    start = f">={version.major}.{version.minor}.{version.patch}{suffix}"
    match kind:
        case "patch":
            return f"{start} <{version.major}.{version.minor + 1}.0-0"
        case "minor":
            return f"{start} <{version.major + 1}.0.0-0"
        case _:
            return start
