"""The commit messages of actions: a line for people, then trailers that say who did what, and why.

Lock sock-shop:deployment/carts: INC-123

Action: lock
Workload: sock-shop:deployment/carts
Acted-by: Ann <ann@example.com>
Reason: INC-123

Where an image moved its trailers are those of an update commit and stand before these, so that the audit log has it.
"""

from collections.abc import Mapping, Sequence

from automator.actions.action import Action, Rollback, SetPolicy
from automator.git.commit import Identity
from automator.model.image import Digest
from automator.model.plan import Change
from automator.plan.message import format_message, printable

_SUBJECTS = {
    "automate": "Automate",
    "deautomate": "Deautomate",
    "lock": "Lock",
    "unlock": "Unlock",
    "set-policy": "Set the policy of",
    "release": "Release",
    "rollback": "Roll back",
}


def format_action(
    action: Action, by: Identity, changes: Sequence[Change], digests: Mapping[str, Digest]
) -> str:
    """What people or manifests wrote cannot make a trailer: it is escaped as in update commits."""
    moved = format_message(changes, digests).partition("\n\n")[2] if changes else ""
    trailers = [
        f"Action: {action.verb}",
        f"Workload: {printable(action.workload)}",
        f"Acted-by: {printable(f'{by.name} <{by.email}>')}",
        *([f"Reason: {printable(action.reason)}"] if action.reason else []),
    ]
    return f"{_subject(action, changes)}\n\n{moved}" + "".join(f"{line}\n" for line in trailers)


def _subject(action: Action, changes: Sequence[Change]) -> str:
    what = f"{_SUBJECTS[action.verb]} {action.workload}"
    if isinstance(action, SetPolicy):
        container = f" {action.container}" if action.container else ""
        what += f"{container} to {action.policy}"
    elif changes:
        to = changes[0].to
        what += f" {'to' if isinstance(action, Rollback) else 'at'} {to.tag or to.digest}"
    return printable(f"{what}: {action.reason}" if action.reason else what)
