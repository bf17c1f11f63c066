"""The demo's groupware: who may read which book."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from ami_bridge.demo.groupware import Radicale
from ami_bridge.demo.ports import free_tcp
from ami_bridge.demo.town import BRIDGE_USER, Secrets

PROPFIND = '<?xml version="1.0"?><propfind xmlns="DAV:"><prop><displayname/><current-user-principal/></prop></propfind>'
SECRETS = Secrets()


@pytest.fixture
async def groupware(tmp_path: Path) -> AsyncIterator[Radicale]:
    async with Radicale(folder=tmp_path / "groupware", port=free_tcp(), secrets=SECRETS) as running:
        yield running


async def _ask(url: str, user: str, password: str, method: str = "PROPFIND", body: str = PROPFIND) -> tuple[int, str]:
    headers = {"Authorization": aiohttp.encode_basic_auth(user, password), "Depth": "1"}
    async with aiohttp.ClientSession() as session, session.request(method, url, data=body, headers=headers) as answer:
        return answer.status, await answer.text()


async def test_everybody_reads_what_is_theirs_and_nothing_else(groupware: Radicale) -> None:
    anna = "anna", SECRETS.passwords["anna"]
    bridge = BRIDGE_USER, SECRETS.groupware
    for path, who, expected in (
        ("anna/privat/", anna, 207),
        ("ben/privat/", anna, 403),
        ("anna/privat/", bridge, 403),
        ("ami-bridge/stadt/", bridge, 207),
        ("ami-bridge/staff/", bridge, 207),
        ("ami-bridge/staff/", anna, 403),
        ("ami-bridge/stadt/", ("anna", "wrong"), 401),
        ("anna/privat/", ("anna", ""), 401),
    ):
        status, _ = await _ask(groupware.url + path, *who)
        assert status == expected, (path, who[0])


async def test_sign_in_tells_the_principal(groupware: Radicale) -> None:
    status, text = await _ask(groupware.url, "anna", SECRETS.passwords["anna"])
    assert status == 207
    assert "/anna/" in text


async def test_the_books_have_their_cards_and_can_be_written(groupware: Radicale) -> None:
    bridge = BRIDGE_USER, SECRETS.groupware
    _, listed = await _ask(groupware.shared_book, *bridge)
    assert listed.count(".vcf") == 200
    card = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:new\r\nFN:Neu\r\nN:Neu;;;;\r\nEND:VCARD\r\n"
    status, _ = await _ask(f"{groupware.shared_book}new.vcf", *bridge, method="PUT", body=card)
    assert status == 201
    _, listed = await _ask(groupware.shared_book, *bridge)
    assert listed.count(".vcf") == 201
