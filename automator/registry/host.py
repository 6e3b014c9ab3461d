"""One registry host: every request passes here, through limits and retries, authorized, its status made an error.

Knows nothing of tags and manifests.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import timedelta
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
    redact,
)
from automator.registry.limits import CircuitState, HostLimits, Quota
from automator.registry.protocol import (
    describe_error,
    parse_challenges,
    parse_date,
    parse_retry_after,
    registry_url,
)
from automator.registry.retries import RetryPolicy, retried
from automator.registry.transport import Answer, Exchange, Transport

_TOKEN_BYTES = 1024 * 1024
_OK = frozenset({200})


@dataclass(frozen=True, slots=True, kw_only=True)
class HostState:
    """How it is with a registry host now. `requests`, and the answers among them that asked for fewer (`throttled`), are
    counted since its connections were opened.

    `failures` are those in a row; `paused_for` is zero where it is not paused; of several quotas, `quota` is the one
    with the fewest requests left.
    """

    name: str
    requests: int
    requests_per_second: float
    circuit: CircuitState
    failures: int
    paused_for: timedelta
    quota: Quota | None
    throttled: int = 0


class RegistryHost:
    """`limits` are changed in place (`HostLimits.configure`), and handed to the next RegistryHost of the same name where
    something else of its settings changes. `realms` are hosts whose token servers may have the credentials, too.
    """

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
        realms: Sequence[str] = (),
    ) -> None:
        self.url = registry_url(name, insecure=insecure)
        self.limits = limits
        self._name = name
        self._transport = transport
        self._retry = retry
        self._clock = clock
        self._throttled = 0
        self._authenticator = Authenticator(
            host=name,
            insecure=insecure,
            credentials=credentials,
            clock=clock,
            fetch=self._fetch_token,
            realms=realms,
        )

    @property
    def requests(self) -> int:
        return self._transport.requests

    @property
    def service(self) -> str:
        """What the registry calls itself in its challenges (`harbor-registry`); empty before the first."""
        return self._authenticator.service

    @property
    def state(self) -> HostState:
        return HostState(
            name=self._name,
            requests=self.requests,
            requests_per_second=self.limits.requests_per_second,
            circuit=self.limits.circuit.state,
            failures=self.limits.circuit.failures,
            paused_for=self.limits.paused_for,
            quota=self.limits.quota,
            throttled=self._throttled,
        )

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
            is_hopeless=lambda: self.limits.circuit.is_open,
        )

    async def _attempt(
        self,
        repository: ImageRepository,
        exchange: Exchange,
        accepted: AbstractSet[int],
        purpose: str,
    ) -> Answer:
        async with self.limits.attempt(exchange) as attempt:
            authorization = await self._authenticator.authorization(repository, purpose)
            answer = await self._send(exchange, authorization)
            # A 401 from where the registry redirected to is no challenge of the registry's.
            if answer.status == 401 and not answer.redirected:
                challenges = parse_challenges(answer.headers.get_list("www-authenticate"))
                authorization = await self._authenticator.answer(
                    repository, challenges, authorization, purpose
                )
                await self.limits.wait_for_turn()
                answer = await self._send(exchange, authorization)
                if answer.status == 401:
                    self._authenticator.forget(repository, purpose)
            held_for = attempt.tell(answer)
            if answer.status not in accepted:
                raise self._refusal(answer, exchange, authorization, held_for)
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
            named_by=request.named_by,
            secrets=request.secrets,
        )
        # It counts, as most token servers are the registry's own, but it needs no slot: it is inside an attempt.
        await self.limits.wait_for_turn()
        answer = await self._send(exchange, request.authorization)
        if answer.status != 200:
            raise self._refusal(answer, exchange, request.authorization or request)
        return answer.body

    def _refusal(
        self,
        answer: Answer,
        exchange: Exchange,
        sent: Authorization | TokenRequest | None,
        held_for: timedelta | None = None,
    ) -> RegistryError:
        """The error that a status stands for. What the registry says is quoted without what was sent to it.

        `held_for` is how long a quota that is used up holds back requests like this one.
        """
        secrets = exchange.secrets if sent is None else (*exchange.secrets, *sent.secrets)
        said = describe_error(answer.body, partial(redact, secrets=secrets))
        where = exchange.where
        told = f"{answer.status}{f', {said}' if said else ''}"
        pause = self._pause_after(answer) if held_for is None else held_for
        if answer.status == 429:
            self._throttled += 1
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

    def _pause_after(self, answer: Answer) -> timedelta | None:
        """Leaves the registry alone for as long as it asks; for a time of our own after a 429 that tells none."""
        if answer.status not in {429, 503}:
            return None
        # A date is meant by the registry's own clock, which may be hours off ours.
        now = parse_date(answer.headers.get("date", "")) or self._clock.now()
        pause = parse_retry_after(answer.headers.get("retry-after", ""), now)
        if answer.redirected:
            return pause  # another host's: the registry itself did not ask for it
        if pause is not None:
            self.limits.pause(pause)
        elif answer.status == 429:
            pause = self.limits.back_off()
        return pause

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
