"""A page from its template, with what every page has: who visits, the version of the board, the addresses of the assets."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response

from automator.report.words import behind_text
from automator.web.access.person import visit_of
from automator.web.pages import addresses, text
from automator.web.pages.assets import Assets, read_assets

_HERE = Path(__file__).parents[1]

SHAPES: Mapping[str, str] = {
    "up to date": "✓",
    "updatable": "↑",
    "held": "◐",
    "locked": "■",
    "warming": "…",
    "no match": "○",
    "overridden": "»",
    "no policy": "·",
    "registry failing": "✕",
}
"""A status is told by its word, its shape and its colour: no one of them is needed."""


@dataclass(frozen=True, slots=True)
class Renderer:
    """`templates` are also those of the pages that others bring: they extend `base.html`."""

    templates: Environment
    assets: Assets
    _run: str = field(default_factory=lambda: secrets.token_hex(8))

    def page(
        self,
        request: Request,
        template: str,
        context: Mapping[str, Any],
        *,
        version: int = 0,
        status_code: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """The template, filled in for this reader."""
        html = self.templates.get_template(template).render(
            **context,
            visit=visit_of(request),
            version=version,
            here=request.url.path,
            assets=self.assets,
        )
        return self.answer(
            html.encode("utf-8", "replace"), status_code=status_code, headers=headers
        )

    def answer(
        self, html: bytes, *, status_code: int = 200, headers: Mapping[str, str] | None = None
    ) -> Response:
        """Nobody but the reader's browser keeps it, and that asks again each time."""
        return Response(
            html,
            status_code=status_code,
            media_type="text/html; charset=utf-8",
            headers={"Cache-Control": "private, no-cache", "Vary": "Cookie", **(headers or {})},
        )

    def entity_tag(self, request: Request, version: int, asked: Sequence[str]) -> str:
        """Changes with the news, the question, the person, and each start: versions begin anew then."""
        visit = visit_of(request)
        who = visit.person.name if visit.person else ""
        seen = "\0".join([self._run, who, visit.csrf, *asked])
        return f'W/"{version}-{hashlib.sha256(seen.encode()).hexdigest()[:24]}"'


def make_renderer() -> Renderer:
    assets = read_assets(_HERE / "static")
    templates = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=text.visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= {
        "breakable": text.breakable,
        "exact": text.exact,
        "moment": text.moment,
        "plain_times": text.plain_times,
        "slug": text.slug,
        "diff_lines": text.diff_lines,
        "web_link": addresses.web_link,
    }
    templates.globals |= {
        "address": addresses.address,
        "behind_text": behind_text,
        "shapes": SHAPES,
        "table_address": addresses.table_address,
        "table_query": addresses.table_query,
        "workload_address": addresses.workload_address,
    }
    return Renderer(templates, assets)
