"""Which credential belongs to an image repository: configured ones, Docker's config.json, credential helpers.

The order: what is configured for the host; then, in config.json as Docker reads it, `credHelpers`, `credsStore`
and `auths`, where the longest host/path prefix wins. Knows nothing of challenges and tokens.
"""

import base64
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import anyio
from pydantic import SecretStr

from automator.clock import Clock
from automator.errors import Denied, RegistryError, Unavailable
from automator.model.image import DOCKER_HUB, ImageRepository
from automator.registry.flight import SingleFlight

HELPER_SECONDS = 15.0
# A helper is a child process and often a request to a cloud; its credentials live for hours.
HELPER_REUSE_SECONDS = 300.0

_HUB_SERVER = "https://index.docker.io/v1/"
_HUB_NAMES = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})
_HELPER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_IDENTITY_TOKEN_USER = "<token>"  # noqa: S105 - the helper protocol's mark, no secret
_HINT = "write it anew with `docker login`, or configure the registry's credentials"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A user and password, an identity token (OAuth2 refresh token), or a ready registry token."""

    username: str = ""
    password: SecretStr = field(default_factory=partial(SecretStr, ""))
    identity_token: SecretStr | None = None
    registry_token: SecretStr | None = None

    @property
    def secrets(self) -> tuple[SecretStr, ...]:
        every = (self.password, self.identity_token, self.registry_token)
        return tuple(secret for secret in every if secret is not None)


def default_docker_config() -> Path:
    """Where Docker's own tools look: DOCKER_CONFIG, else ~/.docker."""
    directory = os.environ.get("DOCKER_CONFIG")
    return (Path(directory) if directory else Path.home() / ".docker") / "config.json"


class Credentials:
    """`configured` maps a registry host to its credential. `docker_config` is read again when it changes."""

    def __init__(
        self,
        *,
        clock: Clock,
        configured: Mapping[str, Credential] | None = None,
        docker_config: Path | None = None,
        helper_seconds: float = HELPER_SECONDS,
    ) -> None:
        self._clock = clock
        self._configured = dict(configured or {})
        self._path = docker_config
        self._helper_seconds = helper_seconds
        self._stamp: tuple[int, int] | None = None
        self._config: Mapping[str, Any] = {}
        self._helped: dict[tuple[str, str], tuple[float, Credential | None]] = {}
        self._flights: SingleFlight[tuple[str, str], Credential | None] = SingleFlight()

    async def for_repository(self, repository: ImageRepository) -> Credential | None:
        """None where nothing is known: the registry is then asked anonymously."""
        configured = self._configured.get(repository.host)
        if configured is not None:
            return configured
        if self._path is None:
            return None
        config = await anyio.to_thread.run_sync(self._load, self._path)
        helper = _find_helper(config, repository)
        if helper is not None:
            credential = await self._ask_helper(helper, _server_name(repository.host))
            if credential is not None:
                return credential
        entry = _find_entry(_mapping(config.get("auths")), repository)
        return None if entry is None else _parse_entry(entry, str(self._path))

    def _load(self, path: Path) -> Mapping[str, Any]:
        try:
            status = path.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            if stamp != self._stamp:
                self._config = _parse_config(path)
                self._stamp = stamp
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise Denied(
                f"the Docker config cannot be read: {error.strerror}",
                location=str(path),
                hint=_HINT,
            ) from error
        return self._config

    async def _ask_helper(self, name: str, server: str) -> Credential | None:
        known = self._helped.get((name, server))
        if known is not None and self._clock.monotonic_seconds() < known[0]:
            return known[1]
        return await self._flights.run((name, server), partial(self._run_helper, name, server))

    async def _run_helper(self, name: str, server: str) -> Credential | None:
        credential = await run_helper(name, server, seconds=self._helper_seconds)
        reuse_until = self._clock.monotonic_seconds() + HELPER_REUSE_SECONDS
        self._helped[name, server] = (reuse_until, credential)
        return credential


