"""How a registry's challenge is answered: Basic, or a token from the realm that it names; tokens are kept and shared.

A token is asked for with the registry's credentials at the realm that the registry named and that is trusted: of its
own domain, or named in the configuration (`realms.py`).

Only a challenge of the registry itself names a realm: an answer that came over a redirect does not, and the
token server's own redirects are followed without credentials. A credential is always the one that belongs to
the image repository, so a registry that lies can lose its own credential and no other.
"""

import base64
import json
import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol
from urllib.parse import quote_plus, urlencode

import anyio
from pydantic import SecretStr

from automator.clock import Clock
from automator.errors import Denied, ProtocolViolation, RegistryError
from automator.model.image import ImageRepository
from automator.registry.credentials import Credential
from automator.registry.documents import parse_token
from automator.registry.flight import SingleFlight
from automator.registry.protocol import Challenge, origin, registry_url
from automator.registry.realms import Trust, judge_realm

CLIENT_ID = "automator"
PULL = "pull"
"""The purpose of nearly every request: the action that a token's scope names."""

_LONGEST_MARGIN_SECONDS = 30.0


class CredentialSource(Protocol):
    async def for_repository(self, repository: ImageRepository) -> Credential | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    """The header's value, and every secret in it, so that a registry that echoes them is not quoted."""

    header: SecretStr
    secrets: tuple[SecretStr, ...]
    is_anonymous: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRequest:
    """What the token server is asked: GET, or POST where there is a `form`.

    `named_by` is the URL of the registry that named the token server; empty where the configuration names it too.
    """

    url: str
    named_by: str = ""
    form: str | None = field(default=None, repr=False)
    authorization: Authorization | None = None
    secrets: tuple[SecretStr, ...] = ()

    @property
    def is_anonymous(self) -> bool:
        return not self.secrets


@dataclass(frozen=True, slots=True, kw_only=True)
class _Grant:
    challenge: Challenge
    authorization: Authorization
    reuse_until: float


