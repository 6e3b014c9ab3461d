"""The push: the remote's branch moves from exactly the expected commit to ours, or not at all."""

import re

from automator.errors import GitError, PushRejected
from automator.git.mirror import Mirror
from automator.git.run import NETWORK_SECONDS, explain_failure, one_line, try_git
from automator.model.plan import CommitId

_RACED = re.compile(
    r"stale info|fetch first|non-fast-forward|cannot lock ref|failed to update ref|"
    r"incorrect old value|reference already exists|is at [0-9a-f]+ but expected",
    re.IGNORECASE,
)
_REFUSED = re.compile(
    r"hook declined|protected|prohibited|denied by|\[remote rejected\]", re.IGNORECASE
)


async def push(mirror: Mirror, commit: CommitId, *, expected: CommitId) -> None:
    """Raises PushRejected if somebody was faster (`rule` false) or the remote's rules refuse it (`rule` true).

    The lease makes it a compare-and-swap; as `commit` descends from `expected` it is a fast-forward too.
    An answer that was lost on the way is asked for again: what the remote took is done.
    """
    remote = mirror.remote
    status, output, errors = await try_git(
        [
            "push",
            "--porcelain",
            "--quiet",
            f"--force-with-lease={remote.ref}:{expected}",
            remote.url,
            f"{commit}:{remote.ref}",
        ],
        directory=mirror.directory,
        extra_env=remote.environment(),
        seconds=NETWORK_SECONDS,
    )
    if status == 0:
        return
    said = f"{output.decode(errors='replace')}\n{errors}"
    if _RACED.search(said):
        raise PushRejected(
            f"somebody else pushed to {remote.branch} first", rule=False, location=remote.shown_url
        )
    if _REFUSED.search(said):
        raise PushRejected(
            f"the remote refuses the push to {remote.branch}: {one_line(errors)}",
            rule=True,
            location=remote.shown_url,
            hint="its hooks and branch protection must let automator push",
        )
    failure = explain_failure(["push"], errors)
    if await _arrived(mirror, commit):
        return
    raise failure


async def _arrived(mirror: Mirror, commit: CommitId) -> bool:
    try:
        return await mirror.remote_head() == commit
    except GitError:
        return False
