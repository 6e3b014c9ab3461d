"""Flux v2's ImagePolicy and ImageRepository objects as policies (image.toolkit.fluxcd.io).

A policy that cannot be read, or that two manifests of one name give differently, is held: every marker of it gets a
policy of kind `none`, because falling back to a policy file would do what the nearer marker meant to prevent.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from automator.dialects.annotations import held
from automator.errors import InvalidExpression, InvalidReference
from automator.model.field import Location, ManifestObject, Problem
from automator.model.image import parse_repository
from automator.model.policy import Expression, Policy, TagFilter, VersionScheme
from automator.select.expression import compile_regex, parse_expression, unanchored

_KINDS = ("semver", "alphabetical", "numerical")
_DIGESTS = {"": (False, False), "Never": (False, False), "IfNotPresent": (True, True), "Always": (True, False)}  # fmt: skip
"""`digestReflectionPolicy` as (pin_digest, keep_digest)."""

_SIGNATURES = "*.sig"
"""What an ImageRepository without `exclusionList` leaves out: its default is `^.*\\.sig$`."""

_WHOLE_MATCH = re.compile(r"(?<!\$)(?:\$\$)*\$(?:0(?!\w)|\{0\})")
"""Go's `$0`: what the pattern matched. Here the pattern is stretched over the whole tag."""

