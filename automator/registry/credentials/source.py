"""The sources of credentials in their order.

1. what is configured for the host;
2. the cloud that is configured for the host, and then nothing else;
3. Docker's config.json: `credHelpers`, `credsStore`, `auths`;
4. Kubernetes pull secrets: the nearest key of all, the first file where two are as near;
5. the cloud that the host's name tells.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import anyio

from automator.clock import Clock
from automator.model.image import ImageRepository
from automator.registry.credentials.credential import Credential
from automator.registry.credentials.docker import (
    ConfigFile,
    Nearness,
    docker_config_file,
    pull_secret_file,
)
from automator.registry.credentials.helpers import HELPER_SECONDS, Helpers


class CloudSource(Protocol):
    def is_configured(self, host: str) -> bool:
        """Whether the host's credentials are a cloud's, and come from nowhere else."""

    async def for_host(self, host: str) -> Credential | None: ...


class Credentials:
    """One for the process. Files are read again when they change.

    `configured` maps a registry host to its credential. `docker_config` need not exist. A pull secret is a file, or a
    folder that holds `.dockerconfigjson` or `.dockercfg`.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        configured: Mapping[str, Credential] | None = None,
        docker_config: Path | None = None,
        pull_secrets: Sequence[Path] = (),
        clouds: CloudSource | None = None,
        helper_seconds: float = HELPER_SECONDS,
    ) -> None:
        self._configured = dict(configured or {})
        self._docker_config = None if docker_config is None else docker_config_file(docker_config)
        self._pull_secrets = [pull_secret_file(path) for path in pull_secrets]
        self._clouds = clouds
        self._helpers = Helpers(clock=clock, seconds=helper_seconds)

    async def for_repository(self, repository: ImageRepository) -> Credential | None:
        """None where nothing is known: the registry is then asked anonymously. Raises RegistryError."""
        host = repository.host
        if host in self._configured:
            return self._configured[host]
        if self._clouds is not None and self._clouds.is_configured(host):
            return await self._clouds.for_host(host)
        credential = await self._from_docker(repository) or await self._from_secrets(repository)
        if credential is None and self._clouds is not None:
            return await self._clouds.for_host(host)
        return credential

    async def _from_docker(self, repository: ImageRepository) -> Credential | None:
        if self._docker_config is None:
            return None
        config = await anyio.to_thread.run_sync(self._docker_config.load)
        if config is None:
            return None
        helper = config.find_helper(repository)
        if helper is not None:
            credential = await self._helpers.ask(helper, repository.host)
            if credential is not None:
                return credential
        found = config.find(repository)
        return None if found is None else found[1]

    async def _from_secrets(self, repository: ImageRepository) -> Credential | None:
        if not self._pull_secrets:
            return None
        return await anyio.to_thread.run_sync(_nearest, self._pull_secrets, repository)


def _nearest(files: Sequence[ConfigFile], repository: ImageRepository) -> Credential | None:
    nearest: tuple[Nearness, Credential] | None = None
    for file in files:
        config = file.load()
        found = None if config is None else config.find(repository)
        if found is not None and (nearest is None or found[0] > nearest[0]):
            nearest = found
    return None if nearest is None else nearest[1]
