"""The pages' addresses."""

from starlette.routing import BaseRoute, Route

from automator.web.desk import Desk
from automator.web.pages.action_pages import commit_page, preview_page, sync_page
from automator.web.pages.render import Renderer
from automator.web.pages.site import Site
from automator.web.pages.status_pages import config_repos_page, registries_page, timeline_page
from automator.web.pages.table_page import table_page
from automator.web.pages.workload_page import workload_page


def page_routes(desk: Desk, renderer: Renderer) -> list[BaseRoute]:
    site = Site(desk, renderer)
    looked_at = {
        "/": table_page,
        "/workloads/{config_repo}/{workload:path}": workload_page,
        "/config-repos": config_repos_page,
        "/registries": registries_page,
        "/timeline": timeline_page,
    }
    asked_for = {
        "/actions/preview": preview_page,
        "/actions/commit": commit_page,
        "/actions/sync": sync_page,
    }
    return [
        *(Route(path, site.endpoint(page), methods=["GET"]) for path, page in looked_at.items()),
        *(Route(path, site.endpoint(page), methods=["POST"]) for path, page in asked_for.items()),
        Route("/static/{digest}/{name}", renderer.assets.serve, methods=["GET"]),
    ]
