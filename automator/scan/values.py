"""Values of image fields: which are written literally, which are none of ours to touch, what looks like an image."""

import re

from automator.errors import InvalidReference
from automator.model.image import ImageReference

NOT_LITERAL = "it is not written literally"
_TEMPLATED = re.compile(r"\$\{|\{\{|\$\(|<[^<>]*>|\$[A-Za-z_]")
_FILE = re.compile(r"\.(?:png|jpe?g|svg|gif|webp|ico|iso|img|qcow2|raw|vmdk|zip|tgz|gz|xz|bz2)$")
"""A picture or a disk: `logoImage: cdn.example.com/logo.png`."""
_GIT_HOSTS = ("github.com/", "gitlab.com/", "bitbucket.org/")
_LONGEST = 1000
"""Longer than any reference: 255 characters of name, 128 of tag, and a digest."""


def why_untouched(value: str) -> str | None:
    """None for a value to read as a reference; else a reason to tell, or "" where there is nothing to tell."""
    if len(value) > _LONGEST:
        return "it is too long for an image"
    if not value.strip() or "*" in value or value.startswith(("ENC[", "ko://", "!")):
        return ""
    if _TEMPLATED.search(value):
        return NOT_LITERAL
    return None


def read_image(value: str) -> ImageReference | None:
    """The reference that a value is, if it may be one to touch."""
    if why_untouched(value) is not None or value.startswith(_GIT_HOSTS):
        return None
    try:
        return ImageReference.parse(value)
    except InvalidReference:
        return None


def is_surely_image(image: ImageReference) -> bool:
    """Where only the shape tells: it has a tag or a digest, or names a registry. `rbd.image: foo` does not."""
    if image.tag is not None or image.digest is not None:
        return True
    host, slash, _ = image.name.partition("/")
    named = bool(slash) and ("." in host or ":" in host or host == "localhost")
    return named and not _FILE.search(image.name)
