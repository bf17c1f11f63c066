"""The doctor on the real house: all is well as it is; and whatever is broken for real is found, with what to do."""

import json
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec import structs

from ami_bridge.config import Config, Mail, Web
from ami_bridge.config_file import load
from ami_bridge.contacts.sync import BookSeen
from ami_bridge.dav.client import DavClient
from ami_bridge.demo.ports import free_tcp
from ami_bridge.doctor.checks import Memory, doctor
from ami_bridge.doctor.model import Told
from ami_bridge.doctor.visit import Ear
from ami_bridge.ids import new_id
from ami_bridge.people.model import Person
from tests.real.house import House

EVA = Person(login="eva", name="Eva Eule", extensions=("105",), roles=("user", "admin"))
DIETER = Person(login="dieter", name="Dieter Dachs", extensions=("104",))
STAFF = (EVA, DIETER, *(Person(login=f"p{exten}", name="P", extensions=(exten,)) for exten in ("101", "102", "103")))


@dataclass
class Down:
    """The daemon's connection, which is not there: the doctor comes on one of its own."""

    up: bool = False

    async def send(self, action: str, headers: object = None) -> Any:  # noqa: ANN401 - never called
        raise AssertionError(action, headers)


async def found(
    house: House,
    *,
    later: timedelta = timedelta(),
    people: Sequence[Person] = STAFF,
    **different: Any,  # noqa: ANN401 - sections of the configuration
) -> dict[str, Told]:
    """What is not well, by its code, with another configuration or clock than the daemon's."""
    config: Config = structs.replace(load(house.folder / "config.toml"), **different)

    def now() -> datetime:
        return datetime.now(UTC) + later  # noqa: TID251 - the other clocks are real, too

    async with DavClient(config.groupware.address, config.groupware.user, config.groupware.password) as dav:
        seen = [BookSeen(path="stadt", label="Stadt", scope="shared", at=datetime.now(UTC), why=None)]  # noqa: TID251 - as above
        memory = Memory(link=Down(), ear=Ear(), people=lambda: people, seen=lambda: seen, names=lambda: 200)
        made = doctor(config, dav=dav, now=now, new_id=lambda: new_id(now()), memory=memory)
        report = await made.look("en")
    return {one.code: one for one in report.findings if one.severity != "ok"}


@asynccontextmanager
async def changed(house: House, name: str, old: str, new: str) -> AsyncIterator[None]:
    """Have another line in Asterisk's configuration for a while."""
    path = house.pbx.folder / "etc" / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    reload = {"manager.conf": "manager reload", "extensions.conf": "dialplan reload"}[name]
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    try:
        await house.pbx.cli(reload)
        yield
    finally:
        path.write_text(text, encoding="utf-8")
        await house.pbx.cli(reload)


async def test_all_is_well_and_the_command_says_so(house: House) -> None:
    assert await found(house) == {}
    code, said = await house.command("doctor", "--json", "--lang", "de", "--config", str(house.folder / "config.toml"))
    report = json.loads(said)
    assert (code, report["daemon"], report["errors"], report["warnings"]) == (0, True, 0, 0), said
    codes = {one["code"] for one in report["findings"]}
    assert {
        "ami.fine",
        "dialplan.fine",
        "names.fine",
        "sounds.fine",
        "groupware.fine",
        "calendars.fine",
        "people.fine",
    } <= codes
    assert await house.pbx.channels() == []
    for secret in (house.pbx.secrets.ami, house.pbx.secrets.questions, house.pbx.secrets.groupware):
        assert secret not in said


OWN = "write = call,reporting,originate,user,agent\n; Milli"
HEARS = "read = system,call,user,agent\nwrite = call"


