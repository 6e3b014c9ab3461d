"""The configuration: what it reads as, and every mistake with its place and what to do."""

from datetime import timedelta
from pathlib import Path

import pytest

from automator.config.load import (
    check_config,
    check_effects,
    find_config,
    load_rules,
    load_settings,
)
from automator.errors import ConfigError, UsageError

REPO = "config_repos:\n  - {name: shop, url: 'file:///x'}\n"


def write(tmp_path, text, policies=None):
    path = tmp_path / "automator.yaml"
    path.write_text(text)
    if policies is not None:
        (tmp_path / "policies.yaml").write_text(policies)
    return path


def problems_of(tmp_path, text, policies=None, environ=None):
    path = write(tmp_path, text, policies)
    return [line.replace(f"{tmp_path}/", "") for line in check_config(path, environ or {})]


MISTAKES = [
    pytest.param("", ["automator.yaml:1:1: 'config_repos' is missing"], id="empty"),
    pytest.param("a: [", ["automator.yaml:2:1: not YAML: "], id="no YAML"),
    pytest.param(
        REPO + "poll_intervall: 1m\n",
        ["automator.yaml:3:1: unknown key 'poll_intervall' (did you mean 'poll_interval'?)"],
        id="a typo in a key",
    ),
    pytest.param(
        REPO + "poll_interval: soon\n",
        ["automator.yaml:3:16: poll_interval: 'soon' is no duration: write 30s, 1m, 1h30m or 2d"],
        id="no duration",
    ),
    pytest.param(
        "config_repos:\n  - {name: shop, url: 'file:///x', brnch: main}\n",
        ["automator.yaml:2:36: unknown key 'brnch' (did you mean 'branch'?)"],
        id="a typo deep inside",
    ),
    pytest.param(
        "config_repos:\n  - {name: a, url: x}\n  - {name: a, url: y}\n",
        ["automator.yaml:2:3: config_repos: the name 'a' stands 2 times"],
        id="a name twice",
    ),
    pytest.param(
        REPO + "store: a\nstore: b\n",
        ["automator.yaml:4:1: the key 'store' stands twice (remove one of them)"],
        id="a key twice",
    ),
    pytest.param(
        REPO + "store: ${NOWHERE}\n",
        ["automator.yaml:3:8: the variable NOWHERE is not set (set it, or write $${ for ${)"],
        id="an unset variable",
    ),
    pytest.param(
        REPO + "registries: [{host: r.example.com, username: u, password_file: gone}]\n",
        ["automator.yaml:3:64: gone cannot be read: No such file or directory"],
        id="a secret's file that is not there",
    ),
    pytest.param(
        REPO + "registries: [{host: 'https://r'}]\n",
        ["automator.yaml:3:21: host: string should match pattern"],
        id="a URL for a host",
    ),
    pytest.param(
        REPO + "policies: [absent.yaml]\n",
        ["absent.yaml:1:1: no policy file is there (see `policies`)"],
        id="a policy file that is not there",
    ),
    pytest.param(
        REPO + "a: 1\nb: 2\nlisten: nowhere\n",
        [
            "automator.yaml:3:1: unknown",
            "automator.yaml:4:1: unknown",
            "automator.yaml:5:9: listen",
        ],
        id="all at once",
    ),
]


@pytest.mark.parametrize(("text", "expected"), MISTAKES)
def test_mistake_in_the_configuration(tmp_path, text, expected):
    found = problems_of(tmp_path, text)
    assert len(found) == len(expected), found
    for line in expected:
        assert any(problem.startswith(line) for problem in found), found


ABSENT = "cannot be read: No such file or directory (correct the path"
WITHOUT_EFFECT = [
    pytest.param(
        REPO + "registries: [{host: r, ca_file: ca.pem}]\n",
        [f"automator.yaml:3:33: ca.pem {ABSENT}"],
        id="a certificate authority that is not there",
    ),
    pytest.param(
        REPO + "registries:\n- {host: q}\n- {host: r, client_certificate_file: c.pem, client_key_file: k.pem}\n",
        [f"automator.yaml:5:38: c.pem {ABSENT}", f"automator.yaml:5:62: k.pem {ABSENT}"],
        id="a client certificate and its key",
    ),
    pytest.param(
        "config_repos:\n  - {name: shop, url: x, ca_file: a, ssh_key_file: b, known_hosts_file: c}\n",
        [f"automator.yaml:2:52: b {ABSENT}", f"automator.yaml:2:73: c {ABSENT}", f"automator.yaml:2:35: a {ABSENT}"],
        id="files of a config repo",
    ),
    pytest.param(
        REPO + "pull_secrets: [there, gone, empty]\n",
        [f"automator.yaml:3:23: gone {ABSENT}", "automator.yaml:3:29: empty cannot be read: the folder is empty"],
        id="pull secrets",
    ),
    pytest.param(
        REPO + "docker_config: config.json\n",
        [f"automator.yaml:3:16: config.json {ABSENT}"],
        id="Docker's own file",
    ),
    pytest.param(
        REPO + "poll_interval: 5m\nmax_poll_interval: 1m\n",
        ["automator.yaml:4:20: max_poll_interval is shorter than poll_interval, and has no effect (make it longer"],
        id="the longest interval is the shorter",
    ),
    pytest.param(REPO + "poll_interval: 10m\n", [], id="or nobody said one"),
    pytest.param(REPO + "store: s.db\nmirrors: m\n", [], id="what is written need not be there"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), WITHOUT_EFFECT)
