"""Style, scripts and icon: packaged, held in memory, with a digest of their content in the address: kept for ever."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Assets:
    contents: Mapping[str, bytes]
    digest: str

    def address(self, name: str) -> str:
        return f"/static/{self.digest}/{name}"

    async def serve(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in self.contents:
            raise HTTPException(404)
        current = request.path_params["digest"] == self.digest
        return Response(
            self.contents[name],
            media_type=_TYPES[Path(name).suffix],
            headers={
                "Cache-Control": _FOR_EVER if current else "no-cache",
                "X-Content-Type-Options": "nosniff",
            },
        )


def read_assets(directory: Path) -> Assets:
    contents = {
        path.name: path.read_bytes()
        for path in sorted(directory.iterdir())
        if path.suffix in _TYPES
    }
    digest = hashlib.sha256(b"\0".join(contents.values())).hexdigest()[:16]
    return Assets(contents=contents, digest=digest)
