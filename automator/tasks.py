"""Tasks that run beside each other for one caller, to whom the failure of one of them is what it is."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import anyio
from anyio.abc import TaskGroup

from automator.bugs import bugs_told
from automator.errors import AutomatorError
from automator.model.event import Event

Value = TypeVar("Value")


async def finish_in(
    tasks: TaskGroup, call: Callable[[], Awaitable[Value]], report: Callable[[Event], None]
) -> Value:
    """`call`, carried out in `tasks` to its end, whatever becomes of who waits here; what it raises is raised here alone.
    `report` is told of a bug.

    A shield holds off anyio's own cancelling: a web server that ends cancels by the event loop, through every shield.
    """
    over = anyio.Event()
    values: list[Value] = []
    errors: list[AutomatorError] = []

    async def run() -> None:
        with anyio.CancelScope(shield=True):
            try:
                with bugs_told(report):
                    values.append(await call())
            except AutomatorError as error:
                errors.append(error)
            finally:
                over.set()

    tasks.start_soon(run)
    with anyio.CancelScope(shield=True):
        await over.wait()
    if errors:
        raise errors[0]
    return values[0]


@asynccontextmanager
async def open_tasks() -> AsyncIterator[TaskGroup]:
    """Anyio's task group, but one of our own errors comes out as itself, the first of several; a bug keeps its group."""
    try:
        async with anyio.create_task_group() as tasks:
            yield tasks
    except BaseExceptionGroup as group:
        if group.split(AutomatorError)[1] is not None:
            raise
        first: BaseException = group
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        raise first from first.__cause__
