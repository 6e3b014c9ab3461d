"""Slack, Teams, Discord, e-mail, webhooks and the rest, through Apprise in a process of its own (see `courier`)."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import anyio
from pydantic import SecretStr

from automator.config.messages import ChannelSettings
from automator.errors import ConfigError
from automator.extras import missing
from automator.messages.occasion import Occasion, bundles
from automator.messages.text import Text, Writer
from automator.model.event import Level

EXTRA = "messages"

# By its path and with -P: no folder that automator happens to be started in can slip it other modules.
_COURIER = (sys.executable, "-P", str(Path(__file__).with_name("courier.py")))
_TYPES = {Level.WARNING: "warning", Level.ERROR: "failure"}
_CHECK_SECONDS = 60


class Service:
    """One Apprise URL of a channel."""

    def __init__(self, url: SecretStr, channel: ChannelSettings, writer: Writer) -> None:
        self._url = url
        self._format = channel.format.value
        self._collects = bool(channel.digest)
        self._writer = writer

    def letters(self, occasions: Sequence[Occasion]) -> list[bytes]:
        told = [list(occasions)] if self._collects and occasions else bundles(occasions)
        return [self._letter(self._writer.write(bundle)) for bundle in told]

    async def send(self, letter: bytes) -> str:
        """To cancel it kills the process."""
        url = {"url": self._url.get_secret_value()}
        done = await anyio.run_process(
            _COURIER,
            input=json.dumps(json.loads(letter) | url).encode(),
            stderr=subprocess.DEVNULL,
            env=_environment(),
            check=False,
        )
        return _explain(done.stdout)

    def _letter(self, text: Text) -> bytes:
        kind = "success" if text.is_good_news else _TYPES.get(text.level, "info")
        letter = {"title": text.title, "body": text.body, "type": kind, "format": self._format}
        return json.dumps(letter).encode()


def apprise_urls(channel: ChannelSettings) -> list[SecretStr]:
    written = channel.url.get_secret_value().split() if channel.url is not None else []
    return [SecretStr(url) for url in written]


def check_services(channels: Sequence[ChannelSettings]) -> None:
    """Raises ConfigError where Apprise is not installed, or cannot make sense of a URL."""
    places = [(channel.name, url) for channel in channels for url in apprise_urls(channel)]
    unknown = _unknown(tuple(url for _, url in places)) if places else ()
    names = sorted({places[at][0] for at in unknown})
    if names:
        raise ConfigError(
            f"Apprise cannot use a URL of the channel {', '.join(names)}",
            hint="its forms: https://appriseit.com/services/",
        )


@lru_cache(maxsize=4)
def _unknown(urls: tuple[SecretStr, ...]) -> tuple[int, ...]:
    """Which of them Apprise does not understand. Remembered, as a configuration is read again and again."""
    written = {"urls": [url.get_secret_value() for url in urls]}
    try:
        done = subprocess.run(
            _COURIER,
            input=json.dumps(written).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
            timeout=_CHECK_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return ()
    answer = _answer(done.stdout)
    if answer.get("answer") == "missing":
        raise missing("apprise", extra=EXTRA, refuse=ConfigError)
    return tuple(answer.get("unknown", ()))


def _environment() -> dict[str, str]:
    """No configuration of Apprise's own command, and UTF-8 whatever the system is set to."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("APPRISE_")}
    return kept | {"PYTHONUTF8": "1"}


def _explain(output: bytes) -> str:
    told = _answer(output)
    match told.get("answer"):
        case "delivered":
            return ""
        case "missing":
            return "Apprise is not installed"
        case "unknown":
            return "Apprise cannot use the URL"
        case "failed" if told.get("status"):
            return f"the service answered {told['status']}"
        case "failed":
            return "the service could not be reached, or did not take it"
        case _:
            return "Apprise failed"


def _answer(output: bytes) -> dict[str, Any]:
    """Empty where the courier came to no answer."""
    try:
        told = json.loads(output)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
