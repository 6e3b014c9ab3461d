"""Flux v1's annotations on a workload or a HelmRelease, with the meaning that its automation gave them.

A workload's images are updated if it says `automated: "true"` and is neither locked nor ignored. A container's filter
is a glob, a version range or a regular expression; without one it is every tag. Whatever ranks first is taken, also if
it is older than the image in use. The tag `latest` counts only under the glob `latest`.

Two things are told here that Flux passed over: a filter that it could not read, which matched everything there, holds
its container; so does a lock that it could not read.
"""

from collections.abc import Sequence
from dataclasses import replace

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
from automator.dialects.ranges import parse_range
from automator.dialects.reading import WorkloadReading
from automator.errors import InvalidExpression
from automator.model.field import Declaration, Form, ImageField, Location
from automator.model.policy import Declared, Policy, PolicyKind, VersionScheme
from automator.select.expression import parse_expression

_DIALECT = "fluxcd.io"
_NEWEST_PREFIX = "fluxcd.io/"
_POLICY_PREFIXES = {_NEWEST_PREFIX: "", "filter.fluxcd.io/": "tag.", "flux.weave.works/": ""}
"""The one that wins first. What stands behind is a policy's name: `filter.fluxcd.io/` is another way to say `tag.`."""

_IMAGE_PLACES = ("repository.fluxcd.io/", "image.fluxcd.io/")
_PART_PLACES = ("registry.fluxcd.io/", "tag.fluxcd.io/")

_NAMES = ("automated", "locked", "locked_msg", "locked_user", "ignore")
_BOOKKEEPING = frozenset({"sync-checksum", "sync-gc-mark"})
_KIND_OF_PREFIX = {"semver": "semver", "regexp": "regex", "regex": "regex", "glob": "glob"}
_LATEST_IN_ANY_CASE = "[lL][aA][tT][eE][sS][tT]"
_HELM_RELEASE = "helmrelease"
_SLOTS = frozenset({"", "containers", "initContainers"})


def read_flux1(
    declarations: Sequence[Declaration], fields: Sequence[ImageField]
) -> WorkloadReading:
    findings = Findings()
    annotations = [one for one in declarations if not one.label]
    for label in declarations:
        if label.label:
            findings.add(label, f"{label.key} is a label: Flux v1 reads annotations alone")
    said = _gather(annotations, findings)
    placed = _read_places(annotations, fields, findings)
    names = [_name_in_flux(field, placed) for field in fields]
    _report_names(said, names, findings)
    workload = _read_workload(said, findings)
    filters = _read_filters(said, findings)
    _report_filters(said, names, workload, findings)
    _report_nothing_to_automate(said, names, findings)
    declared = []
    for field, name in zip(fields, names, strict=True):
        one = workload if name or not workload.automated else replace(workload, automated=None)
        if one.automated and name:
            policy = filters.get(name) or _every_tag(said["automated"].location)
            one = replace(one, policy=_for_tag_in_use(policy, field, said["automated"], findings))
        declared.append(None if one == Declared() else one)
    return WorkloadReading(declared=tuple(declared), problems=findings.in_order())


def _gather(annotations: Sequence[Declaration], findings: Findings) -> dict[str, Declaration]:
    """By the policy's name (`automated`, `tag.carts`), the one that counts."""
    said: dict[str, Declaration] = {}
    for prefix, head in _POLICY_PREFIXES.items():
        for declaration in annotations:
            if not declaration.key.startswith(prefix):
                continue
            name = head + declaration.key.removeprefix(prefix)
            if not keep_first(said, name, declaration):
                first = said[name]
                findings.add(
                    declaration,
                    f"{declaration.key} says something else than {first.key} in line {first.location.line}, which counts",
                    "say it once",
                )
    return said


