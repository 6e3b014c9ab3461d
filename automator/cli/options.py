"""Options and steps that several commands share: the output format, finding and loading the configuration."""

import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import anyio
import click

from automator.config.load import find_config, load_rules, load_settings
from automator.config.models import Settings
from automator.model.policy import Rule

Result = TypeVar("Result")

output_option = click.option(
    "-o",
    "--output",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="For people, or for programs.",
)

repo_option = click.option(
    "--repo", "repo_names", multiple=True, metavar="NAME", help="Only this config repo; repeatable."
)


def load_config(config_path: Path | None) -> tuple[Settings, tuple[Rule, ...]]:
    """Raises ConfigError with every mistake in the configuration and the policy files."""
    settings = load_settings(find_config(config_path, os.environ), os.environ)
    return settings, load_rules(settings)


def run_async(main: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    return anyio.run(main)
