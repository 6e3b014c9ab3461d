"""Settings to objects: the only place that constructs clients, stores, mirrors and sinks."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from automator.clock import SystemClock
from automator.config.models import ConfigRepoSettings, Settings
from automator.config.paths import path_matcher
from automator.config.registries import RegistrySettings
from automator.git.access import Remote
from automator.git.commit import Identity
from automator.git.mirror import Mirror
from automator.model.policy import Rule
from automator.observe.observer import Observer
from automator.pipeline import ConfigRepo, Tools
from automator.plan.groups import Batch
from automator.registry.client import RegistryClient
from automator.registry.credentials import Credential, Credentials, default_docker_config
from automator.registry.settings import HostSettings
from automator.report.metrics import MetricsSink
from automator.report.sinks import Reporter, Sink
from automator.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """Everything that a command needs, open for as long as `open_system` is entered."""

    settings: Settings
    rules: Sequence[Rule]
    repos: list[ConfigRepo]
    tools: Tools
    metrics: MetricsSink


@asynccontextmanager
async def open_system(
    settings: Settings, rules: Sequence[Rule], sinks: Sequence[Sink] = ()
) -> AsyncIterator[System]:
    clock, metrics = SystemClock(), MetricsSink()
    hosts = {registry.host: _host(registry) for registry in settings.registries}
    async with AsyncExitStack() as stack:
        store = stack.enter_context(Store.open(settings.store))
        registry = await stack.enter_async_context(
            RegistryClient(
                hosts=hosts,
                credentials=Credentials(
                    docker_config=settings.docker_config or default_docker_config(), clock=clock
                ),
                clock=clock,
            )
        )
        observer = Observer(registry=registry, store=store, clock=clock)
        yield System(
            settings=settings,
            rules=rules,
            repos=[_config_repo(repo, settings, rules) for repo in settings.config_repos],
            tools=Tools(observer=observer, reporter=Reporter([metrics, *sinks]), clock=clock),
            metrics=metrics,
        )


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


def _host(registry: RegistrySettings) -> HostSettings:
    credential = None
    if registry.username is not None and registry.password is not None:
        credential = Credential(username=registry.username, password=registry.password)
    return HostSettings(
        host=registry.host,
        insecure=registry.insecure,
        requests_per_second=registry.requests_per_second,
        max_concurrent=registry.max_concurrent,
        ca_file=registry.ca_file,
        credential=credential,
        timeout_seconds=registry.timeout.total_seconds(),
    )
