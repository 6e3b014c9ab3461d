"""The installed command against every registry that people use, as a person has it: a Docker config, and two policies.

A row tells what a second run asks, when nothing has changed: tag lists and tokens alone. Requests to the registry and to
the other host that it sends clients to count alike.
"""

import base64
import json
from collections import Counter
from dataclasses import dataclass

import pytest

from tests.servers.personas.auth import PASSWORD, Open
from tests.servers.personas.clouds import CLOUDS, Acr, Ecr, EcrPublic, Google
from tests.servers.personas.hosted import (
    HOSTED,
    Artifactory,
    Distribution2,
    Distribution3,
    Gitea,
    GitLab,
    Harbor,
    Nexus,
    Zot,
)
from tests.servers.personas.persona import Persona, serve
from tests.servers.personas.public import PUBLIC, DockerHub, Ghcr, Kubernetes, Microsoft, Quay
from tests.servers.personas.traffic import kind_of, leaks
from tests.system.world import deployment

IMAGES = {
    "shop/carts": {
        "1.9.0": "2025-06-01T10:00:00Z",
        "1.10.0": "2025-06-02T10:00:00Z",
        "2.0.0": "2025-06-03T10:00:00Z",
    },
    # The order of their names is not that of their times.
    "shop/orders": {
        "build-c": "2025-06-01T10:00:00Z",
        "build-a": "2025-06-03T10:00:00Z",
        "build-b": "2025-06-02T10:00:00Z",
    },
}


@dataclass(frozen=True)
class Row:
    """For two image repositories of three tags together. Challenges, pages of two, refused page sizes and the request
    behind a redirect count as tag lists."""

    kind: type[Persona]
    tags: int
    tokens: int = 0


ROWS = [
    Row(DockerHub, 6, 2),
    Row(Ghcr, 6, 2),
    Row(Quay, 6, 2),
    Row(Kubernetes, 4),
    Row(Microsoft, 4),
    Row(Ecr, 10),
    Row(EcrPublic, 6, 1),
    Row(Google, 4, 2),
    Row(Acr, 6, 2),
    Row(Distribution2, 2),
    Row(Distribution3, 10),
    Row(Harbor, 6, 2),
    Row(GitLab, 6, 2),
    Row(Gitea, 6, 1),
    Row(Artifactory, 6),
    Row(Nexus, 4),
    Row(Zot, 6),
]


def name(value):
    return value.kind.__name__ if isinstance(value, Row) else value.__name__


@pytest.fixture
def bystander():
    """Another registry on the same machine, which nobody has a login for, and which would take one."""
    tags = {"1.0.0": "2025-06-01T10:00:00Z", "1.0.1": "2025-06-02T10:00:00Z"}
    with serve(Ghcr, {"shop/app": tags}, is_public=True) as persona:
        yield persona


def settle(world, persona, bystander):
    """A config repo with two workloads on the registry, and one beside it; Docker's config knows the registry."""
    world.settings["registries"] = [
        {"host": server.host, "insecure": True, "requests_per_second": 1000}
        for server in (persona, bystander)
    ]
    folder = world.directory / "docker"
    folder.mkdir()
    auth = base64.b64encode(f"{persona.user}:{PASSWORD}".encode()).decode()
    auths = {} if isinstance(persona.auth, Open) else {persona.host: {"auth": auth}}
    (folder / "config.json").write_text(json.dumps({"auths": auths}))
    world.env["DOCKER_CONFIG"] = str(folder)
    world.remote.commit(
        {
            "carts.yaml": deployment("carts", f"{persona.host}/shop/carts:1.9.0"),
            "orders.yaml": deployment("orders", f"{persona.host}/shop/orders:build-b", "latest"),
            "app.yaml": deployment("app", f"{bystander.host}/shop/app:1.0.0"),
        }
    )


def asked(persona):
    return Counter(
        kind_of(each) for each in [*persona.server.requests, *persona.elsewhere.requests]
    )


@pytest.mark.parametrize("row", ROWS, ids=name)
def test_both_workloads_move_and_then_little_is_asked(world, bystander, row):
    with serve(row.kind, IMAGES) as persona:
        settle(world, persona, bystander)
        first = world.run("run", "--once")
        assert first.returncode == 0, first.stderr
        assert b"shop/carts:1.10.0'" in world.remote.show("carts.yaml")
        assert b"shop/orders:build-a'" in world.remote.show("orders.yaml")
        assert b"app:1.0.1'" in world.remote.show("app.yaml")
        assert leaks(persona) == []
        persona.server.requests.clear()
        persona.elsewhere.requests.clear()
        second = world.run("run", "--once")
        assert second.returncode == 0, second.stderr
        assert asked(persona) == +Counter(tags=row.tags, token=row.tokens)
        assert leaks(persona) == []
    assert {shown.partition(" ")[0] for shown in bystander.server.credentials_seen} == {"Bearer"}
    assert PASSWORD not in first.stdout + first.stderr + second.stdout + second.stderr


def test_no_persona_is_left_out():
    assert {row.kind for row in ROWS} == {*PUBLIC, *CLOUDS, *HOSTED}
