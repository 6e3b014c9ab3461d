"""The HTTP side of the OCI distribution protocol without I/O: URLs, links, challenges, errors, Retry-After.

Knows nothing of httpx, of time and of credentials. What cannot be believed is a ProtocolViolation, which names
`where` (the image repository).
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from html import unescape
from urllib.parse import SplitResult, urljoin, urlsplit

from automator.errors import ProtocolViolation
from automator.model.image import DOCKER_HUB, ImageRepository

HUB_REGISTRY = "registry-1.docker.io"

_LONGEST_ERROR = 200
_LONGEST_PAUSE = timedelta(days=1)
_DEFAULT_PORTS = {"http": 80, "https": 443}

_LINK = re.compile(r"<([^<>]*)>((?:\s*;\s*[^;,\"<>=\s]+(?:\s*=\s*(?:\"[^\"]*\"|[^\s;,\"<>]+))?)*)")
_REL = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s;,\"]+))", re.IGNORECASE)
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_UNQUOTED = re.compile(r"[^\s,\"]*")
_EQUALS = re.compile(r"[ \t]*=(?!=|[ \t]*(?:,|$))[ \t]*")
_TITLE = re.compile(r"<title[^<>]*>([^<]*)", re.IGNORECASE)
_MARKUP = re.compile(r"<[^<>]*>")


def registry_url(host: str, *, insecure: bool = False) -> str:
    """Scheme and host of the API of the registry that image references name `host`."""
    scheme = "http" if insecure else "https"
    return f"{scheme}://{HUB_REGISTRY if host == DOCKER_HUB else host}"


def tags_url(base: str, repository: ImageRepository, page_size: int | None) -> str:
    query = "" if page_size is None else f"?n={page_size}"
    return f"{base}/v2/{repository.path}/tags/list{query}"


def manifest_url(base: str, repository: ImageRepository, reference: str) -> str:
    return f"{base}/v2/{repository.path}/manifests/{reference}"


def blob_url(base: str, repository: ImageRepository, digest: str) -> str:
    return f"{base}/v2/{repository.path}/blobs/{digest}"


def origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port: what must be equal for credentials to be sent. Raises ValueError."""
    parts: SplitResult = urlsplit(url)
    port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    return parts.scheme, (parts.hostname or "").lower(), port


def next_page(link: str, page_url: str, *, where: str) -> str | None:
    """The URL of the next page from a Link header (several are joined by commas), or None on the last page.

    A link without `rel` counts as the next page, and one that cannot be read is refused: a list that may have
    more pages must not pass for complete.
    """
    if not link.strip():
        return None
    links: list[tuple[str, str]] = _LINK.findall(link)
    if not links:
        raise ProtocolViolation(
            f"the registry's Link header cannot be read: {link[:80]!r}",
            location=where,
            hint="its tag list may lack pages, so it is not used",
        )
    targets = [target for target, parameters in links if _is_next(parameters)]
    if not targets:
        return None
    try:
        url = urljoin(page_url, targets[0])
        same_origin = origin(url) == origin(page_url) and "@" not in urlsplit(url).netloc
    except ValueError:
        same_origin = False
    if not same_origin:
        raise ProtocolViolation(
            "the registry's tag list goes on at another host or scheme",
            location=where,
            hint="check the external URL that the registry or the proxy before it is configured with",
        )
    return url


def _is_next(parameters: str) -> bool:
    relation = _REL.search(parameters)
    if relation is None:
        return True
    return "next" in (relation[1] or relation[2] or "").lower().split()


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way in that a 401 offers: `scheme` and the names of parameters are lower case."""

    scheme: str
    parameters: Mapping[str, str]


def parse_challenges(headers: Iterable[str]) -> tuple[Challenge, ...]:
    """The challenges of all WWW-Authenticate headers, in order (RFC 9110, 11.6.1). Garbage between them is passed over."""
    challenges: list[Challenge] = []
    for header in headers:
        challenges.extend(_parse_challenges(header))
    return tuple(challenges)


def _parse_challenges(header: str) -> list[Challenge]:
    found: list[tuple[str, dict[str, str]]] = []
    at = 0
    while at < len(header):
        name = _TOKEN.match(header, at)
        if name is None:
            at += 1
            continue
        at = name.end()
        equals = _EQUALS.match(header, at)
        if equals is None:
            found.append((name[0].lower(), {}))
            continue
        value, at = _read_value(header, equals.end())
        if found:
            found[-1][1].setdefault(name[0].lower(), value)
    return [Challenge(scheme, parameters) for scheme, parameters in found]


def _read_value(header: str, at: int) -> tuple[str, int]:
    quoted = _QUOTED.match(header, at)
    if quoted is not None:
        return re.sub(r"\\(.)", r"\1", quoted[1], flags=re.DOTALL), quoted.end()
    plain = _UNQUOTED.match(header, at)
    assert plain is not None
    return plain[0], plain.end()


def describe_error(body: bytes, redact: Callable[[str], str]) -> str:
    """One readable line from the body of an error: the registry's codes, an HTML page's title, text, or nothing.

    `redact` sees the line before it is shortened: half a secret would no longer be found.
    """
    text = body.decode("utf-8", "replace").strip()
    if not text:
        return ""
    line = _describe_json(text)
    if line is None:
        title = _TITLE.search(text)
        line = unescape(title[1] if title is not None else _MARKUP.sub(" ", text))
    line = " ".join("".join(c if c.isprintable() else " " for c in redact(line)).split())
    return line if len(line) <= _LONGEST_ERROR else line[: _LONGEST_ERROR - 3] + "..."


def _describe_json(text: str) -> str | None:
    """None where the text is not JSON that tells of errors."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    errors = document.get("errors")
    if isinstance(errors, list) and errors:
        return "; ".join(_describe_entry(entry) for entry in errors[:3])
    plain = (document.get(key) for key in ("message", "error_description", "details", "error"))
    return next((value for value in plain if isinstance(value, str)), None)


def _describe_entry(entry: object) -> str:
    if not isinstance(entry, dict):
        return str(entry)
    code, message = entry.get("code"), entry.get("message")
    return ": ".join(part for part in (code, message) if isinstance(part, str) and part)


def parse_retry_after(text: str, now: datetime) -> timedelta | None:
    """Seconds or an HTTP date (RFC 9110, 10.2.3), never negative and at most a day; None where it says nothing."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        seconds = int(text[:9]) if len(text) <= 9 else _LONGEST_PAUSE.total_seconds()
        return min(timedelta(seconds=seconds), _LONGEST_PAUSE)
    until = parse_date(text)
    return None if until is None else max(timedelta(0), min(until - now, _LONGEST_PAUSE))


def parse_date(text: str) -> datetime | None:
    """An HTTP date, aware; None for what is none, or is beyond what can be calculated with."""
    try:
        date = parsedate_to_datetime(text.strip())
        aware = date if date.tzinfo is not None else date.replace(tzinfo=UTC)
        return aware.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
