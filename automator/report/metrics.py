"""Events as Prometheus metrics. Labels are bounded: config repos are few; workloads and images never are labels."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from automator.model.event import (
    CommitPushed,
    ConfigRefused,
    ConfigReloaded,
    ConfigRepoScanned,
    Event,
    HookReceived,
    HookRefused,
    PassFailed,
    PollRoundFinished,
    PushRaced,
    TagListDoubted,
    TagMoved,
)

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


class MetricsSink:
    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        repo = ("config_repo",)
        self._polls = self._counter("automator_polls", "Image repositories polled", ("result",))
        self._requests = self._counter("automator_registry_requests", "Requests sent to registries")
        self._rounds = Histogram(
            "automator_poll_round_seconds",
            "Duration of a poll round",
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._scans = Histogram(
            "automator_scan_seconds",
            "Duration of reading a config repo's head",
            repo,
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._fields = Gauge(
            "automator_image_fields",
            "Image fields at a config repo's head",
            repo,
            registry=self._registry,
        )
        self._commits = self._counter("automator_commits", "Update commits pushed", repo)
        self._changes = self._counter(
            "automator_changes", "Containers moved to another image", repo
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
        self._reloads = self._counter(
            "automator_config_reloads", "Changes of the configuration", ("result",)
        )
        self._failures = self._counter("automator_pass_failures", "Passes that failed", repo)

    def _counter(self, name: str, text: str, labels: tuple[str, ...] = ()) -> Counter:
        return Counter(name, text, labels, registry=self._registry)

    def receive(self, event: Event) -> None:
        match event:
            case PollRoundFinished():
                self._polls.labels("ok").inc(event.polled - event.failed)
                self._polls.labels("failed").inc(event.failed)
                self._requests.inc(event.requests)
                self._rounds.observe(event.took.total_seconds())
            case ConfigRepoScanned():
                self._scans.labels(event.config_repo).observe(event.took.total_seconds())
                self._fields.labels(event.config_repo).set(event.image_fields)
            case CommitPushed():
                self._commits.labels(event.config_repo).inc()
                self._changes.labels(event.config_repo).inc(event.changes)
            case HookReceived():
                self._hooks.labels(event.hook, "accepted").inc()
            case HookRefused():
                self._hooks.labels(event.hook, "refused").inc(1 + event.unreported)
            case _:
                self._count(event)

    def _count(self, event: Event) -> None:
        """What is counted one by one."""
        match event:
            case PushRaced():
                self._races.labels(event.config_repo).inc()
            case PassFailed():
                self._failures.labels(event.config_repo).inc()
            case TagMoved():
                self._moved.inc()
            case TagListDoubted():
                self._doubted.inc()
            case ConfigReloaded():
                self._reloads.labels("ok").inc()
            case ConfigRefused():
                self._reloads.labels("refused").inc()
            case _:
                pass

    def exposition(self) -> bytes:
        """The text format that Prometheus scrapes."""
        return generate_latest(self._registry)
