"""Sounds over HTTP, on a real server: what is refused is said in one's language, what is done is written down."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from ami_bridge.alarms.model import LogEntry
from ami_bridge.alarms.sound_routes import SoundRoutes
from ami_bridge.alarms.sounds import Library
from ami_bridge.people.model import Person
from ami_bridge.web.identity import SCOPES, Identity
from ami_bridge.web.problem import problems
from tests.alarms.world import NOON
from tests.sound import silence, tone, write

OURS = Path(__file__).parents[2] / "sounds"
EVA = Person(login="eva", name="Eva Eule", roles=("user", "alarm-manager"))


class House:
    """Eva, who manages alarms; all that she does is written down, and rings."""

    def __init__(self) -> None:
        self.log: list[LogEntry] = []
        self.rung: list[tuple[str, str]] = []

    async def identify(self, _request: web.Request) -> Identity:
        return Identity(
            login="eva", credential="session:1", scopes=frozenset(SCOPES), expires=NOON + timedelta(hours=1)
        )

    def operator(self, _login: str) -> Person:
        return EVA

    async def note(self, entry: LogEntry) -> None:
        self.log.append(entry)

    async def play(self, extension: str, name: str) -> None:
        self.rung.append((extension, name))


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[tuple[House, aiohttp.ClientSession]]:
    house: Any = House()
    routes = SoundRoutes(
        guard=house,
        desk=house,
        library=Library(folder=folder, ours=OURS),
        used={"gas": ["gas"]},
        is_extension=lambda extension: extension == "101",
        play=house.play,
        note=house.note,
        now=lambda: NOON,
    )
    app = web.Application(middlewares=[problems], client_max_size=20_000_000)
    routes.add_to(app.router)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        async with aiohttp.ClientSession(f"http://127.0.0.1:{runner.addresses[0][1]}") as session:
            yield house, session
    finally:
        await runner.cleanup()


async def put(session: aiohttp.ClientSession, name: str, body: bytes, language: str = "de") -> tuple[int, Any]:
    headers = {"Content-Type": "audio/wav", "Accept-Language": language}
    async with session.put(f"/api/v1/sounds/{name}", data=BytesIO(body), headers=headers) as answer:
        return answer.status, await answer.json()


async def test_what_is_done_is_written_down_and_what_is_refused_is_not(tmp_path: Path) -> None:
    async with served(tmp_path) as (house, session):
        status, kept = await put(session, "own-bell", (OURS / "alarm-bell.wav").read_bytes())
        assert (status, kept["own"]) == (200, True)
        assert -18 <= kept["loudness"] <= -16
        async with session.get("/api/v1/sounds") as answer:
            listed = {one["name"]: one for one in (await answer.json())["sounds"]}
        assert listed["own-bell"] == kept
        assert all(-24 < one["loudness"] < -12 for one in listed.values()), listed
        async with session.post("/api/v1/sounds/own-bell/play", json={"to": "101"}) as answer:
            assert answer.status == 202
        async with session.post("/api/v1/sounds/own-bell/play", json={"to": "999"}) as answer:
            assert answer.status == 400
        async with session.delete("/api/v1/sounds/own-bell") as answer:
            assert answer.status == 204
        async with session.delete("/api/v1/sounds/own-bell") as answer:
            assert answer.status == 404
        assert house.rung == [("101", "own-bell")]
        assert [(one.actor, one.kind, one.data) for one in house.log] == [
            ("eva", "sound_kept", {"name": "own-bell"}),
            ("eva", "sound_played", {"name": "own-bell", "destination": "101"}),
            ("eva", "sound_removed", {"name": "own-bell"}),
        ]


@pytest.mark.parametrize(
    ("bad", "de", "en"),
    [
        ("none", "speichern Sie sie als WAV, MP3, FLAC oder OGG.", "save it as WAV, MP3, FLAC or OGG."),
        ("short", "Sie dauert 0,5 s, richtig sind 1 bis 15 s: nehmen Sie eine längere.", "0.5 s long; 1 to 15 s"),
        ("long", "schneiden Sie ein Stück heraus.", "cut out a part of it."),
        ("low", "nehmen Sie einen helleren Ton.", ""),
        ("silent", "die durchgehend klingt.", ""),
        ("key", "für die Taste 0: ändern Sie Tonhöhe oder Klang.", ""),
        ("large", "speichern Sie sie als MP3.", "save it as MP3."),
    ],
)
async def test_a_refusal_says_what_to_do_in_ones_language(tmp_path: Path, bad: str, de: str, en: str) -> None:
    made = {
        "short": tone(600, 0.5),
        "long": tone(600, 20),
        "low": tone(90, 1),
        "silent": silence(1),
        "key": tone(941, 1) + tone(1336, 1),
    }
    body = {"none": b"no recording", "large": bytes(10_000_001)}.get(bad)
    if body is None:
        body = write(tmp_path / "bad.wav", made[bad]).read_bytes()
    async with served(tmp_path) as (house, session):
        for language, said in (("de-DE,en;q=0.5", de), ("en-GB", en)):
            if said:
                status, told = await put(session, "mine", body, language)
                assert (status, told["code"]) == (400, "bad_request")
                assert said in told["detail"]
        assert house.log == []
