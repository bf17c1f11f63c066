"""Test alarms and whom they have reached, in the database."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from msgspec import structs
from sqlalchemy import delete, insert, select, update

from ami_bridge.alarms.model import Attempt, By
from ami_bridge.alarms.reach import Reached, State, Test, Way
from ami_bridge.db.database import Database, Transaction, read
from ami_bridge.db.tables_alarms import alarm_test_people, alarm_tests, alarms, attempts

AT_ONCE = 500


class ReachStore:
    """Keeps them."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def begin(self, test: Test) -> None:
        """Keep a new one, with everybody who should be reached: this list counts, whatever happens then."""
        values = {
            name: value for name, value in msgspec.to_builtins(test, builtin_types=(datetime,)).items()
            if name in alarm_tests.c
        }  # fmt: skip
        values["started_by"] = msgspec.to_builtins(test.started_by)  # in JSON times are text
        async with self._db.transaction() as transaction:
            await transaction.run(insert(alarm_tests).values(values))
            await _write(transaction, test)

    async def end(self, test: Test) -> None:
        """Keep how far it came, once it is over; the alarms behind it are deleted some day."""
        async with self._db.transaction() as transaction:
            mine = alarm_tests.c.id == test.id
            await transaction.run(update(alarm_tests).where(mine).values(ended_at=test.ended_at))
            await transaction.run(delete(alarm_test_people).where(alarm_test_people.c.test == test.id))
            await _write(transaction, test)

    async def get(self, id_: str) -> Test | None:
        """Return one."""
        found = await self._some(select(alarm_tests).where(alarm_tests.c.id == id_))
        return found[0] if found else None

    async def newest(self, most: int, kind: str | None = None, *, ended: bool = False) -> list[Test]:
        """Return the newest ones first."""
        wanted = select(alarm_tests).order_by(alarm_tests.c.started_at.desc(), alarm_tests.c.id.desc()).limit(most)
        wanted = wanted.where(alarm_tests.c.kind == kind) if kind is not None else wanted
        return await self._some(wanted.where(alarm_tests.c.ended_at.is_not(None)) if ended else wanted)

    async def running(self) -> list[Test]:
        """Return those that are not over."""
        return await self._some(select(alarm_tests).where(alarm_tests.c.ended_at.is_(None)))

    async def states(self, source: str, prefix: str) -> dict[str, State]:
        """Return what became of the alarms of a test, by login, which follows the prefix in their keys."""
        wanted = select(
            alarms.c.id, alarms.c.dedup, alarms.c.last_resort, alarms.c.closed_at, alarms.c["acknowledged"]
        ).where(alarms.c.source == source, alarms.c.dedup.startswith(prefix, autoescape=True))
        return {
            row.dedup.removeprefix(prefix): State(
                alarm=row.id,
                login=row.dedup.removeprefix(prefix),
                acknowledged=msgspec.convert(row.acknowledged, By) if row.acknowledged else None,
                done=row.last_resort or row.closed_at is not None,
            )
            for row in await self._db.rows(wanted)
        }

    async def attempts(self, ids: Sequence[str]) -> dict[str, list[Attempt]]:
        """Return all calls of these alarms."""
        found: dict[str, list[Attempt]] = {}
        for start in range(0, len(ids), AT_ONCE):
            for row in await self._db.rows(select(attempts).where(attempts.c.alarm.in_(ids[start : start + AT_ONCE]))):
                found.setdefault(row.alarm, []).append(read(row, Attempt))
        return found

    async def _some(self, wanted: object) -> list[Test]:
        async with self._db.transaction() as transaction:
            heads = await transaction.rows(wanted)  # type: ignore[arg-type]
            ids = [head.id for head in heads]
            rows = await transaction.rows(
                select(alarm_test_people)
                .where(alarm_test_people.c.test.in_(ids))
                .order_by(
                    alarm_test_people.c.name,
                    alarm_test_people.c.login,
                    alarm_test_people.c.tried_at,
                    alarm_test_people.c.destination,
                )
            )
        people: dict[str, dict[str, Reached]] = {}
        for row in rows:
            mine = people.setdefault(row.test, {})
            way = Way(
                number=row.destination, tried_at=row.tried_at, connected_at=row.connected_at, heard_at=row.heard_at,
                confirmed_at=row.confirmed_at if row.outcome == "acked" else None, outcome=row.outcome or "not_tried",
            )  # fmt: skip
            known = mine.get(row.login) or Reached(login=row.login, name=row.name, ways=())
            mine[row.login] = structs.replace(
                known, ways=(*known.ways, way), confirmed_at=known.confirmed_at or row.confirmed_at
            )
        return [
            structs.replace(read(head, Test), people=tuple(people.get(head.id, {}).values())) for head in heads
        ]  # fmt: skip


async def _write(transaction: Transaction, test: Test) -> None:
    values = [
        {
            "test": test.id, "login": person.login, "name": person.name, "destination": way.number,
            "attempt": None, "tried_at": way.tried_at, "connected_at": way.connected_at, "heard_at": way.heard_at,
            "confirmed_at": way.confirmed_at or person.confirmed_at, "outcome": way.outcome,
        }
        for person in test.people
        for way in person.ways
    ]  # fmt: skip
    if values:
        await transaction.many(insert(alarm_test_people), values)
