"""What people declared for other tools, said in automator's own annotations and comments. Pure.

Only what reads back as the same is written; the rest is left as it is, with a reason. A workload's annotations are
written together or not at all, and so is each comment.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from automator.edit.annotate import Addition, Annotator
from automator.errors import EditRefused
from automator.model.field import Form, ImageField, Problem, RepoPath
from automator.model.policy import Declared
from automator.scan.file import scan_file
from automator.survey.manifests import ALL_DIALECTS, Across, FileReading, fields_of, read_file
from automator.survey.migration_plan import BY_HAND, MigrationPlan, Said, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class FileMigration:
    """What is written in one file, and the bytes that it then has; and what of its dialects is left."""

    path: RepoPath
    edited: bytes
    additions: tuple[Addition, ...] = ()
    left: tuple[Problem, ...] = ()


def needs_migration(path: RepoPath, reading: FileReading, across: Across) -> bool:
    """Whether a dialect says something in the file that we do not say yet."""
    return not all(one.is_complete for one in _said(path, reading, across))


def migrate_file(
    path: RepoPath, reading: FileReading, across: Across, data: bytes
) -> FileMigration:
    planned = MigrationPlan(reading, fields_of(path, reading, across), _said(path, reading, across))
    planned.make()
    return _Writing(path, data, across, planned).run()


def _said(path: RepoPath, reading: FileReading, across: Across) -> list[Said]:
    said = []
    for number in range(len(fields_of(path, reading, across))):
        target = reading.combined(number, across.declared.get((path, number)))
        said.append(Said(reading.native_of(number) or Declared(), target or Declared()))
    return said


@dataclass(slots=True)
class _Writing:
    """A plan carried out as far as it reads back as what was meant."""

    path: RepoPath
    data: bytes
    across: Across
    plan: MigrationPlan

    def run(self) -> FileMigration:
        annotator = Annotator(self.path, self.data)
        steps = [step for step in self.plan.steps if self._has_place(annotator, step)]
        edited = self.data
        while steps:
            try:
                edited = annotator.apply(self._additions(steps))
                wrong = set(self._ruled_otherwise(edited, steps))
            except EditRefused as error:
                self._drop(steps, steps, error.message, error.hint or BY_HAND)
                continue
            if not wrong:
                break
            guilty = [step for step in steps if step.numbers & wrong] or list(steps)
            self._drop(steps, guilty, "an image would be ruled otherwise than before", BY_HAND)
        return FileMigration(
            path=self.path,
            edited=edited if steps else self.data,
            additions=tuple(self._additions(steps)),
            left=tuple(self.plan.left.values()),
        )

    def _has_place(self, annotator: Annotator, step: Step) -> bool:
        try:
            annotator.check(step.additions)
        except EditRefused as error:
            self._drop([], [step], error.message, error.hint or BY_HAND)
            return False
        return True

    def _drop(self, steps: list[Step], dropped: Sequence[Step], why: str, hint: str) -> None:
        for step in dropped:
            for number in sorted(step.numbers):
                if not self.plan.said[number].is_complete:
                    self.plan.leave(number, why, hint)
        steps[:] = [step for step in steps if step not in dropped]

    def _additions(self, steps: Sequence[Step]) -> list[Addition]:
        """Two fields that share a place may want the same of it."""
        return list(dict.fromkeys(new for step in steps for new in step.additions))

    def _ruled_otherwise(self, edited: bytes, steps: Sequence[Step]) -> Iterator[int]:
        """The numbers of the fields of which the edited file does not say the same. Raises EditRefused."""
        again = read_file(scan_file(self.path, edited), ALL_DIALECTS)
        migrated = {number for step in steps for number in step.numbers}
        before = self._numbers_in_order(migrated)
        expected = [_identity(self.plan.fields[number]) for number in before]
        if expected != list(map(_identity, again.scan.fields)):
            raise EditRefused("the image fields would be others", location=self.path)
        for place, number in enumerate(before):
            said = again.native_of(place)
            target = _meaning(self.plan.said[number].target)
            if number not in migrated or self.plan.fields[number].location in self.plan.left:
                said = again.combined(place, self.across.declared.get((self.path, number)))
            if _meaning(said or Declared()) != target:
                yield number

    def _numbers_in_order(self, migrated: Iterable[int]) -> list[int]:
        """Of the scan's own fields, and of those that a comment of ours makes one."""
        numbers = {*range(self.plan.own), *migrated}
        return sorted(numbers, key=lambda number: self.plan.fields[number].location)


def _identity(found: ImageField) -> object:
    """What stays as it is while lines move."""
    form = None if found.form is Form.MARKER else found.form
    return found.workload, found.container, form, found.image


def _meaning(declared: Declared) -> Declared:
    """What is declared, whoever says it and wherever."""
    policy = declared.policy and declared.policy.unnamed
    # A policy says by itself that a field is automated.
    automated = None if policy is not None and declared.automated else declared.automated
    reason = declared.locked_reason if declared.locked else ""
    return replace(declared, policy=policy, automated=automated, locked_reason=reason)
