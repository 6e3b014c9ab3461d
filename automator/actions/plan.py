"""A config repo and an action to the files as they are to be. Pure: contents and targets are given.

Every edited file is read again: the action must have the effect that it is meant to have, and no other container may
be ruled otherwise than before.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from difflib import unified_diff

from automator.actions.action import Action, Deautomate, Lock, Rollback, SetPolicy, Unlock
from automator.actions.choose import Chosen, Containers, containers_of
from automator.actions.draft import Draft
from automator.config.models import DialectSettings
from automator.edit.annotate import Annotator, NewComment
from automator.edit.apply import apply_changes
from automator.edit.settings import set_annotations
from automator.errors import EditRefused
from automator.model.field import ImageField, RepoPath, Role
from automator.model.policy import PolicyKind, Rule
from automator.scan.file import scan_file
from automator.survey.containers import Container
from automator.survey.manifests import read_across, read_file
from automator.survey.snapshot import ReadFile, Snapshot

_NO_NEWLINE = "\n\\ No newline at end of file\n"
_VERSION = (Role.TAG, Role.REFERENCE, Role.DIGEST)


def edit_files(draft: Draft, data: Mapping[RepoPath, bytes]) -> dict[RepoPath, bytes]:
    """Those that become others. Raises EditRefused."""
    edited = {path: _edit(path, data[path], draft) for path in sorted(draft.paths)}
    return {path: content for path, content in edited.items() if content != data[path]}


def _edit(path: RepoPath, data: bytes, draft: Draft) -> bytes:
    """Images by their scanned places, then comments by the places that they have now, then annotations by name."""
    changes = [change for key, change in draft.changes.items() if key[0] == path]
    data = apply_changes(path, data, changes)
    comments = {key[1]: text for key, text in draft.comments.items() if key[0] == path}
    if comments:
        fields = scan_file(path, data).fields
        new = [_comment(fields[number], text) for number, text in comments.items()]
        data = Annotator(path, data).apply(list(dict.fromkeys(new)))
    for (where, workload), settings in draft.settings.items():
        if where == path:
            data = set_annotations(path, data, workload, settings)
    return data


def _comment(found: ImageField, text: str) -> NewComment:
    if found.comment is not None:
        return NewComment(at=found.comment.location, text=text, replaces=found.comment.text)
    part = next((one for one in reversed(found.parts) if one.role in _VERSION), found.parts[-1])
    return NewComment(at=part.location, text=f"automator: {text}", behind=part.span)


def check_effect(
    action: Action,
    draft: Draft,
    chosen: Chosen,
    files: Mapping[RepoPath, bytes],
    reading: tuple[Sequence[Rule], DialectSettings],
) -> Containers:
    """The containers as they are afterwards. Raises EditRefused where the action has not the effect that is meant, or
    another one, too.
    """
    rules, dialects = reading
    before = draft.before
    after = containers_of(_snapshot_with(draft.snapshot, files, dialects), rules)
    if list(before) != list(after):
        raise EditRefused("the image fields would be others", location=", ".join(files))
    meant = {**chosen.own, **chosen.effective}
    moved = {_image_place(change.field) for change in draft.changes.values()}
    for key, container in after.items():
        shares = _image_place(before[key].field) in moved
        image = before[key].field.image
        to = draft.changes[key].to if key in draft.changes else image
        if container.field.image != to and not shares:
            raise _refused(before[key], "its image would change, too")
        if (
            key not in meant
            and not _reaches(container, chosen)
            and _rule(container) != _rule(before[key])
        ):
            raise _refused(before[key], "it would be ruled otherwise, too")
    _check_meant(action, draft, chosen, after)
    return after


def _snapshot_with(
    snapshot: Snapshot, files: Mapping[RepoPath, bytes], dialects: DialectSettings
) -> Snapshot:
    edited = {
        path: ReadFile(
            blob=snapshot.files[path].blob, reading=read_file(scan_file(path, data), dialects)
        )
        for path, data in files.items()
    }
    # In the same order, so that fields keep their keys.
    read = {path: edited.get(path, file) for path, file in snapshot.files.items()}
    readings = {path: file.reading for path, file in read.items()}
    context = {path: file.reading for path, file in snapshot.context.items()}
    return replace(snapshot, files=read, across=read_across(readings, dialects, context))


def _image_place(found: ImageField) -> object:
    part = found.parts[-1]
    return part.location.path, part.span, part.nested, part.within


def _reaches(container: Container, chosen: Chosen) -> bool:
    own = {one.field.workload for one in chosen.own.values()}
    return any(found.workload in own for found in container.reaches)


def _rule(container: Container) -> tuple[object, ...]:
    """What rules a container, whoever says it and wherever."""
    policy = container.policy and container.policy.unnamed
    said = container.declared
    return policy, said is not None and said.locked, said is not None and said.automated is False


def _check_meant(action: Action, draft: Draft, chosen: Chosen, after: Containers) -> None:
    locks = isinstance(action, Lock) or (isinstance(action, Rollback) and not action.deny)
    if locks:
        _expect(chosen.effective, after, _is_locked, "it would not be locked")
    elif isinstance(action, Unlock):
        _expect(chosen.own, after, lambda one: not _is_locked(one), "it would stay locked")
    elif isinstance(action, Deautomate):
        _expect(chosen.effective, after, _is_left_alone, "a policy would rule it still")
    policies = dict(draft.policies)
    if isinstance(action, SetPolicy):
        policies |= dict.fromkeys(chosen.effective, next(iter(draft.policies.values())))
    for key, policy in policies.items():
        ruled = after[key].policy
        if ruled is None or ruled.unnamed != policy:
            raise _refused(after[key], "another word is nearer, or it is not automated")


def _expect(
    keys: Containers, after: Containers, holds: Callable[[Container], bool], otherwise: str
) -> None:
    for key in keys:
        if not holds(after[key]):
            raise _refused(after[key], otherwise)


def _is_locked(container: Container) -> bool:
    return container.declared is not None and container.declared.locked


def _is_left_alone(container: Container) -> bool:
    return container.policy is None or container.policy.update.kind is PolicyKind.NONE


def _refused(container: Container, what: str) -> EditRefused:
    found = container.field
    source = container.policy and container.policy.source
    where = f"; its policy stands in {source}" if source else ""
    return EditRefused(
        f"{found.workload} {found.container}: {what}{where}",
        location=str(found.location),
        hint="a comment, a pod template or another tool's annotation may say otherwise: see `check`",
    )


def also_touched(draft: Draft, chosen: Chosen, after: Containers) -> list[str]:
    """What a person should know: containers that share the text of an image that moves, and Kustomize entries that set
    the image of others, too, and are locked or freed with the workload.
    """
    notes = []
    own = {one.field.workload for one in chosen.own.values()}
    for key, container in after.items():
        found = container.field
        if key not in draft.changes and found.image != draft.before[key].field.image:
            what = "reads the same text, and moves, too"
            notes.append(f"{found.workload} {found.container} {what}")
        if key not in chosen.own and _is_locked(container) != _is_locked(draft.before[key]):
            others = {str(one.workload) for one in container.reaches if one.workload not in own}
            if others:
                names = ", ".join(sorted(others))
                notes.append(f"{found.location} sets the image of {names}, too")
    return notes


def render_diff(before: Mapping[RepoPath, bytes], after: Mapping[RepoPath, bytes]) -> str:
    """Unified, as `git diff` shows it."""
    lines: list[str] = []
    for path in sorted(after):
        old, new = (_lines(files[path]) for files in (before, after))
        shown = path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        lines += unified_diff(old, new, f"a/{shown}", f"b/{shown}")
    return "".join(line if line.endswith("\n") else line + _NO_NEWLINE for line in lines)


def _lines(data: bytes) -> list[str]:
    """At line feeds alone, as Git counts lines."""
    text = data.decode("utf-8", "replace")
    return [f"{line}\n" for line in text.split("\n")[:-1]] + (
        [last] if (last := text.rpartition("\n")[2]) else []
    )
