"""Tokens of anybody, made by the administrator over the control socket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ami_bridge.errors import BadRequestError
from ami_bridge.people.control import TokenDesk
from ami_bridge.web.control import ask, serve_control
from ami_bridge.web.identity import SCOPES
from tests.people.conftest import House


@asynccontextmanager
async def a_desk(house: House, folder: Path) -> AsyncIterator[Path]:
    path = folder / "control.sock"
    async with serve_control(path, add_routes=[TokenDesk(access=house.access, people=house.people).add_to]):
        yield path


async def test_a_token_is_made_works_is_listed_and_revoked(house: House, tmp_path: Path) -> None:
    async with a_desk(house, tmp_path) as path:
        made = await ask(path, "POST", "/tokens", {"login": "anna", "name": "desk", "scopes": ["events"]})
        assert made["token"].startswith("amib_")
        async with (
            house.session() as session,
            session.get("/api/v1/me", headers={"Authorization": f"Bearer {made['token']}"}) as me,
        ):
            assert (await me.json())["login"] == "anna"
        listed = (await ask(path, "GET", "/tokens/anna"))["tokens"]
        assert [(one["id"], one["name"], one["scopes"]) for one in listed] == [(made["id"], "desk", ["events"])]
        assert made["token"] not in str(listed)
        assert await ask(path, "DELETE", f"/tokens/anna/{made['id']}") == {}
        assert house.revoked == [f"token:{made['id']}"]
        assert await ask(path, "GET", "/tokens/anna") == {"tokens": []}


async def test_without_a_wish_a_token_is_good_for_everything(house: House, tmp_path: Path) -> None:
    async with a_desk(house, tmp_path) as path:
        assert (await ask(path, "POST", "/tokens", {"login": "ben", "name": "x"}))["scopes"] == list(SCOPES)


async def test_nobodys_token_is_refused_with_the_logins_that_are_known(house: House, tmp_path: Path) -> None:
    async with a_desk(house, tmp_path) as path:
        with pytest.raises(BadRequestError, match=r"'annna'; known are: anna, ben\."):
            await ask(path, "POST", "/tokens", {"login": "annna", "name": "desk"})
        house.people.replace([])
        with pytest.raises(BadRequestError, match="known are: nobody"):
            await ask(path, "POST", "/tokens", {"login": "anna", "name": "desk"})


@pytest.mark.parametrize(
    "wish",
    [
        {"login": "anna"},
        {"login": "anna", "name": ""},
        {"login": "anna", "name": "desk", "scopes": ["everything"]},
        {"login": "anna", "name": "desk", "scopes": []},
        {"login": "a" * 201, "name": "desk"},
        {"login": "anna", "name": "desk", "admin": True},
        {"login": "anna", "name": "line\nline"},
        [],
        "anna",
    ],
)
async def test_a_wrong_wish_is_refused_and_makes_nothing(house: House, tmp_path: Path, wish: object) -> None:
    async with a_desk(house, tmp_path) as path:
        with pytest.raises(BadRequestError):
            await ask(path, "POST", "/tokens", wish)
        assert await ask(path, "GET", "/tokens/anna") == {"tokens": []}


async def test_somebody_elses_token_cannot_be_revoked_by_a_slip(house: House, tmp_path: Path) -> None:
    async with a_desk(house, tmp_path) as path:
        made = await ask(path, "POST", "/tokens", {"login": "anna", "name": "desk"})
        with pytest.raises(BadRequestError, match="no such token"):
            await ask(path, "DELETE", f"/tokens/ben/{made['id']}")
        with pytest.raises(BadRequestError, match="no such token"):
            await ask(path, "DELETE", "/tokens/anna/whatever")
        assert house.revoked == []
