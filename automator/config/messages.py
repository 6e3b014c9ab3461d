"""`messages:` of the configuration: the channels that people are told through, and of what."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator

from automator.config.durations import Duration
from automator.config.strict import Strict
from automator.model.event import Level


class MessageKind(StrEnum):
    """What a message can be about."""

    COMMITTED = "committed"
    HELD = "held"
    REGISTRY_FAILING = "registry_failing"
    REGISTRY_RECOVERED = "registry_recovered"
    PUSH_REFUSED = "push_refused"
    CONFIG_WRONG = "config_wrong"
    TAG_MOVED = "tag_moved"


class TextFormat(StrEnum):
    """What a template is written in; a service that wants another form is given that."""

    TEXT = "text"
    MARKDOWN = "markdown"


def _several(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Patterns = Annotated[tuple[str, ...], BeforeValidator(_several)]
"""Shell patterns; one alone may stand without brackets."""


class ChannelSettings(Strict):
    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", description="Names the channel in the log."
    )
    url: SecretStr | None = Field(
        default=None,
        description="Where it leads, as Apprise writes it: slack://, msteams://, discord://, mailto://, json:// and the"
        " rest; several with spaces or lines between them. `url_file` reads it from a file.",
    )
    cloudevents: SecretStr | None = Field(
        default=None,
        description="Instead of `url`: the http or https URL that CloudEvents are posted to."
        " `cloudevents_file` reads it from a file.",
    )
    token: SecretStr | None = Field(
        default=None,
        description="For `cloudevents`: sent as `Authorization: Bearer`. `token_file` reads it from a file.",
    )
    source: str = Field(
        default="/automator",
        min_length=1,
        pattern=r"^[!-~]+$",
        description="For `cloudevents`: their `source`, a URI that names this automator.",
    )
    about: tuple[MessageKind, ...] = Field(
        default=tuple(kind for kind in MessageKind if kind is not MessageKind.HELD),
        min_length=1,
        description="What is told: `committed`, `held`, `registry_failing`, `registry_recovered`, `push_refused`,"
        " `config_wrong`, `tag_moved`. Default: all but `held`.",
    )
    level: Level = Field(
        default=Level.INFO, description="The lowest level that is told: `info`, `warning`, `error`."
    )
    workload: Patterns = Field(
        default=(),
        description="Shell patterns of `kind/name`, as in deployment/*: only their changes are told.",
    )
    namespace: Patterns = Field(
        default=(), description="Shell patterns of the namespaces whose changes are told."
    )
    config_repo: Patterns = Field(
        default=(), description="Shell patterns of the config repos that are told of."
    )
    digest: Duration = Field(
        default=timedelta(0),
        le=timedelta(days=1),
        description="Collect for so long into one message, as in 10m, at most 1d. Default: one message for each commit.",
    )
    format: TextFormat = Field(
        default=TextFormat.TEXT, description="What `template` is written in: `text` or `markdown`."
    )
    title: str | None = Field(
        default=None, description="The title, as a template in Jinja2's language."
    )
    template: str | None = Field(
        default=None,
        description="The text, as a template in Jinja2's language. `template_file` reads it from a file.",
    )

    @model_validator(mode="after")
    def _leads_somewhere(self) -> "ChannelSettings":
        if (self.url is None) == (self.cloudevents is None):
            raise ValueError("a channel has either url or cloudevents")
        if self.token is not None and self.cloudevents is None:
            raise ValueError("token: an Apprise URL holds its own")
        texts = {"digest", "format", "title", "template"} & self.model_fields_set
        if self.cloudevents is not None and texts:
            raise ValueError(f"{', '.join(sorted(texts))}: CloudEvents have no text")
        return self

    @field_validator("url")
    @classmethod
    def _are_urls(cls, url: SecretStr | None) -> SecretStr | None:
        """What must not be told is left out of the mistake: all of the URL."""
        if url is not None:
            parts = url.get_secret_value().split()
            if not parts or not all(one.partition("://")[1] for one in parts):
                raise ValueError("an Apprise URL is written service://...")
        return url

    @field_validator("cloudevents")
    @classmethod
    def _is_http(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not _is_http_url(url.get_secret_value()):
            raise ValueError("they are posted to http://host/path or https://host/path")
        return url

    @field_validator("title", "template")
    @classmethod
    def _is_template(cls, text: str | None) -> str | None:
        if text is not None:
            from automator.config.templates import check_template  # noqa: PLC0415 - 40 ms that few need

            check_template(text, tuple(MessageKind))
        return text


def _is_http_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
