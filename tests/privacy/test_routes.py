"""What is stored about oneself and the audit log over HTTP; handing out and erasing over the control socket."""

import os
import pwd
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from ami_bridge.config import Web
from ami_bridge.errors import BadRequestError
from ami_bridge.privacy.control import PrivacyDesk
from ami_bridge.privacy.model import Held
from ami_bridge.privacy.routes import OPERATIONS, PrivacyRoutes
from ami_bridge.privacy.store import PersonalStore
from ami_bridge.privacy.stored import Stored
from ami_bridge.web.control import ask, serve_control
from ami_bridge.web.openapi import openapi_routes
from ami_bridge.web.server import serve
from tests.journal.world import Guard, World, a_world, finished, missed

ME = f"account {pwd.getpwuid(os.getuid()).pw_name}"


class House:
    def __init__(
        self, world: World, session: ClientSession, control: Path, forgotten: list[str], stored: Stored
    ) -> None:
        self.stored = stored
        self.world = world
        self.session = session
        self.control = control
        self.forgotten = forgotten

    async def ask(self, who: str, path: str) -> tuple[int, Any]:
        async with self.session.get(f"/api/v1{path}", headers={"X-Who": who}) as got:
            return got.status, await got.json()

    async def kinds(self, who: str) -> dict[str, tuple[int, int | None, str]]:
        _, found = await self.ask(who, "/me/stored")
        return {one["what"]: (one["count"], one["kept_days"], one["for_whom"]) for one in found["kinds"]}


@pytest.fixture
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    config = getattr(request, "param", {})
    async with a_world(tmp_path, **config) as world:
        forgotten: list[str] = []

        async def forget(login: str) -> None:
            forgotten.append(login)
            await world.desk.forget(login)

        held = {"people": Held(for_whom="everybody"), "tokens": Held(kept_days=365)}
        stored = Stored(store=PersonalStore(world.db), calls=world.desk, audit=world.audit, held=held, forget=forget)
        routes = PrivacyRoutes(guard=Guard(), stored=stored, audit=world.audit)
        control = PrivacyDesk(stored=stored, audit=world.audit)
        socket = tmp_path / "control.sock"
        async with (
            serve(Web(listen="http://127.0.0.1:0"), add_routes=[routes.add_to, openapi_routes(OPERATIONS)]) as port,
            serve_control(socket, add_routes=[control.add_to]),
            ClientSession(f"http://127.0.0.1:{port}") as session,
        ):
            yield House(world, session, socket, forgotten, stored)


async def test_everybody_sees_what_is_stored_about_them(house: House) -> None:
    await house.world.keep(finished(1), missed(2), missed(3, "102"), finished(4, direction="internal"))
    found = await house.kinds("anna")
    assert found["calls.external.answered"] == found["calls.external.missed"] == (1, 30, "self")
    assert found["calls.internal.answered"] == (1, 30, "self")
    assert found["calls.internal.missed"] == found["calls.private"] == (0, 30, "self")
    assert found["notes"] == (0, None, "self")
    assert found["tokens"] == (0, 365, "self")
    assert found["people"] == (0, None, "everybody")
    assert "journal" not in found
    assert (await house.kinds("ben"))["calls.external.missed"] == (1, 30, "self")


class Shelf:
    """Files of somebody, kept beside the database."""

    def __init__(self, house: House, *names: str) -> None:
        self.house = house
        self.files = {"eva": list(names)}

    async def told(self, login: str) -> list[dict[str, Any]]:
        return [{"file": one} for one in self.files.get(login, [])]

    async def theirs(self, login: str) -> int:
        return len(self.files.get(login, []))

    async def erase(self, login: str) -> int:
        assert self.house.forgotten == [], "what says whose they are is still there"
        return len(self.files.pop(login, []))


