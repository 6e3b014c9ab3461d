"""Static tokens: made by `automator token`, known to the configuration by their SHA-256.

A plain hash is enough, and compared in constant time: every token has 256 random bits, which no list of likely ones
holds and nobody tries out. A slow hash would only help those who choose their secrets, and nobody chooses these: what
does not look like a token of ours is never compared.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable

from automator.config.web import WebUser

PREFIX = "amt_"
"""By this, scanners for leaked secrets recognise them."""

_FORM = re.compile(r"amt_[A-Za-z0-9_-]{43}")


def make_token() -> str:
    return PREFIX + secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def user_of(token: str, users: Iterable[WebUser]) -> WebUser | None:
    """Whose token it is. All hashes are compared, so that the time tells nothing."""
    if not _FORM.fullmatch(token):
        return None
    hashed = hash_token(token)
    matching = [user for user in users if hmac.compare_digest(user.token_sha256, hashed)]
    return matching[0] if matching else None