class Authenticator:
    """One for each registry host. Grants are kept for each image repository and purpose, which is the scope of a token.

    Where the registry's challenge names a scope that is of no repository (`aws` of ECR Public, `*` of Gitea), the token
    server is asked the same for each of them, and so it is asked once.

    `service` is what the registry called itself in its last challenge; empty before the first. `realms` are hosts (or
    host:port) of token servers that may have the credentials beside those of the registry's own domain.
    """

    def __init__(
        self,
        *,
        host: str,
        insecure: bool,
        credentials: CredentialSource,
        clock: Clock,
        fetch: Callable[[ImageRepository, TokenRequest], Awaitable[bytes]],
        realms: Sequence[str] = (),
    ) -> None:
        self._host = host
        self._realms = tuple(realms)
        self._insecure = insecure
        self._credentials = credentials
        self._clock = clock
        self._fetch = fetch
        self.service = ""
        self._grants: dict[tuple[str, str], _Grant] = {}
        self._flights: SingleFlight[tuple[str, str], Authorization] = SingleFlight()
        self._shared: dict[TokenRequest, _Grant] = {}
        self._sharing = anyio.Lock()

    async def authorization(
        self, repository: ImageRepository, purpose: str = PULL
    ) -> Authorization | None:
        """What to send unasked: None before the first challenge; an expiring token is renewed without a new 401."""
        grant = self._grants.get((repository.path, purpose))
        if grant is None:
            return None
        if self._clock.monotonic_seconds() < grant.reuse_until:
            return grant.authorization
        try:
            return await self._obtain(repository, purpose, grant.challenge)
        except RegistryError:
            # The registry may name another realm by now: the next request asks it, rather than the old one for ever.
            if self._grants.get((repository.path, purpose)) is grant:
                self.forget(repository, purpose)
            raise

    async def answer(
        self,
        repository: ImageRepository,
        challenges: Sequence[Challenge],
        refused: Authorization | None,
        purpose: str = PULL,
    ) -> Authorization:
        """After a 401 to `refused`: something better to send, or Denied."""
        grant = self._grants.get((repository.path, purpose))
        if grant is not None and grant.authorization is not refused:
            return grant.authorization  # another request was faster
        offered = {challenge.scheme: challenge for challenge in reversed(challenges)}
        challenge = offered.get("bearer") or offered.get("basic")
        if challenge is None:
            asked = ", ".join(sorted(offered)) or "nothing"
            raise Denied(
                f"the registry refuses and offers {asked} as a way in",
                location=str(repository),
                hint="Basic and Bearer are supported",
            )
        self.service = challenge.parameters.get("service", "")
        self._share_no_more(refused)
        return await self._obtain(repository, purpose, challenge)

    def forget(self, repository: ImageRepository, purpose: str = PULL) -> None:
        """What was granted is refused: the next request begins anew, and reads the credentials again."""
        grant = self._grants.pop((repository.path, purpose), None)
        self._share_no_more(grant.authorization if grant is not None else None)

    def _share_no_more(self, refused: Authorization | None) -> None:
        self._shared = {
            request: grant
            for request, grant in self._shared.items()
            if grant.authorization is not refused
        }

    async def _obtain(
        self, repository: ImageRepository, purpose: str, challenge: Challenge
    ) -> Authorization:
        granted = partial(self._grant, repository, purpose, challenge)
        return await self._flights.run((repository.path, purpose), granted)

    async def _grant(
        self, repository: ImageRepository, purpose: str, challenge: Challenge
    ) -> Authorization:
        credential = await self._credentials.for_repository(repository)
        if credential is not None and credential.registry_token is not None:
            authorization = bearer_authorization(credential.registry_token.get_secret_value())
            grant = self._kept(challenge, authorization, credential)
        elif challenge.scheme == "basic":
            grant = self._grant_basic(repository, challenge, credential)
        else:
            grant = await self._grant_token(repository, purpose, challenge, credential)
        self._grants[repository.path, purpose] = grant
        return grant.authorization

    def _kept(
        self,
        challenge: Challenge,
        authorization: Authorization,
        credential: Credential | None,
        lifetime_seconds: float = math.inf,
    ) -> _Grant:
        """From now until shortly before its own end or the credential's."""
        if credential is not None and credential.expires_at is not None:
            left_seconds = (credential.expires_at - self._clock.now()).total_seconds()
            lifetime_seconds = min(lifetime_seconds, left_seconds)
        margin_seconds = min(_LONGEST_MARGIN_SECONDS, lifetime_seconds / 6)
        return _Grant(
            challenge=challenge,
            authorization=authorization,
            reuse_until=self._clock.monotonic_seconds() + lifetime_seconds - margin_seconds,
        )

    def _grant_basic(
        self, repository: ImageRepository, challenge: Challenge, credential: Credential | None
    ) -> _Grant:
        if credential is None or not credential.username:
            raise Denied(
                "the registry wants a user and password, and none are known for it",
                location=str(repository),
                hint=login_hint(self._host),
            )
        return self._kept(challenge, basic_authorization(credential), credential)

    async def _grant_token(
        self,
        repository: ImageRepository,
        purpose: str,
        challenge: Challenge,
        credential: Credential | None,
    ) -> _Grant:
        where = str(repository)
        realm = challenge.parameters.get("realm", "")
        trust = self._trust(realm, is_anonymous=_is_anonymous(credential), where=where)
        if trust not in {Trust.CONFIGURED, Trust.TRUSTED}:
            credential = None
        request = replace(
            _token_request(repository, purpose, challenge, credential),
            named_by=(
                ""
                if trust is Trust.CONFIGURED
                else registry_url(self._host, insecure=self._insecure)
            ),
        )
        if _is_of_repository(challenge):
            return await self._fetch_grant(repository, challenge, credential, request)
        async with self._sharing:
            grant = self._shared.get(request)
            if grant is None or self._clock.monotonic_seconds() >= grant.reuse_until:
                grant = await self._fetch_grant(repository, challenge, credential, request)
                self._shared[request] = grant
            return grant

    async def _fetch_grant(
        self,
        repository: ImageRepository,
        challenge: Challenge,
        credential: Credential | None,
        request: TokenRequest,
    ) -> _Grant:
        # The token's life begins before it is asked for, whatever time the answer takes.
        asked_at = self._clock.monotonic_seconds()
        token = parse_token(await self._fetch(repository, request), where=str(repository))
        age_seconds = self._clock.monotonic_seconds() - asked_at
        return self._kept(
            challenge,
            bearer_authorization(token.value, is_anonymous=request.is_anonymous),
            credential,
            token.lifetime_seconds - age_seconds,
        )

    def _trust(self, realm: str, *, is_anonymous: bool, where: str) -> Trust:
        """Raises where the realm may not even be asked."""
        trust = judge_realm(realm, host=self._host, insecure=self._insecure, realms=self._realms)
        if trust is Trust.REFUSED:
            raise ProtocolViolation(
                "the registry sends for tokens to a place that is not https",
                location=where,
                hint="correct the realm in the registry's configuration, or set `insecure` for a test registry",
            )
        if trust is Trust.UNTRUSTED and not is_anonymous:
            host = origin(realm)[1]
            raise Denied(
                f"the registry sends its credentials to {host}, which is not trusted",
                location=where,
                hint=f"if that is its token server, add `realms: [{host}]` to the settings of {self._host}",
            )
        return trust


