"""Flux v2's ImageUpdateAutomation objects: which markers they reach, and what of them is said elsewhere here.

An automation writes the markers below its `spec.update.path` whose ImagePolicy stands in its own namespace and is
chosen by its `policySelector`. A config repo that holds no automation is taken as reached everywhere.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from automator.dialects.flux2_policies import has_namespace, is_suspended, place_of, text_at
from automator.dialects.paths import clean_segments
from automator.model.field import ManifestObject, Problem, RepoPath

_VARIABLE = re.compile(r"\$\{[^}]*\}")

_SAID_ELSEWHERE = {
    "spec.git.commit.author.": "the author of update commits",
    "spec.git.commit.messageTemplate": "the message of update commits",
    "spec.git.commit.signingKey.": "the signature of update commits",
    "spec.git.push.": "where update commits are pushed",
    "spec.git.checkout.ref.": "the branch that is read",
}
_STRATEGIES = ("", "Setters")
_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")
_LABELS = "metadata.labels."
_MATCH_LABELS = "spec.policySelector.matchLabels."
_MATCH_EXPRESSIONS = "spec.policySelector.matchExpressions."


@dataclass(frozen=True, slots=True)
class Reach:
    """`missing` says why no automation writes a marker; `locked_reason` tells that all that would are suspended."""

    missing: str = ""
    hint: str = ""
    locked_reason: str = ""


class Automations:
    def __init__(self, objects: Sequence[ManifestObject]) -> None:
        self._all = [(one, _compile_path(text_at(one, "spec.update.path"))) for one in objects]
        self.problems = [problem for one in objects for problem in _problems(one)]

    def reach(self, path: RepoPath, namespace: str, policy: ManifestObject) -> Reach:
        """For a marker in the file that names the policy as one of `namespace`."""
        if not self._all:
            return Reach()
        here = [one for one, below in self._all if below.fullmatch(f"/{path}")]
        if not here:
            paths = sorted({text_at(one, "spec.update.path") for one, _ in self._all})
            hint = f"spec.update.path is {', '.join(paths)}"
            return Reach("no ImageUpdateAutomation reaches this file", hint)
        choosing = [one for one in here if _chooses(one, namespace, policy)]
        if not choosing:
            what = (
                f"no ImageUpdateAutomation chooses ImagePolicy {namespace}:{policy.workload.name}"
            )
            return Reach(
                what,
                "see the namespace, policySelector and update strategy of those that reach the file",
            )
        if all(map(is_suspended, choosing)):
            workload = choosing[0].workload
            name = f"{workload.namespace}:{workload.name}"
            return Reach(locked_reason=f"ImageUpdateAutomation {name} is suspended")
        return Reach()


def _compile_path(path: str) -> re.Pattern[str]:
    """All below a folder. A variable stands for any text."""
    segments = (
        ".*".join(map(re.escape, _VARIABLE.split(segment))) for segment in clean_segments(path)
    )
    return re.compile("".join(f"/{segment}" for segment in segments) + "/.*", re.DOTALL)


def _chooses(automation: ManifestObject, namespace: str, policy: ManifestObject) -> bool:
    elsewhere = has_namespace(automation) and automation.workload.namespace != namespace
    if elsewhere or text_at(automation, "spec.update.strategy") not in _STRATEGIES:
        return False
    labels = {
        path.removeprefix(_LABELS): value.text
        for path, value in policy.values.items()
        if path.startswith(_LABELS)
    }
    wanted = {
        path.removeprefix(_MATCH_LABELS): value.text
        for path, value in automation.values.items()
        if path.startswith(_MATCH_LABELS)
    }
    if not wanted.items() <= labels.items():
        return False
    return all(_holds(automation, at, labels) for at in _expressions(automation))


def _expressions(automation: ManifestObject) -> list[str]:
    """The paths of the entries of `matchExpressions`."""
    found = dict.fromkeys(
        _MATCH_EXPRESSIONS + path.removeprefix(_MATCH_EXPRESSIONS).partition(".")[0]
        for path in automation.values
        if path.startswith(_MATCH_EXPRESSIONS)
    )
    return list(found)


def _holds(automation: ManifestObject, at: str, labels: dict[str, str]) -> bool:
    label = labels.get(text_at(automation, f"{at}.key"))
    values = {
        value.text for path, value in automation.values.items() if path.startswith(f"{at}.values.")
    }
    match text_at(automation, f"{at}.operator"):
        case "In":
            return label in values
        case "NotIn":
            return label not in values
        case "Exists":
            return label is not None
        case "DoesNotExist":
            return label is None
        case _:
            return False


def _problems(automation: ManifestObject) -> list[Problem]:
    problems = []
    for prefix, what in _SAID_ELSEWHERE.items():
        first = next((path for path in automation.values if path.startswith(prefix)), None)
        if first is not None:
            problems.append(
                Problem(
                    location=automation.values[first].location,
                    message=f"{what}: not read from an ImageUpdateAutomation",
                    hint="use automator.yaml",
                    note=True,
                )
            )
    path = "spec.update.path"
    if _VARIABLE.search(text_at(automation, path)):
        what = f"{path} holds a variable, which stands for any text here"
        problems.append(Problem(location=place_of(automation, path), message=what, note=True))
    path = "spec.update.strategy"
    if text_at(automation, path) not in _STRATEGIES:
        what = f"{path}: {text_at(automation, path)!r} is not known"
        problems.append(
            Problem(location=place_of(automation, path), message=what, hint="only Setters")
        )
    for at in _expressions(automation):
        operator = f"{at}.operator"
        if text_at(automation, operator) not in _OPERATORS:
            what = f"{operator}: {text_at(automation, operator)!r} is not known"
            hint = ", ".join(_OPERATORS)
            problems.append(
                Problem(location=place_of(automation, operator), message=what, hint=hint)
            )
    return problems
