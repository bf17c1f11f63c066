"""A scripted daemon for the page: serves its real files, takes sign-ins and plays the websocket protocol."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from aiohttp import web

from ami_bridge import wire
from tests.page.alarms import AlarmAnswers, after
from tests.page.answers import Answers, answered, refused
from tests.page.rooms import made

STATIC = Path(__file__).parents[2] / "ami_bridge" / "web" / "static"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; "
    "media-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
OWN = ("bridge", "calls.self", "journal.self", "rooms")
COOKIE = "ami-bridge"
PASSWORD = "geheim & süß"
ANNA = wire.User(login="anna", name="Anna Amsel", extensions=("101",), department="Bürgerbüro")


def utc() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - a browser's clock cannot be moved, so this world runs on real time


class Counterpart:
    """One daemon as a page sees it. Its methods are what happens to daemons."""

    def __init__(self, port: int = 0) -> None:
        self.port = port
        self.user = ANNA
        self.calls: dict[str, wire.Call] = {}
        self.bridges = {"rathaus": wire.Bridge(pbx="rathaus", ami="up", since=utc() - timedelta(hours=3))}
        self.hellos: list[wire.Hello] = []
        self.sockets: list[web.WebSocketResponse] = []
        self.away = False
        """Every door answers 503, as a proxy does whose daemon is down."""
        self.takes_links = True
        """Whether websockets come through, which some proxies do not let."""
        self.loses_answers = False
        """Whether a proxy gives up before an operation over HTTP has its answer."""
        self.remembers = True
        """Whether it can send what somebody missed."""
        self.heartbeat = 25
        self.refuses: tuple[int, dict[str, str]] | None = None
        """Status and problem for the next sign-ins."""
        self.answers = Answers(password=PASSWORD)
        """Everything over HTTP but the sign-in."""
        self.department: dict[str, wire.Call] = {}
        """Calls of the department's others."""
        self.colleagues: dict[str, wire.Presence] = {}
        """What the department's others are just now."""
        self.offers: tuple[str, ...] = (
            "calls.dept:Bürgerbüro",
            "journal.dept:Bürgerbüro",
            "presence.dept:Bürgerbüro",
        )
        """What Anna may follow besides her own."""
        self.queues: dict[str, wire.Queue] = {}
        """Queues that the person sees."""
        self.rooms: dict[str, wire.Room] | None = {}
        """Conference rooms; None: it has no numbers for any."""
        self.alarms = AlarmAnswers()
        self.asked: list[wire.Request] = []
        self.refuses_ops: dict[str, wire.Problem] = {}
        self.is_slow = asyncio.Event()
        """Cleared, it takes requests and does not answer yet."""
        self.is_slow.set()
        self.epoch = "01TESTEPOCH"
        self.seq = 40
        self._sent: list[wire.Event] = []
        self._sessions: set[str] = set()
        self._last: dict[web.WebSocketResponse, int] = {}
        self.followed: dict[web.WebSocketResponse, set[str]] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Counterpart"]:
        app = web.Application(middlewares=[self._door])
        app.add_routes(
            [
                web.get("/", self._page),
                web.get("/api/v1/me", self._me),
                web.get("/api/v1/sign-in", self._ways),
                web.post("/api/v1/session", self._sign_in),
                web.delete("/api/v1/session", self._sign_out),
                web.get("/api/v1/ws", self._websocket),
                web.post("/api/v1/calls", self._over_http),
                web.post("/api/v1/calls/{id}/{verb}", self._over_http),
                web.get("/api/v1/calls", self._calls),
                web.post("/api/v1/alarms/{id}/{verb}", self._act),
                web.post("/api/v1/queues/{name}/{verb}", self._at_a_queue),
                *self.alarms.routes(),
                *self.answers.routes(),
                web.static("/static", STATIC),
            ]
        )
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        self.port = runner.addresses[0][1]
        try:
            yield self
        finally:
            await self.ends_links(1001)
            await runner.cleanup()

    # --- what happens to daemons

    async def tells(self, call: wire.Call) -> int:
        """Say how a call is now; returns the number of the news."""
        self.calls[call.id] = call
        return await self._publish("calls.self", "call.changed", call=call)

    async def tells_of_others(self, call: wire.Call) -> int:
        """Say how a call of the department's others is now."""
        self.department[call.id] = call
        return await self._publish(f"calls.dept:{self.user.department}", "call.changed", call=call)

    async def tells_of_entry(self, entry: dict[str, Any]) -> int:
        """Say how a finished call is now, in one's own journal."""
        at = next((at for at, one in enumerate(self.answers.entries) if one["id"] == entry["id"]), None)
        if at is None:
            self.answers.entries.insert(0, entry)
        elif entry["rev"] > self.answers.entries[at]["rev"]:
            self.answers.entries[at] = entry
        told = msgspec.convert(entry, wire.Entry)
        return await self._publish("journal.self", "journal.changed", entry=told)

    async def tells_of_colleague(self, presence: wire.Presence) -> int:
        """Say what somebody of the department is now."""
        self.colleagues[presence.login] = presence
        return await self._publish(f"presence.dept:{self.user.department}", "presence.changed", presence=presence)

    async def tells_of_room(self, room: wire.Room) -> int:
        """Say how a conference room is now."""
        assert self.rooms is not None
        self.rooms[room.number] = room
        return await self._publish("rooms", "room.changed", room=room)

    async def tells_of_queue(self, queue: wire.Queue) -> int:
        """Say how a queue is now."""
        self.queues[queue.name] = queue
        return await self._publish(f"queue:{queue.name}", "queue.changed", queue=queue)

    async def tells_of_alarm(self, alarm: wire.Alarm) -> int:
        """Say how an alarm is now."""
        self.alarms.open[alarm.id] = alarm
        return await self._publish("alarms", "alarm.changed", alarm=alarm)

    async def loses_the_pbx(self) -> int:
        return await self._bridge("down")

    async def finds_the_pbx(self) -> int:
        return await self._bridge("up")

    async def forgets_to_tell(self, call: wire.Call) -> None:
        """Something is lost on the way; only the next message will show it."""
        self.calls[call.id] = call
        self.seq += 1
        self._last = dict.fromkeys(self._last, self.seq)

    async def says(self, text: str) -> None:
        """Something that is not in the contract, as it stands."""
        for socket in self.sockets:
            await socket.send_str(text)

    async def ticks(self) -> None:
        for socket in self.sockets:
            await self._send(socket, wire.Tick(seq=self.seq, prev=self._last[socket]))

    async def ends_links(self, code: int) -> None:
        for socket in list(self.sockets):
            await socket.close(code=code, drain=False)

    async def restarts(self) -> None:
        """A new daemon: other epoch, nothing remembered."""
        self.epoch, self.seq, self._sent = f"{self.epoch}X", 3, []
        await self.ends_links(4000)

    def new_session(self) -> str:
        session = f"session-{len(self._sessions)}"
        self._sessions.add(session)
        return session

    def signs_everybody_out(self) -> None:
        self._sessions.clear()

    # --- how it does it

    async def _bridge(self, ami: str) -> int:
        bridge = msgspec.convert({"pbx": "rathaus", "ami": ami, "since": utc()}, wire.Bridge)
        self.bridges["rathaus"] = bridge
        return await self._publish("bridge", "bridge.changed", bridge=bridge)

    async def _publish(
        self,
        topic: str,
        event: str,
        *,
        call: wire.Call | None = None,
        bridge: wire.Bridge | None = None,
        entry: wire.Entry | None = None,
        room: wire.Room | None = None,
        presence: wire.Presence | None = None,
        alarm: wire.Alarm | None = None,
        queue: wire.Queue | None = None,
    ) -> int:
        self.seq += 1
        news = wire.Event(seq=self.seq, prev=0, ts=utc(), topic=topic, event=event, call=call, bridge=bridge)
        news = msgspec.structs.replace(news, entry=entry, room=room, presence=presence, alarm=alarm, queue=queue)
        self._sent.append(news)
        for socket in self.sockets:
            if topic in self.followed[socket]:
                await self._send(socket, msgspec.structs.replace(news, prev=self._last[socket]))
        return news.seq

    async def _send(self, socket: web.WebSocketResponse, message: wire.FromServer) -> None:
        await socket.send_str(wire.encode(message).decode())
        if not isinstance(message, (wire.Welcome, wire.Response)):
            self._last[socket] = message.seq

    @web.middleware
    async def _door(self, request: web.Request, handler: aiohttp.typedefs.Handler) -> web.StreamResponse:
        if self.away and request.path.startswith("/api/"):
            return web.Response(status=503, text="")
        answer = await handler(request)
        if not answer.prepared:
            answer.headers.update(HEADERS)
            if request.path.startswith("/static/"):
                answer.headers["Cache-Control"] = "max-age=3600"  # they stay as they are as long as tests run
        return answer

    async def _page(self, _: web.Request) -> web.StreamResponse:
        return web.FileResponse(STATIC / "index.html")

    def _signed_in(self, request: web.Request) -> bool:
        return request.cookies.get(COOKIE) in self._sessions

    async def _me(self, request: web.Request) -> web.Response:
        return (
            answered(self.user)
            if self._signed_in(request)
            else refused(401, code="unauthorised", title="Not signed in")
        )

    async def _ways(self, _: web.Request) -> web.Response:
        return answered({"oidc": None})

    async def _sign_in(self, request: web.Request) -> web.Response:
        if self.refuses:
            return refused(self.refuses[0], **self.refuses[1])
        if await request.json() != {"user": "anna", "password": PASSWORD}:
            return refused(401, code="unauthorised", title="Wrong user or password", detail="")
        answer = answered(self.user)
        answer.set_cookie(COOKIE, self.new_session(), httponly=True, samesite="Strict")
        return answer

    async def _sign_out(self, request: web.Request) -> web.Response:
        self._sessions.discard(request.cookies.get(COOKIE, ""))
        answer = web.Response(status=204)
        answer.del_cookie(COOKIE)
        return answer

    async def _follow(self, socket: web.WebSocketResponse, asked: wire.Request) -> wire.Response:
        """Follow more or less, and show first what is new."""
        topics = {topic for topic in asked.params["topics"] if topic in self._there()}
        before = self.followed[socket]
        self.followed[socket] = before | topics if asked.op == "subscribe" else before - topics
        for topic in sorted(self.followed[socket] - before):
            if topic.startswith("calls.dept:"):
                await self._show_others(socket, topic)
            elif topic.startswith("queue:"):
                await self._show_queue(socket, topic)
            elif topic.startswith("presence.dept:"):
                presences = tuple(self.colleagues.values())
                shown = wire.Snapshot(topic=topic, seq=self.seq, prev=self.seq, presences=presences)
                await self._send(socket, shown)
        return wire.Response(id=asked.id, ok=True, result={"topics": sorted(self.followed[socket]), "refused": []})

    def _there(self) -> set[str]:
        mine = {"alarms"} if "plant" in self.user.roles or "alarm-manager" in self.user.roles else set()
        return {*OWN, *self._offered, *mine} - ({"rooms"} if self.rooms is None else set())

    @property
    def _offered(self) -> tuple[str, ...]:
        return (*self.offers, *(f"queue:{name}" for name in self.queues))

    async def _show_queue(self, socket: web.WebSocketResponse, topic: str) -> None:
        queues = (self.queues[topic.removeprefix("queue:")],)
        await self._send(socket, wire.Snapshot(topic=topic, seq=self.seq, prev=self.seq, queues=queues))

    async def _show_others(self, socket: web.WebSocketResponse, topic: str) -> None:
        calls = tuple(self.department.values())
        await self._send(socket, wire.Snapshot(topic=topic, seq=self.seq, prev=self.seq, calls=calls))

    async def _over_http(self, request: web.Request) -> web.Response:
        """Take an operation as the websocket would."""
        params = await request.json()
        verb = request.match_info.get("verb", "originate")
        if "id" in request.match_info:
            params["call"] = request.match_info["id"]
        asked = wire.Request(id="http", op=f"call.{verb}", params=params, key=request.headers.get("Idempotency-Key"))
        response = self._done(asked)
        if self.loses_answers:
            return web.Response(status=504)
        if response.error is not None:
            return refused(409, code=response.error.code, detail=response.error.message)
        return answered(response.result, 201 if verb == "originate" else 200)

    async def _at_a_queue(self, request: web.Request) -> web.Response:
        """Do something at a queue, as the websocket would."""
        params = {**await request.json(), "queue": request.match_info["name"]}
        op, key = f"queue.{request.match_info['verb']}", request.headers.get("Idempotency-Key")
        return answered(self._done(wire.Request(id="http", op=op, params=params, key=key)).result)

    async def _act(self, request: web.Request) -> web.Response:
        """Do something about an alarm, as the websocket would."""
        params = {**await request.json(), "alarm": request.match_info["id"]}
        op = f"alarm.{request.match_info['verb']}"
        response = self._done(wire.Request(id="http", op=op, params=params))
        if response.error is not None:
            return refused(409, code=response.error.code, detail=response.error.message)
        return answered(response.result)

    async def _calls(self, _: web.Request) -> web.Response:
        return answered({"calls": list(self.calls.values()), "bridges": list(self.bridges.values())})

    def _done(self, request: wire.Request) -> wire.Response:
        self.asked.append(request)
        if problem := self.refuses_ops.get(request.op):
            return wire.Response(id=request.id, ok=False, error=problem)
        if request.op == "room.make":
            return wire.Response(id=request.id, ok=True, result=made(request.params, self.user))
        if request.op.startswith("alarm."):
            alarm = self.alarms.open[request.params["alarm"]]
            changed = after(alarm, request.op.partition(".")[2], self.user, request.params)
            self.alarms.open[alarm.id] = changed
            return wire.Response(id=request.id, ok=True, result=changed)
        if request.op.startswith("queue."):
            return wire.Response(id=request.id, ok=True, result=self.queues[request.params["queue"]])
        call = f"01DIALLED{len(self.asked)}" if request.op == "call.originate" else request.params.get("call")
        return wire.Response(id=request.id, ok=True, result={"call": call})

    async def _websocket(self, request: web.Request) -> web.StreamResponse:
        if not self.takes_links:
            return web.Response(status=502)
        if not self._signed_in(request):
            return refused(401, code="unauthorised", title="Not signed in")
        if request.headers.get("Origin") != self.url.rstrip("/"):
            return refused(403, code="not_allowed", title="Wrong origin")
        socket = web.WebSocketResponse(protocols=(wire.PROTOCOL,), compress=False)
        await socket.prepare(request)
        with contextlib.suppress(ConnectionError):
            hello = wire.decode_from_client(await socket.receive_str(timeout=5))
            assert isinstance(hello, wire.Hello)
            self.hellos.append(hello)
            await self._welcome(socket, hello)
            self.sockets.append(socket)
            try:
                async for said in socket:
                    asked = wire.decode_from_client(said.data)
                    assert isinstance(asked, wire.Request)
                    if asked.op in {"subscribe", "unsubscribe"}:
                        answer = await self._follow(socket, asked)
                        await self.is_slow.wait()
                        await self._send(socket, answer)
                        continue
                    response = self._done(asked)
                    await self.is_slow.wait()
                    await self._send(socket, response)
            finally:
                self.sockets.remove(socket)
                del self._last[socket], self.followed[socket]
        return socket

    async def _welcome(self, socket: web.WebSocketResponse, hello: wire.Hello) -> None:
        resume = hello.resume
        recovered = resume is not None and resume.epoch == self.epoch and self.remembers
        welcome = wire.Welcome(
            epoch=self.epoch,
            seq=self.seq,
            recovered=recovered,
            heartbeat=self.heartbeat,
            user=self.user,
            topics=("bridge", *(topic for topic in hello.topics if topic in self._there())),
            offers=self._offered,
        )
        self.followed[socket] = set(welcome.topics)
        await self._send(socket, welcome)
        if recovered and resume is not None:
            self._last[socket] = resume.seq
            for news in [news for news in self._sent if news.seq > resume.seq]:
                await self._send(socket, msgspec.structs.replace(news, prev=self._last[socket]))
            return
        self._last[socket] = self.seq
        bridges = tuple(self.bridges.values())
        await self._send(socket, wire.Snapshot(topic="bridge", seq=self.seq, prev=self.seq, bridges=bridges))
        calls = tuple(self.calls.values())
        await self._send(socket, wire.Snapshot(topic="calls.self", seq=self.seq, prev=self.seq, calls=calls))
        if self.rooms is not None:
            rooms = tuple(self.rooms.values())
            await self._send(socket, wire.Snapshot(topic="rooms", seq=self.seq, prev=self.seq, rooms=rooms))
        if "alarms" in welcome.topics:
            alarms = tuple(self.alarms.open.values())
            await self._send(socket, wire.Snapshot(topic="alarms", seq=self.seq, prev=self.seq, alarms=alarms))
        for topic in welcome.topics:
            if topic.startswith("calls.dept:"):
                await self._show_others(socket, topic)
            elif topic.startswith("queue:"):
                await self._show_queue(socket, topic)


async def until(happened: Callable[[], object], *, within: float = 5) -> None:
    """Wait until a function says yes."""
    async with asyncio.timeout(within):
        while not happened():
            await asyncio.sleep(0.01)
