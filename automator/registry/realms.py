"""Which token server may have a registry's credentials. Knows hosts and URLs, and no credentials.

    realm                                             registry over https      registry over plain HTTP (insecure)
    https, the registry's own host or domain          with credentials         with credentials
    https, a host in `realms` of the configuration    with credentials         with credentials
    https, another host                               asked, if anonymous      asked, if anonymous
    http, the registry's own host                     refused                  with credentials
    http, another host                                refused                  asked, without credentials

A registry's domain is its host, the host without its first label, and all below these: `auth.docker.io` is of
`docker.io`, `gitlab.com` of `registry.gitlab.com`. A domain under which anybody may have a name is nobody's: a top
level (`io`), or one of two letters with a short label before it (`co.uk`).
"""

import re
from collections.abc import Mapping, Sequence
from enum import Enum
from urllib.parse import urlsplit

from automator.registry.addresses import parse_address
from automator.registry.protocol import origin

_HOSTNAME = re.compile(r"[a-z0-9._:-]{1,253}")
_LONGEST_SHARED_LABEL = 3
_KNOWN: Mapping[str, frozenset[str]] = {"nvcr.io": frozenset({"authn.nvidia.com"})}
"""Registries whose token servers stand in a domain of another name that is their owner's."""


class Trust(Enum):
    """What a realm may have. CONFIGURED is as TRUSTED, and named by us rather than by the registry."""

    CONFIGURED = "configured"
    TRUSTED = "trusted"
    ANONYMOUS = "anonymous"
    UNTRUSTED = "untrusted"
    REFUSED = "refused"


def judge_realm(realm: str, *, host: str, insecure: bool, realms: Sequence[str]) -> Trust:
    """UNTRUSTED may be asked where no credentials are known, ANONYMOUS without those that are; REFUSED never.

    `host` is the registry's, as image references name it; `realms` are hosts, or host:port.
    """
    scheme, hostname, port = _parse(realm)
    own = _plain(urlsplit(f"//{host}").hostname)
    if scheme == "http" and insecure:
        return Trust.TRUSTED if hostname == own else Trust.ANONYMOUS
    if scheme != "https":
        return Trust.REFUSED
    configured = {each.lower() for each in realms}
    if hostname in configured or f"{hostname}:{port}" in configured:
        return Trust.CONFIGURED
    is_own = _is_in_domain(hostname, own) or hostname in _KNOWN.get(own, ())
    return Trust.TRUSTED if is_own else Trust.UNTRUSTED


def _parse(realm: str) -> tuple[str, str, int | None]:
    """Scheme, host and port; all empty for what is no URL of a host, or brings a user of its own.

    A host is shown to people: what would be too long for it, or does something to a terminal, is none.
    """
    try:
        scheme, hostname, port = origin(realm)
    except ValueError:
        return "", "", None
    if not _HOSTNAME.fullmatch(hostname) or "@" in urlsplit(realm).netloc:
        return "", "", None
    return scheme, _plain(hostname), port


def _plain(hostname: str | None) -> str:
    return (hostname or "").lower().rstrip(".")


def _is_in_domain(hostname: str, registry: str) -> bool:
    if hostname == registry:
        return True
    if parse_address(registry) is not None:
        return False
    parent = registry.partition(".")[2]
    domains = [registry] if _is_shared(parent) else [registry, parent]
    return any(hostname == domain or hostname.endswith(f".{domain}") for domain in domains)


def _is_shared(domain: str) -> bool:
    labels = domain.split(".")
    if len(labels) < 2:
        return True
    return len(labels) == 2 and len(labels[1]) == 2 and len(labels[0]) <= _LONGEST_SHARED_LABEL