def test_what_has_no_effect_is_told_and_no_reason_not_to_start(tmp_path, text, expected):
    (tmp_path / "there").mkdir()
    (tmp_path / "there/.dockerconfigjson").write_text("{}")
    (tmp_path / "empty").mkdir()
    assert problems_of(tmp_path, text) == []
    found = check_effects(tmp_path / "automator.yaml", {})
    assert len(found) == len(expected), found
    for line, begin in zip(found, expected, strict=True):
        assert line.replace(f"{tmp_path}/", "").startswith(begin)


POLICY_MISTAKES = [
    (
        "- {name: a, update: semvr:^1}",
        "3:21: 'semvr' is no kind of policy in '[semvr]:^1' (did you mean semver?)",
    ),
    ("- {name: a, update: 'semver:^1 <'}", "3:32: '<' is no version range"),
    ("- {name: a, update: latest, filter: {pattern: '('}}", "3:48: '(' is no regular expression"),
    ("- {name: a, update: latest, platforms: [linux]}", "3:41: 'linux' is no platform"),
    ("- {name: a, update: latest, schedule: always}", "3:39: 'always' is no window of time"),
    ("- {name: a, update: latest, min_age: 3 days}", "3:38: min_age: '3 days' is no duration"),
    ("- {name: a, update: latest, mach: {}}", "3:29: unknown key 'mach' (did you mean 'match'?)"),
    (
        "- {name: a, update: latest, match: {pth: x}}",
        "3:37: unknown key 'pth' (did you mean 'path'?)",
    ),
    ("- {update: latest}", "3:3: 'name' is missing"),
]


@pytest.mark.parametrize(("entry", "expected"), POLICY_MISTAKES, ids=lambda value: value[:40])
def test_mistake_in_a_policy_file(tmp_path, entry, expected):
    policies = f"# ours\npolicies:\n{entry}\n"
    found = problems_of(tmp_path, REPO + "policies: [policies.yaml]\n", policies)
    assert len(found) == 1
    assert found[0].startswith(f"policies.yaml:{expected}"), found


def test_values_variables_and_secret_files(tmp_path):
    (tmp_path / "token").write_text("s3cret\n")
    path = write(
        tmp_path,
        "config_repos:\n"
        "  - name: shop\n"
        "    url: https://user:pa%73s@git.example.com/x.git\n"
        "registries:\n"
        "  - host: r.example.com:5000\n    username: ${WHO}\n    password_file: token\n"
        "poll_interval: 1h30m\n"
        "store: state/${WHO}.db\n",
    )
    settings = load_settings(path, {"WHO": "me"})
    repo, registry = settings.config_repos[0], settings.registries[0]
    assert repo.url == "https://git.example.com/x.git"
    assert (repo.username, repo.password.get_secret_value()) == ("user", "pass")
    assert (registry.username, registry.password.get_secret_value()) == ("me", "s3cret")
    assert settings.poll_interval == timedelta(minutes=90)
    assert settings.store == tmp_path / "state/me.db"
    assert "s3cret" not in repr(settings)
    assert "pass'" not in repr(settings)


def test_a_secret_never_stands_in_a_problem(tmp_path):
    text = REPO + "registries: [{host: r, password: [hunter2], username: u}]\n"
    assert "hunter2" not in str(problems_of(tmp_path, text))


def test_where_the_configuration_is_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"automator.yaml is not there"):
        find_config(None, {})
    path = write(tmp_path, REPO)
    assert find_config(None, {}).samefile(path)
    assert find_config(None, {"AUTOMATOR_CONFIG": str(path)}) == path
    with pytest.raises(UsageError, match=r"--config names absent\.yaml, which is not there"):
        find_config(Path("absent.yaml"), {})


def test_rules_come_in_the_order_of_the_files(tmp_path):
    entry = "policies: [{name: %s, update: latest}]\n"
    path = write(tmp_path, REPO + "policies: [z.yaml, 'p/*.yaml']\n")
    (tmp_path / "z.yaml").write_text(entry % "first")
    (tmp_path / "p").mkdir()
    (tmp_path / "p/b.yaml").write_text(entry % "third")
    (tmp_path / "p/a.yaml").write_text(entry % "second")
    rules = load_rules(load_settings(path, {}))
    assert [rule.policy.name for rule in rules] == ["first", "second", "third"]


def test_load_raises_all_problems(tmp_path):
    path = write(tmp_path, REPO + "a: 1\nb: 2\n")
    with pytest.raises(ConfigError) as caught:
        load_settings(path, {})
    assert len(caught.value.problems) == 2