def _is_of_repository(challenge: Challenge) -> bool:
    """Whether a token answers for one repository alone: also where the challenge names no scope, as we name one then."""
    scopes = challenge.parameters.get("scope", "").split()
    return not scopes or any(scope.startswith("repository") for scope in scopes)


def _is_anonymous(credential: Credential | None) -> bool:
    return credential is None or not (credential.username or credential.identity_token)


def redact(text: str, secrets: Sequence[SecretStr]) -> str:
    """Without the secrets, as they are and as a form or JSON spells them: so they were sent, and so they are echoed."""
    for secret in secrets:
        value = secret.get_secret_value()
        for spelled in (value, quote_plus(value), json.dumps(value)[1:-1]):
            if spelled:
                text = text.replace(spelled, "***")
    return text


def login_hint(host: str) -> str:
    return f"configure credentials for {host}, or log in with `docker login {host}`"


def basic_authorization(credential: Credential) -> Authorization:
    password = credential.password.get_secret_value()
    encoded = base64.b64encode(f"{credential.username}:{password}".encode()).decode()
    return Authorization(
        header=SecretStr(f"Basic {encoded}"), secrets=(SecretStr(encoded), credential.password)
    )


def bearer_authorization(token: str, *, is_anonymous: bool = False) -> Authorization:
    header = SecretStr(f"Bearer {token}")
    return Authorization(header=header, secrets=(SecretStr(token),), is_anonymous=is_anonymous)


def _token_request(
    repository: ImageRepository,
    purpose: str,
    challenge: Challenge,
    credential: Credential | None,
) -> TokenRequest:
    """The challenge's own scope is asked for if it names one: some registries use another name inside (`aws`)."""
    scopes = challenge.parameters.get("scope", "").split() or [
        f"repository:{repository.path}:{purpose}"
    ]
    service = challenge.parameters.get("service", "")
    realm = challenge.parameters["realm"]
    if credential is not None and credential.identity_token is not None:
        form = {
            "grant_type": "refresh_token",
            "service": service,
            "client_id": CLIENT_ID,
            "scope": " ".join(scopes),
            "refresh_token": credential.identity_token.get_secret_value(),
        }
        return TokenRequest(url=realm, form=urlencode(form), secrets=credential.secrets)
    query = ([("service", service)] if service else []) + [("scope", scope) for scope in scopes]
    url = f"{realm}{'&' if '?' in realm else '?'}{urlencode(query)}"
    if credential is None or not credential.username:
        return TokenRequest(url=url)
    authorization = basic_authorization(credential)
    return TokenRequest(url=url, authorization=authorization, secrets=credential.secrets)
