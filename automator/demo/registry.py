"""An embedded OCI registry, in memory, as a Starlette application: enough to be pushed to and polled.

Follows the OCI distribution specification 1.1 for tags, manifests and blobs; no authentication, loopback only.
"""

import hashlib
import json
import re
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

_MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
_CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
_BIGGEST_BODY_BYTES = 512 * 2**20
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(slots=True)
class _Repository:
    """Tags to digests; digests to (media type, manifest)."""

    tags: dict[str, str] = field(default_factory=dict)
    manifests: dict[str, tuple[str, bytes]] = field(default_factory=dict)


class DemoRegistry:
    """What was pushed. Blobs are shared by all repositories, as their digests allow."""

    def __init__(self) -> None:
        self._repositories: dict[str, _Repository] = {}
        self._blobs: dict[str, bytes] = {}
        self._uploads: dict[str, bytearray] = {}

    def push_image(self, name: str, tag: str, created_at: datetime) -> str:
        """An image without layers, as if somebody had built and pushed it. Its digest."""
        config = _dump(
            {
                "created": created_at.isoformat(),
                "os": "linux",
                "architecture": "amd64",
                "config": {"Labels": {"org.opencontainers.image.version": tag}},
                "rootfs": {"type": "layers", "diff_ids": []},
            }
        )
        digest = _digest(config)
        self._blobs[digest] = config
        manifest = _dump(
            {
                "schemaVersion": 2,
                "mediaType": _MANIFEST_TYPE,
                "config": {"mediaType": _CONFIG_TYPE, "digest": digest, "size": len(config)},
                "layers": [],
            }
        )
        return self._put_manifest(name, tag, _MANIFEST_TYPE, manifest)

    def app(self) -> Starlette:
        name = "{name:path}"
        return Starlette(
            routes=[
                Route("/v2/", self._base),
                Route(f"/v2/{name}/tags/list", self._list_tags),
                Route(
                    f"/v2/{name}/manifests/{{reference}}", self._manifest, methods=["GET", "PUT"]
                ),
                Route(f"/v2/{name}/blobs/uploads/", self._start_upload, methods=["POST"]),
                Route(
                    f"/v2/{name}/blobs/uploads/{{upload}}", self._upload, methods=["PATCH", "PUT"]
                ),
                Route(f"/v2/{name}/blobs/{{digest}}", self._blob),
            ]
        )

    async def _base(self, _request: Request) -> Response:
        return JSONResponse({})

    async def _list_tags(self, request: Request) -> Response:
        name = request.path_params["name"]
        repository = self._repositories.get(name)
        if repository is None:
            return _error(404, "NAME_UNKNOWN", f"no image repository {name}")
        tags = sorted(repository.tags)
        last, limit = request.query_params.get("last"), request.query_params.get("n", "")
        if last is not None:
            tags = [tag for tag in tags if tag > last]
        headers = {}
        if limit.isdigit() and 0 < int(limit) < len(tags):
            tags = tags[: int(limit)]
            headers["link"] = f'</v2/{name}/tags/list?n={limit}&last={tags[-1]}>; rel="next"'
        return JSONResponse({"name": name, "tags": tags}, headers=headers)

    async def _manifest(self, request: Request) -> Response:
        name, reference = request.path_params["name"], request.path_params["reference"]
        if request.method == "PUT":
            media_type = request.headers.get("content-type", _MANIFEST_TYPE)
            digest = self._put_manifest(name, reference, media_type, await request.body())
            return Response(status_code=201, headers={"docker-content-digest": digest})
        repository = self._repositories.get(name, _Repository())
        digest = repository.tags.get(reference, reference)
        if digest not in repository.manifests:
            return _error(404, "MANIFEST_UNKNOWN", f"no manifest {reference}")
        media_type, manifest = repository.manifests[digest]
        return Response(manifest, media_type=media_type, headers={"docker-content-digest": digest})

    async def _blob(self, request: Request) -> Response:
        digest = request.path_params["digest"]
        if digest not in self._blobs:
            return _error(404, "BLOB_UNKNOWN", f"no blob {digest}")
        return Response(
            self._blobs[digest],
            media_type="application/octet-stream",
            headers={"docker-content-digest": digest},
        )

    async def _start_upload(self, request: Request) -> Response:
        upload = uuid.uuid4().hex
        self._uploads[upload] = bytearray()
        if "digest" in request.query_params:
            return await self._finish_upload(request, upload)
        return self._upload_accepted(request.path_params["name"], upload)

    async def _upload(self, request: Request) -> Response:
        upload = request.path_params["upload"]
        if upload not in self._uploads:
            return _error(404, "BLOB_UPLOAD_UNKNOWN", "no such upload")
        if request.method == "PUT":
            return await self._finish_upload(request, upload)
        self._uploads[upload] += await request.body()
        return self._upload_accepted(request.path_params["name"], upload)

    async def _finish_upload(self, request: Request, upload: str) -> Response:
        content = bytes(self._uploads.pop(upload)) + await request.body()
        wanted = request.query_params.get("digest", "")
        if _digest(content) != wanted or len(content) > _BIGGEST_BODY_BYTES:
            return _error(400, "DIGEST_INVALID", "the content does not have this digest")
        self._blobs[wanted] = content
        name = request.path_params["name"]
        return Response(
            status_code=201,
            headers={"location": f"/v2/{name}/blobs/{wanted}", "docker-content-digest": wanted},
        )

    def _upload_accepted(self, name: str, upload: str) -> Response:
        headers = {
            "location": f"/v2/{name}/blobs/uploads/{upload}",
            "docker-upload-uuid": upload,
            "range": f"0-{max(0, len(self._uploads[upload]) - 1)}",
        }
        return Response(status_code=202, headers=headers)

    def _put_manifest(self, name: str, reference: str, media_type: str, manifest: bytes) -> str:
        digest = _digest(manifest)
        repository = self._repositories.setdefault(name, _Repository())
        repository.manifests[digest] = (media_type, manifest)
        if not _DIGEST.fullmatch(reference):
            repository.tags[reference] = digest
        return digest


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _dump(document: dict[str, Any]) -> bytes:
    return json.dumps(document, sort_keys=True).encode()


def _error(status: int, code: str, message: str) -> Response:
    return JSONResponse({"errors": [{"code": code, "message": message}]}, status_code=status)
