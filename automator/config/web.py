"""`web:` of the configuration: who may read and who may act through the pages and the HTTP API."""

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)

from automator.config.durations import Duration
from automator.config.strict import Strict

_HEADER = r"^[A-Za-z0-9-]+$"
_OTHER_MEANING = frozenset({"authorization", "cookie", "host", "origin", "x-forwarded-for"})

Network = IPv4Network | IPv6Network


class Reading(StrEnum):
    OPEN = "open"
    LOGIN = "login"


class May(StrEnum):
    READ = "read"
    ACT = "act"


class Others(StrEnum):
    """What those may who can log in at the provider, and are not allowed to act."""

    READ = "read"
    REFUSE = "refuse"


def is_loopback(host: str) -> bool:
    """Of a name or an address without brackets."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _parse_network(text: object) -> Network:
    try:
        return ip_network(text) if isinstance(text, str) else ip_network("")
    except ValueError as error:
        raise ValueError(f"write an address, or a network as 10.0.0.0/8: {error}") from error


def _check_base_url(url: str) -> str:
    parts = urlsplit(url)
    extra = parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc
    if parts.scheme not in {"http", "https"} or not parts.hostname or extra:
        raise ValueError("write https://host or https://host:port, and no path")
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _check_issuer(url: str) -> str:
    """Kept as it is: what a provider says of itself is compared with it character by character."""
    parts = urlsplit(url)
    if not parts.hostname or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("an issuer is written https://host/path")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname)):
        raise ValueError("an issuer is reached over https")
    return url


class WebUser(Strict):
    name: str = Field(
        min_length=1, description="Who it is: also the author of the commits for this person."
    )
    email: str = Field(default="", description="The author's address.")
    token_sha256: str = Field(
        pattern=r"^[0-9a-f]{64}$",
        description="The SHA-256 of the token, as `automator token` prints it.",
    )
    may: May = Field(default=May.ACT, description="`act`, or only `read`.")


class ProxySettings(Strict):
    """A reverse proxy that logs people in, and says in headers who they are."""

    trusted: tuple[Annotated[Network, BeforeValidator(_parse_network)], ...] = Field(
        description="Addresses of the proxy: headers of all others are ignored."
    )
    user_header: str = Field(
        default="X-Forwarded-User", pattern=_HEADER, description="The header with the name."
    )
    email_header: str = Field(
        default="X-Forwarded-Email", pattern=_HEADER, description="The header with the e-mail."
    )
    may: May = Field(default=May.ACT, description="What those may whom the proxy names.")
    actors: tuple[str, ...] = Field(
        default=(), description="Names or e-mails that may act; if there are any, others only read."
    )

    @model_validator(mode="after")
    def _says_whom_to_believe(self) -> "ProxySettings":
        if not self.trusted:
            raise ValueError("trusted names no address")
        names = {self.user_header.lower(), self.email_header.lower()}
        if len(names) < 2 or names & _OTHER_MEANING:
            raise ValueError("user_header and email_header are two headers without other meaning")
        return self


class AllowSettings(Strict):
    """Who of an OpenID provider's people may act: one match is enough, and without any nobody may."""

    emails: tuple[str, ...] = Field(default=(), description="E-mail addresses.")
    domains: tuple[str, ...] = Field(
        default=(), description="Domains of e-mail addresses, not those below them."
    )
    groups: tuple[str, ...] = Field(default=(), description="Values of the claim `groups`.")


class OidcSettings(Strict):
    """An OpenID Connect provider that people log in at."""

    issuer: Annotated[str, AfterValidator(_check_issuer)] = Field(
        description="The provider's name: its URL, as its discovery document writes it."
    )
    client_id: str = Field(min_length=1, description="How the provider knows automator.")
    client_secret: SecretStr | None = Field(
        default=None,
        description="`client_secret_file` reads it from a file. None for a public client.",
    )
    scopes: tuple[str, ...] = Field(
        default=("openid", "email", "profile"), description="What the provider is asked to tell."
    )
    allow: AllowSettings = Field(default=AllowSettings(), description="Who may act.")
    others: Others = Field(
        default=Others.READ,
        description="Everybody else who can log in there: may `read`, or `refuse`.",
    )

    @field_validator("scopes")
    @classmethod
    def _names_people(cls, scopes: tuple[str, ...]) -> tuple[str, ...]:
        if "openid" not in scopes:
            raise ValueError("the scope openid is missing")
        return scopes


class WebSettings(Strict):
    read: Reading = Field(
        default=Reading.OPEN, description="Who may read: `open` to all, or those who `login`."
    )
    url: Annotated[str, AfterValidator(_check_base_url)] | None = Field(
        default=None, description="The address that people's browsers use, as https://host."
    )
    session: Duration = Field(
        default=timedelta(hours=12),
        gt=timedelta(0),
        description="A login ends after this time, and after an hour without use.",
    )
    users: tuple[WebUser, ...] = Field(default=(), description="People and programs with a token.")
    proxy: ProxySettings | None = Field(
        default=None, description="A reverse proxy that logs people in."
    )
    oidc: OidcSettings | None = Field(
        default=None, description="An OpenID Connect provider that people log in at."
    )

    @model_validator(mode="after")
    def _belong_together(self) -> "WebSettings":
        if self.oidc is not None and self.url is None:
            raise ValueError("oidc needs `url`: the provider sends people back there")
        if self.read is Reading.LOGIN and not self.has_logins:
            raise ValueError("read: login needs users, proxy or oidc: nobody could log in")
        _refuse_twice("name", [user.name for user in self.users])
        _refuse_twice("token", [user.token_sha256 for user in self.users])
        return self

    @property
    def has_logins(self) -> bool:
        return bool(self.users or self.proxy or self.oidc)

    @property
    def is_https(self) -> bool:
        return self.url is not None and self.url.startswith("https:")


def _refuse_twice(what: str, values: Sequence[str]) -> None:
    if len(set(values)) < len(values):
        raise ValueError(f"two users have the same {what}")


def listen_host(listen: str) -> str:
    """Without port and brackets."""
    return listen.rpartition(":")[0].strip("[]")


def exposure(web: WebSettings, listen: str) -> str:
    """Why logins can be overheard; empty where they can't."""
    if not listen or not web.has_logins or web.is_https or is_loopback(listen_host(listen)):
        return ""
    return f"logins go over plain HTTP on {listen}: put TLS in front of it and write web.url: https://..."
