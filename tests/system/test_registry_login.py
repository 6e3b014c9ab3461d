"""Every way in to a registry, end to end: anonymous, passwords, tokens, helpers, pull secrets, certificates, proxies.

The daemon goes on when what it logs in with is changed under it.
"""

import base64
import json

import bcrypt
import pytest

from tests.servers.certificates import make_certificate
from tests.servers.images import write_image
from tests.servers.personas.persona import serve
from tests.servers.personas.public import Ghcr
from tests.servers.proxy import http_proxy
from tests.servers.registry import docker_registry
from tests.servers.scripted import Reply, scripted_registry
from tests.servers.tokens import token_server
from tests.system.world import deployment

SECRET = "correct-horse-battery"
NEXT = "staple-after-rotation"
PATH = "shop/a"
LEEWAY_SECONDS = 60
"""For so long docker-registry takes a token after its end."""


def entry(registry, **more):
    return {"host": registry.host, "insecure": True, "requests_per_second": 1000, **more}


def push(registry, *tags):
    """Into its storage, so that the test needs no login."""
    for tag in tags:
        write_image(registry.storage, PATH, tag)


def prepare(world, registry, **more):
    push(registry, "1.0.0", "1.1.0")
    world.settings["registries"] = [entry(registry, **more)]
    world.remote.commit({"a.yaml": deployment("a", f"{registry.host}/{PATH}:1.0.0")})


def is_at(world, tag):
    return f"{PATH}:{tag}'".encode() in world.remote.show("a.yaml")


def auths(registry, password=SECRET):
    auth = base64.b64encode(f"me:{password}".encode()).decode()
    return {registry.host: {"auth": auth}}


def docker_config(world, document):
    folder = world.directory / "docker"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(document))
    world.env["DOCKER_CONFIG"] = str(folder)


def entry_with_password_file(world, registry):
    (world.directory / "password").write_text(f"{SECRET}\n")
    world.settings["registries"] = [entry(registry, username="me", password_file="password")]


def entry_with_a_variable(world, registry):
    world.env["REGISTRY_PASSWORD"] = SECRET
    world.settings["registries"] = [entry(registry, username="me", password="${REGISTRY_PASSWORD}")]


def identity_token(world, registry):
    docker_config(world, {"auths": {registry.host: {"identitytoken": SECRET}}})


def helper(world, registry, user="me"):
    """A credential helper that answers for this registry alone."""
    folder = world.directory / "bin"
    folder.mkdir()
    program = folder / "docker-credential-tests"
    answer = json.dumps({"ServerURL": registry.host, "Username": user, "Secret": SECRET})
    program.write_text(
        f"#!/bin/sh\nread host\n[ \"$host\" = {registry.host} ] && echo '{answer}'\n"
    )
    program.chmod(0o755)
    world.env["PATH"] = f"{folder}:/usr/bin:/bin"
    docker_config(world, {"credHelpers": {registry.host: "tests"}})


def helper_with_an_identity_token(world, registry):
    helper(world, registry, user="<token>")


@pytest.mark.parametrize(
    "log_in",
    [
        entry_with_password_file,
        entry_with_a_variable,
        identity_token,
        helper,
        helper_with_an_identity_token,
    ],
)
def test_a_registry_with_tokens(world, tmp_path, log_in):
    with (
        token_server(
            tmp_path / "tokens", users={"me": SECRET}, refresh_tokens={SECRET: "me"}
        ) as tokens,
        docker_registry(tmp_path / "registry", tokens=tokens) as registry,
    ):
        prepare(world, registry)
        log_in(world, registry)
        done = world.run("run", "--once")
    assert done.returncode == 0, done.stderr
    assert is_at(world, "1.1.0")
    assert SECRET not in done.stdout + done.stderr + world.remote.message


def test_a_public_image_needs_no_login(world, tmp_path):
    with (
        token_server(tmp_path / "tokens", public=frozenset({PATH})) as tokens,
        docker_registry(tmp_path / "registry", tokens=tokens) as registry,
    ):
        prepare(world, registry)
        done = world.run("run", "--once")
        assert done.returncode == 0, done.stderr
        assert tokens.server.credentials_seen == []
    assert is_at(world, "1.1.0")


def test_a_wrong_password_holds_its_images_alone_and_is_told(world, image, push_tags, tmp_path):
    push_tags("1.0.0", "1.1.0")
    with (
        token_server(tmp_path / "tokens", users={"me": NEXT}) as tokens,
        docker_registry(tmp_path / "registry", tokens=tokens) as registry,
    ):
        open_to_all = world.settings["registries"]
        prepare(world, registry)
        entry_with_password_file(world, registry)
        world.settings["registries"] += open_to_all
        world.remote.commit({"b.yaml": deployment("b", f"{image}:1.0.0")})
        done = world.run("run", "--once")
        plan = world.run("plan")
    assert done.returncode == 1
    assert is_at(world, "1.0.0")
    assert b":1.1.0'" in world.remote.show("b.yaml")
    for told in (done.stdout + done.stderr, plan.stdout + plan.stderr):
        assert f"{registry.host}/{PATH}" in told
        assert "incorrect username or password" in told
        assert SECRET not in told


def test_tokens_that_end_between_two_polls(world, tmp_path):
    with (
        token_server(
            tmp_path / "tokens", users={"me": SECRET}, expires_in_seconds=3 - LEEWAY_SECONDS
        ) as tokens,
        docker_registry(tmp_path / "registry", tokens=tokens) as registry,
    ):
        prepare(world, registry)
        entry_with_password_file(world, registry)
        with world.daemon() as daemon:
            daemon.wait_for("commit.pushed")
            while len(tokens.requests) < 2:
                assert daemon.wait_for("poll_round.finished")["failed"] == 0
            push(registry, "1.2.0")
            daemon.wait_for("commit.pushed")
    assert is_at(world, "1.2.0")
    assert all(line["event"] != "registry.failing" for line in daemon.lines)


