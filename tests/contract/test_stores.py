"""Every store on SQLite and on PostgreSQL: the same calls, the same answers."""

import asyncio
import random
from datetime import UTC, datetime, timedelta

import pytest
from msgspec import structs
from sqlalchemy import insert, select, text

from ami_bridge.db.database import Database, migrate, open_database
from ami_bridge.db.tables import people
from ami_bridge.demo.ports import free_tcp
from ami_bridge.errors import ConfigError, NotReachableError
from ami_bridge.people.model import Account, Person, Seating, Session, Token, Wish
from ami_bridge.people.store import CredentialStore, OwnStore, PersonStore, SeatStore
from tests.contract.postgres import Postgres

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOSTILE = "Robert'); DROP TABLE people;-- \0 \ud800 \u202e 'ü' %s :x"


ANNA = Person(
    login="anna",
    name="Anna Amsel",
    email="a@x.example",
    department="Bürgerbüro",
    extensions=("101", "8"),
    groups=("Bürgerbüro", "Personalrat"),
)
BEN = Person(login="ben", name="Ben", roles=("user", "admin"))


class TestPersons:
    async def test_everybody_is_known_after_a_restart(self, db: Database) -> None:
        await PersonStore(db).replace([BEN, ANNA])
        assert await PersonStore(db).all() == (ANNA, BEN)

    async def test_the_newest_look_counts(self, db: Database) -> None:
        store = PersonStore(db)
        await store.replace([ANNA, BEN])
        moved = Person(login="anna", name="Anna Amsel", extensions=("102",))
        await store.replace([moved])
        assert await store.all() == (moved,)
        await store.replace([])
        assert await store.all() == ()

    async def test_hostile_names_are_kept_as_far_as_text_goes(self, db: Database) -> None:
        store = PersonStore(db)
        await store.replace([Person(login="x", name=HOSTILE, department="y" * 10_000)])
        (got,) = await store.all()
        assert got.name == HOSTILE.replace("\0", "").replace("\ud800", "?")
        assert got.department == "y" * 10_000


class TestOwn:
    async def test_an_account_is_kept_whole_and_once_per_person(self, db: Database) -> None:
        store = OwnStore(db)
        first = Account(id="A1", login="anna", sealed=bytes(range(256)), given=NOON)
        bens = Account(id="A2", login="ben", sealed=b"", given=NOON + HOUR)
        for account in (first, bens, first):
            await store.keep_account(account)
        assert await store.accounts() == [first, bens]
        newer = structs.replace(first, sealed=b"new")
        await store.keep_account(newer)
        assert await store.accounts() == [newer, bens]
        await store.drop_account("anna")
        await store.drop_account("nobody")
        assert await store.accounts() == [bens]

    async def test_wishes_and_choices_are_each_persons_own(self, db: Database) -> None:
        store = OwnStore(db)
        for login, wanted in (("anna", True), ("ben", True), ("anna", False), ("carla", False)):
            await store.keep_wish(login, Wish(private_on_display=wanted, language="en" if wanted else None))
        assert sorted(await store.wishes(), key=str) == [
            ("anna", Wish()),
            ("ben", Wish(private_on_display=True, language="en")),
            ("carla", Wish()),
        ]
        await store.keep_choice("anna", "+49301", "1")
        await store.keep_choice("anna", "+49301", "2")
        await store.keep_choice("ben", "+49301", "3")
        await store.keep_choice("ben", HOSTILE.replace("\0", "").replace("\ud800", ""), "4")
        await store.keep_choice("carla", "+49301", None)
        assert (await store.choices())[0] == ("anna", "+49301", "2")
        assert len(await store.choices()) == 3
        await store.keep_choice("anna", "+49301", None)
        assert {login for login, _, _ in await store.choices()} == {"ben"}

    async def test_a_chosen_telephone_is_one_per_person_until_another_is_or_none(self, db: Database) -> None:
        store = OwnStore(db)
        for login, device in (("anna", "PJSIP/101"), ("ben", "PJSIP/102"), ("anna", "PJSIP/home"), ("carla", None)):
            await store.choose_device(login, device)
        assert await store.chosen_devices() == {"anna": "PJSIP/home", "ben": "PJSIP/102"}
        await store.choose_device("anna", None)
        assert await store.chosen_devices() == {"ben": "PJSIP/102"}

    async def test_who_is_forgotten_leaves_nothing(self, db: Database) -> None:
        store = OwnStore(db)
        for login in ("anna", "ben"):
            await store.keep_account(Account(id=login, login=login, sealed=b"x", given=NOON))
            await store.keep_wish(login, Wish(language="de"))
            await store.keep_choice(login, "+49301", "1")
            await store.choose_device(login, "PJSIP/101")
        await store.forget(["anna", "nobody"])
        assert [one.login for one in await store.accounts()] == ["ben"]
        assert [login for login, _ in await store.wishes()] == ["ben"]
        assert [one[0] for one in await store.choices()] == ["ben"]
        assert await store.chosen_devices() == {"ben": "PJSIP/101"}
        await store.forget([])


