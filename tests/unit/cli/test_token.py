"""`automator token`: what it prints is what the configuration takes, and what logs in."""

import pytest
import yaml
from click.testing import CliRunner

from automator.cli.token_command import command
from automator.config.load import load_settings
from automator.web.access.tokens import user_of


@pytest.mark.parametrize("name", ["ci", "Ann Example", 'A "B" \\ C: #d', "${HOME}", "Zoë", "yes"])
def test_the_token_is_known_by_the_lines_beside_it(name, tmp_path):
    result = CliRunner().invoke(command, [name, "--email", "ann@example.com", "--may", "read"])
    config = tmp_path / "automator.yaml"
    config.write_text(f"config_repos: [{{name: a, url: file:///a}}]\n{result.stderr}")
    users = load_settings(config, {}).web.users
    token = result.stdout.strip()
    user = user_of(token, users)
    assert (user.name, user.email, user.may) == (name, "ann@example.com", "read")
    assert token not in result.stderr


def test_an_email_is_not_needed():
    result = CliRunner().invoke(command, ["ci"])
    (user,) = yaml.safe_load(result.stderr)["web"]["users"]
    assert set(user) == {"name", "token_sha256", "may"}
