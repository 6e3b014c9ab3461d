"""The command line: one module a command, found by name so that a command loads only what it needs.

Errors become one line on standard error and the documented exit status here, and nowhere else.
"""

import importlib
import os
import sys
from pathlib import Path
from typing import NoReturn

import click

from automator.errors import AutomatorError, ConfigError

_COMMANDS = {
    "run": "the daemon; --once makes one pass and exits",
    "plan": "what run would change; nothing is written",
    "workloads": "every container with its image, policy and status",
    "explain": "why, tag by tag",
    "check": "every error in config, policies and annotations",
    "history": "the audit log",
    "automate": "let policies move a workload's images",
    "deautomate": "leave a workload's images alone",
    "lock": "never change a workload's images, and say why",
    "unlock": "take a lock away",
    "set-policy": "write a policy on a workload",
    "release": "move an image to a named tag now",
    "rollback": "move an image back, and not forward again",
    "sync": "poll and update now, once",
    "images": "image fields in a local directory; no network",
    "set": "write an image reference into local manifests; no network",
    "select": "choose among tags read from standard input",
    "migrate": "native annotations for those of other tools; no network",
    "token": "a token for the pages and the HTTP API",
    "demo": "everything on this machine, nothing to configure",
}
_ACTIONS = frozenset(
    ("automate", "deautomate", "lock", "unlock", "set-policy", "release", "rollback", "sync")
)
"""They stand in one module."""


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        if cmd_name in _ACTIONS:
            module = importlib.import_module("automator.cli.action_commands")
            command = getattr(module, cmd_name.replace("-", "_"))
        else:
            command = importlib.import_module(f"automator.cli.{cmd_name}_command").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="automator")
@click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The configuration. Default: $AUTOMATOR_CONFIG, then automator.yaml here.",
)
@click.pass_context
def cli(ctx: click.Context, config_path: Path | None) -> None:
    """Polls registries, evaluates update policies, and commits new images to Git config repos."""
    ctx.obj = config_path


def main() -> NoReturn:
    """Never shows a traceback, but with AUTOMATOR_DEBUG=1."""
    try:
        status = cli.main(standalone_mode=False)
    except (click.exceptions.Abort, KeyboardInterrupt):
        sys.exit(130)
    except (click.ClickException, AutomatorError) as error:
        sys.exit(_explain(error))
    except BrokenPipeError:
        # Whoever read us has gone (`automator images | head`): nothing is wrong.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as bug:
        if os.environ.get("AUTOMATOR_DEBUG") == "1":
            raise
        _complain(f"internal error: {type(bug).__name__}: {bug} (AUTOMATOR_DEBUG=1 shows where)")
        sys.exit(1)
    sys.exit(status if isinstance(status, int) else 0)


def _explain(error: click.ClickException | AutomatorError) -> int:
    """Says what is wrong, a line for each mistake; the exit status."""
    match error:
        case click.exceptions.NoArgsIsHelpError():
            error.show()
            return 2
        case click.ClickException():
            _complain(error.format_message().replace("\n", " "))
            return 2
        case ConfigError(problems=problems) if problems:
            for line in problems:
                _complain(line)
        case _:
            _complain(str(error))
    return error.exit_status


def _complain(line: str) -> None:
    sys.stderr.write(f"automator: {line}\n")