class TestSeats:
    async def test_a_seat_is_one_persons_and_a_person_at_one_seat(self, db: Database) -> None:
        store = SeatStore(db)
        anna, ben, anna_elsewhere, ben_there = (
            Seating(seat=seat, login=login, since=NOON, until=NOON + HOUR)
            for seat, login in (("s1", "anna"), ("s2", "ben"), ("s2", "anna"), ("s1", "ben"))
        )
        for seating, kept in (
            (anna, [anna]),
            (ben, [anna, ben]),
            (anna_elsewhere, [anna_elsewhere]),
            (ben_there, [ben_there, anna_elsewhere]),
            (ben_there, [ben_there, anna_elsewhere]),
        ):
            await store.sit(seating)
            assert await store.seatings() == kept
        await store.leave(["ben", "nobody"])
        await store.leave([])
        assert await store.seatings() == [anna_elsewhere]


def token(number: int, login: str = "anna", **changes: object) -> Token:
    values: dict[str, object] = {
        "id": f"T{number}",
        "login": login,
        "name": "desk",
        "scopes": ("events", "dial"),
        "created": NOON,
        "expires": NOON + HOUR,
    }
    return Token(**{**values, **changes})  # type: ignore[arg-type]


def session(number: int, login: str = "anna") -> Session:
    return Session(id=f"S{number}", login=login, created=NOON, last_used=NOON, expires=NOON + HOUR)


class TestCredentials:
    async def test_a_token_is_found_by_its_hash_alone(self, db: Database) -> None:
        store = CredentialStore(db)
        await store.add_token(token(1), b"1" * 32)
        await store.add_token(token(2, "ben"), b"2" * 32)
        assert await store.token(b"1" * 32) == token(1)
        assert await store.token(b"3" * 32) is None
        assert await store.tokens_of("ben") == [token(2, "ben")]

    async def test_a_token_is_revoked_by_its_owner_once(self, db: Database) -> None:
        store = CredentialStore(db)
        await store.add_token(token(1), b"1" * 32)
        assert not await store.revoke_token("T1", "ben", NOON)
        assert await store.revoke_token("T1", "anna", NOON)
        assert not await store.revoke_token("T1", "anna", NOON)
        assert await store.token(b"1" * 32) is None
        assert await store.tokens_of("anna") == []

    async def test_only_one_of_many_revocations_at_once_wins(self, db: Database) -> None:
        store = CredentialStore(db)
        await store.add_token(token(1), b"1" * 32)
        won = await asyncio.gather(*[store.revoke_token("T1", "anna", NOON) for _ in range(20)])
        assert sum(won) == 1

    async def test_a_use_is_noted_and_never_backwards(self, db: Database) -> None:
        store = CredentialStore(db)
        await store.add_token(token(1), b"1" * 32)
        await store.token_used(token(1), now=NOON + HOUR, expires=NOON + 3 * HOUR)
        await store.token_used(token(1), now=NOON, expires=NOON + 2 * HOUR)
        assert await store.token(b"1" * 32) == token(1, last_used=NOON + HOUR, expires=NOON + 3 * HOUR)

    async def test_a_session_begins_is_used_and_ends(self, db: Database) -> None:
        store = CredentialStore(db)
        await store.add_session(session(1), b"1" * 32)
        await store.session_used(session(1), now=NOON + HOUR, expires=NOON + 2 * HOUR)
        kept = await store.session(b"1" * 32)
        assert kept is not None
        assert (kept.last_used, kept.expires) == (NOON + HOUR, NOON + 2 * HOUR)
        assert await store.sessions_of("anna") == [kept]
        assert await store.end_session("S1")
        assert not await store.end_session("S1")
        assert await store.session(b"1" * 32) is None

    async def test_who_is_gone_loses_everything_and_nobody_else_does(self, db: Database) -> None:
        store = CredentialStore(db)
        for number, login in enumerate(["anna", "anna", "ben"]):
            await store.add_token(token(number, login), bytes([number]) * 32)
            await store.add_session(session(number, login), bytes([number]) * 32)
        many = [f"p{n}" for n in range(1200)]
        tokens, sessions = await store.forget([*many, "anna"], NOON)
        assert (sorted(tokens), sorted(sessions)) == (["T0", "T1"], ["S0", "S1"])
        assert await store.forget(["anna"], NOON) == ([], [])
        assert await store.token(b"\2" * 32) == token(2, "ben")
        assert await store.session(b"\2" * 32) == session(2, "ben")

    async def test_what_is_over_is_deleted(self, db: Database) -> None:
        store = CredentialStore(db)
        await store.add_token(token(1), b"1" * 32)
        await store.add_token(token(2, expires=NOON + timedelta(days=300)), b"2" * 32)
        await store.revoke_token("T2", "anna", NOON)
        await store.add_session(session(1), b"1" * 32)
        assert await store.purge(NOON) == 0
        assert await store.purge(NOON + 2 * HOUR) == 2
        assert await store.purge(NOON + timedelta(days=91)) == 1


