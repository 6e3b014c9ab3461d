"""Annotations `automator.dev/*` of workloads, as policies. A policy that cannot be read holds its containers.

Held, because falling back to a policy file would do what the nearer annotation meant to prevent: such a container
gets the policy `annotation none`, and the mistake is told with its place.
"""

from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from functools import lru_cache

import yaml
from pydantic import ValidationError

from automator.config.policy_file import PolicyOptions, make_policy, parse_options
from automator.model.field import Declaration, Location, Problem
from automator.model.policy import Declared, Expression, Policy, PolicyKind
from automator.model.workload import WorkloadId

PREFIX = "automator.dev/"

_KEYS = ("automated", "policy", "policy.CONTAINER", "locked", "locked-reason")
_BOOLEANS = {"true": True, "false": False}
_HELD = Policy(name="annotation", update=Expression(PolicyKind.NONE, "", "none"))


def read_declared(
    declarations: Sequence[Declaration],
) -> tuple[dict[WorkloadId, Declared], tuple[Problem, ...]]:
    """The workload's own annotation wins over its pod template's; two that differ are a mistake."""
    gathered: dict[WorkloadId, dict[str, Declaration]] = {}
    problems: list[Problem] = []
    for declaration in declarations:
        values = gathered.setdefault(declaration.workload, {})
        first = values.setdefault(declaration.key, declaration)
        if first.value != declaration.value:
            problems.append(
                Problem(
                    location=declaration.location,
                    message=f"{declaration.key} says something else than in line {first.location.line}",
                    hint="say it once",
                )
            )
    declared = {workload: _declare(found, problems) for workload, found in gathered.items()}
    return declared, tuple(problems)


def _declare(values: dict[str, Declaration], problems: list[Problem]) -> Declared:
    result = Declared()
    containers: list[tuple[str, Policy]] = []
    for key, declaration in values.items():
        name = key.removeprefix(PREFIX)
        if name in {"automated", "locked"}:
            value = _boolean(declaration, problems)
            if name == "automated":
                # What cannot be read does not automate, and an unreadable lock is a lock.
                result = replace(result, automated=value is True)
            else:
                result = replace(result, locked=value is not False)
        elif name == "locked-reason":
            result = replace(result, locked_reason=declaration.value)
        elif name == "policy":
            result = replace(result, policy=_policy(declaration, problems))
        elif name.startswith("policy.") and name != "policy.":
            container = name.removeprefix("policy.")
            containers.append((container, _policy(declaration, problems)))
        else:
            near = get_close_matches(name, _KEYS, n=1)
            hint = f"did you mean {PREFIX}{near[0]}?" if near else f"known: {', '.join(_KEYS)}"
            problems.append(
                Problem(
                    location=declaration.location, message=f"unknown annotation {key}", hint=hint
                )
            )
    return replace(result, containers=tuple(containers))


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


def _policy(declaration: Declaration, problems: list[Problem]) -> Policy:
    policy, mistakes = _parse(declaration.value)
    place = declaration.location
    for offset, message, hint in mistakes:
        at = Location(place.path, place.line, place.column + offset)
        problems.append(Problem(location=at, message=f"{declaration.key}: {message}", hint=hint))
    return replace(policy or _HELD, source=place)


@lru_cache(maxsize=4096)
def _parse(text: str) -> tuple[Policy | None, tuple[tuple[int, str, str], ...]]:
    """An expression, or a mapping with `update` and the options of a policy file's entry."""
    structured = text.lstrip().startswith("{") or text.lstrip().startswith("update:")
    try:
        data = yaml.load(text, yaml.CSafeLoader) if structured else {"update": text}
        options: PolicyOptions = parse_options(data)
    except yaml.YAMLError:
        return None, ((0, "neither an expression nor a mapping", "as in semver:^1.2"),)
    except ValidationError as error:
        return None, tuple(
            (0, f"{'.'.join(map(str, detail['loc']))}: {detail['msg']}", "")
            for detail in error.errors(include_input=False, include_url=False)
        )
    policy, mistakes = make_policy(options, "annotation", None)
    # The annotation's first character is a quote or the value: only an expression's own offset is known.
    return policy, tuple(
        (0 if structured else offset, message, hint) for _, offset, message, hint in mistakes
    )
