"""Logging in at an OpenID Connect provider: the authorization code flow with PKCE, and what its ID token says.

https://openid.net/specs/openid-connect-core-1_0.html#CodeFlowAuth, RFC 7636 (PKCE), RFC 9700 (what attackers try).
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from automator.clock import Clock
from automator.config.web import OidcSettings
from automator.errors import ConfigError, Denied
from automator.extras import load
from automator.hooks.document import read_json, text
from automator.hooks.fetch import post_form
from automator.web.access.provider import Provider
from automator.web.access.sessions import OidcLogin, PendingLogin

LIBRARY, EXTRA = "joserfc", "oidc"

_SKEW_SECONDS = 60
# Keys are public: with an HMAC anybody could sign, and with `none` nobody has to.
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")


class OidcProvider:
    """Raises ConfigError where the library is not installed. The provider is asked when somebody logs in, not before."""

    def __init__(self, settings: OidcSettings, redirect_uri: str, *, clock: Clock) -> None:
        self._settings = settings
        self._redirect_uri = redirect_uri
        self._clock = clock
        self._jwt = load(f"{LIBRARY}.jwt", extra=EXTRA, refuse=ConfigError)
        self._jws = load(f"{LIBRARY}.jws", extra=EXTRA, refuse=ConfigError)
        self._errors = load(f"{LIBRARY}.errors", extra=EXTRA, refuse=ConfigError)
        self._jwk = load(f"{LIBRARY}.jwk", extra=EXTRA, refuse=ConfigError)
        self._provider = Provider(settings.issuer, clock=clock)

    async def login_url(self, state: str, pending: PendingLogin) -> str:
        """Where the browser is sent. Raises Unavailable, or ProtocolViolation where the provider makes no sense."""
        endpoint = (await self._provider.document()).authorization_endpoint
        challenge = hashlib.sha256(pending.verifier.encode()).digest()
        query = urlencode(
            {
                "response_type": "code",
                "client_id": self._settings.client_id,
                "redirect_uri": self._redirect_uri,
                "scope": " ".join(self._settings.scopes),
                "state": state,
                "nonce": pending.nonce,
                "code_challenge": base64.urlsafe_b64encode(challenge).decode().rstrip("="),
                "code_challenge_method": "S256",
            }
        )
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{query}"

    async def login_of(self, code: str, pending: PendingLogin) -> OidcLogin:
        """Who came back. Raises Denied where that is not proven, Unavailable or ProtocolViolation as `login_url`."""
        token = await self._exchange(code, pending)
        claims = await self._verified(token, pending)
        return self._login(claims)

    async def _exchange(self, code: str, pending: PendingLogin) -> str:
        document = await self._provider.document()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "code_verifier": pending.verifier,
            "client_id": self._settings.client_id,
        }
        secret = self._settings.client_secret
        basic = None
        if secret is not None and document.takes_basic:
            basic = (self._settings.client_id, secret.get_secret_value())
        elif secret is not None:
            form["client_secret"] = secret.get_secret_value()
        answer = await post_form(document.token_endpoint, form, basic=basic)
        return text(read_json(answer), "id_token")

    async def _verified(self, token: str, pending: PendingLogin) -> Mapping[str, Any]:
        """The claims of an ID token that was signed by the provider, for us, now, and for this login."""
        try:
            key_id = self._jws.extract_compact(token.encode()).headers().get("kid")
            found = await self._provider.key(key_id if isinstance(key_id, str) else None)
            key = self._jwk.JWKRegistry.import_key(found)
            claims: dict[str, Any] = self._jwt.decode(token, key, algorithms=_ALGORITHMS).claims
            registry = self._jwt.JWTClaimsRegistry(
                now=int(self._clock.now().timestamp()),
                leeway=_SKEW_SECONDS,
                iss={"essential": True, "value": self._settings.issuer},
                aud={"essential": True, "value": self._settings.client_id},
                sub={"essential": True},
                exp={"essential": True},
                iat={"essential": True},
                nonce={"essential": True},
            )
            registry.validate(claims)
        # A token of odd types or depth makes the library raise these.
        except (self._errors.JoseError, ValueError, TypeError, RecursionError) as error:
            raise Denied(f"the ID token is refused: {type(error).__name__}") from error
        nonce = claims["nonce"]
        if not isinstance(nonce, str) or not hmac.compare_digest(
            nonce.encode(), pending.nonce.encode()
        ):
            raise Denied("the ID token was made for another login")
        if claims.get("azp", self._settings.client_id) != self._settings.client_id:
            raise Denied("the ID token was made for another client")
        if isinstance(claims["aud"], list) and len(claims["aud"]) > 1 and "azp" not in claims:
            raise Denied(
                "the ID token has several audiences, and does not say for whom it was made"
            )
        return claims

    def _login(self, claims: Mapping[str, Any]) -> OidcLogin:
        """An address that the provider has not verified is anybody's: whoever brings it is refused, not only the address."""
        verified = claims.get("email_verified", True)
        if verified is not True and verified != "true":
            raise Denied("the e-mail address is not verified")
        email = _text(claims, "email")
        name = _text(claims, "name") or _text(claims, "preferred_username") or email
        groups = claims.get("groups")
        return OidcLogin(
            issuer=self._settings.issuer,
            client_id=self._settings.client_id,
            subject=claims["sub"],
            name=name or claims["sub"],
            email=email,
            groups=frozenset(group for group in groups if isinstance(group, str))
            if isinstance(groups, list)
            else frozenset(),
        )


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    return value.strip() if isinstance(value, str) and value.isprintable() else ""
