"""An update commit without a checkout: blobs, trees and commit by one `git fast-import`.

What a killed process leaves behind are unreferenced objects: the branch only moves with the push.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from automator.errors import GitError
from automator.git.mirror import Mirror
from automator.git.run import run_git
from automator.model.field import RepoPath
from automator.model.plan import CommitId

_REF = "refs/automator/pending"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    name: str
    email: str


async def write_commit(  # noqa: PLR0913 - what a commit consists of
    mirror: Mirror,
    *,
    parent: CommitId,
    files: Mapping[RepoPath, bytes],
    modes: Mapping[RepoPath, str],
    message: str,
    author: Identity,
    at: datetime,
    committer: Identity | None = None,
) -> CommitId:
    """The same arguments give the same commit. `modes` are the files' own, so that an executable stays one.

    `committer` is the author, unless somebody else's commit is made for them.
    """
    stream = bytearray(b"feature done\n")
    stream += f"reset {_REF}\nfrom {parent}\n\n".encode()
    stream += f"commit {_REF}\n".encode()
    for role, who in (("author", author), ("committer", committer or author)):
        # fast-import's grammar ends names at these characters.
        name, email = (text.translate(_FORBIDDEN) for text in (who.name, who.email))
        stream += f"{role} {name} <{email}> {int(at.timestamp())} +0000\n".encode()
    stream += _data(message.encode())
    for path in sorted(files):
        stream += f"M {modes[path]} inline ".encode() + _quote(path) + b"\n"
        stream += _data(files[path])
    stream += b"\ndone\n"
    async with mirror.lock():
        await run_git(
            ["fast-import", "--quiet", "--force", "--done", "--date-format=raw"],
            directory=mirror.directory,
            stdin=bytes(stream),
        )
        output = await run_git(["rev-parse", "--verify", _REF], directory=mirror.directory)
    commit = CommitId(output.decode().strip())
    if commit == parent:
        raise GitError("git fast-import made no commit")
    return commit


_FORBIDDEN = str.maketrans("", "", "<>\n\0")


def _data(content: bytes) -> bytes:
    return b"data %d\n%b\n" % (len(content), content)


def _quote(path: RepoPath) -> bytes:
    """A C-style string, so that blanks, quotes and newlines in a path are just that."""
    raw = path.encode("utf-8", "surrogateescape")
    return b'"%b"' % b"".join(_quote_byte(byte) for byte in raw)


def _quote_byte(byte: int) -> bytes:
    plain = 0x20 <= byte < 0x7F and byte not in b'"\\'
    return bytes([byte]) if plain else b"\\%03o" % byte
