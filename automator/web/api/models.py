"""What the API answers, as its OpenAPI document describes it. The shapes themselves are made in `report`, for the command
line alike; nothing is validated on the way out, the tests compare both.
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from automator.model.plan import Status


def _text(description: str) -> object:
    return Field(description=description)


Workload = Annotated[str, _text("`namespace:kind/name`.")]
Container = Annotated[str, _text("The container's name in the workload.")]
RepoName = Annotated[str, _text("The name of the config repo.")]
Commit = Annotated[str, _text("The full hexadecimal id of a commit.")]
Reaches = Annotated[
    list[str], _text("The workloads whose image a Kustomize entry sets; mostly empty.")
]
Moved = Annotated[
    str | None,
    _text("That the tag in use, which looks immutable, was pushed again: what it was and is."),
]
PolicyText = Annotated[
    str | None, _text("The policy in force with its name, or null where there is none.")
]


class Problem(BaseModel):
    """Something went wrong."""

    error: Annotated[str, _text("What, in a sentence for people.")]
    hint: Annotated[str, _text("What to do about it; may be empty.")]


class WorkloadRow(BaseModel):
    """A container: what it runs, what it could run, and why it does not."""

    config_repo: RepoName
    workload: Workload
    container: Container
    image: Annotated[str, _text("The image's name as it is written, without tag and digest.")]
    current: Annotated[str, _text("The tag in use, or else the digest; may be empty.")]
    behind: Annotated[
        int | None, _text("So many candidates are newer than the image in use; null: not known.")
    ]
    current_created_at: Annotated[
        datetime | None, _text("When the image in use was built, where it is behind and known.")
    ]
    latest: Annotated[str | None, _text("The tag that the policy selects.")]
    latest_created_at: Annotated[
        datetime | None, _text("When the selected image was built, where it is newer and known.")
    ]
    policy: PolicyText
    status: Annotated[Status, _text("How it is with the container.")]
    reason: Annotated[str, _text("Why the status is this one.")]
    reaches: Reaches
    moved: Moved


class WorkloadsPage(BaseModel):
    """`workloads` as `automator workloads -o json` prints them, a page of them."""

    workloads: Annotated[
        list[WorkloadRow], _text("The rows of this page; rows of one group stand together.")
    ]
    total: Annotated[int, _text("Rows on all pages.")]
    page: Annotated[int, _text("This page, counted from 1.")]
    pages: Annotated[int, _text("So many pages there are: at least 1.")]
    statuses: Annotated[
        dict[Status, int], _text("Rows of each status, were `status` not in the query.")
    ]


class ImageAbout(BaseModel):
    """What an image says of itself; from its image manifest and config blob."""

    tag: Annotated[str, _text("The tag.")]
    digest: Annotated[str, _text("What the tag points to.")]
    created_at: Annotated[datetime | None, _text("When it says that it was built.")]
    size_bytes: Annotated[int | None, _text("Its compressed layers, in bytes.")]
    platforms: Annotated[list[str], _text("`linux/amd64` and the like.")]
    source: Annotated[str, _text("Label `org.opencontainers.image.source`; may be empty.")]
    revision: Annotated[str, _text("Label `org.opencontainers.image.revision`; may be empty.")]
    version: Annotated[str, _text("Label `org.opencontainers.image.version`; may be empty.")]


class TagVerdict(BaseModel):
    """What the policy says of a tag."""

    tag: Annotated[str, _text("The tag.")]
    accepted: Annotated[bool, _text("Whether it is a candidate.")]
    reason: Annotated[str, _text("One of a fixed set of reasons: see the policies' reference.")]


class ExplainedContainer(BaseModel):
    """Why a container runs what it runs."""

    workload: Workload
    container: Container
    image: Annotated[str, _text("The image reference in use.")]
    path: Annotated[str, _text("The file where it is written.")]
    line: Annotated[int, _text("The line, counted from 1.")]
    reaches: Reaches
    policy: PolicyText
    policy_source: Annotated[str | None, _text("Where the policy is written: `file:line:column`.")]
    result: Annotated[str, _text("What the policy comes to, and why.")]
    moved: Moved
    images: Annotated[list[ImageAbout], _text("The image in use and the selected one.")]
    tags: Annotated[list[TagVerdict], _text("A verdict for each tag, the best first.")]


class Explained(BaseModel):
    """As `automator explain -o json` prints it."""

    containers: Annotated[list[ExplainedContainer], _text("Those of the workload.")]


class HistoryUpdate(BaseModel):
    """An image that moved, or what a person did to a workload, as the audit log in Git has it."""

    config_repo: RepoName
    commit: Commit
    at: Annotated[datetime, _text("When it was committed.")]
    author: Annotated[str, _text("Whose commit it is.")]
    workload: Workload
    container: Annotated[str, _text("The container; empty for an action that moved no image.")]
    from_: Annotated[str, Field(alias="from", description="The image reference before; or empty.")]
    to: Annotated[str, _text("The image reference since; or empty.")]
    policy: Annotated[str | None, _text("The policy, or the action, that moved it.")]
    digest: Annotated[str | None, _text("The digest of the new image, where the commit tells it.")]


class History(BaseModel):
    """As `automator history -o json` prints it."""

    updates: Annotated[list[HistoryUpdate], _text("The newest first, by config repo.")]


class PlannedChange(BaseModel):
    """A container's move from one image to another."""

    workload: Workload
    container: Container
    path: Annotated[str, _text("The file that is edited.")]
    from_: Annotated[str, Field(alias="from", description="The image reference before.")]
    to: Annotated[str, _text("The image reference afterwards.")]
    policy: Annotated[str, _text("The policy, or the action, that moves it.")]
    reason: Annotated[str, _text("Why.")]


