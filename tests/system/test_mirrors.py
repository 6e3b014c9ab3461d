"""Mirrors before a registry, end to end: what they answer is taken, what they cannot answer the registry is asked."""

import json

import pytest

from tests.servers.scripted import Reply, scripted_registry
from tests.system.world import deployment

LIST = "/v2/shop/a/tags/list"
MIRRORED = "/v2/hub/shop/a/tags/list"
CURRENT = Reply.json({"tags": ["1.0.0", "1.1.0", "1.2.0"]})
OLDER = Reply.json({"tags": ["1.0.0", "1.1.0"]})


@pytest.fixture
def origin():
    with scripted_registry() as registry:
        registry.script(LIST, CURRENT)
        yield registry


@pytest.fixture
def mirror():
    """Keeps the registry's repositories under `hub/`."""
    with scripted_registry() as registry:
        yield registry


@pytest.fixture
def mirrored(world, origin, mirror):
    """The world with one workload at 1.0.0, whose registry has the mirror."""
    configure(world, origin.host, f"{mirror.host}/hub", insecure=[mirror.host])
    world.remote.commit({"a.yaml": deployment("a", f"{origin.host}/shop/a:1.0.0")})
    return world


def configure(world, host, *mirrors, insecure=()):
    usual = {"insecure": True, "requests_per_second": 1000}
    world.settings["registries"] = [
        {"host": host, "mirrors": list(mirrors), **usual},
        *({"host": each, **usual} for each in insecure),
    ]


def is_at(world, tag):
    return f"shop/a:{tag}'".encode() in world.remote.show("a.yaml")


def planned(world):
    """The tags that `plan` would write, when it has nothing to complain of."""
    done = world.run("plan", "-o", "json")
    assert (done.returncode, done.stderr) == (0, "")
    [repo] = json.loads(done.stdout)["repos"]
    assert repo["errors"] == []
    return [change["to"].rpartition(":")[2] for change in repo["changes"]]


def run_once(world):
    done = world.run("run", "--once")
    assert done.returncode == 0, done.stderr
    return done


def test_one_that_answers_is_enough(mirrored, origin, mirror):
    mirror.script(MIRRORED, CURRENT)
    assert planned(mirrored) == ["1.2.0"]
    run_once(mirrored)
    assert is_at(mirrored, "1.2.0")
    assert f"{origin.host}/shop/a:1.2.0" in mirrored.remote.message
    assert mirror.host not in mirrored.remote.message
    assert origin.requests == []
    assert {request.path for request in mirror.requests} == {MIRRORED}


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(Reply(status=404), id="lacks the repository"),
        pytest.param(Reply.challenge('Basic realm="mirror"'), id="wants a login"),
        pytest.param(Reply(body=b"<html>Sign in</html>"), id="is a portal"),
    ],
)
def test_one_that_cannot_help_is_passed_over(mirrored, origin, mirror, reply):
    mirror.script(MIRRORED, reply)
    assert planned(mirrored) == ["1.2.0"]
    run_once(mirrored)
    assert is_at(mirrored, "1.2.0")
    assert origin.requests_for(LIST) != []


def test_one_that_is_down_is_passed_over(world, origin, unused_address):
    configure(world, origin.host, unused_address, insecure=[unused_address])
    world.remote.commit({"a.yaml": deployment("a", f"{origin.host}/shop/a:1.0.0")})
    assert planned(world) == ["1.2.0"]
    run_once(world)
    assert is_at(world, "1.2.0")


def test_the_second_is_asked_where_the_first_is_down(mirrored, origin, mirror, unused_address):
    mirror.script(MIRRORED, CURRENT)
    insecure = (unused_address, mirror.host)
    configure(mirrored, origin.host, unused_address, f"{mirror.host}/hub", insecure=insecure)
    run_once(mirrored)
    assert is_at(mirrored, "1.2.0")
    assert origin.requests == []


def test_where_all_fail_it_is_the_registry_that_failed(mirrored, origin, mirror):
    origin.script(LIST, Reply(status=404))
    mirror.script(MIRRORED, Reply(status=404))
    done = mirrored.run("run", "--once")
    assert done.returncode == 1
    assert f"{origin.host}/shop/a" in done.stderr
    assert mirror.host not in done.stderr
    assert is_at(mirrored, "1.0.0")


def test_the_registry_s_password_is_not_the_mirror_s(mirrored, origin, mirror):
    mirror.script(MIRRORED, Reply.challenge('Basic realm="mirror"'))
    origin.script(LIST, Reply.challenge('Basic realm="origin"'), CURRENT)
    mirrored.settings["registries"][0] |= {"username": "me", "password": "of the registry"}
    run_once(mirrored)
    assert is_at(mirrored, "1.2.0")
    assert len(origin.credentials_seen) == 1
    assert mirror.credentials_seen == []


def test_one_that_lags_is_believed_and_followed_when_it_catches_up(mirrored, origin, mirror):
    mirror.script(MIRRORED, OLDER)
    with mirrored.daemon() as daemon:
        daemon.wait_for("commit.pushed")
        assert is_at(mirrored, "1.1.0")
        mirror.script(MIRRORED, CURRENT)
        daemon.wait_for("commit.pushed")
        assert is_at(mirrored, "1.2.0")
    assert origin.requests == []


def test_one_that_lags_takes_nothing_back(mirrored, mirror):
    """The registry's list was used while the mirror was away; then it is back, and behind."""
    mirror.script(MIRRORED, Reply(status=404))
    run_once(mirrored)
    mirror.script(MIRRORED, OLDER)
    run_once(mirrored)
    assert is_at(mirrored, "1.2.0")
    assert planned(mirrored) == []
    assert mirrored.remote.count == 2


def test_one_that_was_emptied_is_doubted(mirrored, mirror):
    mirror.script(MIRRORED, CURRENT)
    with mirrored.daemon() as daemon:
        daemon.wait_for("commit.pushed")
        mirror.script(MIRRORED, Reply.json({"tags": ["1.3.0"]}))
        daemon.wait_for("tag_list.doubted")
        daemon.wait_for("poll_round.finished")
    assert is_at(mirrored, "1.2.0")


def head_of(digit):
    return Reply(headers={"docker-content-digest": f"sha256:{digit * 64}"})


def test_the_digest_of_a_tag_is_not_taken_back_by_one_that_lags(mirrored, origin, mirror):
    mirror.script(MIRRORED, Reply.json({"tags": ["main"]}))
    origin.script(LIST, Reply.json({"tags": ["main"]}))
    manifest, mirrored_manifest = "/v2/shop/a/manifests/main", "/v2/hub/shop/a/manifests/main"
    image = f"{origin.host}/shop/a:main"
    mirrored.remote.commit({"a.yaml": deployment("a", image, "digest:main")})
    origin.script(manifest, head_of("b"))
    mirror.script(mirrored_manifest, Reply(status=404))
    run_once(mirrored)
    assert b"b" * 64 in mirrored.remote.show("a.yaml")
    mirror.script(mirrored_manifest, head_of("a"))
    run_once(mirrored)
    assert b"b" * 64 in mirrored.remote.show("a.yaml")
