"""How it is with the registry hosts, as Prometheus metrics: read at each scrape, since no event tells of it."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from automator.registry.host import HostState
from automator.registry.limits import CircuitState

_LABELS = ("registry",)


class RegistryCollector(Collector):
    """A host that the watched states do not name any more has no metrics any more."""

    def __init__(self) -> None:
        self._states: Callable[[], Iterable[HostState]] = tuple
        self._failing: Callable[[], Mapping[str, int]] = dict

    def watch(
        self,
        states: Callable[[], Iterable[HostState]],
        failing: Callable[[], Mapping[str, int]],
    ) -> None:
        self._states, self._failing = states, failing

    def collect(self) -> Iterator[Metric]:
        states, failing = tuple(self._states()), self._failing()
        requests = CounterMetricFamily(
            "automator_registry_requests", "Requests sent to a registry", labels=_LABELS
        )
        throttled = CounterMetricFamily(
            "automator_registry_throttled", "Answers that ask for fewer requests", labels=_LABELS
        )
        circuit_open = GaugeMetricFamily(
            "automator_registry_circuit_open",
            "1 while a registry is left alone because it fails, else 0",
            labels=_LABELS,
        )
        for state in states:
            requests.add_metric([state.name], state.requests)
            throttled.add_metric([state.name], state.throttled)
            circuit_open.add_metric([state.name], state.circuit is not CircuitState.CLOSED)
        yield from (requests, throttled, circuit_open)
        yield from _quotas(states)
        image_repositories = GaugeMetricFamily(
            "automator_registry_failing",
            "Image repositories of a registry whose last poll failed",
            labels=_LABELS,
        )
        for host in sorted({state.name for state in states} | failing.keys()):
            image_repositories.add_metric([host], failing.get(host, 0))
        yield image_repositories


def _quotas(states: Iterable[HostState]) -> Iterator[Metric]:
    """Of the registries that tell theirs."""
    remaining = GaugeMetricFamily(
        "automator_registry_quota_remaining",
        "Requests that a registry still allows",
        labels=_LABELS,
    )
    limit = GaugeMetricFamily(
        "automator_registry_quota_limit", "Requests that a registry allows at most", labels=_LABELS
    )
    for state in states:
        if state.quota is None:
            continue
        remaining.add_metric([state.name], state.quota.remaining)
        if state.quota.limit is not None:
            limit.add_metric([state.name], state.quota.limit)
    yield from (remaining, limit)