class RepoPlan(BaseModel):
    """What is to change in a config repo."""

    name: RepoName
    commit: Annotated[str | None, _text("The head that was read; null before the first time.")]
    changes: Annotated[list[PlannedChange], _text("What would change.")]
    errors: Annotated[list[str], _text("What stands in the way.")]


class Plans(BaseModel):
    """As `automator plan -o json` prints it, of the head that the last pass read."""

    repos: Annotated[list[RepoPlan], _text("A plan for each config repo.")]


class ConfigRepoState(BaseModel):
    """How it is with a config repo."""

    name: RepoName
    commit: Annotated[str | None, _text("The head last read; null before the first time.")]
    passed_at: Annotated[datetime | None, _text("When the last pass that worked ended.")]
    error: Annotated[str, _text("Why the last pass failed; empty if it worked.")]
    hint: Annotated[str, _text("What to do about that; may be empty.")]
    retry_at: Annotated[datetime | None, _text("When a pass that failed is tried again.")]
    workloads: Annotated[int, _text("Containers at the head last read.")]
    statuses: Annotated[dict[Status, int], _text("Containers of each status.")]


class ConfigRepos(BaseModel):
    config_repos: Annotated[list[ConfigRepoState], _text("In the order of the configuration.")]


class QuotaState(BaseModel):
    """What a registry says of the requests that are left."""

    limit: Annotated[int | None, _text("Requests in all, where it tells.")]
    remaining: Annotated[int, _text("Requests that are left.")]
    resets_in_seconds: Annotated[float | None, _text("Until all are there again, where it tells.")]
    window_seconds: Annotated[float | None, _text("Length of a sliding window, where it tells.")]


class FailingRepository(BaseModel):
    """An image repository that a policy needs, and whose last poll failed."""

    image_repository: Annotated[str, _text("`registry/repository`.")]
    error: Annotated[str, _text("Why.")]


class RegistryState(BaseModel):
    """How it is with a registry host."""

    host: Annotated[str, _text("Its name, with a port where it has one.")]
    requests: Annotated[int, _text("Requests sent since the daemon started, or was configured.")]
    throttled: Annotated[int, _text("Answers among them that asked for fewer requests (429).")]
    requests_per_second: Annotated[float, _text("At most so many are sent in a second, now.")]
    circuit: Annotated[
        Literal["closed", "open", "probing"],
        _text("`open`: it fails, and is left alone; `probing`: one request tries it again."),
    ]
    failures: Annotated[int, _text("Failures in a row.")]
    paused_seconds: Annotated[float, _text("So long nothing is sent, as it asked; mostly 0.")]
    quota: Annotated[QuotaState | None, _text("Null where it tells of none.")]
    failing: Annotated[list[FailingRepository], _text("Its image repositories that fail.")]


class Registries(BaseModel):
    registries: Annotated[list[RegistryState], _text("Those that were asked for something.")]


class PersonShape(BaseModel):
    name: Annotated[str, _text("The name in the commits that this person asks for.")]
    email: Annotated[str, _text("The mail address in them.")]


class Me(BaseModel):
    """Who asks."""

    person: Annotated[PersonShape | None, _text("Null for who is not logged in.")]
    may_act: Annotated[bool, _text("Whether this person may do more than read.")]
    csrf: Annotated[
        str,
        _text(
            "Goes with requests that a session's cookie proves, as header `X-CSRF-Token`; may be empty."
        ),
    ]


class Acted(BaseModel):
    """As `automator lock -o json` and the other actions print it, with a status."""

    status: Annotated[Literal[200], _text("It is done, or would be.")]
    config_repo: RepoName
    commit: Annotated[
        str | None, _text("The commit; null in a dry run, and where it was so already.")
    ]
    diff: Annotated[str, _text("Unified, as `git diff` shows it; empty where it was so already.")]
    diff_id: Annotated[str, _text("Names the diff; see `seen`.")]
    changes: Annotated[list[PlannedChange], _text("Images that move.")]
    notes: Annotated[list[str], _text("What a person should know of it.")]


class NotActed(BaseModel):
    """An action that was not carried out; it changed nothing."""

    status: Annotated[int, Field(ge=400, le=599, description="What it would be answered alone.")]
    error: Annotated[str, _text("Why not.")]
    hint: Annotated[str, _text("What to do about it; may be empty.")]


class ActionResults(BaseModel):
    results: Annotated[
        list[Acted | NotActed], _text("One for each action, in the order of the request.")
    ]


class Synced(BaseModel):
    """What is polled now. It is not waited for: `/events` tells when a pass has brought news."""

    config_repos: Annotated[list[str], _text("Their names.")]
