"""`registries:` and `hooks:` of the configuration: how a registry is spoken to, and who may tell of pushes."""

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from automator.config.durations import Duration
from automator.config.strict import Strict
from automator.errors import InvalidReference
from automator.model.image import DOCKER_HUB, HUB_ALIASES, parse_repository
from automator.model.registry import HookKind, Provider

_HOST = r"^[a-z0-9.-]+(:[0-9]+)?$|^\[[0-9a-f:]+\](:[0-9]+)?$"


_TELL_NO_HOST = frozenset({HookKind.NEXUS, HookKind.ZOT})


class RegistrySettings(Strict):
    host: str = Field(pattern=_HOST, description="As in image references: host, or host:port.")
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
    token: SecretStr | None = Field(
        default=None,
        description="A token that the registry takes as it is; `token_file` reads it from a file.",
    )
    provider: Provider = Field(
        default=Provider.AUTO,
        description="`aws`, `google` or `azure`: that cloud's own credentials; `none`: never. `auto`: by the host's name,"
        " where no other credentials are known and the cloud's extra is installed.",
    )
    realms: tuple[str, ...] = Field(
        default=(),
        description="Hosts of token servers that may have the credentials, beside the registry's own domain.",
    )
    ca_file: Path | None = Field(
        default=None, description="The certificate authority of a registry of your own."
    )
    client_certificate_file: Path | None = Field(
        default=None, description="The certificate to show to a registry that asks for one (PEM)."
    )
    client_key_file: Path | None = Field(
        default=None, description="Its key, if that is in a file of its own."
    )
    proxy: SecretStr | None = Field(
        default=None,
        description="The URL of an HTTP proxy; default: HTTPS_PROXY, HTTP_PROXY and NO_PROXY of the environment."
        " `proxy_file` reads it from a file.",
    )
    mirrors: tuple[str, ...] = Field(
        default=(),
        description="Hosts, or host/path, that are asked before the registry itself, in this order.",
    )
    timeout: Duration = Field(
        default=timedelta(seconds=30), description="How long an answer may take."
    )

    @model_validator(mode="after")
    def _belong_together(self) -> "RegistrySettings":
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password belong together")
        if self.token is not None and self.username is not None:
            raise ValueError("token and username exclude each other")
        if self.client_key_file is not None and self.client_certificate_file is None:
            raise ValueError("client_key_file needs client_certificate_file")
        return self

    @field_validator("host")
    @classmethod
    def _is_canonical(cls, host: str) -> str:
        """As image repositories name it: an entry for another name of Docker Hub would have no effect."""
        return DOCKER_HUB if host in HUB_ALIASES else host

    @field_validator("proxy")
    @classmethod
    def _is_url(cls, proxy: SecretStr | None) -> SecretStr | None:
        if proxy is not None:
            parts = urlsplit(proxy.get_secret_value())
            if parts.scheme not in {"http", "https"} or not parts.hostname:
                raise ValueError("a proxy is written http://host:port or https://host:port")
        return proxy

    @field_validator("mirrors")
    @classmethod
    def _are_places(cls, mirrors: tuple[str, ...]) -> tuple[str, ...]:
        for mirror in mirrors:
            try:
                parse_repository(f"{mirror}/app")
            except InvalidReference as error:
                raise ValueError(f"{mirror!r} is no mirror: write host, or host/path") from error
        return mirrors


class HookSettings(Strict):
    """Who may say that something was pushed. Whatever says so is verified; what it says is only a reason to poll."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", description="It listens at `/hooks/NAME`."
    )
    kind: HookKind = Field(description="Who sends the events.")
    secret: SecretStr | None = Field(
        default=None,
        description="What the sender proves to know; `secret_file` reads it from a file. Required, but for `ecr` and `gar`.",
    )
    registry: str | None = Field(
        default=None,
        pattern=_HOST,
        description="The registry's host as image references name it, where events do not tell it, or tell another.",
    )
    topic: str | None = Field(
        default=None,
        description="For `ecr`: the ARN of the SNS topic, whose signature is verified.",
    )
    audience: str | None = Field(
        default=None, description="For `gar`: the audience of the push subscription's token."
    )
    service_account: str | None = Field(
        default=None, description="For `gar`: the e-mail of the account that signs the token."
    )

    @model_validator(mode="after")
    def _is_verified(self) -> "HookSettings":
        if self.secret is not None and not self.secret.get_secret_value():
            raise ValueError("the secret is empty")
        if self.kind in _TELL_NO_HOST and self.registry is None:
            raise ValueError(
                f"events of {self.kind} do not tell the registry's host: set `registry` to it"
            )
        if self.kind is HookKind.ECR and (self.topic or self.secret):
            return self
        if self.kind is HookKind.GAR and ((self.audience and self.service_account) or self.secret):
            return self
        if self.secret is None:
            raise ValueError("a hook without a secret would take events from anybody")
        return self
