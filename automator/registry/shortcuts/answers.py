"""What the APIs beside the OCI protocol answer: one JSON document a page, read strictly.

A body that is no such document is a ProtocolViolation; an entry with a field of the wrong type is left out, as is one
whose tag or digest is none by its grammar. Fields that are not asked for are not looked at.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import httpx
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError

from automator.errors import InvalidReference, ProtocolViolation, Unavailable
from automator.model.image import Digest, ImageRepository, is_tag, parse_digest
from automator.registry.auth import Authorization
from automator.registry.documents import parse_json, parse_time
from automator.registry.host import RegistryHost
from automator.registry.transport import Exchange

PAGE_BYTES = 8 * 1024 * 1024

# An API that fails says nothing of the registry on the same host: it must not open the host's circuit, nor is it worth
# a second attempt.
_ACCEPTED = frozenset({200, *range(500, 600)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """`entries` is the list that the page is about, whatever stands in it; `fields` are what stands around the list."""

    fields: Mapping[str, Any]
    entries: list[Any]
    headers: httpx.Headers


class Entry(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)


EntryType = TypeVar("EntryType", bound=Entry)


def read_entries(kind: type[EntryType], entries: Iterable[object]) -> Iterator[EntryType]:
    for entry in entries:
        try:
            yield kind.model_validate(entry)
        except ValidationError:
            continue


async def fetch_document(
    host: RegistryHost,
    repository: ImageRepository,
    exchange: Exchange,
    *,
    key: str = "",
    purpose: str,
) -> Document:
    """`key` is where the list stands; without it the whole body is the list. Raises RegistryError."""
    answer = await host.ask(repository, exchange, accepted=_ACCEPTED, purpose=purpose)
    if answer.status != 200:
        raise Unavailable(f"the registry's API answers {answer.status}", location=exchange.where)
    content = parse_json(answer.body)
    fields: dict[str, Any] = content if isinstance(content, dict) else {}
    entries = fields.get(key) if key else content
    if not isinstance(entries, list):
        raise ProtocolViolation(
            "the registry's API does not answer with a list of tags", location=exchange.where
        )
    return Document(fields=fields, entries=entries, headers=answer.headers)


def page_request(
    repository: ImageRepository, url: str, authorization: Authorization | None = None
) -> Exchange:
    return Exchange(
        method="GET",
        url=url,
        where=f"{repository} (times of tags)",
        body_limit=PAGE_BYTES,
        accept="application/json",
        authorization=None if authorization is None else authorization.header.get_secret_value(),
        secrets=() if authorization is None else authorization.secrets,
    )


def _check_tag(text: str) -> str:
    if not is_tag(text):
        raise ValueError("no tag")
    return text


def _check_digest(text: Digest) -> Digest:
    try:
        return parse_digest(text)
    except InvalidReference as error:
        raise ValueError("no digest") from error


def _read_time(value: object) -> datetime | None:
    """A text that cannot be read is as good as none; other types are wrong."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueError("no time")  # noqa: TRY004 - pydantic knows a ValueError, and no TypeError
    return parse_time(value)


def _read_epoch(value: object) -> datetime | None:
    """Seconds since 1970."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("no time")  # noqa: TRY004 - as above
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None


TagField = Annotated[str, AfterValidator(_check_tag)]
DigestField = Annotated[Digest, AfterValidator(_check_digest)]
TimeField = Annotated[datetime | None, BeforeValidator(_read_time)]
EpochField = Annotated[datetime | None, BeforeValidator(_read_epoch)]
