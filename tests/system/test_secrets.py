"""Secrets never show: one in every form of credential, registries that refuse, fail and echo, and a search of all that is left.

Searched are the output of the commands, the log, the metrics, the store, the mirror and the config repo.
"""

import base64
import json
import os

import httpx
import pytest

from tests.servers.scripted import Reply, scripted_registry
from tests.system.world import deployment

SECRET = "s3cr3t-Horse+Battery/Staple="
ENCODED = (
    base64.b64encode(f"me:{SECRET}".encode()).decode(),
    base64.b64encode(SECRET.encode()).decode(),
    SECRET.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D"),
)


def echo(status, **headers):
    """An answer that repeats all that it was sent, in its body and in a header."""

    def reply(request):
        said = " ".join([*request.headers.values(), request.query, request.body.decode()])
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        body = json.dumps({"errors": [{"code": "DENIED", "message": said}], "error": said})
        return Reply(status=status, body=body.encode(), headers={"x-echo": said, **named})

    return reply


def script(registry):
    """Image repositories, each of which fails in a way of its own after it was given the credential."""
    realm = f'Bearer realm="{registry.url}/token",service="r"'
    basic = Reply(status=401, headers={"www-authenticate": 'Basic realm="r"'})
    bearer = Reply(status=401, headers={"www-authenticate": realm})
    garbage = Reply(body=b"<html>not a registry</html>")
    answers = {
        "refuses": (basic, echo(401, www_authenticate='Basic realm="r"')),
        "forbids": (basic, echo(403)),
        "garbles": (basic, garbage),
        "redirects": (basic, Reply(status=307, headers={"location": "http://127.0.0.1:1/x"})),
        "sends-for-tokens": (bearer, echo(403)),
    }
    for name, replies in answers.items():
        registry.script(f"/v2/{name}/tags/list", *replies)
    registry.script("/token", echo(401))
    return sorted(answers)


def docker_config(world, content):
    folder = world.directory / "docker"
    folder.mkdir()
    (folder / "config.json").write_text(
        content if isinstance(content, str) else json.dumps(content)
    )
    world.env["DOCKER_CONFIG"] = str(folder)


def helper(world, script_text):
    folder = world.directory / "bin"
    folder.mkdir()
    program = folder / "docker-credential-test"
    program.write_text(f"#!/bin/sh\n{script_text}\n")
    program.chmod(0o755)
    world.env["PATH"] = f"{folder}:{os.environ['PATH']}"


def of_the_configuration(world, host):
    world.settings["registries"][0] |= {"username": "me", "password": SECRET}


def in_a_file(world, host):
    (world.directory / "secret").write_text(SECRET)
    world.settings["registries"][0] |= {"username": "me", "password_file": "secret"}


def in_the_environment(world, host):
    world.env["REGISTRY_TOKEN"] = SECRET
    world.settings["registries"][0]["token"] = "${REGISTRY_TOKEN}"


def in_docker_s_auths(world, host):
    docker_config(world, {"auths": {host: {"auth": ENCODED[0]}}})


def as_an_identity_token(world, host):
    docker_config(world, {"auths": {host: {"identitytoken": SECRET}}})


def as_a_registry_token(world, host):
    docker_config(world, {"auths": {host: {"registrytoken": SECRET}}})


def in_a_docker_config_that_is_no_json(world, host):
    docker_config(world, f'{{"auths": {{"{host}": {{"password": "{SECRET}"')


def in_an_auth_that_is_no_base64(world, host):
    docker_config(world, {"auths": {host: {"auth": f"!{SECRET}"}}})


def of_a_helper(world, host):
    helper(world, f'echo \'{{"ServerURL": "x", "Username": "me", "Secret": "{SECRET}"}}\'')
    docker_config(world, {"credHelpers": {host: "test"}})


def of_a_helper_that_fails(world, host):
    helper(world, f"echo {SECRET}; echo {SECRET} >&2; exit 1")
    docker_config(world, {"credsStore": "test"})


def of_a_helper_that_answers_nonsense(world, host):
    helper(world, f"echo {SECRET}")
    docker_config(world, {"credsStore": "test"})


def in_a_pull_secret(world, host):
    folder = world.directory / "pull-secret"
    folder.mkdir()
    auths = {"auths": {host: {"username": "me", "password": SECRET}}}
    (folder / ".dockerconfigjson").write_text(json.dumps(auths))
    world.settings["pull_secrets"] = ["pull-secret"]


