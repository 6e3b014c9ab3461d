"""What include, exclude and filter leave of the tags, and what is extracted of them."""

import pytest

from automator.errors import InvalidExpression
from automator.model.policy import Expression, Policy, PolicyKind, TagFilter
from automator.model.selection import Reason
from automator.select.expression import compile_regex, parse_expression, unanchored
from automator.select.filters import make_filter

LATEST = Expression(PolicyKind.LATEST, "", "latest")


def passed(tag, **options):
    return make_filter(Policy(name="p", update=LATEST, **options))(tag)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        pytest.param("$1", "12", id="by number"),
        pytest.param("${1}", "12", id="in braces"),
        pytest.param("$maj", "12", id="by name"),
        pytest.param("${maj}.${min}.0", "12.7.0", id="braces end a name"),
        pytest.param("$maj.$min.0", "12.7.0", id="a full stop ends a name"),
        pytest.param("$1x", "", id="the group named 1x, which there is not"),
        pytest.param("${1}x", "12x", id="the first group, and an x"),
        pytest.param("$maj_$min", "7", id="the group named maj_, which there is not"),
        pytest.param("$01", "", id="a leading zero makes it a name"),
        pytest.param("$0", "v12.7", id="the whole match"),
        pytest.param("$3", "", id="a group that took no part"),
        pytest.param("$9", "", id="no such group"),
        pytest.param("$99999999999999999999", "", id="no such number"),
        pytest.param("$²", "", id="a digit that is no number"),
        pytest.param("$none", "", id="no such name"),
        pytest.param("$$1", "$1", id="a dollar sign"),
        pytest.param("a$", "a$", id="a dollar sign at the end"),
        pytest.param("$-1", "$-1", id="a dollar sign before no name"),
        pytest.param("${1", "${1", id="an open brace"),
        pytest.param("${}", "${}", id="no name in the braces"),
    ],
)
def test_extract_expands_as_go_does(template, text):
    tag_filter = TagFilter(r"v(?P<maj>\d+)\.(?P<min>\d+)(-.*)?", template)
    assert passed("v12.7", filter=tag_filter) == text


@pytest.mark.parametrize(
    ("tag", "patterns", "expected"),
    [
        ("1.0.0", (), "1.0.0"),
        ("1.0.0.sig", (r"^.*\.sig$",), Reason.EXCLUDED),
        ("1.0.0.sig.1", (r"^.*\.sig$",), "1.0.0.sig.1"),
        ("abc", ("x", "b"), Reason.EXCLUDED),
        ("abc", ("^b",), "abc"),
    ],
)
def test_exclude_matching_looks_anywhere_in_a_tag(tag, patterns, expected):
    assert passed(tag, exclude_matching=patterns) == expected


def test_exclude_matching_is_stronger_than_include():
    assert passed("abc", include=("abc",), exclude_matching=("b",)) is Reason.EXCLUDED


@pytest.mark.parametrize(
    ("pattern", "tag", "groups"),
    [
        pytest.param("b+", "abba", (), id="in the middle"),
        pytest.param("^v", "v1", (), id="anchored at the start"),
        pytest.param("^v", "av1", None, id="and not there"),
        pytest.param("1$", "v1", (), id="anchored at the end"),
        pytest.param("1$", "v12", None, id="and not there either"),
        pytest.param("a|b", "xb", (), id="the bar stays inside"),
        pytest.param("(?i)^REL", "rel1", (), id="the flag stays inside"),
        pytest.param("", "a", (), id="empty"),
        pytest.param("([0-9]+)", "a12b345", ("12",), id="the leftmost match"),
        pytest.param("(a|ab)(c|bcd)", "xabcd", ("a", "bcd"), id="the first way to match"),
        pytest.param("([0-9]+?)", "a12", ("1",), id="lazy"),
        pytest.param("(x)?(a)", "ca", (None, "a"), id="a group that took no part"),
    ],
)  # fmt: skip
def test_unanchored_matches_anywhere_with_the_groups_of_the_leftmost_match(pattern, tag, groups):
    found = compile_regex(unanchored(pattern)).fullmatch(tag)
    assert (found and found.groups()) == groups


@pytest.mark.parametrize("pattern", ["(", "a)(b", "a)|(?:b", "a\\", "(?!a)", r"(a)\1", "[="])
def test_unanchored_refuses_what_is_no_expression_by_itself(pattern):
    with pytest.raises(InvalidExpression) as caught:
        unanchored(pattern)
    assert repr(pattern) in caught.value.message


def test_a_range_of_more_digits_than_a_number_can_have_is_refused():
    text = f"semver:^1.{'9' * 5000}"
    with pytest.raises(InvalidExpression):
        parse_expression(text)
