"""How registries list tags: all in one answer or in pages, in one order or another, the next page named this way or that."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from tests.servers.scripted import Reply, Request

if TYPE_CHECKING:
    from tests.servers.personas.persona import Persona

Link = Callable[["Persona", str, str], str]
"""The target of a Link header: of a persona, the list's path and the query of the next page."""


def host_relative(persona: "Persona", path: str, query: str) -> str:
    return f"{path}?{query}"


def path_relative(persona: "Persona", path: str, query: str) -> str:
    return f"list?{query}"


def absolute(persona: "Persona", path: str, query: str) -> str:
    return f"{persona.server.url}{path}?{query}"


class TagListStyle(Protocol):
    def page(self, persona: "Persona", repository: str, request: Request) -> Reply: ...


def shuffled(tags: Sequence[str]) -> list[str]:
    """In no order that anybody would expect, and always the same."""
    return sorted(tags, key=lambda tag: tag[::-1], reverse=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class AllInOne:
    """Whatever `n` says. No tags are `null`, as Go writes an empty slice."""

    is_sorted: bool = True

    def page(self, persona: "Persona", repository: str, request: Request) -> Reply:
        tags = list(persona.images[repository])
        listed = sorted(tags) if self.is_sorted else shuffled(tags)
        return Reply.json({"name": repository, "tags": listed or None})


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """`size` tags a page at most; a larger `n` is cut down to it, or refused. Real registries have 50 to 1000."""

    size: int = 2
    refuses: bool = False
    link: Link = host_relative
    is_sorted: bool = True

    def page(self, persona: "Persona", repository: str, request: Request) -> Reply:
        asked = int(request.parameters.get("n", [str(self.size)])[0])
        if self.refuses and asked > self.size:
            return type(persona).error(
                400, "PAGINATION_NUMBER_INVALID", "invalid number of results"
            )
        tags = list(persona.images[repository])
        tags = sorted(tags) if self.is_sorted else shuffled(tags)
        last = request.parameters.get("last", [""])[0]
        begin = tags.index(last) + 1 if last else 0
        end = begin + min(asked, self.size)
        headers = {}
        if end < len(tags):
            query = f"n={min(asked, self.size)}&last={tags[end - 1]}"
            headers["link"] = f'<{self.link(persona, request.path, query)}>; rel="next"'
        return Reply.json({"name": repository, "tags": tags[begin:end] or None}, **headers)


@dataclass(frozen=True, slots=True, kw_only=True)
class GoogleList:
    """All in one, and every image's times beside it."""

    def page(self, persona: "Persona", repository: str, request: Request) -> Reply:
        images = persona.images[repository]
        return Reply.json(
            {
                "name": repository,
                "child": [],
                "tags": sorted(images),
                "manifest": {
                    image.digest: {
                        "tag": [tag],
                        "mediaType": image.manifest.media_type,
                        "imageSizeBytes": "1234",
                        "timeCreatedMs": milliseconds(persona.created[repository][tag]),
                        "timeUploadedMs": milliseconds(persona.created[repository][tag]),
                    }
                    for tag, image in images.items()
                },
            }
        )


def milliseconds(time: str) -> str:
    return str(int(datetime.fromisoformat(time).timestamp() * 1000))
