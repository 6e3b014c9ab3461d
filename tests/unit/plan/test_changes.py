"""The decision about one container: every status, every reason, every way to write the new image."""

from datetime import timedelta

import pytest

from automator.model.plan import Change, Status
from automator.model.policy import Declared
from automator.model.selection import Outcome, Selection
from automator.plan.changes import plan_field
from tests.unit.plan.making import NEW, NOW, OLD, field, policy, selection

CARTS = "weaveworksdemos/carts"
FACTS = {"digest": NEW, "created_at": NOW - timedelta(hours=1)}


def decide(image=f"{CARTS}:0.4.8", by=None, chosen=None, declared=None, failure=None):
    by = policy() if by is None else by
    return plan_field(field(image), by, declared, chosen, failure, NOW)


@pytest.mark.parametrize(
    ("image", "by", "chosen", "to", "reason"),
    [
        pytest.param(
            f"{CARTS}:0.4.8",
            policy(),
            selection(behind=2),
            f"{CARTS}:0.4.9",
            "newest in semver:^0.4, 2 versions ahead",
            id="semver",
        ),
        pytest.param(
            f"{CARTS}:0.4.8",
            policy(),
            selection(behind=1, **FACTS),
            f"{CARTS}:0.4.9",
            "newest in semver:^0.4, 1 version ahead",
            id="an image without a digest gets none, though it is known",
        ),
        pytest.param(
            f"{CARTS}:nightly",
            policy(),
            selection(behind=0),
            f"{CARTS}:0.4.9",
            "newest in semver:^0.4",
            id="the image in use has no rank",
        ),
        pytest.param(
            CARTS,
            policy(),
            selection(behind=0),
            f"{CARTS}:0.4.9",
            "newest in semver:^0.4",
            id="bare",
        ),
        pytest.param(
            "docker.io/library/redis:4",
            policy(),
            selection(tag="5", behind=1),
            "docker.io/library/redis:5",
            "newest in semver:^0.4, 1 version ahead",
            id="the name stays as written",
        ),
        pytest.param(
            f"{CARTS}:main-1",
            policy("glob:main-*"),
            selection(tag="main-3", behind=2, **FACTS),
            f"{CARTS}:main-3",
            "newest build of glob:main-*, 2 builds ahead",
            id="newest build",
        ),
        pytest.param(
            f"{CARTS}:a",
            policy("alphabetical:asc"),
            selection(tag="b", behind=1),
            f"{CARTS}:b",
            "first in alphabetical:asc, 1 tag ahead",
            id="alphabetical",
        ),
        pytest.param(
            f"{CARTS}:0.4.8@{OLD}",
            policy(),
            selection(behind=1, **FACTS),
            f"{CARTS}:0.4.9@{NEW}",
            "newest in semver:^0.4, 1 version ahead",
            id="a pinned image moves tag and digest together",
        ),
        pytest.param(
            f"{CARTS}:0.4.8",
            policy(pin_digest=True),
            selection(behind=1, **FACTS),
            f"{CARTS}:0.4.9@{NEW}",
            "newest in semver:^0.4, 1 version ahead",
            id="pin_digest writes the digest",
        ),
        pytest.param(
            f"{CARTS}:0.4.9",
            policy(pin_digest=True),
            selection(behind=0, **FACTS),
            f"{CARTS}:0.4.9@{NEW}",
            "pinned to the digest of 0.4.9",
            id="pin_digest on the tag in use",
        ),
        pytest.param(
            f"{CARTS}:0.4.9@{OLD}",
            policy(pin_digest=True),
            selection(behind=0, **FACTS),
            f"{CARTS}:0.4.9@{NEW}",
            "new digest of 0.4.9",
            id="pin_digest follows a tag that was pushed again",
        ),
        pytest.param(
            f"{CARTS}:stable@{OLD}",
            policy("digest:stable"),
            selection(tag="stable", behind=0, **FACTS),
            f"{CARTS}:stable@{NEW}",
            "new digest of stable",
            id="digest: the tag is kept, its digest followed",
        ),
        pytest.param(
            f"{CARTS}:stable",
            policy("digest:stable"),
            selection(tag="stable", behind=0, **FACTS),
            f"{CARTS}:stable@{NEW}",
            "pinned to the digest of stable",
            id="digest: written for the first time",
        ),
        pytest.param(
            CARTS,
            policy("digest:stable"),
            selection(tag="stable", behind=0, **FACTS),
            f"{CARTS}:stable@{NEW}",
            "pinned to the digest of stable",
            id="digest: the tag is written where there was none",
        ),
        pytest.param(
            f"{CARTS}:old@{OLD}",
            policy("digest:stable"),
            selection(tag="stable", behind=0, **FACTS),
            f"{CARTS}:stable@{NEW}",
            "new digest of stable",
            id="digest: never the followed digest beside another tag",
        ),
        pytest.param(
            f"{CARTS}@{OLD}",
            policy("digest:stable"),
            selection(tag="stable", behind=0, **FACTS),
            f"{CARTS}@{NEW}",
            "new digest of stable",
            id="digest: a digest without a tag stays without",
        ),
        pytest.param(
            f"{CARTS}@{OLD}",
            policy(pin_digest=True, allow_downgrade=True),
            selection(behind=0, **FACTS),
            f"{CARTS}@{NEW}",
            "new digest of 0.4.9",
            id="pin_digest and allow_downgrade: a digest alone follows the selection",
        ),
        pytest.param(
            f"{CARTS}:0.4.8@{OLD}",
            policy(pin_digest=True, keep_digest=True),
            selection(behind=1, **FACTS),
            f"{CARTS}:0.4.9@{NEW}",
            "newest in semver:^0.4, 1 version ahead",
            id="keep_digest: another tag brings its own",
        ),
    ],
)
def test_changes(image, by, chosen, to, reason):
    decision = decide(image, by, chosen)
    assert isinstance(decision, Change)
    assert (str(decision.to), decision.reason, decision.policy) == (to, reason, by)


