"""Events as spans. The clock stands still: where a span ends is where the test says."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from automator.errors import InternalError, RemoteDenied
from automator.model import event as events
from automator.model.plan import Status
from automator.report.otlp import ToldExporter
from automator.report.traces import TraceSink
from automator.survey.news import pass_failed
from tests.servers.clocks import ManualClock

TRACES = (
    (Path(__file__).parents[3] / "docs/operations.md")
    .read_text()
    .partition("\n## Traces\n")[2]
    .partition("\n## ")[0]
)
SECOND = timedelta(seconds=1)
SCANNED = events.ConfigRepoScanned(
    config_repo="shop", commit="c0", manifests=3, image_fields=4, skipped=1, problems=2, took=SECOND
)
ROUND = events.PollRoundFinished(polled=5, changed=1, failed=0, requests=9, took=SECOND)
POLLED = replace(ROUND, config_repo="shop")
RACED = events.PushRaced(config_repo="shop", attempt=1, took=SECOND)
PUSHED = events.CommitPushed(
    config_repo="shop", commit="c1", subject="Update a", changes=2, took=SECOND
)
DELIVERED = events.ImageDelivered(
    config_repo="shop", commit="c1", image="redis:7", lead_time=timedelta(minutes=4)
)
FAILING = events.RegistryFailing(image_repository="r.example/a", error="down")
STARTED = events.DaemonStarted(config_repos=1, listen="")


def finished(clock, took=10 * SECOND, config_repo="shop"):
    return events.PassFinished(
        config_repo=config_repo,
        at=clock.now(),
        workloads=dict.fromkeys(Status, 0) | {Status.HELD: 2, Status.UP_TO_DATE: 3},
        behind=2,
        behind_versions=7,
        most_behind_versions=4,
        behind_for=None,
        took=took,
    )


def failed(error):
    return pass_failed("shop", error, retry_at=None, took=10 * SECOND)


class Told:
    """A sink, a second between events, and the spans that came of them."""

    def __init__(self):
        self.clock = ManualClock()
        self.began = int(self.clock.now().timestamp())
        self.exporter = InMemorySpanExporter()
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.sink = TraceSink(provider, self.clock)

    def tell(self, *told):
        for event in told:
            self.clock.advance(1)
            self.sink.receive(event)
        return list(self.exporter.get_finished_spans())

    def seconds(self, span):
        """From when to when, counted from the clock's beginning."""
        return tuple(at / 10**9 - self.began for at in (span.start_time, span.end_time))


@pytest.fixture
def told():
    return Told()


def test_a_pass_that_loses_a_race_and_then_pushes(told):
    told.clock.advance(9)
    root, *steps = told.tell(
        SCANNED, POLLED, RACED, SCANNED, PUSHED, DELIVERED, finished(told.clock)
    )
    assert (root.name, told.seconds(root), root.parent) == ("pass", (6, 16), None)
    assert [(step.name, told.seconds(step), step.parent.span_id) for step in steps] == [
        ("scan", (9, 10), root.context.span_id),
        ("poll", (10, 11), root.context.span_id),
        ("push", (11, 12), root.context.span_id),
        ("scan", (12, 13), root.context.span_id),
        ("push", (13, 14), root.context.span_id),
    ]
    assert {step.context.trace_id for step in steps} == {root.context.trace_id}
    assert root.attributes == {
        "automator.config_repo": "shop",
        "automator.workloads": 5,
        "automator.workloads_behind": 2,
    }
    lost = steps[2]
    assert lost.attributes["error.type"] == "PushRejected"
    assert [span for span in (root, *steps) if not span.status.is_unset] == [lost]


def test_all_commits_of_a_pass_are_one_push(told):
    second = replace(PUSHED, commit="c2", subject="Update b", changes=3)
    _, push = told.tell(PUSHED, DELIVERED, second, finished(told.clock))
    assert push.attributes == {
        "automator.config_repo": "shop",
        "automator.commits": 2,
        "automator.changes": 5,
        "vcs.ref.head.revision": "c2",
    }
    assert told.seconds(push) == (0, 3)
    assert [(event.name, event.attributes["vcs.ref.head.revision"]) for event in push.events] == [
        ("commit.pushed", "c1"),
        ("image.delivered", "c1"),
        ("commit.pushed", "c2"),
    ]
    assert push.events[1].attributes["automator.lead_time_seconds"] == 240