def in_an_old_pull_secret(world, host):
    (world.directory / ".dockercfg").write_text(json.dumps({host: {"auth": ENCODED[0]}}))
    world.settings["pull_secrets"] = [".dockercfg"]


def of_a_proxy_that_is_down(world, host):
    proxy = f"http://me:{ENCODED[2]}@127.0.0.1:1"
    world.settings["registries"][0] |= {"proxy": proxy, "username": "me", "password": SECRET}


FORMS = [
    of_the_configuration,
    in_a_file,
    in_the_environment,
    in_docker_s_auths,
    as_an_identity_token,
    as_a_registry_token,
    in_a_docker_config_that_is_no_json,
    in_an_auth_that_is_no_base64,
    of_a_helper,
    of_a_helper_that_fails,
    of_a_helper_that_answers_nonsense,
    in_a_pull_secret,
    in_an_old_pull_secret,
    of_a_proxy_that_is_down,
]


@pytest.fixture
def echoing(world):
    with scripted_registry() as registry:
        world.settings["registries"] = [{"host": registry.host, "insecure": True}]
        yield registry


def everything_left(world):
    """The bytes of every file that automator wrote, and of everything in the config repo."""
    for root in (world.directory / "automator-mirrors", world.remote.bare):
        yield from (path.read_bytes() for path in root.rglob("*") if path.is_file())
    yield from (path.read_bytes() for path in world.directory.glob("automator.db*"))


def assert_hidden(*texts):
    for text in texts:
        data = text if isinstance(text, bytes) else text.encode()
        for shape in (SECRET, *ENCODED):
            assert shape.encode() not in data


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_a_secret_shows_nowhere(world, echoing, form):
    names = script(echoing)
    form(world, echoing.host)
    world.remote.commit(
        {f"{name}.yaml": deployment(name, f"{echoing.host}/{name}:1.0.0") for name in names}
    )
    done = world.run("run", "--once")
    assert done.returncode == 1
    assert done.stderr.count("automator: shop: ") == len(names), "each fails and is told"
    assert_hidden(done.stdout, done.stderr, *everything_left(world))


def test_the_secret_was_really_sent(world, echoing):
    """Else the search above would prove nothing."""
    names = script(echoing)
    of_the_configuration(world, echoing.host)
    world.remote.commit(
        {f"{name}.yaml": deployment(name, f"{echoing.host}/{name}:1.0.0") for name in names}
    )
    world.run("run", "--once")
    sent = [r.path for r in echoing.requests if ENCODED[0] in r.headers.get("authorization", "")]
    assert set(sent) == {f"/v2/{name}/tags/list" for name in names if "tokens" not in name} | {
        "/token"
    }


def test_a_daemon_tells_no_secret_in_its_log_metrics_and_health(world, echoing, unused_address):
    names = script(echoing)
    of_the_configuration(world, echoing.host)
    hook = {"name": "hub", "kind": "dockerhub", "secret": SECRET.replace("/", "-")}
    world.settings |= {"hooks": [hook], "listen": unused_address}
    world.remote.commit(
        {f"{name}.yaml": deployment(name, f"{echoing.host}/{name}:1.0.0") for name in names}
    )
    with world.daemon() as daemon, httpx.Client(trust_env=False) as client:
        daemon.wait_for("registry.failing")
        url = f"http://{unused_address}"
        answers = [client.get(f"{url}/{page}") for page in ("metrics", "readyz", "healthz")]
        answers += [
            client.post(f"{url}/hooks/hub/{secret}", content=b"{")
            for secret in (hook["secret"], "wrong")
        ]
        daemon.wait_for("poll_round.finished")
    assert [answer.status_code for answer in answers[3:]] == [400, 401]
    told = [*(answer.text for answer in answers), *daemon.raw]
    assert_hidden(*told, *everything_left(world))
    assert hook["secret"] not in "".join(told)


def test_a_configuration_with_mistakes_tells_no_secret(world, echoing):
    of_the_configuration(world, echoing.host)
    world.settings["registries"][0] |= {"token": SECRET, "proxy": SECRET, "mirrors": [1]}
    world.settings["hooks"] = [{"name": "a", "kind": "quay", "secret": [SECRET]}]
    done = world.run("check")
    assert done.returncode == 2
    assert done.stdout.count("automator.yaml:") + done.stderr.count("automator.yaml:") >= 3
    assert_hidden(done.stdout, done.stderr)
