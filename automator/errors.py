"""Every error class of automator. Expected outcomes (no candidate, held, refused) are values, not errors.

AutomatorError                      exit status
  UsageError                        2
    UnknownName
  ConfigError                       2   carries every problem found, not the first
  InvalidReference                  2
  InvalidExpression                 2   carries the span of the mistake
  RegistryError                     1
    Unavailable  Denied  NotFound  Throttled(retry_after)  ProtocolViolation
  GitError                          1
    RemoteUnavailable  RemoteDenied  PushRejected
  EditRefused                       1
    DiffChanged
  StoreError                        1
  InternalError                     1   a bug
"""

from datetime import timedelta


class AutomatorError(Exception):
    """What went wrong, where, and what to do next. `str()` is one line."""

    exit_status = 1

    def __init__(self, message: str, *, location: str = "", hint: str = "") -> None:
        self.message = message
        self.location = location
        self.hint = hint
        super().__init__(message)

    @property
    def kind(self) -> str:
        """The class, as logs and traces name it."""
        return type(self).__name__

    def __str__(self) -> str:
        where = f"{self.location}: " if self.location else ""
        then = f" ({self.hint})" if self.hint else ""
        return f"{where}{self.message}{then}"


class UsageError(AutomatorError):
    exit_status = 2


class UnknownName(UsageError):
    """A config repo, workload or container is named that there is not."""


class ConfigError(AutomatorError):
    """`problems` are ready lines `file:line:column: message (hint)`, one for each mistake."""

    exit_status = 2

    def __init__(self, message: str, *, problems: tuple[str, ...] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.problems = problems


class InvalidReference(AutomatorError):
    exit_status = 2


class InvalidExpression(AutomatorError):
    """`start` and `end` are the characters of the expression that are wrong."""

    exit_status = 2

    def __init__(self, message: str, *, start: int, end: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.start = start
        self.end = end


class RegistryError(AutomatorError):
    """A registry could not be asked, or did not answer as the OCI distribution specification says."""


class Unavailable(RegistryError):
    """No answer, a broken connection, or a 5xx: may work later."""


class Denied(RegistryError):
    """401 or 403 after credentials were offered as the registry asked."""


class NotFound(RegistryError):
    """404: no such image repository, tag or blob."""


class Throttled(RegistryError):
    """429, or a quota that is used up; `retry_after` is when it goes on, if the registry said."""

    def __init__(
        self, message: str, *, retry_after: timedelta | None, location: str = "", hint: str = ""
    ) -> None:
        super().__init__(message, location=location, hint=hint)
        self.retry_after = retry_after


class ProtocolViolation(RegistryError):
    """An answer that cannot be believed: truncated JSON, endless pages, a digest that does not match."""


class GitError(AutomatorError):
    """Git refused, or a repository is not as expected."""


class RemoteUnavailable(GitError):
    """The remote could not be reached: may work later."""


class RemoteDenied(GitError):
    """The remote wants other credentials, or its host key is not the known one."""


class PushRejected(GitError):
    """The branch moved since it was fetched, or the remote's rules refuse the commit (`rule` is true)."""

    def __init__(self, message: str, *, rule: bool, location: str = "", hint: str = "") -> None:
        super().__init__(message, location=location, hint=hint)
        self.rule = rule


class EditRefused(AutomatorError):
    """An edit would change more than the planned fields, or the old value is not as expected."""


class DiffChanged(EditRefused):
    """A person agreed to another diff than the one that the files have come to need."""


class StoreError(AutomatorError):
    """The store cannot be opened or written."""


class InternalError(AutomatorError):
    """A bug. Its text may be anything: only its class is told."""

    def __init__(self, bug: Exception) -> None:
        self._kind = type(bug).__name__
        super().__init__(
            f"internal error: {self._kind}", hint="this is a bug in automator, please report it"
        )

    @property
    def kind(self) -> str:
        return self._kind
