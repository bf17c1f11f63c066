"""A provider of OpenID Connect that signs Anna in without a question, and can be told to lie."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "ami-bridge", "s3cret & more:ü"


class Provider:
    def __init__(self) -> None:
        self.key = _key()
        self.signs_with = self.key
        self.algorithm = "RS256"
        self.says: dict[str, Any] = {}
        """Claims that are other than they should be; None leaves one out."""
        self.says_of_itself: dict[str, Any] = {}
        self.userinfo: dict[str, Any] = {}
        self.answers: web.Response | None = None
        """What it answers at the token endpoint instead."""
        self.port = 0
        self.asked: list[str] = []
        self._codes: dict[str, dict[str, str]] = {}

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}/realm"

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Provider"]:
        app = web.Application(middlewares=[self._note])
        app.add_routes(
            [
                web.get("/realm/.well-known/openid-configuration", self._about),
                web.get("/realm/authorize", self._authorize),
                web.post("/realm/token", self._token),
                web.get("/realm/keys", self._keys),
                web.get("/realm/userinfo", self._userinfo),
            ]
        )
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.port).start()
        self.port = runner.addresses[0][1]
        try:
            yield self
        finally:
            await runner.cleanup()

    @web.middleware
    async def _note(self, request: web.Request, handler: Any) -> web.StreamResponse:  # noqa: ANN401 - aiohttp's own
        self.asked.append(request.path.rpartition("/")[2])
        response: web.StreamResponse = await handler(request)
        return response

    async def _about(self, _: web.Request) -> web.Response:
        about = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
        }
        return web.json_response({**about, **self.says_of_itself})

    async def _authorize(self, request: web.Request) -> web.Response:
        asked = dict(request.query)
        assert asked["client_id"] == CLIENT
        assert asked["code_challenge_method"] == "S256"
        code = f"code{len(self._codes)}"
        self._codes[code] = asked
        back = urlencode({"code": code, "state": asked["state"], "iss": self.issuer})
        return web.Response(status=302, headers={"Location": f"{asked['redirect_uri']}?{back}"})

    async def _token(self, request: web.Request) -> web.Response:
        if self.answers is not None:
            return self.answers
        form = await request.post()
        expected = "Basic " + base64.b64encode(f"{CLIENT}:s3cret+%26+more%3A%C3%BC".encode()).decode()
        if request.headers.get("Authorization") != expected:
            return web.json_response({"error": "invalid_client"}, status=401)
        asked = self._codes.pop(str(form["code"]), None)
        digest = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
        challenge = _base64(digest).decode()
        if asked is None or challenge != asked["code_challenge"] or form["redirect_uri"] != asked["redirect_uri"]:
            return web.json_response({"error": "invalid_grant"}, status=400)
        return web.json_response(
            {"access_token": "opens", "token_type": "Bearer", "id_token": self._signed(asked["nonce"])}
        )

    def _signed(self, nonce: str) -> str:
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "sub": "4711", "iat": now, "exp": now + 60, "nonce": nonce}
        claims |= {"preferred_username": "anna", **self.says}
        claims = {name: value for name, value in claims.items() if value is not None}
        if self.algorithm in {"HS256", "none"}:  # by hand: no library of today does such a thing
            header = {"alg": self.algorithm, "kid": "one"}
            text = b".".join(_base64(json.dumps(part).encode()) for part in (header, claims))
            public = self.key.as_pem(private=False)
            sealed = _base64(hmac.digest(public, text, "sha256")) if self.algorithm == "HS256" else b""
            return (text + b"." + sealed).decode()
        return jwt.encode({"alg": self.algorithm, "kid": self.signs_with.kid}, claims, self.signs_with)

    async def _keys(self, _: web.Request) -> web.Response:
        junk = [{"kty": "oct", "k": "c2VjcmV0"}, {"kty": "strange"}, 5, {"kty": "RSA", "n": "!", "e": "AQAB"}]
        return web.json_response({"keys": [*junk, self.key.as_dict(private=False)]})

    async def _userinfo(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer opens"
        return web.json_response(self.userinfo)


@cache
def _key() -> RSAKey:
    """Make the usual key once: it takes a while."""
    return RSAKey.generate_key(2048, {"kid": "one"})


def _base64(octets: bytes) -> bytes:
    return base64.urlsafe_b64encode(octets).rstrip(b"=")
