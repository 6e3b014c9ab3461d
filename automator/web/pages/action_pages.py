"""`/actions/preview`, `/actions/commit`, `/actions/sync`: a person sees the diff, and agrees to that one and no other.

    form on a page --> preview (dry run, each diff with its id) --> commit (`seen` is the id) --> back, with the commits

An item is one action with its arguments as a query string, so that many fit into one form.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode

from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from automator.actions.carry_out import Acted
from automator.actions.request import ActionRequest
from automator.errors import AutomatorError, DiffChanged, UsageError
from automator.web.access.person import Person, identity, visit_of
from automator.web.pages.addresses import workload_address
from automator.web.pages.site import Site, check_may_act

_ADAPTER: TypeAdapter[ActionRequest] = TypeAdapter(ActionRequest)
_OWN_FIELDS = frozenset({"csrf", "seen", "pick", "item", "back"})
_MOST_ITEMS = 50
_MOST_FIELDS = 1000

Form = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Previewed:
    """One action, with the diff that it would make or why it cannot be done. `item` is what agreeing to it sends."""

    item: str
    title: str
    acted: Acted | None = None
    error: AutomatorError | None = None


async def preview_page(site: Site, request: Request) -> Response:
    check_may_act(request)
    form = await _read_form(request)
    items = _items(form)
    previewed = [await _preview(site, item, _person(request)) for item in items]
    return _show(site, request, previewed, form)


async def commit_page(site: Site, request: Request) -> Response:
    """Each of the items is a commit of its own; what could not be done is shown anew, and has changed nothing."""
    check_may_act(request)
    form = await _read_form(request)
    person, done, refused = _person(request), [], []
    for item in form.get("item", ())[:_MOST_ITEMS]:
        given = dict(parse_qsl(item, errors="surrogateescape"))
        try:
            asked = _request(given)
            if not given.get("seen"):
                raise DiffChanged("no diff was shown", hint="look at the diff, and decide")
            acted = await site.desk.act(
                asked, by=identity(person), dry_run=False, seen=given["seen"]
            )
        except AutomatorError as error:
            refused.append((item, error))
        else:
            done.append(acted)
    if refused:
        previewed = [await _preview(site, item, person, error) for item, error in refused]
        return _show(site, request, previewed, form, done=done)
    where = _back(form)
    joint = "&" if "?" in where else "?"
    return RedirectResponse(f"{where}{joint}done={site.results.keep(done)}", status_code=303)


async def sync_page(site: Site, request: Request) -> Response:
    """Polls go on behind the page, which changes as they bring news."""
    check_may_act(request)
    form = await _read_form(request)
    names = {name for name in form.get("config_repo", ()) if name in site.desk.repos}
    if not names:
        raise UsageError("no config repo of this name is known")
    await site.desk.sync(names)
    return RedirectResponse(_back(form), status_code=303)


async def _read_form(request: Request) -> Form:
    """Our forms are urlencoded; the access middleware limits the length. Raises UsageError."""
    body = (await request.body()).decode("utf-8", "replace")
    try:
        return parse_qs(
            body, keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="surrogateescape"
        )
    except ValueError as error:
        raise UsageError("the form has too many fields", hint="tick fewer at a time") from error


def _items(form: Form) -> list[str]:
    """One action from the fields of a form, or the releases that were ticked."""
    if "action" in form:
        fields = {name: values[-1] for name, values in form.items() if name not in _OWN_FIELDS}
        return [_encode({name: value for name, value in fields.items() if value})]
    picks = form.get("pick", ())
    if not picks:
        raise UsageError("nothing is ticked", hint="tick what is to be released")
    if len(picks) > _MOST_ITEMS:
        raise UsageError(f"{len(picks)} are ticked", hint=f"{_MOST_ITEMS} at a time are enough")
    reason = form.get("reason", [""])[-1]
    said = {"reason": reason} if reason else {}
    return [
        _encode({"action": "release", **dict(parse_qsl(pick, errors="surrogateescape")), **said})
        for pick in picks
    ]


def _encode(fields: Mapping[str, str]) -> str:
    return urlencode(fields, errors="surrogateescape")


def _request(fields: Mapping[str, str]) -> ActionRequest:
    """Raises UsageError that names the fields."""
    asked = {name: value for name, value in fields.items() if name != "seen"}
    try:
        return _ADAPTER.validate_python(asked)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, one['loc'][1:])) or 'action'}: {one['msg']}"
            for one in error.errors(include_url=False, include_input=False)
        )
        raise UsageError(wrong) from error


async def _preview(
    site: Site, item: str, person: Person, refused: AutomatorError | None = None
) -> Previewed:
    """`refused` is why it was not done a moment ago."""
    fields = dict(parse_qsl(item, errors="surrogateescape"))
    fields.pop("seen", None)
    title = " ".join(
        fields[name] for name in ("action", "workload", "container", "tag") if fields.get(name)
    )
    try:
        acted = await site.desk.act(_request(fields), by=identity(person), dry_run=True)
    except AutomatorError as error:
        return Previewed(item="", title=title, error=refused or error)
    item = _encode({**fields, "seen": acted.diff_id}) if acted.diff else ""
    return Previewed(item=item, title=title, acted=acted, error=refused)


def _show(
    site: Site,
    request: Request,
    previewed: Sequence[Previewed],
    form: Form,
    *,
    done: Sequence[Acted] = (),
) -> Response:
    failed = any(one.error is not None for one in previewed)
    changed = any(isinstance(one.error, DiffChanged) for one in previewed)
    context: dict[str, Any] = {
        "previewed": previewed,
        "back": _back(form),
        "done": site.done_shapes(done),
        "committable": any(one.item for one in previewed),
    }
    status = 409 if changed else 422 if failed else 200
    return site.page(request, "preview.html", context, status_code=status)


def _back(form: Form) -> str:
    """Where the person came from: a page of ours."""
    back = form.get("back", [""])[-1]
    ours = back.startswith("/") and not back.startswith(("//", "/\\"))
    # A browser reads over tabs and line ends: `/<tab>/host` is another host's.
    if ours and back.isascii() and back.isprintable():
        return back
    config_repo, workload = (form.get(name, [""])[-1] for name in ("config_repo", "workload"))
    return workload_address(config_repo, workload) if config_repo and workload else "/"


def _person(request: Request) -> Person:
    person = visit_of(request).person
    assert person is not None
    return person
