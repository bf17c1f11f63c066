"""Loudspeakers, the last resort: horns and telephones that answer by themselves, and whoever listens to a multicast.

They are heard, perhaps; nothing here is ever taken for an acknowledgement, nor for somebody who was reached.
"""

from collections.abc import Callable, Mapping, Sequence
from ipaddress import IPv4Address
from typing import Literal, Protocol

from msgspec import Struct

Codec = Literal["alaw", "ulaw"]
MULTICAST = "multicast:"
DEVICE = "PJSIP/"
HEADS = {"snom": 1, "yealink": 2, "grandstream": 3, "standard": 3}
"""By maker: which header of dialplan/paging.conf makes its telephones answer by themselves."""
HIGHEST_PORT = 65535


class Announcement(Struct, frozen=True, kw_only=True):
    """What is to be played where."""

    id: str
    targets: tuple[str, ...]
    """PJSIP endpoints, and `m-` with an address and a port."""
    heads: tuple[int, ...]
    """For each of them the number of its header, 0 for none."""
    sounds: tuple[str, ...]
    codec: Codec


class Phone(Protocol):
    """What we need of the telephone system."""

    async def page(self, announcement: Announcement) -> None:
        """Play it once; raises NotReachableError or RefusedError where that was not even begun."""


class Loudspeakers:
    """All of a house, or none."""

    def __init__(
        self,
        *,
        speakers: Sequence[str],
        codec: Codec,
        makers: Callable[[str], str],
        phone: Phone,
        new_id: Callable[[], str],
    ) -> None:
        """`speakers` as configured; `makers` tells of a device whose header makes it answer, if any."""
        self._targets = tuple(one for one in map(target, speakers) if one)
        self._devices = {one.removeprefix(DEVICE): one for one in speakers if one.startswith(DEVICE)}
        self._codec: Codec = codec
        self._makers = makers
        self._phone = phone
        self._new_id = new_id

    async def announce(self, alarm: str, sounds: tuple[str, ...]) -> None:  # noqa: ARG002 - it is told by the id of the call
        """Play these sounds on all of them."""
        if not self._targets:
            return
        heads = tuple(HEADS.get(self._makers(self._devices.get(one, "")), 0) for one in self._targets)
        await self._phone.page(
            Announcement(
                id=f"page-{self._new_id()}", targets=self._targets, heads=heads, sounds=sounds, codec=self._codec
            )
        )


def target(speaker: str) -> str:
    """Return how the dialplan names a speaker; empty where it is none: `PJSIP/horn1`, `multicast:239.1.2.3:5004`."""
    if speaker.startswith(DEVICE):
        name = speaker.removeprefix(DEVICE)
        plain = name.replace("_", "").replace("-", "").replace(".", "")
        return name if plain.isalnum() and plain.isascii() and not name.startswith("m-") else ""
    if not speaker.startswith(MULTICAST):
        return ""
    address, _, port = speaker.removeprefix(MULTICAST).partition(":")
    try:
        good = IPv4Address(address).is_multicast
    except ValueError:
        return ""
    return f"m-{address}:{port}" if good and port.isdecimal() and 0 < int(port) <= HIGHEST_PORT else ""


def maker_of(agent: str, known: Mapping[str, str], device: str = "") -> str:
    """Return whose telephone it is: as configured, else as it calls itself when it registers (User-Agent)."""
    if device in known:
        return known[device]
    words = agent.casefold()
    return next((maker for maker in ("snom", "yealink", "grandstream") if words.startswith(maker)), "")
