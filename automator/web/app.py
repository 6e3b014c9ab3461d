"""Pages and API as routes of the daemon's own HTTP."""

from starlette.routing import BaseRoute

from automator.web.access.access import Access
from automator.web.access.login import login_routes
from automator.web.api.app import api_mount
from automator.web.desk import Desk
from automator.web.live import live_route


def web_routes(desk: Desk, access: Access) -> list[BaseRoute]:
    """For the inside of AccessMiddleware, which says who may."""
    return [*login_routes(access), api_mount(desk), live_route(desk)]
