"""Addresses ask what a reader asked, and lead nowhere else."""

from urllib.parse import unquote, urljoin

import pytest
from starlette.datastructures import QueryParams
from wcmatch import glob

from automator.errors import UsageError
from automator.model.plan import Status
from automator.web.pages.addresses import (
    path_pattern,
    read_query,
    table_address,
    web_link,
    workload_address,
)
from automator.web.query import Grouping, TableQuery


def test_what_a_form_leaves_empty_was_not_asked():
    asked = read_query(QueryParams("q=&status=&config_repo=&namespace=&group=&page="))
    assert asked == TableQuery()


@pytest.mark.parametrize(
    "query",
    [
        TableQuery(),
        TableQuery(q="a b&c=d#é"),
        TableQuery(status=frozenset({Status.HELD, Status.UP_TO_DATE})),
        TableQuery(config_repo="shop", namespace="n/s", sort="-age", group=Grouping.NAMESPACE),
        TableQuery(page=3, per_page=50),
    ],
)
def test_a_question_survives_its_address(query):
    address = table_address(query, page=query.page)
    assert read_query(QueryParams(address.partition("?")[2])) == query


def test_another_question_begins_on_the_first_page():
    assert table_address(TableQuery(page=7, q="x"), sort="-age") == "/?q=x&sort=-age"


def test_statuses_are_given_as_a_template_has_them():
    query = TableQuery(status=frozenset({Status.LOCKED}))
    assert table_address(query, status=[]) == "/"
    assert (
        table_address(query, status=[Status.LOCKED, Status.HELD]) == "/?status=held&status=locked"
    )


@pytest.mark.parametrize("text", ["sort=colour", "page=0", "page=x", "status=lost", "group=mood"])
def test_what_has_no_meaning_is_refused_by_its_name(text):
    with pytest.raises(UsageError, match=text.partition("=")[0]):
        read_query(QueryParams(text))


@pytest.mark.parametrize(
    "workload",
    ["shop:deployment/carts", "n:k/a?b#c", "n:k/../../x", "n:k/.", "n:k/é ü%2F", "n:k/\udcff"],
)
def test_a_workload_is_found_where_its_address_leads(workload):
    address = urljoin("http://host/", workload_address("re po", workload))
    path = address.removeprefix("http://host")
    assert "?" not in path
    assert "#" not in path
    assert unquote(path, errors="surrogateescape") == f"/workloads/re po/{workload}"


@pytest.mark.parametrize("path", ["deploy/a.yaml", "deploy/[b]/*.yaml", "a?.yaml", "!a/{b,c}.yaml"])
def test_a_pattern_means_one_file(path):
    flags = glob.GLOBSTAR | glob.DOTGLOB | glob.FORCEUNIX
    pattern = path_pattern(path)
    assert glob.globmatch(path, pattern, flags=flags)
    others = ["deploy/b/x.yaml", "ab.yaml", "deploy/a/a.yaml"]
    assert not any(glob.globmatch(other, pattern, flags=flags) for other in others)


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://git.example.com/a", "https://git.example.com/a"),
        ("http://git.example.com/a", "http://git.example.com/a"),
        ("javascript:alert(1)", ""),
        ("JavaScript:alert(1)", ""),
        (" https://git.example.com", ""),
        ("data:text/html,x", ""),
        ("//git.example.com", ""),
        ("", ""),
    ],
)
def test_only_the_web_is_linked_to(url, link):
    assert web_link(url) == link
