"""Occasions as CloudEvents 1.0, structured JSON posted over HTTP.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md and its JSON format and HTTP binding.
They are for machines: texts are as registries and Git wrote them.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from uuid import uuid4

import httpx

from automator.config.messages import ChannelSettings, MessageKind
from automator.messages.links import commit_link
from automator.messages.occasion import Occasion
from automator.plan.guards import format_time

_TYPES = {
    MessageKind.COMMITTED: "dev.automator.update.committed",
    MessageKind.HELD: "dev.automator.update.held",
    MessageKind.REGISTRY_FAILING: "dev.automator.registry.failing",
    MessageKind.REGISTRY_RECOVERED: "dev.automator.registry.recovered",
    MessageKind.PUSH_REFUSED: "dev.automator.push.refused",
    MessageKind.CONFIG_WRONG: "dev.automator.config.wrong",
    MessageKind.TAG_MOVED: "dev.automator.tag.moved",
}
_ELSEWHERE = {"at", "kind"}
"""What the attributes of an event tell already."""

_STEP_SECONDS = 30.0
"""For each step of a request; the limit for all of it is the lane's."""

_CONTENT_TYPE = "application/cloudevents+json; charset=UTF-8"


class CloudEvents:
    """A sink of CloudEvents. One that is sent again has the `id` that it had: receivers tell repetitions by it."""

    def __init__(self, channel: ChannelSettings, urls: Mapping[str, str]) -> None:
        assert channel.cloudevents is not None, "the channel is one of CloudEvents"
        self._url = channel.cloudevents
        self._token = channel.token
        self._source = channel.source
        self._urls = urls

    def letters(self, occasions: Sequence[Occasion]) -> list[bytes]:
        return [
            json.dumps(
                cloud_event(one, event_id=uuid4().hex, source=self._source, link=self._link(one))
            ).encode()
            for one in occasions
        ]

    def _link(self, occasion: Occasion) -> str:
        url = self._urls.get(occasion.config_repo, "")
        return commit_link(url, occasion.commit) if occasion.commit else ""

    async def send(self, letter: bytes) -> str:
        headers = {"content-type": _CONTENT_TYPE}
        if self._token is not None:
            headers["authorization"] = f"Bearer {self._token.get_secret_value()}"
        try:
            async with httpx.AsyncClient(timeout=_STEP_SECONDS) as client:
                url = self._url.get_secret_value()
                request = client.stream("POST", url, content=letter, headers=headers)
                async with request as response:
                    status = response.status_code
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return f"it could not be sent: {type(error).__name__}"
        return "" if response.is_success else f"the receiver answered {status}"


def cloud_event(occasion: Occasion, *, event_id: str, source: str, link: str) -> dict[str, object]:
    """`subject` is what it is about: the image, the one workload, or the config repo."""
    data = {
        key: value for key, value in asdict(occasion).items() if value and key not in _ELSEWHERE
    }
    if occasion.moves:
        data["changes"] = data.pop("moves")
    if link:
        data["link"] = link
    event: dict[str, object] = {
        "specversion": "1.0",
        "id": event_id,
        "source": source,
        "type": _TYPES[occasion.kind],
        "time": format_time(occasion.at),
        "datacontenttype": "application/json",
        "data": data,
    }
    subject = _subject(occasion)
    return event | {"subject": subject} if subject else event


def _subject(occasion: Occasion) -> str:
    if occasion.image_repository:
        tag = f":{occasion.tag}" if occasion.tag else ""
        return f"{occasion.image_repository}{tag}"
    workloads = {move.workload for move in occasion.moves}
    return workloads.pop() if len(workloads) == 1 else occasion.config_repo
