"""Passwords for one's own address books: checked, sealed, bound to the login, gone when taken back."""

import base64
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog

from ami_bridge.db.database import Database
from ami_bridge.errors import BadRequestError, ConfigError, NotAllowedError, NotFoundError, RateLimitedError
from ami_bridge.people.accounts import HERE, OWN_TRIES, Accounts
from ami_bridge.people.model import People, Person, Wish
from ami_bridge.people.signin import SignIn
from ami_bridge.people.store import OwnStore
from ami_bridge.people.vault import Vault
from ami_bridge.people.wishes import Wishes
from tests.empty import empty_database

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ANNA = Person(login="anna", name="Anna")
BEN = Person(login="ben", name="Ben")


def new_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def test_what_is_sealed_opens_with_its_key_for_its_login_alone() -> None:
    key = new_key()
    sealed = Vault(key).seal("geheim & süß 🌍", login="anna")
    assert Vault(f" {key}\n").open(sealed, login="anna") == "geheim & süß 🌍"
    assert Vault(key).open(sealed, login="ben") is None
    assert Vault(new_key()).open(sealed, login="anna") is None
    for at in range(len(sealed)):
        broken = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
        assert Vault(key).open(broken, login="anna") is None
        assert Vault(key).open(sealed[:at], login="anna") is None
    assert b"geheim" not in sealed
    assert Vault(key).seal("same", login="anna") != Vault(key).seal("same", login="anna")


@pytest.mark.parametrize("text", ["", "short", "A" * 44, "ä" * 44, base64.b64encode(b"x" * 31).decode(), "=" * 44])
def test_what_is_no_key_is_refused_with_how_to_make_one(text: str) -> None:
    with pytest.raises(ConfigError, match="openssl rand -base64 32"):
        Vault(text)


HIDES_NOTHING = Wish(private_on_display=True)


