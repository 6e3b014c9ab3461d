"""Whatever is asked for and however: without a login nothing is reached but what is for everybody."""

import anyio
from hypothesis import given
from hypothesis import strategies as st

from automator.clock import SystemClock
from automator.web.access.access import Access
from automator.web.access.middleware import AccessMiddleware
from automator.web.access.sessions import Sessions
from tests.unit.web.access.making import PROXY, USERS, settings

FOR_ALL = ("/healthz", "/readyz", "/login", "/login/oidc", "/login/oidc/callback", "/logout")

paths = st.text(alphabet="/.%\\aéx\0:;?#", max_size=12) | st.sampled_from(
    ["/", "/api/v1/x", "/metrics", "/lock", "/healthz/", "/login/x", "/static", "/hooks", *FOR_ALL]
)
names = st.sampled_from(
    ("authorization", "cookie", "origin", "sec-fetch-site", "x-csrf-token", "x-forwarded-user")
) | st.sampled_from(("x-forwarded-for", "content-length", "transfer-encoding", "content-type"))
values = st.sampled_from(
    ("Bearer", "Bearer amt_", "Basic YTpi", "automator_session=x", "http://localhost", "null")
) | st.text(alphabet=st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=10)
methods = st.sampled_from(["GET", "HEAD", "POST", "DELETE", "get", "TRACE", "X"])


@given(method=methods, path=paths, said=st.lists(st.tuples(names, values), max_size=4))
def test_nothing_is_reached_without_a_login(method, path, said):
    reached, answered = [], []

    async def app(scope, receive, send):
        reached.append(scope["path"])

    async def receive():
        return {"type": "http.request", "body": b""}

    async def send(message):
        answered.append(message)

    clock = SystemClock()
    access = Access(
        settings(users=USERS, proxy=PROXY, read="login"),
        listen="127.0.0.1:8080",
        sessions=Sessions(clock),
        report=lambda _event: None,
        clock=clock,
    )
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"a=b",
        "client": ("192.0.2.1", 1),
        "headers": [(b"host", b"localhost")]
        + [(name.encode(), value.encode("latin-1")) for name, value in said],
    }
    anyio.run(AccessMiddleware(app, access), scope, receive, send)
    if reached:
        assert path in FOR_ALL or path.startswith(("/static/", "/hooks/"))
    else:
        assert answered[0]["status"] in {303, 400, 401, 403, 404, 408, 413, 429}
