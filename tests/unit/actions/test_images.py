"""Which image was in use before, by the audit log."""

from datetime import UTC, datetime

import pytest

from automator.actions.images import image_before
from automator.errors import UsageError
from automator.model.image import ImageReference
from automator.report.history import HistoryEntry
from tests.unit.plan.making import NEW, OLD, field

CARTS = "weaveworksdemos/carts"
WORKLOAD = "sock-shop:deployment/carts"


def entry(before, after, policy="all semver:^1", workload=WORKLOAD, container="carts"):
    return HistoryEntry(
        commit="0" * 40,
        at=datetime(2024, 1, 1, tzinfo=UTC),
        author="automator",
        workload=workload,
        container=container,
        from_image=before if "/" in before else f"{CARTS}:{before}",
        to_image=f"{CARTS}:{after}",
        policy=policy,
        digest=None,
    )


BACK = "rollback by Ann"
LOGS = {
    "the newest": ([entry("2", "3"), entry("1", "3")], "2"),
    "older images had others before": ([entry("2", "3"), entry("1", "2")], "2"),
    "another container's": ([entry("1", "3", container="proxy"), entry("2", "3")], "2"),
    "another workload's": ([entry("1", "3", workload="x:pod/carts"), entry("2", "3")], "2"),
    "going back is no coming": ([entry("4", "3", BACK), entry("3", "4"), entry("2", "3")], "2"),
    "a policy of that name": ([entry("2", "3", "rollback semver:^1")], "2"),
    "a release": ([entry("2", "3", "release by Ann")], "2"),
    "with its digest": ([entry(f"2@{OLD}", "3")], f"2@{OLD}"),
}


@pytest.mark.parametrize("row", LOGS)
def test_the_image_before(row):
    log, before = LOGS[row]
    assert image_before(field(image=f"{CARTS}:3"), log) == ImageReference.parse(f"{CARTS}:{before}")


def test_the_image_before_another_digest_of_the_same_tag():
    log = [entry(f"3@{OLD}", f"3@{NEW}")]
    found = image_before(field(image=f"{CARTS}:3@{NEW}"), log)
    assert found == ImageReference.parse(f"{CARTS}:3@{OLD}")


UNKNOWN = {
    "an empty log": ([], "does not tell what was before"),
    "set by hand since": ([entry("1", "2")], "does not tell what was before"),
    "another image": ([entry("quay.io/other/carts:1", "3")], "is no tag of the same image"),
    "no tag": ([entry(f"{CARTS}@{OLD}", "3")], "is no tag of the same image"),
    "a person's text": ([entry("%/-- :", "3")], "is no tag of the same image"),
}


@pytest.mark.parametrize("row", UNKNOWN)
def test_what_the_log_does_not_tell_a_person_must(row):
    log, why = UNKNOWN[row]
    with pytest.raises(UsageError, match=why) as refused:
        image_before(field(image=f"{CARTS}:3"), log)
    assert "--to TAG" in refused.value.hint
