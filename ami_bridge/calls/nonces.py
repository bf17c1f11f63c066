"""What a page of ours shows when it sends back what a person confirmed: good for one number, for minutes, once."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from ami_bridge.calls.once import KEPT
from ami_bridge.errors import BadRequestError

HOLDS = KEPT - timedelta(minutes=1)
"""Shorter than its key is remembered, so that it can never dial a second time."""
_RANDOM = 16


class Nonces:
    """Gives them out; nothing is kept of those that nobody sends back, and those of before a restart are over."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._secret = secrets.token_bytes(32)

    def new(self, to: str) -> str:
        """Return one for this number."""
        until = int((self._now() + HOLDS).timestamp())
        body = secrets.token_bytes(_RANDOM) + until.to_bytes(8, "big")
        return base64.urlsafe_b64encode(body + self._seal(body, to)).decode()

    def key(self, nonce: str, to: str) -> str:
        """Return the idempotency key that a nonce stands for; BadRequestError where it is over or none of ours."""
        try:
            whole = base64.b64decode(nonce.encode(), altchars=b"-_", validate=True)
        except ValueError:
            whole = b""
        body, seal = whole[: _RANDOM + 8], whole[_RANDOM + 8 :]
        if not hmac.compare_digest(seal, self._seal(body, to)):
            raise BadRequestError("This page is not ours, or is too old.")
        if int.from_bytes(body[_RANDOM:], "big") < self._now().timestamp():
            raise BadRequestError("This page is too old.")
        return "page-" + body[:_RANDOM].hex()

    def _seal(self, body: bytes, to: str) -> bytes:
        return hmac.digest(self._secret, body + to.encode(), hashlib.sha256)
