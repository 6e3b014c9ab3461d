"""What is asked for, as far as it matters to who may: paths, hosts, origins, and where a login may lead on to."""

import re
from enum import Enum
from urllib.parse import urlsplit

from automator.config.web import is_loopback, listen_host

_LOGIN_PATHS = frozenset({"/login", "/login/oidc", "/login/oidc/callback"})
_SEGMENTS_THAT_LEAD_ELSEWHERE = frozenset({"", ".", ".."})
# What browsers read as the same site: one slash at first, and neither backslashes nor what they drop silently.
_SAFE_NEXT = re.compile(r"/(?!/)[!-\[\]-~]*")
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Kind(Enum):
    PROBE = "probe"
    METRICS = "metrics"
    HOOK = "hook"
    LOGIN = "login"
    LOGOUT = "logout"
    STATIC = "static"
    API = "api"
    PAGE = "page"

    @property
    def is_for_programs(self) -> bool:
        return self in {Kind.METRICS, Kind.API}

    @property
    def needs_reader(self) -> bool:
        """With `read: login`: a person."""
        return self in {Kind.METRICS, Kind.API, Kind.PAGE}

    @property
    def holds_names(self) -> bool:
        """Workloads may have any name. Nobody gets around a rule there: what is not known is a page, which needs most."""
        return self in {Kind.API, Kind.PAGE}

    @property
    def has_any_host(self) -> bool:
        """Probes and scrapers ask by a pod's address, and senders of push events by any name."""
        return self in {Kind.PROBE, Kind.METRICS, Kind.HOOK}


def kind_of(path: str) -> Kind:
    """Everything that is not known is a page, which needs most."""
    if path in {"/healthz", "/readyz"}:
        return Kind.PROBE
    if path == "/metrics":
        return Kind.METRICS
    if path in _LOGIN_PATHS:
        return Kind.LOGIN
    if path == "/logout":
        return Kind.LOGOUT
    for prefix, kind in (("/hooks/", Kind.HOOK), ("/static/", Kind.STATIC), ("/api/", Kind.API)):
        if path.startswith(prefix):
            return kind
    return Kind.PAGE


def is_plain_path(path: str) -> bool:
    """Nothing in it means another path to whoever reads it after us."""
    segments = path.split("/")
    return (
        path.startswith("/")
        and path.isprintable()
        and "\\" not in path
        and not _SEGMENTS_THAT_LEAD_ELSEWHERE.intersection(segments[1:-1])
        and segments[-1] not in {".", ".."}
    )


def safe_next(text: str) -> str:
    """Where to go on after a login: a path here, or the first page."""
    return text if _SAFE_NEXT.fullmatch(text) and len(text) <= 2000 else "/"


def host_name(host: str) -> str:
    """Of a Host header: `example.com:8080`, `[::1]:8080`. Empty where it is none."""
    try:
        return (urlsplit(f"//{host}").hostname or "") if _is_netloc(host) else ""
    except ValueError:
        return ""


class Hosts:
    """By which names automator may be called. Without this, a page whose name is made to point here reads along (DNS rebinding)."""

    def __init__(self, listen: str, url: str | None) -> None:
        self._url = url
        outside = {host_name(urlsplit(url).netloc)} if url else set()
        if is_loopback(listen_host(listen)):
            self._names = frozenset({"localhost", "127.0.0.1", "::1", *outside})
        else:
            self._names = frozenset(outside)

    def knows(self, host: str) -> bool:
        name = host_name(host)
        return bool(name) and (not self._names or name in self._names)

    def is_own_origin(self, origin: str, host: str) -> bool:
        """`host` is the Host header, which was checked. The scheme may have been changed by a proxy that ends TLS."""
        own = [("https", host), ("http", host)]
        if self._url:
            parts = urlsplit(self._url)
            own.append((parts.scheme, parts.netloc))
        found = _endpoint(origin)
        return found is not None and found in [
            _endpoint(f"{scheme}://{netloc}") for scheme, netloc in own
        ]


def is_own_request(site: str, origin: str, host: str, hosts: Hosts) -> bool:
    """Whether a page of ours made the browser send this: `site` is Sec-Fetch-Site, which scripts cannot set.

    Who sends neither is no browser of this decade, and has a token to show.
    """
    if site:
        return site == "same-origin"
    return hosts.is_own_origin(origin, host)


def _is_netloc(host: str) -> bool:
    return bool(host) and host.isascii() and host.isprintable() and not set(host) & set("/?#@\\ ,")


def _endpoint(origin: str) -> tuple[str, str, int] | None:
    scheme, separator, netloc = origin.partition("://")
    if not separator or scheme not in _DEFAULT_PORTS or not _is_netloc(netloc):
        return None
    try:
        parts = urlsplit(origin)
        port = parts.port or _DEFAULT_PORTS[scheme]
    except ValueError:
        return None
    return scheme, parts.hostname or "", port
