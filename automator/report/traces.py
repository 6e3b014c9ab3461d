"""Events as OpenTelemetry spans, made after the fact: an event says what was done and how long it took. Imported only
where traces are on.

A pass is a trace: `scan`, `poll`, each `push` below it. A poll round of the daemon is a trace of its own. The names of
spans are these alone; what varies is an attribute.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.metadata import version

from opentelemetry.context import Context
from opentelemetry.trace import Span, Status, StatusCode, TracerProvider, set_span_in_context
from opentelemetry.util.types import AttributeValue

from automator.clock import Clock
from automator.model.event import (
    CommitPushed,
    ConfigRepoScanned,
    DaemonStarted,
    Event,
    ImageDelivered,
    PassFailed,
    PassFinished,
    PollFailed,
    PollRoundFinished,
    PushRaced,
    RegistryFailing,
)

_STEPS = 64
"""More than the steps of a pass that loses every race."""

_MOMENTS = 128
"""So many events the SDK keeps of a span, unless it is told otherwise."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Attributes = Mapping[str, AttributeValue]


@dataclass(frozen=True, slots=True)
class _Moment:
    at: datetime
    name: str
    attributes: Attributes


@dataclass(slots=True, kw_only=True)
class _Step:
    """A span to be; `error` is its class and what is said of it."""

    name: str
    start: datetime
    end: datetime
    attributes: dict[str, AttributeValue]
    moments: deque[_Moment] = field(default_factory=lambda: deque(maxlen=_MOMENTS))
    error: tuple[str, str] | None = None


class TraceSink:
    """Holds the steps of passes that go on: of each config repo one, each bounded. Outlives a change of the
    configuration.
    """

    def __init__(self, provider: TracerProvider, clock: Clock) -> None:
        self._tracer = provider.get_tracer("automator", version("automator"))
        self._clock = clock
        self._steps: dict[str, deque[_Step]] = {}
        self._failed_polls: deque[_Moment] = deque(maxlen=_MOMENTS)

    def receive(self, event: Event) -> None:
        match event:
            case PassFinished() | PassFailed():
                self._end_pass(event)
            case PollRoundFinished():
                self._add_round(event)
            case RegistryFailing() | PollFailed():
                self._failed_polls.append(self._failed_poll(event))
            case DaemonStarted():
                # With the configuration before this one ended the passes that were under way.
                self._steps.clear()
            case _:
                self._add_to_pass(event)

    def _add_to_pass(self, event: Event) -> None:
        match event:
            case ConfigRepoScanned():
                self._steps_of(event.config_repo).append(self._scan(event))
            case PushRaced():
                self._steps_of(event.config_repo).append(self._lost_push(event))
            case CommitPushed():
                self._add_commit(event)
            case ImageDelivered():
                self._add_image(event)
            case _:
                pass

    def _steps_of(self, config_repo: str) -> deque[_Step]:
        return self._steps.setdefault(config_repo, deque(maxlen=_STEPS))

    def _step(self, name: str, took: timedelta, **attributes: AttributeValue) -> _Step:
        """A step that ends now; the names of `attributes` are automator's own."""
        now = self._clock.now()
        own = {f"automator.{key}": value for key, value in attributes.items()}
        return _Step(name=name, start=now - took, end=now, attributes=own)

    def _scan(self, event: ConfigRepoScanned) -> _Step:
        step = self._step(
            "scan",
            event.took,
            config_repo=event.config_repo,
            manifests=event.manifests,
            image_fields=event.image_fields,
            skipped=event.skipped,
            problems=event.problems,
        )
        step.attributes["vcs.ref.head.revision"] = event.commit
        return step

    def _lost_push(self, event: PushRaced) -> _Step:
        step = self._step("push", event.took, config_repo=event.config_repo, attempt=event.attempt)
        step.error = ("PushRejected", "somebody else pushed first")
        return step

    def _add_commit(self, event: CommitPushed) -> None:
        """All update commits of a pass are one push: they begin together, and the last of them is the new head."""
        steps = self._steps_of(event.config_repo)
        if not steps or steps[-1].name != "push" or steps[-1].error:
            steps.append(
                self._step("push", event.took, config_repo=event.config_repo, commits=0, changes=0)
            )
        push = steps[-1]
        push.end = self._clock.now()
        for key, more in (("automator.commits", 1), ("automator.changes", event.changes)):
            before = push.attributes[key]
            assert isinstance(before, int)
            push.attributes[key] = before + more
        revision = {"vcs.ref.head.revision": event.commit}
        push.attributes.update(revision)
        attributes = {**revision, "automator.subject": event.subject}
        push.moments.append(_Moment(push.end, event.name, attributes))

    def _add_image(self, event: ImageDelivered) -> None:
        steps = self._steps_of(event.config_repo)
        if steps:
            attributes: Attributes = {
                "vcs.ref.head.revision": event.commit,
                "automator.image": event.image,
                "automator.lead_time_seconds": event.lead_time.total_seconds(),
            }
            steps[-1].moments.append(_Moment(self._clock.now(), event.name, attributes))

    def _add_round(self, event: PollRoundFinished) -> None:
        """Failures that were told since the round before are this one's."""
        step = self._step(
            "poll" if event.config_repo else "poll round",
            event.took,
            polled=event.polled,
            changed=event.changed,
            failed=event.failed,
            requests=event.requests,
        )
        step.moments.extend(self._failed_polls)
        self._failed_polls.clear()
        if event.failed:
            step.error = ("PollFailed", f"{event.failed} of {event.polled} polls failed")
        if event.config_repo:
            step.attributes["automator.config_repo"] = event.config_repo
            self._steps_of(event.config_repo).append(step)
        else:
            self._write(step, None)

    def _failed_poll(self, event: RegistryFailing | PollFailed) -> _Moment:
        attributes: Attributes = {
            "automator.image_repository": event.image_repository,
            "exception.message": event.error,
        }
        return _Moment(self._clock.now(), event.name, attributes)

    def _end_pass(self, event: PassFinished | PassFailed) -> None:
        step = self._step("pass", event.took, config_repo=event.config_repo)
        if isinstance(event, PassFailed):
            step.error = (event.kind, event.error)
            attributes: Attributes = {
                "exception.type": event.kind,
                "exception.message": event.error,
                "automator.hint": event.hint,
            }
            step.moments.append(_Moment(step.end, event.name, attributes))
        else:
            step.attributes["automator.workloads"] = sum(event.workloads.values())
            step.attributes["automator.workloads_behind"] = event.behind
        children = self._steps.pop(event.config_repo, ())
        # Where somebody sets the time in between, the pass holds its steps all the same.
        step.start = min([step.start, *(child.start for child in children)])
        below = set_span_in_context(self._write(step, None))
        for child in children:
            self._write(child, below)

    def _write(self, step: _Step, below: Context | None) -> Span:
        span = self._tracer.start_span(
            step.name,
            # Without one it would be below whatever span happens to be current.
            context=below or Context(),
            attributes=step.attributes,
            start_time=_nanoseconds(step.start),
        )
        for moment in step.moments:
            span.add_event(moment.name, moment.attributes, _nanoseconds(moment.at))
        if step.error is not None:
            kind, says = step.error
            span.set_attribute("error.type", kind)
            span.set_status(Status(StatusCode.ERROR, says))
        span.end(_nanoseconds(step.end))
        return span


def _nanoseconds(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1) * 1000
