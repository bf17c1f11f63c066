"""A missed call in the form that each kind of receiver takes. Pure."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Literal, assert_never
from urllib.parse import quote

import msgspec
from msgspec import Struct

from ami_bridge import wire

Kind = Literal["json", "rocketchat", "mattermost", "matrix"]

LONGEST = 80
"""Characters of a name; what is longer is no name."""
_NO_LETTER = re.compile(r"[^\w .,'&/()+-]|_+")
"""What a chat could take for a mention, a link or a format."""


class Missed(Struct, frozen=True, kw_only=True):
    """What is told of a missed call."""

    id: str
    """The same each time that it is told: a receiver may get it twice."""
    event: str = "call.missed"
    department: str | None
    extension: str
    callee: str | None
    """Whose telephone that is."""
    line: wire.Line | None
    started_at: datetime
    ended_at: datetime
    name: str | None
    """From shared books alone."""
    number: str | None
    """Only where that is configured."""
    display: str | None


class Message(Struct, frozen=True, kw_only=True):
    """A request as it goes to the receiver."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes


def message(missed: Missed, kind: Kind, *, url: str, secret: str, text: str) -> Message:
    """Write it in the form of this kind of receiver; `text` is for people."""
    headers = {"Content-Type": "application/json", "X-AMI-Bridge-Id": missed.id}
    method, body = "POST", b""
    match kind:
        case "json":
            body = wire.encode(missed)
        case "rocketchat" | "mattermost":
            body = msgspec.json.encode({"text": text})
        case "matrix":
            method, url = "PUT", f"{url.rstrip('/')}/{quote(missed.id, safe='')}"
            body = msgspec.json.encode({"msgtype": "m.notice", "body": text})
            headers["Authorization"] = f"Bearer {secret}"
        case _:
            assert_never(kind)
    if secret and kind != "matrix":
        headers["X-AMI-Bridge-Signature"] = f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"
    return Message(method=method, url=url, headers=headers, body=body)


WORDS: Mapping[str, Mapping[str, str]] = {
    "de": {"missed": "Verpasster Anruf", "at": "{:%d.%m. %H:%M} Uhr", "for": "für", "from": "von"},
    "en": {"missed": "Missed call", "at": "{:%Y-%m-%d %H:%M}", "for": "for", "from": "from"},
}


def sentence(missed: Missed, language: str) -> str:
    """Say it in one line for people; the time is the server's own."""
    words = WORDS.get(language, WORDS["en"])
    line = missed.line
    named = [plain(one or "") for one in (line.label if line else None, missed.callee, missed.department)]
    whom = ", ".join(dict.fromkeys(one for one in named if one)) or (line.exten if line else missed.extension)
    who = " ".join(one for one in (plain(missed.name or ""), plain(missed.display or "")) if one)
    told = [words["missed"], words["at"].format(missed.started_at.astimezone()), words["for"], whom]
    return " ".join([*told, *([words["from"], who] if who else [])])


def plain(text: str) -> str:
    """Return letters, digits and what names are made of: nothing that a chat would act upon."""
    return " ".join(_NO_LETTER.sub(" ", text).split())[:LONGEST]
