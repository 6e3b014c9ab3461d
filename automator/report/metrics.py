"""Events as Prometheus metrics. Labels are bounded: config repos, registry hosts, hooks, actions and statuses; workloads and images
never are labels.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import version

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from automator.model.event import (
    ActionDone,
    ActionRefused,
    CommitPushed,
    ConfigRefused,
    ConfigReloaded,
    ConfigRepoScanned,
    DaemonStarted,
    Event,
    HookReceived,
    HookRefused,
    ImageDelivered,
    LoginAccepted,
    LoginRefused,
    PassFailed,
    PassFinished,
    PollRoundFinished,
    PushRaced,
    TagListDoubted,
    TagMoved,
)
from automator.registry.host import HostState
from automator.report.registry_metrics import RegistryCollector

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_LEAD_SECONDS = (
    *(10, 30, _MINUTE, 2 * _MINUTE, 5 * _MINUTE, 15 * _MINUTE),
    *(_HOUR, 4 * _HOUR, 12 * _HOUR, _DAY, 3 * _DAY, 7 * _DAY, 30 * _DAY),
)


class MetricsSink:
    """Outlives a change of the configuration: counters go on, and what the gauges say of a config repo is said anew."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._registries = RegistryCollector()
        self._registry.register(self._registries)
        repo = ("config_repo",)
        build = self._gauge("automator_build_info", "The version that runs", ("version",))
        build.labels(version("automator")).set(1)
        self._polls = self._counter("automator_polls", "Image repositories polled", ("result",))
        self._rounds = self._histogram("automator_poll_round_seconds", "Duration of a poll round")
        self._scans = self._histogram(
            "automator_scan_seconds", "Duration of reading a config repo's head", repo
        )
        self._fields = self._gauge(
            "automator_image_fields", "Image fields at a config repo's head", repo
        )
        self._commits = self._counter("automator_commits", "Update commits pushed", repo)
        self._changes = self._counter(
            "automator_changes", "Containers moved to another image", repo
        )
        self._lead_time = self._histogram(
            "automator_lead_time_seconds",
            "From the build of an image to the push of the commit that brings it",
            repo,
            _LEAD_SECONDS,
        )
        self._races = self._counter("automator_push_conflicts", "Pushes that lost a race", repo)
        self._moved = self._counter(
            "automator_tags_moved", "Tags that look immutable and were pushed again"
        )
        self._doubted = self._counter(
            "automator_tag_lists_doubted", "Tag lists that were too short to be believed"
        )
        self._hooks = self._counter(
            "automator_hooks", "Push events by their hook", ("hook", "result")
        )
        self._actions = self._counter(
            "automator_actions", "Actions over HTTP by what they do", ("action", "result")
        )
        self._logins = self._counter("automator_logins", "Logins that were tried", ("result",))
        self._reloads = self._counter(
            "automator_config_reloads", "Changes of the configuration", ("result",)
        )
        self._config_repos = self._gauge("automator_config_repos", "Config repos configured")
        self._failures = self._counter("automator_pass_failures", "Passes that failed", repo)
        self._passes = self._histogram("automator_pass_seconds", "Duration of a pass", repo)
        self._failing = self._gauge(
            "automator_pass_failing", "1 if the last pass failed, else 0", repo
        )
        self._last_pass = self._gauge(
            "automator_last_pass_timestamp_seconds", "When the last pass that worked ended", repo
        )
        self._workloads = self._gauge(
            "automator_workloads", "Containers by status", (*repo, "status")
        )
        self._behind = self._gauge(
            "automator_workloads_behind", "Containers that a newer candidate exists for", repo
        )
        self._behind_versions = self._gauge(
            "automator_behind_versions", "Candidates newer than the images in use, all added", repo
        )
        self._most_behind = self._gauge(
            "automator_behind_versions_max", "The same, of the container farthest behind", repo
        )
        self._behind_seconds = self._gauge(
            "automator_behind_seconds", "Age of the oldest image that a container should run", repo
        )
        for result in ("ok", "failed"):
            self._polls.labels(result)
        for result in ("ok", "refused"):
            self._reloads.labels(result)
        for result in ("accepted", "refused"):
            self._logins.labels(result)

    def _counter(self, name: str, text: str, labels: tuple[str, ...] = ()) -> Counter:
        return Counter(name, text, labels, registry=self._registry)

    def _gauge(self, name: str, text: str, labels: tuple[str, ...] = ()) -> Gauge:
        return Gauge(name, text, labels, registry=self._registry)

    def _histogram(
        self,
        name: str,
        text: str,
        labels: tuple[str, ...] = (),
        buckets: tuple[float, ...] = _SECONDS,
    ) -> Histogram:
        return Histogram(name, text, labels, buckets=buckets, registry=self._registry)

    def watch_registries(
        self,
        states: Callable[[], Iterable[HostState]],
        failing: Callable[[], Mapping[str, int]],
    ) -> None:
        """Whom to ask at each scrape, from now on: how it is with each registry host, and how many image repositories of
        each fail.
        """
        self._registries.watch(states, failing)

    def receive(self, event: Event) -> None:
        match event:
            case PollRoundFinished():
                self._polls.labels("ok").inc(event.polled - event.failed)
                self._polls.labels("failed").inc(event.failed)
                self._rounds.observe(event.took.total_seconds())
            case ConfigRepoScanned():
                self._begin(event.config_repo)
                self._scans.labels(event.config_repo).observe(event.took.total_seconds())
                self._fields.labels(event.config_repo).set(event.image_fields)
            case CommitPushed():
                self._commits.labels(event.config_repo).inc()
                self._changes.labels(event.config_repo).inc(event.changes)
            case ImageDelivered():
                seconds = event.lead_time.total_seconds()
                self._lead_time.labels(event.config_repo).observe(seconds)
            case PassFinished():
                self._tell_pass(event)
            case PassFailed():
                self._failures.labels(event.config_repo).inc()
                self._failing.labels(event.config_repo).set(1)
            case _:
                self._count(event)

    def _begin(self, config_repo: str) -> None:
        """What counts begins at zero: an `increase` does not see the first one of what was not there before."""
        for counter in (self._commits, self._changes, self._races, self._failures):
            counter.labels(config_repo)
        self._lead_time.labels(config_repo)

    def _tell_pass(self, event: PassFinished) -> None:
        repo = event.config_repo
        self._passes.labels(repo).observe(event.took.total_seconds())
        self._failing.labels(repo).set(0)
        self._last_pass.labels(repo).set(event.at.timestamp())
        for status, count in event.workloads.items():
            self._workloads.labels(repo, status).set(count)
        self._behind.labels(repo).set(event.behind)
        self._behind_versions.labels(repo).set(event.behind_versions)
        self._most_behind.labels(repo).set(event.most_behind_versions)
        seconds = math.nan if event.behind_for is None else event.behind_for.total_seconds()
        self._behind_seconds.labels(repo).set(seconds)

    def _count(self, event: Event) -> None:
        """What is counted one by one."""
        match event:
            case HookReceived():
                self._hooks.labels(event.hook, "accepted").inc()
            case HookRefused():
                self._hooks.labels(event.hook, "refused").inc(1 + event.unreported)
            case PushRaced():
                self._races.labels(event.config_repo).inc()
            case TagMoved():
                self._moved.inc()
            case TagListDoubted():
                self._doubted.inc()
            case DaemonStarted():
                self._forget_config_repos()
                self._config_repos.set(event.config_repos)
            case ConfigReloaded():
                self._reloads.labels("ok").inc()
            case ConfigRefused():
                self._reloads.labels("refused").inc()
            case _:
                self._count_people(event)

    def _count_people(self, event: Event) -> None:
        """What people do, and who tries to."""
        match event:
            case ActionDone() | ActionRefused():
                result = "done" if isinstance(event, ActionDone) else "refused"
                self._actions.labels(event.verb, result).inc()
            case LoginAccepted():
                self._logins.labels("accepted").inc()
            case LoginRefused():
                self._logins.labels("refused").inc(1 + event.unreported)
            case _:
                pass

    def _forget_config_repos(self) -> None:
        """A daemon that begins anew may have others; each of them is told of by the pass that it begins with.

        Not earlier: a push that was under way when the configuration changed still comes to its end.
        """
        for gauge in (
            self._fields,
            self._failing,
            self._last_pass,
            self._workloads,
            self._behind,
            self._behind_versions,
            self._most_behind,
            self._behind_seconds,
        ):
            gauge.clear()

    def exposition(self) -> bytes:
        """The text format that Prometheus scrapes."""
        return generate_latest(self._registry)
