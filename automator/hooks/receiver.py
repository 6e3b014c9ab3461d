"""One hook: is it the sender who should send, and what was pushed? A proof comes before anything is said of the body.

What an event says is never believed about a registry: it is a reason to look there.
"""

from automator.clock import Clock
from automator.config.registries import HookSettings
from automator.errors import ProtocolViolation, Unavailable
from automator.hooks import sns
from automator.hooks.events import read_events
from automator.hooks.fetch import Fetch, fetch
from automator.hooks.proofs import knows_secret
from automator.hooks.pubsub import PubSubToken
from automator.hooks.request import (
    Accepted,
    Handshake,
    HookRequest,
    Postponed,
    Receipt,
    Refused,
    Unreadable,
)
from automator.hooks.sns import SnsSignature
from automator.model.registry import HookKind


class Receiver:
    """Raises ConfigError where a library is missing that verifies what is signed."""

    def __init__(self, settings: HookSettings, *, clock: Clock, fetch: Fetch = fetch) -> None:
        self.name = settings.name
        self._settings = settings
        self._fetch = fetch
        self._sns: SnsSignature | None = None
        self._pubsub: PubSubToken | None = None
        if settings.kind is HookKind.ECR and settings.topic:
            self._sns = SnsSignature(settings.topic, clock=clock, fetch=fetch)
        if settings.kind is HookKind.GAR and settings.audience and settings.service_account:
            self._pubsub = PubSubToken(
                audience=settings.audience,
                service_account=settings.service_account,
                fetch=fetch,
                clock=clock,
            )

    async def receive(self, request: HookRequest) -> Receipt:
        """Never raises, whatever was sent."""
        try:
            if not await self._is_proven(request):
                return Refused()
            if request.method == "OPTIONS":
                return _shake_hands(request)
            if self._settings.kind is HookKind.ECR and sns.is_confirmation(request.body):
                await sns.confirm(request.body, topic=self._settings.topic, fetch=self._fetch)
                return Accepted()
            return Accepted(
                read_events(self._settings.kind, request, registry=self._settings.registry)
            )
        except ProtocolViolation as error:
            return Unreadable(error.message)
        except Unavailable as error:
            return Postponed(str(error))

    async def _is_proven(self, request: HookRequest) -> bool:
        settings = self._settings
        if settings.secret is not None and knows_secret(
            settings.kind, request, settings.secret.get_secret_value()
        ):
            return True
        if self._sns is not None:
            return await self._sns.is_valid(request.body)
        if self._pubsub is not None:
            return await self._pubsub.is_valid(request.header("authorization"))
        return False


def _shake_hands(request: HookRequest) -> Receipt:
    """https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/http-webhook.md#4-abuse-protection"""
    origin = request.header("webhook-request-origin")
    if not origin.isascii() or not origin.isprintable() or not origin:
        return Unreadable("the header WebHook-Request-Origin is missing")
    return Handshake({"WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": "*"})
