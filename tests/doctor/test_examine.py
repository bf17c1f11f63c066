"""A check that hangs, fails or has a bug costs itself alone; what was found a moment ago is told again."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from ami_bridge.doctor.examine import Check, Doctor
from ami_bridge.doctor.model import Finding, Kind, Words
from ami_bridge.errors import NotReachableError
from tests.journal.world import NOON

FINE = Kind(code="a.fine", severity="ok", what=Words("gut", "fine"))


async def test_whatever_a_check_does_the_others_are_told() -> None:
    looks = 0
    now = NOON

    async def hangs() -> list[Finding]:
        await asyncio.Event().wait()
        return []

    async def away() -> list[Finding]:
        raise NotReachableError("nobody there.")

    async def has_a_bug() -> list[Finding]:
        raise ValueError("secret")

    async def fine() -> list[Finding]:
        nonlocal looks
        looks += 1
        return [FINE()]

    @asynccontextmanager
    async def checks() -> AsyncIterator[Mapping[str, Check]]:
        yield {"hangs": hangs, "away": away, "bug": has_a_bug, "fine": fine}

    def clock() -> datetime:
        return now

    doctor = Doctor(checks, now=clock, daemon=True, within=0.05)
    first, second = await asyncio.gather(doctor.look("en"), doctor.look("de"))
    assert looks == 1
    assert {(one.code, one.what) for one in first.findings} == {
        ("doctor.late", "“hangs” did not come to an end within 0.05 seconds."),
        ("doctor.failed", "“away” could not be checked: nobody there."),
        ("doctor.failed", "“bug” could not be checked: ValueError."),
        ("a.fine", "fine"),
    }
    assert second.findings[-1].what == "gut"
    now += timedelta(seconds=3)
    await doctor.look("en")
    assert looks == 2
