"""Missed calls are told elsewhere, each at least once, without private names, however often anything breaks."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import msgspec
from structlog.testing import capture_logs

from ami_bridge.config_journal import MissedWebhook
from ami_bridge.journal.model import JournalRow
from ami_bridge.journal.post import Post
from ami_bridge.journal.store import JournalStore, NoticeStore
from ami_bridge.journal.webhook import GIVE_UP_AFTER, Webhook
from tests.journal.receiver import Receiver, a_receiver
from tests.journal.world import BAKER, MAMA, World, a_world, finished, missed


class Town:
    """A world whose missed calls are told to a receiver."""

    def __init__(self, world: World, receiver: Receiver, **config: Any) -> None:  # noqa: ANN401 - any key
        self.world = world
        self.receiver = receiver
        self.live: set[str] = set()
        self.config = MissedWebhook(**{"url": receiver.url, "wait": 0.0, **config})
        self.restart()

    def restart(self) -> None:
        """Everything that is in memory is gone."""
        ids = iter(f"N{number}" for number in range(1000))
        self.webhook = Webhook(
            self.config,
            notices=NoticeStore(self.world.db),
            calls=self.world.store,
            entries=self.world.entries,
            people=self.world.people,
            lives=self.live.__contains__,
            poster=Post([ip_network("127.0.0.0/8")]),
            language="de",
            new_id=lambda: f"{self.world.time:%H%M%S}-{next(ids)}",
            now=self.world.now,
        )
        self.world.store = JournalStore(self.world.db, new_notice=self.webhook.notice)

    async def keep(self, *rows: JournalRow) -> None:
        await self.world.keep(*rows)

    async def later(self, **time: float) -> None:
        self.world.time += timedelta(**time)
        await self.webhook.send()

    def texts(self) -> list[str]:
        return [str(one) for one in self.receiver.got.values()]

    async def waiting(self) -> int:
        return len(await NoticeStore(self.world.db).due(self.world.time + timedelta(days=9)))


@asynccontextmanager
async def a_town(folder: Path, **config: Any) -> AsyncIterator[Town]:  # noqa: ANN401 - any key
    async with a_world(folder, department="dept", private_prefix="*9") as world, a_receiver() as receiver:
        yield Town(world, receiver, **config)


async def test_a_missed_call_is_told_once_per_department_and_without_its_number(tmp_path: Path) -> None:
    async with a_town(tmp_path) as town:
        await town.keep(missed(1), missed(1, "102"), missed(1, "103"), missed(1, "8101"), finished(2), missed(3, "109"))
        await town.later()
        await town.later(seconds=60)
        told = sorted(town.receiver.got.values(), key=lambda one: one["department"])
        assert [(one["department"], one["name"], one["number"], one["display"]) for one in told] == [
            ("Bauamt", "Bäckerei Huber", None, None),
            ("Bürgerbüro", "Bäckerei Huber", None, None),
        ]
        assert (told[1]["extension"], told[1]["callee"]) == ("101", "Anna Amsel")
        assert "23125001" not in str(town.receiver.requests)
        assert await town.waiting() == 0


async def test_the_number_is_told_where_that_is_configured_and_private_names_never(tmp_path: Path) -> None:
    async with a_town(tmp_path, kind="mattermost", number=True) as town:
        await town.keep(missed(1), missed(2, peer_number=MAMA), missed(3, peer_number=None))
        await town.later()
        baker, mama, nobody = (msgspec.json.decode(one["body"])["text"] for one in town.receiver.requests)
        assert "von Bäckerei Huber 030 23125001" in baker
        assert mama.endswith("von 0171 3920001")
        assert "von" not in nobody
        assert "Mama" not in str(town.receiver.requests)


async def test_only_the_departments_that_are_named_are_told_of(tmp_path: Path) -> None:
    async with a_town(tmp_path, departments=["Bauamt"]) as town:
        await town.keep(missed(1), missed(1, "103"), missed(2, "104"))
        await town.later()
        assert [one["department"] for one in town.receiver.got.values()] == ["Bauamt"]


async def test_people_without_a_department_are_told_of_too(tmp_path: Path) -> None:
    async with a_town(tmp_path) as town:
        await town.keep(missed(1, "104"))
        await town.later()
        assert [(one["department"], one["callee"]) for one in town.receiver.got.values()] == [(None, "Dieter Dachs")]


async def test_what_is_not_missed_any_more_is_not_told(tmp_path: Path) -> None:
    """Somebody else took it, called back, made it private, or it was nobody's end."""
    async with a_town(tmp_path, wait=5.0) as town:
        await town.keep(missed(1), missed(2), missed(3), missed(4), missed(5))
        await town.later(seconds=4)
        assert town.receiver.asked == []
        await town.keep(finished(1, "102"))
        await town.world.store.done("CALL2", town.world.time, by="ben", department="Bürgerbüro")
        await town.world.store.change("CALL3", "anna", {"private": True})
        await town.world.store.remove([("CALL4", "101")])
        await town.later(seconds=2)
        assert len(town.receiver.got) == 1
        assert await town.waiting() == 0


