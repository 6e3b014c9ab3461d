"""Which policy is nearest to a container: its own annotation, its workload's, then the first rule that matches.

Knows nothing of tags: whether a policy has candidates is select's business.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from fnmatch import translate

from wcmatch import glob

from automator.errors import InvalidReference
from automator.model.field import ImageField
from automator.model.image import DOCKER_HUB, parse_repository
from automator.model.policy import Declared, Policy, Rule

_PATH_FLAGS = glob.GLOBSTAR | glob.DOTGLOB | glob.FORCEUNIX
_MOST_REMEMBERED = 1 << 16
_MOST_RULE_SETS = 16

Test = Callable[[str], object]


def nearest_policy(
    field: ImageField, declared: Declared | None, rules: Sequence[Rule]
) -> Policy | None:
    """None if nothing gives a policy, or it is declared that the field is not automated.

    A policy of kind `none` is returned as it stands: it is the reason why the container is left alone.
    """
    if declared is not None:
        if declared.automated is False:
            return None
        if declared.policy is not None:
            return declared.policy
    return _rule_set(rules).first(field)


def combine_declared(*said: Declared | None) -> Declared | None:
    """What several sources say of one field, the nearest first: the first that rules it, and every lock."""
    spoken = [declared for declared in said if declared is not None]
    if len(spoken) <= 1:
        return spoken[0] if spoken else None
    ruling = next((declared for declared in spoken if is_ruled(declared)), spoken[0])
    lock = next((declared for declared in spoken if declared.locked), ruling)
    return replace(ruling, locked=lock.locked, locked_reason=lock.locked_reason)


def is_ruled(declared: Declared | None) -> bool:
    return declared is not None and not (declared.policy is None and declared.automated is None)


def unmatched_rules(rules: Sequence[Rule], fields: Iterable[ImageField]) -> list[Rule]:
    """The rules that match no field at all; a rule that an earlier one hides still matches."""
    rule_set, matched = _RuleSet(rules), 0
    for field in fields:
        matched |= rule_set.matching(field)
    return [rule for index, rule in enumerate(rules) if not matched >> index & 1]


class _Patterns:
    """One property of all rules: which of them accept a value, as a bit mask, remembered for each distinct value."""

    def __init__(self, patterns: Iterable[str], compile_: Callable[[str], Test]) -> None:
        bits: dict[str, int] = {}
        for index, pattern in enumerate(patterns):
            bits[pattern] = bits.get(pattern, 0) | 1 << index
        self._tests = [(compile_(pattern), mask) for pattern, mask in bits.items()]
        self._remembered: dict[str, int] = {}

    def matching(self, value: str) -> int:
        known = self._remembered.get(value)
        if known is not None:
            return known
        mask = 0
        for accepts, rules in self._tests:
            if accepts(value):
                mask |= rules
        if len(self._remembered) >= _MOST_REMEMBERED:
            self._remembered.clear()
        self._remembered[value] = mask
        return mask


class _RuleSet:
    """Rules compiled once. Rule i of the file is bit i, so the lowest bit that is set is the first match."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        matches = [rule.match for rule in rules]
        self._rules = tuple(rules)
        self._namespace = _Patterns((match.namespace for match in matches), _compile_shell)
        self._container = _Patterns((match.container for match in matches), _compile_shell)
        self._image = _Patterns((match.image for match in matches), _compile_image)
        self._workload = _Patterns((match.workload for match in matches), _compile_workload)
        self._path = _Patterns((match.path for match in matches), _compile_path)

    def matching(self, field: ImageField) -> int:
        """What has few distinct values is asked first; workload and path only if a rule is left."""
        mask = self._namespace.matching(field.workload.namespace)
        mask &= self._container.matching(field.container)
        mask &= self._image.matching(field.image.name)
        if mask:
            mask &= self._workload.matching(str(field.workload))
        if mask:
            mask &= self._path.matching(field.location.path)
        return mask

    def first(self, field: ImageField) -> Policy | None:
        mask = self.matching(field)
        return self._rules[(mask & -mask).bit_length() - 1].policy if mask else None


_rule_sets: dict[tuple[int, ...], _RuleSet] = {}


def _rule_set(rules: Sequence[Rule]) -> _RuleSet:
    """Found again by the rules' identities, which the set keeps alive: hashing 20 rules for each of 10,000 fields
    takes longer than matching them.
    """
    key = tuple(map(id, rules))
    known = _rule_sets.get(key)
    if known is None:
        if len(_rule_sets) >= _MOST_RULE_SETS:
            _rule_sets.clear()
        known = _rule_sets[key] = _RuleSet(rules)
    return known


def _compile_shell(pattern: str) -> Test:
    return re.compile(translate(pattern)).match


def _compile_path(pattern: str) -> Test:
    return glob.compile(pattern, flags=_PATH_FLAGS).match


def _compile_workload(pattern: str) -> Test:
    """`deployment/*` is tried on `kind/name`, `shop:deployment/*` on the full id. Kinds are written in any case."""
    head, slash, name = pattern.rpartition("/")
    namespace, colon, kind = head.rpartition(":")
    accepts = _compile_shell(f"{namespace}{colon}{kind.lower()}{slash}{name}")
    return lambda workload: accepts(workload) or accepts(workload.partition(":")[2])


def _compile_image(pattern: str) -> Test:
    accepts = _compile_shell(pattern)
    return lambda name: any(map(accepts, _spellings(name)))


def _spellings(name: str) -> tuple[str, ...]:
    """As written, in canonical form, and for Docker Hub also without its host and without `library/`."""
    try:
        repository = parse_repository(name)
    except InvalidReference:
        return (name,)
    if repository.host != DOCKER_HUB:
        return (name, str(repository))
    path = repository.path.removeprefix("library/")
    return (name, str(repository), repository.path, f"{DOCKER_HUB}/{path}", path)
