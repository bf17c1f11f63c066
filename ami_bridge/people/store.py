"""Persons, tokens, sessions and what people have of their own, in the database."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import ColumnElement, Select, and_, delete, insert, or_, select, update

from ami_bridge.db.database import Database, read
from ami_bridge.db.tables import (
    accounts,
    brokers,
    choices,
    chosen_devices,
    people,
    seatings,
    sessions,
    settings,
    tokens,
)
from ami_bridge.people.model import Account, Broker, Person, Seating, Session, Token, Wish

REVOKED_KEPT = timedelta(days=90)
"""How long a revoked token stays on record."""
MOST_AT_ONCE = 500

_TOKEN = select(*[tokens.c[name] for name in Token.__struct_fields__])
_BROKER = select(*[brokers.c[name] for name in Broker.__struct_fields__])
_SESSION = select(*[sessions.c[name] for name in Session.__struct_fields__])


class PersonStore:
    """Everybody of the last look at the staff book, so that a start needs no groupware."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def all(self) -> tuple[Person, ...]:
        """Read everybody."""
        found = await self._db.rows(select(people).order_by(people.c.login))
        return tuple(read(row, Person) for row in found)

    async def replace(self, persons: Iterable[Person]) -> None:
        """Keep these and nobody else; writes only what changed."""
        wanted = {person.login: person for person in persons}
        async with self._db.transaction() as transaction:
            found = await transaction.rows(select(people))
            kept = {row.login: read(row, Person) for row in found}
            for login in kept.keys() - wanted.keys():
                await transaction.run(delete(people).where(people.c.login == login))
            for login, person in wanted.items():
                if login not in kept:
                    await transaction.run(insert(people).values(msgspec.to_builtins(person)))
                elif kept[login] != person:
                    change = update(people).where(people.c.login == login)
                    await transaction.run(change.values(msgspec.to_builtins(person)))


