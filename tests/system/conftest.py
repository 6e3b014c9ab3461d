"""One docker-registry for all system tests of a worker; a world of its own for each test."""

import socket

import pytest

from tests.servers.images import make_image, write_image
from tests.servers.registry import docker_registry
from tests.system.world import World


@pytest.fixture(scope="session")
def registry(tmp_path_factory):
    with docker_registry(tmp_path_factory.mktemp("registry")) as running:
        yield running


@pytest.fixture
def image_path(request, worker_id):
    """An image path of the test's own, so that tests share the registry without meeting."""
    name = "".join(char if char.isalnum() else "-" for char in request.node.name.lower())
    return f"{worker_id}/{name.strip('-')[:60].strip('-').replace('--', '-').replace('--', '-')}"


@pytest.fixture
def push_tags(registry, image_path):
    """Writes images into the registry's storage: tag after tag, an hour apart."""

    def push(*tags, path=image_path, first_hour=0):
        for hour, tag in enumerate(tags, start=first_hour):
            created = f"2024-02-{1 + hour // 24:02d}T{hour % 24:02d}:00:00Z"
            write_image(registry.storage, path, tag, make_image(created=created, label=tag))

    return push


@pytest.fixture
def image(registry, image_path):
    """The name of the test's image as a manifest writes it."""
    return f"{registry.host}/{image_path}"


@pytest.fixture
def world(tmp_path, registry):
    return World(tmp_path, registry.host)


@pytest.fixture
def unused_address():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        host, port = sock.getsockname()
    return f"{host}:{port}"
