"""Where a commit can be looked at in a browser, told from the URL of its repository. Pure."""

import re
from urllib.parse import quote, urlsplit

_SCP = re.compile(r"(?:[^@/:]+@)?(?P<host>[A-Za-z0-9.-]+):(?P<path>[^/].*)")
"""git's short form of ssh, as in git@github.com:shop/config.git (git-clone(1), GIT URLS)."""

_PAGES = {
    "github": "commit",
    "gitlab": "-/commit",
    "gitea": "commit",
    "forgejo": "commit",
    "codeberg": "commit",
    "bitbucket": "commits",
}
"""A host is known by a part of its name, as in gitlab.example.com."""


def commit_link(repository_url: str, commit: str) -> str:
    """Empty where the URL does not tell which product serves it."""
    found = _web_address(repository_url)
    if found is None:
        return ""
    base, host, path = found
    if host.endswith((".azure.com", ".visualstudio.com")):
        return _azure_link(base, host, path, commit)
    page = next((_PAGES[part] for part in host.split(".") if part in _PAGES), None)
    if page is None:
        return ""
    if page == "commits" and host != "bitbucket.org":
        return _bitbucket_server_link(base, path, commit)
    return f"{base}/{_quoted(path)}/{page}/{commit}"


def _web_address(url: str) -> tuple[str, str, str] | None:
    """Scheme and host with its port, the host's name, and the path without `.git`; a login is left out."""
    short = _SCP.fullmatch(url) if "://" not in url else None
    if short is not None:
        return f"https://{short['host'].lower()}", short["host"].lower(), _trimmed(short["path"])
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in {"http", "https", "ssh"} or not host:
        return None
    if parts.scheme == "ssh":
        return f"https://{host}", host, _trimmed(parts.path)
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}", host, _trimmed(parts.path)


def _trimmed(path: str) -> str:
    return path.strip("/").removesuffix(".git")


def _azure_link(base: str, host: str, path: str, commit: str) -> str:
    """Over ssh it is `v3/organisation/project/repository`, over https `organisation/project/_git/repository`."""
    steps = path.split("/")
    if host == "ssh.dev.azure.com" and len(steps) == 4:
        base, path = "https://dev.azure.com", f"{steps[1]}/{steps[2]}/_git/{steps[3]}"
    return f"{base}/{_quoted(path)}/commit/{commit}" if "/_git/" in f"/{path}" else ""


def _bitbucket_server_link(base: str, path: str, commit: str) -> str:
    """It is cloned from `scm/PROJECT/REPOSITORY`, over ssh from `PROJECT/REPOSITORY`."""
    steps = path.removeprefix("scm/").split("/")
    if len(steps) != 2:
        return ""
    return f"{base}/projects/{_quoted(steps[0])}/repos/{_quoted(steps[1])}/commits/{commit}"


def _quoted(path: str) -> str:
    """What a URL has escaped already stays so."""
    return quote(path, safe="/%")
