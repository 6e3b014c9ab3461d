"""Which cloud a registry host's credentials come from, and when they are fetched anew.

Knows nothing of how a cloud is asked.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import anyio

from automator.clock import Clock
from automator.errors import Denied, Throttled, Unavailable
from automator.extras import is_installed, missing
from automator.model.registry import Provider
from automator.registry.clouds import aws, azure, google
from automator.registry.credentials import Credential
from automator.registry.flight import SingleFlight
from automator.registry.settings import HostSettings

# Renewed so long before the end, or a tenth of the life before it, whichever is shorter.
_AHEAD = timedelta(minutes=5)
_AHEAD_PARTS = 10
# For a credential that does not tell its end, and for finding no account.
_REMEMBERED = timedelta(minutes=5)
# The libraries have time limits of their own for each request, but not for all of them together.
CLOUD_SECONDS = 30.0

_GOOGLE_HOST = re.compile(r"([a-z0-9-]+\.)?gcr\.io|([a-z0-9-]+\.)+pkg\.dev")
_AZURE_HOST = re.compile(r"([a-z0-9-]+\.)+azurecr\.(io|cn|us)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    """`fetch` is blocking; it gives None where no account of the cloud is found."""

    name: str
    extra: str
    library: str
    hint: str
    fetch: Callable[[HostSettings], Credential | None]


CLOUDS: Mapping[Provider, Cloud] = {
    Provider.AWS: Cloud(
        name="AWS",
        extra=aws.EXTRA,
        library="botocore.session",
        hint="give the process a role, or set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        fetch=aws.fetch_credential,
    ),
    Provider.GOOGLE: Cloud(
        name="Google Cloud",
        extra=google.EXTRA,
        library="google.auth",
        hint="give the process a service account, or set GOOGLE_APPLICATION_CREDENTIALS",
        fetch=google.fetch_credential,
    ),
    Provider.AZURE: Cloud(
        name="Azure",
        extra=azure.EXTRA,
        library="azure.identity",
        hint="give the process a managed or workload identity, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and"
        " AZURE_CLIENT_SECRET",
        fetch=azure.fetch_credential,
    ),
}


@dataclass(frozen=True, slots=True)
class _Known:
    credential: Credential
    renew_at: datetime


class Clouds:
    """One for the process. Credentials are shared by all image repositories of a host, and renewed before they end."""

    def __init__(
        self,
        *,
        hosts: Mapping[str, HostSettings],
        clock: Clock,
        clouds: Mapping[Provider, Cloud] = CLOUDS,
        cloud_seconds: float = CLOUD_SECONDS,
    ) -> None:
        self._hosts = hosts
        self._clock = clock
        self._clouds = clouds
        self._seconds = cloud_seconds
        self._known: dict[str, _Known] = {}
        self._nobody_until: dict[Provider, datetime] = {}
        self._flights: SingleFlight[str, Credential | None] = SingleFlight()

    def is_configured(self, host: str) -> bool:
        return self._settings(host).provider in self._clouds

    async def for_host(self, host: str) -> Credential | None:
        """None for a host that is no cloud's, and where only its name tells the cloud and no account is found.

        Raises Denied where the cloud is configured and no account is found, else what the cloud says.
        """
        known = self._known.get(host)
        if known is not None and self._clock.now() < known.renew_at:
            return known.credential
        settings = self._settings(host)
        provider = self._provider(settings)
        if provider is None:
            return None
        credential = None
        if not self._is_known_for_nobody(provider):
            credential = await self._flights.run(host, partial(self._renew, provider, settings))
        if credential is None and settings.provider is provider:
            cloud = self._clouds[provider]
            raise Denied(
                f"no account of {cloud.name} is found here", location=host, hint=cloud.hint
            )
        return credential

    def _settings(self, host: str) -> HostSettings:
        return self._hosts.get(host) or HostSettings(host=host)

    def _provider(self, settings: HostSettings) -> Provider | None:
        """What is configured; else what the name tells, if its library is installed."""
        provider = settings.provider
        if provider is Provider.AUTO:
            guessed = guess_provider(settings.host)
            return guessed if guessed and is_installed(self._clouds[guessed].library) else None
        if provider not in self._clouds:
            return None
        cloud = self._clouds[provider]
        if not is_installed(cloud.library):
            raise missing(cloud.library, extra=cloud.extra, refuse=Denied, location=settings.host)
        return provider

    def _is_known_for_nobody(self, provider: Provider) -> bool:
        until = self._nobody_until.get(provider)
        return until is not None and self._clock.now() < until

    async def _renew(self, provider: Provider, settings: HostSettings) -> Credential | None:
        known = self._known.get(settings.host)
        try:
            credential = await self._fetch(self._clouds[provider], settings)
        except (Unavailable, Throttled):
            # It is renewed ahead of its end, and serves until then.
            if known is None or _has_ended(known.credential, self._clock.now()):
                raise
            return known.credential
        now = self._clock.now()
        if credential is None:
            self._nobody_until[provider] = now + _REMEMBERED
        else:
            self._known[settings.host] = _Known(credential, _renew_at(credential, now))
        return credential

    async def _fetch(self, cloud: Cloud, settings: HostSettings) -> Credential | None:
        try:
            with anyio.fail_after(self._seconds):
                return await anyio.to_thread.run_sync(cloud.fetch, settings, abandon_on_cancel=True)
        except TimeoutError as error:
            raise Unavailable(
                f"{cloud.name} gave no credentials in {self._seconds:g} s",
                location=settings.host,
                hint="check the network",
            ) from error
        except Denied as error:
            if settings.provider is Provider.AUTO:
                error.hint = f"{error.hint}; or set `provider: none`, if it needs no credentials"
            raise


def guess_provider(host: str) -> Provider | None:
    """The cloud that the name of a registry host tells. ECR Public is none: it is there for everybody."""
    if aws.parse_ecr_host(host) is not None:
        return Provider.AWS
    if _GOOGLE_HOST.fullmatch(host):
        return Provider.GOOGLE
    return Provider.AZURE if _AZURE_HOST.fullmatch(host) else None


def _renew_at(credential: Credential, now: datetime) -> datetime:
    if credential.expires_at is None:
        return now + _REMEMBERED
    return credential.expires_at - min(_AHEAD, (credential.expires_at - now) / _AHEAD_PARTS)


def _has_ended(credential: Credential, now: datetime) -> bool:
    return credential.expires_at is not None and credential.expires_at <= now
