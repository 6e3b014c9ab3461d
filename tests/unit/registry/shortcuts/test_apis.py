"""What each API tells of five tags, two a page, and what a new tag costs afterwards."""

from datetime import datetime

import pytest

from automator.model.image import ImageRepository
from automator.model.tags import ListedImage
from tests.servers.personas.clouds import Acr
from tests.servers.personas.persona import serve
from tests.servers.personas.public import DockerHub, Quay

pytestmark = pytest.mark.anyio

PATH = "shop/web/carts"
TAGS = {f"1.{day}": f"2025-06-0{day}T10:00:00Z" for day in range(1, 6)}


def expected(persona, path):
    return {
        tag: ListedImage(
            digest=image.digest, pushed_at=datetime.fromisoformat(persona.created[path][tag])
        )
        for tag, image in persona.images[path].items()
    }


def count_pages(persona):
    """Requests for tags: no tokens."""
    requests = persona.server.requests + persona.elsewhere.requests
    return len([request for request in requests if "tag" in request.path.rpartition("/v")[2]])


@pytest.mark.parametrize(
    ("kind", "path"), [(DockerHub, "shop/carts"), (Quay, PATH), (Acr, PATH)], ids=str
)
async def test_pages_are_read_until_they_bring_no_news(make_shortcuts, kind, path):
    with serve(kind, {path: TAGS}, is_public=True) as persona:
        shortcuts, repository = make_shortcuts(persona), ImageRepository(persona.host, path)
        told = await shortcuts.fetch(repository, {})
        assert told == expected(persona, path)
        first = count_pages(persona)

        assert await shortcuts.fetch(repository, told) == told
        assert count_pages(persona) == first + 1

        persona.push(path, "1.6", "2025-06-06T10:00:00Z")
        persona.push(path, "1.2", "2025-06-07T10:00:00Z")
        told = await shortcuts.fetch(repository, told)
        assert told == expected(persona, path)
        assert count_pages(persona) == first + 3

        persona.push(path, "1.7", "2025-06-08T10:00:00Z")
        assert await shortcuts.fetch(repository, told) == expected(persona, path)
        assert count_pages(persona) == first + 4
