"""What a message is about, made from events. Pure: the one place that knows which event is worth a message, and how grave.

Texts are here as registries and Git wrote them; whoever shows them to people takes their teeth out (see `foreign`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from automator.config.messages import MessageKind
from automator.model.event import (
    ChangeHeld,
    CommitPushed,
    ConfigRefused,
    Event,
    Level,
    ManifestRefused,
    PassFailed,
    RegistryFailing,
    RegistryRecovered,
    TagMoved,
)
from automator.plan.message import parse_message

OF_REGISTRIES = frozenset({MessageKind.REGISTRY_FAILING, MessageKind.REGISTRY_RECOVERED})
"""What comes in numbers where a registry fails, one for each of its image repositories."""

_TOGETHER = OF_REGISTRIES | {MessageKind.CONFIG_WRONG}

_MOST_MOVES = 1000
"""So many held changes are one occasion at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One container's move, made or held. `from_image`, `policy` and `reason` are empty where they are not known."""

    workload: str
    container: str
    to_image: str
    from_image: str = ""
    policy: str = ""
    reason: str = ""

    @property
    def namespace(self) -> str:
        return self.workload.partition(":")[0]

    @property
    def kind_and_name(self) -> str:
        return self.workload.partition(":")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """One reason for a message. What a kind does not have is empty."""

    kind: MessageKind
    level: Level
    at: datetime
    config_repo: str = ""
    commit: str = ""
    subject: str = ""
    moves: tuple[Move, ...] = ()
    image_repository: str = ""
    tag: str = ""
    from_digest: str = ""
    to_digest: str = ""
    error: str = ""
    hint: str = ""


def occasion_of(event: Event, at: datetime) -> Occasion | None:
    """None for an event that is no reason for a message."""
    match event:
        case CommitPushed():
            return Occasion(
                kind=MessageKind.COMMITTED,
                level=Level.INFO,
                at=at,
                config_repo=event.config_repo,
                commit=event.commit,
                subject=event.subject,
                moves=moves_of(event.message),
            )
        case ChangeHeld():
            move = Move(
                workload=event.workload,
                container=event.container,
                to_image=event.selection,
                reason=event.reason,
            )
            return Occasion(
                kind=MessageKind.HELD,
                level=Level.INFO,
                at=at,
                config_repo=event.config_repo,
                moves=(move,),
            )
        case TagMoved():
            return Occasion(
                kind=MessageKind.TAG_MOVED,
                level=Level.WARNING,
                at=at,
                image_repository=event.image_repository,
                tag=event.tag,
                from_digest=event.from_digest,
                to_digest=event.to_digest,
            )
        case _:
            return _trouble(event, at)


def _trouble(event: Event, at: datetime) -> Occasion | None:
    match event:
        case RegistryFailing(image_repository=repository, error=error):
            kind, level = MessageKind.REGISTRY_FAILING, Level.WARNING
            return Occasion(kind=kind, level=level, at=at, image_repository=repository, error=error)
        case RegistryRecovered(image_repository=repository):
            kind, level = MessageKind.REGISTRY_RECOVERED, Level.INFO
            return Occasion(kind=kind, level=level, at=at, image_repository=repository)
        case PassFailed(config_repo=repo, error=error, hint=hint, push_refused=True):
            kind, level = MessageKind.PUSH_REFUSED, Level.ERROR
            return Occasion(kind=kind, level=level, at=at, config_repo=repo, error=error, hint=hint)
        case ConfigRefused(error=error, hint=hint):
            kind, level = MessageKind.CONFIG_WRONG, Level.ERROR
            return Occasion(kind=kind, level=level, at=at, error=error, hint=hint)
        case ManifestRefused(config_repo=repo, problem=problem):
            kind, level = MessageKind.CONFIG_WRONG, Level.WARNING
            return Occasion(kind=kind, level=level, at=at, config_repo=repo, error=problem)
        case _:
            return None


def moves_of(commit_message: str) -> tuple[Move, ...]:
    """As the trailers of an update commit's message tell them."""
    updates, _, _ = parse_message(commit_message)
    return tuple(
        Move(
            workload=update.workload,
            container=update.container,
            from_image=update.from_image,
            to_image=update.to_image,
            policy=update.policy,
        )
        for update in updates
    )


def merged(last: Occasion, one: Occasion) -> Occasion | None:
    """Both as one, if they are held changes of one config repo: a pass tells them one by one."""
    if not (one.kind is last.kind is MessageKind.HELD and one.config_repo == last.config_repo):
        return None
    if len(last.moves) + len(one.moves) > _MOST_MOVES:
        return None
    return replace(last, moves=last.moves + one.moves)


def bundles(occasions: Iterable[Occasion]) -> list[list[Occasion]]:
    """Those that are told in one message, as they came in one burst: registries that begin or cease to fail, and what is
    wrong with manifests. A commit always stands alone.
    """
    result: list[list[Occasion]] = []
    for one in occasions:
        if result and one.kind is result[-1][-1].kind and one.kind in _TOGETHER:
            result[-1].append(one)
        else:
            result.append([one])
    return result
