"""Credentials as people configure them, end to end; and that they show nowhere."""

import base64
import json

import httpx

from tests.servers.git_http import git_http
from tests.servers.git_ssh import git_ssh
from tests.servers.images import push_image
from tests.servers.registry import docker_registry
from tests.system.world import deployment

SECRET = "correct-horse-battery"


def test_git_over_http_with_a_password_file(world, image, push_tags):
    push_tags("1.0.0", "1.1.0")
    world.remote.commit({"a.yaml": deployment("a", f"{image}:1.0.0")})
    (world.directory / "token").write_text(f"{SECRET}\n")
    with git_http(world.remote.bare, users={"me": SECRET}) as url:
        repo = {"name": "shop", "url": url, "username": "me", "password_file": "token"}
        world.settings["config_repos"] = [repo]
        done = world.run("run", "--once")
    assert done.returncode == 0, done.stderr
    assert b":1.1.0'" in world.remote.show("a.yaml")
    assert SECRET not in done.stdout + done.stderr + world.remote.message


def test_git_over_http_with_a_wrong_password_in_the_url(world):
    world.remote.commit({"a.yaml": b""})
    with git_http(world.remote.bare, users={"me": "other"}) as url:
        with_secret = url.replace("http://", f"http://me:{SECRET}@")
        world.settings["config_repos"] = [{"name": "shop", "url": with_secret}]
        done = world.run("run", "--once")
    assert done.returncode == 1
    assert "credentials" in done.stderr
    assert SECRET not in done.stdout + done.stderr


def test_git_over_ssh_with_a_key_and_known_hosts(world, image, push_tags, tmp_path_factory):
    push_tags("1.0.0", "1.1.0")
    world.remote.commit({"a.yaml": deployment("a", f"{image}:1.0.0")})
    with git_ssh(tmp_path_factory.mktemp("ssh")) as ssh:
        world.settings["config_repos"] = [
            {
                "name": "shop",
                "url": ssh.url(world.remote.bare),
                "ssh_key_file": str(ssh.user_key),
                "known_hosts_file": str(ssh.known_hosts),
            }
        ]
        done = world.run("run", "--once")
    assert done.returncode == 0, done.stderr
    assert b":1.1.0'" in world.remote.show("a.yaml")


def run_with_registry(world, registry, push):
    for tag in ("1.0.0", "1.1.0"):
        push(tag)
    world.settings["registries"] = [{"host": registry.host, "insecure": True}]
    world.remote.commit({"a.yaml": deployment("a", f"{registry.host}/shop/a:1.0.0")})
    return world.run("run", "--once")


def docker_config(world, host, user, password):
    folder = world.directory / "docker"
    folder.mkdir()
    auth = base64.b64encode(f"{user}:{password}".encode()).decode()
    (folder / "config.json").write_text(json.dumps({"auths": {host: {"auth": auth}}}))
    world.env["DOCKER_CONFIG"] = str(folder)


def test_a_registry_with_htpasswd_and_docker_s_config(world, tmp_path):
    with docker_registry(tmp_path / "registry", users={"me": SECRET}) as registry:
        docker_config(world, registry.host, "me", SECRET)
        with httpx.Client(auth=("me", SECRET), trust_env=False) as client:
            done = run_with_registry(
                world, registry, lambda tag: push_image(registry.url, "shop/a", tag, client=client)
            )
    assert done.returncode == 0, done.stderr
    assert b":1.1.0'" in world.remote.show("a.yaml")
    assert SECRET not in done.stdout + done.stderr


def test_a_registry_that_denies_holds_and_says_so(world, tmp_path):
    with docker_registry(tmp_path / "registry", users={"me": "other"}) as registry:
        docker_config(world, registry.host, "me", SECRET)
        with httpx.Client(auth=("me", "other"), trust_env=False) as client:
            done = run_with_registry(
                world, registry, lambda tag: push_image(registry.url, "shop/a", tag, client=client)
            )
    assert done.returncode == 1
    assert b":1.0.0'" in world.remote.show("a.yaml")
    assert SECRET not in done.stdout + done.stderr