class CredentialStore:
    """Tokens and sessions; secrets come here as SHA-256 only."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def add_token(self, token: Token, secret_hash: bytes) -> None:
        """Keep a new token."""
        await self._db.run(insert(tokens).values(**msgspec.structs.asdict(token), hash=secret_hash))

    async def token(self, secret_hash: bytes) -> Token | None:
        """Return the token with this secret, unless it was revoked."""
        return await self._token(_TOKEN.where(tokens.c.hash == secret_hash, tokens.c.revoked_at.is_(None)))

    async def tokens_of(self, login: str) -> list[Token]:
        """Return a person's tokens that are not revoked, oldest first."""
        mine = _TOKEN.where(tokens.c.login == login, tokens.c.revoked_at.is_(None)).order_by(tokens.c.id)
        return [read(row, Token) for row in await self._db.rows(mine)]

    async def all_tokens(self, now: datetime, *, login: str | None, after: str | None, limit: int) -> list[Token]:
        """Return a piece of all tokens that hold, oldest first; `after` is the id of the last one that one has."""
        wanted = _TOKEN.where(tokens.c.revoked_at.is_(None), tokens.c.expires > now).order_by(tokens.c.id)
        if login is not None:
            wanted = wanted.where(tokens.c.login == login)
        if after is not None:
            wanted = wanted.where(tokens.c.id > after)
        return [read(row, Token) for row in await self._db.rows(wanted.limit(limit))]

    async def owner_of(self, token_id: str) -> str | None:
        """Return whose token this is, unless it was revoked."""
        its = select(tokens.c.login).where(tokens.c.id == token_id, tokens.c.revoked_at.is_(None))
        found = await self._db.rows(its)
        return str(found[0].login) if found else None

    async def token_used(self, token: Token, *, now: datetime, expires: datetime) -> None:
        """Note a use, unless somebody noted a later one."""
        same = and_(tokens.c.id == token.id, _before(tokens.c.last_used, now))
        await self._db.run(update(tokens).where(same).values(last_used=now, expires=expires))

    async def revoke_token(self, token_id: str, login: str, now: datetime) -> bool:
        """End a token of this person; False where there was none to end."""
        its = and_(tokens.c.id == token_id, tokens.c.login == login, tokens.c.revoked_at.is_(None))
        return await self._db.run(update(tokens).where(its).values(revoked_at=now)) == 1

    async def revoke_tokens_of(self, broker: str, now: datetime) -> list[str]:
        """End all tokens that a broker had made; returns their ids."""
        live = and_(tokens.c.broker == broker, tokens.c.revoked_at.is_(None))
        async with self._db.transaction() as transaction:
            ended = [row.id for row in await transaction.rows(select(tokens.c.id).where(live))]
            await transaction.run(update(tokens).where(live).values(revoked_at=now))
        return ended

    async def add_session(self, session: Session, secret_hash: bytes) -> None:
        """Keep a new session."""
        await self._db.run(insert(sessions).values(**msgspec.structs.asdict(session), hash=secret_hash))

    async def session(self, secret_hash: bytes) -> Session | None:
        """Return the session with this secret."""
        found = await self._db.rows(_SESSION.where(sessions.c.hash == secret_hash))
        return read(found[0], Session) if found else None

    async def sessions_of(self, login: str) -> list[Session]:
        """Return a person's sessions, oldest first."""
        mine = _SESSION.where(sessions.c.login == login).order_by(sessions.c.id)
        return [read(row, Session) for row in await self._db.rows(mine)]

    async def session_used(self, session: Session, *, now: datetime, expires: datetime) -> None:
        """Note a use, unless somebody noted a later one."""
        same = and_(sessions.c.id == session.id, _before(sessions.c.last_used, now))
        await self._db.run(update(sessions).where(same).values(last_used=now, expires=expires))

    async def end_session(self, session_id: str) -> bool:
        """End a session; False where there was none."""
        return await self._db.run(delete(sessions).where(sessions.c.id == session_id)) == 1

    async def forget(self, logins: Collection[str], now: datetime) -> tuple[list[str], list[str]]:
        """End all tokens and sessions of these people; returns the ids of both."""
        ended: tuple[list[str], list[str]] = ([], [])
        ordered = sorted(logins)
        for start in range(0, len(ordered), MOST_AT_ONCE):
            some = ordered[start : start + MOST_AT_ONCE]
            live = and_(tokens.c.login.in_(some), tokens.c.revoked_at.is_(None))
            async with self._db.transaction() as transaction:
                ended[0].extend(row.id for row in await transaction.rows(select(tokens.c.id).where(live)))
                await transaction.run(update(tokens).where(live).values(revoked_at=now))
                theirs = sessions.c.login.in_(some)
                ended[1].extend(row.id for row in await transaction.rows(select(sessions.c.id).where(theirs)))
                await transaction.run(delete(sessions).where(theirs))
        return ended

    async def over(self, now: datetime) -> list[str]:
        """Return what has expired, as `token:<id>` and `session:<id>`."""
        found: list[str] = []
        for kind, table in (("token", tokens), ("session", sessions)):
            rows = await self._db.rows(select(table.c.id).where(table.c.expires < now))
            found += [f"{kind}:{row.id}" for row in rows]
        return found

    async def purge(self, now: datetime) -> int:
        """Delete what has expired, and tokens revoked long ago; returns how many."""
        gone = await self._db.run(delete(sessions).where(sessions.c.expires < now))
        old = or_(tokens.c.expires < now, tokens.c.revoked_at < now - REVOKED_KEPT)
        return gone + await self._db.run(delete(tokens).where(old))

    async def _token(self, wanted: Select[tuple[object, ...]]) -> Token | None:
        found = await self._db.rows(wanted)
        return read(found[0], Token) if found else None


