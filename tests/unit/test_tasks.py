"""The error of a task is the caller's to handle; a bug is not."""

import pytest

from automator.errors import StoreError, Unavailable
from automator.tasks import open_tasks

pytestmark = pytest.mark.anyio


async def fail(*errors):
    async with open_tasks() as outer, open_tasks() as inner:
        for number, error in enumerate(errors):
            (outer, inner)[number % 2].start_soon(_raise, error)


async def _raise(error):
    raise error


@pytest.mark.parametrize(
    "errors",
    [
        (StoreError("full"),),
        (StoreError("full"), Unavailable("down")),
        (Unavailable("a"), StoreError("b"), StoreError("c")),
    ],
)
async def test_an_error_of_ours_comes_out_as_itself(errors):
    with pytest.raises(
        type(errors[0]) if len(errors) == 1 else (StoreError, Unavailable)
    ) as raised:
        await fail(*errors)
    assert raised.value in errors


async def test_a_bug_comes_out_with_all_that_came_with_it():
    with pytest.raises(ExceptionGroup) as raised:
        await fail(StoreError("full"), KeyError("bug"))
    assert raised.group_contains(KeyError, depth=None)


async def test_an_error_of_the_body_comes_out_as_itself():
    with pytest.raises(StoreError):
        async with open_tasks():
            raise StoreError("full")
