"""What the commands that look at config repos share: survey each chosen one; one that fails stops no other."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from automator.cli.options import load_config
from automator.cli.output import progress
from automator.errors import AutomatorError, UsageError
from automator.pipeline import ConfigRepo, survey
from automator.survey.containers import Survey
from automator.wiring import System, open_system

PATIENCE_SECONDS = 30.0
"""So long a command that shows something waits for facts of images; what came is kept for the next one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surveyed:
    """The config repos that could be read, and why the others could not, by name."""

    surveys: list[Survey] = field(default_factory=list)
    failures: dict[str, AutomatorError] = field(default_factory=dict)


def check_names(known: Collection[str], names: Sequence[str]) -> None:
    """Raises UsageError for a name that no config repo has."""
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UsageError(
            f"no config repo is named {unknown[0]!r}", hint=f"known: {', '.join(known)}"
        )


def choose_repos(system: System, names: Sequence[str]) -> list[ConfigRepo]:
    known = {repo.name: repo for repo in system.repos}
    check_names(known, names)
    return [known[name] for name in names] if names else system.repos


async def survey_repos(
    system: System, names: Sequence[str], *, polled_before: datetime | None
) -> Surveyed:
    result = Surveyed()
    repos = choose_repos(system, names)

    def said() -> str:
        return f"{system.tools.observer.requests} requests"

    with progress("Reading config repos and registries", said) as show:
        for done, repo in enumerate(repos):
            show(done, len(repos))
            try:
                result.surveys.append(await survey(repo, system.tools, polled_before=polled_before))
            except AutomatorError as error:
                result.failures[repo.name] = error
    return result


async def survey_configured(
    config_path: Path | None, names: Sequence[str], *, fresh: bool
) -> Surveyed:
    """`fresh` asks the registries anew; else what was polled within the poll interval is good enough."""
    settings, rules = load_config(config_path)
    async with open_system(settings, rules, patience_seconds=PATIENCE_SECONDS) as system:
        now = system.tools.clock.now()
        before = now if fresh else now - settings.poll_interval
        return await survey_repos(system, names, polled_before=before)
