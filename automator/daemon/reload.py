"""Notices that the configuration changed: the file, its policy files, the files that hold its secrets."""

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

import anyio.to_thread

from automator.daemon.trigger import Trigger
from automator.errors import AutomatorError, ConfigError
from automator.model.event import ConfigRefused, ConfigReloaded
from automator.report.sinks import Reporter

Config = TypeVar("Config")


async def wait_for_change(
    load: Callable[[], Config],
    current: Config,
    reporter: Reporter,
    *,
    every: timedelta,
    asked: Trigger,
) -> Config:
    """The first configuration that differs from `current` and can be used. One that cannot is told once, and passed over.

    It is read again `every` so often, and at once when `asked` is called (SIGHUP).
    """
    refused = ""
    while True:
        await asked.wait(at_most_seconds=every.total_seconds())
        try:
            found = await anyio.to_thread.run_sync(load)
        except AutomatorError as error:
            if str(error) != refused:
                refused = str(error)
                reporter.emit(ConfigRefused(error=_tell(error), hint=error.hint))
            continue
        refused = ""
        if found != current:
            reporter.emit(ConfigReloaded())
            return found


def _tell(error: AutomatorError) -> str:
    problems = error.problems if isinstance(error, ConfigError) else ()
    return "; ".join(problems) or error.message
