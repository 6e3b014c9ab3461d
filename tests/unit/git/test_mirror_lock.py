"""Who waits for the mirror of a config repo."""

import fcntl

import anyio
import anyio.to_thread
import pytest

from automator.git.mirror import Mirror

pytestmark = pytest.mark.anyio


async def test_many_who_wait_for_another_process_hold_one_thread(tmp_path):
    mirror = Mirror(tmp_path / "mirror", remote=None)
    threads = anyio.to_thread.current_default_thread_limiter()
    done = []

    async def work():
        async with mirror.lock():
            done.append(1)

    with (tmp_path / "mirror.lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        async with anyio.create_task_group() as tasks:
            for _ in range(50):
                tasks.start_soon(work)
            await anyio.wait_all_tasks_blocked()
            assert threads.borrowed_tokens == 1
            fcntl.flock(other, fcntl.LOCK_UN)
    assert len(done) == 50
