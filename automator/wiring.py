"""Settings to objects: the only place that constructs clients, stores, mirrors and sinks."""

import math
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from automator.clock import Clock, SystemClock
from automator.config.models import ConfigRepoSettings, Settings
from automator.config.paths import path_matcher
from automator.config.registries import RegistrySettings
from automator.errors import RegistryError
from automator.git.access import Remote
from automator.git.commit import Identity
from automator.git.mirror import Mirror
from automator.model.event import Event
from automator.model.image import ImageRepository
from automator.model.policy import Rule
from automator.observe.observer import Observer
from automator.pipeline import ConfigRepo, Tools
from automator.plan.groups import Batch
from automator.registry.client import RegistryClient
from automator.registry.clouds.source import Clouds
from automator.registry.credentials import Credential, Credentials, default_docker_config
from automator.registry.limits import HostLimits
from automator.registry.settings import HostSettings
from automator.report.metrics import MetricsSink
from automator.report.sinks import Reporter, Sink
from automator.store.store import Store

if TYPE_CHECKING:
    from automator.messages.messenger import Messenger

Configuration = tuple[Settings, tuple[Rule, ...]]
"""`automator.yaml` and the rules of its policy files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """Everything that a command needs, open for as long as `open_system` is entered."""

    settings: Settings
    rules: tuple[Rule, ...]
    repos: list[ConfigRepo]
    tools: Tools
    registry: RegistryClient
    metrics: MetricsSink


@dataclass(frozen=True, slots=True, kw_only=True)
class Lasting:
    """What outlives a change of the configuration: what registries asked for, which of them fail, what was
    counted, and what was told of each config repo.
    """

    limits: dict[str, HostLimits] = field(default_factory=dict)
    failures: dict[ImageRepository, RegistryError] = field(default_factory=dict)
    metrics: MetricsSink = field(default_factory=MetricsSink)
    told: dict[str, frozenset[Event]] = field(default_factory=dict)


@asynccontextmanager
async def open_system(
    settings: Settings,
    rules: tuple[Rule, ...],
    sinks: Sequence[Sink] = (),
    *,
    lasting: Lasting | None = None,
    patience_seconds: float = math.inf,
) -> AsyncIterator[System]:
    """`patience_seconds`: see Tools."""
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        store = stack.enter_context(Store.open(settings.store))
        kept = lasting or Lasting()
        reporter = Reporter([kept.metrics, *sinks])
        hosts = {registry.host: _host(registry) for registry in settings.registries}
        client = RegistryClient(
            hosts=hosts,
            credentials=_credentials(settings, hosts, clock),
            clock=clock,
            limits=kept.limits,
            report=reporter.emit,
        )
        registry = await stack.enter_async_context(client)
        observer = Observer(
            registry=registry,
            store=store,
            clock=clock,
            report=reporter.emit,
            failures=kept.failures,
        )
        yield System(
            settings=settings,
            rules=rules,
            repos=[_config_repo(repo, settings, rules) for repo in settings.config_repos],
            tools=Tools(
                observer=observer,
                reporter=reporter,
                clock=clock,
                patience_seconds=patience_seconds,
                told=kept.told,
            ),
            registry=registry,
            metrics=kept.metrics,
        )


def make_messenger(settings: Settings, clock: Clock) -> "Messenger":
    """A reader of events, and a task to be run beside. Raises ConfigError where a channel cannot be used."""
    from automator.messages.messenger import Messenger  # noqa: PLC0415 - few commands need Jinja2

    urls = {repo.name: repo.url for repo in settings.config_repos}
    return Messenger(settings.messages, urls, clock=clock)


def open_mirror(repo: ConfigRepoSettings, settings: Settings) -> Mirror:
    remote = Remote(
        url=repo.url,
        branch=repo.branch,
        username=repo.username,
        password=repo.password,
        ssh_key_file=repo.ssh_key_file,
        known_hosts_file=repo.known_hosts_file,
        ca_file=repo.ca_file,
    )
    return Mirror(settings.mirrors / repo.name, remote)


def _config_repo(repo: ConfigRepoSettings, settings: Settings, rules: Sequence[Rule]) -> ConfigRepo:
    return ConfigRepo(
        name=repo.name,
        mirror=open_mirror(repo, settings),
        author=Identity(name=repo.author.name, email=repo.author.email),
        batch=Batch(repo.batch),
        rules=rules,
        wanted=path_matcher(repo.paths),
        dialects=settings.dialects,
        record_digests=settings.record_digests,
    )


def _credentials(
    settings: Settings, hosts: Mapping[str, HostSettings], clock: Clock
) -> Credentials:
    configured = {registry.host: _credential(registry) for registry in settings.registries}
    return Credentials(
        configured={host: known for host, known in configured.items() if known is not None},
        docker_config=settings.docker_config or default_docker_config(),
        pull_secrets=settings.pull_secrets,
        clouds=Clouds(hosts=hosts, clock=clock),
        clock=clock,
    )


def _credential(registry: RegistrySettings) -> Credential | None:
    if registry.username is not None and registry.password is not None:
        return Credential(username=registry.username, password=registry.password)
    return None if registry.token is None else Credential(registry_token=registry.token)


def _host(registry: RegistrySettings) -> HostSettings:
    return HostSettings(
        host=registry.host,
        insecure=registry.insecure,
        requests_per_second=registry.requests_per_second,
        max_concurrent=registry.max_concurrent,
        ca_file=registry.ca_file,
        client_certificate_file=registry.client_certificate_file,
        client_key_file=registry.client_key_file,
        proxy=registry.proxy,
        mirrors=tuple(map(_mirror, registry.mirrors)),
        realms=registry.realms,
        provider=registry.provider,
        timeout_seconds=registry.timeout.total_seconds(),
    )


def _mirror(text: str) -> ImageRepository:
    host, _, path = text.partition("/")
    return ImageRepository(host, path.strip("/"))