def _name_in_flux(field: ImageField, placed: frozenset[str]) -> str:
    """What Flux calls the container; "" for an image that it does not see.

    In a HelmRelease these are images at the top of the values (`chart-image`), one map down, or named by a path.
    """
    if field.slot not in _SLOTS:
        return ""
    if field.workload.kind != _HELM_RELEASE or field.container in placed:
        return field.container
    if field.form is not Form.HELM_VALUES or "." in field.container:
        return ""
    return "chart-image" if field.container == "image" else field.container


def _read_places(
    annotations: Sequence[Declaration], fields: Sequence[ImageField], findings: Findings
) -> frozenset[str]:
    """The containers that a path names. The paths themselves are the scan's: it finds the image under that name."""
    containers = {field.container for field in fields}
    places: dict[str, dict[str, Declaration]] = {}
    for declaration in annotations:
        prefix, slash, name = declaration.key.partition("/")
        if prefix + slash in _IMAGE_PLACES + _PART_PLACES:
            places.setdefault(name, {}).setdefault(prefix + slash, declaration)
    placed = set()
    for name, by_prefix in places.items():
        first = next(iter(by_prefix.values()))
        image = next((by_prefix[one] for one in _IMAGE_PLACES if one in by_prefix), None)
        if first.workload.kind != _HELM_RELEASE:
            findings.add(first, f"{first.key} has no effect: only a HelmRelease has image paths")
        elif image is None:
            hint = f"{_IMAGE_PLACES[0]}{name} is missing"
            findings.add(first, f"{first.key} has no effect: it names no image", hint)
        elif name not in containers:
            findings.add(image, f"{image.key}: no image at {image.value!r} in spec.values")
        else:
            placed.add(name)
    return frozenset(placed)


def _read_workload(said: dict[str, Declaration], findings: Findings) -> Declared:
    """What holds for all its containers."""
    automated = None
    if "automated" in said:
        automated = read_flag(said["automated"], findings, "nothing is automated") is True
    if "ignore" in said and _is_ignored(said["ignore"], findings):
        automated = False
    locked = "locked" in said and read_flag(said["locked"], findings, "locked") is not False
    reason = _lock_reason(said, findings, locked=locked)
    return Declared(automated=automated, locked=locked, locked_reason=reason)


def _report_names(
    said: dict[str, Declaration], containers: Sequence[str], findings: Findings
) -> None:
    for name, declaration in said.items():
        if name in _BOOKKEEPING:
            message = f"{declaration.key} has no meaning here: it is Flux v1's own record"
            findings.add(declaration, message, note=True)
        elif name not in _NAMES and not name.startswith("tag."):
            hint = nearest(name, _NAMES, _NEWEST_PREFIX + "{}")
            if name == "tag_all":
                hint = f"a filter is for one container: {_NEWEST_PREFIX}tag.CONTAINER"
            elif name in containers:
                hint = f"did you mean {_NEWEST_PREFIX}tag.{name}?"
            findings.add(declaration, f"unknown annotation {declaration.key}", hint)


def _is_ignored(declaration: Declaration, findings: Findings) -> bool:
    if declaration.value == "sync_only":
        message = f"{declaration.key}: sync_only concerns synchronisation alone: images are updated"
        findings.add(declaration, message, note=True)
        return False
    return read_flag(declaration, findings, "ignored") is not False


def _lock_reason(said: dict[str, Declaration], findings: Findings, *, locked: bool) -> str:
    if not locked:
        for name in ("locked_msg", "locked_user"):
            if name in said:
                message = f"{said[name].key} has no effect: nothing is locked"
                findings.add(said[name], message, f'{_NEWEST_PREFIX}locked: "true" locks')
        return ""
    reason = said["locked_msg"].value if "locked_msg" in said else ""
    user = f"by {said['locked_user'].value}" if "locked_user" in said else ""
    return f"{reason} ({user})" if reason and user else reason or user


