"""Signing in by OpenID Connect: the way to the provider, and what comes back, by code and PKCE."""

import asyncio
import base64
import hashlib
import hmac
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit

import aiohttp
from msgspec import DecodeError, Struct, json

from ami_bridge import __version__
from ami_bridge.config_check_signin import is_safe
from ami_bridge.config_signin import Oidc as Settings
from ami_bridge.errors import NotAllowedError, NotReachableError, UnauthorisedError
from ami_bridge.people.id_token import Claims, Key, UnknownKeyError, keys_of, login_in, said_in

ASK_WITHIN = 5.0
FINISH_WITHIN = 15.0
"""Seconds for one question to the provider, and for all of a sign-in."""
MOST_BYTES = 256_000
AT_ONCE = 8
KNOWN_FOR = timedelta(hours=1)
"""How long its addresses are believed, and its keys."""
KEYS_AFTER = timedelta(seconds=30)
"""New keys are not looked for more often, whatever is shown to us."""
LONGEST_CODE = 4096
LONGEST_SECRET = 200
OK = 200
NO = frozenset({400, 401, 403})


class Provider(Struct, frozen=True, kw_only=True):
    """What the provider says of itself."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


class Journey(Struct, frozen=True):
    """What binds the way there to the way back; all of it follows from the secret in the browser's cookie."""

    state: str
    nonce: str
    verifier: str


def journey(secret: str) -> Journey:
    """Return what belongs to a secret: 43 characters each, none tells another or the secret."""
    parts = (hmac.digest(secret.encode(), name, hashlib.sha256) for name in (b"state", b"nonce", b"verifier"))
    return Journey(*map(_base64, parts))


