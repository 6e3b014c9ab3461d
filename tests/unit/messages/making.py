"""Channels, occasions and events for the tests of messages."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from automator.config.messages import ChannelSettings, MessageKind
from automator.messages.occasion import Move, Occasion
from automator.model.event import ChangeHeld, Level

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
COMMIT = "1a2b3c4d" * 5
URLS = {"shop": "https://github.com/shop/config.git"}


def channel(**settings):
    if "cloudevents" not in settings:
        settings.setdefault("url", "json://localhost")
    return ChannelSettings.model_validate({"name": "ops", **settings})


def move(workload="sock-shop:deployment/carts", **fields):
    name = workload.rpartition("/")[2]
    known = {
        "workload": workload,
        "container": name,
        "from_image": f"shop/{name}:1.0.0",
        "to_image": f"shop/{name}:1.1.0",
    }
    return Move(**known | fields)


def committed(*moves, **fields):
    known = {
        "kind": MessageKind.COMMITTED,
        "level": Level.INFO,
        "at": NOW,
        "config_repo": "shop",
        "commit": COMMIT,
        "subject": "Update shop/carts to 1.1.0 (sock-shop:deployment/carts)",
        "moves": moves or (move(),),
    }
    return Occasion(**known | fields)


def trouble(kind=MessageKind.REGISTRY_FAILING, level=Level.WARNING, **fields):
    known = {"image_repository": "ghcr.io/shop/carts", "error": "no answer"}
    return Occasion(kind=kind, level=level, at=NOW, **known | fields)


def held_event(workload="sock-shop:deployment/carts", config_repo="shop"):
    return ChangeHeld(
        config_repo=config_repo,
        workload=workload,
        container="app",
        selection="shop/app:2.0.0",
        reason="held: min_age until 2026-01-02T00:00:00Z",
    )


class Notebook:
    """A carrier that answers as it is told, in order, and then takes everything."""

    def __init__(self, *answers: str) -> None:
        self.tried: list[bytes] = []
        self._answers = list(answers)

    def letters(self, occasions: Sequence[Occasion]) -> list[bytes]:
        return [one.subject.encode() for one in occasions]

    async def send(self, letter: bytes) -> str:
        self.tried.append(letter)
        return self._answers.pop(0) if self._answers else ""


TEN_MINUTES = timedelta(minutes=10)
