"""What is over goes at each look, its last traces once a day, copies after a week."""

from datetime import datetime, timedelta

from structlog.testing import capture_logs

from ami_bridge.config_journal import Journal
from ami_bridge.journal.retention import COPIES_KEPT, Retention
from ami_bridge.journal.rules import Limits, Rules
from ami_bridge.people.model import People
from tests.journal.world import NOON


class Files:
    """A database that counts."""

    def __init__(self) -> None:
        self.over = 0
        self.limits: Limits | None = None
        self.rewritten = 0
        self.copies_before: datetime | None = None

    async def purge(self, limits: Limits) -> int:
        self.limits = limits
        return self.over

    async def rewrite(self) -> None:
        self.rewritten += 1

    async def forget_copies(self, before: datetime | None = None) -> int:
        self.copies_before = before
        return 1 if self.over else 0


async def test_what_is_over_goes_and_its_traces_once_a_day() -> None:
    files, time = Files(), [NOON]
    rules = Rules(Journal(keep_days=7), people=People(), extension_of=lambda _device: None)
    retention = Retention(store=files, files=files, rules=rules, now=lambda: time[0])
    with capture_logs() as logs:
        await retention.forget()
        assert (files.rewritten, logs) == (0, [])
        assert files.limits is not None
        assert files.limits.missed == NOON - timedelta(days=7)
        files.over = 3
        for hours in (0, 1, 22):
            time[0] += timedelta(hours=hours)
            await retention.forget()
        assert files.rewritten == 1
        files.over = 0
        time[0] += timedelta(hours=1)
        await retention.forget()
        assert files.rewritten == 2, "what was deleted since is due"
        time[0] += timedelta(days=2)
        await retention.forget()
        assert files.rewritten == 2, "nothing was deleted"
    assert files.copies_before == time[0] - COPIES_KEPT
    assert [one["event"] for one in logs] == ["journal.purged", "db.copies_dropped"] * 3
