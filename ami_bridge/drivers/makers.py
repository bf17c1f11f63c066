"""What each maker's telephones are asked, from the makers' published manuals; not tried on telephones. Pure.

snom: "Can I control my snom phone remotely" (service.snom.com, firmware 8 to 10). Yealink: Action URI, in the
administrator's guides of T2 to T5. Grandstream: CTI guides of GXP21xx and GRP26xx.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec
from msgspec import Struct

What = Literal["answer", "hold", "resume"]
Maker = Literal["snom", "yealink", "grandstream"]


class Ask(Struct, frozen=True):
    """A request: where, and with what."""

    path: str
    query: dict[str, str]


class Make(Struct, frozen=True, kw_only=True):
    """How the telephones of one maker are steered."""

    asks: Mapping[What, Ask]
    password_as: str = ""
    """Name of the field in the query that takes the password; empty: it is shown as HTTP does."""
    says_how_it_went: bool = False
    """Whether the answer is JSON with `response`, `success` or not."""


MAKES: dict[Maker, Make] = {
    "snom": Make(
        asks={
            "answer": Ask("/command.htm", {"key": "ENTER"}),
            # The same key holds and takes back.
            "hold": Ask("/command.htm", {"key": "F_HOLD"}),
            "resume": Ask("/command.htm", {"key": "F_HOLD"}),
        }
    ),
    "yealink": Make(
        asks={
            "answer": Ask("/servlet", {"key": "ASW"}),
            "hold": Ask("/servlet", {"key": "HOLD"}),
            "resume": Ask("/servlet", {"key": "UNHOLD"}),
        }
    ),
    # No way back from hold is written down.
    "grandstream": Make(
        asks={
            "answer": Ask("/cgi-bin/api-phone_operation", {"cmd": "acceptcall"}),
            "hold": Ask("/cgi-bin/api-phone_operation", {"cmd": "holdcall"}),
        },
        password_as="passcode",  # noqa: S106 - the field's name
        says_how_it_went=True,
    ),
}


class _Said(Struct, frozen=True):
    response: str = ""


def went_well(make: Make, body: bytes) -> bool:
    """Whether a telephone that answered with 200 has done it."""
    if not make.says_how_it_went:
        return True
    try:
        return msgspec.json.decode(body, type=_Said).response == "success"
    except msgspec.DecodeError:
        return False
