"""`/workloads/CONFIG_REPO/WORKLOAD`: why it runs what it runs, what it ran before, and what can be done."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import anyio
from starlette.requests import Request
from starlette.responses import Response

from automator.config.policy_file import format_policy
from automator.errors import InvalidReference, RegistryError
from automator.model.image import ImageReference
from automator.model.policy import PolicyKind
from automator.model.tags import ImageFacts, Wanted
from automator.observe.patience import Patience
from automator.report.history import HistoryEntry
from automator.report.links import patterns_for, source_link
from automator.survey.containers import Container
from automator.web.pages.addresses import path_pattern, web_link
from automator.web.pages.site import Site
from automator.web.table import Row, make_row

_TAGS_SHOWN = 100
_HISTORY_SHOWN = 50
_SOURCES_ASKED = 20
_PATIENCE_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerView:
    """`told` is what `explain` says; `pattern` means its file alone; `ignoring` is, for each accepted tag, the policy in force without it."""

    row: Row
    told: Mapping[str, Any]
    tags: Sequence[Mapping[str, Any]]
    pattern: str
    file_link: str
    policy_link: str
    policy_text: str
    sources: Mapping[str, str]
    releases: Mapping[str, str]
    ignoring: Mapping[str, str]


def _not_read_yet(site: Site, request: Request, error: str) -> Response:
    """Asked for again by the browser, which needs no script for that."""
    hint = "The config repo has not been read yet: this page shows the workload as soon as it is."
    context = {"title": "Not read yet", "error": error, "hint": hint}
    headers = {"Refresh": "5"}
    return site.page(request, "error.html", context, status_code=503, headers=headers)


async def workload_page(site: Site, request: Request) -> Response:
    config_repo, workload = request.path_params["config_repo"], request.path_params["workload"]
    all_tags = request.query_params.get("tags") == "all"
    status = site.desk.status(config_repo)
    if status.survey is None:
        return _not_read_yet(site, request, status.error)
    containers = site.desk.containers(config_repo, workload)
    told = await site.desk.explain(config_repo, workload)
    views = [
        _view(site, config_repo, container, one, all_tags=all_tags)
        for container, one in zip(containers, told, strict=True)
    ]
    history = await _history(site, config_repo, workload, containers)
    context = {
        "config_repo": config_repo,
        "workload": workload,
        "views": views,
        "files": list(dict.fromkeys((view.row.path, view.pattern) for view in views)),
        "names": list(dict.fromkeys(view.row.container for view in views)),
        "history": history,
        "sources": await _sources(site, containers, [entry for entry, _ in history]),
        "locked": any(one.declared and one.declared.locked for one in containers),
        "stays": all(one.declared and one.declared.automated is False for one in containers),
    }
    return site.page(request, "workload.html", context)


def _view(
    site: Site, config_repo: str, container: Container, told: Mapping[str, Any], *, all_tags: bool
) -> ContainerView:
    image, selection, policy = container.field.image, container.selection, container.policy
    built_at = {
        one["tag"]: datetime.fromisoformat(one["created_at"])
        for one in told["images"]
        if one["created_at"]
    }
    latest = None if selection is None else selection.tag
    tags = told["tags"] if all_tags else told["tags"][:_TAGS_SHOWN]
    return ContainerView(
        row=make_row(
            config_repo, container, built_at.get(image.tag or ""), built_at.get(latest or "")
        ),
        told=told,
        tags=tags,
        pattern=path_pattern(told["path"]),
        file_link=_file_link(site, config_repo, told["path"], told["line"]),
        policy_link=_policy_link(site, config_repo, container),
        policy_text="" if policy is None else format_policy(policy),
        sources={
            one["tag"]: web_link(source_link(one["source"], one["revision"]))
            for one in told["images"]
        },
        releases={
            one["tag"]: web_link(patterns_for(one["source"]).releases) for one in told["images"]
        },
        ignoring=_ignoring(container, tags),
    )


def _ignoring(container: Container, tags: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    policy = container.policy
    if policy is None or policy.update.kind in {PolicyKind.NONE, PolicyKind.DIGEST}:
        return {}
    return {
        one["tag"]: format_policy(replace(policy, exclude=(*policy.exclude, one["tag"])))
        for one in tags
        if one["accepted"] and one["tag"] != container.field.image.tag
    }


def _file_link(site: Site, config_repo: str, path: str, line: int) -> str:
    """At the commit last read, where the line is the line."""
    commit = site.desk.board.repos[config_repo].commit
    return web_link(site.desk.links[config_repo].file_link(commit, path, line))


def _policy_link(site: Site, config_repo: str, container: Container) -> str:
    """Empty for a policy file's: it is on automator's own disk."""
    policy = container.policy
    if policy is None or policy.source is None:
        return ""
    if any(policy is rule.policy for rule in site.desk.repos[config_repo].rules):
        return ""
    return _file_link(site, config_repo, policy.source.path, policy.source.line)


async def _history(
    site: Site, config_repo: str, workload: str, containers: Sequence[Container]
) -> list[tuple[HistoryEntry, str]]:
    """Newest first; of the Kustomize entries that set its images, too."""
    names = dict.fromkeys([workload, *(str(one.field.workload) for one in containers)])
    entries = [
        entry
        for name in names
        for entry in await site.desk.history(config_repo, workload=name, limit=_HISTORY_SHOWN)
    ]
    entries.sort(key=lambda entry: entry.at, reverse=True)
    return [(entry, site.commit_link(config_repo, entry.commit)) for entry in entries]


async def _sources(
    site: Site, containers: Sequence[Container], entries: Sequence[HistoryEntry]
) -> dict[str, tuple[str, str]]:
    """The source revisions of images that it ran, with links, by image; those whose tags have moved since are left out."""
    tools = site.desk.tools
    found: dict[str, tuple[str, str]] = {}
    repositories = {
        one.field.image.repository for one in containers if one.observed_repository is not None
    } - {one.field.image.repository for one in containers if one.failure is not None}
    patience = Patience(deadline=tools.clock.monotonic_seconds() + _PATIENCE_SECONDS)
    for repository in sorted(repositories):
        images = [
            (entry, image.tag)
            for entry in entries[:_SOURCES_ASKED]
            if (image := _parse(entry.to_image)) and image.tag and image.repository == repository
        ]
        wanted = Wanted(tags=tuple(dict.fromkeys(tag for _, tag in images)))
        known: Mapping[str, ImageFacts] = {}
        # Of failures the passes tell; the end of a request that hangs is not waited for.
        with suppress(RegistryError), anyio.move_on_after(_PATIENCE_SECONDS):
            known = (await tools.observer.facts(repository, wanted, patience)).known
        for entry, tag in images:
            facts = known.get(tag)
            if facts is not None and entry.digest in {None, facts.digest}:
                said = facts.revision[:12] or facts.source
                found[entry.to_image] = (web_link(source_link(facts.source, facts.revision)), said)
    return found


def _parse(image: str) -> ImageReference | None:
    """The trailer of a commit is anybody's text."""
    try:
        return ImageReference.parse(image)
    except InvalidReference:
        return None
