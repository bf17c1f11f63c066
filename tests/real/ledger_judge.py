"""Compares the ledger with the rows, the log, and what the telephones have seen."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tests.real.ledger import broken
from tests.real.ledger_plant import Plant
from tests.real.ledger_staff import attempt_of

if TYPE_CHECKING:
    from tests.real.crew import Call

LONGEST = timedelta(seconds=60)
OPEN = "SELECT count(*) FROM alarms WHERE source <> 'ami-bridge' AND alarm_class <> 'away' AND acknowledged IS NULL"
"""Alarms that somebody could take over, and nobody has."""
GOES_ON = "SELECT count(*) FROM alarms WHERE alarm_class = 'away' AND round > 1"
"""Alarms that say that everybody was tried, and go on."""


async def told(plant: Plant) -> dict[str, Any]:
    """The figures."""
    outcomes = await plant.rows("SELECT coalesce(outcome, 'live'), count(*) FROM attempts GROUP BY 1 ORDER BY 2 DESC")
    lines = plant.ledger.lines.values()
    waits = [line.confirmed - line.begun for line in lines if line.confirmed is not None]
    return {
        "alarms": len(lines),
        "confirmed": sum(line.confirmed is not None for line in lines),
        "sent": sum(line.sent for line in lines),
        "refused": dict(plant.ledger.refused),
        "longest wait for a confirmation, s": round(max(waits, default=0), 1),
        "done to it": dict(plant.done),
        "telephone calls": len(plant.staff.calls),
        "attempts": dict(outcomes),
        "not acknowledged": (await plant.rows(OPEN))[0][0],
        "lines of the log": (await plant.rows("SELECT count(*) FROM alarm_log"))[0][0],
    }


async def judge(plant: Plant) -> None:
    """Compare the ledger, the rows, the log, and what the telephones have seen."""
    assert plant.own_ends == 0, "the daemon ends only when it is killed"
    found = await plant.rows("SELECT source, point, count(*) FROM alarms WHERE source <> 'ami-bridge' GROUP BY 1, 2")
    kept = {(source, point): count for source, point, count in found}
    lost = plant.ledger.lines.keys() - kept.keys()
    assert not lost, sorted(lost)[:10]
    assert not kept.keys() - plant.ledger.lines.keys(), "nothing is invented"
    twice = {key: count for key, count in kept.items() if count != 1}
    assert not twice, twice
    await judge_ends(plant)
    await judge_calls(plant)
    log = "SELECT seq, at, actor, kind, alarm, attempt, data, prev, hash FROM alarm_log ORDER BY seq"
    assert broken(await plant.rows(log), 0, "") is None
    raised = "SELECT count(*) FROM alarm_log l WHERE l.alarm = a.id AND l.kind = 'raised'"
    bad = await plant.rows(f"SELECT count(*) FROM alarms a WHERE ({raised}) <> 1")  # noqa: S608
    assert bad[0][0] == 0, "each is in the log, once"


async def judge_ends(plant: Plant) -> None:
    """Each was acknowledged, or goes on and says that everybody was tried."""
    ends = {key for key, line in plant.ledger.lines.items() if line.gone is not None}
    query = "SELECT source, point, acknowledged IS NOT NULL, closed_at IS NOT NULL, id FROM alarms"
    rows = await plant.rows(f"{query} WHERE alarm_class <> 'away' AND source <> 'ami-bridge'")
    assert not [row for row in rows if not row[2]]
    open_ = [row[:2] for row in rows if bool(row[3]) != ((row[0], row[1]) in ends)]
    assert not open_, f"closed is what is over and acknowledged: {open_[:5]}"
    rest = await plant.rows("SELECT id, next_at, round FROM alarms WHERE alarm_class = 'away' AND closed_at IS NULL")
    assert rest, "about some nobody could be reached"
    now = datetime.now(UTC)  # noqa: TID251 - the daemon is a process
    for id_, next_at, _ in rest:
        due = datetime.fromisoformat(str(next_at)).replace(tzinfo=UTC)
        assert due < now + LONGEST + timedelta(seconds=5)
        said = await plant.rows(f"SELECT kind FROM alarm_log WHERE alarm = '{id_}'")  # noqa: S608
        kinds = Counter(kind for (kind,) in said)
        assert kinds["last_resort"] >= 1, kinds
        assert kinds["round"] >= 1, "it goes on"


async def judge_calls(plant: Plant) -> None:
    """No attempt has two calls, no telephone two about the same alarm at once, and none begins after the end."""
    rows = await plant.rows("SELECT id, alarm, destination FROM attempts")
    claimed = {id_: (alarm, number) for id_, alarm, number in rows}
    calls = list(plant.staff.calls.values())
    assert {attempt_of(call) for call in calls} <= claimed.keys(), "no call without its row"
    many = {one: count for one, count in Counter(map(attempt_of, calls)).items() if count > 1}
    assert not many, f"two calls for one attempt: {many}"
    by_telephone: dict[tuple[str, str], list[Call]] = {}
    for call in calls:
        by_telephone.setdefault(claimed[attempt_of(call)], []).append(call)
    both = [
        (attempt_of(one), attempt_of(two))
        for some in by_telephone.values()
        for one, two in pairwise(some)
        if one.ended is None or one.ended > two.began
    ]
    assert not both, f"two calls about one alarm at one telephone: {both}"
    # By the order of the log: a time is taken before one's turn at the database, so it proves nothing about the order.
    late = """SELECT count(*) FROM attempts t JOIN alarm_log c ON c.attempt = t.id AND c.kind = 'called'
        JOIN alarm_log l ON l.alarm = t.alarm AND l.kind = 'acknowledged' WHERE c.seq > l.seq AND t.purpose = 'alarm'"""
    assert (await plant.rows(late))[0][0] == 0, "after it was acknowledged nobody is called any more"