@pytest.mark.parametrize(
    ("error", "kind", "says"),
    [
        (RemoteDenied("who are you", hint="use a key"), "RemoteDenied", "who are you"),
        (InternalError(KeyError("a secret of sorts")), "KeyError", "internal error: KeyError"),
    ],
    ids=["ours", "a bug"],
)
def test_a_pass_that_fails(told, error, kind, says):
    root, scan = told.tell(SCANNED, failed(error))
    assert scan.parent.span_id == root.context.span_id
    assert scan.status.is_unset
    assert root.attributes["error.type"] == kind
    assert (root.status.is_ok, root.status.description) == (False, says)
    [event] = root.events
    assert event.name == "pass.failed"
    assert event.attributes["exception.message"] == says
    assert event.attributes["automator.hint"]


def test_a_poll_round_of_the_daemon_is_a_trace_of_its_own_that_tells_what_failed(told):
    first, second = told.tell(SCANNED, FAILING, replace(ROUND, failed=1), ROUND)
    assert (first.name, first.parent, told.seconds(first)) == ("poll round", None, (2, 3))
    assert first.context.trace_id != second.context.trace_id
    assert first.attributes["error.type"] == "PollFailed"
    assert first.status.description == "1 of 5 polls failed"
    assert [event.attributes["automator.image_repository"] for event in first.events] == [
        "r.example/a"
    ]
    assert second.status.is_unset
    assert not second.events


def test_passes_over_two_config_repos_at_once_do_not_mix(told):
    other = replace(SCANNED, config_repo="other")
    spans = told.tell(
        SCANNED, other, finished(told.clock), finished(told.clock, config_repo="other")
    )
    assert [(span.name, span.attributes["automator.config_repo"]) for span in spans] == [
        ("pass", "shop"),
        ("scan", "shop"),
        ("pass", "other"),
        ("scan", "other"),
    ]


def test_a_pass_that_a_new_configuration_cut_short_leaves_nothing_to_the_next(told):
    [root] = told.tell(SCANNED, STARTED, finished(told.clock))
    assert root.name == "pass"


def test_a_pass_holds_its_steps_though_somebody_set_the_clock(told):
    root, scan = told.tell(replace(SCANNED, took=20 * SECOND), finished(told.clock))
    assert root.start_time == scan.start_time


def test_a_pass_is_not_below_a_span_that_happens_to_be_current(told):
    outside = TracerProvider(shutdown_on_exit=False).get_tracer("other").start_span("outside")
    with trace.use_span(outside):
        [root] = told.tell(finished(told.clock))
    assert root.parent is None


def test_what_is_kept_of_a_pass_that_never_ends_is_bounded(told):
    told.tell(*[SCANNED] * 1000, *[PUSHED, *[DELIVERED] * 1000], *[FAILING] * 1000)
    spans = told.tell(POLLED, finished(told.clock))
    assert len(spans) == 1 + 64
    assert max(len(span.events) for span in spans) == 128


def test_what_spans_say_is_documented(told):
    work = (SCANNED, FAILING, POLLED, RACED, PUSHED, DELIVERED)
    spans = told.tell(
        *(*work, finished(told.clock)), ROUND, failed(RemoteDenied("who are you", hint="a key"))
    )
    assert {f"| `{span.name}` |" for span in spans if f"| `{span.name}` |" not in TRACES} == set()
    said = [span.attributes for span in spans]
    said += [event.attributes for span in spans for event in span.events]
    names = {name for attributes in said for name in attributes}
    names |= {event.name for span in spans for event in span.events}
    assert {name for name in names if f"`{name}`" not in TRACES} == set()


class Collector(InMemorySpanExporter):
    """Takes spans or not, as the test says."""

    def __init__(self, *results):
        super().__init__()
        self.results = list(results)

    def export(self, spans):
        return self.results.pop(0)


OK, LOST = SpanExportResult.SUCCESS, SpanExportResult.FAILURE


@pytest.mark.parametrize(
    ("results", "names"),
    [
        ([OK, OK], []),
        ([LOST, LOST, LOST], ["traces.failing"]),
        ([LOST, OK, OK], ["traces.failing", "traces.recovered"]),
        ([LOST, OK, LOST], ["traces.failing", "traces.recovered", "traces.failing"]),
    ],
)
def test_a_collector_that_fails_is_told_of_once(results, names):
    told = []
    exporter = ToldExporter(Collector(*results), told.append)
    assert [exporter.export([]) for _ in results] == results
    assert [event.name for event in told] == names
