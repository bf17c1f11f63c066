"""An Asterisk on a socket: speaks the manager protocol as 22.10 does, as far as the daemon uses it."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from ami_bridge.config import Pbx

BANNER = b"Asterisk Call Manager/11.0.0\r\n"
SOON = 5.0
"""Seconds after which a test that waits has failed."""

Headers = Mapping[str, str | Sequence[str]]
Action = dict[str, str | list[str]]

DONE: Headers = {"Response": "Success", "Message": "Done"}
ANSWERS: dict[str, Headers] = {
    "Ping": {"Response": "Success", "Ping": "Pong", "Timestamp": "1700000000.000001"},
    "CoreStatus": {"Response": "Success", "CoreStartupDate": "2026-01-01", "CoreStartupTime": "06:00:00"},
    "CoreSettings": {"Response": "Success", "AsteriskVersion": "22.10.1+dfsg+~cs6.15"},
    "ConfbridgeListRooms": {"Response": "Error", "Message": "No active conferences."},
    "Originate": {"Response": "Success", "Message": "Originate successfully queued"},
    "Atxfer": {"Response": "Success", "Message": "Atxfer successfully queued"},
    **dict.fromkeys(("Hangup", "Redirect", "Setvar", "PlayDTMF", "BlindTransfer", "Park"), DONE),
}
EMPTY_LISTS = {
    "CoreShowChannels": "CoreShowChannel",
    "DeviceStateList": "DeviceStateChange",
    "ExtensionStateList": "ExtensionStatus",
    "ParkedCalls": "ParkedCall",
    "QueueStatus": "QueueParams",
    "DBGetTree": "DBGetTreeResponse",
}
"""Lists that are empty until a test fills them, and the event of an item."""


def message(headers: Headers) -> bytes:
    """One message as Asterisk writes it."""
    lines = [
        f"{name}: {one}\r\n"
        for name, value in headers.items()
        for one in ([value] if isinstance(value, str) else value)
    ]
    return "".join([*lines, "\r\n"]).encode()


def channel_block(
    uniqueid: str,
    channel: str,
    *,
    state: str = "Up",
    number: str = "<unknown>",
    connected: str = "<unknown>",
    exten: str = "",
    linkedid: str = "",
    prefix: str = "",
) -> dict[str, str]:
    """The headers that tell of one channel."""
    block = {
        "Channel": channel,
        "ChannelState": {"Down": "0", "Ring": "4", "Ringing": "5", "Up": "6"}[state],
        "ChannelStateDesc": state,
        "CallerIDNum": number,
        "CallerIDName": "<unknown>",
        "ConnectedLineNum": connected,
        "ConnectedLineName": "<unknown>",
        "Language": "de",
        "AccountCode": "",
        "Context": "inside",
        "Exten": exten,
        "Priority": "1",
        "Uniqueid": uniqueid,
        "Linkedid": linkedid or uniqueid,
    }
    return {prefix + name: value for name, value in block.items()}


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call that the fake plays."""

    pbx: "FakeAsterisk"
    caller: str
    callee: str
    caller_id: str
    callee_id: str

    def blocks(self, state: str, prefix: str = "") -> tuple[dict[str, str], dict[str, str]]:
        """Both channels; `state` is the callee's, `prefix` stands before the callee's headers."""
        return (
            channel_block(
                self.caller_id,
                f"PJSIP/trunk-{self.caller_id[-8:].replace('.', '')}",
                state="Up" if state == "Up" else "Ring",
                number=self.caller,
                exten=self.callee,
            ),
            channel_block(
                self.callee_id,
                f"PJSIP/{self.callee}-{self.callee_id[-8:].replace('.', '')}",
                state=state,
                number=self.callee,
                connected=self.caller,
                linkedid=self.caller_id,
                prefix=prefix,
            ),
        )

    def answer(self) -> None:
        """The callee lifts the receiver."""
        caller, callee = self.blocks("Up")
        self.pbx.event("Newstate", callee)
        self.pbx.event("DialEnd", {**caller, **self.blocks("Up", "Dest")[1], "DialStatus": "ANSWER"})
        self.pbx.event("Newstate", caller)
        bridge = {"BridgeUniqueid": f"bridge-{self.caller_id}", "BridgeType": "basic"}
        self.pbx.event("BridgeCreate", {**bridge, "BridgeNumChannels": "0"})
        self.pbx.event("BridgeEnter", {**bridge, "BridgeNumChannels": "1", **callee})
        self.pbx.event("BridgeEnter", {**bridge, "BridgeNumChannels": "2", **caller})

    def hang_up(self) -> None:
        """The caller ends the call that was answered."""
        caller, callee = self.blocks("Up")
        for who in (callee, caller):
            self.pbx.event("Hangup", {**who, "Cause": "16", "Cause-txt": "Normal Clearing"})

    def give_up(self) -> None:
        """The caller hangs up before anybody answers."""
        caller, callee = self.blocks("Ringing")
        self.pbx.event("DialEnd", {**caller, **self.blocks("Ringing", "Dest")[1], "DialStatus": "CANCEL"})
        for who in (callee, caller):
            self.pbx.event("Hangup", {**who, "Cause": "127", "Cause-txt": "Interworking, unspecified"})


