"""Policy files, and the structured form of a policy annotation: the same keys, the same checks."""

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, Field, TypeAdapter

from automator.config.durations import Duration, format_duration
from automator.config.problems import KeyPath, YamlFile
from automator.config.strict import Strict
from automator.errors import AutomatorError, InvalidExpression
from automator.model.field import Location, RepoPath
from automator.model.image import Platform
from automator.model.policy import (
    Expression,
    Match,
    Policy,
    PolicyKind,
    Rule,
    TagFilter,
    VersionScheme,
)
from automator.plan.schedule import parse_schedule
from automator.select.expression import compile_glob, compile_regex, parse_expression, render_caret
from automator.yamltext.quote import quote
from automator.yamltext.scalar import reads_as_text


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Patterns = Annotated[tuple[str, ...], BeforeValidator(_as_list)]


class FilterEntry(Strict):
    pattern: str = Field(min_length=1, description="A regular expression for the whole tag.")
    extract: str = Field(
        default="", description="What is ordered instead of the tag: `$1`, `$name`."
    )


class MatchEntry(Strict):
    path: str = Field(default="**", description="The file's path, with `**`.")
    namespace: str = Field(default="*", description="The workload's namespace.")
    workload: str = Field(default="*", description="`kind/name`, as in deployment/*.")
    container: str = Field(default="*", description="The container's name.")
    image: str = Field(default="*", description="The image's name, without tag and digest.")


class PolicyOptions(Strict):
    update: str = Field(description="The expression, as in semver:^1.2; `none` excludes.")
    filter: FilterEntry | None = Field(
        default=None, description="Which tags count, and what of them is ordered."
    )
    include: Patterns = Field(default=(), description="Shell patterns of the tags that count.")
    exclude: Patterns = Field(default=(), description="Shell patterns of the tags that do not.")
    exclude_matching: Patterns = Field(
        default=(), description="Regular expressions; a tag in which one matches does not count."
    )
    platforms: Patterns = Field(
        default=(), description="Platforms that the image must have, as linux/arm64."
    )
    prerelease: bool = Field(default=False, description="Pre-releases are candidates too.")
    pin_digest: bool = Field(default=False, description="Write tag@digest.")
    keep_digest: bool = Field(
        default=False, description="Under `pin_digest`: the tag in use keeps its written digest."
    )
    min_age: Duration | None = Field(default=None, description="How old an image must be.")
    schedule: str | None = Field(
        default=None, description="When changes may be made: Mon-Fri 09:00-17:00 Europe/Berlin."
    )
    allow_downgrade: bool = Field(default=False, description="An older image may be selected.")
    allow_variant_change: bool = Field(
        default=False, description="Another variant or precision may be selected."
    )
    versions: VersionScheme = Field(
        default=VersionScheme.AUTOMATOR,
        description="How tags are read as versions: `automator`, `semver` or `strict`.",
    )


class PolicyEntry(PolicyOptions):
    name: str = Field(min_length=1, description="Names the policy in commits and tables.")
    match: MatchEntry = Field(default=MatchEntry(), description="All of these must match.")


class PolicyFile(Strict):
    policies: tuple[PolicyEntry, ...] = Field(description="The first that matches wins.")


_PATTERN_KEYS: Mapping[str, Callable[[str], object]] = {
    "include": compile_glob,
    "exclude": compile_glob,
    "exclude_matching": compile_regex,
}

Parsed = TypeVar("Parsed")

_OPTIONS: TypeAdapter[PolicyOptions] = TypeAdapter(PolicyOptions)

Mistake = tuple[KeyPath, int, str, str]
"""(path of keys, offset of the mistake in the value, message, hint)"""


def make_rules(file: YamlFile, content: PolicyFile) -> tuple[list[Rule], list[str]]:
    rules: list[Rule] = []
    problems: list[str] = []
    names: set[str] = set()
    for index, entry in enumerate(content.policies):
        where: KeyPath = ("policies", index)
        if entry.name in names:
            problems.append(file.problem((*where, "name"), f"the name {entry.name!r} stands twice"))
        names.add(entry.name)
        line, column = file.column_inside(where, 0)
        source = Location(RepoPath(file.path), line, column)
        policy, mistakes = make_policy(entry, entry.name, source)
        problems += [
            _render(file, (*where, *path), offset, message, hint)
            for path, offset, message, hint in mistakes
        ]
        if policy is not None:
            rules.append(Rule(match=Match(**entry.match.model_dump()), policy=policy))
    return rules, problems


