"""An error of automator's own costs one answer, and is told in the log."""

from collections.abc import Callable
from traceback import format_exc

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from automator.model.event import BugMet, Event

BUG = "this is a bug in automator"
BUG_HINT = "please report it, with the line `bug.met` of the log"


class SurviveBugs:
    """`answer` makes what a visitor gets then: it says nothing of the error."""

    def __init__(
        self, app: ASGIApp, report: Callable[[Event], None], answer: Callable[[], Response]
    ) -> None:
        self._app = app
        self._report = report
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def watched_send(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, watched_send)
        except Exception:  # noqa: BLE001 - one visitor's trouble never stops the others
            self._report(BugMet(config_repo="", traceback=format_exc()))
            if not begun:
                await self._answer()(scope, receive, send)