@pytest.mark.parametrize(
    ("given", "status", "reason"),
    [
        pytest.param(
            {"by": policy("none", "legacy")}, Status.NO_POLICY, "excluded by legacy", id="excluded"
        ),
        pytest.param(
            {"failure": "registry.example.com: no answer"},
            Status.REGISTRY_FAILING,
            "registry failing: registry.example.com: no answer",
            id="registry failing",
        ),
        pytest.param(
            {"failure": "no answer", "chosen": selection()},
            Status.REGISTRY_FAILING,
            "registry failing: no answer",
            id="nothing moves by a selection from before the failure",
        ),
        pytest.param({}, Status.REGISTRY_FAILING, "not observed yet", id="not observed yet"),
        pytest.param(
            {"chosen": Selection(outcome=Outcome.INCOMPLETE, doubt="2 tags of 40")},
            Status.HELD,
            "tag list incomplete: 2 tags of 40",
            id="tag list incomplete",
        ),
        pytest.param(
            {"chosen": Selection(outcome=Outcome.WARMING, known=12, pending=30)},
            Status.WARMING,
            "warming: 12 of 42 tags are read",
            id="warming",
        ),
        pytest.param(
            {"chosen": selection(Outcome.IN_USE_MISSING, "0.4.9", 0)},
            Status.HELD,
            "tag in use not found: nobody can tell whether weaveworksdemos/carts:0.4.8 is older;"
            " allow_downgrade takes any",
            id="the tag in use is gone",
        ),
        pytest.param(
            {"chosen": selection(Outcome.IN_USE_UNDATED, "0.4.9", 0)},
            Status.HELD,
            "build time of the tag in use unknown: nobody can tell whether weaveworksdemos/carts:0.4.8"
            " is older; allow_downgrade takes any",
            id="the tag in use has no time",
        ),
        pytest.param(
            {"chosen": selection(Outcome.NO_CANDIDATE, None, 0)},
            Status.NO_MATCH,
            "no candidate",
            id="no candidate",
        ),
        pytest.param(
            {"chosen": selection(Outcome.UP_TO_DATE, "0.4.8", 0)},
            Status.UP_TO_DATE,
            "up to date",
            id="up to date",
        ),
        pytest.param(
            {"chosen": selection(Outcome.UP_TO_DATE, "0.4.8", 0), "image": f"{CARTS}:0.4.8@{OLD}"},
            Status.UP_TO_DATE,
            "up to date",
            id="up to date, pinned",
        ),
        pytest.param(
            {
                "chosen": selection(Outcome.UP_TO_DATE, "stable", 0, digest=OLD),
                "by": policy("digest:stable"),
                "image": f"{CARTS}@{OLD}",
            },
            Status.UP_TO_DATE,
            "up to date",
            id="the digest in use is the followed one",
        ),
        pytest.param(
            {
                "chosen": selection(),
                "by": policy(pin_digest=True, allow_downgrade=True),
                "image": f"{CARTS}@{OLD}",
            },
            Status.REGISTRY_FAILING,
            "the digest of weaveworksdemos/carts:0.4.9 is not known",
            id="a digest alone waits for the digest",
        ),
        pytest.param(
            {"chosen": selection(), "image": f"{CARTS}:0.4.8@{OLD}"},
            Status.REGISTRY_FAILING,
            "the digest of weaveworksdemos/carts:0.4.9 is not known",
            id="a tag never moves beside a stale digest",
        ),
        pytest.param(
            {"chosen": selection(), "by": policy(pin_digest=True)},
            Status.REGISTRY_FAILING,
            "the digest of weaveworksdemos/carts:0.4.9 is not known",
            id="pin_digest waits for the digest",
        ),
        pytest.param(
            {"chosen": selection(tag="stable"), "by": policy("digest:stable")},
            Status.REGISTRY_FAILING,
            "the digest of weaveworksdemos/carts:stable is not known",
            id="digest: waits for the digest",
        ),
        pytest.param(
            {"chosen": selection(behind=0, **FACTS), "image": f"{CARTS}@{OLD}"},
            Status.NO_MATCH,
            "no tag in use: weaveworksdemos/carts is written with a digest alone",
            id="a digest alone has no version to compare with",
        ),
        pytest.param(
            {
                "chosen": selection(behind=0, **FACTS),
                "by": policy(pin_digest=True),
                "image": f"{CARTS}@{OLD}",
            },
            Status.NO_MATCH,
            "no tag in use: weaveworksdemos/carts is written with a digest alone",
            id="nor under pin_digest, which may not go back",
        ),
        pytest.param(
            {
                "chosen": selection(behind=0, **FACTS),
                "by": policy(allow_downgrade=True),
                "image": f"{CARTS}@{OLD}",
            },
            Status.NO_MATCH,
            "no tag in use: weaveworksdemos/carts is written with a digest alone",
            id="nor where no digests are written",
        ),
        pytest.param(
            {"chosen": selection(), "declared": Declared(automated=True, locked=True)},
            Status.LOCKED,
            "locked",
            id="locked",
        ),
        pytest.param(
            {"failure": "no answer", "declared": Declared(locked=True, locked_reason="INC-1")},
            Status.LOCKED,
            "locked: INC-1",
            id="locked, whatever the registry says",
        ),
        pytest.param(
            {"by": policy(min_age=timedelta(days=1)), "chosen": selection(**FACTS)},
            Status.HELD,
            "held: min_age until 2024-05-16T11:00:00Z",
            id="held by min_age",
        ),
        pytest.param(
            {"by": policy(schedule="Mon 09:00-10:00"), "chosen": selection()},
            Status.HELD,
            "held: schedule until 2024-05-20T09:00:00Z",
            id="held by schedule",
        ),
        pytest.param(
            {
                "by": policy(schedule="Mon 09:00-10:00"),
                "chosen": selection(Outcome.UP_TO_DATE, "0.4.8", 0),
            },
            Status.UP_TO_DATE,
            "up to date",
            id="a closed schedule holds nothing where nothing moves",
        ),
        pytest.param(
            {
                "by": policy(min_age=timedelta(days=1)),
                "chosen": selection(Outcome.NO_CANDIDATE, None, 0),
            },
            Status.NO_MATCH,
            "no candidate",
            id="nor does min_age",
        ),
    ],
)
def test_unchanged(given, status, reason):
    decision = decide(**given)
    assert (decision.status, decision.reason) == (status, reason)
    assert decision.policy == given.get("by", policy())