_LEFT_OUT = {
    "spec.secretRef.name": "credentials",
    "spec.certSecretRef.name": "certificates",
    "spec.proxySecretRef.name": "the proxy",
    "spec.serviceAccountName": "credentials",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a marker's `namespace:name` comes to: a policy, and the image repository as its object writes it.

    `image` is empty where the policy is held. `locked_reason` tells what is suspended.
    """

    policy: Policy
    image: str = ""
    locked_reason: str = ""
    source: ManifestObject


class Objects:
    """The objects of one kind by name. What a base leaves without a namespace may be anybody's."""

    def __init__(self, objects: Iterable[ManifestObject]) -> None:
        self.all = tuple(objects)
        self._named: dict[str, list[ManifestObject]] = {}
        for one in self.all:
            self._named.setdefault(one.workload.name, []).append(one)

    def find(self, namespace: str, name: str) -> list[ManifestObject]:
        named = self._named.get(name, [])
        own = [one for one in named if has_namespace(one) and one.workload.namespace == namespace]
        return own or [one for one in named if not has_namespace(one)]

    def hint(self, name: str) -> str:
        same = [one.workload.namespace for one in self._named.get(name, ())]
        near = same or get_close_matches(name, sorted(self._named), n=1)
        if not near:
            return "its manifest belongs in this config repo, inside of `paths`"
        return f"did you mean {near[0]}:{name}?" if same else f"did you mean {near[0]}?"


class Policies:
    """Reads the policies that are asked for, each once. `problems` are all that were met, in order."""

    def __init__(self, policies: Objects, repositories: Objects) -> None:
        self.problems: dict[Problem, None] = {}
        self._policies = policies
        self._repositories = repositories
        self._targets: dict[str, Target | None] = {}
        self._asked_for: set[int] = set()

    def target(self, key: str) -> Target | None:
        """None if no ImagePolicy is named `key`."""
        if key not in self._targets:
            self._targets[key] = self._read(key)
        return self._targets[key]

    def hint(self, key: str) -> str:
        return self._policies.hint(key.partition(":")[2])

    def report_unused(self) -> None:
        """A policy that no marker names is read all the same, so that its mistakes are told, if its namespace is known."""
        for one in self._policies.all:
            if id(one) in self._asked_for:
                continue
            key = f"{one.workload.namespace}:{one.workload.name}"
            if has_namespace(one):
                self.target(key)
            self._report(one.location, f"no marker names ImagePolicy {key}", note=True)

    def _read(self, key: str) -> Target | None:
        namespace, _, name = key.partition(":")
        found = self._policies.find(namespace, name)
        if not found:
            return None
        self._asked_for.update(map(id, found))
        source, mistakes = found[0], _differing("ImagePolicy", key, found)
        if not mistakes:
            target = self._policy(key, source, mistakes)
        self.problems.update(dict.fromkeys(mistakes))
        if mistakes:
            return Target(policy=held(key, source.location), source=source)
        return target

    def _policy(self, key: str, source: ManifestObject, mistakes: list[Problem]) -> Target:
        pin_digest, keep_digest = _digests(source, mistakes)
        policy = Policy(
            name=key,
            update=_update(source, mistakes),
            filter=_filter(source, mistakes),
            pin_digest=pin_digest,
            keep_digest=keep_digest,
            # Flux writes what the policy selects, whatever the image in use is.
            allow_downgrade=True,
            versions=VersionScheme.STRICT,
            source=source.location,
        )
        locked = f"ImagePolicy {key} is suspended" if is_suspended(source) else ""
        target = Target(policy=policy, locked_reason=locked, source=source)
        repository = self._repository(source, key.partition(":")[0], mistakes)
        if repository is None:
            return target
        self._note_what_is_left_out(repository)
        name = f"{repository.workload.namespace}:{repository.workload.name}"
        if not locked and is_suspended(repository):
            locked = f"ImageRepository {name} is suspended"
        return replace(
            target,
            policy=_excluding(policy, repository, mistakes),
            image=_image(repository, mistakes),
            locked_reason=locked,
        )

    def _repository(
        self, source: ManifestObject, namespace: str, mistakes: list[Problem]
    ) -> ManifestObject | None:
        path = "spec.imageRepositoryRef.name"
        name = text_at(source, path)
        if not name:
            mistakes.append(_mistake(source, path, "spec.imageRepositoryRef.name is missing"))
            return None
        namespace = text_at(source, "spec.imageRepositoryRef.namespace") or namespace
        found = self._repositories.find(namespace, name)
        if not found:
            what = f"no ImageRepository {namespace}:{name} in this config repo"
            mistakes.append(_mistake(source, path, what, self._repositories.hint(name)))
            return None
        mistakes += _differing("ImageRepository", f"{namespace}:{name}", found)
        return found[0]

    def _note_what_is_left_out(self, repository: ManifestObject) -> None:
        for path, what in _LEFT_OUT.items():
            if text_at(repository, path):
                self._report(
                    place_of(repository, path),
                    f"{what} of an ImageRepository are not read here",
                    "say them under registries in automator.yaml",
                    note=True,
                )
        if text_at(repository, "spec.insecure").lower() == "true":
            self._report(
                place_of(repository, "spec.insecure"),
                "spec.insecure has no effect here",
                "say insecure: true under registries in automator.yaml",
                note=True,
            )

    def _report(self, location: Location, message: str, hint: str = "", *, note: bool) -> None:
        self.problems[Problem(location=location, message=message, hint=hint, note=note)] = None


def text_at(source: ManifestObject, path: str) -> str:
    found = source.values.get(path)
    return "" if found is None else found.text


def place_of(source: ManifestObject, path: str) -> Location:
    """Where the value is written, or the object that lacks it."""
    found = source.values.get(path)
    return source.location if found is None else found.location


def has_namespace(source: ManifestObject) -> bool:
    return "metadata.namespace" in source.values


def is_suspended(source: ManifestObject) -> bool:
    return text_at(source, "spec.suspend").lower() == "true"


def _mistake(source: ManifestObject, path: str, message: str, hint: str = "") -> Problem:
    return Problem(location=place_of(source, path), message=message, hint=hint)


def _differing(kind: str, key: str, found: Sequence[ManifestObject]) -> list[Problem]:
    """One name, two meanings: which of them a marker means depends on the cluster, which is not known here."""
    first = _said(found[0])
    return [
        Problem(
            location=other.location,
            message=f"{kind} {key} says something else than in {found[0].location}",
            hint="give one of them another name, or leave one out with `paths`",
        )
        for other in found[1:]
        if _said(other) != first
    ]


def _said(source: ManifestObject) -> dict[str, str]:
    return {path: value.text for path, value in source.values.items() if path.startswith("spec.")}


def _update(source: ManifestObject, mistakes: list[Problem]) -> Expression:
    kinds = [kind for kind in _KINDS if _says_kind(source, kind)]
    if len(kinds) != 1:
        what = f"says {' and '.join(kinds)}" if kinds else "says none of them"
        mistakes.append(
            _mistake(
                source,
                "spec.policy",
                f"spec.policy {what}",
                "one of semver, alphabetical, numerical",
            )
        )
        return parse_expression("none")
    kind = kinds[0]
    path = "spec.policy.semver.range" if kind == "semver" else f"spec.policy.{kind}.order"
    argument = text_at(source, path)
    if kind != "semver":
        argument = argument.lower() or "asc"
    try:
        return parse_expression(f"{kind}:{argument}", VersionScheme.STRICT)
    except InvalidExpression as error:
        mistakes.append(_mistake(source, path, f"{path}: {error.message}", error.hint))
        return parse_expression("none")


def _says_kind(source: ManifestObject, kind: str) -> bool:
    """Also `alphabetical: {}`, which has no scalar."""
    path = f"spec.policy.{kind}"
    return text_at(source, path) == "{}" or any(at.startswith(f"{path}.") for at in source.values)


def _filter(source: ManifestObject, mistakes: list[Problem]) -> TagFilter | None:
    path = "spec.filterTags.pattern"
    pattern, extract = text_at(source, path), text_at(source, "spec.filterTags.extract")
    if not pattern:
        if extract:
            what = "spec.filterTags.extract stands without a pattern"
            mistakes.append(_mistake(source, "spec.filterTags.extract", what, "add the pattern"))
        return None
    if _WHOLE_MATCH.search(extract):
        what, hint = "$0 cannot be extracted here", "put a group around the pattern: $1"
        mistakes.append(_mistake(source, "spec.filterTags.extract", what, hint))
    try:
        return TagFilter(unanchored(pattern), extract)
    except InvalidExpression as error:
        mistakes.append(_mistake(source, path, f"{path}: {error.message}", error.hint))
        return None


def _digests(source: ManifestObject, mistakes: list[Problem]) -> tuple[bool, bool]:
    path = "spec.digestReflectionPolicy"
    said = text_at(source, path)
    if said not in _DIGESTS:
        hint = "Never, IfNotPresent or Always"
        mistakes.append(_mistake(source, path, f"{path}: {said!r} is not known", hint))
    return _DIGESTS.get(said, (False, False))


def _excluding(policy: Policy, repository: ManifestObject, mistakes: list[Problem]) -> Policy:
    """The default, signatures, stands for a missing list; an empty one leaves out nothing."""
    said = text_at(repository, "spec.exclusionList")
    paths = [path for path in repository.values if path.startswith("spec.exclusionList.")]
    if not paths and said != "[]":
        return replace(policy, exclude=(_SIGNATURES,))
    for path in paths:
        try:
            compile_regex(text_at(repository, path))
        except InvalidExpression as error:
            mistakes.append(_mistake(repository, path, f"{path}: {error.message}", error.hint))
    return replace(policy, exclude_matching=tuple(text_at(repository, path) for path in paths))


def _image(repository: ManifestObject, mistakes: list[Problem]) -> str:
    path = "spec.image"
    image = text_at(repository, path)
    scheme, separator, rest = image.partition("://")
    if separator:
        what, hint = f"{path} begins with a scheme: {scheme}://", f"write {rest}"
        mistakes.append(_mistake(repository, path, what, hint))
        return ""
    try:
        parse_repository(image)
    except InvalidReference as error:
        hint = "an image repository, without tag and digest"
        mistakes.append(_mistake(repository, path, f"{path}: {error.message}", hint))
        return ""
    return image