async def test_what_is_kept_in_files_is_told_handed_out_and_erased_too(house: House) -> None:
    house.stored.files["recordings"] = Shelf(house, "conf-8123-1.wav", "conf-8123-2.wav")
    assert (await house.kinds("eva"))["recordings"][0] == 2
    found = await ask(house.control, "GET", "/stored/eva")
    assert found["recordings"] == [{"file": "conf-8123-1.wav"}, {"file": "conf-8123-2.wav"}]
    answer = await ask(house.control, "DELETE", "/stored/eva")
    assert answer["erased"]["recordings"] == 2
    assert (await house.kinds("eva"))["recordings"][0] == 0


@pytest.mark.parametrize(
    "house",
    [{"department": "dept", "keep_days": 20, "keep": {"missed": 5, "private": 0, "answered": None}}],
    indirect=True,
    ids=["another agreement"],
)
async def test_another_agreement_is_another_page(house: House) -> None:
    found = await house.kinds("anna")
    assert found["calls.external.missed"] == (0, 5, "department")
    assert found["calls.external.answered"] == (0, 20, "self")
    assert found["calls.private"] == (0, 0, "self")


async def test_auditors_read_the_log_page_by_page_and_others_do_not(house: House) -> None:
    for number in range(3):
        await house.world.audit.record(who="x", did="export", whose=str(number), how="control")
    for who in ("anna", "dialler"):
        assert (await house.ask(who, "/audit"))[0] == 403
    _, page = await house.ask("eva", "/audit?limit=2")
    assert len(page["entries"]) == 2
    _, rest = await house.ask("eva", f"/audit?limit=500&after={page['next']}")
    assert rest["next"] is None
    whose = sorted(one["whose"] for one in (*page["entries"], *rest["entries"]))
    assert whose == ["0", "1", "2", "audit"]
    for wrong in ("limit=0", "limit=501", "limit=x"):
        assert (await house.ask("eva", f"/audit?{wrong}"))[0] == 400
    assert (await house.ask("eva", "/audit?after=nothing"))[0] == 404


async def test_the_administrator_hands_out_and_that_is_written_down(house: House) -> None:
    await house.world.keep(finished(1, note="secret of Anna's"), finished(2, "102"))
    found = await ask(house.control, "GET", "/stored/anna")
    assert [(one["call_id"], one["note"]) for one in found["journal"]] == [("CALL1", "secret of Anna's")]
    with pytest.raises(BadRequestError, match="Nothing is stored about 'nobody'"):
        await ask(house.control, "GET", "/stored/nobody")
    log = await ask(house.control, "GET", "/audit", query={"user": "eva"})
    told = sorted((one["who"], one["did"], one["whose"], one["how"]) for one in log["entries"])
    assert told == [(ME, "export", "anna", "control"), ("eva", "read", "audit", f"control, {ME}")]
    for wrong in ({}, {"user": "anna"}, {"user": "eva", "limit": "0"}):
        with pytest.raises(BadRequestError):
            await ask(house.control, "GET", "/audit", query=wrong)


@pytest.mark.parametrize("house", [{"department": "dept"}], indirect=True, ids=["dept"])
async def test_who_is_erased_is_gone_from_the_screens_of_the_department_too(house: House) -> None:
    await house.world.keep(missed(1), missed(1, "102"), missed(2), finished(3, note="x"))
    house.world.hub.told()
    answer = await ask(house.control, "DELETE", "/stored/anna")
    assert answer["erased"]["journal"] == 3
    assert house.forgotten == ["anna"]
    gone = {(login, entry.id) for topic, login, entry in house.world.hub.news if entry.gone and "dept" in topic}
    assert gone == {("anna", "CALL2"), ("ben", "CALL2")}
    assert await house.world.store.of_call("CALL2") == []
    (left,) = await house.world.store.of_call("CALL1")
    assert left.login == "ben"
    with pytest.raises(BadRequestError, match="Nothing is stored about 'carla'"):
        await ask(house.control, "DELETE", "/stored/carla")
