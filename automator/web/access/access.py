"""Who may: the configuration in force, and how each request proves whose it is."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from starlette.requests import HTTPConnection

from automator.clock import Clock
from automator.config.web import May, Others, ProxySettings, Reading, WebSettings, WebUser
from automator.model.event import Event, LoginAccepted, LoginRefused
from automator.report.quiet import Quiet
from automator.web.access.addresses import client_address, is_within, limit_key, parse_address
from automator.web.access.oidc import OidcProvider
from automator.web.access.person import Person
from automator.web.access.places import Hosts
from automator.web.access.refusal import Refusal
from automator.web.access.sessions import Login, OidcLogin, Sessions, TokenLogin
from automator.web.access.tokens import PREFIX, user_of

CALLBACK = "/login/oidc/callback"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Whose request it is. An `ambient` proof is one that browsers add by themselves, whoever made them ask."""

    person: Person | None = None
    ambient: bool = False
    csrf: str = ""


class Access:
    """For one configuration; `sessions` outlive it. Raises ConfigError where a library is missing that it needs."""

    def __init__(
        self,
        settings: WebSettings,
        *,
        listen: str,
        sessions: Sessions,
        report: Callable[[Event], None],
        clock: Clock,
    ) -> None:
        self.settings = settings
        self.sessions = sessions
        self.hosts = Hosts(listen, settings.url)
        self.oidc: OidcProvider | None = None
        if settings.oidc is not None:
            self.oidc = OidcProvider(settings.oidc, f"{settings.url}{CALLBACK}", clock=clock)
        self._report = report
        self._quiet = Quiet(clock, every=timedelta(minutes=1))

    @property
    def needs_login(self) -> bool:
        return self.settings.read is Reading.LOGIN

    @property
    def can_log_in(self) -> bool:
        """Whether the page of the login helps anybody."""
        return bool(self.settings.users) or self.oidc is not None

    @property
    def session_cookie(self) -> str:
        return self.cookie("automator_session")

    def cookie(self, name: str) -> str:
        """With `__Host-`, browsers take it from this very host over TLS, and from none below its domain."""
        return f"__Host-{name}" if self.settings.is_https else name

    def prove(self, connection: HTTPConnection) -> Proof | Refusal:
        """A token goes before what a proxy says, and that before a session."""
        scheme, _, credentials = connection.headers.get("authorization", "").partition(" ")
        token = credentials.strip() if scheme.lower() == "bearer" else ""
        if token.startswith(PREFIX):
            return self._prove_token(connection, token)
        by_proxy = self._prove_by_proxy(connection)
        if by_proxy is not None:
            return by_proxy
        if scheme.lower() == "bearer":
            return self._prove_token(connection, token)
        return self._prove_session(connection)

    def log_in_with_token(self, connection: HTTPConnection, token: str) -> str | Refusal:
        """The id of a new session."""
        found = self._try_token(connection, token)
        if isinstance(found, Refusal):
            return found
        return self.log_in(connection, TokenLogin(token_sha256=found.token_sha256), "token")

    def log_in(self, connection: HTTPConnection, login: Login, how: str) -> str | Refusal:
        """The id of a new session; the one before ends."""
        person = self._person_of(login)
        if person is None:
            self.refuse_login(connection, "not allowed here")
            return Refusal(403, "you are known, but not allowed here", "ask whoever runs automator")
        self.log_out(connection)
        self._report(LoginAccepted(person=person.name, how=how, may_act=person.may_act))
        return self.sessions.begin(login)

    def log_out(self, connection: HTTPConnection) -> None:
        session_id = connection.cookies.get(self.session_cookie)
        if session_id:
            self.sessions.end(session_id)

    def refuse_login(self, connection: HTTPConnection, why: str) -> None:
        """Counts, and is told in the log: at most once a minute."""
        address = self.client_of(connection)
        self.sessions.failures.add(address)
        unreported = self._quiet.unreported("")
        if unreported is not None:
            self._report(LoginRefused(address=address, why=why, unreported=unreported))

    def wait(self, connection: HTTPConnection) -> Refusal | None:
        """For those who were wrong too often."""
        seconds = self.sessions.failures.wait_seconds(self.client_of(connection))
        if not seconds:
            return None
        headers = {"retry-after": str(int(seconds) + 1)}
        return Refusal(429, "too many wrong tokens", "try again later", headers=headers)

    def client_of(self, connection: HTTPConnection) -> str:
        """Whose failures count together."""
        trusted = self.settings.proxy.trusted if self.settings.proxy else ()
        forwarded = connection.headers.getlist("x-forwarded-for")
        return limit_key(client_address(_peer(connection), forwarded, trusted))

    def _prove_token(self, connection: HTTPConnection, token: str) -> Proof | Refusal:
        found = self._try_token(connection, token)
        return found if isinstance(found, Refusal) else Proof(person=_person(found))

    def _try_token(self, connection: HTTPConnection, token: str) -> WebUser | Refusal:
        user = user_of(token, self.settings.users)
        if user is not None:
            # Also from where somebody guesses: behind a proxy or a NAT all clients may be one address.
            return user
        waiting = self.wait(connection)
        if waiting is not None:
            return waiting
        self.refuse_login(connection, "no such token")
        return Refusal.unproven("no such token")

    def _prove_by_proxy(self, connection: HTTPConnection) -> Proof | Refusal | None:
        proxy = self.settings.proxy
        if proxy is None or not is_within(parse_address(_peer(connection)), proxy.trusted):
            return None
        names = _texts(connection, proxy.user_header)
        emails = _texts(connection, proxy.email_header)
        if not names and not emails:
            return None
        if not all(map(_is_one_name, (names, emails or ["-"]))):
            return Refusal(
                400, "the proxy's headers name nobody, or several", "each stands once, and is text"
            )
        person = _person_by_proxy(names[0], emails[0] if emails else "", proxy)
        whose = f"proxy\n{person.name}\n{person.email}"
        return Proof(person=person, ambient=True, csrf=self.sessions.csrf(whose))

    def _prove_session(self, connection: HTTPConnection) -> Proof:
        session_id = connection.cookies.get(self.session_cookie, "")
        login = self.sessions.find(session_id, lasts=self.settings.session) if session_id else None
        person = self._person_of(login) if login is not None else None
        if person is None:
            return Proof()
        csrf = self.sessions.csrf(f"session\n{session_id}")
        return Proof(person=person, ambient=True, csrf=csrf)

    def _person_of(self, login: Login) -> Person | None:
        """By the configuration in force: who was taken out of it is nobody."""
        if isinstance(login, OidcLogin):
            return self._person_by_oidc(login)
        for user in self.settings.users:
            if user.token_sha256 == login.token_sha256:
                return _person(user)
        return None

    def _person_by_oidc(self, login: OidcLogin) -> Person | None:
        oidc = self.settings.oidc
        if oidc is None or (oidc.issuer, oidc.client_id) != (login.issuer, login.client_id):
            return None
        email = login.email.casefold()
        domain = email.rpartition("@")[2]
        may_act = bool(
            (email and email in map(str.casefold, oidc.allow.emails))
            or (domain and domain in map(str.casefold, oidc.allow.domains))
            or login.groups.intersection(oidc.allow.groups)
        )
        if not may_act and oidc.others is Others.REFUSE:
            return None
        return Person(name=login.name, email=login.email, may_act=may_act)


def _peer(connection: HTTPConnection) -> str:
    return connection.client.host if connection.client else ""


def _person(user: WebUser) -> Person:
    return Person(name=user.name, email=user.email, may_act=user.may is May.ACT)


def _texts(connection: HTTPConnection, header: str) -> list[str]:
    """Proxies write UTF-8, or Latin-1 as old as HTTP."""
    values = [value.encode("latin-1") for value in connection.headers.getlist(header)]
    try:
        return [value.decode() for value in values]
    except UnicodeDecodeError:
        return [value.decode("latin-1") for value in values]


def _is_one_name(values: list[str]) -> bool:
    return len(values) == 1 and bool(values[0].strip()) and values[0].isprintable()


def _person_by_proxy(name: str, email: str, proxy: ProxySettings) -> Person:
    named = proxy.actors and not (
        name in proxy.actors or (email and email.casefold() in map(str.casefold, proxy.actors))
    )
    return Person(name=name, email=email, may_act=proxy.may is May.ACT and not named)
