"""What the scripted daemon answers over HTTP: journal, contacts, telephones, tokens, books, what is stored."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from aiohttp import web

from ami_bridge import wire
from ami_bridge.contacts.directory import ANYBODY
from tests.page.town import ago

if TYPE_CHECKING:
    from ami_bridge.contacts.search import Search

Json = dict[str, Any]


class Answers:
    """State that a page asks for, as plain JSON, and every wish that it has sent."""

    def __init__(self, *, password: str) -> None:
        self._password = password
        self.books: Json = {"given": None, "books": None, "opens": True}
        self.settings: Json = {"private_on_display": False, "language": None}
        self.chosen: list[Json] = []
        self.contacts: list[Json] = []
        self.search: Search | None = None
        """Finds contacts in earnest, if somebody has put one here."""
        self.lookups: dict[str, Json] = {}
        self.entries: list[Json] = []
        self.too_few = False
        """Whether the house is too small to be counted."""
        self.asked: list[str] = []
        """The query of every question to the journal."""
        self.done: list[str] = []
        self.of_department: list[Json] = []
        """What the department's others have missed, in groups."""
        self.is_quick = asyncio.Event()
        """Cleared, questions about the journal are taken and not answered yet."""
        self.is_quick.set()
        self.devices: list[Json] = []
        self.seats: list[Json] = []
        self.tokens: list[Json] = []
        self.stored: list[Json] = []
        self.admin: dict[str, Json] = {}
        """What administrators are answered, by the last part of the path."""
        self.revoked: list[str] = []
        self.refuses: dict[str, tuple[int, dict[str, str]]] = {}
        """By the beginning of a path: status and problem."""

    def routes(self) -> list[web.RouteDef]:
        return [
            web.route("*", "/api/v1/books/private", self._books),
            web.route("*", "/api/v1/settings", self._settings),
            web.put("/api/v1/contacts/choice", self._choose),
            web.get("/api/v1/contacts", self._find),
            web.get("/api/v1/contacts/lookup", self._lookup),
            web.get("/api/v1/journal", self._journal),
            web.get("/api/v1/journal/missed", self._missed),
            web.get("/api/v1/journal/hours", self._hours),
            web.post("/api/v1/journal/{id}/done", self._done),
            web.patch("/api/v1/journal/{id}", self._change),
            web.get("/api/v1/devices", self._devices),
            web.put("/api/v1/devices/chosen", self._choose_device),
            web.get("/api/v1/seats", self._seats),
            web.put("/api/v1/seat", self._sit),
            web.get("/api/v1/tokens", self._tokens),
            web.delete("/api/v1/tokens/{id}", self._revoke),
            web.post("/api/v1/pairing", self._pair),
            web.get("/api/v1/me/stored", self._stored),
            web.get("/api/v1/admin/{what}", self._administer),
            web.delete("/api/v1/admin/tokens/{id}", self._revoke_of_somebody),
            web.get("/api/v1/audit", self._administer),
        ]

    async def _books(self, request: web.Request) -> web.Response:
        if request.method == "PUT" and (problem := self._refusal(request)):
            return problem
        match request.method:
            case "PUT" if await request.json() != {"password": self._password}:
                return refused(400, code="bad_request", title="", detail="The groupware does not take this password.")
            case "PUT":
                self.books = {"given": ago(0), "books": None, "opens": True}
            case "DELETE":
                self.books = {"given": None, "books": None, "opens": True}
                return web.Response(status=204)
        answer = answered(self.books)
        if self.books["given"]:  # at the next look the books are read
            self.books = {**self.books, "books": ["Privat", "Verein"]}
        return answer

    async def _settings(self, request: web.Request) -> web.Response:
        if request.method == "PUT":
            self.settings |= await request.json()
        return answered(self.settings)

    # --- contacts

    async def _choose(self, request: web.Request) -> web.Response:
        wish = await request.json()
        self.chosen.append(wish)
        if found := self.lookups.get(wish["number"]):
            names = [one for place in found["asked"] for one in place["found"]]
            chosen = next((one for one in names if one["ref"] == wish["ref"]), None)
            bubble = chosen or {**names[0], "name": " / ".join(one["name"] for one in names), "ref": None}
            self.lookups[wish["number"]] = {**found, "bubble": bubble, "reason": "choice" if chosen else "exact"}
        return web.Response(status=204)

    async def _find(self, request: web.Request) -> web.Response:
        if problem := self._refusal(request):
            return problem
        limit = int(request.query["limit"])
        if self.search is not None:
            return answered({"contacts": await self.search.find(request.query["q"], ANYBODY, limit=limit)})
        wanted = request.query["q"].casefold().split()
        found = [
            one
            for one in self.contacts
            if all(word in json.dumps(one, ensure_ascii=False).casefold() for word in wanted)
        ]
        return answered({"contacts": found[:limit]})

    async def _lookup(self, request: web.Request) -> web.Response:
        return answered(self.lookups[request.query["number"]])

    # --- the journal

    async def _journal(self, request: web.Request) -> web.Response:
        if problem := self._refusal(request):
            return problem
        self.asked.append(request.query_string)
        query = request.query
        found = [one for one in self.entries if query.get("private") or not one["private"]]
        if direction := query.get("direction"):
            found = [one for one in found if one["direction"] == direction]
        if text := query.get("q"):
            found = [one for one in found if text.casefold() in json.dumps(one["peer"], ensure_ascii=False).casefold()]
        start = next((at for at, one in enumerate(found) if one["id"] == query.get("after")), -1) + 1
        page = found[start : start + int(query["limit"])]
        await self.is_quick.wait()
        more = page[-1]["id"] if len(found) > start + len(page) else None
        return answered({"entries": page, "next": more})

    async def _hours(self, _: web.Request) -> web.Response:
        midnight = ago(0).replace(hour=0, minute=0, second=0, microsecond=0)
        counts = {"incoming": 3, "missed": 1, "outgoing": 2, "internal": 4}
        busy = [{name: count * (at % 5) for name, count in counts.items()} for at in range(24)]
        hours = [{"starts": midnight + timedelta(hours=at), **some} for at, some in enumerate(busy)]
        return answered({"hours": [] if self.too_few else hours, "too_few": self.too_few})

    async def _missed(self, request: web.Request) -> web.Response:
        if problem := self._refusal(request):
            return problem
        await self.is_quick.wait()
        if request.query["of"] == "dept":
            return answered({"groups": self.of_department})
        groups: dict[str, Json] = {}
        for one in self.entries:
            if one["role"] != "callee" or one["result"] != "missed" or one["done_at"]:
                continue
            peer = one["peer"]
            group = groups.setdefault(
                peer["display"],
                {
                    "number": peer["number"],
                    "display": peer["display"],
                    "name": peer["name"],
                    "org": peer["org"],
                    "count": 0,
                }
                | {"last": one["started_at"], "ids": []},
            )
            group["count"] += 1
            group["ids"].append(one["id"])
        return answered({"groups": list(groups.values())})

    async def _done(self, request: web.Request) -> web.Response:
        id_ = request.match_info["id"]
        self.done.append(id_)
        return self._changed(id_, done_by="Anna Amsel", done_at=ago(0))

    async def _change(self, request: web.Request) -> web.Response:
        return self._changed(request.match_info["id"], **await request.json())

    def _changed(self, id_: str, **values: object) -> web.Response:
        at = next(at for at, one in enumerate(self.entries) if one["id"] == id_)
        self.entries[at] |= {**values, "rev": self.entries[at]["rev"] + 1}
        return answered(self.entries[at])

    # --- telephones, seats, programs

    async def _devices(self, _: web.Request) -> web.Response:
        return answered({"devices": self.devices})

    async def _choose_device(self, request: web.Request) -> web.Response:
        wish = await request.json()
        self.devices = [{**one, "chosen": one["id"] == wish["device"]} for one in self.devices]
        return answered({"devices": self.devices})

    async def _seats(self, _: web.Request) -> web.Response:
        return answered({"seats": self.seats})

    async def _sit(self, request: web.Request) -> web.Response:
        if problem := self._refusal(request):
            return problem
        wish = await request.json()
        self.seats = [{**one, "mine": one["id"] == wish["seat"]} for one in self.seats]
        return answered({"seats": self.seats})

    async def _tokens(self, _: web.Request) -> web.Response:
        return answered({"tokens": self.tokens})

    async def _revoke(self, request: web.Request) -> web.Response:
        if problem := self._refusal(request):
            return problem
        self.tokens = [one for one in self.tokens if one["id"] != request.match_info["id"]]
        return web.Response(status=204)

    async def _pair(self, _: web.Request) -> web.Response:
        return answered({"code": "KRAN-7QX2", "expires": datetime.now(UTC) + timedelta(minutes=10)})  # noqa: TID251 - the browser's clock is real

    async def _stored(self, _: web.Request) -> web.Response:
        return answered({"kinds": self.stored})

    # --- administration

    async def _administer(self, request: web.Request) -> web.Response:
        if problem := self._refusal(request):
            return problem
        what = request.match_info.get("what", "audit")
        self.asked.append(f"{what}?{request.query_string}")
        found = self.admin[what]
        if "after" in request.query:
            return answered(found | found["more"])
        if what == "people" and (q := request.query.get("q", "").casefold()):
            people = [one for one in found["people"] if one["name"].casefold().startswith(q)]
            found = {"people": people, "total": len(people), "next": None}
        return answered(found)

    async def _revoke_of_somebody(self, request: web.Request) -> web.Response:
        self.revoked.append(request.match_info["id"])
        return web.Response(status=204)

    def _refusal(self, request: web.Request) -> web.Response | None:
        for path, (status, problem) in self.refuses.items():
            if request.path.startswith(f"/api/v1/{path}"):
                return refused(status, **problem)
        return None


def answered(answer: object, status: int = 200) -> web.Response:
    return web.Response(body=wire.encode(answer), content_type="application/json", status=status)


def refused(status: int, **problem: str) -> web.Response:
    headers = {"Retry-After": "30"} if status == 429 else {}
    body = json.dumps({"status": status, **problem})
    return web.Response(status=status, text=body, content_type="application/problem+json", headers=headers)
