"""`automator check` about logins: what is missing, and what can be overheard."""

import sys

import pytest
from click.testing import CliRunner

from automator.cli.check_command import command
from automator.config.web import WebSettings
from automator.errors import ConfigError
from automator.web.access.access import Access
from automator.web.access.sessions import Sessions
from tests.servers.clocks import ManualClock

OIDC = {"issuer": "https://id.example.com", "client_id": "automator"}
WEB = {"url": "http://automator.example.com", "oidc": OIDC}


def checked(tmp_path, listen):
    path = tmp_path / "automator.yaml"
    path.write_text(f"config_repos: [{{name: a, url: file:///a}}]\nlisten: {listen}\nweb: {WEB}\n")
    result = CliRunner().invoke(command, ["--offline"], obj=path, standalone_mode=False)
    return result.return_value, result.stdout


def test_logins_that_can_be_overheard_are_a_note(tmp_path):
    status, told = checked(tmp_path, "0.0.0.0:8080")
    assert status == 0
    assert told.startswith("web: logins go over plain HTTP on 0.0.0.0:8080: put TLS in front of it")


def test_on_loopback_nobody_overhears(tmp_path):
    assert checked(tmp_path, "127.0.0.1:8080") == (0, "0 problems found, 0 notes\n")


def test_a_missing_library_is_a_mistake(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "joserfc", None)
    status, told = checked(tmp_path, "127.0.0.1:8080")
    assert status == 2
    assert told.startswith("web.oidc: joserfc is not installed (pip install 'automator[oidc]')\n")


def test_without_it_the_daemon_does_not_start(monkeypatch):
    monkeypatch.setitem(sys.modules, "joserfc.jwt", None)
    clock = ManualClock()
    with pytest.raises(ConfigError, match=r"pip install 'automator\[oidc\]'"):
        Access(
            WebSettings.model_validate(WEB),
            listen="127.0.0.1:8080",
            sessions=Sessions(clock),
            report=[].append,
            clock=clock,
        )
