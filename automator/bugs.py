"""The one place where an error that nobody thought of is caught, beside the command line's own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from traceback import format_exc, format_tb

from automator.errors import AutomatorError, InternalError
from automator.model.event import BugMet, Event


@contextmanager
def bugs_told(
    report: Callable[[Event], None],
    *,
    config_repo: str = "",
    expected: type[AutomatorError] = AutomatorError,
    quotes: bool = True,
) -> Iterator[None]:
    """What is raised inside and is not `expected` is told as `bug.met`, and comes out as InternalError: so whoever lives
    on has one thing to catch. Without `quotes` the traceback leaves out the exception's own words, which may hold a secret.
    """
    try:
        yield
    except (expected, InternalError):
        raise
    except Exception as bug:
        traceback = "".join([*format_tb(bug.__traceback__), type(bug).__name__])
        report(BugMet(config_repo=config_repo, traceback=format_exc() if quotes else traceback))
        raise InternalError(bug) from bug
