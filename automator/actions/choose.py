"""Which containers of a config repo an action is about. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wcmatch import glob

from automator.actions.action import Action, Release, Rollback, SetPolicy
from automator.errors import UnknownName, UsageError
from automator.model.field import FieldKey
from automator.model.policy import Rule
from automator.survey.containers import Container, match_policies
from automator.survey.manifests import fields_of
from automator.survey.snapshot import Snapshot

_PATH_FLAGS = glob.GLOBSTAR | glob.DOTGLOB | glob.FORCEUNIX

Containers = Mapping[FieldKey, Container]


def containers_of(snapshot: Snapshot, rules: Sequence[Rule]) -> dict[FieldKey, Container]:
    readings = snapshot.readings
    keys = [
        (path, number)
        for path in snapshot.files
        for number in range(len(fields_of(path, readings[path], snapshot.across)))
    ]
    return dict(zip(keys, match_policies(snapshot, rules), strict=True))


def holds_workload(snapshot: Snapshot, workload: str) -> bool:
    return any(str(found.workload) == workload for found in snapshot.fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """`own` are the workload's containers, `effective` those whose text says what runs: Kustomize entries may stand
    in for them.
    """

    own: Containers
    effective: Containers


def choose(containers: Containers, action: Action) -> Chosen:
    """Raises UsageError where there are none, or where a person must say which of several is meant."""
    named = {
        key: one for key, one in containers.items() if str(one.field.workload) == action.workload
    }
    if not named:
        hint = "automator workloads lists them all"
        raise UnknownName(f"no workload is named {action.workload!r}", hint=hint)
    own = {key: one for key, one in named.items() if _is_asked_for(one, action)}
    if not own:
        known = ", ".join(sorted({one.field.container for one in named.values()}))
        raise UnknownName(f"{action.workload} has no such container", hint=f"known: {known}")
    overriding = {place for one in own.values() for place in one.overridden_by}
    effective = {
        key: one
        for key, one in containers.items()
        if (key in own and not one.overridden_by) or one.field.location in overriding
    }
    chosen = Chosen(own=_in_path(own, action), effective=_in_path(effective, action))
    if not chosen.own and not chosen.effective:
        raise UsageError(f"{action.workload} is in no file like {action.path!r}")
    if isinstance(action, Release | Rollback):
        _check_one(chosen, action)
    return chosen


def _is_asked_for(container: Container, action: Action) -> bool:
    wanted = action.container if isinstance(action, SetPolicy | Release | Rollback) else ""
    return wanted in {"", container.field.container}


def _in_path(containers: Containers, action: Action) -> Containers:
    return {
        key: one
        for key, one in containers.items()
        if glob.globmatch(key[0], action.path, flags=_PATH_FLAGS)
    }


def _check_one(chosen: Chosen, action: Release | Rollback) -> None:
    """An image is moved in one container, and in one file unless the person chose the files."""
    names = sorted({one.field.container for one in chosen.own.values()})
    if len(names) > 1 and not action.container:
        raise UsageError(
            f"{action.workload} has several containers: {', '.join(names)}", hint="--container NAME"
        )
    if not chosen.effective:
        places = {str(place) for one in chosen.own.values() for place in one.overridden_by}
        raise UsageError(
            f"the image of {action.workload} is set elsewhere: {', '.join(sorted(places))}",
            hint="name its file by --path, if it is in the config repo's `paths`",
        )
    files = sorted({path for path, _ in chosen.effective})
    if len(files) > 1 and action.path == "**":
        raise UsageError(
            f"{action.workload} gets its image from several files: {', '.join(files)}",
            hint="--path GLOB says which; '*' stands for one step, '**' for any number",
        )
    repositories = sorted({str(one.field.image.repository) for one in chosen.effective.values()})
    if len(repositories) != 1:
        raise UsageError(
            f"{action.workload} has no one image here: {', '.join(repositories) or 'none'}",
            hint="--container NAME or --path GLOB",
        )
