"""What a reader asks of the table, as it stands in the address of a page and of the API."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from automator.model.plan import Status


class Sort(StrEnum):
    """With a minus before it: descending."""

    WORKLOAD = "workload"
    CONTAINER = "container"
    IMAGE = "image"
    BEHIND = "behind"
    AGE = "age"
    POLICY = "policy"
    STATUS = "status"
    CONFIG_REPO = "config_repo"


class Grouping(StrEnum):
    NONE = "none"
    NAMESPACE = "namespace"
    CONFIG_REPO = "config_repo"


class TableQuery(BaseModel):
    """`q` are words that must all be found in a row; without `status` every status counts."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    q: Annotated[
        str, Field(max_length=200, description="Words, each of which a row must contain.")
    ] = ""
    status: Annotated[frozenset[Status], Field(description="Only rows of these statuses.")] = (
        frozenset()
    )
    config_repo: Annotated[str, Field(max_length=200, description="Only this config repo.")] = ""
    namespace: Annotated[str, Field(max_length=300, description="Only this namespace.")] = ""
    sort: Annotated[
        str,
        Field(
            pattern=f"^-?({'|'.join(Sort)})$",
            description="The column to sort by; a minus before it: descending.",
        ),
    ] = Sort.WORKLOAD
    group: Annotated[Grouping, Field(description="Rows of one group stand together.")] = (
        Grouping.NONE
    )
    page: Annotated[int, Field(ge=1, le=100_000, description="Counted from 1.")] = 1
    per_page: Annotated[int, Field(ge=1, le=1000, description="Rows on a page.")] = 100

    @property
    def column(self) -> Sort:
        return Sort(self.sort.removeprefix("-"))

    @property
    def descending(self) -> bool:
        return self.sort.startswith("-")