class OwnStore:
    """What people have of their own: accounts for their address books, wishes, and who a number is to them."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def accounts(self) -> list[Account]:
        """Read all accounts."""
        return [read(row, Account) for row in await self._db.rows(select(accounts).order_by(accounts.c.id))]

    async def keep_account(self, account: Account) -> None:
        """Keep an account, instead of the one that this person gave before."""
        async with self._db.transaction() as transaction:
            await transaction.run(delete(accounts).where(accounts.c.login == account.login))
            await transaction.run(insert(accounts).values(**msgspec.structs.asdict(account)))

    async def drop_account(self, login: str) -> None:
        """Delete somebody's account, so that it stands in no file any more."""
        await self._db.run(delete(accounts).where(accounts.c.login == login))
        await self._db.forget_deleted()

    async def wishes(self) -> list[tuple[str, Wish]]:
        """Read what everybody wishes, by login."""
        return [(row.login, read(row, Wish)) for row in await self._db.rows(select(settings))]

    async def keep_wish(self, login: str, wish: Wish) -> None:
        """Keep what somebody wishes."""
        async with self._db.transaction() as transaction:
            await transaction.run(delete(settings).where(settings.c.login == login))
            await transaction.run(insert(settings).values(login=login, **msgspec.structs.asdict(wish)))

    async def choices(self) -> list[tuple[str, str, str]]:
        """Read everybody's choices: login, number, contact."""
        rows = await self._db.rows(select(choices).order_by(choices.c.login, choices.c.number))
        return [(row.login, row.number, row.ref) for row in rows]

    async def keep_choice(self, login: str, number: str, ref: str | None) -> None:
        """Keep who a number is to somebody; None forgets it."""
        its = and_(choices.c.login == login, choices.c.number == number)
        async with self._db.transaction() as transaction:
            await transaction.run(delete(choices).where(its))
            if ref is not None:
                await transaction.run(insert(choices).values(login=login, number=number, ref=ref))

    async def chosen_devices(self) -> dict[str, str]:
        """Read which telephone each person has chosen."""
        return {row.login: row.device for row in await self._db.rows(select(chosen_devices))}

    async def choose_device(self, login: str, device: str | None) -> None:
        """Keep which telephone somebody has chosen; None forgets it."""
        async with self._db.transaction() as transaction:
            await transaction.run(delete(chosen_devices).where(chosen_devices.c.login == login))
            if device is not None:
                await transaction.run(insert(chosen_devices).values(login=login, device=device))

    async def forget(self, logins: Collection[str]) -> None:
        """Delete all that these people have."""
        async with self._db.transaction() as transaction:
            for table in (accounts, settings, choices, chosen_devices):
                for login in logins:
                    await transaction.run(delete(table).where(table.c.login == login))
        await self._db.forget_deleted()


class BrokerStore:
    """Brokers of terminal servers; keys come here as SHA-256 only."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def brokers(self) -> list[Broker]:
        """Read all, oldest first."""
        return [read(row, Broker) for row in await self._db.rows(_BROKER.order_by(brokers.c.id))]

    async def broker(self, key_hash: bytes) -> Broker | None:
        """Return the one with this key."""
        found = await self._db.rows(_BROKER.where(brokers.c.hash == key_hash))
        return read(found[0], Broker) if found else None

    async def add_broker(self, broker: Broker, key_hash: bytes) -> None:
        """Keep a new one."""
        await self._db.run(insert(brokers).values(**msgspec.structs.asdict(broker), hash=key_hash))

    async def broker_used(self, broker_id: str, now: datetime) -> None:
        """Note that it made a token, unless somebody noted a later one."""
        same = and_(brokers.c.id == broker_id, _before(brokers.c.last_used, now))
        await self._db.run(update(brokers).where(same).values(last_used=now))

    async def drop_broker(self, broker_id: str) -> None:
        """Delete one."""
        await self._db.run(delete(brokers).where(brokers.c.id == broker_id))


class SeatStore:
    """Who sits where."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def seatings(self) -> list[Seating]:
        """Read all."""
        return [read(row, Seating) for row in await self._db.rows(select(seatings).order_by(seatings.c.seat))]

    async def sit(self, seating: Seating) -> None:
        """Keep one, instead of who sat there and where this person sat."""
        before = or_(seatings.c.seat == seating.seat, seatings.c.login == seating.login)
        async with self._db.transaction() as transaction:
            await transaction.run(delete(seatings).where(before))
            await transaction.run(insert(seatings).values(**msgspec.structs.asdict(seating)))

    async def leave(self, logins: Collection[str]) -> None:
        """Delete what is kept of these people."""
        async with self._db.transaction() as transaction:
            for login in logins:
                await transaction.run(delete(seatings).where(seatings.c.login == login))


def _before(column: ColumnElement[datetime], now: datetime) -> ColumnElement[bool]:
    return or_(column.is_(None), column < now)
