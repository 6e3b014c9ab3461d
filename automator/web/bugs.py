"""An error of automator's own costs one answer, and is told in the log."""

from collections.abc import Callable

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from automator.bugs import bugs_told
from automator.errors import InternalError
from automator.model.event import Event

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
            with bugs_told(self._report, expected=InternalError):
                await self._app(scope, receive, watched_send)
        except InternalError:
            if not begun:
                await self._answer()(scope, receive, send)
