"""The registries that everybody pulls from: Docker Hub, GHCR, Quay, registry.k8s.io, mcr.microsoft.com."""

import json
from collections.abc import Mapping

from tests.servers.images import Image
from tests.servers.personas.auth import PASSWORD, Bearer
from tests.servers.personas.errors import text_error
from tests.servers.personas.persona import Persona
from tests.servers.personas.tag_lists import (
    GoogleList,
    Pages,
    absolute,
    milliseconds,
)
from tests.servers.scripted import Reply, Request, ScriptedRegistry


def newest_first(persona: Persona, repository: str) -> list[tuple[str, str, Image]]:
    """Tags with their times and images, as APIs list them."""
    created = persona.created[repository]
    order = sorted(created, key=lambda tag: created[tag], reverse=True)
    return [(tag, created[tag], persona.images[repository][tag]) for tag in order]


class DockerHub(Persona):
    """Token server and API on other hosts; the pulls of manifests are counted, and told.

    The API shows private repositories to a login of its own.
    """

    auth = Bearer(service="registry.docker.io", path="/token", stands_elsewhere=True)
    tag_list = Pages()
    redirects_blobs = True
    api_page_size = 2
    pulls = 0

    def headers(self, request: Request) -> Mapping[str, str]:
        if "/manifests/" not in request.path:
            return {}
        self.pulls += request.method == "GET"
        return {
            "ratelimit-limit": "100;w=21600",
            "ratelimit-remaining": f"{100 - self.pulls};w=21600",
            "docker-ratelimit-source": "192.0.2.1",
        }

    def publish_more(self) -> None:
        self.elsewhere.script("/v2/auth/token", self._log_in)
        for repository in self.images:
            namespace, _, name = repository.partition("/")
            path = f"/v2/namespaces/{namespace}/repositories/{name}/tags"
            self.elsewhere.script(path, lambda request, of=repository: self._api(request, of))

    def _log_in(self, request: Request) -> Reply:
        if json.loads(request.body) != {"identifier": self.user, "secret": PASSWORD}:
            return Reply.json({"detail": "Incorrect authentication credentials"}, status=401)
        return Reply.json({"access_token": "hub-token"})

    def _api(self, request: Request, repository: str) -> Reply:
        if not self.is_public and request.headers.get("authorization") != "Bearer hub-token":
            return Reply.json({"message": "object not found", "errinfo": {}}, status=404)
        page = int(request.parameters["page"][0])
        tags = newest_first(self, repository)
        end = page * self.api_page_size
        more = f"{self.elsewhere.url}{request.path}?page={page + 1}" if end < len(tags) else None
        return Reply.json(
            {
                "count": len(tags),
                "next": more,
                "previous": None,
                "results": [
                    {
                        "name": tag,
                        "digest": image.digest,
                        "last_updated": time,
                        "tag_last_pushed": time,
                        "images": [{"architecture": "amd64", "digest": image.digest}],
                    }
                    for tag, time, image in tags[end - self.api_page_size : end]
                ],
            }
        )


class Ghcr(Persona):
    """Strangers get no token for what is private; relative links."""

    auth = Bearer(service="ghcr.io", path="/token", refuses_strangers=True)
    tag_list = Pages()
    redirects_blobs = True


class Quay(Persona):
    """Unsorted pages of its own size, whatever is asked; the API answers strangers alone, of what is public."""

    auth = Bearer(service="quay.io", path="/v2/auth")
    tag_list = Pages(is_sorted=False)
    redirects_blobs = True
    user = "shop+robot"
    api_page_size = 2

    def publish_more(self) -> None:
        for repository in self.images:
            path = f"/api/v1/repository/{repository}/tag/"
            self.server.script(path, lambda request, of=repository: self._api(request, of))

    def _api(self, request: Request, repository: str) -> Reply:
        if not self.is_public or "authorization" in request.headers:
            return Reply.json({"error_type": "insufficient_scope", "status": 401}, status=401)
        page = int(request.parameters["page"][0])
        tags = newest_first(self, repository)
        end = page * self.api_page_size
        return Reply.json(
            {
                "page": page,
                "has_additional": end < len(tags),
                "tags": [
                    {
                        "name": tag,
                        "start_ts": int(milliseconds(time)) // 1000,
                        "manifest_digest": image.digest,
                        "is_manifest_list": False,
                    }
                    for tag, time, image in tags[end - self.api_page_size : end]
                ],
            }
        )


class Kubernetes(Persona):
    """registry.k8s.io: a front without images, which sends every request to an Artifact Registry on another host."""

    tag_list = GoogleList()
    error = text_error

    @property
    def origin_of_images(self) -> ScriptedRegistry:
        return self.elsewhere

    def publish_more(self) -> None:
        for repository, tags in self.images.items():
            base = f"/v2/{repository}"
            paths = [f"{base}/tags/list"]
            for tag, image in tags.items():
                paths += [f"{base}/manifests/{tag}", f"{base}/manifests/{image.digest}"]
                paths += [f"{base}/blobs/{image.config.digest}"]
            for path in paths:
                self.server.script(path, self._send_elsewhere)

    def _send_elsewhere(self, request: Request) -> Reply:
        query = f"?{request.query}" if request.query else ""
        location = f"{self.elsewhere.url}{request.path}{query}"
        return Reply(status=307, headers={"location": location})


class Microsoft(Persona):
    """mcr.microsoft.com: open, with absolute links; blobs come from the nearest data center."""

    tag_list = Pages(link=absolute)
    redirects_blobs = True


PUBLIC = (DockerHub, Ghcr, Quay, Kubernetes, Microsoft)
