"""What is documented is what there is: every key, every reason, every ready policy file."""

from pathlib import Path

import pytest

from automator.config.load import check_config, load_rules, load_settings
from automator.config.models import Author, ConfigRepoSettings, Settings
from automator.config.policy_file import FilterEntry, MatchEntry, PolicyEntry, PolicyFile
from automator.config.registries import HookSettings, RegistrySettings
from automator.config.web import (
    AllowSettings,
    OidcSettings,
    ProxySettings,
    WebSettings,
    WebUser,
)
from automator.model.selection import Reason

ROOT = Path(__file__).parents[3]
REFERENCE = ROOT / "docs/reference"
POLICY_FILES = sorted((ROOT / "policies").glob("*.yaml"))


def keys(*models):
    return [name for model in models for name in model.model_fields]


@pytest.mark.parametrize(
    "key", keys(Settings, ConfigRepoSettings, RegistrySettings, HookSettings, Author)
)
def test_configuration_key_is_documented(key):
    assert f"| `{key}` |" in (REFERENCE / "configuration.md").read_text()


@pytest.mark.parametrize(
    "key", keys(WebSettings, WebUser, ProxySettings, OidcSettings, AllowSettings)
)
def test_web_key_is_documented(key):
    assert f"| `{key}` |" in (REFERENCE / "configuration.md").read_text().partition("## web")[2]


@pytest.mark.parametrize("key", keys(PolicyFile, PolicyEntry, MatchEntry, FilterEntry))
def test_policy_key_is_documented(key):
    assert f"| `{key}` |" in (REFERENCE / "policies.md").read_text()


@pytest.mark.parametrize("reason", Reason)
def test_reason_is_documented(reason):
    assert f"| {reason} |" in (REFERENCE / "policies.md").read_text()


@pytest.mark.parametrize("path", POLICY_FILES, ids=lambda path: path.stem)
def test_ready_policy_file_is_without_mistakes(path, tmp_path):
    config = tmp_path / "automator.yaml"
    config.write_text(f"config_repos: [{{name: a, url: file:///a}}]\npolicies: ['{path}']\n")
    assert check_config(config, {}) == []
    assert load_rules(load_settings(config, {}))


def test_there_are_ready_policy_files():
    assert len(POLICY_FILES) >= 5