@dataclass(kw_only=True)
class FakeAsterisk:
    """A manager interface that does what a test tells it; `async with` opens and closes it."""

    secret: str = "open sesame"
    refuse_login: bool = False
    boots: bool = True
    """Whether FullyBooted follows a login by itself."""
    boots_before_answer: bool = False
    silent: bool = False
    unanswered: set[str] = field(default_factory=set)
    """Actions that get no answer."""
    answers: dict[str, Callable[[Action], Sequence[Headers]]] = field(default_factory=dict)
    """What an action is answered with, instead of the usual; the ActionID is added."""
    logins: int = 0
    connections: int = 0
    actions: list[Action] = field(default_factory=list)
    """What was asked, without logins and pings."""
    port: int = 0
    _lists: dict[str, tuple[str, list[Headers]]] = field(default_factory=dict)
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)
    _server: asyncio.Server | None = None
    _calls: int = 0

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen, on the same port as before if there was one."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Go away as `kill -9` would."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.drop_link()
        while self._tasks:
            await asyncio.wait(self._tasks, timeout=SOON)

    def config(self, *, secret: str | None = None, answer_within: float = 5.0, ping_every: float = 10.0) -> Pbx:
        """The configuration of a daemon that speaks to this Asterisk."""
        return Pbx(
            id="town",
            port=self.port,
            secret=self.secret if secret is None else secret,
            answer_within=answer_within,
            ping_every=ping_every,
        )

    # What happens on the telephones.

    def ring(self, caller: str = "+493023125000", callee: str = "102") -> Call:
        """Somebody calls, the telephone rings."""
        self._calls += 1
        call = Call(
            pbx=self,
            caller=caller,
            callee=callee,
            caller_id=f"1700000000.{2 * self._calls}",
            callee_id=f"1700000000.{2 * self._calls + 1}",
        )
        caller_block, callee_block = call.blocks("Down")
        self.event("Newchannel", caller_block)
        self.event("Newchannel", callee_block)
        both = {**caller_block, **call.blocks("Down", "Dest")[1]}
        self.event("DialBegin", {**both, "DialString": callee})
        caller_block, callee_block = call.blocks("Ringing")
        self.event("Newstate", callee_block)
        self.event("DialState", {**caller_block, **call.blocks("Ringing", "Dest")[1], "DialStatus": "RINGING"})
        return call

    def event(self, name: str, headers: Headers) -> None:
        """Tell all who are logged in."""
        self.send_raw(message({"Event": name, "Privilege": "call,all", **headers}))

    def knows_list(self, action: str, event: str, items: Sequence[Headers]) -> None:
        """Answer an action with a list of such events."""
        self._lists[action.lower()] = (event, list(items))

    # What goes wrong.

    def send_raw(self, data: bytes) -> None:
        """Write bytes to everybody."""
        for writer in self._writers:
            writer.write(data)

    def drop_link(self) -> None:
        """Close all connections without a word."""
        for writer in self._writers:
            writer.transport.abort()

    def fall_silent(self) -> None:
        """Stay connected, read, answer nothing."""
        self.silent = True

    # What a test waits for.

    async def until(self, happened: Callable[[], bool]) -> None:
        """Wait until something is so; looked at after every action and connection."""
        async with asyncio.timeout(SOON), self._changed:
            await self._changed.wait_for(happened)

    async def asked(self, action: str, times: int = 1) -> Action:
        """Wait until an action came so often, and return the last one."""

        def found() -> list[Action]:
            return [one for one in self.actions if one["Action"] == action]

        await self.until(lambda: len(found()) >= times)
        return found()[-1]

    async def logged_in(self, times: int = 1) -> None:
        """Wait for so many logins."""
        await self.until(lambda: self.logins >= times)

    # The protocol.

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.append(writer)
        self.connections += 1
        try:
            await self._note()
            writer.write(BANNER)
            while True:
                raw = await reader.readuntil(b"\r\n\r\n")
                action = _parsed(raw)
                if action["Action"] == "Login":
                    self.logins += 1
                elif action["Action"] != "Ping":
                    self.actions.append(action)
                await self._note()
                if not self.silent and action["Action"] not in self.unanswered:
                    writer.write(self._answer(action))
                await writer.drain()
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            self._writers.remove(writer)
            writer.transport.abort()
            self._tasks.discard(task)

    async def _note(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    def _answer(self, action: Action) -> bytes:
        name = str(action["Action"])
        action_id: Headers = {"ActionID": action.get("ActionID", "")}
        if name == "Login":
            return self._login(action)
        if name in self.answers:
            return b"".join(message({**one, **action_id}) for one in self.answers[name](action))
        if name.lower() in self._lists or (name in EMPTY_LISTS and name not in ANSWERS):
            return self.list_answer(action)
        usual = ANSWERS.get(name, {"Response": "Error", "Message": "Invalid/unknown command: " + name})
        return message({**usual, **action_id})

    def list_answer(self, action: Action) -> bytes:
        """The whole list that an action is answered with."""
        name = str(action["Action"])
        event, items = self._lists.get(name.lower(), (EMPTY_LISTS.get(name, name), []))
        action_id: Headers = {"ActionID": action.get("ActionID", "")}
        whole = [
            {"Response": "Success", **action_id, "EventList": "start", "Message": "A list will follow"},
            *({"Event": event, **action_id, **item} for item in items),
            {"Event": f"{name}Complete", **action_id, "EventList": "Complete", "ListItems": str(len(items))},
        ]
        return b"".join(message(one) for one in whole)

    def _login(self, action: Action) -> bytes:
        action_id: Headers = {"ActionID": action.get("ActionID", "")}
        if self.refuse_login or action.get("Secret") != self.secret:
            return message({"Response": "Error", **action_id, "Message": "Authentication failed"})
        good = message({"Response": "Success", **action_id, "Message": "Authentication accepted"})
        booted = message({"Event": "FullyBooted", "Privilege": "system,all", "Uptime": "9", "Status": "Fully Booted"})
        if not self.boots:
            return good
        return booted + good if self.boots_before_answer else good + booted


def _parsed(raw: bytes) -> Action:
    """An action as Asterisk reads it: a bare LF ends a line too."""
    action: Action = {}
    for line in raw.decode().replace("\r\n", "\n").split("\n"):
        name, colon, value = line.partition(":")
        if not colon:
            continue
        value = value.strip()
        if name not in action:
            action[name] = value
        elif isinstance(before := action[name], list):
            before.append(value)
        else:
            action[name] = [before, value]
    return action
