"""Pages and API as routes of the daemon's own HTTP."""

from starlette.routing import BaseRoute

from automator.web.desk import Desk


def web_routes(desk: Desk) -> list[BaseRoute]:
    del desk
    return []
