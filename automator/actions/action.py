"""What a person asks for: one frozen class an action."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """`workload` is `namespace:kind/name`, `path` a shell pattern of the files that count."""

    verb: ClassVar[str]
    workload: str
    path: str = "**"
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Automate(Action):
    verb = "automate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deautomate(Action):
    verb = "deautomate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock(Action):
    verb = "lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlock(Action):
    verb = "unlock"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPolicy(Action):
    """`policy` is what an annotation would say; without `container` it is for all of the workload."""

    verb = "set-policy"
    policy: str
    container: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release(Action):
    """`force`: in spite of a lock, and of platforms that the policy wants and the image has not."""

    verb = "release"
    tag: str
    container: str = ""
    force: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollback(Action):
    """To `tag`, or where that is empty to the image before, by the audit log. The tag in use is not to come back by
    itself: the workload is locked, or with `deny` the policy excludes that one tag.
    """

    verb = "rollback"
    tag: str = ""
    container: str = ""
    deny: bool = False
    force: bool = False