@pytest.mark.parametrize(
    ("name", "old", "new", "code", "word"),
    [
        ("manager.conf", OWN, OWN.replace("call,", ""), "ami.right_missing", "write = call"),
        ("manager.conf", OWN, OWN.replace("originate,", ""), "ami.right_missing", "write = originate"),
        ("manager.conf", OWN, OWN.replace(",agent", ""), "ami.queues_seen_only", "pause"),
        ("manager.conf", HEARS, HEARS.replace("system,call", "system"), "ami.right_missing", "read = call"),
        ("manager.conf", HEARS, HEARS.replace("call,user", "call"), "ami.right_missing", "read = user"),
        ("manager.conf", OWN, OWN.replace("call,", "call,system,command,"), "ami.too_much", "system, write = command"),
        ("extensions.conf", '#include "control.conf"', "", "dialplan.context_missing", "[bridge-send]"),
        ("extensions.conf", '#include "doctor.conf"', "", "dialplan.doctor_missing", "[bridge-doctor]"),
        ("extensions.conf", "BRIDGE_DIAL = internal", "BRIDGE_DIAL = x", "dialplan.dial_missing", "“x”"),
        ("extensions.conf", "BRIDGE_SECRET = ", "BRIDGE_SECRET = x", "names.not_answered", "0.3 seconds"),
        ("extensions.conf", "BRIDGE_SECRET = ", "BRIDGE_SECRET = x", "dialplan.secret_wrong", "BRIDGE_SECRET"),
        ("extensions.conf", "BRIDGE = http://127.0.0.1:", "BRIDGE = http://127.0.0.1:1", "dialplan.bridge_wrong", ":1"),
        ("extensions.conf", "exten => _11[02],", "exten => _11[4],", "dialplan.emergency_missing", "11"),
        ("extensions.conf", "exten => _8[1-9]XX,", "exten => _8[1-8]XX,", "rooms.unreachable", "8999"),
        ("extensions.conf", "exten => 104,hint", "exten => 144,hint", "people.no_device", "104"),
        ("extensions.conf", "exten => 104,hint", "exten => 144,hint", "people.no_person", "144"),
    ],
)  # fmt: skip
async def test_what_is_broken_at_asterisk_is_found(
    house: House, name: str, old: str, new: str, code: str, word: str
) -> None:
    async with changed(house, name, old, new):
        wrong = await found(house)
    assert code in wrong, wrong
    assert word in wrong[code].what
    assert wrong[code].do


async def test_a_sound_that_is_gone_is_found(house: House) -> None:
    sound = house.pbx.folder / "sounds/en/room-welcome.wav"
    away = sound.rename(sound.with_suffix(".away"))
    try:
        assert "en/room-welcome " in (await found(house))["sounds.missing"].what
    finally:
        away.rename(sound)


async def test_who_cannot_be_reached_is_told_apart_from_who_refuses(house: House) -> None:
    config = load(house.folder / "config.toml")
    pbx, groupware = config.pbx[0], config.groupware
    nowhere = free_tcp()
    wrong = await found(
        house,
        pbx=[structs.replace(pbx, secret="wrong")],
        groupware=structs.replace(groupware, password="wrong"),
        mail=Mail(smtp=f"smtp+insecure://127.0.0.1:{nowhere}", sender="a@b"),
        web=Web(listen="http://127.0.0.1:1", origin=groupware.url.rstrip("/")),
    )
    assert set(wrong) == {"ami.refused", "groupware.refused", "mail.unusable", "web.not_us"}
    wrong = await found(
        house,
        pbx=[structs.replace(pbx, port=nowhere)],
        groupware=structs.replace(groupware, url=f"http://127.0.0.1:{nowhere}/"),
        web=Web(origin=f"http://127.0.0.1:{nowhere}"),
    )
    assert set(wrong) == {"ami.away", "groupware.away", "web.unreachable"}
    lost = structs.replace(config.book[0], path="nowhere")
    elsewhere = structs.replace(config.rooms, calendar="Nirgends")
    wrong = await found(house, book=[lost], rooms=elsewhere)
    assert set(wrong) == {"groupware.book_missing", "calendars.missing"}
    assert "“Nirgends” of [rooms] calendar" in wrong["calendars.missing"].what


async def test_clocks_that_differ_and_books_that_are_old_are_found(house: House) -> None:
    wrong = await found(house, later=timedelta(hours=1))
    assert set(wrong) == {"clock.off", "groupware.book_old"}
    assert re.search("360[0-2] seconds behind this", wrong["clock.off"].what)
    assert "60 minutes ago" in wrong["groupware.book_old"].what


async def test_people_without_telephone_and_numbers_that_cannot_be_are_found(house: House) -> None:
    config = load(house.folder / "config.toml")
    site = structs.replace(config.site, area_code="40", outside_line="7")
    rooms = structs.replace(config.rooms, numbers="101-102")
    lost = Person(login="nora", name="Nora Neu")
    wrong = await found(house, people=(*STAFF[1:], lost), site=site, rooms=rooms)
    assert "nora" in wrong["people.no_extension"].what
    assert {
        "people.no_admin",
        "numbers.area_differs",
        "numbers.no_way_out",
        "rooms.collide",
    } <= set(wrong)
    assert set(await found(house, people=())) >= {"people.nobody"}
