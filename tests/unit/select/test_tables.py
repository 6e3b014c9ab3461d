"""The tables of constraints and selections, case by case."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from automator.errors import InvalidExpression
from automator.model.image import Digest, ImageReference, Platform
from automator.model.policy import Policy, TagFilter, VersionScheme
from automator.model.tags import ImageFacts, Observed, TagList
from automator.select.constraint import parse_constraint
from automator.select.evaluate import evaluate, explain
from automator.select.expression import parse_expression
from automator.select.scheme import SCHEMES

TABLES = Path(__file__).parents[2] / "tables"
NOW = datetime(2024, 6, 1, tzinfo=UTC)
TIMES = {
    "epoch": datetime(1970, 1, 1, tzinfo=UTC),
    "future": datetime(2031, 1, 1, tzinfo=UTC),
    "unknown": None,
}


def load(name):
    return yaml.load((TABLES / name).read_text(), yaml.BaseLoader)


def scheme_of(case):
    return VersionScheme(case.get("versions", "automator"))


CONSTRAINTS = load("constraints.yaml")
ALLOWED = [
    (case["range"], scheme_of(case), str(version), allowed)
    for case in CONSTRAINTS
    for key, allowed in (("allows", True), ("not", False))
    for version in case.get(key, [])
]


def test_the_tables_are_as_large_as_promised():
    assert len(ALLOWED) + len(SELECTIONS) >= 150


@pytest.mark.parametrize(("text", "versions", "version", "allowed"), ALLOWED)
def test_constraint(text, versions, version, allowed):
    parsed = SCHEMES[versions].parse(version)
    assert parsed is not None
    assert parse_constraint(text, versions).allows(parsed, prerelease=False) is allowed


@pytest.mark.parametrize(
    ("text", "versions", "wrong"),
    [(case["range"], scheme_of(case), case["error"]) for case in CONSTRAINTS if "error" in case],
)
def test_a_bad_range_says_where(text, versions, wrong):
    with pytest.raises(InvalidExpression) as caught:
        parse_expression(f"semver:{text}", versions) if text else parse_constraint(text, versions)
    offset = len("semver:") if text else 0
    error = caught.value
    if text:
        assert f"semver:{text}"[error.start : error.end] == wrong
        assert error.start >= offset
    assert error.hint


SELECTIONS = load("selections.yaml")


def make_policy(case):
    pattern = case.get("filter")
    return Policy(
        name="table",
        update=parse_expression(case["policy"], scheme_of(case)),
        filter=TagFilter(pattern, case.get("extract", "")) if pattern else None,
        include=tuple(case.get("include", ())),
        exclude=tuple(case.get("exclude", ())),
        platforms=frozenset(map(Platform.parse, case.get("platforms", ()))),
        prerelease=case.get("prerelease") == "true",
        allow_downgrade=case.get("allow_downgrade") == "true",
        allow_variant_change=case.get("allow_variant_change") == "true",
        versions=scheme_of(case),
    )


def make_observed(case):
    names, facts = [], {}
    for text in case["tags"]:
        name, at, when = text.partition("@")
        names.append(name)
        if at:
            day, _, arch = when.partition("+")
            created_at = TIMES[day] if day in TIMES else datetime(2024, 1, int(day), tzinfo=UTC)
            platforms = {Platform("linux", "amd64")} | (
                {Platform("linux", arch)} if arch else set()
            )
            facts[name] = ImageFacts(
                digest=Digest(f"digest of {name}"),
                created_at=created_at,
                first_seen_at=None if day == "unknown" else NOW,
                platforms=frozenset(platforms),
            )
    tag_list = TagList(tags=tuple(names), doubt=case.get("doubt", ""))
    return Observed(tag_list=tag_list, facts=facts)


@pytest.mark.parametrize("case", SELECTIONS, ids=lambda case: case["id"])
def test_selection(case):
    tag = None if case["current"] == "null" else case["current"]
    current, policy, observed = ImageReference("app", tag), make_policy(case), make_observed(case)
    selection = evaluate(policy, current, observed, NOW)
    assert selection.tag == (None if case["selected"] == "null" else case["selected"])
    assert selection.outcome == case.get("outcome", "update")
    if "behind" in case:
        assert selection.behind == int(case["behind"])


@pytest.mark.parametrize("case", SELECTIONS, ids=lambda case: case["id"])
def test_explanation_has_a_verdict_for_every_tag_and_agrees(case):
    tag = None if case["current"] == "null" else case["current"]
    current, policy, observed = ImageReference("app", tag), make_policy(case), make_observed(case)
    verdicts = explain(policy, current, observed, NOW)
    assert sorted(v.tag for v in verdicts) == sorted(set(observed.tag_list.tags))
    accepted = [verdict.tag for verdict in verdicts if verdict.accepted]
    if not observed.tag_list.doubt:
        assert (accepted[0] if accepted else None) == evaluate(policy, current, observed, NOW).tag
