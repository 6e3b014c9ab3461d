"""Which events are worth a message."""

from dataclasses import replace
from datetime import timedelta

import pytest

from automator.config.messages import MessageKind
from automator.errors import PushRejected
from automator.messages.occasion import Move, bundles, merged, occasion_of
from automator.model.event import (
    CommitPushed,
    ConfigRefused,
    ConfigReloaded,
    Level,
    ManifestRefused,
    PushRaced,
    RegistryFailing,
    RegistryRecovered,
    TagMoved,
)
from automator.survey.news import pass_failed
from tests.unit.messages.making import COMMIT, NOW, committed, held_event, trouble

REPOSITORY = "ghcr.io/shop/carts"
DIGESTS = {"from_digest": f"sha256:{'a' * 64}", "to_digest": f"sha256:{'b' * 64}"}

REFUSED = pass_failed(
    "shop", PushRejected("no", rule=True, hint="ask"), retry_at=NOW, took=timedelta(0)
)

WORTH = [
    (REFUSED, MessageKind.PUSH_REFUSED, Level.ERROR),
    (held_event(), MessageKind.HELD, Level.INFO),
    (
        RegistryFailing(image_repository=REPOSITORY, error="x"),
        MessageKind.REGISTRY_FAILING,
        Level.WARNING,
    ),
    (RegistryRecovered(image_repository=REPOSITORY), MessageKind.REGISTRY_RECOVERED, Level.INFO),
    (ConfigRefused(error="x", hint="y"), MessageKind.CONFIG_WRONG, Level.ERROR),
    (ManifestRefused(config_repo="shop", problem="x"), MessageKind.CONFIG_WRONG, Level.WARNING),
    (
        TagMoved(image_repository=REPOSITORY, tag="1.0.0", **DIGESTS),
        MessageKind.TAG_MOVED,
        Level.WARNING,
    ),
]


@pytest.mark.parametrize(("event", "kind", "level"), WORTH)
def test_an_event_that_is_told(event, kind, level):
    occasion = occasion_of(event, NOW)
    assert (occasion.kind, occasion.level, occasion.at) == (kind, level, NOW)


@pytest.mark.parametrize(
    "event",
    [
        ConfigReloaded(),
        PushRaced(config_repo="shop", attempt=1, took=timedelta(0)),
        replace(REFUSED, push_refused=False),
    ],
)
def test_an_event_that_is_not(event):
    assert occasion_of(event, NOW) is None


def test_what_is_held_is_told_with_its_reason():
    [move] = occasion_of(held_event(), NOW).moves
    assert (move.namespace, move.kind_and_name) == ("sock-shop", "deployment/carts")
    assert (move.to_image, move.reason) == (
        "shop/app:2.0.0",
        "held: min_age until 2026-01-02T00:00:00Z",
    )


def test_a_commit_is_told_with_where_it_is_and_the_moves_of_its_message():
    message = (
        "Update shop/carts to 1.1.0 (sock-shop:deployment/carts)\n\n"
        "Image-Update: sock-shop:deployment/carts carts shop/carts:1.0.0 -> shop/carts:1.1.0\n"
        "Policy: sock-shop semver:^1\n"
    )
    event = CommitPushed(
        config_repo="shop",
        commit=COMMIT,
        subject="Update x",
        message=message,
        changes=1,
        took=timedelta(0),
    )
    move = Move(
        workload="sock-shop:deployment/carts",
        container="carts",
        from_image="shop/carts:1.0.0",
        to_image="shop/carts:1.1.0",
        policy="sock-shop semver:^1",
    )
    assert occasion_of(event, NOW) == committed(move, subject="Update x")


def test_a_burst_is_one_message_and_a_commit_always_one_of_its_own():
    failing, recovered = trouble(), trouble(MessageKind.REGISTRY_RECOVERED, Level.INFO)
    wrong = trouble(MessageKind.CONFIG_WRONG)
    told = bundles([committed(), committed(), failing, failing, recovered, wrong, wrong])
    assert [[one.kind.value for one in bundle] for bundle in told] == [
        ["committed"],
        ["committed"],
        ["registry_failing", "registry_failing"],
        ["registry_recovered"],
        ["config_wrong", "config_wrong"],
    ]


def held(count=1, **fields):
    one = occasion_of(held_event(**fields), NOW)
    return replace(one, moves=one.moves * count)


MERGED = [
    (held(), held(workload="shop:deployment/b"), 2),
    (held(), held(config_repo="other"), None),
    (held(999), held(), 1000),
    (held(1000), held(), None),
    (committed(), held(), None),
    (committed(), committed(), None),
]


@pytest.mark.parametrize(("last", "one", "moves"), MERGED)
def test_held_changes_of_one_config_repo_are_one(last, one, moves):
    both = merged(last, one)
    assert (None if both is None else len(both.moves)) == moves
