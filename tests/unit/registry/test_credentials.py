import base64
import json
import stat

import anyio
import pytest
from pydantic import SecretStr

from automator.errors import Denied, Unavailable
from automator.model.image import parse_repository
from automator.registry.credentials import Credential, Credentials, default_docker_config
from tests.servers.clocks import ManualClock

pytestmark = pytest.mark.anyio


def encoded(text):
    return base64.b64encode(text.encode()).decode()


def user(name):
    return {"auth": encoded(f"{name}:pass:{name}")}


@pytest.fixture
def config_file(tmp_path):
    return tmp_path / "config.json"


@pytest.fixture
def credentials(config_file):
    return Credentials(clock=ManualClock(), docker_config=config_file, helper_seconds=20)


async def name_for(credentials, image):
    credential = await credentials.for_repository(parse_repository(image))
    return None if credential is None else credential.username


@pytest.mark.parametrize(
    ("keys", "image", "expected"),
    [
        pytest.param(["https://index.docker.io/v1/"], "redis", "0", id="Docker Hub's old URL"),
        pytest.param(["docker.io"], "me/app", "0", id="Docker Hub"),
        pytest.param(["registry-1.docker.io"], "me/app", "0", id="Docker Hub's API"),
        pytest.param(["quay.io"], "quay.io/a/b", "0", id="host"),
        pytest.param(["https://quay.io/v2/"], "quay.io/a/b", "0", id="URL"),
        pytest.param(["r.example:5000"], "r.example:5000/a", "0", id="port"),
        pytest.param(["R.Example"], "r.example/a", "0", id="case"),
        pytest.param(
            ["quay.io", "quay.io/a", "quay.io/a/b"], "quay.io/a/b/c", "2", id="longest prefix"
        ),
        pytest.param(["quay.io/a/b", "quay.io"], "quay.io/a/c", "1", id="prefix of another"),
        pytest.param(["quay.io/a"], "quay.io/a", "0", id="the whole path"),
        pytest.param(["quay.io/a"], "quay.io/ab", None, id="not inside a word"),
        pytest.param(["quay.io"], "ghcr.io/a", None, id="another host"),
        pytest.param(["r.example:5000"], "r.example/a", None, id="another port"),
        pytest.param(["quay.io"], "redis", None, id="Docker Hub, unknown"),
    ],
)
async def test_the_nearest_entry_of_the_docker_config(
    credentials, config_file, keys, image, expected
):
    auths = {key: user(str(number)) for number, key in enumerate(keys)}
    config_file.write_text(json.dumps({"auths": auths}))
    assert await name_for(credentials, image) == expected


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (user("a"), Credential(username="a", password=SecretStr("pass:a"))),
        (
            {"username": "a", "password": "b"},
            Credential(username="a", password=SecretStr("b")),
        ),
        ({"identitytoken": "t", "auth": ""}, Credential(identity_token=SecretStr("t"))),
        ({"registrytoken": "t"}, Credential(registry_token=SecretStr("t"))),
        ({}, None),
        ("garbage", None),
    ],
    ids=["auth", "username", "identity token", "registry token", "empty", "garbage"],
)
async def test_what_an_entry_holds(credentials, config_file, entry, expected):
    config_file.write_text(json.dumps({"auths": {"quay.io": entry}}))
    assert await credentials.for_repository(parse_repository("quay.io/a")) == expected


async def test_no_file_is_no_credential(credentials):
    assert await name_for(credentials, "quay.io/a") is None


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"auths": {"quay.io": {"auth": "topsecret!"}}}'],
    ids=["empty", "truncated", "a list", "no base64"],
)
async def test_a_file_that_cannot_be_read_is_named_and_not_quoted(credentials, config_file, text):
    config_file.write_text(text)
    with pytest.raises(Denied) as caught:
        await name_for(credentials, "quay.io/a")
    assert str(caught.value).startswith(f"{config_file}: ")
    assert "topsecret" not in str(caught.value)


async def test_a_changed_file_is_read_again(credentials, config_file):
    for name in ("a", "somebody-else"):
        config_file.write_text(json.dumps({"auths": {"quay.io": user(name)}}))
        assert await name_for(credentials, "quay.io/a") == name


async def test_what_is_configured_wins(config_file):
    config_file.write_text(json.dumps({"auths": {"quay.io": user("docker")}}))
    configured = {"quay.io": Credential(username="ours")}
    credentials = Credentials(clock=ManualClock(), configured=configured, docker_config=config_file)
    assert await name_for(credentials, "quay.io/a") == "ours"


