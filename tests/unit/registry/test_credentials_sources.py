"""Pull secrets as Kubernetes mounts them, and the order of all sources."""

import base64
import json
import os

import pytest
from pydantic import SecretStr

from automator.errors import Denied
from automator.model.image import parse_repository
from automator.registry.credentials import Credential, Credentials
from tests.servers.clocks import ManualClock

pytestmark = pytest.mark.anyio


def entry(name):
    return {"auth": base64.b64encode(f"{name}:password".encode()).decode()}


def auths(**entries):
    """As `docker login` and `kubectl create secret docker-registry` write it; `_` for what no word can hold."""
    return json.dumps({"auths": {key: entry(name) for name, key in entries.items()}})


@pytest.fixture
def make_credentials(tmp_path):
    """`secrets` are the texts of pull secrets, each a file."""

    def make(*secrets, docker=None, configured=None, clouds=None):
        paths = [tmp_path / f"secret-{number}.json" for number in range(len(secrets))]
        for path, text in zip(paths, secrets, strict=True):
            path.write_text(text)
        docker_config = tmp_path / "config.json"
        if docker is not None:
            docker_config.write_text(docker)
        return Credentials(
            clock=ManualClock(),
            configured=configured,
            docker_config=docker_config,
            pull_secrets=paths,
            clouds=clouds,
        )

    return make


async def name_for(credentials, image):
    credential = await credentials.for_repository(parse_repository(image))
    return None if credential is None else credential.username


@pytest.mark.parametrize("name", [".dockerconfigjson", ".dockercfg", "config.json"])
@pytest.mark.parametrize("legacy", [False, True], ids=["with auths", "auths alone"])
async def test_a_secret_is_found_in_the_folder_where_it_is_mounted(tmp_path, name, legacy):
    entries = {"quay.io": entry("robot")}
    (tmp_path / name).write_text(json.dumps(entries if legacy else {"auths": entries}))
    credentials = Credentials(clock=ManualClock(), pull_secrets=[tmp_path])
    expected = Credential(username="robot", password=SecretStr("password"))
    assert await credentials.for_repository(parse_repository("quay.io/a/b")) == expected


@pytest.mark.parametrize(
    ("secrets", "image", "expected"),
    [
        ([auths(a="quay.io"), auths(b="quay.io/shop")], "quay.io/shop/carts", "b"),
        ([auths(a="quay.io/shop"), auths(b="quay.io")], "quay.io/shop/carts", "a"),
        ([auths(a="quay.io"), auths(b="quay.io")], "quay.io/shop/carts", "a"),
        ([auths(a="ghcr.io"), auths(b="quay.io")], "quay.io/shop/carts", "b"),
        ([auths(a="ghcr.io"), auths(b="quay.io/other")], "quay.io/shop/carts", None),
        ([auths(a="https://index.docker.io/v1/")], "redis", "a"),
        ([auths(a="*.example.com")], "eu.example.com/app", "a"),
        ([auths(a="*.example.com:5000")], "eu.example.com:5000/app", "a"),
        ([auths(a="*.example.com/shop")], "eu.example.com/shop/app", "a"),
        ([auths(a="*.example.com/shop", b="eu.example.com")], "eu.example.com/shop/app", "b"),
        ([auths(a="*.example.com")], "example.com/app", None),
        ([auths(a="*.example.com")], "a.eu.example.com/app", None),
        ([auths(a="*.example.com")], "eu.example.org/app", None),
        (['{"auths": {"quay.io": {}}}', auths(b="quay.io")], "quay.io/a", "b"),
    ],
    ids=[
        "the longer path",
        "the longer path, first",
        "as near: the first file",
        "the host's",
        "nobody's",
        "Docker Hub",
        "pattern",
        "pattern with a port",
        "pattern with a path",
        "a name before a pattern",
        "a pattern is a whole part",
        "and one part",
        "of the same domain",
        "an empty entry",
    ],
)
async def test_the_nearest_of_several_secrets(make_credentials, secrets, image, expected):
    assert await name_for(make_credentials(*secrets), image) == expected


async def test_a_secret_that_kubernetes_rotates_is_read_again(tmp_path):
    """The kubelet writes a folder anew and moves one symbolic link (`..data`) to it."""
    mounted = tmp_path / "mounted"
    mounted.mkdir()
    (mounted / ".dockerconfigjson").symlink_to("..data/.dockerconfigjson")
    credentials = Credentials(clock=ManualClock(), pull_secrets=[mounted])
    for name in ("old", "new"):
        (mounted / f"..{name}").mkdir()
        file = mounted / f"..{name}" / ".dockerconfigjson"
        file.write_text(auths(**{name: "quay.io"}))
        # Of the same size and the same age.
        os.utime(file, (1, 1))
        (mounted / "..tmp").symlink_to(f"..{name}")
        (mounted / "..tmp").rename(mounted / "..data")
        assert await name_for(credentials, "quay.io/a") == name


async def test_an_optional_secret_that_is_not_there_yet(tmp_path):
    credentials = Credentials(clock=ManualClock(), pull_secrets=[tmp_path])
    assert await name_for(credentials, "quay.io/a") is None
    (tmp_path / ".dockerconfigjson").write_text(auths(late="quay.io"))
    assert await name_for(credentials, "quay.io/a") == "late"
    (tmp_path / ".dockerconfigjson").unlink()
    assert await name_for(credentials, "quay.io/a") is None


async def test_a_secret_that_is_not_mounted_is_named(tmp_path):
    credentials = Credentials(clock=ManualClock(), pull_secrets=[tmp_path / "regcred"])
    with pytest.raises(Denied, match=rf"^{tmp_path}/regcred: .*No such file"):
        await name_for(credentials, "quay.io/a")


class Cloud:
    """Has a credential for every host."""

    def __init__(self, *configured):
        self.configured = configured

    def is_configured(self, host):
        return host in self.configured

    async def for_host(self, host):
        return Credential(username="cloud")


SOURCES = ["configured", "configured cloud", "docker", "pull secret", "cloud of the name"]


@pytest.mark.parametrize("first", range(len(SOURCES) + 1), ids=[*SOURCES, "nothing"])
async def test_the_order_of_the_sources(make_credentials, first):
    """Each source stands above all that follow it, and the name's cloud answers only when nothing else does."""
    known = SOURCES[first:]
    clouds = None
    if "cloud of the name" in known:
        clouds = Cloud("quay.io") if "configured cloud" in known else Cloud()
    credentials = make_credentials(
        *([auths(secret="quay.io/shop")] if "pull secret" in known else []),
        docker=auths(docker="quay.io") if "docker" in known else None,
        configured={"quay.io": Credential(username="ours")} if "configured" in known else None,
        clouds=clouds,
    )
    expected = ["ours", "cloud", "docker", "secret", "cloud", None]
    assert await name_for(credentials, "quay.io/shop/carts") == expected[first]


async def test_a_helper_that_knows_nothing_leaves_the_pull_secret(
    make_credentials, tmp_path, monkeypatch
):
    program = tmp_path / "docker-credential-empty"
    program.write_text("#!/bin/sh\necho credentials not found; exit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    credentials = make_credentials(auths(secret="quay.io"), docker='{"credsStore": "empty"}')
    assert await name_for(credentials, "quay.io/a") == "secret"
