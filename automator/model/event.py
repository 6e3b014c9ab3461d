"""What happened, one frozen class an event. Logs, metrics and messages are made from these in report/.

An event's name is fixed (`noun.past_participle`); what varies is a field in the design's words. Info tells the
story, warning mends itself, error needs a person and carries a hint.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from automator.model.plan import Status


class Level(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """`auto`: readable on a terminal, JSON otherwise."""

    AUTO = "auto"
    CONSOLE = "console"
    JSON = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    name: ClassVar[str]
    level: ClassVar[Level] = Level.INFO


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonStarted(Event):
    name = "daemon.started"
    config_repos: int
    listen: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonStopped(Event):
    name = "daemon.stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigRepoScanned(Event):
    """A config repo's head was read; `manifests` counts the files that were parsed for it, not those known before."""

    name = "config_repo.scanned"
    config_repo: str
    commit: str
    manifests: int
    image_fields: int
    skipped: int
    problems: int
    took: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class PollRoundFinished(Event):
    """`config_repo` is the one whose pass polled; empty for a round of the daemon, which is for all of them."""

    name = "poll_round.finished"
    config_repo: str = ""
    polled: int
    changed: int
    failed: int
    requests: int
    took: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class PollFailed(Event):
    """A poll could not be carried out for a reason that is not the registry's, such as the store's."""

    name = "poll.failed"
    level = Level.ERROR
    image_repository: str
    error: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryFailing(Event):
    """Said once when a repository's polls begin to fail, not at each poll."""

    name = "registry.failing"
    level = Level.WARNING
    image_repository: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryRecovered(Event):
    name = "registry.recovered"
    image_repository: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorFailing(Event):
    """Said once when a registry's mirror begins to fail; the registry is asked instead. `mirror` is its host."""

    name = "mirror.failing"
    level = Level.WARNING
    mirror: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorRecovered(Event):
    name = "mirror.recovered"
    mirror: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HookReceived(Event):
    """A proven sender told of something; `pushes` counts the image repositories and tags that are looked at early."""

    name = "hook.received"
    level = Level.DEBUG
    hook: str
    pushes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HookRefused(Event):
    """A request had no valid proof, or could not be read: at most one a minute for each hook, `unreported` came between.

    `hook` is empty for all names that are no hook's.
    """

    name = "hook.refused"
    level = Level.WARNING
    hook: str
    why: str
    unreported: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginAccepted(Event):
    """Somebody began a session; `how` is `token` or `oidc`."""

    name = "login.accepted"
    person: str
    how: str
    may_act: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginRefused(Event):
    """A token or a login was wrong: at most one a minute is said, `unreported` came between.

    `address` is the client's, an IPv6 client's network.
    """

    name = "login.refused"
    level = Level.WARNING
    address: str
    why: str
    unreported: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginExposed(Event):
    """Said at the start: tokens and sessions can be overheard on their way here."""

    name = "login.exposed"
    level = Level.WARNING
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TagListDoubted(Event):
    """A tag list came that is much shorter than the one before: nothing is selected from it until it stays so."""

    name = "tag_list.doubted"
    level = Level.WARNING
    image_repository: str
    doubt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigReloaded(Event):
    """The configuration, a policy file or a secret file changed, and is in force now."""

    name = "config.reloaded"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigRefused(Event):
    """The configuration changed, and cannot be used: the one before it stays in force."""

    name = "config.refused"
    level = Level.ERROR
    error: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TagMoved(Event):
    """A tag that looks immutable (`1.2.3`) was pushed again: what runs under its name may differ from node to node."""

    name = "tag.moved"
    level = Level.WARNING
    image_repository: str
    tag: str
    from_digest: str
    to_digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectionChanged(Event):
    name = "selection.changed"
    config_repo: str
    workload: str
    container: str
    image: str
    selection: str
    policy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeHeld(Event):
    name = "change.held"
    config_repo: str
    workload: str
    container: str
    selection: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitPushed(Event):
    """`message` is the commit's whole message, for readers that tell each change; it is not logged."""

    name = "commit.pushed"
    config_repo: str
    commit: str
    subject: str
    message: str = field(default="", repr=False)
    changes: int
    took: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageDelivered(Event):
    """A pushed update commit brings this image; `lead_time` is the time since its build, told where that is known."""

    name = "image.delivered"
    level = Level.DEBUG
    config_repo: str
    commit: str
    image: str
    lead_time: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionDone(Event):
    """Over HTTP; `who` is `Name <mail>`, `commit` is empty where it was so already."""

    name = "action.done"
    config_repo: str
    workload: str
    verb: str
    who: str
    commit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionRefused(Event):
    """Over HTTP: it was not possible, or somebody else was in the way; nothing was changed."""

    name = "action.refused"
    level = Level.WARNING
    config_repo: str
    workload: str
    verb: str
    who: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PushRaced(Event):
    """Somebody pushed first; the plan is made again from the new head. `took` is what the lost attempt took."""

    name = "push.raced"
    level = Level.WARNING
    config_repo: str
    attempt: int
    took: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class PassFinished(Event):
    """A pass came to its end, at `at`. What it pushed counts as `updatable` still: it was so at the head that was read.

    `workloads` counts containers, by every status. `behind` are those that a newer candidate exists for,
    `behind_versions` how many such candidates all of them have together, `most_behind_versions` how many one has.
    `behind_for` is the age of the oldest image among their selections: zero where nothing is behind, None where no
    build time is known.
    """

    name = "pass.finished"
    level = Level.DEBUG
    config_repo: str
    at: datetime
    workloads: Mapping[Status, int]
    behind: int
    behind_versions: int
    most_behind_versions: int
    behind_for: timedelta | None
    took: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class PassFailed(Event):
    """`kind` is the class of the error; `retry_at` is None where nobody tries again.

    `push_refused`: the remote answers and says no, by its rules or for want of a right, which mends itself seldom.
    """

    name = "pass.failed"
    level = Level.ERROR
    config_repo: str
    error: str
    kind: str
    hint: str
    retry_at: datetime | None
    took: timedelta
    push_refused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TracesFailing(Event):
    """Said once when spans begin to be lost because the collector does not take them, not at each batch."""

    name = "traces.failing"
    level = Level.WARNING
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TracesRecovered(Event):
    name = "traces.recovered"


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestRefused(Event):
    """Said once for each problem of a config repo's head that was not there before."""

    name = "manifest.refused"
    level = Level.WARNING
    config_repo: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFailed(Event):
    """`messages` were given up, for the reason `error`. It never holds the channel's URL."""

    name = "message.failed"
    level = Level.WARNING
    channel: str
    messages: int
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BugMet(Event):
    """An exception that is none of ours: said once, with its traceback, at the loop or the answer that survives it."""

    name = "bug.met"
    level = Level.ERROR
    config_repo: str
    traceback: str
