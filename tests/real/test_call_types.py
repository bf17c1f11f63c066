"""Every kind of call, played by real telephones: what we kept of it against what Asterisk itself wrote down."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

import pytest

from tests.real.house import House
from tests.real.judge import Happening, Judge, Record
from tests.real.plays import PLAYS, Stage

PEOPLE = frozenset({"101", "102", "103", "104", "105"})
FITS = {
    "ANSWERED": {"answered", "transferred"},
    "NO ANSWER": {"missed", "cancelled", "transferred"},
    "BUSY": {"busy", "rejected"},
    "FAILED": {"failed", "rejected"},
}
NEAR = 1.0  # seconds


@dataclass
class Expected:
    """What Asterisk says of one extension in one call."""

    disposition: str
    answered: float | None
    ended: float


@pytest.mark.parametrize("play", PLAYS)
async def test_what_we_keep_is_what_asterisk_wrote_down(house: House, stage: Stage, play: str) -> None:
    judge = Judge(house.pbx)
    known = {row["id"] for row in house.journal()}
    await PLAYS[play](stage)
    records = await judge.records()
    happenings = await judge.happenings()
    expected = _expected(records, happenings)
    declined = any(one.event == "HANGUP" and '"hangupcause":21' in one.extra for one in happenings)
    async with asyncio.timeout(5):
        while set(expected) > {row["extension"] for row in house.journal() if row["id"] not in known}:
            await asyncio.sleep(0.05)
    await asyncio.sleep(0.3)
    rows = [row for row in house.journal() if row["id"] not in known]
    # A telephone that sends its calls elsewhere is no party to CDR; to its owner it is news.
    forwarders = {row["extension"] for row in rows if row["result"] == "transferred"} - set(expected)
    assert all(any(one.channel.startswith(f"PJSIP/{ext}-") for one in happenings) for ext in forwarders)
    assert {row["extension"] for row in rows} - forwarders == set(expected), "the same parties"
    for ext, says in expected.items():
        mine = [row for row in rows if row["extension"] == ext]
        results = {row["result"] for row in mine}
        # CDR calls a call that was declined (603, cause 21) NO ANSWER.
        fitting = FITS[says.disposition] | ({"rejected"} if declined else set())
        assert results & fitting, (ext, says, results)
        if says.answered is not None:
            told = [row["answered_at"] for row in mine if row["answered_at"] is not None]
            assert any(abs(one - says.answered) < NEAR for one in told), (ext, says, told)
        else:
            assert all(row["answered_at"] is None for row in mine), (ext, says, mine)
        assert any(abs(row["ended_at"] - says.ended) < NEAR for row in mine), (ext, says, mine)
    assert await house.calls("anna") == await house.calls("ben") == await house.calls("carla") == []


def _expected(records: list[Record], happenings: list[Happening]) -> dict[str, Expected]:
    """Read parties and dispositions from the CDR, times from the CEL; who rang in vain beside a taker is no party."""
    dispositions: dict[str, list[str]] = {}
    for record in records:
        for ext in PEOPLE & set(record.parties):
            dispositions.setdefault(ext, []).append(record.disposition)
    expected = {}
    for ext, several in dispositions.items():
        mine = [one for one in happenings if one.channel.startswith(f"PJSIP/{ext}-")]
        called = {one.channel for one in mine if one.app in {"AppDial", "AppQueue"}}
        talked = [one for one in mine if one.event == ("BRIDGE_ENTER")]
        taken = [one for one in mine if one.event == "ANSWER" and (one.channel in called or talked)]
        answered = min((_time(one) for one in [*taken, *talked]), default=None) if talked else None
        if answered is None and "ANSWERED" in several and "NO ANSWER" not in several and "BUSY" not in several:
            answered = min((_time(one) for one in mine if one.event == "ANSWER"), default=None)
        rang = min(_time(one) for one in mine), max(_time(one) for one in mine)
        others = [one for one in happenings if one.event == "ANSWER" and one not in mine]
        if answered is None and any(rang[0] <= _time(one) <= rang[1] for one in others):
            continue  # rang in vain, another took it meanwhile: not this one's call in the end
        disposition = (
            "ANSWERED" if answered is not None else next((one for one in several if one != "ANSWERED"), "FAILED")
        )
        ended = max(_time(one) for one in mine if one.event == "HANGUP")
        expected[ext] = Expected(disposition, answered, ended)
    return expected


def _time(one: Happening) -> float:
    return datetime.fromisoformat(one.time).timestamp()
