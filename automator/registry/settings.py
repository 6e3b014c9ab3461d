"""How one registry host is spoken to. Made from the configuration; knows nothing of it."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from automator.model.image import ImageRepository
from automator.model.registry import Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSettings:
    """`insecure` is plain HTTP.

    `mirrors` are asked first, in their order: a mirror's `path` stands before that of the image repository. `realms`
    are hosts, beside the registry's own and its neighbours, whose token servers may have its credentials. `proxy` is a
    URL, and stands before what the environment says.

    httpcore looks at every idle connection for each request, so twice the connections cost half as much CPU again:
    500 tag lists take 0.34 s of CPU on 8, 0.56 s on 16 (measured against docker-registry on two cores).
    """

    host: str
    insecure: bool = False
    requests_per_second: float = 50.0
    max_concurrent: int = 8
    ca_file: Path | None = None
    client_certificate_file: Path | None = None
    client_key_file: Path | None = None
    proxy: SecretStr | None = None
    mirrors: tuple[ImageRepository, ...] = ()
    realms: tuple[str, ...] = ()
    provider: Provider = Provider.AUTO
    timeout_seconds: float = 30.0
