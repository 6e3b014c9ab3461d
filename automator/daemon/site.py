"""Everything that the daemon answers on `listen`: its own state, hooks, pages and API; and before all of it, who may."""

from collections.abc import Sequence

from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from automator.daemon.http import make_app
from automator.web.access.access import Access
from automator.web.access.middleware import AccessMiddleware
from automator.web.app import web_routes
from automator.web.bugs import BUG, SurviveBugs
from automator.web.desk import Desk
from automator.web.pages.errors import error_handlers
from automator.web.pages.render import make_renderer
from automator.wiring import System


def make_site(system: System, desk: Desk, access: Access, hooks: Sequence[BaseRoute]) -> ASGIApp:
    renderer = make_renderer()
    routes = [*hooks, *web_routes(desk, access, renderer)]
    app = make_app(desk.board, system.metrics, routes, error_handlers(renderer))
    report = system.tools.reporter.emit
    surviving = SurviveBugs(app, report, lambda: PlainTextResponse(BUG, status_code=500))
    return AccessMiddleware(surviving, access)
