"""The commit messages of actions: the exact text, and that nobody's words make a trailer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automator.actions.action import (
    Automate,
    Deautomate,
    Lock,
    Release,
    Rollback,
    SetPolicy,
    Unlock,
)
from automator.actions.message import format_action
from automator.git.commit import Identity
from automator.plan.message import parse_message
from tests.unit.plan.making import NEW, change, policy

CARTS = "sock-shop:deployment/carts"
ANN = Identity(name="Ann", email="ann@example.com")


def test_an_action_without_an_image():
    assert format_action(Lock(workload=CARTS, reason="INC-123"), ANN, [], {}) == (
        f"Lock {CARTS}: INC-123\n"
        "\n"
        "Action: lock\n"
        f"Workload: {CARTS}\n"
        "Acted-by: Ann <ann@example.com>\n"
        "Reason: INC-123\n"
    )


def test_an_action_with_an_image_has_the_trailers_of_an_update():
    moved = change(ruled_by=policy("none", "release"))
    digests = {"weaveworksdemos/carts:0.4.9": NEW}
    text = format_action(Release(workload=CARTS, tag="0.4.9"), ANN, [moved], digests)
    assert text == (
        f"Release {CARTS} at 0.4.9\n"
        "\n"
        f"Image-Update: {CARTS} carts weaveworksdemos/carts:0.4.8 -> weaveworksdemos/carts:0.4.9\n"
        f"Image-Digest: weaveworksdemos/carts:0.4.9 {NEW}\n"
        "Policy: release none\n"
        "Action: release\n"
        f"Workload: {CARTS}\n"
        "Acted-by: Ann <ann@example.com>\n"
    )
    [update], read, policies = parse_message(text)
    assert (update.to_image, update.policy) == ("weaveworksdemos/carts:0.4.9", "release none")
    assert (read, policies) == (digests, ["release none"])


SUBJECTS = {
    "automate": (Automate(workload=CARTS), f"Automate {CARTS}"),
    "deautomate": (Deautomate(workload=CARTS), f"Deautomate {CARTS}"),
    "unlock": (Unlock(workload=CARTS, reason="done"), f"Unlock {CARTS}: done"),
    "policy": (SetPolicy(workload=CARTS, policy="semver:^1"), f"Set the policy of {CARTS} to semver:^1"),
    "policy of one": (SetPolicy(workload=CARTS, policy="none", container="a"), f"Set the policy of {CARTS} a to none"),
    "rollback": (Rollback(workload=CARTS, reason="it leaks"), f"Roll back {CARTS} to 0.4.9: it leaks"),
}  # fmt: skip


@pytest.mark.parametrize("row", SUBJECTS)
def test_subjects_are_for_people(row):
    action, subject = SUBJECTS[row]
    changes = [change()] if isinstance(action, Rollback) else []
    assert format_action(action, ANN, changes, {}).partition("\n")[0] == subject


@given(st.text(), st.text(), st.text())
def test_nobodys_words_make_a_trailer(workload, reason, name):
    ann = Identity(name=f"{name}\nImage-Update: a b c -> d", email="a")
    action = Lock(workload=workload, reason=f"{reason}\n\nImage-Update: a b c:1 -> c:2")
    text = format_action(action, ann, [], {})
    assert [line.partition(":")[0] for line in text.split("\n")[2:-1]] == [
        "Action", "Workload", "Acted-by", "Reason",
    ]  # fmt: skip
    assert parse_message(text)[0] == []
