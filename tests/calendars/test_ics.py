"""Appointments are read with all that calendars do to times; what we write touches no line that is not ours."""

import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ami_bridge.calendars import ics
from ami_bridge.calendars.block import block, with_block
from ami_bridge.calendars.ics import answer, has_answered, read, shows, write
from ami_bridge.calendars.lines import escaped, lines_of, text_of, unescaped
from ami_bridge.calendars.model import Appointment, Entrance
from ami_bridge.calendars.times import UnreadableError
from tests.rooms.world import event

NOW = datetime(2026, 10, 20, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
SAID = Entrance(dial_in="+49 89 99998-900", number="8001", pin="222222")


def found(*more: str, starts: str, ends: str = "", now: datetime = NOW) -> Appointment:
    return read(event("u", *more, starts=starts, ends=ends), now=now, zone=BERLIN)


@pytest.mark.parametrize(
    ("starts", "utc"),
    [
        ("DTSTART:20261030T090000Z", "2026-10-30T09:00"),
        ("DTSTART;TZID=Europe/Berlin:20261024T100000", "2026-10-24T08:00"),  # the last day of summer time
        ("DTSTART;TZID=Europe/Berlin:20261025T100000", "2026-10-25T09:00"),
        ("DTSTART;TZID=W. Europe Standard Time:20261030T100000", "2026-10-30T09:00"),
        ("DTSTART;TZID=Europe/London:20261030T100000", "2026-10-30T10:00"),
        ("DTSTART;TZID=Nowhere/Nothing:20261030T100000", "2026-10-30T09:00"),
        ("DTSTART:20261030T100000", "2026-10-30T09:00"),  # floating: as the clock on the wall here
    ],
)
def test_a_time_is_read_in_its_zone(starts: str, utc: str) -> None:
    appointment = found(starts=starts)
    assert appointment.starts is not None
    assert appointment.starts.astimezone(UTC).isoformat()[:16] == utc
    assert appointment.ends == appointment.starts + timedelta(hours=1)


def test_a_series_keeps_the_clock_on_the_wall_when_summer_time_ends() -> None:
    appointment = found("RRULE:FREQ=WEEKLY;COUNT=3", starts="DTSTART;TZID=Europe/Berlin:20261021T100000")
    assert appointment.starts is not None
    assert appointment.ends is not None
    assert appointment.starts.astimezone(UTC) == datetime(2026, 10, 21, 8, tzinfo=UTC)
    assert appointment.ends.astimezone(UTC) == datetime(2026, 11, 4, 10, tzinfo=UTC)
    assert (appointment.series, appointment.goes_on) == (True, False)


def test_exceptions_of_a_series_count() -> None:
    weekly = event(
        "u", "RRULE:FREQ=WEEKLY;COUNT=4", "EXDATE;TZID=Europe/Berlin:20261027T100000",
        starts="DTSTART;TZID=Europe/Berlin:20261027T100000",
    )  # fmt: skip
    moved = event(
        "u", "RECURRENCE-ID;TZID=Europe/Berlin:20261117T100000", starts="DTSTART;TZID=Europe/Berlin:20261118T160000"
    )
    cancelled = event(
        "u", "RECURRENCE-ID;TZID=Europe/Berlin:20261103T100000", "STATUS:CANCELLED",
        starts="DTSTART;TZID=Europe/Berlin:20261103T100000",
    )  # fmt: skip
    parts = [one[one.index("BEGIN:VEVENT") : one.index("END:VCALENDAR")] for one in (moved, cancelled)]
    text = weekly.replace("END:VCALENDAR", "".join(parts) + "END:VCALENDAR")
    appointment = read(text, now=NOW, zone=BERLIN)
    assert appointment.starts == datetime(2026, 11, 10, 10, tzinfo=BERLIN)
    assert appointment.ends == datetime(2026, 11, 18, 17, tzinfo=BERLIN)
    assert not appointment.cancelled
    written = write(text, SAID)
    assert written.count("X-AMIBRIDGE-ROOM:8001") == 3
    assert shows(written, SAID)


def test_what_has_no_room_has_no_times() -> None:
    assert found(starts="DTSTART:20261019T100000Z").starts is None
    assert found(starts="DTSTART;VALUE=DATE:20261030", ends="DTEND;VALUE=DATE:20261031").all_day
    assert found("STATUS:CANCELLED", starts="DTSTART:20261030T100000Z").cancelled
    assert found(starts="DTSTART:20261030T100000Z", ends="DTEND:20261101T100000Z").starts is None
    assert found(starts="DTSTART:20261030T100000Z", ends="DTEND:20261030T100000Z").starts is None


@pytest.mark.parametrize(
    "rule",
    [
        "RRULE:FREQ=SECONDLY;COUNT=200000", "RRULE:FREQ=MINUTELY", "RRULE:FREQ=DAILY;BYHOUR=1,2,3",
        "RRULE:FREQ=DAILY;COUNT=99999", "RRULE:FREQ=DAILY;INTERVAL=0", "\r\n".join(["RRULE:FREQ=DAILY"] * 11),
        "RRULE:FREQ=OFTEN", "RRULE:BYDAY=MO", "RRULE:FREQ=DAILY;UNTIL=nonsense",
        "RDATE:" + ",".join(f"20261{n % 3}0{n % 9 + 1}T{n % 24:02}0000Z" for n in range(1200)),
    ],
)  # fmt: skip
def test_a_rule_that_would_take_long_is_not_unfolded(rule: str) -> None:
    began = time.perf_counter()
    try:
        found(rule, starts="DTSTART:20261030T100000Z")
    except UnreadableError:
        pass
    else:
        assert "UNTIL" in rule, rule
    assert time.perf_counter() - began < 2


@pytest.mark.parametrize(
    "text", ["", "BEGIN:VCALENDAR", "hello", "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "x" * 1_000_001]
)
def test_what_is_no_appointment_is_refused(text: str) -> None:
    with pytest.raises(UnreadableError):
        read(text, now=NOW, zone=BERLIN)


def test_only_our_lines_are_touched() -> None:
    text = event(
        "u", 'DESCRIPTION;ALTREP="data:text/html,alt":Bitte\\; Pläne\\nmitbringen', "LOCATION:Rathaus\\, Zimmer 3",
        'ATTENDEE;CN="Maier; Müller: Co";X-NUM=0:mailto:maier@example.org', "X-MOZ-LASTACK:20261001T080000Z",
        "COMMENT:lang " + "ä" * 40 + "\r\n  und gefaltet", "BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:gleich",
        "TRIGGER:-PT5M", "END:VALARM",
    )  # fmt: skip
    written = write(text, SAID)
    before, after = lines_of(text), lines_of(written)
    ours = {"DESCRIPTION", "CONFERENCE", "X-AMIBRIDGE-ROOM"}
    assert [one.raw for one in after if one.name not in ours] == [one.raw for one in before if one.name not in ours]
    described = [one for one in after if one.name == "DESCRIPTION"]
    assert described[0].parameters == ()
    assert unescaped(described[0].value) == f"Bitte; Pläne\nmitbringen\n\n{block(SAID)}"
    assert described[1].value == "gleich"
    assert write(written, SAID) == written
    assert all(len(one.encode()) <= 75 for one in written.split("\r\n") if "gefaltet" not in one and "lang" not in one)
    moved = write(written, Entrance(dial_in=SAID.dial_in, number="8002", pin="333333"))
    assert "8001" not in moved
    assert moved.count("CONFERENCE;") == 1


@pytest.mark.parametrize("theirs", [r"Pläne: C:\temp\alt", r"\\server\pläne", "um 10\\:00; Raum\\, 2", r"a\\nb"])
def test_what_another_program_has_escaped_badly_stays_as_it_is(theirs: str) -> None:
    text = event("u", f"DESCRIPTION:{theirs}\\nUnten")
    for number in ("8001", "8002"):
        text = write(text, Entrance(dial_in=SAID.dial_in, number=number, pin="222222"))
        (described,) = [one.value for one in lines_of(text) if one.name == "DESCRIPTION"]
        assert described.startswith(f"{theirs}\\nUnten\\n\\n--- Telefonkonferenz ---\\n"), described
        assert number in described
        assert described.count("Telefonkonferenz") == 1


def test_a_backslash_at_the_end_is_not_joined_to_our_lines() -> None:
    for theirs, kept in (("C:\\", "C:\\\\"), ("C:\\\\", "C:\\\\")):
        (described,) = [
            one.value for one in lines_of(write(event("u", f"DESCRIPTION:{theirs}"), SAID)) if one.name == "DESCRIPTION"
        ]
        assert described.startswith(f"{kept}\\n\\n---")


def test_a_conference_elsewhere_stays_alone() -> None:
    text = event("u", "CONFERENCE;VALUE=URI;FEATURE=VIDEO;LABEL=Video:https://video.example.org/1")
    written = write(text, SAID)
    assert [one.value for one in lines_of(written) if one.name == "CONFERENCE"] == ["https://video.example.org/1"]


def test_what_people_write_into_our_block_is_kept() -> None:
    mine = block(SAID).replace("\nPIN", "\nFrau Maier fragen\nPIN")
    new = block(Entrance(dial_in="1", number="8", pin="9"))
    assert with_block(f"Oben\n\n{mine}\nUnten", new) == f"Oben\n\n{new}\nFrau Maier fragen\nUnten"
    without_foot = mine.removesuffix("\n---")
    assert (
        with_block(f"Oben\n{without_foot}\nUnten", new)
        == f"Oben\n{new}\nFrau Maier fragen\nPIN: 222222#\n" + "\n".join(without_foot.split("\n")[5:]) + "\nUnten"
    )
    assert with_block(with_block("a", mine) + "\n" + block(SAID), new).count("--- Telefonkonferenz ---") == 1


@pytest.mark.parametrize(
    ("dial_in", "dialled"), [("+49 (0)89 99998-900", "+498999998900"), ("(089) 99998-900", "08999998900")]
)
def test_a_number_is_dialled_and_its_place_found_again_however_it_is_written(dial_in: str, dialled: str) -> None:
    written = write(event("u"), Entrance(dial_in=dial_in, number="8001", pin="222222"))
    assert f"Vom Mobiltelefon: {dialled},,8001#,,222222#" in unescaped(written.replace("\r\n ", ""))
    ended = write(written, Entrance(notes=("Beendet.",)))
    assert [one.value for one in lines_of(ended) if one.name == "LOCATION"] == [""], "nobody is sent there any more"


@given(st.text(max_size=300))
def test_no_text_is_lost(text: str) -> None:
    text = text.replace("\r", "").replace("\0", "")
    put = with_block(text, block(SAID))
    assert put.startswith(text.rstrip())
    assert with_block(put, block(SAID)) == put
    assert unescaped(escaped(text)) == text


@given(st.lists(st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=90), max_size=20))
def test_lines_come_out_as_they_went_in(lines: list[str]) -> None:
    text = "".join(f"{line}\r\n" for line in ["BEGIN:X", *lines, "END:X"])
    assert text_of(lines_of(text)) == text


def test_an_invitation_is_answered_for_ours_alone() -> None:
    text = event(
        "u", "ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE;CN=Konferenz:MAILTO:Konferenz@example.org",
        "ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:ben@example.org",
    )  # fmt: skip
    answered = answer(text, "konferenz@example.org", "ACCEPTED")
    assert "ATTENDEE;CN=Konferenz;PARTSTAT=ACCEPTED:MAILTO:Konferenz@example.org" in answered
    assert "ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:ben@example.org" in answered
    assert has_answered(answered, "konferenz@example.org", "ACCEPTED")
    assert not has_answered(text, "konferenz@example.org", "ACCEPTED")


def test_who_asks_to_be_called_is_found() -> None:
    appointment = found(
        "DESCRIPTION:Hallo\\nBitte anrufen: 089 123 45\\, 101\\nDanke",
        f"{ics.CALL}:+49 30 1",
        starts="DTSTART:20261030T100000Z",
    )
    assert appointment.calls == ("+49 30 1", "089 123 45", "101")
    assert appointment.next_start == datetime(2026, 10, 30, 10, tzinfo=UTC)