async def run_helper(name: str, server: str, *, seconds: float) -> Credential | None:
    """`docker-credential-NAME get`; None where the helper knows nothing of `server`. Its output is never shown."""
    program = f"docker-credential-{name}"
    if not _HELPER_NAME.fullmatch(name):
        raise Denied(f"{name!r} is no name of a credential helper", location=server, hint=_HINT)
    try:
        with anyio.fail_after(seconds):
            done = await anyio.run_process([program, "get"], input=server.encode(), check=False)
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
        raise _helper_failed(program, server, f"ended with status {done.returncode}")
    return _parse_helper_answer(done.stdout, program, server)


def _parse_helper_answer(output: bytes, program: str, server: str) -> Credential | None:
    # The parser's own exception holds the text, and with it the secret: it is not chained.
    answer = _parse_json(output)
    if not isinstance(answer, dict):
        raise _helper_failed(program, server, "did not answer in JSON")
    username, secret = answer.get("Username"), answer.get("Secret")
    if not isinstance(username, str) or not isinstance(secret, str):
        raise _helper_failed(program, server, "answered without Username and Secret")
    if not secret:
        return None
    if username == _IDENTITY_TOKEN_USER:
        return Credential(identity_token=SecretStr(secret))
    return Credential(username=username, password=SecretStr(secret))


def _helper_failed(program: str, server: str, what: str) -> RegistryError:
    return Denied(
        f"{program} {what}",
        location=server,
        hint=f"run `echo {server} | {program} get` as the daemon's user",
    )


def _parse_config(path: Path) -> Mapping[str, Any]:
    config = _parse_json(path.read_bytes())
    if not isinstance(config, dict):
        raise Denied("the Docker config is not a JSON object", location=str(path), hint=_HINT)
    return config


def _parse_json(text: bytes) -> object:
    try:
        parsed: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return parsed


def _parse_entry(entry: Mapping[str, Any], path: str) -> Credential | None:
    """None for the empty entries that Docker leaves beside a credential store."""
    identity, registry = entry.get("identitytoken"), entry.get("registrytoken")
    if isinstance(identity, str) and identity:
        return Credential(identity_token=SecretStr(identity))
    if isinstance(registry, str) and registry:
        return Credential(registry_token=SecretStr(registry))
    username, password = entry.get("username"), entry.get("password")
    auth = entry.get("auth")
    if isinstance(auth, str) and auth:
        username, password = _decode_auth(auth, path)
    if not isinstance(username, str) or not isinstance(password, str) or not username:
        return None
    return Credential(username=username, password=SecretStr(password))


def _decode_auth(auth: str, path: str) -> tuple[str, str]:
    try:
        username, colon, password = base64.b64decode(auth, validate=True).decode().partition(":")
    except ValueError:
        colon = ""
    if not colon:
        raise Denied(
            "an `auth` entry of the Docker config is not base64 of user:password",
            location=path,
            hint=_HINT,
        )
    # Docker pads with zero bytes, and strips them.
    return username, password.strip("\0")


def _find_helper(config: Mapping[str, Any], repository: ImageRepository) -> str | None:
    for key, name in _mapping(config.get("credHelpers")).items():
        if _split_key(key) == (repository.host, "") and isinstance(name, str) and name:
            return name
    store = config.get("credsStore")
    return store if isinstance(store, str) and store else None


def _find_entry(auths: Mapping[str, Any], repository: ImageRepository) -> Mapping[str, Any] | None:
    """The entry whose host/path is the longest that the image repository is in."""
    best: tuple[int, Mapping[str, Any]] | None = None
    for key, entry in auths.items():
        host, path = _split_key(key)
        inside = not path or f"{repository.path}/".startswith(f"{path}/")
        if host == repository.host and inside and isinstance(entry, dict):
            best = max(best or (-1, {}), (len(path), entry), key=lambda found: found[0])
    return None if best is None else best[1]


def _split_key(key: str) -> tuple[str, str]:
    """Host and path of a key, which may be written as a URL (`https://index.docker.io/v1/`, `https://host/v2/`)."""
    rest = key.partition("://")[2] or key
    host, _, path = rest.partition("/")
    host = host.lower()
    path = path.strip("/")
    if path in {"v1", "v2"}:
        path = ""
    return (DOCKER_HUB if host in _HUB_NAMES else host), path


def _server_name(host: str) -> str:
    return _HUB_SERVER if host == DOCKER_HUB else host


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
