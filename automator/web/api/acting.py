"""What can be done: the actions, each a commit of the person who asks, and polls before their time.

A request that was taken is carried out to its end, whether or not somebody waits for the answer.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from automator.actions.carry_out import acted_shape
from automator.actions.request import ActionRequest
from automator.bugs import bugs_told
from automator.errors import AutomatorError, InternalError
from automator.git.commit import Identity
from automator.web.access.person import identity, visit_of
from automator.web.api import models
from automator.web.api.answers import error_shape, json_answer, shape_of, status_of
from automator.web.api.described import ACT_PROBLEMS, ACT_SECURITY
from automator.web.bugs import BUG, BUG_HINT
from automator.web.desk import Desk

_MOST_ACTIONS = 100
_MOST_REPOS = 1000


def _no_words_for_booleans(action: object) -> object:
    """A form says `on`; JSON has booleans of its own."""
    if isinstance(action, dict):
        wrong = [k for k in ("deny", "force") if not isinstance(action.get(k, False), bool)]
        if wrong:
            raise ValueError(f"{wrong[0]} is true or false")
    return action


class ActionsRequest(BaseModel):
    """Actions that are carried out one after the other, each a commit of its own. One that fails stops no other."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    actions: Annotated[
        list[Annotated[ActionRequest, BeforeValidator(_no_words_for_booleans)]],
        Field(min_length=1, max_length=_MOST_ACTIONS, description="In the order of their commits."),
    ]
    dry_run: Annotated[bool, Field(description="Answer the diffs, and change nothing.")] = False
    seen: Annotated[
        list[Annotated[str, Field(pattern="^([0-9a-f]{64})?$")]],
        Field(
            max_length=_MOST_ACTIONS,
            description="The `diff_id` of the diff that was shown, for each action, or an empty text: "
            "another diff than that one is not committed. Empty, or as long as `actions`.",
        ),
    ] = []

    @model_validator(mode="after")
    def _one_for_each(self) -> "ActionsRequest":
        if self.seen and len(self.seen) != len(self.actions):
            raise ValueError("`seen` needs one for each action")
        return self


class SyncRequest(BaseModel):
    """Which config repos are polled now."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    config_repos: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=200)]],
        Field(max_length=_MOST_REPOS, description="Their names; empty: all."),
    ] = []


def act_router(desk: Desk) -> APIRouter:
    router = APIRouter()

    @router.post(
        "/actions",
        response_model=models.ActionResults,
        responses=ACT_PROBLEMS,
        openapi_extra=ACT_SECURITY,
    )
    async def actions(asked: ActionsRequest, by: Annotated[Identity, Depends(_acting)]) -> Response:
        """Carries out actions, or shows their diffs. Of several, each has its result; a single one that fails is
        answered with its own status.
        """
        seen = asked.seen or [""] * len(asked.actions)
        results = [
            await _act(desk, action, by, dry_run=asked.dry_run, seen=one)
            for action, one in zip(asked.actions, seen, strict=True)
        ]
        first = results[0]
        if len(results) == 1 and "error" in first:
            return json_answer(error_shape(first["error"], first["hint"]), status=first["status"])
        return json_answer({"results": results})

    @router.post(
        "/sync",
        status_code=202,
        response_model=models.Synced,
        responses=ACT_PROBLEMS,
        openapi_extra=ACT_SECURITY,
        dependencies=[Depends(_acting)],
    )
    async def sync(asked: SyncRequest) -> Response:
        """Polls what the config repos need now, and makes a pass over each. Nothing is waited for."""
        names = list(dict.fromkeys(asked.config_repos)) or list(desk.board.repos)
        for name in names:
            desk.status(name)
        await desk.sync(names)
        return json_answer({"config_repos": names}, status=202)

    return router


def _acting(request: Request) -> Identity:
    """Who acts. The access middleware has asked before; it is asked again all the same, before a word of the body counts."""
    person = visit_of(request).person
    if person is None:
        raise HTTPException(401, "nobody is logged in", {"www-authenticate": "Bearer"})
    if not person.may_act:
        raise HTTPException(403, f"{person.name} may read, but not act")
    return identity(person)


async def _act(
    desk: Desk, action: ActionRequest, by: Identity, *, dry_run: bool, seen: str
) -> dict[str, Any]:
    try:
        # The others' results are told all the same.
        with bugs_told(desk.tools.reporter.emit, config_repo=action.config_repo):
            acted = await desk.act(action, by=by, dry_run=dry_run, seen=seen)
    except InternalError:
        return {"status": 500, **error_shape(BUG, BUG_HINT)}
    except AutomatorError as error:
        return {"status": status_of(error), **shape_of(error)}
    return {"status": 200, **acted_shape(acted)}
