"""How errors read: one line that says where, what, and what to do next."""

from automator.errors import ConfigError, GitError, UsageError


def test_an_error_is_one_line_with_place_and_hint():
    error = GitError("branch 'main' does not exist", location="shop", hint="create it")
    assert str(error) == "shop: branch 'main' does not exist (create it)"


def test_an_error_without_place_or_hint_is_its_message():
    assert str(UsageError("no such thing")) == "no such thing"


def test_exit_status_tells_usage_from_failure():
    assert (UsageError("x").exit_status, ConfigError("x").exit_status) == (2, 2)
    assert GitError("x").exit_status == 1
