"""Registries that people run for themselves: Distribution, Harbor, GitLab, Gitea, Artifactory, Nexus, zot."""

from collections.abc import Mapping
from urllib.parse import quote

from tests.servers.personas.auth import Basic, Bearer, knows_password
from tests.servers.personas.errors import empty_error, html_error, status_error
from tests.servers.personas.persona import Persona
from tests.servers.personas.public import newest_first
from tests.servers.personas.tag_lists import AllInOne, Pages, path_relative
from tests.servers.scripted import Reply, Request


class Distribution2(Persona):
    """2.8: every tag in one answer, in no order, whatever is asked."""

    tag_list = AllInOne(is_sorted=False)


class Distribution3(Persona):
    """Sorted pages; more than its size is refused."""

    auth = Basic(realm="basic-realm")
    tag_list = Pages(refuses=True)


class Harbor(Persona):
    """Tokens for the registry, Basic for the API, where a stranger is told that nothing is there."""

    auth = Bearer(service="harbor-registry", path="/service/token")
    tag_list = Pages()
    user = "robot$ci"

    def publish_more(self) -> None:
        for repository in self.images:
            project, _, name = repository.partition("/")
            encoded = quote(quote(name, safe=""), safe="")
            path = f"/api/v2.0/projects/{project}/repositories/{encoded}/artifacts"
            self.server.script(path, lambda request, of=repository: self._api(request, of))

    def _api(self, request: Request, repository: str) -> Reply:
        if not self.is_public and not knows_password(self, request):
            return type(self).error(404, "NOT_FOUND", f"repository {repository} not found")
        page, size = (int(request.parameters[name][0]) for name in ("page", "page_size"))
        tags = newest_first(self, repository)
        artifacts = [
            {
                "id": number,
                "type": "IMAGE",
                "digest": image.digest,
                "push_time": time,
                "extra_attrs": {"architecture": "amd64", "os": "linux", "created": time},
                "tags": [{"id": number, "name": tag, "push_time": time, "immutable": False}],
            }
            for number, (tag, time, image) in enumerate(tags)
        ]
        shown = artifacts[(page - 1) * size : page * size]
        return Reply.json(shown, x_total_count=str(len(artifacts)))


class GitLab(Persona):
    """The token server is GitLab itself, on another host; how many requests are left is told with each answer."""

    auth = Bearer(service="container_registry", path="/jwt/auth", stands_elsewhere=True)
    tag_list = Pages()
    redirects_blobs = True

    def headers(self, request: Request) -> Mapping[str, str]:
        return {
            "ratelimit-limit": "2000",
            "ratelimit-remaining": "1999",
            "ratelimit-reset": "1767225660",
        }


class Gitea(Persona):
    """Also Forgejo: challenges of any scope, and tokens of any too."""

    auth = Bearer(service="container_registry", path="/v2/token", scope="*")
    tag_list = Pages()


class Artifactory(Persona):
    """Links relative to the list's own path; numbers for codes in its errors."""

    auth = Basic(realm="Artifactory Realm")
    tag_list = Pages(link=path_relative)
    error = status_error


class Nexus(Persona):
    """Every tag in one answer; errors as pages for people, and no digests in its headers."""

    auth = Basic(realm="Sonatype Nexus Repository Manager")
    tag_list = AllInOne()
    error = html_error
    tells_digest = False


class Zot(Persona):
    auth = Basic(realm="Authorization required")
    tag_list = Pages()
    error = empty_error


HOSTED = (Distribution2, Distribution3, Harbor, GitLab, Gitea, Artifactory, Nexus, Zot)
