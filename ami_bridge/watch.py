"""`ami-bridge watch`: live calls in a terminal, as a bubble would show them."""

import asyncio
import random
import sys
from collections.abc import Callable
from datetime import datetime
from typing import TextIO

import aiohttp
import msgspec

from ami_bridge import __version__, wire
from ami_bridge.errors import NotReachableError, UnauthorisedError

ANSWER_WITHIN = 10.0
SILENCE = 60.0  # two missed ticks: the link is dead even if nobody says so
LONGEST_PAUSE = 30.0
STOP_FROM, STOP_BELOW = 4500, 5000

WORDS = {
    "de": {
        "dialing": "wählt", "ringing": "klingelt", "answered": "spricht", "held": "gehalten", "parked": "geparkt",
        "queued": "wartet", "conference": "Konferenz", "ended": "beendet",
        "r.answered": "angenommen", "r.missed": "nicht angenommen", "r.busy": "besetzt", "r.rejected": "abgelehnt",
        "r.cancelled": "aufgelegt", "r.failed": "nicht erreicht", "r.transferred": "weitergeleitet",
        "r.merged": "zusammengelegt", "unknown": "unbekannt", "via": "über", "by": "durch", "for": "von",
        "up": "Verbunden mit der Telefonanlage.", "down": "Die Telefonanlage ist nicht erreichbar.",
        "as": "Angemeldet als {}. Anrufe erscheinen hier; Strg-C beendet.",
        "away": "Verbindung unterbrochen, neuer Versuch …",
    },
    "en": {
        "dialing": "dials", "ringing": "ringing", "answered": "talking", "held": "on hold", "parked": "parked",
        "queued": "waiting", "conference": "conference", "ended": "ended",
        "r.answered": "answered", "r.missed": "missed", "r.busy": "busy", "r.rejected": "rejected",
        "r.cancelled": "cancelled", "r.failed": "not reached", "r.transferred": "transferred",
        "r.merged": "merged", "unknown": "unknown", "via": "via", "by": "by", "for": "from",
        "up": "Connected to the telephone system.", "down": "The telephone system cannot be reached.",
        "as": "Signed in as {}. Calls appear here; Ctrl-C ends.",
        "away": "Connection lost, trying again …",
    },
}  # fmt: skip
SIGNS = {
    "dialing": "→", "ringing": "☎", "answered": "●", "held": "‖", "parked": "P", "queued": "…", "conference": "◆",
    "ended": "■",
}  # fmt: skip


