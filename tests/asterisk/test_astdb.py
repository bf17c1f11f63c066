"""The copy of names in Asterisk: only differences are written, each confirmed, nobody else's are touched."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count

import pytest
from structlog.testing import capture_logs

from ami_bridge.asterisk import phone
from ami_bridge.asterisk.astdb import AT_ONCE, AstDb
from ami_bridge.asterisk.copies import Copy, Failures, Names
from ami_bridge.asterisk.message import Message
from ami_bridge.asterisk.phone import Row
from ami_bridge.errors import NotReachableError, RefusedError
from tests.fakes.asterisk import SOON

Headers = Mapping[str, str | Sequence[str]]
NO_HEADERS: Headers = {}


def message(**headers: str) -> Message:
    return Message("\r\n".join(f"{name}: {value}" for name, value in headers.items()).encode())


class Asterisk:
    """A link whose Asterisk does what dialplan/store.conf does."""

    def __init__(self, **rows: str) -> None:
        self.rows = {key.removeprefix("n"): value for key, value in rows.items()}
        self.written: list[tuple[str, str]] = []
        self.under_way = 0
        self.most = 0
        self.answers = True
        self.included = True
        self.keeps = True
        self.response_first = False
        self.down = False
        self.db: AstDb
        self.names: dict[str, str] = {}

    family, verb = "cidname", "name"

    async def items(self, action: str, headers: Headers = NO_HEADERS) -> list[Message]:
        assert (action, headers) == ("DBGetTree", {"Family": self.family})
        if self.down:
            raise NotReachableError("gone")
        if not self.rows:
            raise RefusedError("Database entry not found")
        return [
            message(Event="DBGetTreeResponse", Key=f"/{self.family}/{key}", Val=name) for key, name in self.rows.items()
        ]

    async def send(self, action: str, headers: Headers = NO_HEADERS) -> Message:
        assert action == "Originate"
        assert headers["Channel"] == f"Local/{self.verb}@bridge-store/n"
        assert headers["Async"] == "true"
        variables = dict(one.split("=", 1) for one in headers["Variable"])
        key = f"room-{variables['BS_KEY']}" if variables.get("BS_PIN") == "room" else variables["BS_KEY"]
        value = base64.b64decode(variables["BS_VAL"]).decode()
        id_ = str(headers["ChannelId"])
        assert headers["ActionID"] == variables["BS_ID"] == id_ != headers["OtherChannelId"]
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        asyncio.get_running_loop().call_later(0.001, self._store, id_, key, value)
        return message(Response="Success")

    def _store(self, id_: str, key: str, value: str) -> None:
        self.under_way -= 1
        if not self.answers:
            return
        response = message(Event="OriginateResponse", Uniqueid=id_, Response="Success" if self.included else "Failure")
        if self.keeps and self.included:
            self.written.append((key, value))
            if value:
                self.rows[key] = value
            else:
                self.rows.pop(key, None)
        now = self.rows.get(key, "")
        total = hashlib.md5(now.encode(), usedforsecurity=False).hexdigest() if now else ""
        events = [message(Event="UserEvent", UserEvent="BridgeStored", Id=id_, Sum=total)] if self.included else []
        events = [response, *events] if self.response_first else [*events, response]
        for event in events:
            assert self.db.take(event)


@asynccontextmanager
async def running(asterisk: Asterisk, **names: str) -> AsyncIterator[Copy]:
    """Keep the copy as long as the block lasts; an Asterisk that never confirms is not waited for long."""
    ids = count()
    asterisk.names = {key.removeprefix("n"): name for key, name in names.items()}
    db = asterisk.db = AstDb(link=asterisk, new_id=lambda: f"ID{next(ids)}", confirmed_within=0.05)
    kept = Names(pbx="town", astdb=db, names=lambda: list(asterisk.names.items()))
    copy = Copy(pbx="town", what="names", compare=kept.compare, again_after=0.02)
    task = asyncio.get_running_loop().create_task(copy.run())
    try:
        yield copy
    finally:
        task.cancel()
        await asyncio.wait({task}, timeout=SOON)
        assert task.cancelled()


async def until(asterisk: Asterisk, **rows: str) -> None:
    wanted = {key.removeprefix("n"): name for key, name in rows.items()}
    async with asyncio.timeout(SOON):
        while asterisk.rows != wanted:
            await asyncio.sleep(0.001)


async def until_said(logs: Sequence[Mapping[str, object]], event: str) -> None:
    async with asyncio.timeout(SOON):
        while event not in [one["event"] for one in logs]:
            await asyncio.sleep(0.001)


@pytest.mark.parametrize("response_first", [False, True])
async def test_an_empty_database_is_filled_its_mark_first(response_first: bool) -> None:  # noqa: FBT001 - a case
    asterisk = Asterisk()
    asterisk.response_first = response_first
    with capture_logs() as logs:
        async with running(asterisk, n49301="Anna, A.", n101="Bén"):
            await until(asterisk, n0="ami-bridge", n49301="Anna, A.", n101="Bén")
            await until_said(logs, "astdb.written")
    assert asterisk.written[0] == ("0", "ami-bridge")
    assert [one["event"] for one in logs] == ["astdb.written"]
    assert (logs[0]["written"], logs[0]["deleted"]) == (2, 0)
    assert "Anna" not in str(logs)


async def test_only_differences_are_written_and_who_is_gone_goes_first() -> None:
    asterisk = Asterisk(n0="ami-bridge", n1="Same", n2="Old", n3="Gone")
    async with running(asterisk, n1="Same", n2="New", n4="More"):
        await until(asterisk, n0="ami-bridge", n1="Same", n2="New", n4="More")
    assert asterisk.written[0] == ("3", "")
    assert sorted(asterisk.written) == [("2", "New"), ("3", ""), ("4", "More")]


async def test_a_change_of_the_names_is_followed() -> None:
    asterisk = Asterisk(n0="ami-bridge", n1="One")
    async with running(asterisk, n1="One") as db:
        await asyncio.sleep(0.005)
        assert asterisk.written == []
        asterisk.names = {"1": "Uno"}
        db.changed()
        await until(asterisk, n0="ami-bridge", n1="Uno")


async def test_the_mark_is_written_again_where_it_was_lost_while_rows_were_written() -> None:
    """Somebody empties the family in the middle of the first copy: what stands there then has no mark, but is ours."""
    asterisk = Asterisk(n101="Anna")
    async with running(asterisk, n101="Anna", n102="Ben"):
        await until(asterisk, n0="ami-bridge", n101="Anna", n102="Ben")


async def test_another_phone_book_is_left_alone_and_said_once() -> None:
    asterisk = Asterisk(n4930="Theirs")
    with capture_logs() as logs:
        async with running(asterisk, n1="Ours") as db:
            for _ in range(3):
                await asyncio.sleep(0.005)
                db.changed()
            assert asterisk.rows == {"4930": "Theirs"}
            asterisk.rows.clear()
            db.changed()
            await until(asterisk, n0="ami-bridge", n1="Ours")
    assert [one["event"] for one in logs if one["log_level"] == "warning"] == ["astdb.not_ours"]


async def test_without_names_nothing_is_left_and_nothing_begun() -> None:
    asterisk = Asterisk(n0="ami-bridge", n1="One", n2="Two")
    async with running(asterisk):
        await until(asterisk)
    assert asterisk.written[-1] == ("0", "")
    asterisk = Asterisk(n1="Theirs")
    with capture_logs() as logs:
        async with running(asterisk):
            await asyncio.sleep(0.005)
    assert (asterisk.written, logs) == ([], [])


async def test_few_are_under_way_at_once() -> None:
    asterisk = Asterisk()
    names = {f"n{number}": f"Name {number}" for number in range(100, 300)}
    async with running(asterisk, **names):
        await until(asterisk, n0="ami-bridge", **names)
    assert asterisk.most == AT_ONCE


@pytest.mark.parametrize("trouble", ["answers", "included", "keeps", "down"])
async def test_a_failure_is_said_once_and_tried_again(trouble: str) -> None:
    asterisk = Asterisk()
    setattr(asterisk, trouble, trouble == "down")
    with capture_logs() as logs:
        async with running(asterisk, n1="One", n2="Two"):
            await until_said(logs, "astdb.not_written")
            await asyncio.sleep(0.15)
            assert len(asterisk.written) == 0
            setattr(asterisk, trouble, trouble != "down")
            await until(asterisk, n0="ami-bridge", n1="One", n2="Two")
            await until_said(logs, "astdb.written")
    assert [one["event"] for one in logs] == ["astdb.not_written", "astdb.written"]


async def test_events_of_others_are_for_others() -> None:
    asterisk = Asterisk()
    async with running(asterisk) as copy:
        db = asterisk.db
        assert not db.take(message(Event="OriginateResponse", Uniqueid="ID0", Response="Success"))
        assert not db.take(message(Event="UserEvent", UserEvent="BridgeStored", Id="ID0", Sum=""))
        asterisk.answers = False
        asterisk.names = {"1": "One"}
        copy.changed()
        async with asyncio.timeout(10):
            while not asterisk.most:
                await asyncio.sleep(0.001)
        assert not db.take(message(Event="OriginateResponse", Uniqueid="click", Response="Success"))
        assert not db.take(message(Event="UserEvent", UserEvent="ConfBye", Id="ID0"))
        assert not db.take(message(Event="Newchannel", Uniqueid="ID0"))
        assert db.take(message(Event="UserEvent", UserEvent="BridgeStored", Id="forged", Sum="x"))
        assert asterisk.rows == {}


@pytest.mark.parametrize("key", ["", "a", "1/2", "١٢", "1\r\n"])
def test_a_key_is_digits(key: str) -> None:
    with pytest.raises(RefusedError):
        phone.store(Row("name", key), value="x", id="1", other_id="2")


def test_a_value_fits_into_a_line_of_the_manager() -> None:
    action = phone.store(Row("name", "1"), value="x" * 600, id="1", other_id="2")
    assert max(len(one) for one in action.headers["Variable"]) < 1000
    with pytest.raises(RefusedError):
        phone.store(Row("name", "1"), value="ä" * 301, id="1", other_id="2")


def test_what_a_name_says_cannot_be_read_by_the_manager() -> None:
    action = phone.store(Row("name", "1"), value='a, "b"\r\nAction: Command\\${EPOCH}', id="1", other_id="2")
    written = dict(one.split("=", 1) for one in action.headers["Variable"])["BS_VAL"]
    assert written.replace("+", "").replace("/", "").replace("=", "").isalnum()


async def test_who_mistyped_a_pin_is_forgotten_when_it_counts_no_more() -> None:
    now = 1_800_000_000
    asterisk, ids = Asterisk(), count()
    asterisk.family, asterisk.verb = "conffail", "fail"
    asterisk.rows = {
        "4930231": f"3:{now - 3601}", "4930232": f"3:{now - 3599}", "room-8123": f"9:{now - 7200}",
        "room-8999": f"1:{now}", "101": "rubbish", "anonymous": f"2:{now - 9000}",
    }  # fmt: skip
    db = asterisk.db = AstDb(link=asterisk, new_id=lambda: f"ID{next(ids)}")
    failures = Failures(pbx="town", astdb=db, now=lambda: datetime.fromtimestamp(now, UTC))
    await failures.forget()
    assert sorted(asterisk.rows) == ["4930232", "anonymous", "room-8999"], "there is but one row without a number"
    asterisk.rows = {}
    await failures.forget()
