"""Where an image repository is asked: its mirrors, then its registry; each host opened when it is first asked.

Knows nothing of tags and manifests.
"""

from collections import Counter
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import cached_property
from ssl import SSLContext

import httpx

from automator.clock import Clock
from automator.model.image import ImageRepository
from automator.model.registry import Provider
from automator.registry.auth import CredentialSource
from automator.registry.host import HostState, RegistryHost
from automator.registry.limits import HostLimits
from automator.registry.retries import RetryPolicy
from automator.registry.settings import HostSettings
from automator.registry.shortcuts import Shortcuts
from automator.registry.tls import make_context
from automator.registry.transport import Answer, Exchange, Transport

_OK = frozenset({200})


@dataclass(frozen=True, slots=True)
class Source:
    """An image repository at its registry or, by the name that it has there, at a mirror."""

    host: RegistryHost
    repository: ImageRepository

    async def ask(self, exchange: Exchange, *, accepted: AbstractSet[int] = _OK) -> Answer:
        """Raises RegistryError where the status is none that is accepted."""
        return await self.host.ask(self.repository, exchange, accepted=accepted)

    def name(self, reference: str) -> str:
        """An image of it, by tag or digest, as errors name it."""
        return f"{self.repository}{'@' if ':' in reference else ':'}{reference}"


class Sources:
    """The hosts of one configuration. `limits` outlive it: they are shared with the one before and the one after.

    `users` counts who must be done before it may be closed. A host that is not in `settings` has the default ones.
    """

    def __init__(
        self,
        *,
        settings: Mapping[str, HostSettings],
        credentials: CredentialSource,
        limits: dict[str, HostLimits],
        retry: RetryPolicy,
        clock: Clock,
    ) -> None:
        self._settings = dict(settings)
        self._credentials = credentials
        self._limits = limits
        self._retry = retry
        self._clock = clock
        self._hosts: dict[str, RegistryHost] = {}
        self._shortcuts: dict[str, Shortcuts] = {}
        for name, known in limits.items():
            said = self._of(name)
            known.configure(
                requests_per_second=said.requests_per_second, max_concurrent=said.max_concurrent
            )

    @property
    def requests(self) -> Counter[str]:
        """Sent so far, by host."""
        sent = Counter({name: host.requests for name, host in self._hosts.items()})
        sent.update({name: each.requests for name, each in self._shortcuts.items()})
        return sent

    @property
    def states(self) -> tuple[HostState, ...]:
        sent = self.requests
        return tuple(replace(host.state, requests=sent[name]) for name, host in self._hosts.items())

    async def close(self) -> None:
        async with AsyncExitStack() as stack:
            for host in self._hosts.values():
                stack.push_async_callback(host.close)

    def mirrors_of(self, repository: ImageRepository) -> tuple[ImageRepository, ...]:
        """The names that it has at its mirrors, in the order in which these are asked."""
        return tuple(
            ImageRepository(
                mirror.host, f"{mirror.path}/{repository.path}" if mirror.path else repository.path
            )
            for mirror in self._of(repository.host).mirrors
        )

    def open(self, repository: ImageRepository) -> Source:
        """At its own host, whatever the mirrors. Raises Unavailable where the settings name files that cannot be read."""
        return Source(self._open_host(repository.host), repository)

    def shortcuts_of(self, name: str) -> Shortcuts:
        if name not in self._shortcuts:
            self._shortcuts[name] = Shortcuts(
                host=self._open_host(name),
                name=name,
                credentials=self._credentials,
                open_host=self._open_host,
                clock=self._clock,
                uses_account=self._of(name).provider is not Provider.NONE,
            )
        return self._shortcuts[name]

    def _of(self, name: str) -> HostSettings:
        return self._settings.get(name) or HostSettings(host=name)

    def _open_host(self, name: str) -> RegistryHost:
        if name not in self._hosts:
            said = self._of(name)
            self._hosts[name] = RegistryHost(
                name=name,
                insecure=said.insecure,
                realms=said.realms,
                credentials=self._credentials,
                transport=Transport(
                    tls=self._tls_of(said),
                    max_connections=said.max_concurrent,
                    timeout_seconds=said.timeout_seconds,
                    proxy=said.proxy,
                ),
                limits=self._limits_of(name),
                retry=self._retry,
                clock=self._clock,
            )
        return self._hosts[name]

    def _limits_of(self, name: str) -> HostLimits:
        if name not in self._limits:
            said = self._of(name)
            self._limits[name] = HostLimits(
                host=name,
                requests_per_second=said.requests_per_second,
                max_concurrent=said.max_concurrent,
                patience_seconds=self._retry.patience_seconds,
                clock=self._clock,
            )
        return self._limits[name]

    def _tls_of(self, said: HostSettings) -> SSLContext:
        files = (said.ca_file, said.client_certificate_file)
        return make_context(said) if any(files) else self._usual_tls

    @cached_property
    def _usual_tls(self) -> SSLContext:
        return httpx.create_ssl_context()
