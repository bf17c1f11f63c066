"""Alarms as Dieter, who looks after the sewage plant, sees them; and what a daemon answers about them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web
from msgspec.structs import replace

from ami_bridge.wire import Alarm, AlarmBy, Attempt, User
from tests.page.answers import Json, answered, refused
from tests.page.town import ago

DIETER = User(login="dieter", name="Dieter Dachs", extensions=("104",), roles=("user", "plant"))
MANAGER = User(login="anna", name="Anna Amsel", extensions=("101",), roles=("user", "alarm-manager"))
EVERYTHING = ("take-over", "acknowledge", "clear", "shelve", "escalate")


def attempt(id_: str, person: str, **different: object) -> Attempt:
    said: dict[str, Any] = {"id": id_, "person": person, "number": "104", "state": "ringing", "started_at": ago(9)}
    return Attempt(**(said | different))


def over(id_: str, person: str, outcome: str, **different: object) -> Attempt:
    return attempt(id_, person, **{"state": "done", "outcome": outcome, "ended_at": ago(30), **different})


CALLS = (
    attempt("t2", "Emil Elster", number="105"),
    over("t1", "Dieter Dachs", "no_answer", started_at=ago(70)),
    over("t0", "Dieter Dachs", "busy", started_at=ago(95)),
)


def by(name: str = "Emil Elster", how: Any = "phone") -> AlarmBy:  # noqa: ANN401 - a word of the protocol
    return AlarmBy(login=None, name=name, at=ago(20), how=how)


def alarm(id_: str = "gas", **different: object) -> Alarm:
    """One alarm; what is not said is a gas engine that has stopped, and nobody has taken over."""
    said: dict[str, Any] = {
        "id": f"01ALARM{id_.upper()}",
        "rev": 1,
        "source": "sewage-plant",
        "plant": "Kläranlage Musterhausen",
        "point": "BHKW 1",
        "text": "Gasmotor steht",
        "priority": 1,
        "alarm_class": "machine",
        "state": "unacknowledged",
        "active": True,
        "raised_at": ago(100),
        "next_at": ago(-45),
        "next": ("Franz Fuchs", "Gerda Gans"),
        "why": "step",
        "attempts": CALLS,
        "actions": EVERYTHING,
    }
    return Alarm(**(said | different))


def every_kind() -> list[Alarm]:
    """One of every state, with everything that an alarm can carry."""
    return [
        alarm(values={"Öldruck": "0,2 bar", "Drehzahl": "0"}, last_resort=True, count=3),
        alarm("pump", text="Pumpe 2 überlastet", point="Pumpwerk Süd", priority=2, flutters=True, bundled=12,
              why="ringing"),
        alarm("known", text="Rechen verstopft", state="acknowledged", taken_over=by(), acknowledged=by(how="page"),
              why="acknowledged", actions=("clear", "escalate")),
        alarm("went", text="Füllstand hoch", state="returned", active=False, returned_at=ago(50), why="raised",
              actions=("take-over", "acknowledge", "escalate")),
        alarm("latched", text="Not-Aus gedrückt", state="latched", active=False, latched=True, acknowledged=by(),
              returned_at=ago(40), why="acknowledged", actions=("reset",)),
        alarm("aside", text="Tür offen", priority=3, overlay="shelved", shelved_until=ago(-3600), shelved_by=by(),
              shelve_reason="Maler im Haus", why="shelved", attempts=(), actions=("unshelve",)),
        alarm("test", text="Probealarm. Bitte bestätigen.", plant="ami_bridge", priority=3, test=True, why="ringing"),
        alarm("more", text="Unterspannung", bundle="01ALARMPUMP", why="bundled", attempts=(), actions=("acknowledge",)),
        alarm("over", text="Sand im Sandfang", state="closed", active=False, acknowledged=by("Dieter Dachs", "page"),
              closed_at=ago(300), why="", next=(), next_at=None, actions=()),
    ]  # fmt: skip


def after(one: Alarm, verb: str, user: User, params: Json) -> Alarm:
    """What becomes of an alarm, in the words of the daemon."""
    me = AlarmBy(login=user.login, name=user.name, at=ago(0), how="page")
    can = tuple(action for action in one.actions if action != verb)
    now = replace(one, rev=one.rev + 1, actions=can)
    match verb:
        case "take-over":
            return replace(now, taken_over=me, why="taken_over")
        case "acknowledge":
            can = tuple(action for action in can if action != "take-over")
            return replace(now, acknowledged=me, taken_over=one.taken_over or me, state="acknowledged", actions=can)
        case "clear" if one.acknowledged is not None:
            return replace(now, active=False, returned_at=ago(0), closed_at=ago(0), state="closed", why="", actions=())
        case "shelve":
            until = datetime.now(UTC) + timedelta(minutes=params["minutes"])  # noqa: TID251 - the browser's clock is real
            return replace(now, overlay=params["overlay"], shelved_until=until, shelved_by=me,
                           shelve_reason=params["reason"], why="shelved", actions=("unshelve",))  # fmt: skip
    return now


def line(seq: int, kind: str, **different: object) -> Json:
    said = {"seq": seq, "at": ago(1000 - seq), "actor": "engine", "kind": kind, "alarm": "01ALARMGAS", "attempt": None}
    return {**said, "data": {}, "prev": "", "hash": "", **different}


def row(login: str, why: str, number: str = "104") -> Json:
    way = {"number": number, "outcome": why}
    reached = why == "acked"
    return {"login": login, "name": login.title(), "reached": reached, "why": why, "text": why, "ways": [way]} | {
        "confirmed_at": ago(60) if reached else None,
        "seconds": 12.4 if reached else None,
    }


REPORT: Json = {
    "id": "01TEST",
    "kind": "asked",
    "started_at": ago(600),
    "ends_at": ago(300),
    "ended_at": ago(290),
    "started_by": "Anna Amsel",
    "who": ["everyone"],
    "people": 4,
    "confirmed": 1,
    "headline": "1 von 4",
    "text": "",
    "rows": [
        row("dieter", "acked"),
        row("emil", "busy"),
        row("franz", "voicemail_suspected"),
        row("gerda", "no_number", ""),
    ],
    "again": ["Emil"],
    "sources": [],
}


SCENARIOS: list[Json] = [
    {
        "source": "sewage-plant",
        "plant": "Kläranlage",
        "alarm_class": "machine",
        "label": "Gasmotor steht",
        "priority": 2,
    }
    | {"people": ["Dieter Dachs", "Emil Elster"]},
    {"source": "sewage-plant", "plant": "Kläranlage", "alarm_class": "hint", "label": "Hinweis", "priority": 4}
    | {"people": []},
]


WORKS: Json = {"since": ago(600), "until": ago(-3600), "urgent": False, "reason": "Antrieb neu", "by": "Anna Amsel"}


class AlarmAnswers:
    """What is asked over HTTP."""

    def __init__(self) -> None:
        self.open: dict[str, Alarm] = {}
        self.closed: list[Alarm] = []
        self.log: list[Json] = []
        self.rotas: list[Json] = []
        self.sources: list[Json] = []
        self.report = REPORT
        """What every test has reached."""
        self.wishes: list[Json] = []
        """Tests and alarms that were asked for."""
        self.looks = 0
        """How often somebody asked what is open."""

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/v1/alarms", self._list),
            web.get("/api/v1/alarms/log", self._lines),
            web.get("/api/v1/alarms/rota", self._rota),
            web.get("/api/v1/alarms/sources", self._sources),
            web.put("/api/v1/alarms/sources/{name}/maintenance", self._works),
            web.delete("/api/v1/alarms/sources/{name}/maintenance", self._works),
            web.get("/api/v1/alarms/tests", self._tests),
            web.post("/api/v1/alarms/tests", self._test),
            web.get("/api/v1/alarms/tests/{id}", self._test),
            web.get("/api/v1/alarms/by-hand", self._scenarios),
            web.post("/api/v1/alarms/by-hand", self._by_hand),
            web.get("/api/v1/alarms/{id}", self._one),
        ]

    def fill(self) -> None:
        """A plant with a past."""
        over = {"state": "closed", "active": False, "attempts": (), "why": "", "actions": ()}
        self.closed = [
            alarm(f"old{n}", text=f"Störung {n}", closed_at=ago(60 * n), raised_at=ago(60 * n + 300), **over)
            for n in range(30)
        ]
        self.log = [
            line(1, "raised", actor="sewage-plant", data={"priority": 1}),
            line(2, "called", data={"name": "Dieter Dachs", "destination": "104"}),
            line(3, "ended", data={"outcome": "no_answer"}),
            line(4, "taken_over", actor="emil", data={"how": "phone"}),
            *(line(n, "came_again", actor="sewage-plant") for n in range(5, 80)),
        ]
        stranger = {"title": "Hausmeister", "logins": [], "rank": 2, "over": True, "strangers": ["Hausmeister"]}
        shift = {"starts": ago(3600), "ends": ago(-86_400), "rank": 1, "over": False, "strangers": []}
        self.rotas = [
            {
                "calendar": "Bereitschaft Kläranlage",
                "ladders": ["plant"],
                "read_at": ago(60),
                "trouble": "",
                "shifts": [
                    {**shift, "title": "Dieter Dachs", "logins": ["dieter"]},
                    {**shift, **stranger},
                ],
                "gaps": [{"starts": ago(-86_400), "ends": ago(-90_000), "rank": 1}],
                "troubles": [
                    {
                        "id": "x",
                        "text": "Niemand hat Bereitschaft: morgen",
                        "text_en": "Nobody: tomorrow",
                        "priority": 3,
                    }
                ],
            }
        ]
        source = {
            "place": "Pumpwerk",
            "kind": "webhook",
            "heartbeat_every": 60,
            "beat_at": ago(20),
            "maintenance": None,
        }
        self.sources = [
            {**source, "missing_since": None, "name": "sewage-plant", "label": "Kläranlage"},
            {**source, "name": "silent", "label": "Brunnen", "kind": "mqtt", "missing_since": ago(500)},
            {**source, "name": "door", "label": "Tor", "kind": "mail", "heartbeat_every": 0},
            {**source, "name": "fresh", "label": "Neu", "kind": "call", "beat_at": None},
        ]

    async def _list(self, request: web.Request) -> web.Response:
        if request.query.get("state", "open") == "open":
            self.looks += 1
            return answered({"alarms": [one for one in self.open.values() if one.state != "closed"], "next": None})
        limit = int(request.query["limit"])
        start = next((at for at, one in enumerate(self.closed) if one.id == request.query.get("after")), -1) + 1
        page = self.closed[start : start + limit]
        return answered({"alarms": page, "next": page[-1].id if len(page) == limit else None})

    async def _lines(self, request: web.Request) -> web.Response:
        query = request.query
        if "before" not in query:
            return answered({"lines": [one for one in self.log if one["alarm"] == query["alarm"]], "next": None})
        before, limit = int(query["before"]), int(query["limit"])
        page = [one for one in reversed(self.log) if not before or one["seq"] < before][:limit]
        return answered({"lines": page, "next": page[-1]["seq"] if len(page) == limit else None})

    async def _one(self, request: web.Request) -> web.Response:
        known = [*self.open.values(), *self.closed]
        found = next((one for one in known if one.id == request.match_info["id"]), None)
        return answered(found) if found else refused(404, code="not_found", detail="There is no such alarm.")

    async def _rota(self, _: web.Request) -> web.Response:
        return answered({"rotas": self.rotas})

    async def _tests(self, _: web.Request) -> web.Response:
        return answered({"tests": [self.report]})

    async def _test(self, request: web.Request) -> web.Response:
        if request.method == "POST":
            self.wishes.append(await request.json())
        return answered(self.report, 201 if request.method == "POST" else 200)

    async def _scenarios(self, _: web.Request) -> web.Response:
        return answered({"scenarios": SCENARIOS})

    async def _by_hand(self, request: web.Request) -> web.Response:
        wish = await request.json()
        self.wishes.append(wish | {"key": request.headers["Idempotency-Key"]})
        raised = alarm("hand", text=wish["text"], attempts=())
        self.open[raised.id] = raised
        return answered(raised, 201)

    async def _works(self, request: web.Request) -> web.Response:
        [source] = [one for one in self.sources if one["name"] == request.match_info["name"]]
        if request.method == "DELETE":
            source["maintenance"] = None
            return web.Response(status=204)
        wish = await request.json()
        self.wishes.append(wish)
        source["maintenance"] = WORKS | {"urgent": wish["urgent"], "reason": wish["reason"]}
        return answered(source["maintenance"])

    async def _sources(self, _: web.Request) -> web.Response:
        return answered({"sources": self.sources})
