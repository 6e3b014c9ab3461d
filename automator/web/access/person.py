"""Who asks: what the pages and the API know of a person, and how a commit names them."""

from dataclasses import dataclass

from starlette.requests import HTTPConnection

from automator.git.commit import Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who is proven to be who they are. `email` may be empty."""

    name: str
    email: str
    may_act: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A request as its page sees it. `person` is None where nobody is logged in; `can_log_in` says whether that would help.

    `csrf` is what each form and script sends with what it does: the field `csrf`, or the header `X-CSRF-Token`.
    """

    person: Person | None = None
    csrf: str = ""
    can_log_in: bool = False


def visit_of(request: HTTPConnection) -> Visit:
    """As AccessMiddleware found; nobody's where a request did not come through it."""
    visit = request.scope.get("state", {}).get("visit", Visit())
    assert isinstance(visit, Visit)
    return visit


def identity(person: Person) -> Identity:
    """Names and addresses without what would end them in a commit: `<`, `>`, line breaks and all that is not printed."""
    name = _clean(person.name) or "unknown"
    return Identity(name=name, email=_clean(person.email) or "unknown@localhost")


def _clean(text: str) -> str:
    kept = "".join(letter for letter in text if letter.isprintable() and letter not in "<>")
    return " ".join(kept.split())
