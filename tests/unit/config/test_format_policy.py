"""A policy as the text of an annotation or a comment: short where it can be, and always the same policy again."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automator.config.declared import read_comment
from automator.config.policy_file import format_policy
from automator.edit.annotate import Annotator, NewAnnotation
from automator.model.field import Comment, Location, RepoPath
from automator.model.image import Platform
from automator.model.policy import Policy, PolicyKind, TagFilter, VersionScheme
from automator.scan.file import scan_file
from automator.select.expression import parse_expression

PLACE = Location(RepoPath("a.yaml"), 1, 1)


def make(update="semver:^1", **options):
    versions = options.get("versions", VersionScheme.AUTOMATOR)
    return Policy(name="p", update=parse_expression(update, versions), **options)


SHORT = [
    pytest.param(make("semver:>=1.2 <2 || 3.x"), "semver:>=1.2 <2 || 3.x", id="an expression alone"),
    pytest.param(make("regex:^v\\d+$"), "regex:^v\\d+$", id="an expression with a backslash"),
    pytest.param(make("none"), "none", id="none"),
    pytest.param(make("semver:~0.4", allow_downgrade=True), "{update: semver:~0.4, allow_downgrade: true}", id="a flag"),
    pytest.param(make(versions=VersionScheme.STRICT), "{update: semver:^1, versions: strict}", id="versions"),
    pytest.param(make("glob:dev-*", exclude=("*.sig", "v1")), '{update: glob:dev-*, exclude: ["*.sig", v1]}', id="patterns"),
    pytest.param(make("glob:1.*, 2.*"), "glob:1.*, 2.*", id="a comma in an expression"),
    pytest.param(make("glob:[ab]*", prerelease=True), '{update: "glob:[ab]*", prerelease: true}', id="brackets"),
    pytest.param(make("numerical:asc", filter=TagFilter(r"^b(\d+)$", "$1")), r"{update: numerical:asc, filter: {pattern: '^b(\d+)$', extract: $1}}", id="a filter"),
    pytest.param(make(filter=TagFilter(r"it's\d")), r"{update: semver:^1, filter: {pattern: 'it''s\d'}}", id="a filter with a quote"),
    pytest.param(make(platforms=frozenset({Platform("linux", "arm", "v7"), Platform("linux", "amd64")})), "{update: semver:^1, platforms: [linux/amd64, linux/arm/v7]}", id="platforms"),
    pytest.param(make(min_age=timedelta(days=2)), "{update: semver:^1, min_age: 2d}", id="an age"),
    pytest.param(make(min_age=timedelta(0)), "{update: semver:^1, min_age: 0s}", id="no age is an age"),
    pytest.param(make(schedule="Mon-Fri 09:00-17:00 Europe/Berlin"), "{update: semver:^1, schedule: Mon-Fri 09:00-17:00 Europe/Berlin}", id="a schedule"),
    pytest.param(make(include=("1.10", "true", "2024-01-01", "no", "1e3", "~", "")), '{update: semver:^1, include: ["1.10", "true", "2024-01-01", "no", "1e3", "~", ""]}', id="texts that YAML reads as others"),
    pytest.param(make("regex:a # b"), "regex:a # b", id="a hash"),
    pytest.param(make("regex:a "), '{update: "regex:a "}', id="a blank at the end, which a comment would lose"),
    pytest.param(make("regex:a\nb"), '{update: "regex:a\\nb"}', id="a line end"),
]  # fmt: skip


@pytest.mark.parametrize(("policy", "text"), SHORT)
def test_the_text_of_a_policy(policy, text):
    assert format_policy(policy) == text
    assert read_back(text) == policy


def read_back(text):
    policy, problems = read_comment(Comment(text=text, location=PLACE))
    assert problems == ()
    return replace(policy, name="p", source=None)


patterns = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12)
globs = st.lists(st.one_of(patterns, st.sampled_from(["*.sig", "1.10", "[ab]", "null"])), max_size=3)  # fmt: skip
regexes = st.sampled_from([r"^v(\d+)$", "a|b", "(?i)x", "[^a]", r"\.", "a b", "'", '"', "a{1,2}", "é", "a\tb", "#", ": ", "\u2028", "&*!%@`"])  # fmt: skip
expressions = st.one_of(
    st.sampled_from(["latest", "digest:1.2", "alphabetical:desc", "numerical:asc", "none", "semver:*", "semver:>=1 <2 || ~3.1"]),
    st.one_of(patterns, regexes).map("glob:{}".format),
    regexes.map("regex:{}".format),
)  # fmt: skip


@st.composite
def policies(draw):
    versions = draw(st.sampled_from(VersionScheme))
    update = parse_expression(draw(expressions), versions)
    pinned = draw(st.booleans())
    filters = st.builds(TagFilter, regexes, st.sampled_from(["", "$1", "${x}.$1", "1", "a: b"]))
    platforms = st.frozensets(st.sampled_from([Platform("linux", "amd64"), Platform("linux", "arm", "v7")]))  # fmt: skip
    return Policy(
        name="p",
        update=update,
        filter=draw(st.none() | filters),
        include=tuple(draw(globs)),
        exclude=tuple(draw(globs)),
        exclude_matching=tuple(draw(st.lists(regexes, max_size=2))),
        platforms=draw(platforms),
        prerelease=draw(st.booleans()),
        pin_digest=pinned,
        keep_digest=pinned and update.kind is not PolicyKind.DIGEST and draw(st.booleans()),
        min_age=draw(st.none() | st.integers(0, 10**7).map(lambda s: timedelta(seconds=s))),
        schedule=draw(st.none() | st.sampled_from(["09:00-17:00", "Mon-Fri 09:00-17:00 Europe/Berlin; Sat 10:00-12:00"])),
        allow_downgrade=draw(st.booleans()),
        allow_variant_change=draw(st.booleans()),
        versions=versions,
    )  # fmt: skip


@given(policies())
def test_a_policy_reads_back_as_itself(policy):
    assert read_back(format_policy(policy)) == policy


@given(policies())
def test_as_an_annotation_and_as_a_comment_too(policy):
    path, text = RepoPath("a.yaml"), format_policy(policy)
    data = b"kind: Pod\nmetadata:\n  name: a\n  annotations:\n    keel.sh/policy: minor\n"
    (beside,) = scan_file(path, data).declarations
    new = NewAnnotation(beside=beside.location, key="automator.dev/policy", value=text)
    assert scan_file(path, Annotator(path, data).apply([new])).declarations[1].value == text
    assert text.isprintable()
    (found,) = scan_file(path, f"image: a/b:1 # automator: {text}\n".encode()).fields
    assert found.comment.text == text