async def test_as_long_as_the_call_goes_on_it_is_not_told(tmp_path: Path) -> None:
    async with a_town(tmp_path, wait=5.0) as town:
        town.live = {"CALL1"}
        town.restart()
        await town.keep(missed(1))
        for _ in range(3):
            await town.later(seconds=6)
        assert (town.receiver.asked, await town.waiting()) == ([], 1)
        town.live.clear()
        await town.later(seconds=6)
        assert len(town.receiver.got) == 1


async def test_a_receiver_that_is_away_is_tried_again_ever_more_slowly_and_gets_everything(tmp_path: Path) -> None:
    async with a_town(tmp_path) as town:
        await town.receiver.close()
        await town.keep(*(missed(number) for number in range(3)))
        with capture_logs() as logs:
            for _ in range(10):
                await town.later(seconds=3)
            assert await town.waiting() == 3
            await town.receiver.open()
            await town.later(minutes=2)
            for _ in range(3):
                await town.later(minutes=2)
        assert len(town.receiver.got) == 3
        assert [one["event"] for one in logs] == ["webhook.away", "webhook.is_back"]
        assert town.receiver.url not in str(logs)


async def test_a_restart_loses_nothing_and_the_id_stays_the_same(tmp_path: Path) -> None:
    async with a_town(tmp_path) as town:
        town.receiver.status = 503
        await town.keep(missed(1))
        await town.later()
        town.restart()
        await town.later(minutes=1)
        town.restart()
        town.receiver.status = 200
        await town.later(minutes=1)
        assert len(set(town.receiver.asked)) == 1
        assert len(town.receiver.asked) == 3
        assert await town.waiting() == 0


async def test_one_message_that_is_refused_does_not_hold_up_the_others(tmp_path: Path) -> None:
    async with a_town(tmp_path) as town:
        town.receiver.status = 400
        await town.keep(missed(1), missed(2))
        with capture_logs() as logs:
            await town.later()
            assert len(town.receiver.asked) == 2
            town.receiver.status = 200
            await town.keep(missed(3))
            await town.later()
            assert len(town.receiver.got) == 1
            await town.later(minutes=1)
        assert len(town.receiver.got) == 3
        assert [one["event"] for one in logs] == ["webhook.refused", "webhook.refused"]


async def test_after_a_day_it_is_given_up_aloud(tmp_path: Path) -> None:
    async with a_town(tmp_path) as town:
        town.receiver.status = 503
        await town.keep(missed(1), missed(2))
        with capture_logs() as logs:
            await town.later()
            await town.later(minutes=10)
            await town.later(seconds=GIVE_UP_AFTER.total_seconds())
        given_up = [one for one in logs if one["event"] == "webhook.gave_up"]
        assert [one["tries"] > 0 for one in given_up] == [True, True]
        assert await town.waiting() == 0
        assert BAKER not in str(logs)
