"""Readers of the table, in a process of their own: `python -m benchmarks.viewers URL COUNT`.

Each does what the page's script does: it holds `/events` open, and loads its table again a moment after each news; and
every few seconds besides, from nothing, as a browser without a cache. They go when the standard input ends, and tell then
how long each page took (until its last byte, JSON).
"""

import json
import random
import sys
import time
from dataclasses import asdict, dataclass, field

import anyio
import anyio.to_thread
import httpx

_BURST_SECONDS = 0.3
_AGAIN_SECONDS = 5.0
_QUERIES = (
    "",
    "q=team-0",
    "status=locked",
    "sort=-behind",
    "sort=-age",
    "group=namespace",
    "namespace=team-07",
    "page=3",
    "sort=image&page=2",
    "q=workload-00+statefulset",
)


@dataclass(kw_only=True)
class Seen:
    seconds: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    news: int = 0
    failed: int = 0


async def view(client: httpx.AsyncClient, number: int, seen: Seen) -> None:
    address = f"/?{_QUERIES[number % len(_QUERIES)]}"
    rng = random.Random(number)

    async def load() -> None:
        began = time.perf_counter()
        try:
            answer = await client.get(address)
        except httpx.TransportError:
            seen.failed += 1
            return
        seen.seconds.append(time.perf_counter() - began)
        seen.sizes.append(len(answer.content))
        seen.failed += answer.status_code != 200

    async def load_now_and_then() -> None:
        await anyio.sleep(rng.uniform(0, _AGAIN_SECONDS))
        while True:
            await load()
            await anyio.sleep(_AGAIN_SECONDS)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(load_now_and_then)
        async with client.stream("GET", "/events", timeout=None) as events:
            async for line in events.aiter_lines():
                if line == "event: board":
                    seen.news += 1
                    await anyio.sleep(rng.uniform(0, _BURST_SECONDS))
                    await load()


async def watch(url: str, count: int) -> Seen:
    seen = Seen()
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with (
        httpx.AsyncClient(base_url=url, limits=limits, timeout=30, trust_env=False) as client,
        anyio.create_task_group() as tasks,
    ):
        for number in range(count):
            tasks.start_soon(view, client, number, seen)
        await anyio.to_thread.run_sync(sys.stdin.read)
        tasks.cancel_scope.cancel()
    return seen


if __name__ == "__main__":
    print(json.dumps(asdict(anyio.run(watch, sys.argv[1], int(sys.argv[2])))))