class Watch:
    """Follows one person's calls and prints each change."""

    def __init__(
        self, *, url: str, token: str, language: str, json: bool, now: Callable[[], datetime], out: TextIO = sys.stdout
    ) -> None:
        self._url = url
        self._token = token
        self._language = language if language in WORDS else "en"
        self._words = WORDS[self._language]
        self._json = json
        self._now = now
        self._out = out
        self._resume: wire.Resume | None = None
        self._shown: dict[str, wire.Call] = {}
        self._ami = ""
        self._attempt = 0

    async def run(self) -> None:
        """Watch for ever; raises UnauthorisedError or NotReachableError when trying again is of no use."""
        async with aiohttp.ClientSession() as session:
            while True:
                try:
                    await self._follow(session)
                except (aiohttp.ClientError, TimeoutError, OSError) as error:
                    if self._attempt == 0 and self._resume is None:
                        raise NotReachableError(f"{self._url} cannot be reached: is the daemon running?") from error
                if self._attempt == 0:
                    self._say(self._words["away"])
                pause = min(LONGEST_PAUSE, 0.5 * 2**self._attempt)
                self._attempt = min(self._attempt + 1, 10)
                await asyncio.sleep(random.uniform(0, pause))  # noqa: S311 - a pause, not a secret

    async def _follow(self, session: aiohttp.ClientSession) -> None:
        """One connection, from hello to its end."""
        try:
            socket = await session.ws_connect(
                self._url,
                protocols=(wire.PROTOCOL,),
                headers={"Authorization": f"Bearer {self._token}"},
                timeout=aiohttp.ClientWSTimeout(ws_close=1.0),
                compress=0,
                max_msg_size=16 << 20,
            )
        except aiohttp.WSServerHandshakeError as error:
            if error.status in {401, 403}:
                raise UnauthorisedError(
                    "The token is not known, or may not do this: make one by `token new`."
                ) from error
            raise
        async with socket:
            hello = wire.Hello(
                client=f"watch/{__version__}", lang=self._language, topics=("calls.self",), resume=self._resume
            )
            await socket.send_str(wire.encode(hello).decode())
            while True:
                message = await socket.receive(SILENCE)
                if message.type is not aiohttp.WSMsgType.TEXT:
                    break
                self._read(message.data)
        if STOP_FROM <= (socket.close_code or 0) < STOP_BELOW:
            reason = _plain(message.extra or "") or socket.close_code
            raise UnauthorisedError(f"The daemon ended the connection: {reason}.")

    def _read(self, raw: str) -> None:
        """Take what is understood; a newer daemon may say more."""
        if self._json:
            print(raw, file=self._out, flush=True)
        try:
            message = msgspec.json.decode(raw, type=wire.FromServer)
        except msgspec.DecodeError:
            return
        self._take(message)

    def _take(self, message: wire.FromServer) -> None:
        """Show one message."""
        match message:
            case wire.Welcome(epoch=epoch, seq=seq, recovered=recovered, user=user):
                self._attempt = 0
                if self._resume is None:
                    self._greet(user)
                if not recovered:
                    self._resume = wire.Resume(epoch, seq)
            case wire.Snapshot():
                self._replace(message)
            case wire.Event(call=wire.Call() as call):
                self._call(call)
            case wire.Event(bridge=wire.Bridge() as bridge):
                self._bridge(bridge)
            case _:
                pass
        if isinstance(message, wire.Event | wire.Tick) and self._resume is not None:
            self._resume = wire.Resume(self._resume.epoch, message.seq)

    def _greet(self, user: wire.User) -> None:
        """Say for whom this is."""
        self._say(self._words["as"].format(_plain(user.name)))

    def _replace(self, snapshot: wire.Snapshot) -> None:
        """Take a topic's whole state."""
        for bridge in snapshot.bridges or ():
            self._bridge(bridge)
        if snapshot.calls is not None:
            self._shown = {}
            for call in snapshot.calls:
                self._call(call)

    def _bridge(self, bridge: wire.Bridge) -> None:
        if bridge.ami != self._ami:
            self._ami = bridge.ami
            self._say(self._words[bridge.ami])

    def _call(self, call: wire.Call) -> None:
        """Print a call, if this is news of it."""
        key = f"{call.id} {call.extension}"  # somebody with two extensions sees one call twice
        known = self._shown.get(key)
        if known is not None and (known.rev > call.rev or known == call):
            return  # the same rev again with another name is news
        if call.state == "ended":
            self._shown.pop(key, None)
        else:
            self._shown[key] = call
        self._say(line(call, self._words))

    def _say(self, text: str) -> None:
        if not self._json:
            print(f"{self._now():%H:%M:%S}  {text}", file=self._out, flush=True)


def line(call: wire.Call, words: dict[str, str]) -> str:
    """One call as one line: `☎ klingelt   Bäckerei Huber (089 1234)  →  101 Anna Amsel`."""
    peer, mine = _who(call.peer, words), _plain(call.extension or "")
    if call.line is not None:
        mine = _plain(f"{call.line.exten} {call.line.label or ''}").rstrip()
    parties = f"{mine} → {peer}" if call.role == "caller" else f"{peer} → {mine}"
    parts = [f"{SIGNS[call.state]} {words[call.state]:<10}", parties]
    if call.forwarded_by is not None:
        parts.append(f"({words['via']} {_who(call.forwarded_by, words)})")
    parts.extend(f"[{_plain(place)}]" for place in (call.parked_at, call.queue, call.room) if place)
    if call.state == "ended" and call.result is not None:
        taker = f" {words['by']} {_who(call.answered_by, words)}" if call.answered_by is not None else ""
        parts.append(words[f"r.{call.result}"] + taker + _duration(call))
    return "  ".join(parts)


def _who(peer: wire.Peer, words: dict[str, str]) -> str:
    number = _plain(peer.display or peer.number or "")
    if not peer.name:
        return number or words["unknown"]
    org = f", {_plain(peer.org)}" if peer.org and peer.org != peer.name else ""
    return f"{_plain(peer.name)}{org} ({number})" if number else f"{_plain(peer.name)}{org}"


def _duration(call: wire.Call) -> str:
    if call.answered_at is None or call.ended_at is None:
        return ""
    seconds = round((call.ended_at - call.answered_at).total_seconds())
    return f", {seconds // 60}:{seconds % 60:02}"


def _plain(text: str) -> str:
    """Names come from strangers: no control character of theirs may reach the terminal."""
    return "".join(sign for sign in text if sign.isprintable())[:80]