def _read_filters(said: dict[str, Declaration], findings: Findings) -> dict[str, Policy]:
    """By container."""
    filters = {}
    for name, declaration in said.items():
        if not name.startswith("tag."):
            continue
        try:
            policy = _read_filter(declaration, findings)
        except InvalidExpression as error:
            findings.add_mistake(declaration, error)
            policy = held(_DIALECT, declaration.location)
        filters[name.removeprefix("tag.")] = policy
    return filters


def _read_filter(declaration: Declaration, findings: Findings) -> Policy:
    """Raises InvalidExpression. What has no known kind in front is a glob, all of it."""
    text, source = declaration.value, declaration.location
    word, colon, argument = text.partition(":")
    kind = _KIND_OF_PREFIX.get(word) if colon else None
    if kind == "semver":
        read = parse_range(argument)
        if read.in_vain:
            message = f"{declaration.key}: {argument.strip()!r} names a pre-release, yet takes none"
            findings.add(declaration, message, "in Flux v1 every comparison must name one")
        return Policy(
            name=_DIALECT,
            update=read.expression,
            versions=VersionScheme.SEMVER,
            allow_downgrade=True,
            source=source,
        )
    if kind == "regex":
        return replace(_every_tag(source), update=read_regex(argument, len(f"{word}:")))
    return _read_glob(declaration, argument if kind else text, findings)


def _read_glob(declaration: Declaration, pattern: str, findings: Findings) -> Policy:
    if not pattern:
        raise InvalidExpression(
            "an empty glob matches no tag", start=0, end=0, hint="* stands for every tag"
        )
    foreign = foreign_characters(pattern)
    if foreign:
        message = f"{declaration.key}: {pattern!r} matches no tag: none has {foreign[0]!r}"
        findings.add(declaration, message, _hint_for_glob(pattern))
    policy = _every_tag(declaration.location)
    return replace(
        policy,
        update=parse_expression(f"glob:{as_shell_pattern(pattern)}"),
        exclude=() if pattern == "latest" else policy.exclude,
    )


def _hint_for_glob(pattern: str) -> str:
    word, colon, _ = pattern.partition(":")
    if colon:
        return nearest(word.lower(), _KIND_OF_PREFIX, "{}:")
    return "* alone has a meaning in a glob of Flux v1"


def _every_tag(source: Location) -> Policy:
    return Policy(
        name=_DIALECT,
        update=parse_expression("glob:*"),
        exclude=(_LATEST_IN_ANY_CASE,),
        allow_downgrade=True,
        source=source,
    )


def _for_tag_in_use(
    policy: Policy, field: ImageField, automated: Declaration, findings: Findings
) -> Policy:
    """Flux compares build times: without a tag in use there is none, and it leaves the container alone."""
    by_build_time = policy.update.kind in {PolicyKind.GLOB, PolicyKind.REGEX}
    if not by_build_time or field.image.tag is not None or field.image.digest is not None:
        return policy
    findings.add(
        automated,
        f"{field.container} is left alone: {field.image} has no tag in use to compare build times with",
        "write one, or a filter semver:RANGE",
    )
    return held(_DIALECT, policy.source or automated.location)


def _report_filters(
    said: dict[str, Declaration], names: Sequence[str], workload: Declared, findings: Findings
) -> None:
    """Those that have no effect. That a workload says `automated: "false"` for now is nobody's mistake."""
    for name, declaration in said.items():
        container = name.removeprefix("tag.")
        if container == name:
            continue
        if container not in names:
            message = f"{declaration.key}: there is no container {container!r}"
            findings.add(declaration, message, nearest(container, filter(None, names)))
        elif not workload.automated:
            findings.add(
                declaration,
                f"{declaration.key} has no effect: the workload is not automated",
                f'{_NEWEST_PREFIX}automated: "true" automates it',
                note=workload.automated is False,
            )


def _report_nothing_to_automate(
    said: dict[str, Declaration], names: Sequence[str], findings: Findings
) -> None:
    if "automated" in said and said["automated"].value == "true" and not any(names):
        message = f"{said['automated'].key} has no effect: there is no image that Flux v1 sees"
        findings.add(said["automated"], message)
