"""Why a tag is no candidate where versions are read as other tools do, and the order that they come in."""

from datetime import UTC, datetime

import pytest

from automator.model.image import ImageReference
from automator.model.policy import Policy, VersionScheme
from automator.model.selection import Reason
from automator.model.tags import Observed, TagList
from automator.select.evaluate import evaluate, explain
from automator.select.expression import parse_expression

NOW = datetime(2024, 6, 1, tzinfo=UTC)
CURRENT = ImageReference("app", "1.27")


def make_policy(scheme, update="semver:^1", **options):
    versions = VersionScheme(scheme)
    update = parse_expression(update, versions)
    return Policy(name="p", update=update, versions=versions, **options)


def observe(*tags):
    return Observed(tag_list=TagList(tags=tags))


@pytest.mark.parametrize(
    ("tag", "automator", "semver", "strict"),
    [
        ("1.28", Reason.SELECTED, Reason.SELECTED, Reason.NOT_A_VERSION),
        ("1.28.3", Reason.OTHER_PRECISION, Reason.SELECTED, Reason.SELECTED),
        ("1.28.3-alpine", Reason.OTHER_VARIANT, Reason.PRERELEASE, Reason.PRERELEASE),
        ("1.28-rc.1", Reason.PRERELEASE, Reason.PRERELEASE, Reason.NOT_A_VERSION),
        ("01.28.3", Reason.NOT_A_VERSION, Reason.SELECTED, Reason.SELECTED),
        ("1.28.3+b", Reason.NOT_A_VERSION, Reason.SELECTED, Reason.SELECTED),
        ("1.28.3_b", Reason.NOT_A_VERSION, Reason.NOT_A_VERSION, Reason.NOT_A_VERSION),
        ("1.28.3-04", Reason.OTHER_PRECISION, Reason.NOT_A_VERSION, Reason.NOT_A_VERSION),
        ("2.0.0-alpine", Reason.OTHER_VARIANT, Reason.OUTSIDE_RANGE, Reason.OUTSIDE_RANGE),
        ("2", Reason.OTHER_PRECISION, Reason.OUTSIDE_RANGE, Reason.NOT_A_VERSION),
        ("latest", Reason.NOT_A_VERSION, Reason.NOT_A_VERSION, Reason.NOT_A_VERSION),
    ],
)
def test_reason(tag, automator, semver, strict):
    reasons = [
        explain(make_policy(scheme), CURRENT, observe(tag), NOW)[0].reason
        for scheme in VersionScheme
    ]
    assert reasons == [automator, semver, strict]


# Each is the same version as its neighbours in the line, and stands before them.
EQUAL = ["1.27", "v1.27.0", "v1.27", "1.27.0"]


@pytest.mark.parametrize("at", range(1, len(EQUAL)))
def test_order_of_equal_versions(at):
    tags = observe(*reversed(EQUAL))
    verdicts = explain(make_policy("semver"), CURRENT, tags, NOW)
    assert [verdict.tag for verdict in verdicts] == EQUAL
    selection = evaluate(make_policy("semver"), CURRENT, observe(*EQUAL[at:]), NOW)
    assert selection.tag == EQUAL[at]


def test_variants_and_precision_need_no_permission_where_there_are_none():
    policies = [make_policy("semver", allow_variant_change=allowed) for allowed in (False, True)]
    tags = observe("1.28", "1.28.3", "1.28.4-alpine")
    one, other = (explain(policy, CURRENT, tags, NOW) for policy in policies)
    assert one == other


@pytest.mark.parametrize("scheme", VersionScheme)
def test_a_number_that_no_tag_can_hold_is_refused_not_read(scheme):
    policy = make_policy(scheme)
    tag = "1." + "9" * 5000
    assert explain(policy, CURRENT, observe(tag), NOW)[0].reason is Reason.NOT_A_VERSION