class Groupware:
    """Knows passwords by login; `joker` opens every account."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def principal(self, user: str, password: str) -> str | None:
        self.asked.append(user)
        return f"/{user}/" if password in {f"{user}'s", "joker"} else None


class World:
    def __init__(self, db: Database, key: str) -> None:
        self.store, self.key = OwnStore(db), key
        self.groupware = Groupware()
        self.people = People([ANNA, BEN])
        self.accounts = self.daemon(key)

    def daemon(self, key: str) -> Accounts:
        return Accounts(
            store=self.store,
            vault=Vault(key) if key else None,
            people=self.people,
            sign_in=SignIn(groupware=self.groupware, people=self.people, now=lambda: NOON, answers_after=0),
            groupware=self.groupware,
            own_user="bridge",
            now=lambda: NOON,
        )


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with empty_database(tmp_path / "data" / "bridge.sqlite") as db:
        yield World(db, new_key())


async def test_a_right_password_is_kept_sealed_and_opens_after_a_restart(world: World, tmp_path: Path) -> None:
    account = await world.accounts.give("anna", "anna's", source="here")
    assert world.accounts.password("anna") == "anna's"
    assert world.accounts.password("ben") is None
    assert (account.login, account.given) == ("anna", NOON)
    kept = b"".join(path.read_bytes() for path in (tmp_path / "data").iterdir())
    assert b"anna's" not in kept
    again = world.daemon(world.key)
    await again.load()
    assert again.password("anna") == "anna's"
    assert again.of("anna") == account


async def test_with_another_key_it_does_not_open_and_that_is_said_once(world: World) -> None:
    await world.accounts.give("anna", "anna's", source="here")
    for key in (new_key(), ""):
        again = world.daemon(key)
        with structlog.testing.capture_logs() as logs:
            await again.load()
        assert [(one["event"], one["accounts"]) for one in logs] == [("people.accounts_do_not_open", 1)]
        assert again.password("anna") is None
        assert again.of("anna") is not None


async def test_a_wrong_password_is_not_kept_and_cannot_be_guessed(world: World) -> None:
    for _ in range(10):
        with pytest.raises(BadRequestError, match="does not take this password"):
            await world.accounts.give("anna", "wrong", source="here")
    with pytest.raises(RateLimitedError):
        await world.accounts.give("anna", "anna's", source="here")
    assert await world.store.accounts() == []
    assert world.accounts.all() == []


async def test_nobody_can_have_the_daemons_own_account_locked(world: World) -> None:
    """Each password is tried there too, and a directory counts those as guesses; an administrator may give many."""
    for _ in range(OWN_TRIES):
        await world.accounts.give("anna", "anna's", source="here")
    with pytest.raises(RateLimitedError):
        await world.accounts.give("anna", "anna's", source="here")
    assert sum(user != "anna" for user in world.groupware.asked) == OWN_TRIES
    await world.accounts.give("ben", "ben's", source="here")
    for _ in range(OWN_TRIES + 1):
        await world.accounts.give("anna", "anna's", source=HERE)


async def test_without_a_key_nobody_is_even_asked(world: World) -> None:
    with pytest.raises(NotAllowedError, match="key_file"):
        await world.daemon("").give("anna", "anna's", source="here")
    assert world.groupware.asked == []


async def test_a_password_that_opens_other_accounts_is_refused(world: World) -> None:
    with pytest.raises(NotAllowedError, match="opens other accounts"):
        await world.accounts.give("anna", "joker", source="here")
    assert await world.store.accounts() == []


async def test_only_who_works_here_can_have_an_account(world: World) -> None:
    with pytest.raises(NotFoundError, match="'eva'"):
        await world.accounts.give("eva", "eva's", source="here")
    assert world.groupware.asked == []


async def test_a_new_password_replaces_the_old_one_and_keeps_the_id(world: World) -> None:
    first = await world.accounts.give("anna", "anna's", source="here")
    second = await world.accounts.give("anna", "anna's", source="here")
    assert first.id == second.id
    assert first.sealed != second.sealed
    assert await world.store.accounts() == [second]


async def test_what_is_taken_back_is_in_no_file_any_more(world: World, tmp_path: Path) -> None:
    account = await world.accounts.give("anna", "anna's", source="here")
    await world.accounts.remove("anna")
    assert world.accounts.password("anna") is None
    assert world.accounts.of("anna") is None
    kept = b"".join(path.read_bytes() for path in (tmp_path / "data").iterdir())
    assert account.sealed not in kept
    assert account.id.encode() not in kept
    with pytest.raises(NotFoundError):
        await world.accounts.remove("anna")


async def test_who_leaves_leaves_nothing(world: World) -> None:
    await world.accounts.give("anna", "anna's", source="here")
    await world.accounts.give("ben", "ben's", source="here")
    await world.store.keep_wish("anna", HIDES_NOTHING)
    await world.store.keep_choice("anna", "+493023125001", "7")
    await world.accounts.forget({"anna"})
    assert [one.login for one in world.accounts.all()] == ["ben"]
    assert [one.login for one in await world.store.accounts()] == ["ben"]
    assert (await world.store.wishes(), await world.store.choices()) == ([], [])


async def test_no_password_and_no_login_is_logged(world: World) -> None:
    with structlog.testing.capture_logs() as logs:
        await world.accounts.give("anna", "anna's", source="here")
        with pytest.raises(BadRequestError):
            await world.accounts.give("anna", "wrong", source="here")
        await world.accounts.remove("anna")
    assert [one["event"] for one in logs] == [
        "people.account_given", "people.sign_in_refused", "people.account_removed",
    ]  # fmt: skip
    assert "anna" not in str(logs)
    assert "wrong" not in str(logs)


async def test_a_wish_is_off_until_wished_and_is_kept(world: World) -> None:
    wishes = Wishes(store=world.store, people=world.people)
    await wishes.load()
    assert not world.people.shows_private("anna")
    await wishes.wish("anna", HIDES_NOTHING)
    assert world.people.shows_private("anna")
    assert not world.people.shows_private("ben")
    people = People([ANNA, BEN])
    await Wishes(store=world.store, people=people).load()
    assert people.shows_private("anna")
    await wishes.wish("anna", Wish())
    assert not world.people.shows_private("anna")
    assert await world.store.wishes() == [("anna", Wish())]


class BrokenStore:
    async def wishes(self) -> list[tuple[str, Wish]]:
        return []

    async def keep_wish(self, login: str, wish: Wish) -> None:  # noqa: ARG002
        raise NotFoundError("the disk is full")


async def test_a_wish_to_hide_counts_even_when_it_cannot_be_kept() -> None:
    people = People([ANNA])
    people.wished("anna", HIDES_NOTHING)
    wishes = Wishes(store=BrokenStore(), people=people)
    with pytest.raises(NotFoundError):
        await wishes.wish("anna", Wish())
    assert not people.shows_private("anna")
    with pytest.raises(NotFoundError):
        await wishes.wish("anna", HIDES_NOTHING)
    assert not people.shows_private("anna")
