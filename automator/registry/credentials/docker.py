"""Files of credentials as Docker and Kubernetes write them, read again when they change.

One parser for the three forms: Docker's config.json, `.dockerconfigjson` (the same inside a Kubernetes secret) and
the older `.dockercfg`, which is the `auths` object alone. Keys are matched as the kubelet does it
(https://kubernetes.io/docs/concepts/containers/images/#config-json): host and path prefix, and `*` within a part of
the host.
"""

import base64
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from automator.errors import Denied
from automator.model.image import DOCKER_HUB, ImageRepository
from automator.registry.credentials.credential import Credential

_HUB_NAMES = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})
# As a secret of either type is mounted, and as one made by hand is.
_SECRET_NAMES = (".dockerconfigjson", ".dockercfg", "config.json")
_HINT = "write it anew with `docker login`, or configure the registry's credentials"


@dataclass(frozen=True, slots=True, order=True)
class Nearness:
    """How well a key names an image repository: a whole host before a pattern, then the longer path."""

    names_host: bool
    path_length: int


@dataclass(frozen=True, slots=True)
class DockerConfig:
    """A parsed file; `path` is where it stands, for errors."""

    path: Path
    document: Mapping[str, Any]

    def find_helper(self, repository: ImageRepository) -> str | None:
        """The name of the credential helper of the host, else of the store of all hosts."""
        for key, name in _mapping(self.document.get("credHelpers")).items():
            if _split_key(key) == (repository.host, "") and isinstance(name, str) and name:
                return name
        store = self.document.get("credsStore")
        return store if isinstance(store, str) and store else None

    def find(self, repository: ImageRepository) -> tuple[Nearness, Credential] | None:
        """The credential of the nearest key that the image repository is in, if that holds one."""
        nearest: tuple[Nearness, Mapping[str, Any]] | None = None
        for key, entry in _mapping(self.document.get("auths", self.document)).items():
            nearness = _compare(key, repository)
            if nearness is None or not isinstance(entry, dict):
                continue
            if nearest is None or nearness > nearest[0]:
                nearest = (nearness, entry)
        if nearest is None:
            return None
        credential = _parse_entry(nearest[1], self.path)
        return None if credential is None else (nearest[0], credential)


class ConfigFile:
    """`locate` tells where the file stands now, or None where there is none."""

    def __init__(self, locate: Callable[[], Path | None]) -> None:
        self._locate = locate
        self._stamp: tuple[object, ...] = ()
        self._config: DockerConfig | None = None

    def load(self) -> DockerConfig | None:
        """Blocking. Raises Denied for a file that cannot be read, or is no JSON object."""
        path = self._locate()
        if path is None:
            return None
        try:
            status = path.stat()
            # Kubernetes replaces a mounted file by another one behind a symbolic link.
            stamp = (path, status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size)
            if stamp != self._stamp:
                self._config = _parse_config(path)
                self._stamp = stamp
        except OSError as error:
            raise Denied(
                f"the credentials cannot be read: {error.strerror}", location=str(path), hint=_HINT
            ) from error
        return self._config


def default_docker_config() -> Path:
    """Where Docker's own tools look: DOCKER_CONFIG, else ~/.docker."""
    directory = os.environ.get("DOCKER_CONFIG")
    return (Path(directory) if directory else Path.home() / ".docker") / "config.json"


def docker_config_file(path: Path) -> ConfigFile:
    """Docker's own file, which need not exist."""
    return ConfigFile(lambda: path if path.exists() else None)


def pull_secret_file(path: Path) -> ConfigFile:
    """A pull secret: the file, or the folder where Kubernetes mounted it, which an optional secret leaves empty."""

    def locate() -> Path | None:
        if not path.is_dir():
            return path
        names = (path / name for name in _SECRET_NAMES)
        return next((file for file in names if file.exists()), None)

    return ConfigFile(locate)


def parse_json(text: bytes) -> object:
    """None for what is no JSON: the parser's own exception holds the text, and with it the secrets."""
    try:
        parsed: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return parsed


def _parse_config(path: Path) -> DockerConfig:
    document = parse_json(path.read_bytes())
    if not isinstance(document, dict):
        raise Denied("the file of credentials is not a JSON object", location=str(path), hint=_HINT)
    return DockerConfig(path, document)


def _compare(key: str, repository: ImageRepository) -> Nearness | None:
    host, path = _split_key(key)
    if path and not f"{repository.path}/".startswith(f"{path}/"):
        return None
    if host == repository.host:
        return Nearness(names_host=True, path_length=len(path))
    labels, patterns = repository.host.split("."), host.split(".")
    if len(labels) == len(patterns) and all(map(fnmatchcase, labels, patterns)):
        return Nearness(names_host=False, path_length=len(path))
    return None


def _split_key(key: str) -> tuple[str, str]:
    """Host and path of a key, which may be written as a URL (`https://index.docker.io/v1/`, `https://host/v2/`)."""
    rest = key.partition("://")[2] or key
    host, _, path = rest.partition("/")
    host = host.lower()
    path = path.strip("/")
    if path in {"v1", "v2"}:
        path = ""
    return (DOCKER_HUB if host in _HUB_NAMES else host), path


def _parse_entry(entry: Mapping[str, Any], path: Path) -> Credential | None:
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


def _decode_auth(auth: str, path: Path) -> tuple[str, str]:
    try:
        username, colon, password = base64.b64decode(auth, validate=True).decode().partition(":")
    except ValueError:
        colon = ""
    if not colon:
        raise Denied(
            "an `auth` entry is not base64 of user:password", location=str(path), hint=_HINT
        )
    # Docker pads with zero bytes, and strips them.
    return username, password.strip("\0")


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