def _render(file: YamlFile, where: KeyPath, offset: int, message: str, hint: str) -> str:
    line, column = file.column_inside(where, offset)
    then = f" ({hint})" if hint else ""
    return f"{file.path}:{line}:{column}: {message}{then}"


def make_policy(
    entry: PolicyOptions, name: str, source: Location | None
) -> tuple[Policy | None, list[Mistake]]:
    """The policy, or all the mistakes in its expressions."""
    mistakes: list[Mistake] = []

    def check(path: KeyPath, text: str, parse: Callable[[str], Parsed]) -> Parsed | None:
        try:
            return parse(text)
        except InvalidExpression as error:
            shown = f"{error.message} in {render_caret(text, error)!r}"
            mistakes.append((path, error.start, shown, error.hint))
        except AutomatorError as error:
            mistakes.append((path, 0, error.message, error.hint))
        return None

    parse_update = partial(parse_expression, versions=entry.versions)
    update = check(("update",), entry.update, parse_update)
    if entry.filter is not None:
        check(("filter", "pattern"), entry.filter.pattern, compile_regex)
    for key, compile_ in _PATTERN_KEYS.items():
        for index, pattern in enumerate(getattr(entry, key)):
            check((key, index), pattern, compile_)
    platforms = [
        check(("platforms", index), platform, Platform.parse)
        for index, platform in enumerate(entry.platforms)
    ]
    if entry.schedule is not None:
        check(("schedule",), entry.schedule, parse_schedule)
    if update is not None and not _can_keep_digest(entry, update):
        hint = "it stands beside pin_digest: true, and never with digest:TAG, which follows the tag"
        mistakes.append((("keep_digest",), 0, "keep_digest has no effect here", hint))
    if mistakes or update is None:
        return None, mistakes
    return (
        Policy(
            name=name,
            update=update,
            filter=TagFilter(entry.filter.pattern, entry.filter.extract) if entry.filter else None,
            include=entry.include,
            exclude=entry.exclude,
            exclude_matching=entry.exclude_matching,
            platforms=frozenset(platform for platform in platforms if platform is not None),
            prerelease=entry.prerelease,
            pin_digest=entry.pin_digest,
            keep_digest=entry.keep_digest,
            min_age=entry.min_age,
            schedule=entry.schedule,
            allow_downgrade=entry.allow_downgrade,
            allow_variant_change=entry.allow_variant_change,
            versions=entry.versions,
            source=source,
        ),
        [],
    )


def _can_keep_digest(entry: PolicyOptions, update: Expression) -> bool:
    return not entry.keep_digest or (entry.pin_digest and update.kind is not PolicyKind.DIGEST)


def parse_options(data: Any) -> PolicyOptions:
    """Raises pydantic's ValidationError."""
    return _OPTIONS.validate_python(data)


def format_policy(policy: Policy) -> str:
    """What an annotation or a comment says to mean this policy, in one line: the expression, or where that is not
    all, a mapping with the options that are not their defaults. Read back, it is the same policy.
    """
    text = policy.update.text
    options: dict[str, Any] = {"update": text}
    for name, field in PolicyOptions.model_fields.items():
        if name not in options:
            value = _plain(getattr(policy, name))
            if value != _plain(field.get_default()):
                options[name] = value
    if len(options) == 1 and text.isprintable() and text == text.strip():
        return text
    return _in_flow(options)


def _plain(value: Any) -> Any:
    match value:
        case bool() | str() | None:
            return value
        case TagFilter():
            extract = {"extract": value.extract} if value.extract else {}
            return {"pattern": value.pattern, **extract}
        case timedelta():
            return format_duration(value)
        case tuple():
            return list(value)
        case _:
            return sorted(map(str, value))


def _in_flow(value: Any) -> str:
    """YAML in one line, with as few quotes and backslashes as it can do with."""
    match value:
        case dict():
            return f"{{{', '.join(f'{key}: {_in_flow(inner)}' for key, inner in value.items())}}}"
        case list():
            return f"[{', '.join(map(_in_flow, value))}]"
        case bool():
            return "true" if value else "false"
        case _:
            return _scalar_in_flow(value)


_PLAIN = re.compile(r"[A-Za-z0-9$][A-Za-z0-9$_.:/^~*<>=|+ -]*(?<![: ])")
"""No quotes, brackets, commas or `#`: such a scalar needs no quotes, also between brackets."""


def _scalar_in_flow(text: str) -> str:
    is_plain = _PLAIN.fullmatch(text) and ": " not in text and reads_as_text(text)
    return text if is_plain else quote(text)
