"""Alarms told to a receiver elsewhere, such as a room of a chat, in the same forms as missed calls."""

import hashlib
import hmac
from typing import Literal, Protocol, assert_never
from urllib.parse import quote

import msgspec

from ami_bridge import wire
from ami_bridge.alarms.model import Told
from ami_bridge.alarms.outputs.sentences import line
from ami_bridge.journal.forms import Message

Kind = Literal["json", "rocketchat", "mattermost", "matrix"]
_ACTED_UPON = str.maketrans(dict.fromkeys("@#<>[]`*_~|\\", " "))
"""What a chat could take for a mention, a link or a format: a source wrote it, and a whole room reads it."""
LONGEST = 500


class Poster(Protocol):
    """Sends one message."""

    async def send(self, message: Message) -> None:
        """Send it; raises NotReachableError where later may be better, RefusedError where the answer is no."""


class WebhookOutput:
    """Tells one receiver."""

    def __init__(self, poster: Poster, *, kind: Kind, url: str, secret: str, language: str) -> None:
        self._poster = poster
        self._kind: Kind = kind
        self._url = url
        self._secret = secret
        self._language = language

    async def tell(self, what: Told) -> None:
        """Tell it. The receiver may get it twice, with the same id."""
        await self._poster.send(
            message(what, self._kind, url=self._url, secret=self._secret, text=line(what, self._language))
        )


def message(told: Told, kind: Kind, *, url: str, secret: str, text: str) -> Message:
    """Write it in the form of this kind of receiver."""
    headers = {"Content-Type": "application/json", "X-AMI-Bridge-Id": told.id}
    method = "POST"
    shown = " ".join(text.translate(_ACTED_UPON).split())[:LONGEST]
    match kind:
        case "json":
            body = wire.encode(
                {"id": told.id, "event": f"alarm.{told.what}", "at": told.at, "text": text, "alarm": told.alarm}
            )
        case "rocketchat" | "mattermost":
            body = msgspec.json.encode({"text": shown})
        case "matrix":
            method, url = "PUT", f"{url.rstrip('/')}/{quote(told.id, safe='')}"
            body = msgspec.json.encode({"msgtype": "m.text", "body": shown})
            headers["Authorization"] = f"Bearer {secret}"
        case _:
            assert_never(kind)
    if secret and kind != "matrix":
        headers["X-AMI-Bridge-Signature"] = f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"
    return Message(method=method, url=url, headers=headers, body=body)
