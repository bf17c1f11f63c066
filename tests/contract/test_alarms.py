"""Alarms that ring until somebody takes over, on SQLite and on PostgreSQL: stories of people and telephones."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial

import pytest
from msgspec import structs

from ami_bridge.alarms.acts import acknowledge, clear, shelve, take_over
from ami_bridge.alarms.chain import first_fault
from ami_bridge.alarms.classes import Meant
from ami_bridge.alarms.intake import AT_ONCE
from ami_bridge.alarms.model import SAME_EVENT, Report
from ami_bridge.alarms.ports import Ended
from ami_bridge.alarms.states import actions_for
from ami_bridge.alarms.store import Change, Work
from ami_bridge.db.database import Database
from ami_bridge.errors import NotReachableError
from tests.alarms.world import ANNA, DIETER, NOON, World, world_of


@pytest.fixture
async def world(db: Database) -> AsyncIterator[World]:
    async with world_of(db) as one:
        yield one
        head = await one.upkeep.head()
        lines = await one.upkeep.log(after=0, limit=1_000_000)
        assert first_fault(lines, seq=0, prev="") is None
        assert len(lines) == head[0]


async def test_who_is_on_duty_rings_and_the_code_acknowledges(world: World) -> None:
    alarm = await world.come(text="Gasmotor steht")
    await world.tick()
    call = world.phones.calls[0]
    assert world.phones.rung == ["104"]
    assert call.sounds == ("alarm-engine-stopped", "speech/de")
    assert "Kläranlage: Gasmotor steht" in world.library.said[0]
    await world.answers()
    assert (await world.alarm(alarm)).acknowledged is None  # to answer is nothing
    verdict = await world.types()
    assert (verdict.what, verdict.login) == ("taken", "dieter")
    assert (await world.types()).what == "taken"  # asked again after a late commit
    await world.tick(600)
    found = await world.alarm(alarm)
    assert found.acknowledged is not None
    assert found.acknowledged.name == "Dieter Dachs"
    assert found.open  # acknowledging never closes
    assert len(world.phones.calls) == 1
    await world.go()
    assert not (await world.alarm(alarm)).open
    assert await world.log(alarm) == ["raised", "step", "called", "acknowledged", "returned", "closed"]


async def test_what_is_told_again_by_its_name_counts_once_also_when_all_is_over(world: World) -> None:
    """A daemon was killed after the commit, before the PBX heard of it: its note is read again."""
    first = await world.come(point="call", once="call/1", by="anna")
    assert await world.come(point="call", once="call/1", by="anna") == ""
    assert (await world.alarm(first)).count == 1
    assert await world.come(point="call", once="call/2", by="+493023125001") == first
    assert (await world.alarm(first)).count == 2
    await world.tick()
    await world.answers()
    await world.types()
    await world.go(point="call", once="call/3", by="anna")
    assert not (await world.alarm(first)).open
    assert await world.come(point="call", once="call/2") == ""
    assert await world.come(point="call", once="call/4", by="anna") not in {first, ""}
    lines = [one for one in await world.upkeep.log(after=0, limit=100) if one.kind == "by_telephone"]
    told = [(one.alarm == first, one.data["by"], one.data["what"]) for one in lines]
    assert told == [
        (True, "anna", "come"),
        (True, "+493023125001", "come"),
        (True, "anna", "go"),
        (False, "anna", "come"),
    ]


async def test_nobody_answers_so_the_next_number_the_next_person_everybody_and_again(world: World) -> None:
    alarm = await world.come()
    await world.tick()
    await world.ends("no_answer")
    assert world.phones.rung == ["104", "114"]
    await world.ends("no_answer")
    assert world.phones.rung == ["104", "114", "105"]  # the step behind comes at once
    await world.ends("heard_not_acked")
    assert world.phones.rung[3:] == ["101"]
    await world.ends("declined")
    assert sorted(world.phones.rung[4:]) == ["104", "105"]  # everyone of the list, once more
    assert (await world.alarm(alarm)).last_resort
    assert world.speakers.announced == [alarm]
    for call in world.phones.calls[4:]:
        await world.ends("rejected", call)
    assert len(world.phones.calls) == 6
    await world.tick(119)
    assert len(world.phones.calls) == 6
    await world.tick(2)
    assert world.phones.rung[6:] == ["104"]  # from the start: never silence
    assert (await world.alarm(alarm)).round == 2
    assert any("last-resort" in one for one in await world.told())


async def test_the_next_step_comes_at_its_time_in_parallel_and_whoever_is_late_hears_who_was_first(
    world: World,
) -> None:
    alarm = await world.come()
    await world.tick()
    await world.answers()
    await world.tick(59)
    assert world.phones.rung == ["104"]
    await world.tick(2)
    assert world.phones.rung == ["104", "105"]
    assert (await world.types(world.phones.calls[1])).what == "taken"
    late = await world.types(world.phones.calls[0])
    assert (late.what, late.who) == ("already", "Eva Eule")
    await world.ends("no_answer", world.phones.calls[0])
    await world.tick(1000)
    assert world.phones.rung == ["104", "105"]
    assert (await world.alarm(alarm)).acknowledged is not None


async def test_a_code_that_only_the_event_told_of_takes_over_as_well(world: World) -> None:
    alarm = await world.come()
    await world.tick()
    await world.ends("acked")
    found = await world.alarm(alarm)
    assert found.acknowledged is not None
    assert found.acknowledged.how == "dialplan"
    assert (await world.types(by="dialplan")).what == "taken"
    await world.tick(100)
    assert world.phones.rung == ["104"]


async def test_two_acknowledge_at_once_and_one_of_them_is_first(world: World) -> None:
    await world.come()
    await world.tick()
    await world.answers()
    await world.tick(61)
    first, second = await asyncio.gather(*(world.types(call) for call in world.phones.calls))
    assert {first.what, second.what} == {"taken", "already"}


async def test_a_dead_way_is_another_way_at_once_a_refusal_is_another_person(world: World) -> None:
    world.rota.ranks[1] = (structs.replace(DIETER, numbers=("+4917139200001", "104")),)
    await world.come()
    await world.tick()
    assert [(call.number, call.path) for call in world.phones.calls] == [("+4917139200001", "trunk1")]
    await world.ends("path_failed")
    assert world.phones.calls[-1].path == "trunk2"
    await world.ends("path_failed")
    assert (world.phones.calls[-1].number, world.phones.calls[-1].path) == ("104", "")
    await world.ends("rejected")
    assert world.phones.rung[-1] == "105"


async def test_who_is_busy_is_rung_again_and_the_next_one_meanwhile(world: World) -> None:
    await world.come()
    await world.tick()
    await world.ends("busy")
    assert world.phones.rung == ["104", "105"]
    await world.tick(31)
    assert world.phones.rung == ["104", "105", "104"]


async def test_emergency_numbers_are_never_called(world: World) -> None:
    numbers = ("112", "0110", "+49112", "00116117", "104")
    world.rota.ranks[1] = (structs.replace(DIETER, numbers=numbers),)
    await world.come()
    await world.tick()
    assert world.phones.rung == ["104"]


async def test_an_empty_rota_rings_the_list_of_everyone(world: World) -> None:
    world.rota.ranks.clear()
    await world.come()
    await world.tick()
    assert sorted(world.phones.rung) == ["104", "105"]


async def test_a_lost_link_costs_time_and_no_step_and_lost_calls_come_again(world: World) -> None:
    alarm = await world.come()
    await world.tick()
    world.engine.lost()
    await world.tick(200)
    assert world.phones.rung == ["104"]
    await world.engine.adopt(())
    await world.tick()
    assert world.phones.rung[1] == "104"  # the call is gone: the same person at once
    attempts = (await world.store.attempts_of([alarm]))[alarm]
    assert {one.outcome for one in attempts[-1:]} == {"daemon_lost"}


async def test_a_call_that_was_taken_for_lost_before_it_began_is_never_made(world: World) -> None:
    """Words are being spoken when the connection breaks, and is there again before they are ready."""
    speech, ready = world.library.speech, asyncio.Event()

    async def slow(text: str, language: str) -> str:
        await ready.wait()
        return await speech(text, language)

    world.library.speech = slow  # type: ignore[method-assign]
    alarm = await world.come()
    await world.engine.tick()
    world.engine.lost()
    await world.engine.adopt(())
    ready.set()
    await world.calm()
    assert world.phones.rung == []
    await world.tick(1)
    assert world.phones.rung == ["104"]
    now, before = (await world.store.attempts_of([alarm]))[alarm]
    assert (before.outcome, now.id) == ("daemon_lost", world.phones.calls[0].attempt)


async def test_a_call_that_lives_on_is_adopted_after_a_restart(world: World) -> None:
    await world.come()
    await world.tick()
    reborn = world.another_engine("one")
    await reborn.adopt({world.phones.calls[0].attempt})
    world.engine = reborn
    await world.tick(5)
    assert world.phones.rung == ["104"]
    assert (await world.types()).what == "taken"


async def test_telephones_that_cannot_be_asked_to_ring_are_failures_of_the_way(world: World) -> None:
    world.phones.away = True
    alarm = await world.come()
    for _ in range(5):
        await world.tick()
    found = await world.alarm(alarm)
    assert found.next_at is not None
    assert found.next_at <= world.clock() + timedelta(seconds=300)
    assert not any(one.ended_at is None for one in (await world.store.attempts_of([alarm]))[alarm])
    world.phones.away = False
    await world.tick(300)
    assert world.phones.rung


async def test_an_alarm_that_went_before_anybody_knew_still_wants_to_be_known(world: World) -> None:
    alarm = await world.come()
    await world.tick()
    await world.go()
    found = await world.alarm(alarm)
    assert (found.active, found.open) == (False, True)
    assert (await world.types()).what == "taken"
    assert not (await world.alarm(alarm)).open


async def test_an_acknowledgement_holds_for_an_hour_then_a_reminder_then_nobody_knows_again(world: World) -> None:
    alarm = await world.come()
    await world.tick()
    await world.types()
    await world.ends("acked")
    await world.tick(3599)
    assert len(world.phones.calls) == 1
    await world.tick(2)
    assert world.phones.rung == ["104", "104"]  # who has acknowledged is reminded
    await world.ends("no_answer")
    await world.ends("no_answer")
    assert (await world.alarm(alarm)).acknowledged is not None
    await world.tick(901)
    assert (await world.alarm(alarm)).acknowledged is None
    assert world.phones.rung[3:] == ["104"]
    assert any("unacknowledged-again" in one for one in await world.told())


async def test_a_class_of_the_site_is_taken_over_by_telephone_and_an_all_clear_is_called(world: World) -> None:
    alarm = await world.come(alarm_class="site")
    await world.tick()
    await world.types()
    await world.ends("acked")
    found = await world.alarm(alarm)
    assert found.taken_over is not None
    assert found.acknowledged is None
    await world.go()
    await world.tick()
    assert world.phones.calls[-1].purpose == "all-clear"
    assert world.phones.calls[-1].number == "104"
    await world.ends("heard_not_acked")
    await world.tick(3000)
    assert len(world.phones.calls) == 2
    assert (await world.alarm(alarm)).open  # on the page somebody must acknowledge


async def test_what_is_set_aside_and_taken_over_is_looked_at_when_its_time_is_over(world: World) -> None:
    alarm = await world.come()
    until = world.clock() + timedelta(minutes=10)
    await world.acts(alarm, partial(shelve, until=until, reason="Wartung"))
    await world.acts(alarm, take_over)
    await world.tick(599)
    assert (await world.alarm(alarm)).overlay == "shelved"
    await world.tick(2)
    found = await world.alarm(alarm)
    assert (found.overlay, found.answered_for) == ("", True)
    assert world.phones.rung == []


async def test_who_is_reminded_answers_on_the_page_as_well(world: World) -> None:
    roles = ("plant",)
    acked, taken = await world.come(), await world.come(source="water", alarm_class="site")
    await world.tick()
    await world.acts(acked, acknowledge)
    await world.acts(taken, take_over)
    assert "acknowledge" not in actions_for(await world.alarm(acked), roles)
    assert "take-over" not in actions_for(await world.alarm(taken), roles)
    await world.tick(3601)
    assert "acknowledge" in actions_for(await world.alarm(acked), roles)
    assert "take-over" in actions_for(await world.alarm(taken), roles)
    await world.acts(acked, acknowledge)
    await world.acts(taken, take_over, "eva")
    await world.tick(901)
    for alarm in (await world.alarm(acked), await world.alarm(taken)):
        assert alarm.answered_for
        assert "take-over" not in actions_for(alarm, roles)


async def test_nobody_is_rung_to_be_reminded_of_what_is_only_shown(world: World) -> None:
    alarm = await world.come(alarm_class="shown")
    await world.tick()
    await world.acts(alarm, acknowledge)
    await world.tick(3601)
    await world.tick(901)
    assert (await world.alarm(alarm)).acknowledged is None  # on the page somebody may look at it again
    assert world.phones.rung == []


async def test_quiet_hours_hold_for_reminders_and_all_clear_calls_too(world: World) -> None:
    world.clock.at = NOON.replace(hour=20, minute=30)  # 21:30 on the wall
    alarm = await world.come(alarm_class="night")
    other = await world.come(alarm_class="night", point="fan")
    await world.tick()
    await world.acts(alarm, acknowledge)
    await world.acts(other, take_over)
    await world.tick(3600)
    await world.go(point="fan")
    await world.tick()
    before = len(world.phones.calls)
    await world.tick(6 * 3600)
    assert len(world.phones.calls) == before
    assert not any("reminder" in one for one in await world.told())
    world.clock.at = NOON.replace(day=22, hour=5)  # 6:00
    await world.tick()
    await world.ends("no_answer")
    purposes = {one.purpose for one in world.phones.calls[before:]}
    assert purposes == {"alarm", "all-clear"}
    assert any("reminder" in one for one in await world.told())


async def test_a_report_that_is_known_only_counts_and_a_return_is_a_new_occasion(world: World) -> None:
    alarm = await world.come()
    assert await world.come() == alarm
    await world.tick()
    await world.types()
    await world.ends("acked")
    assert (await world.alarm(alarm)).count == 2
    other = await world.come(point="fan")
    assert other != alarm


async def test_an_end_that_comes_before_its_beginning_is_paired_with_it(world: World) -> None:
    then = world.clock()
    assert await world.go(event_time=then + timedelta(seconds=3)) == ""
    alarm = await world.come(event_time=then)
    found = await world.alarm(alarm)
    assert (found.active, found.open) == (False, True)


async def flutters(world: World, times: int, alarm_class: str = "machine") -> str:
    """Let a contact come and go; who is rung takes over. Returns its last alarm."""
    alarm = ""
    for _ in range(times):
        calls = len(world.phones.calls)
        alarm = await world.come(alarm_class=alarm_class)
        await world.tick()
        if len(world.phones.calls) > calls:
            await world.answers()
            await world.types()
            await world.ends("acked")
        world.clock.forward(20)
        await world.go()
        await world.tick(20)
        if world.phones.calls[-1].purpose == "all-clear":
            await world.ends("heard_not_acked")
    return alarm


async def test_what_flutters_rings_no_more_than_hourly_whoever_has_taken_over(world: World) -> None:
    await flutters(world, 10)
    assert len(world.phones.calls) == 2  # the second is no flutter yet
    alarm = await world.alarm(await world.come())
    assert (alarm.flutters, alarm.why) == (True, "flutters")
    assert alarm.acknowledged is not None
    assert alarm.acknowledged.login == "dieter"
    await world.tick(3600)
    assert len(world.phones.calls) == 3  # it has stayed, and its hour is over: is somebody still there?


async def test_what_flutters_and_is_more_urgent_now_rings_at_once(world: World) -> None:
    await flutters(world, 10)
    calls = len(world.phones.calls)
    await world.come(alarm_class="gas")
    await world.tick()
    assert len(world.phones.calls) == calls + 1


async def test_what_people_raise_or_say_is_over_is_no_flutter(world: World) -> None:
    for number in range(5):
        by_hand, over = await world.come(by="anna"), await world.come(source="water", point="fan")
        await world.tick()
        for alarm in (by_hand, over):
            assert not (await world.alarm(alarm)).answered_for, number
            await world.acts(alarm, acknowledge)
        await world.go(by="anna")
        await world.acts(over, clear)
        await world.tick(20)


async def test_what_fluttered_long_ago_rings_again(world: World) -> None:
    await flutters(world, 10)
    calls = len(world.phones.calls)
    world.clock.forward(601)
    await world.come()
    await world.tick()
    assert len(world.phones.calls) == calls + 1


async def test_what_begins_to_flutter_and_nobody_takes_over_goes_on_calling(world: World) -> None:
    alarm = await world.come()
    for seconds in (60, 539, 6):
        await world.tick(seconds)
        await (world.come() if seconds == 539 else world.go())
    world.clock.forward(25)
    await world.come()
    found = await world.alarm(alarm)
    assert found.flutters
    assert found.next_at is not None
    assert found.next_at <= world.clock() + timedelta(seconds=found.plan.max_interval)
    assert await world.upkeep.sweep(world.clock()) == []


async def test_what_flutters_has_no_all_clear_call_each_time(world: World) -> None:
    await flutters(world, 8, "site")
    assert len([one for one in world.phones.calls if one.purpose == "all-clear"]) <= 2


async def test_a_flood_calls_for_the_first_and_tells_the_rest_with_it_but_priority_one_calls_itself(
    world: World,
) -> None:
    ids = [await world.come(point=f"p{n}") for n in range(25)]
    gas = await world.come(point="gas", alarm_class="gas")
    leader = await world.alarm(ids[0])
    assert leader.bundled == 15
    assert (await world.alarm(ids[-1])).bundle == ids[0]
    assert (await world.alarm(gas)).bundle is None
    await world.tick()
    assert world.phones.rung == ["104"]
    assert (await world.store.attempts_of([gas]))[gas]  # the most urgent one has the telephone
    for alarm in ids:
        assert (await world.alarm(alarm)).next_at is not None


async def test_of_what_is_told_with_the_first_of_a_flood_no_mail_of_its_own_is_written(world: World) -> None:
    for number in range(25):
        await world.come(point=f"p{number}")
    assert len(await world.told()) == 10
    for number in range(25):
        await world.go(point=f"p{number}")
    assert len(await world.told()) == 20
    for number in range(25):
        await world.come(point=f"p{number}")
    assert len(await world.told()) == 30
    then = world.clock()
    await world.go(point="late", event_time=then + timedelta(seconds=3))
    await world.come(point="late", event_time=then)
    assert len(await world.told()) == 30


async def test_who_takes_over_the_first_of_a_flood_takes_over_what_was_told_with_it(world: World) -> None:
    ids = [await world.come(point=f"p{n}") for n in range(12)]
    await world.tick()
    assert "Und 2 weitere" in world.library.said[0]
    world.clock.forward(1)
    late = await world.come(point="late")
    assert (await world.types()).what == "taken"
    assert (await world.alarm(ids[11])).acknowledged is not None
    await world.tick()
    found = await world.alarm(late)
    assert found.acknowledged is None
    assert found.bundle is None  # it was not told: it calls for itself, and at once


async def test_something_urgent_ends_a_call_that_still_rings_about_less(world: World) -> None:
    await world.come()
    await world.tick()
    gas = await world.come(source="water", alarm_class="gas")
    await world.tick()
    assert world.phones.stopped == [world.phones.calls[0].attempt]
    await world.ends("cancelled", world.phones.calls[0])
    attempts = await world.store.attempts_of([gas])
    assert [one.destination for one in attempts[gas]] == ["104"]


async def test_one_plants_many_alarms_never_delay_the_first_of_another(world: World) -> None:
    world.rota.ranks[1] = (DIETER,)
    for n in range(30):
        await world.come(point=f"p{n}", priority=1, alarm_class="gas")
    other = await world.come(source="water", alarm_class="gas")
    await world.tick()
    await world.ends("heard_not_acked")
    mine = await world.store.attempts_of([other])
    assert mine[other]


async def test_three_hundred_of_one_source_delay_the_first_of_another_neither_on_the_disk_nor_at_the_telephone(
    world: World,
) -> None:
    async def come(source: str, point: str) -> str:
        world.clock.forward(0.001)
        return await world.intake.report(Report(source=source, point=point, dedup=point))

    async with asyncio.TaskGroup() as tasks:
        flood = [tasks.create_task(come("sewage", f"p{n}")) for n in range(300)]
        await asyncio.sleep(0)  # all of them wait
        other = await come("water", "well")
        kept = await world.store.open(world.clock())
        assert len(kept) <= 2 * AT_ONCE, "it is among the next that are kept, not behind all that wait"
    ids = [one.result() for one in flood]
    assert len(set(ids)) == 300
    bundled = [one for one in await world.store.some(ids) if one.bundle]
    assert len(bundled) == 290
    await world.tick()
    assert (await world.types()).what == "taken"
    await world.ends("acked")
    called = await world.store.attempts_of([other, *ids])
    assert len(called[other]) == 1, "the telephone is for the first of the other plant, then for the flood's second"
    assert len(called) == 2


async def test_a_telephone_that_is_taken_by_other_alarms_holds_up_no_round(world: World) -> None:
    world.rota.ranks[1] = (DIETER,)
    first = await world.come(source="water")
    await world.tick()
    alarm = await world.come(alarm_class="gas", point="gas")  # no ladder of its own that could go on
    del first
    for _ in range(40):
        await world.tick(10)
        for call in world.phones.calls:
            if call.number != "104":
                world.engine.heard(call.attempt, Ended(outcome="declined"))
    found = await world.alarm(alarm)
    assert found.round > 1, "who can be rung is rung again, whoever else is waited for"


async def test_the_same_event_again_raises_nothing_also_when_its_alarm_is_closed(world: World) -> None:
    alarm = await world.come(event="e1")
    assert await world.come(event="e1") == alarm
    assert (await world.alarm(alarm)).count == 1, "it was the same one"
    await world.tick()
    await world.types()
    await world.ends("acked")
    assert await world.go(event="e2") == alarm
    assert not (await world.alarm(alarm)).open
    assert await world.come(event="e1") == alarm, "who sends again is told what became of it"
    assert (await world.log(alarm))[-1] == "repeated"
    another = await world.come(event="e3")
    assert another != alarm
    assert await world.go(event="e2") == alarm
    assert (await world.alarm(another)).active, "the end of the one before ends nothing"
    assert await world.come() == another
    await world.tick()
    await world.types()
    world.clock.forward(25 * 3600)
    await world.upkeep.purge(world.clock() - timedelta(days=365), world.clock(), world.clock() - SAME_EVENT)
    await world.go()
    assert await world.come(event="e1") not in {alarm, another}, "of another day: a device may count anew"


async def test_one_odd_report_costs_none_that_come_at_the_same_time(world: World) -> None:
    bad = Report(source="sewage", point="odd", dedup="odd", values={"odd": "x"})
    meant = world.rules.meant

    def stumbles(report: Report) -> Meant:
        if report.point == "odd":
            raise KeyError(report.point)
        return meant(report)

    world.rules.meant = stumbles  # type: ignore[method-assign]
    fine, found = await asyncio.gather(world.come(), world.intake.report(bad), return_exceptions=True)
    assert isinstance(found, KeyError)
    assert isinstance(fine, str)
    assert (await world.alarm(fine)).open


async def test_while_the_telephone_system_is_away_no_call_that_may_live_is_taken_for_lost(world: World) -> None:
    alarm = await world.come()
    await world.tick()
    call = world.phones.calls[0]
    world.engine.lost()
    await world.tick(100)  # somebody listens, and nobody says so
    assert (await world.store.attempt(call.attempt)).ended_at is None  # type: ignore[union-attr]
    await world.engine.adopt({call.attempt})
    assert (await world.types()).what == "taken"
    await world.tick(100)
    assert len(world.phones.calls) == 1
    assert (await world.alarm(alarm)).acknowledged is not None


async def test_a_call_that_is_given_up_is_ended_should_it_come_about_after_all(world: World) -> None:
    await world.come()
    await world.tick()
    await world.tick(45)
    assert world.phones.stopped == [world.phones.calls[0].attempt]
    await world.engine.adopt(())
    await world.tick()
    assert world.phones.stopped[1:] == [world.phones.calls[1].attempt]


async def test_outside_calls_leave_a_line_free(world: World) -> None:
    people = tuple(structs.replace(ANNA, login=f"p{n}", numbers=(f"+49171392{n:05}",)) for n in range(9))
    world.rota.ranks[1] = people
    await world.come()
    await world.tick()
    assert len(world.phones.calls) == 3  # of four lines
    await world.ends("no_answer", world.phones.calls[0])
    assert len(world.phones.calls) == 4


async def test_only_who_holds_the_lease_rings_and_another_one_takes_over(world: World) -> None:
    await world.tick()
    other = world.another_engine("two")
    await other.adopt(())
    await other.tick()
    assert (world.engine.leads, other.leads) == (True, False)
    world.clock.forward(20)
    await other.tick()
    assert other.leads
    await world.come()
    await other.tick()
    await world.calm()
    assert world.phones.rung == ["104"]
    await world.engine.tick()
    assert not world.engine.leads
    assert world.phones.rung == ["104"]


async def test_an_engine_that_lost_its_lease_meanwhile_claims_nothing(world: World) -> None:
    await world.tick()
    await world.come()
    assert await world.upkeep.lease("two", world.clock(), world.clock() + timedelta(1))
    with pytest.raises(NotReachableError):
        await world.engine.tick()
    assert world.phones.rung == []


async def test_an_odd_alarm_silences_no_other(world: World) -> None:
    odd = await world.come()
    fine = await world.come(source="water")
    alarm = await world.alarm(odd)

    async def spoil(work: Work) -> None:
        assert await work.apply(
            alarm, Change(alarm=structs.replace(alarm, plan=structs.replace(alarm.plan, quiet="never")))
        )

    await world.store.work(spoil)
    await world.tick()
    assert (await world.store.attempts_of([fine]))[fine]


async def test_every_attempt_comes_to_an_end_even_if_nobody_says_so(world: World) -> None:
    alarm = await world.come()
    await world.tick()
    await world.tick(45)
    attempts = (await world.store.attempts_of([alarm]))[alarm]
    assert [one.outcome for one in attempts if one.ended_at] == ["daemon_lost"]
    world.engine.heard(attempts[-1].id, Ended(outcome="busy"))
    await world.tick()
    assert (await world.store.attempt(attempts[-1].id)).outcome == "daemon_lost"  # type: ignore[union-attr]


async def test_the_sweeper_finds_what_has_no_next_time(world: World) -> None:
    alarm = await world.alarm(await world.come())

    async def forget(work: Work) -> None:
        await work.apply(alarm, Change(alarm=structs.replace(alarm, next_at=None)))

    await world.store.work(forget)
    assert await world.upkeep.sweep(world.clock()) == [alarm.id]
    assert await world.upkeep.sweep(world.clock()) == []
    await world.tick()
    assert world.phones.rung == ["104"]


async def test_what_is_old_goes_and_the_chain_begins_later(world: World, db: Database) -> None:
    alarm = await world.come()
    await world.tick()
    await world.types()
    await world.go()
    assert db.dialect
    assert await world.upkeep.purge(world.clock() - timedelta(days=365), world.clock(), world.clock()) == 0
    assert await world.store.get(alarm) is not None


async def test_the_log_is_read_from_its_end_backwards(world: World) -> None:
    await world.come()
    await world.tick()
    await world.answers()
    await world.types()
    whole = [line.seq for line in await world.upkeep.log(after=0, limit=100)]
    newest = [line.seq for line in await world.upkeep.log(after=0, limit=2, before=0)]
    older = [line.seq for line in await world.upkeep.log(after=0, limit=100, before=newest[-1])]
    assert len(whole) > len(newest)
    assert newest + older == whole[::-1]
