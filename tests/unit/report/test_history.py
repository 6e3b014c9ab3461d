"""The audit log, from the messages of commits."""

from datetime import UTC, datetime

import pytest

from automator.actions.action import Lock
from automator.actions.message import format_action
from automator.git.commit import Identity
from automator.git.history import LoggedCommit
from automator.plan.message import format_message
from automator.report.history import HistoryEntry, history_entries
from tests.unit.plan.making import NEW, OLD, change, policy

AT = datetime(2024, 5, 15, 12, 0, tzinfo=UTC)
CARTS = "weaveworksdemos/carts"


def commit(message, id_="c0ffee"):
    return LoggedCommit(id=id_, author="automator", at=AT, message=message)


def test_each_update_is_an_entry_with_its_own_policy_and_digest():
    message = format_message(
        [
            change(),
            change(
                to=f"redis:5@{NEW}",
                image=f"redis:4@{OLD}",
                container="cache",
                ruled_by=policy("latest", "annotation"),
            ),
        ],
        {},
    )
    common = {
        "commit": "c0ffee",
        "at": AT,
        "author": "automator",
        "workload": "sock-shop:deployment/carts",
    }
    assert history_entries([commit(message)]) == [
        HistoryEntry(
            **common,
            container="cache",
            from_image=f"redis:4@{OLD}",
            to_image=f"redis:5@{NEW}",
            policy="annotation latest",
            digest=NEW,
        ),
        HistoryEntry(
            **common,
            container="carts",
            from_image=f"{CARTS}:0.4.8",
            to_image=f"{CARTS}:0.4.9",
            policy="sock-shop semver:^0.4",
            digest=None,
        ),
    ]


def test_the_order_of_the_commits_is_kept():
    commits = [
        commit(format_message([change(to=f"{CARTS}:0.4.{n}")], {}), str(n)) for n in (12, 11, 10)
    ]
    assert [entry.commit for entry in history_entries(commits)] == ["12", "11", "10"]


def test_a_commit_of_somebody_else_has_no_entry():
    assert history_entries([commit("Fix a typo\n\nSigned-off-by: A <a@example.com>\n")]) == []


def test_an_update_without_a_policy_has_none():
    [entry] = history_entries([commit("x\n\nImage-Update: a:b/c d e:1 -> e:2\n")])
    assert (entry.policy, entry.digest) == (None, None)


LOCK = Lock(workload="sock-shop:deployment/carts", reason="INC-123: 100% broken")


def test_an_action_that_moved_no_image_is_an_entry_that_says_who_did_what_and_why():
    message = format_action(LOCK, Identity(name="Ann", email="ann@example.com"), [], {})
    [entry] = history_entries([commit(message)])
    assert (entry.workload, entry.policy) == (LOCK.workload, "lock by Ann: INC-123: 100% broken")
    assert (entry.container, entry.from_image, entry.to_image) == ("", "", "")


@pytest.mark.parametrize(
    "message",
    [
        "Lock carts\n\nAction: lock\nWorkload: sock-shop:deployment/carts\n",
        "Action: lock\nWorkload: a\nActed-by: b",
        "Say it\n\nAction: lock\nWorkload: a\nActed-by: b\n\nin the midst of a text\n",
    ],
)
def test_what_only_looks_like_an_action_is_none(message):
    assert history_entries([commit(message)]) == []
