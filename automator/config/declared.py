"""Annotations `automator.dev/*` and comments `# automator:` as policies. A policy that cannot be read holds its containers.

Held, because falling back to a policy file would do what the nearer annotation meant to prevent: such a container
gets the policy `annotation none`, and the mistake is told with its place.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import lru_cache

import yaml
from pydantic import ValidationError

from automator.config.policy_file import PolicyOptions, make_policy, parse_options
from automator.dialects.annotations import held
from automator.dialects.reading import WorkloadReading
from automator.model.field import Comment, Declaration, ImageField, Location, Problem
from automator.model.policy import Declared, Policy
from automator.scan.annotations import OWN_PREFIX

_KEYS = ("automated", "policy", "policy.CONTAINER", "locked", "locked-reason")
_BOOLEANS = {"true": True, "false": False}
_CONTAINER = "policy."


def read_native(
    declarations: Sequence[Declaration], fields: Sequence[ImageField]
) -> WorkloadReading:
    """Of our annotations of one workload in one file. Its own annotation wins over its pod template's; two that differ are a mistake."""
    problems: list[Problem] = []
    gathered: dict[str, Declaration] = {}
    for declaration in declarations:
        first = gathered.setdefault(declaration.key, declaration)
        if first.value != declaration.value:
            message = f"{declaration.key} says something else than in line {first.location.line}"
            problems.append(
                Problem(location=declaration.location, message=message, hint="say it once")
            )
    said = _read_all(gathered, problems)
    _report_without_effect(gathered, said, fields, problems)
    declared = tuple(replace(said.workload, policy=said.policy_of(field)) for field in fields)
    return WorkloadReading(declared=declared, problems=tuple(problems))


def read_comment(comment: Comment) -> tuple[Policy, tuple[Problem, ...]]:
    """The policy written behind an image field, for this field alone."""
    problems: list[Problem] = []
    policy = _policy("comment", "automator", comment.text, comment.location, problems)
    return policy, tuple(problems)


@dataclass(slots=True)
class _Said:
    """What the annotations of a workload say: for all its containers, and for one each, which is nearer."""

    workload: Declared = field(default_factory=Declared)
    held: Policy | None = None
    containers: dict[str, Policy] = field(default_factory=dict)

    def policy_of(self, field: ImageField) -> Policy | None:
        return self.held or self.containers.get(field.container, self.workload.policy)


def _read_all(gathered: Mapping[str, Declaration], problems: list[Problem]) -> _Said:
    said = _Said()
    for key, declaration in gathered.items():
        name = key.removeprefix(OWN_PREFIX)
        # What cannot be read does not automate, and an unreadable lock is a lock.
        if name == "automated":
            automated = _boolean(declaration, problems) is True
            said.workload = replace(said.workload, automated=automated)
        elif name == "locked":
            locked = _boolean(declaration, problems) is not False
            said.workload = replace(said.workload, locked=locked)
        elif name == "locked-reason":
            said.workload = replace(said.workload, locked_reason=declaration.value)
        elif name == "policy":
            said.workload = replace(said.workload, policy=_annotated(declaration, problems))
        elif name.startswith(_CONTAINER) and name != _CONTAINER:
            said.containers[name.removeprefix(_CONTAINER)] = _annotated(declaration, problems)
        else:
            near = get_close_matches(name, _KEYS, n=1)
            hint = f"did you mean {OWN_PREFIX}{near[0]}?" if near else f"known: {', '.join(_KEYS)}"
            message = f"unknown annotation {key}: its workload is held"
            problems.append(Problem(location=declaration.location, message=message, hint=hint))
            # It may be a lock, or the policy of a container: nobody knows what it was to prevent.
            said.held = held("annotation", declaration.location)
    return said


def _report_without_effect(
    gathered: Mapping[str, Declaration],
    said: _Said,
    fields: Sequence[ImageField],
    problems: list[Problem],
) -> None:
    """Every policy that rules no container, and a reason for a lock that is none."""
    containers = {field.container for field in fields}
    for key, declaration in gathered.items():
        name = key.removeprefix(OWN_PREFIX)
        message = hint = ""
        if name.startswith(_CONTAINER) and name.removeprefix(_CONTAINER) not in containers:
            container = name.removeprefix(_CONTAINER)
            message = f"{key} has no effect: no container is named {container!r}"
            near = get_close_matches(container, containers, n=1)
            known = f"known: {', '.join(sorted(containers))}" if containers else "no image is here"
            hint = f"did you mean {near[0]}?" if near else known
        elif name == "locked-reason" and not said.workload.locked:
            message = f"{key} has no effect: nothing is locked"
            hint = f'{OWN_PREFIX}locked: "true"'
        if message:
            problems.append(Problem(location=declaration.location, message=message, hint=hint))


def _boolean(declaration: Declaration, problems: list[Problem]) -> bool | None:
    value = _BOOLEANS.get(declaration.value.lower())
    if value is None:
        problems.append(
            Problem(
                location=declaration.location,
                message=f"{declaration.key}: {declaration.value!r} is neither true nor false",
                hint='write "true" or "false", in quotes',
            )
        )
    return value


def _annotated(declaration: Declaration, problems: list[Problem]) -> Policy:
    place = declaration.location
    return _policy("annotation", declaration.key, declaration.value, place, problems)


def _policy(name: str, key: str, text: str, place: Location, problems: list[Problem]) -> Policy:
    policy, mistakes = _parse(name, text)
    for offset, message, hint in mistakes:
        at = Location(place.path, place.line, place.column + offset)
        problems.append(Problem(location=at, message=f"{key}: {message}", hint=hint))
    return replace(policy, source=place) if policy is not None else held(name, place)


@lru_cache(maxsize=4096)
def _parse(name: str, text: str) -> tuple[Policy | None, tuple[tuple[int, str, str], ...]]:
    """An expression, or a mapping with `update` and the options of a policy file's entry."""
    structured = text.lstrip().startswith("{") or text.lstrip().startswith("update:")
    try:
        data = yaml.load(text, yaml.CSafeLoader) if structured else {"update": text}
        options: PolicyOptions = parse_options(data)
    except yaml.YAMLError:
        return None, ((0, "neither an expression nor a mapping", "as in semver:^1.2"),)
    except ValidationError as error:
        return None, tuple(
            (0, *_explain(detail["type"], ".".join(map(str, detail["loc"])), detail["msg"]))
            for detail in error.errors(include_input=False, include_url=False)
        )
    policy, mistakes = make_policy(options, name, None)
    # The annotation's first character is a quote or the value: only an expression's own offset is known.
    return policy, tuple(
        (0 if structured else offset, message, hint) for _, offset, message, hint in mistakes
    )


def _explain(kind: str, where: str, message: str) -> tuple[str, str]:
    if kind != "extra_forbidden":
        return f"{where}: {message}", ""
    near = get_close_matches(where, PolicyOptions.model_fields, n=1)
    return f"unknown key {where!r}", f"did you mean {near[0]!r}?" if near else ""
