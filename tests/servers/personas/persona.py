"""What every scripted registry has in common: images behind tag lists, manifests and blobs, each request guarded.

A persona is a class that says, mostly in its attributes, where a real registry deviates: `tag_list`, `auth`,
`error`, headers. A second server, `elsewhere`, plays whatever host the registry sends its clients to: the token
server, the store of the blobs, the API that stands apart.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import ClassVar

from tests.servers.images import Image, make_image
from tests.servers.personas.auth import Auth, Open
from tests.servers.personas.errors import ErrorStyle, json_error
from tests.servers.personas.tag_lists import Pages, TagListStyle
from tests.servers.scripted import Reply, Request, Responder, ScriptedRegistry, scripted_registry

Images = Mapping[str, Mapping[str, str]]
"""By repository and tag: when the image was created."""

ABSENT = "shop/absent"


class Persona:
    """`is_public` is whether strangers may pull; `user` is who may always, with `auth.PASSWORD`."""

    user: ClassVar[str] = "robot"
    tag_list: ClassVar[TagListStyle] = Pages()
    auth: ClassVar[Auth] = Open()
    error: ClassVar[ErrorStyle] = json_error
    tells_digest: ClassVar[bool] = True
    redirects_blobs: ClassVar[bool] = False

    def __init__(
        self,
        server: ScriptedRegistry,
        elsewhere: ScriptedRegistry,
        images: Images,
        *,
        is_public: bool = False,
    ) -> None:
        self.server = server
        self.elsewhere = elsewhere
        self.is_public = is_public
        self.images: dict[str, dict[str, Image]] = {repository: {} for repository in images}
        self.created: dict[str, dict[str, str]] = {repository: {} for repository in images}
        self.granted: dict[str, frozenset[str]] = {}
        """Bearer tokens that were given out, and the scopes that they allow."""
        self.auth.publish(self)
        for repository, tags in images.items():
            self._publish_tags(repository)
            for tag, created in tags.items():
                self.push(repository, tag, created)
        self.publish_more()
        server.script(f"/v2/{ABSENT}/tags/list", self.guarded(ABSENT, self._absent))

    @property
    def host(self) -> str:
        return self.server.host

    @property
    def origin_of_images(self) -> ScriptedRegistry:
        """Where image manifests and tag lists are; a redirecting front has them elsewhere."""
        return self.server

    def publish_more(self) -> None:
        """What this registry serves beside the OCI protocol."""

    def headers(self, request: Request) -> Mapping[str, str]:
        """Sent with every answer that is no refusal."""
        return {}

    def guarded(self, repository: str, responder: Responder, *, action: str = "pull") -> Responder:
        def reply(request: Request) -> Reply:
            refusal = self.auth.refusal(self, request, repository, action)
            return responder(request) if refusal is None else refusal

        return reply

    def _absent(self, request: Request) -> Reply:
        return type(self).error(404, "NAME_UNKNOWN", "repository name not known to registry")

    def push(self, repository: str, tag: str, created: str) -> Image:
        """A new image, or another one for a tag, pushed when it was created."""
        image = make_image(created=created, label=f"{repository}:{tag}")
        self.images[repository][tag] = image
        self.created[repository][tag] = created
        base = f"/v2/{repository}"
        manifest = self.guarded(repository, self._manifest(image))
        for reference in (tag, image.digest):
            self.origin_of_images.script(f"{base}/manifests/{reference}", manifest)
        blob = self.guarded(repository, self._blob(image))
        self.origin_of_images.script(f"{base}/blobs/{image.config.digest}", blob)
        return image

    def _publish_tags(self, repository: str) -> None:
        def tags(request: Request) -> Reply:
            return self._with_headers(request, self.tag_list.page(self, repository, request))

        path = f"/v2/{repository}/tags/list"
        self.origin_of_images.script(path, self.guarded(repository, tags))

    def _manifest(self, image: Image) -> Responder:
        def reply(request: Request) -> Reply:
            headers = {"content-type": image.manifest.media_type}
            if self.tells_digest:
                headers["docker-content-digest"] = image.digest
            answer = Reply(body=image.manifest.data, headers=headers)
            return self._with_headers(request, answer)

        return reply

    def _blob(self, image: Image) -> Responder:
        """From the registry itself, or from a store that knows the request by a signature in its URL."""
        if not self.redirects_blobs:
            return lambda request: Reply(body=image.config.data)
        path = f"/store/{image.config.digest}"
        self.elsewhere.script(path, Reply(body=image.config.data))
        location = f"{self.elsewhere.url}{path}?signature=abc"
        return lambda request: Reply(status=307, headers={"location": location})

    def _with_headers(self, request: Request, reply: Reply) -> Reply:
        headers = {**reply.headers, **self.headers(request)}
        return Reply(status=reply.status, body=reply.body, headers=headers)


@contextmanager
def serve(kind: type[Persona], images: Images, *, is_public: bool = False) -> Iterator[Persona]:
    with scripted_registry() as server, scripted_registry() as elsewhere:
        yield kind(server, elsewhere, images, is_public=is_public)
