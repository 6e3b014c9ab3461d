"""The audit log: what update commits say in their trailers, as entries. Pure: the commits are given."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from automator.git.history import LoggedCommit
from automator.model.image import Digest
from automator.plan.message import RecordedAction, parse_action, parse_message


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """`policy` is what moved the image: a policy, or what a person did. It and `digest` are None where the commit does not
    tell them. An action that moved no image (`lock`) has neither container nor images.
    """

    commit: str
    at: datetime
    author: str
    workload: str
    container: str
    from_image: str
    to_image: str
    policy: str | None
    digest: Digest | None


def history_entries(commits: Iterable[LoggedCommit]) -> list[HistoryEntry]:
    """In the order of the commits, and of the updates in each; and the actions that moved no image."""
    entries = []
    for commit in commits:
        updates, digests, _ = parse_message(commit.message)
        entries += [
            HistoryEntry(
                commit=commit.id,
                at=commit.at,
                author=commit.author,
                workload=update.workload,
                container=update.container,
                from_image=update.from_image,
                to_image=update.to_image,
                policy=update.policy or None,
                digest=digests.get(update.to_image.partition("@")[0]),
            )
            for update in updates
        ]
        action = None if updates else parse_action(commit.message)
        if action is not None:
            entries.append(_entry_of(action, commit))
    return entries


def _entry_of(action: RecordedAction, commit: LoggedCommit) -> HistoryEntry:
    why = f": {action.reason}" if action.reason else ""
    return HistoryEntry(
        commit=commit.id,
        at=commit.at,
        author=commit.author,
        workload=action.workload,
        container="",
        from_image="",
        to_image="",
        policy=f"{action.verb} by {action.by.partition(' <')[0]}{why}",
        digest=None,
    )


def history_shape(config_repo: str, entry: HistoryEntry) -> dict[str, Any]:
    """As `automator history -o json` and the API show it; `config_repo` is a name, or a clone's folder."""
    return {
        "config_repo": config_repo,
        "commit": entry.commit,
        "at": entry.at.isoformat(),
        "author": entry.author,
        "workload": entry.workload,
        "container": entry.container,
        "from": entry.from_image,
        "to": entry.to_image,
        "policy": entry.policy,
        "digest": entry.digest,
    }
