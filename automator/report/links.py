"""Where people can look at a commit, a file or an image's source in a browser. Pure: nothing is asked.

The forms are those of GitHub (also Gitea's and Forgejo's, but for files), GitLab and Bitbucket Cloud. A host that is none of
these needs patterns in the configuration. A link is http or https, or there is none: a label may say `javascript:`.
"""

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

_SCP_FORM = re.compile(r"(?:[\w.-]+@)?(?P<host>[\w-]+(?:\.[\w-]+)+):(?!/)(?P<path>[^:]+)")
_REVISION = re.compile(r"[0-9A-Za-z][0-9A-Za-z._/-]*")


@dataclass(frozen=True, slots=True)
class LinkPatterns:
    """`commit` has a place for `{commit}`; `file` for `{commit}`, `{path}` and `{line}`; `releases` is the page of
    the release notes. Empty: there are no links.
    """

    commit: str = ""
    file: str = ""
    releases: str = ""

    def commit_link(self, commit: str) -> str:
        return self.commit.replace("{commit}", quote(commit, safe=""))

    def file_link(self, commit: str, path: str, line: int) -> str:
        encoded = quote(path.encode("utf-8", "surrogateescape"))
        filled = self.file.replace("{commit}", quote(commit, safe=""))
        return filled.replace("{line}", str(line)).replace("{path}", encoded)


_FORGES: tuple[tuple[tuple[str, ...], LinkPatterns], ...] = (
    (
        ("gitlab",),
        LinkPatterns("/-/commit/{commit}", "/-/blob/{commit}/{path}#L{line}", "/-/releases"),
    ),
    (("bitbucket.org",), LinkPatterns("/commits/{commit}", "/src/{commit}/{path}#lines-{line}")),
    (
        ("gitea", "forgejo", "codeberg"),
        LinkPatterns("/commit/{commit}", "/src/commit/{commit}/{path}#L{line}", "/releases"),
    ),
    (("github",), LinkPatterns("/commit/{commit}", "/blob/{commit}/{path}#L{line}", "/releases")),
)
"""By a part of the host's name."""


def patterns_for(url: str) -> LinkPatterns:
    """By the host's name, of a repository's `url` in any form that Git takes."""
    home = _web_address(url)
    host = urlsplit(home).hostname or ""
    for names, forge in _FORGES:
        if any(name in host for name in names):
            releases = forge.releases and home + forge.releases
            return LinkPatterns(home + forge.commit, home + forge.file, releases)
    return LinkPatterns()


def source_link(source: str, revision: str) -> str:
    """To the revision that an image was built from, by its OCI labels `source` and `revision`; else to the source; else empty."""
    home = _web_address(source)
    if not revision or _REVISION.fullmatch(revision) is None:
        return home
    return patterns_for(source).commit_link(revision) or home


def _web_address(url: str) -> str:
    """`git@host:team/repo.git` and the like as `https://host/team/repo`; empty for what has no place in the web."""
    text = url.strip()
    scp = None if "://" in text else _SCP_FORM.fullmatch(text)
    if scp is not None:
        text = f"ssh://{scp['host']}/{scp['path']}"
    try:
        parts = urlsplit(text.removeprefix("git+"))
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https", "ssh", "git"} or not re.fullmatch(r"[\w.-]+", host):
        return ""
    scheme = "http" if parts.scheme == "http" else "https"
    # A port of ssh says nothing of the pages.
    where = f"{host}:{port}" if port and parts.scheme in {"http", "https"} else host
    path = quote(parts.path.rstrip("/").removesuffix(".git"), safe="/%~@+-._")
    return f"{scheme}://{where}{path}"
