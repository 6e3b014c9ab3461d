"""Properties of selecting: order does not matter, precedence is SemVer's, and nothing crashes it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import semver
from hypothesis import given
from hypothesis import strategies as st

from automator.errors import InvalidExpression
from automator.model.image import Digest, ImageReference
from automator.model.policy import Policy, VersionScheme
from automator.model.selection import Outcome
from automator.model.tags import Detail, ImageFacts, Observed, TagList
from automator.select.constraint import parse_constraint
from automator.select.evaluate import evaluate, explain
from automator.select.expression import compile_regex, parse_expression, unanchored
from automator.select.order import parse_decimal
from automator.select.version import parse_semver, parse_strict, parse_version, prerelease_key
from automator.select.wanted import wanted_facts

NOW = datetime(2024, 6, 1, tzinfo=UTC)
EXPRESSIONS = [
    "semver:*",
    "semver:^1",
    "semver:>=1.0.0-0",
    "latest",
    "glob:*1*",
    "regex:[0-9.]+",
    "alphabetical:asc",
    "alphabetical:desc",
    "numerical:asc",
    "digest:latest",
]
number = st.integers(0, 12)
suffix = st.sampled_from(
    ["", "-alpine", "-rc.1", "-rc.10", "-beta", "-rc.2-alpine", "-debian-12-r3"]
)
tag = st.one_of(
    st.builds("{}{}.{}.{}{}".format, st.sampled_from(["", "v"]), number, number, number, suffix),
    st.builds("{}.{}{}".format, number, number, suffix),
    st.sampled_from(["latest", "main", "main-1", "7", "10", "3f2a91c"]),
)


def observe(tags, hours):
    facts = {
        name: ImageFacts(
            digest=Digest(name), created_at=NOW - timedelta(hours=hours[i % len(hours)])
        )
        for i, name in enumerate(sorted(tags))
    }
    return Observed(tag_list=TagList(tags=tuple(tags)), facts=facts)


@given(
    st.sampled_from(EXPRESSIONS),
    st.sampled_from(VersionScheme),
    tag,
    st.lists(tag, max_size=20, unique=True).flatmap(
        lambda tags: st.tuples(st.just(tags), st.permutations(tags))
    ),
    st.lists(st.integers(0, 5), min_size=1, max_size=20),
)
def test_selection_does_not_depend_on_the_order_of_the_tags(
    expression, versions, in_use, orders, hours
):
    policy = Policy(name="p", update=parse_expression(expression, versions), versions=versions)
    current = ImageReference("app", in_use)
    one, other = (observe(tags, hours) for tags in orders)
    assert evaluate(policy, current, one, NOW) == evaluate(policy, current, other, NOW)
    assert explain(policy, current, one, NOW) == explain(policy, current, other, NOW)
    assert wanted_facts(policy, current, one, NOW) == wanted_facts(policy, current, other, NOW)


identifier = st.one_of(
    st.integers(0, 99).map(str), st.sampled_from(["rc", "alpha", "beta", "rc1", "x", "A"])
)


@given(
    st.lists(
        st.tuples(number, number, number, st.lists(identifier, max_size=3).map(".".join)),
        min_size=2,
        max_size=2,
    )
)
def test_precedence_is_semver_s(versions):
    ours = [(*numbers, prerelease_key(pre)) for *numbers, pre in versions]
    theirs = [semver.Version(*numbers, pre or None) for *numbers, pre in versions]
    assert (ours[0] < ours[1]) == (theirs[0] < theirs[1])
    assert (ours[0] == ours[1]) == (theirs[0] == theirs[1])


@given(
    st.tuples(number, number, number, st.lists(identifier, max_size=3).map(".".join)),
    st.sampled_from(["", "v"]),
    st.sampled_from(["", "+b", "+01.x-y"]),
)
def test_what_semver_can_say_other_tools_read(parts, prefix, build):
    said = str(semver.Version(*parts[:3], parts[3] or None))
    version = parse_strict(f"{prefix}{said}{build}")
    assert version is not None
    assert (version.major, version.minor, version.patch, version.prerelease) == parts
    assert (version.prefix, version.variant, version.precision) == (prefix, "", 3)


@given(st.one_of(st.text(max_size=40), st.text(alphabet="v0123456789.-+_rc", max_size=20)))
def test_any_text_is_a_version_or_not(text):
    for parse in (parse_version, parse_semver):
        version = parse(text)
        assert version is None or version.precision in {1, 2, 3}
    strict = parse_strict(text)
    assert strict is None or (strict == parse_semver(text) and strict.precision == 3)


def assert_parses_or_points(parse, text):
    try:
        parse(text)
    except InvalidExpression as error:
        start, end = error.start, error.end
    else:
        start = end = 0
    assert 0 <= start <= end <= len(text)


@given(st.text(alphabet="0123456789.xX*^~<>=!|, -vrc", max_size=20), st.sampled_from(VersionScheme))
def test_any_text_is_a_range_or_an_error_inside_it(text, versions):
    assert_parses_or_points(partial(parse_constraint, versions=versions), text)


pattern = st.recursive(
    st.sampled_from(["a", "b", ".", "[ab]", "^", "$", "\\b", ""]),
    lambda inner: st.one_of(
        st.builds("{}{}".format, inner, inner),
        st.builds("({})".format, inner),
        st.builds("(?:{}|{})".format, inner, inner),
        st.builds("(?:{}){}".format, inner, st.sampled_from(["*", "+", "?", "*?", "+?", "??"])),
    ),
    max_leaves=8,
)


@given(pattern, st.text(alphabet="abc-", max_size=8))
def test_unanchored_is_a_search(pattern, text):
    searched = compile_regex(pattern).search(text)
    whole = compile_regex(unanchored(pattern)).fullmatch(text)
    assert (whole and whole.groups()) == (searched and searched.groups())


@given(st.text(max_size=30))
def test_any_text_is_an_expression_or_an_error_inside_it(text):
    assert_parses_or_points(parse_expression, text)


ORDERS = {
    "semver:*": lambda text: (version := parse_version(text)) and version.key,
    "numerical:asc": parse_decimal,
    "alphabetical:asc": lambda text: text,
}


@given(
    st.sampled_from(list(ORDERS)),
    tag,
    st.lists(tag, max_size=10, unique=True),
    st.sampled_from([{}, {"exclude": ("*0*", "v*")}, {"include": ("1*",)}]),
)
def test_nothing_goes_back_whatever_the_policy_makes_of_the_tag_in_use(
    expression, in_use, tags, limits
):
    policy = Policy(name="p", update=parse_expression(expression), **limits)
    observed = Observed(tag_list=TagList(tags=(*tags, in_use)))
    selection = evaluate(policy, ImageReference("app", in_use), observed, NOW)
    before = ORDERS[expression](in_use)
    if selection.outcome is Outcome.UPDATE and before is not None:
        assert ORDERS[expression](selection.tag) >= before


def told_by_a_list(facts):
    """What a registry's own list of times tells of an image."""
    return replace(facts, created_at=None, detail=Detail.DIGEST)


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=12),
    st.integers(0, 11),
    st.sampled_from(["latest", "glob:b[0-4]"]),
)
def test_push_times_lead_to_the_selection_that_all_creation_times_would_give(
    ages, in_use, expression
):
    """Each image has a creation time and was pushed some days after it; only what is wanted is revealed."""
    full = {
        f"b{n}": ImageFacts(
            digest=Digest(f"sha256:{n:064d}"),
            created_at=NOW - timedelta(days=200 - created),
            pushed_at=NOW - timedelta(days=200 - created - later),
        )
        for n, (created, later) in enumerate(ages)
    }
    policy = Policy(name="p", update=parse_expression(expression))
    current = ImageReference("app", f"b{in_use % len(ages)}")
    tag_list = TagList(tags=tuple(full))
    shown = {tag: told_by_a_list(facts) for tag, facts in full.items()}
    looks = 0
    while (
        wanted := wanted_facts(policy, current, Observed(tag_list=tag_list, facts=shown), NOW)
    ).tags:
        shown |= {tag: full[tag] for tag in wanted.tags}
        looks += len(wanted.tags)
    lazily = evaluate(policy, current, Observed(tag_list=tag_list, facts=shown), NOW)
    wholly = evaluate(policy, current, Observed(tag_list=tag_list, facts=full), NOW)
    assert (lazily.outcome, lazily.tag) == (wholly.outcome, wholly.tag)
    assert looks <= len(ages)
