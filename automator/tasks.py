"""Tasks that run beside each other for one caller, to whom the failure of one of them is what it is."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from anyio.abc import TaskGroup

from automator.errors import AutomatorError


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