class TestInterruptions:
    async def test_whoever_is_cancelled_whenever_all_or_nothing_is_kept_and_the_next_one_is_served(
        self, db: Database
    ) -> None:
        dice = random.Random(20261121)  # noqa: S311 - repeatable, not secret

        async def writes_two(number: int) -> None:
            async with db.transaction() as transaction:
                for half in ("a", "b"):
                    await transaction.run(
                        insert(people).values(login=f"{number}{half}", name="", extensions=[], roles=[])
                    )

        for round_ in range(40):
            tasks = [asyncio.create_task(writes_two(round_ * 10 + n)) for n in range(10)]  # noqa: TID251
            await asyncio.sleep(dice.uniform(0, 0.008))
            for task in dice.sample(tasks, 6):
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            assert all(one is None or isinstance(one, asyncio.CancelledError) for one in ended), ended
        kept = {row.login for row in await db.rows(select(people.c.login))}
        assert {login[:-1] + "a" for login in kept} == {login for login in kept if login.endswith("a")}
        assert len([login for login in kept if login.endswith("a")]) * 2 == len(kept) >= 40 * 4 * 2


# --- PostgreSQL's own ways


async def test_a_start_refuses_a_database_that_was_not_migrated_and_says_what_to_do(postgres: Postgres) -> None:
    url = await asyncio.to_thread(postgres.new_database, "fresh")
    with pytest.raises(ConfigError, match="run `ami-bridge migrate`"):
        async with open_database(url):
            pass
    await asyncio.gather(migrate(url), migrate(url))
    async with open_database(url) as db:
        assert await db.answers()
        await db.run(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigError, match="newer ami-bridge"):
        async with open_database(url):
            pass
    with pytest.raises(ConfigError, match="newer ami-bridge"):
        await migrate(url)


async def test_a_database_that_is_away_is_unavailable_and_comes_back_by_itself(postgres: Postgres) -> None:
    url = await asyncio.to_thread(postgres.new_database, "away")
    await migrate(url)
    async with open_database(url) as db:
        await db.run(insert(people).values(login="a", name="A", extensions=[], roles=[]))
        await asyncio.to_thread(postgres.sql, "ALTER DATABASE away ALLOW_CONNECTIONS false")
        await asyncio.to_thread(
            postgres.sql, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'away'"
        )
        assert not await db.answers()
        with pytest.raises(NotReachableError):
            await db.rows(select(people))
        await asyncio.to_thread(postgres.sql, "ALTER DATABASE away ALLOW_CONNECTIONS true")
        assert len(await db.rows(select(people))) == 1


async def test_nobody_at_the_address_is_unavailable_too() -> None:
    with pytest.raises(NotReachableError):
        async with open_database(f"postgresql://bridge@127.0.0.1:{free_tcp()}/nothing"):
            pass


async def test_a_wrong_name_of_the_database_is_one_sentence(postgres: Postgres) -> None:
    with pytest.raises(ConfigError, match=r"""refuses: .*"nothing" does not exist"""):
        async with open_database(f"postgresql://bridge@127.0.0.1:{postgres.port}/nothing"):
            pass
