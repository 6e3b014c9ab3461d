"""`automator.yaml` as pydantic models: the keys, their types and what they are for. Knows nothing of files."""

from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import unquote, urlsplit, urlunsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from automator.config.durations import Duration
from automator.model.event import LogFormat
from automator.plan.groups import Batch


class Strict(BaseModel):
    """An unknown key is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Author(Strict):
    name: str = Field(default="automator", min_length=1, description="The author's name.")
    email: str = Field(
        default="automator@localhost", min_length=1, description="The author's address."
    )


class ConfigRepoSettings(Strict):
    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$",
        description="Names the config repo in logs, metrics and commands.",
    )
    url: str = Field(min_length=1, description="Where it is: https, ssh or file.")
    branch: str = Field(default="main", min_length=1, description="The branch to read and push.")
    paths: tuple[str, ...] = Field(
        default=("**",),
        min_length=1,
        description="Patterns of the manifests' paths; one that begins with `!` excludes.",
    )
    username: str | None = Field(default=None, description="For https.")
    password: SecretStr | None = Field(
        default=None, description="For https; `password_file` reads it from a file."
    )
    ssh_key_file: Path | None = Field(default=None, description="The private key for ssh.")
    known_hosts_file: Path | None = Field(
        default=None, description="The host keys that ssh may trust; none other is."
    )
    ca_file: Path | None = Field(
        default=None, description="The certificate authority of an https server of your own."
    )
    batch: Batch = Field(
        default=Batch.REPO, description="One update commit for each `repo`, `workload` or `policy`."
    )
    author: Author = Field(default=Author(), description="The author of update commits.")

    @model_validator(mode="before")
    @classmethod
    def _take_credentials_out_of_the_url(cls, data: Any) -> Any:
        """So that they are secrets like any other and never printed."""
        if not isinstance(data, dict) or not isinstance(data.get("url"), str):
            return data
        parts = urlsplit(data["url"])
        if parts.scheme not in {"http", "https"} or parts.username is None:
            return data
        host = parts.netloc.rpartition("@")[2]
        taken = {
            "url": urlunsplit(parts._replace(netloc=host)),
            "username": unquote(parts.username),
        }
        if parts.password is not None:
            taken["password"] = unquote(parts.password)
        return data | taken


class RegistrySettings(Strict):
    host: str = Field(
        pattern=r"^[a-z0-9.-]+(:[0-9]+)?$|^\[[0-9a-f:]+\](:[0-9]+)?$",
        description="As in image references: host, or host:port.",
    )
    insecure: bool = Field(default=False, description="Plain HTTP.")
    requests_per_second: float = Field(
        default=50, gt=0, description="What the registry can take, or allows."
    )
    max_concurrent: int = Field(default=8, gt=0, description="Requests under way at a time.")
    username: str | None = Field(
        default=None, description="Instead of what Docker's config.json says."
    )
    password: SecretStr | None = Field(
        default=None, description="For `username`; `password_file` reads it from a file."
    )
    ca_file: Path | None = Field(
        default=None, description="The certificate authority of a registry of your own."
    )
    timeout: Duration = Field(
        default=timedelta(seconds=30), description="How long an answer may take."
    )

    @model_validator(mode="after")
    def _both_or_none(self) -> "RegistrySettings":
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password belong together")
        return self


class DialectSettings(Strict):
    """Policies that people have written for other tools."""

    flux_v1: bool = Field(default=True, description="Flux v1: `fluxcd.io/automated` and the like.")
    flux_v2: bool = Field(
        default=True, description="Flux v2: `$imagepolicy` markers and the policies they name."
    )
    argocd_image_updater: bool = Field(
        default=True, description="Argo CD Image Updater: annotations on Applications."
    )
    keel: bool = Field(default=True, description="Keel: `keel.sh/policy` and its companions.")


def _distinct(what: str, key: str) -> AfterValidator:
    def check(items: tuple[Any, ...]) -> tuple[Any, ...]:
        counts = Counter(getattr(item, key) for item in items)
        for value, count in counts.items():
            if count > 1:
                raise ValueError(f"{what} {value!r} stands {count} times")
        return items

    return AfterValidator(check)


class Settings(Strict):
    config_repos: Annotated[
        tuple[ConfigRepoSettings, ...], _distinct("the name", "name"), Field(min_length=1)
    ] = Field(description="The Git repositories of manifests.")
    registries: Annotated[tuple[RegistrySettings, ...], _distinct("the host", "host")] = Field(
        default=(), description="What is special about a registry; others need no entry."
    )
    docker_config: Path | None = Field(
        default=None,
        description="Docker's config.json. Default: $DOCKER_CONFIG, then ~/.docker/config.json.",
    )
    policies: tuple[str, ...] = Field(
        default=(), description="Policy files, as patterns, relative to this file."
    )
    dialects: DialectSettings = Field(
        default=DialectSettings(), description="Which other tools' policies are read: all of them."
    )
    poll_interval: Duration = Field(
        default=timedelta(minutes=1), description="How often each image repository is polled."
    )
    git_poll_interval: Duration = Field(
        default=timedelta(seconds=15), description="How often a config repo's head is looked at."
    )
    store: Path = Field(default=Path("automator.db"), description="The SQLite file: a cache.")
    mirrors: Path = Field(
        default=Path("automator-mirrors"), description="The folder of local Git mirrors: a cache."
    )
    listen: str = Field(
        default="127.0.0.1:8080",
        pattern=r"^$|^\S+:[0-9]{1,5}$",
        description="Health and metrics; empty for none.",
    )
    record_digests: bool = Field(
        default=False,
        description="Ask for the digest of each new image, so that every commit names it.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="What is logged."
    )
    log_format: LogFormat = Field(
        default=LogFormat.AUTO, description="`auto`: readable on a terminal, JSON otherwise."
    )

    def relative_to(self, folder: Path) -> "Settings":
        """Relative paths are the configuration's, not those of whoever starts the program."""

        def absolute(path: Path | None) -> Path | None:
            return None if path is None else folder / path.expanduser()

        repos = tuple(
            repo.model_copy(
                update={
                    key: absolute(getattr(repo, key))
                    for key in ("ssh_key_file", "known_hosts_file", "ca_file")
                }
            )
            for repo in self.config_repos
        )
        registries = tuple(
            registry.model_copy(update={"ca_file": absolute(registry.ca_file)})
            for registry in self.registries
        )
        return self.model_copy(
            update={
                "config_repos": repos,
                "registries": registries,
                "docker_config": absolute(self.docker_config),
                "store": absolute(self.store),
                "mirrors": absolute(self.mirrors),
                "policies": tuple(str(folder / pattern) for pattern in self.policies),
            }
        )
