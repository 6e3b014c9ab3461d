"""Words about registries that the configuration and the registry client share: clouds, push events."""

from dataclasses import dataclass
from enum import StrEnum

from automator.model.image import ImageRepository


class Provider(StrEnum):
    """Whose credentials a registry takes. `auto`: the cloud that the host's name tells, if its library is installed."""

    AUTO = "auto"
    NONE = "none"
    AWS = "aws"
    GOOGLE = "google"
    AZURE = "azure"


class HookKind(StrEnum):
    """Who sends a push event, which says how it is written and how it is verified."""

    ACR = "acr"
    ARTIFACTORY = "artifactory"
    CLOUDEVENTS = "cloudevents"
    DISTRIBUTION = "distribution"
    DOCKER_HUB = "dockerhub"
    ECR = "ecr"
    GAR = "gar"
    GENERIC = "generic"
    GITEA = "gitea"
    GITHUB = "github"
    GITLAB = "gitlab"
    HARBOR = "harbor"
    NEXUS = "nexus"
    QUAY = "quay"
    ZOT = "zot"


@dataclass(frozen=True, slots=True)
class PushEvent:
    """What a push event names: a reason to look, never believed about what is there.

    `tag` is empty where the event names none.
    """

    repository: ImageRepository
    tag: str = ""