def test_where_docker_keeps_its_config(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    assert str(default_docker_config()) == "/home/me/.docker/config.json"
    monkeypatch.setenv("DOCKER_CONFIG", "/etc/docker")
    assert str(default_docker_config()) == "/etc/docker/config.json"


def test_a_credential_shows_no_secret():
    secret = SecretStr("topsecret")
    shown = repr(
        Credential(username="a", password=secret, identity_token=secret, registry_token=secret)
    )
    assert "topsecret" not in shown


@pytest.fixture
def helper(tmp_path, monkeypatch):
    """Writes a credential helper named `test`; each run leaves a line in the file that is returned."""
    directory = tmp_path / "bin"
    directory.mkdir()
    monkeypatch.setenv("PATH", str(directory), prepend=":")
    runs = tmp_path / "runs"
    runs.touch()

    def write(script):
        program = directory / "docker-credential-test"
        program.write_text(f'#!/bin/sh\nread server\necho "$1 $server" >> {runs}\n{script}\n')
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        return runs

    return write


def answer(username):
    return f"""echo '{{"ServerURL": "x", "Username": "{username}", "Secret": "topsecret"}}'"""


@pytest.mark.parametrize(
    ("config", "image", "server"),
    [
        ({"credHelpers": {"quay.io": "test"}}, "quay.io/a", "quay.io"),
        ({"credsStore": "test"}, "redis", "https://index.docker.io/v1/"),
        (
            {"credsStore": "other", "credHelpers": {"docker.io": "test"}},
            "redis",
            "https://index.docker.io/v1/",
        ),
    ],
    ids=["helper of a host", "store", "helper before store"],
)
async def test_a_helper_is_asked_for_the_server(
    credentials, config_file, helper, config, image, server
):
    runs = helper(answer("me"))
    config_file.write_text(json.dumps(config))
    expected = Credential(username="me", password=SecretStr("topsecret"))
    assert await credentials.for_repository(parse_repository(image)) == expected
    assert runs.read_text() == f"get {server}\n"


async def test_a_helper_may_give_an_identity_token(credentials, config_file, helper):
    helper(answer("<token>"))
    config_file.write_text('{"credsStore": "test"}')
    credential = await credentials.for_repository(parse_repository("quay.io/a"))
    assert credential == Credential(identity_token=SecretStr("topsecret"))


async def test_many_repositories_of_a_host_start_one_helper(credentials, config_file, helper):
    runs = helper(answer("me"))
    config_file.write_text('{"credsStore": "test"}')
    async with anyio.create_task_group() as group:
        for number in range(20):
            group.start_soon(name_for, credentials, f"quay.io/a/{number}")
    assert await name_for(credentials, "quay.io/b") == "me"
    assert len(runs.read_text().splitlines()) == 1


async def test_a_helper_that_knows_nothing_leaves_the_entry(credentials, config_file, helper):
    helper("echo credentials not found in native keychain; exit 1")
    config_file.write_text(json.dumps({"credsStore": "test", "auths": {"quay.io": user("entry")}}))
    assert await name_for(credentials, "quay.io/a") == "entry"


async def test_a_helper_with_an_empty_secret_leaves_the_entry(credentials, config_file, helper):
    helper(answer("me").replace("topsecret", ""))
    config_file.write_text(json.dumps({"credsStore": "test", "auths": {"quay.io": user("entry")}}))
    assert await name_for(credentials, "quay.io/a") == "entry"


@pytest.mark.parametrize(
    "script",
    ["echo topsecret; exit 3", "echo topsecret", """echo '{"Secret": "topsecret"}'"""],
    ids=["fails", "no JSON", "no user"],
)
async def test_a_helper_that_fails_is_named_and_not_quoted(
    credentials, config_file, helper, script
):
    helper(script)
    config_file.write_text('{"credsStore": "test"}')
    with pytest.raises(Denied, match=r"^quay\.io: docker-credential-test") as caught:
        await name_for(credentials, "quay.io/a")
    assert "topsecret" not in str(caught.value)


@pytest.mark.parametrize("name", ["missing", "../../bin/sh", "-x"])
async def test_a_helper_that_cannot_be_started(credentials, config_file, name):
    config_file.write_text(json.dumps({"credsStore": name}))
    with pytest.raises(Denied, match=r"^quay\.io: "):
        await name_for(credentials, "quay.io/a")


async def test_a_helper_that_hangs_is_ended(config_file, helper):
    helper("exec sleep 1000")
    config_file.write_text('{"credsStore": "test"}')
    credentials = Credentials(clock=ManualClock(), docker_config=config_file, helper_seconds=0.05)
    with pytest.raises(Unavailable, match=r"did not answer in 0.05 s"):
        await name_for(credentials, "quay.io/a")
