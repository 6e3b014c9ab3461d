"""One registry host: every request passes here, through limits and retries, authorized, its status made an error.

Knows nothing of tags and manifests.
"""

from collections.abc import Set as AbstractSet
from dataclasses import replace
from functools import partial

from automator.clock import Clock
from automator.errors import (
    Denied,
    NotFound,
    ProtocolViolation,
    RegistryError,
    Throttled,
    Unavailable,
)
from automator.model.image import ImageRepository
from automator.registry.auth import (
    PULL,
    Authenticator,
    Authorization,
    CredentialSource,
    TokenRequest,
    login_hint,
)
from automator.registry.limits import HostLimits
from automator.registry.protocol import (
    PAGE_SIZE,
    describe_error,
    parse_challenges,
    parse_retry_after,
    registry_url,
)
from automator.registry.retries import RetryPolicy, retried
from automator.registry.transport import Answer, Exchange, Transport

_TOKEN_BYTES = 1024 * 1024
_OK = frozenset({200})


class RegistryHost:
    """`page_size` is what to ask of its tag lists: none once it has refused one."""

    def __init__(  # noqa: PLR0913 - its parts, put together in one place
        self,
        *,
        name: str,
        insecure: bool,
        credentials: CredentialSource,
        transport: Transport,
        limits: HostLimits,
        retry: RetryPolicy,
        clock: Clock,
    ) -> None:
        self.url = registry_url(name, insecure=insecure)
        self.page_size: int | None = PAGE_SIZE
        self._name = name
        self._transport = transport
        self._limits = limits
        self._retry = retry
        self._clock = clock
        self._authenticator = Authenticator(
            host=name,
            insecure=insecure,
            credentials=credentials,
            clock=clock,
            fetch=self._fetch_token,
        )

    @property
    def requests(self) -> int:
        return self._transport.requests

    @property
    def service(self) -> str:
        """What the registry calls itself in its challenges (`harbor-registry`); empty before the first."""
        return self._authenticator.service

    async def close(self) -> None:
        await self._transport.close()

    async def ask(
        self,
        repository: ImageRepository,
        exchange: Exchange,
        *,
        accepted: AbstractSet[int] = _OK,
        purpose: str = PULL,
    ) -> Answer:
        """An answer with an `accepted` status, or a RegistryError. `purpose` is what a token must allow."""
        return await retried(
            partial(self._attempt, repository, exchange, accepted, purpose),
            policy=self._retry,
            clock=self._clock,
            is_hopeless=lambda: self._limits.circuit.is_open,
        )

    async def _attempt(
        self,
        repository: ImageRepository,
        exchange: Exchange,
        accepted: AbstractSet[int],
        purpose: str,
    ) -> Answer:
        async with self._limits:
            authorization = await self._authenticator.authorization(repository, purpose)
            answer = await self._send(exchange, authorization)
            # A 401 from where the registry redirected to is no challenge of the registry's.
            if answer.status == 401 and not answer.redirected:
                challenges = parse_challenges(answer.headers.get_list("www-authenticate"))
                authorization = await self._authenticator.answer(
                    repository, challenges, authorization, purpose
                )
                await self._limits.wait_for_turn()
                answer = await self._send(exchange, authorization)
                if answer.status == 401:
                    self._authenticator.forget(repository, purpose)
            if answer.status not in accepted:
                raise self._refusal(answer, exchange.where, authorization)
            return answer

    async def _send(self, exchange: Exchange, authorization: Authorization | None) -> Answer:
        if authorization is not None:
            header = authorization.header.get_secret_value()
            exchange = replace(exchange, authorization=header)
        return await self._transport.send(exchange)

    async def _fetch_token(self, repository: ImageRepository, request: TokenRequest) -> bytes:
        exchange = Exchange(
            method="GET" if request.form is None else "POST",
            url=request.url,
            where=f"{repository} (token server)",
            body_limit=_TOKEN_BYTES,
            content=request.form,
        )
        answer = await self._send(exchange, request.authorization)
        if answer.status != 200:
            raise self._refusal(answer, exchange.where, request.authorization or request)
        return answer.body

    def _refusal(
        self, answer: Answer, where: str, sent: Authorization | TokenRequest | None
    ) -> RegistryError:
        """The error that a status stands for. What the registry says is quoted without what was sent to it."""
        said = describe_error(answer.body, str if sent is None else sent.redact)
        told = f"{answer.status}{f', {said}' if said else ''}"
        pause = parse_retry_after(answer.headers.get("retry-after", ""), self._clock.now())
        if pause is not None and answer.status in {429, 503}:
            self._limits.pause(pause)
        if answer.status == 429:
            return Throttled(
                f"the registry asks for fewer requests: {told}",
                retry_after=pause,
                location=where,
                hint=f"log in, or lower requests_per_second of {self._name}",
            )
        if answer.status == 408 or answer.status >= 500:
            return Unavailable(
                f"the registry fails: {told}", location=where, hint="it is asked again later"
            )
        return self._lasting_refusal(
            answer, told, where, is_anonymous=sent is None or sent.is_anonymous
        )

    def _lasting_refusal(
        self, answer: Answer, told: str, where: str, *, is_anonymous: bool
    ) -> RegistryError:
        if answer.status in {401, 403}:
            who = (
                "another host, to which the registry redirects,"
                if answer.redirected
                else "the registry"
            )
            hint = "it may be private, or not exist; "
            hint += (
                login_hint(self._name) if is_anonymous else "check its credentials and their rights"
            )
            return Denied(f"{who} refuses: {told}", location=where, hint=hint)
        if answer.status == 404:
            return NotFound(
                f"the registry does not have it: {told}",
                location=where,
                hint="check how the image is written",
            )
        return ProtocolViolation(
            f"the registry answers {told}",
            location=where,
            hint=f"check that {self._name} is an OCI registry",
        )
