"""The events of registries that one runs, or that stand beside a forge: JSON to pushes. Everything else is passed over."""

from collections.abc import Iterator

from automator.hooks.document import Told, at, host_of, items, text, told_by

_MANIFESTS = ("application/vnd.oci.image.", "application/vnd.docker.distribution.manifest.")


def distribution(document: object) -> Iterator[Told]:
    """https://distribution.github.io/distribution/about/notifications/: layers are pushed as well, and are no news."""
    for event in items(document, "events"):
        tag = text(event, "target", "tag")
        is_manifest = text(event, "target", "mediaType").startswith(_MANIFESTS)
        if text(event, "action") == "push" and (tag or is_manifest):
            yield Told(
                path=text(event, "target", "repository"),
                host=text(event, "request", "host") or host_of(text(event, "target", "url")),
                tag=tag,
            )


def harbor(document: object) -> Iterator[Told]:
    """https://goharbor.io/docs/latest/working-with-projects/project-configuration/configure-webhooks/, in both formats."""
    if text(document, "type") == "PUSH_ARTIFACT":
        data = at(document, "event_data")
    elif text(document, "type") == "harbor.artifact.pushed":
        data = at(document, "data")
    else:
        return
    path = text(data, "repository", "repo_full_name")
    for resource in items(data, "resources"):
        tag = text(resource, "tag")
        told = list(told_by(text(resource, "resource_url"), tag=tag))
        yield from told or [Told(path=path, tag=tag)]


def quay(document: object) -> Iterator[Told]:
    """https://docs.quay.io/guides/notifications.html: `docker_url` is the name to pull by."""
    tags = at(document, "updated_tags")
    for tag in tags if isinstance(tags, list | dict) else ():
        if isinstance(tag, str):
            yield from told_by(text(document, "docker_url"), tag=tag)


def nexus(document: object) -> Iterator[Told]:
    """https://help.sonatype.com/en/example-headers-and-payloads.html: no host, and one of two paths.

    Nexus serves a repository at a port or host of its own, or all of them under their names.
    """
    if text(document, "action") not in {"CREATED", "UPDATED"}:
        return
    if text(document, "component", "format") == "docker":
        path, tag = text(document, "component", "name"), text(document, "component", "version")
        yield Told(path=path, tag=tag)
        yield Told(path=f"{text(document, 'repositoryName')}/{path}", tag=tag)


def artifactory(document: object) -> Iterator[Told]:
    """https://jfrog.com/help/r/jfrog-platform-administration-documentation/docker-events: as Nexus, one of two paths."""
    if text(document, "domain") == "docker" and text(document, "event_type") == "pushed":
        host = host_of(text(document, "jpd_origin"))
        path, tag = text(document, "data", "image_name"), text(document, "data", "tag")
        yield Told(path=path, host=host, tag=tag)
        yield Told(path=f"{text(document, 'data', 'repo_key')}/{path}", host=host, tag=tag)


def gitea(document: object) -> Iterator[Told]:
    """The `package` event of Gitea and Forgejo; the container registry is at the forge's own host."""
    package = at(document, "package")
    if text(document, "action") == "created" and text(package, "type") == "container":
        owner = text(package, "owner", "login") or text(package, "owner", "username")
        yield Told(
            path=f"{owner}/{text(package, 'name')}".lower(),
            host=host_of(text(package, "html_url")),
            tag=text(package, "version"),
        )


def zot(event: object) -> Iterator[Told]:
    """https://zotregistry.dev/latest/articles/events/: the reference is a tag, or a digest."""
    if text(event, "type") == "zotregistry.image.updated":
        yield Told(path=text(event, "data", "name"), tag=text(event, "data", "reference"))
