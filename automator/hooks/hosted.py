"""The events of hosted registries and clouds: JSON to pushes. Everything else is passed over."""

import base64
from collections.abc import Iterator

from automator.errors import ProtocolViolation
from automator.hooks.document import Told, at, read_json, text, told_by
from automator.model.image import DOCKER_HUB


def docker_hub(document: object) -> Iterator[Told]:
    """https://docs.docker.com/docker-hub/repos/manage/webhooks/"""
    path = text(document, "repository", "repo_name")
    if path and isinstance(at(document, "push_data"), dict):
        yield Told(path=path, host=DOCKER_HUB, tag=text(document, "push_data", "tag"))


def github(document: object) -> Iterator[Told]:
    """https://docs.github.com/en/webhooks/webhook-events-and-payloads#registry_package, and the older `package`.

    The registry's names are lower case, GitHub's are not.
    """
    if text(document, "action") not in {"published", "updated"}:
        return
    for key in ("registry_package", "package"):
        package = at(document, key)
        if text(package, "package_type").lower() == "container":
            owner = text(package, "namespace") or text(package, "owner", "login")
            version = at(package, "package_version")
            yield Told(
                path=f"{owner}/{text(package, 'name')}".lower(),
                host="ghcr.io",
                tag=text(version, "container_metadata", "tag", "name"),
            )


def acr(document: object) -> Iterator[Told]:
    """https://learn.microsoft.com/azure/container-registry/container-registry-webhook-reference"""
    if text(document, "action") == "push":
        yield acr_target(document)


def acr_target(data: object) -> Told:
    """Webhooks and Event Grid have this in common."""
    return Told(
        path=text(data, "target", "repository"),
        host=text(data, "request", "host"),
        tag=text(data, "target", "tag"),
    )


def ecr(document: object) -> Iterator[Told]:
    """https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html, alone or as the message of SNS."""
    if text(document, "Type") == "Notification":
        document = read_json(text(document, "Message"))
    detail = at(document, "detail")
    is_push = (
        text(document, "detail-type") == "ECR Image Action"
        and text(detail, "action-type") == "PUSH"
        and text(detail, "result") == "SUCCESS"
    )
    if is_push:
        account, region = text(document, "account"), text(document, "region")
        suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
        yield Told(
            path=text(detail, "repository-name"),
            host=f"{account}.dkr.ecr.{region}.{suffix}",
            tag=text(detail, "image-tag"),
        )


def artifact_registry(document: object) -> Iterator[Told]:
    """https://cloud.google.com/artifact-registry/docs/configure-notifications, by a push subscription of Pub/Sub.

    A subscription may be set to send the message's data alone.
    """
    if isinstance(at(document, "message"), dict):
        try:
            data = base64.b64decode(text(document, "message", "data"))
        except ValueError:
            raise ProtocolViolation("the message's data is not base64") from None
        document = read_json(data)
    if text(document, "action") == "INSERT":
        yield from told_by(text(document, "tag") or text(document, "digest"))
