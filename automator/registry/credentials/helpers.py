"""Docker's credential helpers: programs `docker-credential-NAME` that are asked for the credential of a server.

The protocol: https://github.com/docker/docker-credential-helpers. What a helper prints is never shown.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import BinaryIO

import anyio
from pydantic import SecretStr

from automator.clock import Clock
from automator.errors import Denied, RegistryError, Unavailable
from automator.model.image import DOCKER_HUB
from automator.registry.credentials.credential import Credential
from automator.registry.credentials.docker import parse_json
from automator.registry.flight import SingleFlight

HELPER_SECONDS = 15.0
# A helper is a child process and often a request to a cloud; its credentials live for hours.
HELPER_REUSE_SECONDS = 300.0

_HUB_SERVER = "https://index.docker.io/v1/"
_HELPER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_IDENTITY_TOKEN_USER = "<token>"  # noqa: S105 - the helper protocol's mark, no secret


class Helpers:
    """Each helper is asked once for a host, and again after some minutes."""

    def __init__(self, *, clock: Clock, seconds: float = HELPER_SECONDS) -> None:
        self._clock = clock
        self._seconds = seconds
        self._known: dict[tuple[str, str], tuple[float, Credential | None]] = {}
        self._flights: SingleFlight[tuple[str, str], Credential | None] = SingleFlight()

    async def ask(self, name: str, host: str) -> Credential | None:
        """None where the helper knows nothing of the registry host. Raises Denied and Unavailable."""
        server = _HUB_SERVER if host == DOCKER_HUB else host
        known = self._known.get((name, server))
        if known is not None and self._clock.monotonic_seconds() < known[0]:
            return known[1]
        return await self._flights.run((name, server), partial(self._run, name, server))

    async def _run(self, name: str, server: str) -> Credential | None:
        credential = await run_helper(name, server, seconds=self._seconds)
        reuse_until = self._clock.monotonic_seconds() + HELPER_REUSE_SECONDS
        self._known[name, server] = (reuse_until, credential)
        return credential


async def run_helper(name: str, server: str, *, seconds: float) -> Credential | None:
    program = f"docker-credential-{name}"
    if not _HELPER_NAME.fullmatch(name):
        raise Denied(
            f"{name!r} is no name of a credential helper",
            location=server,
            hint="correct credsStore and credHelpers of the Docker config",
        )
    try:
        with anyio.fail_after(seconds), _pipe(server) as question:
            done = await anyio.run_process([program, "get"], stdin=question, check=False)
    except TimeoutError as error:
        raise Unavailable(
            f"{program} did not answer in {seconds:g} s", location=server, hint="run it by hand"
        ) from error
    except OSError as error:
        raise Denied(
            f"{program} cannot be started: {error.strerror}",
            location=server,
            hint="install it, or take it out of the Docker config",
        ) from error
    if done.returncode != 0:
        if b"not found" in done.stdout:
            return None
        raise _failed(program, server, f"ended with status {done.returncode}")
    return _parse_answer(done.stdout, program, server)


@contextmanager
def _pipe(text: str) -> Iterator[BinaryIO]:
    """The reading end of a pipe that holds a short text, written already: a helper may end without reading it."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as pipe:
        with os.fdopen(writing, "wb") as rest:
            rest.write(text.encode())
        yield pipe


def _parse_answer(output: bytes, program: str, server: str) -> Credential | None:
    answer = parse_json(output)
    if not isinstance(answer, dict):
        raise _failed(program, server, "did not answer in JSON")
    username, secret = answer.get("Username"), answer.get("Secret")
    if not isinstance(username, str) or not isinstance(secret, str):
        raise _failed(program, server, "answered without Username and Secret")
    if not secret:
        return None
    if username == _IDENTITY_TOKEN_USER:
        return Credential(identity_token=SecretStr(secret))
    return Credential(username=username, password=SecretStr(secret))


def _failed(program: str, server: str, what: str) -> RegistryError:
    return Denied(
        f"{program} {what}",
        location=server,
        hint=f"run `echo {server} | {program} get` as the daemon's user",
    )
