"""Which registry has a shortcut, and what becomes of one that fails.

    registry                    known by                     asked
    Docker Hub                  its host                     hub.docker.com
    Quay                        its host, quay.io alone      the registry's host
    Azure Container Registry    its host                     the registry's host
    Amazon ECR                  its host                     AWS, by botocore
    Harbor                      the name in its challenge    the registry's host

Google's registries tell it in the tag list. Everything told here is a help that may be missing: whatever goes wrong,
the images themselves can be asked.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Protocol

from automator.clock import Clock
from automator.errors import RegistryError, Throttled, Unavailable
from automator.model.image import DOCKER_HUB, ImageRepository
from automator.model.tags import ListedImage
from automator.registry.auth import CredentialSource
from automator.registry.clouds.aws import parse_ecr_host
from automator.registry.host import RegistryHost
from automator.registry.shortcuts import harbor
from automator.registry.shortcuts.acr import Acr
from automator.registry.shortcuts.dockerhub import DockerHub
from automator.registry.shortcuts.ecr import Ecr
from automator.registry.shortcuts.harbor import Harbor
from automator.registry.shortcuts.quay import Quay

NONE_SECONDS = 3600.0
"""How long an image repository that is not told is not asked for again."""


class ApiKind(StrEnum):
    ACR = "acr"
    DOCKER_HUB = "docker hub"
    QUAY = "quay"


@dataclass(frozen=True, slots=True)
class Api:
    """`host` is where it stands, if that is not the registry's own host."""

    kind: ApiKind
    host: str = ""


KNOWN_APIS: Mapping[str, Api] = {
    DOCKER_HUB: Api(ApiKind.DOCKER_HUB, "hub.docker.com"),
    "quay.io": Api(ApiKind.QUAY),
    "*.azurecr.io": Api(ApiKind.ACR),
    "*.azurecr.cn": Api(ApiKind.ACR),
    "*.azurecr.us": Api(ApiKind.ACR),
}
"""By the registry's host as image references name it; `*` stands for anything. ECR and Harbor are known otherwise."""


class Source(Protocol):
    async def fetch(
        self, repository: ImageRepository, known: Mapping[str, ListedImage]
    ) -> Mapping[str, ListedImage]:
        """Raises RegistryError."""
        ...


class Shortcuts:
    """One for each registry host; `name` is its name in image references.

    `open_host` gives the host of an API that stands elsewhere, with limits and retries of its own. `uses_account` is
    false where the account of a cloud that the machine has is not to be used.
    """

    def __init__(  # noqa: PLR0913 - its parts, put together in one place
        self,
        *,
        host: RegistryHost,
        name: str,
        credentials: CredentialSource,
        open_host: Callable[[str], RegistryHost],
        clock: Clock,
        uses_account: bool = True,
        apis: Mapping[str, Api] = KNOWN_APIS,
    ) -> None:
        self._host = host
        self._credentials = credentials
        self._open_host = open_host
        self._clock = clock
        self._ecr = parse_ecr_host(name) if uses_account else None
        self._api = next((api for host, api in apis.items() if fnmatchcase(name, host)), None)
        self._source: Source | None = None
        self._none_until: dict[ImageRepository, float] = {}

    @property
    def requests(self) -> int:
        """What was sent past the registry hosts, whose own count knows the rest."""
        return self._source.requests if isinstance(self._source, Ecr) else 0

    async def fetch(
        self, repository: ImageRepository, known: Mapping[str, ListedImage]
    ) -> Mapping[str, ListedImage] | None:
        """`known` brought up to date; None where this registry, or this image repository, has no shortcut.

        `known` is what an earlier call returned. Where the newest are listed first, only pages with news are read; a
        tag that is gone may stay. Never raises: a refusal, or an answer that cannot be used, is none for an hour, and
        an API that fails or is busy is asked again the next time.
        """
        now = self._clock.monotonic_seconds()
        if now < self._none_until.get(repository, now):
            return None
        try:
            if self._source is None:
                self._source = self._choose()
            return None if self._source is None else await self._source.fetch(repository, known)
        except (Unavailable, Throttled):
            return None
        except RegistryError:
            self._none_until[repository] = now + NONE_SECONDS
            return None

    def _choose(self) -> Source | None:
        """Harbor is known after the registry's first challenge, so that None is not for ever. Raises RegistryError."""
        kind = None if self._api is None else self._api.kind
        if self._api is not None and kind is ApiKind.DOCKER_HUB:
            return DockerHub(
                host=self._open_host(self._api.host),
                name=self._api.host,
                credentials=self._credentials,
                clock=self._clock,
            )
        if kind is ApiKind.QUAY:
            return Quay(host=self._host, clock=self._clock)
        if kind is ApiKind.ACR:
            return Acr(host=self._host, clock=self._clock)
        if self._ecr is not None:
            return Ecr(host=self._ecr, clock=self._clock)
        if self._host.service == harbor.SERVICE:
            return Harbor(host=self._host, credentials=self._credentials, clock=self._clock)
        return None
