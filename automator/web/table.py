"""The table: one row a container; filtered, sorted, grouped and paged as a reader asks. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from automator.model.plan import Status, Unchanged
from automator.report.shapes import workload_shape
from automator.report.words import age_behind
from automator.survey.containers import Container
from automator.web.query import Grouping, Sort, TableQuery


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`shape` is what `automator workloads -o json` says of the container. `text` is what words are searched in."""

    config_repo: str
    namespace: str
    workload: str
    container: str
    path: str
    line: int
    status: Status
    behind: int
    age: timedelta | None
    until: datetime | None
    shape: Mapping[str, Any]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """`name` is empty where rows are not grouped; `total` counts its rows on all pages."""

    name: str
    total: int
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TablePage:
    """`total` counts the rows that the query finds; `statuses` those it would find with every status."""

    query: TableQuery
    total: int
    groups: tuple[Group, ...]
    statuses: Mapping[Status, int] = field(default_factory=dict)

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.query.per_page))

    @property
    def rows(self) -> list[Row]:
        return [row for group in self.groups for row in group.rows]


_SEARCHED = (
    "config_repo",
    "workload",
    "container",
    "image",
    "current",
    "latest",
    "policy",
    "status",
)


def make_row(
    config_repo: str,
    container: Container,
    current_at: datetime | None = None,
    latest_at: datetime | None = None,
) -> Row:
    """Of a container that was decided; the times are those at which its two images were built."""
    shape = workload_shape(config_repo, container, current_at, latest_at)
    decision, found = container.decision, container.field
    said = [str(shape[column] or "") for column in _SEARCHED]
    return Row(
        config_repo=config_repo,
        namespace=found.workload.namespace,
        workload=str(found.workload),
        container=found.container,
        path=found.location.path,
        line=found.location.line,
        status=Status(shape["status"]),
        behind=shape["behind"] or 0,
        age=age_behind(current_at, latest_at),
        until=decision.until if isinstance(decision, Unchanged) else None,
        shape=shape,
        text=" ".join([*said, *shape["reaches"]]).casefold(),
    )


def find_rows(rows: Sequence[Row], query: TableQuery) -> TablePage:
    """Sorting is stable: rows that are equal in the column stand by config repo, workload and container."""
    words = query.q.casefold().split()
    found = [
        row
        for row in rows
        if (not query.config_repo or row.config_repo == query.config_repo)
        and (not query.namespace or row.namespace == query.namespace)
        and all(word in row.text for word in words)
    ]
    statuses = Counter(row.status for row in found)
    if query.status:
        found = [row for row in found if row.status in query.status]
    found.sort(key=_place)
    found.sort(key=_KEYS[query.column], reverse=query.descending)
    start = (query.page - 1) * query.per_page
    return TablePage(
        query=query,
        total=len(found),
        groups=_groups(found, query.group, start, start + query.per_page),
        statuses={status: statuses[status] for status in Status if statuses[status]},
    )


def _groups(rows: Sequence[Row], by: Grouping, start: int, end: int) -> tuple[Group, ...]:
    if by is Grouping.NONE:
        shown = tuple(rows[start:end])
        return (Group(name="", total=len(rows), rows=shown),) if shown else ()
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        name = row.namespace if by is Grouping.NAMESPACE else row.config_repo
        grouped.setdefault(name, []).append(row)
    result: list[Group] = []
    passed = 0
    for name in sorted(grouped):
        members = grouped[name]
        shown = tuple(members[max(0, start - passed) : max(0, end - passed)])
        if shown:
            result.append(Group(name=name, total=len(members), rows=shown))
        passed += len(members)
    return tuple(result)


def _place(row: Row) -> tuple[str, ...]:
    return row.config_repo, row.workload, row.container, row.path


_URGENCY = {
    status: number
    for number, status in enumerate(
        (
            Status.REGISTRY_FAILING,
            Status.HELD,
            Status.UPDATABLE,
            Status.LOCKED,
            Status.WARMING,
            Status.NO_MATCH,
            Status.UP_TO_DATE,
            Status.OVERRIDDEN,
            Status.NO_POLICY,
        )
    )
}
"""What needs a person's eye stands first."""

_KEYS: Mapping[Sort, Any] = {
    Sort.WORKLOAD: lambda row: row.workload,
    Sort.CONTAINER: lambda row: row.container,
    Sort.IMAGE: lambda row: row.shape["image"],
    Sort.BEHIND: lambda row: row.behind,
    Sort.AGE: lambda row: row.age or timedelta(0),
    Sort.POLICY: lambda row: row.shape["policy"] or "",
    Sort.STATUS: lambda row: _URGENCY[row.status],
    Sort.CONFIG_REPO: lambda row: row.config_repo,
}
