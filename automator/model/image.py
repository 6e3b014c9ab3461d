"""Image references as the OCI and Docker tools read them, and printed exactly as they were written.

Grammar (distribution/reference): `[host[:port]/]path[:tag][@algorithm:hex]`. A first part is a host if it
holds a `.`, a `:` or an upper-case letter, or is `localhost`. Knows nothing of registries.
"""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NewType, Self

from automator.errors import InvalidReference

Digest = NewType("Digest", str)
"""`sha256:` and 64 hexadecimal digits (or another registered algorithm)."""

DOCKER_HUB = "docker.io"
HUB_ALIASES = frozenset({"index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"})

_HOST = r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[0-9a-fA-F:]+\]"
_HOST_PORT = re.compile(rf"(?:{_HOST})(?::[0-9]+)?")
_PATH_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_PATH = re.compile(rf"{_PATH_PART}(?:/{_PATH_PART})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}")
_SHA256 = re.compile(r"sha256:[0-9a-f]{64}")


def is_tag(text: str) -> bool:
    return _TAG.fullmatch(text) is not None


def parse_digest(text: str) -> Digest:
    """Refuses a sha256 digest of the wrong length, which the general grammar would let through."""
    wrong = text.startswith("sha256:") and not _SHA256.fullmatch(text)
    if wrong or not _DIGEST.fullmatch(text):
        raise InvalidReference(f"{text!r} is no digest", hint="sha256: and 64 hexadecimal digits")
    return Digest(text)


@dataclass(frozen=True, slots=True, order=True)
class ImageRepository:
    """What is polled: the registry's host and the path there, in canonical form (`docker.io/library/redis`)."""

    host: str
    path: str

    def __str__(self) -> str:
        return f"{self.host}/{self.path}"


@dataclass(frozen=True, slots=True)
class ImageReference:
    """`name` is what stands before tag and digest, as written (`redis`, `quay.io/org/app`)."""

    name: str
    tag: str | None = None
    digest: Digest | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises InvalidReference, whose message says which part is wrong."""
        rest, at, digest_text = text.partition("@")
        digest = parse_digest(digest_text) if at else None
        name, tag = _split_tag(rest)
        if tag is not None and not is_tag(tag):
            raise InvalidReference(f"{text!r} is no image reference: {tag!r} is no tag")
        parse_repository(name)
        return cls(name, tag, digest)

    @property
    def repository(self) -> ImageRepository:
        return parse_repository(self.name)

    def moved_to(self, tag: str | None, digest: Digest | None) -> Self:
        return replace(self, tag=tag, digest=digest)

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag is not None else ""
        digest = f"@{self.digest}" if self.digest is not None else ""
        return f"{self.name}{tag}{digest}"


def _split_tag(text: str) -> tuple[str, str | None]:
    head, colon, tail = text.rpartition(":")
    if not colon or "/" in tail:
        return text, None
    return head, tail


@lru_cache(maxsize=65536)
def parse_repository(name: str) -> ImageRepository:
    """A name without tag and digest, in any spelling that Docker accepts, to its canonical form."""
    first, slash, rest = name.partition("/")
    if slash and (set(".:") & set(first) or first == "localhost" or first != first.lower()):
        host, path = first, rest
    else:
        host, path = DOCKER_HUB, name
    if not _HOST_PORT.fullmatch(host):
        raise InvalidReference(f"{name!r} is no image name: {host!r} is no registry host")
    if not _PATH.fullmatch(path) or len(name) > 255:
        raise InvalidReference(
            f"{name!r} is no image name", hint="lower case letters, digits, separators and slashes"
        )
    host = host.lower()
    if host in HUB_ALIASES:
        host = DOCKER_HUB
    if host == DOCKER_HUB and "/" not in path:
        path = f"library/{path}"
    return ImageRepository(host, path)


@dataclass(frozen=True, slots=True, order=True)
class Platform:
    """`os/architecture[/variant]`, as in an image index."""

    os: str
    architecture: str
    variant: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        parts = text.split("/")
        if len(parts) not in {2, 3} or not all(parts):
            raise InvalidReference(
                f"{text!r} is no platform", hint="os/architecture, as linux/arm64"
            )
        return cls(*parts)

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)