def test_a_token_that_is_withdrawn_before_its_end(world):
    created = "2025-06-01T10:00:00Z"
    with serve(Ghcr, {PATH: {"1.0.0": created}}) as ghcr:
        world.settings["registries"] = [entry(ghcr.server, username="robot", password="topsecret")]
        world.remote.commit({"a.yaml": deployment("a", f"{ghcr.host}/{PATH}:1.0.0")})
        with world.daemon() as daemon:
            daemon.wait_for("poll_round.finished")
            ghcr.granted.clear()
            ghcr.push(PATH, "1.1.0", created)
            daemon.wait_for("commit.pushed")
    assert is_at(world, "1.1.0")
    assert all(line["event"] != "registry.failing" for line in daemon.lines)


def change_password(tmp_path):
    """As an administrator does it; docker-registry reads the file again by itself."""
    hashed = bcrypt.hashpw(NEXT.encode(), bcrypt.gensalt(rounds=4)).decode()
    (tmp_path / "registry" / "htpasswd").write_text(f"me:{hashed}\n")


def rotate_and_expect_commits(world, registry, tmp_path, hand_out):
    """The registry's password changes, later what the daemon reads; nobody restarts it."""
    with world.daemon() as daemon:
        daemon.wait_for("commit.pushed")
        change_password(tmp_path)
        daemon.wait_for("registry.failing")
        push(registry, "1.2.0")
        hand_out(NEXT)
        daemon.wait_for("commit.pushed")
        assert daemon.process.poll() is None
    assert is_at(world, "1.2.0")
    assert SECRET not in "".join(daemon.raw)
    assert NEXT not in "".join(daemon.raw)


def test_a_rotated_password_file(world, tmp_path):
    with docker_registry(tmp_path / "registry", users={"me": SECRET}) as registry:
        prepare(world, registry)
        entry_with_password_file(world, registry)
        file = world.directory / "password"
        rotate_and_expect_commits(world, registry, tmp_path, file.write_text)


class MountedSecret:
    """A secret's folder as the kubelet keeps it: files behind `..data`, which is replaced at once."""

    def __init__(self, folder):
        self.folder = folder
        self.versions = 0
        folder.mkdir()

    def update(self, name, text):
        self.versions += 1
        version = f"..2025_06_0{self.versions}"
        (self.folder / version).mkdir()
        (self.folder / version / name).write_text(text)
        (self.folder / "..data_tmp").symlink_to(version)
        (self.folder / "..data_tmp").replace(self.folder / "..data")
        if not (self.folder / name).is_symlink():
            (self.folder / name).symlink_to(f"..data/{name}")


def test_a_rotated_pull_secret(world, tmp_path):
    with docker_registry(tmp_path / "registry", users={"me": SECRET}) as registry:
        prepare(world, registry)
        mounted = MountedSecret(world.directory / "pull-secret")

        def hand_out(password):
            document = {"auths": auths(registry, password)}
            mounted.update(".dockerconfigjson", json.dumps(document))

        hand_out(SECRET)
        world.settings["pull_secrets"] = ["pull-secret"]
        rotate_and_expect_commits(world, registry, tmp_path, hand_out)


def scripted(world, registry, image, **more):
    """A registry of two tags, and a workload on it."""
    registry.script(f"/v2/{PATH}/tags/list", Reply.json({"tags": ["1.0.0", "1.1.0"]}))
    world.settings["registries"] = [more]
    world.remote.commit({"a.yaml": deployment("a", f"{image}:1.0.0")})


def test_mutual_tls(world, tmp_path):
    server = make_certificate(tmp_path / "server")
    ours = make_certificate(tmp_path / "ours")
    with scripted_registry(tls=server.server_context(clients=ours)) as registry:
        known = {"host": registry.host, "ca_file": "server/certificate.pem"}
        scripted(world, registry, f"{registry.host}/{PATH}", **known)
        stranger = world.run("run", "--once")
        assert stranger.returncode == 1
        assert is_at(world, "1.0.0")
        shown = {
            "client_certificate_file": "ours/certificate.pem",
            "client_key_file": "ours/key.pem",
        }
        world.settings["registries"] = [known | shown]
        done = world.run("run", "--once")
    assert done.returncode == 0, done.stderr
    assert is_at(world, "1.1.0")


@pytest.mark.parametrize("login", ["", f"me:{SECRET}"], ids=["open", "with a login"])
def test_a_registry_behind_a_proxy(world, login):
    with (
        scripted_registry() as registry,
        http_proxy(routes={"registry.test": registry.host}, login=login) as proxy,
    ):
        url = proxy.url.replace("http://", f"http://{login}@" if login else "http://")
        (world.directory / "proxy").write_text(f"{url}\n")
        settings = {"host": "registry.test", "insecure": True, "proxy_file": "proxy"}
        scripted(world, registry, f"registry.test/{PATH}", **settings)
        done = world.run("run", "--once")
        assert done.returncode == 0, done.stderr
        targets = {target.partition("?")[0] for _, target in proxy.requests}
        assert targets == {f"http://registry.test/v2/{PATH}/tags/list"}
    assert is_at(world, "1.1.0")
    assert SECRET not in done.stdout + done.stderr