class Oidc:
    """The provider, as configured; it is asked when somebody signs in, and never before."""

    def __init__(self, settings: Settings, *, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._now = now
        self._provider: tuple[Provider, datetime] | None = None
        self._keys: tuple[list[Key], datetime] | None = None
        self._turn = asyncio.Semaphore(AT_ONCE)

    @property
    def label(self) -> str:
        """What people know it as."""
        return self._settings.label or urlsplit(self._settings.issuer).hostname or ""

    async def way_there(self, secret: str, *, back: str) -> str:
        """Return where the browser has to go; raises NotReachableError when the provider is away."""
        async with self._asking() as session:
            provider = await self._about(session)
        trip = journey(secret)
        query = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": back,
            "scope": self._settings.scope,
            "state": trip.state,
            "nonce": trip.nonce,
            "code_challenge": _base64(hashlib.sha256(trip.verifier.encode()).digest()),
            "code_challenge_method": "S256",
        }
        where = provider.authorization_endpoint
        return f"{where}{'&' if urlsplit(where).query else '?'}{urlencode(query)}"

    def must_answer(self, secret: str, shown: Mapping[str, str]) -> Journey:
        """Raise UnauthorisedError unless this is the answer to the question of who has this secret; asks nobody."""
        if not 0 < len(secret) <= LONGEST_SECRET or not secret.isascii():
            raise UnauthorisedError("this browser did not ask, or too long ago")
        trip = journey(secret)
        if not hmac.compare_digest(shown.get("state", "").encode(), trip.state.encode()):
            raise UnauthorisedError("the answer does not belong to this browser's question")
        return trip

    async def login(self, secret: str, shown: Mapping[str, str], *, back: str) -> str:
        """Return the login of who comes back; raises UnauthorisedError where that is nobody, or not from there."""
        trip = self.must_answer(secret, shown)
        if shown.get("iss", self._settings.issuer) != self._settings.issuer:
            raise UnauthorisedError("the answer comes from another provider")
        code = shown.get("code", "")
        if "error" in shown or not 0 < len(code) <= LONGEST_CODE:
            raise UnauthorisedError("the provider did not sign anybody in")
        async with self._asking() as session:
            provider = await self._about(session)
            answer = await self._exchanged(session, provider, code, verifier=trip.verifier, back=back)
            claims = await self._claims(session, provider, answer.get("id_token"), trip.nonce)
            login = login_in(claims, self._settings.claim)
            if login is None:
                login = login_in(await self._told(session, provider, answer, claims), self._settings.claim)
        if login is None:
            raise NotAllowedError(f"the provider says no {self._settings.claim} of this person that can be believed")
        return login

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[aiohttp.ClientSession]:
        """Have a turn at the provider, with all limits; no cookie of one person is there for the next."""
        session = aiohttp.ClientSession(
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            headers={"User-Agent": f"ami-bridge/{__version__}", "Accept-Encoding": "identity"},
            timeout=aiohttp.ClientTimeout(total=ASK_WITHIN),
        )
        try:
            async with asyncio.timeout(FINISH_WITHIN), self._turn, session:
                yield session
        except TimeoutError as error:
            raise NotReachableError("the provider did not answer in time") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise NotReachableError(f"the provider cannot be reached: {type(error).__name__}") from error

    async def _about(self, session: aiohttp.ClientSession) -> Provider:
        """Return the provider's addresses, from memory while they are fresh."""
        if self._provider is not None and self._provider[1] > self._now() - KNOWN_FOR:
            return self._provider[0]
        issuer = self._settings.issuer
        said = await _read(session, "GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        try:
            provider = json.decode(json.encode(said), type=Provider)
        except DecodeError as error:
            raise NotReachableError("the provider does not describe itself as OpenID Connect has it") from error
        if provider.issuer != issuer:
            raise NotReachableError(f"the provider calls itself {provider.issuer!r}; write that as oidc.issuer")
        asked = (provider.token_endpoint, provider.jwks_uri, provider.userinfo_endpoint or issuer)
        if not all(map(is_safe, asked)) or not is_safe(provider.authorization_endpoint.partition("?")[0]):
            raise NotReachableError("the provider names addresses that are not https")
        self._provider = provider, self._now()
        return provider

    async def _exchanged(
        self, session: aiohttp.ClientSession, provider: Provider, code: str, *, verifier: str, back: str
    ) -> dict[str, Any]:
        """Give the code for the tokens; it is good once."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": back, "code_verifier": verifier}
        headers, user, secret = {}, self._settings.client_id, self._settings.client_secret
        if secret and "client_secret_basic" in provider.token_endpoint_auth_methods_supported:
            both = f"{quote_plus(user)}:{quote_plus(secret)}"
            headers["Authorization"] = "Basic " + base64.b64encode(both.encode()).decode()
        else:
            form |= {"client_id": user, **({"client_secret": secret} if secret else {})}
        said = await _read(session, "POST", provider.token_endpoint, headers=headers, form=form, may_refuse=True)
        if "error" in said:
            if said["error"] == "invalid_grant":
                raise UnauthorisedError("the code is not good any more, or was not made for this browser")
            raise NotReachableError("the provider refuses us: look at oidc.client_id and client_secret_file")
        return said

    async def _claims(self, session: aiohttp.ClientSession, provider: Provider, token: object, nonce: str) -> Claims:
        """Read the ID token; where its key is new, the provider's keys are looked at once more."""
        if not isinstance(token, str):
            raise UnauthorisedError("the provider gave no ID token")
        for known in (self._keys, None):
            if known is None or known[1] <= self._now() - KNOWN_FOR:
                known = self._keys = keys_of(await _read(session, "GET", provider.jwks_uri)), self._now()  # noqa: PLW2901
            settings, keys = self._settings, known[0]
            try:
                return said_in(
                    token, keys, issuer=settings.issuer, client_id=settings.client_id, nonce=nonce, now=self._now()
                )
            except UnknownKeyError:
                if known[1] > self._now() - KEYS_AFTER:
                    raise
        raise UnauthorisedError("the ID token is signed with a key that the provider does not show")

    async def _told(
        self, session: aiohttp.ClientSession, provider: Provider, answer: Mapping[str, Any], claims: Claims
    ) -> Claims:
        """Ask what the ID token does not say; it must be about the same person."""
        token = answer.get("access_token")
        if provider.userinfo_endpoint is None or not isinstance(token, str) or not token.isprintable():
            return {}
        said = await _read(
            session, "GET", provider.userinfo_endpoint, headers={"Authorization": f"Bearer {token}"}, may_refuse=True
        )
        return said if said.get("sub") == claims["sub"] else {}


async def _read(
    session: aiohttp.ClientSession,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
    may_refuse: bool = False,
) -> dict[str, Any]:
    """Read one answer in JSON; a redirect is none, and a no is one only where it `may_refuse`."""
    async with session.request(method, url, headers=headers, data=form, allow_redirects=False) as response:
        if response.status != OK and not (may_refuse and response.status in NO):
            raise NotReachableError(f"the provider answers {response.status} at {urlsplit(url).path}")
        taken = bytearray()
        async for piece in response.content.iter_chunked(16_384):
            taken += piece
            if len(taken) > MOST_BYTES:
                raise NotReachableError("the provider's answer is too large")
    try:
        said = json.decode(bytes(taken), type=dict[str, Any])
    except (DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise NotReachableError(f"the provider does not answer in JSON at {urlsplit(url).path}") from error
    return said if response.status == OK else {"error": said.get("error", "refused")}


def _base64(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
