"""Actions as they come over HTTP, from forms and as JSON: the same words as on the command line."""

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from automator.actions.action import (
    Action,
    Automate,
    Deautomate,
    Lock,
    Release,
    Rollback,
    SetPolicy,
    Unlock,
)


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: ClassVar[type[Action]]

    config_repo: Annotated[
        str, Field(min_length=1, max_length=200, description="The name of the config repo.")
    ]
    workload: Annotated[
        str, Field(min_length=1, max_length=1000, description="`namespace:kind/name`.")
    ]
    path: Annotated[
        str, Field(min_length=1, max_length=1000, description="A shell pattern: only these files.")
    ] = "**"
    reason: Annotated[
        str, Field(max_length=500, description="Why; it is part of the commit message.")
    ] = ""

    def to_action(self) -> Action:
        return self.kind(**self.model_dump(exclude={"action", "config_repo"}))


_Container = Annotated[str, Field(max_length=300, description="Only this container.")]
_Force = Annotated[bool, Field(description="In spite of a lock, or of a missing platform.")]
_TAG = r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$"


class AutomateRequest(_Request):
    """Policies may move the images of the workload."""

    kind: ClassVar = Automate
    action: Literal["automate"]


class DeautomateRequest(_Request):
    """The images of the workload stay, whatever policies say."""

    kind: ClassVar = Deautomate
    action: Literal["deautomate"]


class LockRequest(_Request):
    """The images of the workload stay until it is unlocked."""

    kind: ClassVar = Lock
    action: Literal["lock"]


class UnlockRequest(_Request):
    """Takes the lock away."""

    kind: ClassVar = Unlock
    action: Literal["unlock"]


class SetPolicyRequest(_Request):
    """Writes a policy on the workload, or on one container of it."""

    kind: ClassVar = SetPolicy
    action: Literal["set-policy"]
    policy: Annotated[
        str,
        Field(
            min_length=1,
            max_length=2000,
            description="An expression, or a mapping as in an annotation.",
        ),
    ]
    container: _Container = ""


class ReleaseRequest(_Request):
    """Moves an image to a tag now, if the registry has it."""

    kind: ClassVar = Release
    action: Literal["release"]
    tag: Annotated[str, Field(pattern=_TAG, description="The tag to move to.")]
    container: _Container = ""
    force: _Force = False


class RollbackRequest(_Request):
    """Moves an image back, and sees to it that the next pass does not undo that."""

    kind: ClassVar = Rollback
    action: Literal["rollback"]
    tag: Annotated[
        str, Field(pattern=rf"^$|{_TAG}", description="Default: the one before, by the audit log.")
    ] = ""
    container: _Container = ""
    deny: Annotated[
        bool, Field(description="Exclude the bad tag alone, instead of locking the workload.")
    ] = False
    force: _Force = False


ActionRequest = Annotated[
    AutomateRequest
    | DeautomateRequest
    | LockRequest
    | UnlockRequest
    | SetPolicyRequest
    | ReleaseRequest
    | RollbackRequest,
    Field(discriminator="action"),
]
