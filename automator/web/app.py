"""Pages and API as routes of the daemon's own HTTP."""

from starlette.routing import BaseRoute

from automator.web.access.access import Access
from automator.web.access.login import login_routes
from automator.web.api.app import api_mount
from automator.web.desk import Desk
from automator.web.live import live_route
from automator.web.pages.render import Renderer
from automator.web.pages.routes import page_routes


def web_routes(desk: Desk, access: Access, renderer: Renderer) -> list[BaseRoute]:
    """For the inside of AccessMiddleware, which says who may."""
    return [
        *login_routes(access, renderer.page),
        api_mount(desk),
        live_route(desk),
        *page_routes(desk, renderer),
    ]
