"""Debian's docker-registry (distribution 2.8) on a free loopback port: anonymous, htpasswd, or with tokens.

with docker_registry(tmp_path) as registry:
    push_image(registry.url, "shop/carts", "1.0")
"""

import json
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import bcrypt

from tests.servers.certificates import Certificate
from tests.servers.tokens import ISSUER, SERVICE, TokenServer

PROGRAM = Path("/usr/bin/docker-registry")

_LISTENING = "listening on "


@dataclass(frozen=True, slots=True, kw_only=True)
class DockerRegistry:
    """`host` is what image references name; `storage` is where `images.write_image` may write."""

    host: str
    url: str
    storage: Path
    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Notified:
    """Who hears of each push: a URL, and the `Authorization` that it is sent."""

    url: str
    authorization: str


@contextmanager
def docker_registry(
    directory: Path,
    *,
    users: Mapping[str, str] | None = None,
    tokens: TokenServer | None = None,
    tls: Certificate | None = None,
    notified: Notified | None = None,
) -> Iterator[DockerRegistry]:
    """With `users` it asks for Basic, with `tokens` for Bearer, else for nothing."""
    storage = directory / "storage"
    storage.mkdir(parents=True, exist_ok=True)
    config = directory / "registry.json"
    settings = _config(directory, storage, users, tokens, tls)
    if notified is not None:
        settings["notifications"] = {"endpoints": [_endpoint(notified)]}
    config.write_text(json.dumps(settings))
    process = subprocess.Popen(
        [PROGRAM, "serve", config],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        # Tracing is off: the registry would otherwise look for a collector.
        env={"OTEL_TRACES_EXPORTER": "none"},
    )
    assert process.stderr is not None
    drain = threading.Thread(target=_drain, args=(process.stderr,), name="registry log")
    try:
        host = _wait_for_address(process.stderr)
        drain.start()
        scheme = "http" if tls is None else "https"
        yield DockerRegistry(host=host, url=f"{scheme}://{host}", storage=storage, pid=process.pid)
    finally:
        process.terminate()
        process.wait()
        if drain.is_alive():
            drain.join()
        process.stderr.close()


def _config(
    directory: Path,
    storage: Path,
    users: Mapping[str, str] | None,
    tokens: TokenServer | None,
    tls: Certificate | None,
) -> dict[str, object]:
    """JSON is YAML enough for it."""
    http: dict[str, object] = {"addr": "127.0.0.1:0", "secret": "of the tests"}
    if tls is not None:
        http["tls"] = {"certificate": str(tls.certificate_file), "key": str(tls.key_file)}
    config: dict[str, object] = {
        "version": 0.1,
        "log": {"level": "info", "accesslog": {"disabled": True}},
        "storage": {
            "filesystem": {"rootdirectory": str(storage)},
            "delete": {"enabled": True},
            "maintenance": {"uploadpurging": {"enabled": False}},
        },
        "http": http,
    }
    if users is not None:
        htpasswd = directory / "htpasswd"
        htpasswd.write_text("".join(f"{name}:{_hash(users[name])}\n" for name in users))
        config["auth"] = {"htpasswd": {"realm": "test registry", "path": str(htpasswd)}}
    if tokens is not None:
        config["auth"] = {
            "token": {
                "realm": tokens.realm,
                "service": SERVICE,
                "issuer": ISSUER,
                "rootcertbundle": str(tokens.certificate.certificate_file),
            }
        }
    return config


def _endpoint(notified: Notified) -> Mapping[str, object]:
    return {
        "name": "automator",
        "url": notified.url,
        "headers": {"Authorization": [notified.authorization]},
        "timeout": "2s",
        "threshold": 5,
        "backoff": "100ms",
    }


def _hash(password: str) -> str:
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(rounds=4)).decode()


def _wait_for_address(log: IO[str]) -> str:
    """It chooses a port, and says which: nobody else can take it in between."""
    lines = []
    for line in log:
        lines.append(line)
        _, found, rest = line.partition(_LISTENING)
        if found:
            return rest.split('"')[0].split(",")[0].split()[0]
    raise RuntimeError(f"docker-registry did not start: {''.join(lines)}")


def _drain(log: IO[str]) -> None:
    for _ in log:
        pass
