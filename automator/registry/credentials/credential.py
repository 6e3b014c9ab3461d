"""What a registry, or its token server, is shown."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from pydantic import SecretStr


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A user and password, an identity token (OAuth2 refresh token), or a ready registry token.

    `expires_at` is UTC; None for what does not expire by itself.
    """

    username: str = ""
    password: SecretStr = field(default_factory=partial(SecretStr, ""))
    identity_token: SecretStr | None = None
    registry_token: SecretStr | None = None
    expires_at: datetime | None = None

    @property
    def secrets(self) -> tuple[SecretStr, ...]:
        every = (self.password, self.identity_token, self.registry_token)
        return tuple(secret for secret in every if secret is not None)
