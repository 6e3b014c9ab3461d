"""`automator.yaml` as pydantic models: the keys, their types and what they are for. Knows nothing of files."""

from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import unquote, urlsplit, urlunsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator

from automator.config.durations import Duration
from automator.config.messages import ChannelSettings
from automator.config.registries import HookSettings, RegistrySettings
from automator.config.strict import Strict
from automator.config.web import WebSettings
from automator.model.event import LogFormat
from automator.plan.groups import Batch


class Author(Strict):
    name: str = Field(default="automator", min_length=1, description="The author's name.")
    email: str = Field(
        default="automator@localhost", min_length=1, description="The author's address."
    )


class LinkSettings(Strict):
    """Where people look at the config repo in a browser, where its URL does not tell."""

    commit: str = Field(
        default="",
        pattern=r"^$|^https?://\S+$",
        description="A commit's page, with `{commit}` in its place.",
    )
    file: str = Field(
        default="",
        pattern=r"^$|^https?://\S+$",
        description="A line's page, with `{commit}`, `{path}` and `{line}` in their places.",
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
    links: LinkSettings = Field(
        default=LinkSettings(),
        description="Pages of commits and files; GitHub, GitLab, Gitea, Forgejo and Bitbucket are known by their names.",
    )

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
    pull_secrets: tuple[Path, ...] = Field(
        default=(),
        description="Kubernetes pull secrets as mounted: `.dockerconfigjson` or `.dockercfg`, or the folder they are in.",
    )
    hooks: Annotated[tuple[HookSettings, ...], _distinct("the name", "name")] = Field(
        default=(), description="Who may tell of pushes, so that they are polled at once."
    )
    messages: Annotated[tuple[ChannelSettings, ...], _distinct("the name", "name")] = Field(
        default=(), description="The channels that people are told through, and of what."
    )
    policies: tuple[str, ...] = Field(
        default=(), description="Policy files, as patterns, relative to this file."
    )
    dialects: DialectSettings = Field(
        default=DialectSettings(), description="Which other tools' policies are read: all of them."
    )
    poll_interval: Duration = Field(
        default=timedelta(minutes=1),
        gt=timedelta(0),
        description="How often an image repository is polled that changes often.",
    )
    max_poll_interval: Duration = Field(
        default=timedelta(minutes=5),
        description="How often one is polled that has not changed for long: a tenth of that time, at most this.",
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
    web: WebSettings = Field(
        default=WebSettings(), description="Who may read and act through pages and HTTP API."
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
        own = self.with_absolute_paths(folder)
        return own.model_copy(
            update={
                "config_repos": tuple(
                    repo.with_absolute_paths(folder) for repo in self.config_repos
                ),
                "registries": tuple(one.with_absolute_paths(folder) for one in self.registries),
                "pull_secrets": tuple(folder / path.expanduser() for path in self.pull_secrets),
                "policies": tuple(str(folder / pattern) for pattern in self.policies),
            }
        )
