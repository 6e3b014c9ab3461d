"""`registries:` and `hooks:`: what they read as, and every mistake with its place; secrets only ever as secrets."""

import pytest

from automator.config.load import check_config, file_stamps, load_settings
from automator.model.registry import HookKind, Provider

REPO = "config_repos:\n  - {name: shop, url: 'file:///x'}\n"


def write(tmp_path, text):
    path = tmp_path / "automator.yaml"
    path.write_text(REPO + text)
    return path


MISTAKES = [
    ("registries: [{host: r, username: me}]", "username and password belong together"),
    ("registries: [{host: r, password: p}]", "username and password belong together"),
    (
        "registries: [{host: r, username: me, password: p, token: t}]",
        "token and username exclude each other",
    ),
    (
        "registries: [{host: r, client_key_file: k}]",
        "client_key_file needs client_certificate_file",
    ),
    (
        "registries: [{host: r, proxy: 'proxy:3128'}]",
        "a proxy is written http://host:port or https://host:port",
    ),
    (
        "registries: [{host: r, proxy: 'ftp://proxy'}]",
        "a proxy is written http://host:port or https://host:port",
    ),
    ("registries: [{host: r, mirrors: ['https://m']}]", "is no mirror: write host, or host/path"),
    ("registries: [{host: r, mirrors: ['m.example.com/UP']}]", "is no mirror"),
    ("registries: [{host: r, provider: gcp}]", "provider"),
    ("registries: [{host: 'https://r'}]", "host"),
    ("hooks: [{name: a, kind: quay}]", "a hook without a secret would take events from anybody"),
    ("hooks: [{name: a, kind: zot, secret: s}]", "do not tell the registry's host"),
    ("hooks: [{name: a, kind: quay, secret: ''}]", "the secret is empty"),
    ("hooks: [{name: a, kind: gar, audience: x}]", "a hook without a secret"),
    ("hooks: [{name: a, kind: quai, secret: s}]", "kind"),
    ("hooks: [{name: a/b, kind: quay, secret: s}]", "name"),
    (
        "hooks: [{name: a, kind: quay, secret: s}, {name: a, kind: acr, secret: s}]",
        "the name 'a' stands 2 times",
    ),
    ("hooks: [{name: a, kind: quay, secret: s, secret_file: f}]", "exclude each other"),
    ("registries: [{host: r, token_file: gone}]", "gone cannot be read"),
]


@pytest.mark.parametrize(("text", "said"), MISTAKES)
def test_a_mistake_is_told_with_its_place(tmp_path, text, said):
    problems = check_config(write(tmp_path, text), {})
    assert any(
        line.startswith(f"{tmp_path}/automator.yaml:3:") and said in line for line in problems
    )


@pytest.mark.parametrize("key", ["password", "token", "proxy"])
def test_a_secret_comes_from_a_file_without_its_final_newline(tmp_path, key):
    secret = "http://me:hush@proxy:3128" if key == "proxy" else "hush"
    (tmp_path / "secret").write_text(f"{secret}\n")
    user = "username: me, " if key == "password" else ""
    settings = load_settings(
        write(tmp_path, f"registries: [{{host: r, {user}{key}_file: secret}}]"), {}
    )
    assert getattr(settings.registries[0], key).get_secret_value() == secret
    assert "hush" not in repr(settings)


def test_a_hook_s_secret_comes_from_the_environment(tmp_path):
    path = write(tmp_path, "hooks: [{name: a, kind: github, secret: '${HOOK}'}]")
    settings = load_settings(path, {"HOOK": "hush"})
    assert settings.hooks[0].secret.get_secret_value() == "hush"
    assert settings.hooks[0].kind is HookKind.GITHUB
    assert "hush" not in repr(settings)


@pytest.mark.parametrize(
    "text",
    [
        "{name: a, kind: ecr, topic: 'arn:aws:sns:eu-west-1:1:t'}",
        "{name: a, kind: ecr, secret: s}",
        "{name: a, kind: gar, audience: x, service_account: y}",
        "{name: a, kind: gar, secret: s}",
    ],
)
def test_what_is_signed_needs_no_secret(tmp_path, text):
    assert check_config(write(tmp_path, f"hooks: [{text}]"), {}) == []


def test_files_are_relative_to_the_configuration(tmp_path):
    text = (
        "pull_secrets: [secrets]\n"
        "registries: [{host: r, ca_file: ca.pem, client_certificate_file: c.pem, client_key_file: /k.pem}]\n"
    )
    settings = load_settings(write(tmp_path, text), {})
    [registry] = settings.registries
    assert settings.pull_secrets == (tmp_path / "secrets",)
    assert registry.ca_file == tmp_path / "ca.pem"
    assert registry.client_certificate_file == tmp_path / "c.pem"
    assert str(registry.client_key_file) == "/k.pem"
    assert registry.provider is Provider.AUTO


def test_two_readings_of_one_configuration_are_equal_and_a_changed_secret_is_not(tmp_path):
    """That is how a running daemon notices a change."""
    (tmp_path / "secret").write_text("one")
    path = write(tmp_path, "registries: [{host: r, token_file: secret}]")
    first = load_settings(path, {})
    assert load_settings(path, {}) == first
    (tmp_path / "secret").write_text("two")
    assert load_settings(path, {}) != first


@pytest.mark.parametrize("host", ["index.docker.io", "registry-1.docker.io", "docker.io"])
def test_docker_hub_has_one_name(tmp_path, host):
    settings = load_settings(write(tmp_path, f"registries: [{{host: {host}}}]"), {})
    assert settings.registries[0].host == "docker.io"


def test_a_certificate_that_is_renewed_in_its_place_is_a_change(tmp_path):
    (tmp_path / "c.pem").write_text("one")
    path = write(tmp_path, "registries: [{host: r, client_certificate_file: c.pem}]")
    settings = load_settings(path, {})
    before = file_stamps(settings)
    assert file_stamps(settings) == before
    (tmp_path / "c.pem").write_text("another")
    assert file_stamps(settings) != before
    (tmp_path / "c.pem").unlink()
    assert len(file_stamps(settings)) == 1