@pytest.mark.parametrize(
    ("declared", "reason"),
    [
        pytest.param(None, "no policy", id="nothing said"),
        pytest.param(Declared(locked=True), "no policy", id="a lock changes nothing there"),
        pytest.param(Declared(automated=True), "automated, but no policy applies", id="automated"),
        pytest.param(Declared(automated=False), "automated is false", id="not automated"),
    ],
)
def test_without_a_policy(declared, reason):
    decision = plan_field(field(), None, declared, None, None, NOW)
    assert (decision.status, decision.reason) == (Status.NO_POLICY, reason)


def test_what_is_held_tells_where_it_would_go_and_when():
    decision = decide(by=policy(min_age=timedelta(days=1)), chosen=selection(**FACTS))
    assert str(decision.target) == f"{CARTS}:0.4.9"
    assert decision.until == NOW + timedelta(hours=23)


@pytest.mark.parametrize(
    ("chosen", "target"),
    [
        pytest.param(selection(), f"{CARTS}:0.4.9", id="an update waits for the key"),
        pytest.param(selection(Outcome.UP_TO_DATE, "0.4.8", 0), None, id="nothing waits"),
    ],
)
def test_a_lock_tells_what_waits_behind_it(chosen, target):
    decision = decide(chosen=chosen, declared=Declared(locked=True))
    assert (decision.target and str(decision.target), decision.until) == (target, None)


def test_would_be_older_tells_what_was_selected():
    decision = decide(chosen=selection(Outcome.WOULD_BE_OLDER, "0.4.1", 0))
    assert (decision.status, decision.reason, str(decision.target)) == (
        Status.UP_TO_DATE,
        "would be older",
        f"{CARTS}:0.4.1",
    )
