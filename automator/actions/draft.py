"""What an action writes: annotations where an object has a place for them, a comment behind the image where not. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from automator.actions.action import (
    Action,
    Automate,
    Deautomate,
    Lock,
    Rollback,
    SetPolicy,
    Unlock,
)
from automator.actions.choose import Chosen, Containers
from automator.config.declared import read_comment
from automator.config.policy_file import format_policy
from automator.edit.settings import Settings
from automator.errors import EditRefused, UsageError
from automator.model.field import Comment, FieldKey, Location, RepoPath
from automator.model.plan import Change
from automator.model.policy import Policy, PolicyKind
from automator.model.workload import WorkloadId
from automator.scan.annotations import OWN_PREFIX
from automator.survey.containers import Container
from automator.survey.migration_plan import CONTAINER_KEY
from automator.survey.snapshot import Snapshot


@dataclass(slots=True)
class Draft:
    """`before` are the containers as they are, `places` the objects that can be annotated; `policies` what containers are
    to be ruled by afterwards.
    """

    snapshot: Snapshot
    before: Containers
    places: Mapping[RepoPath, frozenset[WorkloadId]] = field(default_factory=dict)
    settings: dict[tuple[RepoPath, WorkloadId], dict[str, str | None]] = field(default_factory=dict)
    comments: dict[FieldKey, str] = field(default_factory=dict)
    changes: dict[FieldKey, Change] = field(default_factory=dict)
    policies: dict[FieldKey, Policy] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def paths(self) -> set[RepoPath]:
        return {key[0] for key in (*self.settings, *self.comments, *self.changes)}

    def add(self, action: Action, chosen: Chosen) -> None:
        """All but the images. Raises EditRefused or UsageError."""
        match action:
            case Lock():
                self._lock(chosen, action.reason)
            case Unlock():
                self._annotate(chosen, {"locked": None, "locked-reason": None})
            case Automate():
                self._annotate(chosen, {"automated": "true"})
            case Deautomate():
                self._annotate(chosen, {"automated": "false"})
            case SetPolicy():
                text, alone = action.policy.strip(), bool(action.container)
                policy = read_policy(text)
                for key, container in chosen.own.items():
                    self._rule(key, container, policy, text, alone=alone)
            case Rollback(deny=True):
                self._deny(chosen.effective)
            case Rollback():
                self._lock(chosen, self._why_back(action))

    def _lock(self, chosen: Chosen, reason: str) -> None:
        """One that stands keeps its reason where no other is given."""
        locked = all(one.declared and one.declared.locked for one in chosen.own.values())
        if reason or not locked:
            self._annotate(chosen, {"locked": "true", "locked-reason": reason or None})

    def _why_back(self, action: Rollback) -> str:
        bad = dict.fromkeys(
            str(one.field.image.tag or one.field.image.digest) for one in self.changes.values()
        )
        why = f"rolled back from {', '.join(bad)}"
        return f"{why}: {action.reason}" if action.reason else why

    def _annotate(self, chosen: Chosen, settings: Settings) -> None:
        found = {(key[0], one.field.workload): one for key, one in chosen.own.items()}
        if not found:
            place = next(iter(chosen.effective.values())).field.location
            raise _no_place(place, "name its files by --path, too, or use --deny")
        for (path, workload), container in found.items():
            if workload not in self.places[path]:
                raise _no_place(container.field.location, _where_else(container))
            prefixed = {f"{OWN_PREFIX}{name}": value for name, value in settings.items()}
            self.settings.setdefault((path, workload), {}).update(prefixed)

    def _deny(self, effective: Containers) -> None:
        for key, container in effective.items():
            change, policy = self.changes.get(key), container.policy
            if change is None:
                continue
            bad = change.field.image.tag
            if policy is None or policy.update.kind is PolicyKind.NONE:
                self.notes.append(f"{change.field.location}: no policy moves it: nothing to deny")
                continue
            if bad is None or bad == change.to.tag or policy.update.kind is PolicyKind.DIGEST:
                raise UsageError("a digest cannot be denied, only a tag", hint="lock it instead")
            denied = replace(policy, exclude=tuple(dict.fromkeys((*policy.exclude, bad))))
            if policy.name not in {"annotation", "comment"}:
                self.notes.append(f"the policy {policy} is written out here, without {bad}")
            self._rule(key, container, denied, format_policy(denied), alone=True)

    def _rule(
        self, key: FieldKey, container: Container, policy: Policy, text: str, *, alone: bool
    ) -> None:
        """In the comment that rules it already, else as an annotation, else as a comment. `alone`: this container, not its workload."""
        path, number = key
        found = container.field
        self.policies[key] = policy.unnamed
        name = f"policy.{found.container}"
        fits = CONTAINER_KEY.fullmatch(name) is not None or not alone
        if found.comment is None and found.workload in self.places[path] and fits:
            standing = self._keys(path, found.workload)
            if not (alone or f"{OWN_PREFIX}{name}" in standing) or self._is_only(key, standing):
                name = "policy"
            settings = self.settings.setdefault((path, found.workload), {})
            settings[f"{OWN_PREFIX}{name}"] = text
            return
        scan = self.snapshot.files[path].reading.scan
        if number >= len(scan.fields) or any(part.nested for part in found.parts):
            raise EditRefused(
                "there is no place for a comment", location=str(found.location), hint="by hand"
            )
        self.comments[key] = text if text.isprintable() else format_policy(policy)

    def _keys(self, path: RepoPath, workload: WorkloadId) -> set[str]:
        declarations = self.snapshot.files[path].reading.scan.declarations
        return {one.key for one in declarations if one.workload == workload}

    def _is_only(self, key: FieldKey, standing: set[str]) -> bool:
        """Its workload's only container there: what the workload's annotation says is said of it alone."""
        path, number = key
        fields = self.snapshot.files[path].reading.scan.fields
        if number >= len(fields):
            return False
        of_workload = [one for one in fields if one.workload == fields[number].workload]
        own_key = f"{OWN_PREFIX}policy.{fields[number].container}"
        return len(of_workload) == 1 and own_key not in standing


def read_policy(text: str) -> Policy:
    """Raises UsageError that shows the mistake."""
    comment = Comment(text=text, location=Location(RepoPath("POLICY"), 1, 1))
    policy, problems = read_comment(comment)
    for problem in problems:
        raise UsageError(problem.message.removeprefix("automator: "), hint=problem.hint)
    return policy


def _no_place(place: Location, hint: str) -> EditRefused:
    return EditRefused("no annotation can stand here", location=str(place), hint=hint)


def _where_else(container: Container) -> str:
    if container.reaches:
        names = dict.fromkeys(str(found.workload) for found in container.reaches)
        return f"name a workload whose image it sets: {', '.join(names)}"
    return "a comment can say a policy: set-policy WORKLOAD none leaves the image alone"
