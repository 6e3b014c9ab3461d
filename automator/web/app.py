"""Pages and API as routes of the daemon's own HTTP."""

from starlette.routing import BaseRoute

from automator.web.access.access import Access
from automator.web.access.login import login_routes
from automator.web.desk import Desk


def web_routes(desk: Desk, access: Access) -> list[BaseRoute]:
    """For the inside of AccessMiddleware, which says who may."""
    del desk
    return [*login_routes(access)]
