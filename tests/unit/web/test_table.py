"""What a reader asks of the table, and what is shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from automator.model.plan import Status
from automator.web.query import Sort, TableQuery
from automator.web.table import find_rows
from tests.unit.web.rows import make_row

ROWS = [
    make_row("shop:deployment/carts", status=Status.UPDATABLE, behind=3, age_days=90),
    make_row("shop:deployment/user", image="user", status=Status.HELD, behind=45, age_days=2),
    make_row("shop:deployment/user", image="sidecar", container="proxy"),
    make_row("site:statefulset/db", image="postgres", config_repo="site", policy=""),
]


def found(**query):
    return [(row.workload, row.container) for row in find_rows(ROWS, TableQuery(**query)).rows]


CARTS, USER = ("shop:deployment/carts", "main"), ("shop:deployment/user", "main")
PROXY, DB = ("shop:deployment/user", "proxy"), ("site:statefulset/db", "main")

QUERIES = [
    ({}, [CARTS, USER, PROXY, DB]),
    ({"q": "user"}, [USER, PROXY]),
    ({"q": "USER Sidecar"}, [PROXY]),
    ({"q": "user postgres"}, []),
    ({"q": "   "}, [CARTS, USER, PROXY, DB]),
    ({"status": [Status.HELD]}, [USER]),
    ({"status": [Status.HELD, Status.UPDATABLE]}, [CARTS, USER]),
    ({"config_repo": "site"}, [DB]),
    ({"namespace": "shop", "q": "proxy"}, [PROXY]),
    ({"sort": "-workload"}, [DB, USER, PROXY, CARTS]),
    ({"sort": "-behind"}, [USER, CARTS, PROXY, DB]),
    ({"sort": "-age"}, [CARTS, USER, PROXY, DB]),
    ({"sort": "status"}, [USER, CARTS, PROXY, DB]),
    ({"sort": "image"}, [CARTS, DB, PROXY, USER]),
    ({"per_page": 2, "page": 2}, [PROXY, DB]),
    ({"per_page": 2, "page": 9}, []),
    ({"group": "config_repo", "sort": "-workload"}, [USER, PROXY, CARTS, DB]),
    ({"group": "namespace", "per_page": 3, "page": 2}, [DB]),
]


@pytest.mark.parametrize(("query", "rows"), QUERIES, ids=lambda value: str(value)[:40])
def test_rows_are_found_and_ordered(query, rows):
    assert found(**query) == rows


def test_counts_tell_what_other_statuses_would_find():
    page = find_rows(ROWS, TableQuery(q="shop:", status={Status.HELD}))
    assert page.total == 1
    assert page.statuses == {Status.UP_TO_DATE: 1, Status.UPDATABLE: 1, Status.HELD: 1}


def test_a_group_tells_of_all_its_rows_also_on_other_pages():
    page = find_rows(ROWS, TableQuery(group="namespace", per_page=2))
    assert [(group.name, group.total, len(group.rows)) for group in page.groups] == [("shop", 3, 2)]
    assert page.pages == 2


@pytest.mark.parametrize(
    "query",
    [{"sort": "nothing"}, {"sort": "--age"}, {"page": 0}, {"per_page": 1001}, {"status": ["odd"]}],
)
def test_what_no_table_has_is_refused(query):
    with pytest.raises(ValidationError):
        TableQuery(**query)


@given(
    sort=st.sampled_from([*Sort, *(f"-{one}" for one in Sort)]),
    group=st.sampled_from(["none", "namespace", "config_repo"]),
    per_page=st.integers(1, 5),
)
def test_pages_together_are_all_rows_once(sort, group, per_page):
    pages = [
        find_rows(ROWS, TableQuery(sort=sort, group=group, per_page=per_page, page=number))
        for number in range(1, len(ROWS) + 2)
    ]
    whole = find_rows(ROWS, TableQuery(sort=sort, group=group))
    assert [row for page in pages for row in page.rows] == whole.rows
    assert len(whole.rows) == len(ROWS)
