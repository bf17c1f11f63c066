"""Who is on duty: whom an appointment names, how long a shift is when the clock is changed, and when nobody is."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ami_bridge.calendars.rota import Gap, Names, Rota, Shift, shift_of
from ami_bridge.calendars.times import Occurrence, UnreadableError, occurrences
from ami_bridge.people.model import Person
from tests.rooms.world import event as plain

BERLIN = ZoneInfo("Europe/Berlin")
STAFF = [
    Person(login="dieter", name="Dieter Dachs", email="Dieter@musterhausen.example"),
    Person(login="eva", name="Eva Eule", email="eva@musterhausen.example"),
    Person(login="hmueller", name="Hans Müller", email="hans@musterhausen.example"),
    Person(login="umueller", name="Ute Müller"),
    Person(login="sommer", name="Anna-Lena Sommer"),
    Person(login="k.weiss", name="Klaus von Weiß"),
    Person(login="max", name="Max Kurz"),
]
NAMES = Names(STAFF)


def event(uid: str, *more: str, starts: str, ends: str = "") -> str:
    """Write an appointment, with a title only if one is given."""
    return plain(uid, *more, starts=starts, ends=ends).replace("SUMMARY:Bauabnahme\r\n", "")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def unfolded(*more: str, starts: str, ends: str = "", since: str = "2026-01-01", days: int = 366) -> list[Occurrence]:
    begin = utc(since)
    text = event("u", *more, starts=starts, ends=ends)
    return list(occurrences(text, since=begin, until=begin + timedelta(days=days), zone=BERLIN))


def shift(title: str = "", *, organizer: str = "", attendees: tuple[str, ...] = ()) -> Shift:
    at = utc("2026-10-20")
    found = Occurrence(
        title=title, starts=at, ends=at + timedelta(days=1), organizer=organizer, attendees=attendees
    )  # fmt: skip
    return shift_of(found, NAMES)


@pytest.mark.parametrize(
    ("title", "whose", "rank"),
    [
        ("dieter", ["dieter"], 1),
        ("Dieter Dachs", ["dieter"], 1),
        ("dachs", ["dieter"], 1),
        ("Dachs, Dieter", ["dieter"], 1),
        ("[2] Dachs", ["dieter"], 2),
        ("Hintergrund Dachs [3]", ["dieter"], 3),
        ("Bereitschaft Kläranlage: Dachs", ["dieter"], 1),
        ("Bereitschaft Kläranlage \u2013 Dieter Dachs (Handy)", ["dieter"], 1),
        ("Rufbereitschaft D. Dachs", ["dieter"], 1),
        ("Dachs/Eule", ["dieter", "eva"], 1),
        ("Dachs und Eule", ["dieter", "eva"], 1),
        ("Hans Mueller", ["hmueller"], 1),
        ("Müller, Ute", ["umueller"], 1),
        ("Wochenende Ute Müller", ["umueller"], 1),
        ("Sommerbereitschaft Dachs", ["dieter"], 1),
        ("Sommer-Bereitschaft: Dachs", ["dieter"], 1),
        ("WEISS", ["k.weiss"], 1),
        ("Dienst Anna-Lena Sommer", ["sommer"], 1),
        ("Dienst k.weiss", ["k.weiss"], 1),
    ],
)
def test_a_title_names_who_has_the_shift(title: str, whose: list[str], rank: int) -> None:
    found = shift(title)
    assert (list(found.logins), found.rank, found.strangers) == (whose, rank, ())


@pytest.mark.parametrize(
    ("title", "strangers"),
    [
        ("Müller", ("Müller",)),  # there are two
        ("Bereitschaft", ("Bereitschaft",)),
        ("Dienst Maier", ("Dienst Maier",)),
        ("", ("?",)),
    ],
)
def test_a_name_that_means_nobody_or_two_is_told(title: str, strangers: tuple[str, ...]) -> None:
    found = shift(title)
    assert found.logins == ()
    assert found.strangers == strangers


def test_of_two_names_one_may_be_unclear() -> None:
    found = shift("Dachs / Müller")
    assert (found.logins, found.strangers) == (("dieter",), ("Müller",))


def test_attendees_come_before_the_title_and_whoever_wrote_it_last() -> None:
    eva, dieter = "eva@musterhausen.example", "dieter@musterhausen.example"
    assert shift("Bereitschaft", attendees=(eva, dieter), organizer=eva).logins == ("dieter",)
    assert shift("Max Kurz", attendees=(dieter,)).logins == ("dieter",)
    assert shift("Max Kurz", attendees=(eva,), organizer=eva).logins == ("max",)
    assert shift("Bereitschaft", attendees=(eva,), organizer=eva).logins == ("eva",)
    both = shift("Bereitschaft", attendees=(dieter, eva, "gone@example.org"))
    assert (both.logins, both.strangers) == (("dieter", "eva"), ("gone@example.org",))
    stranger = shift("Dachs", attendees=("gone@example.org",))
    assert (stranger.logins, stranger.strangers) == (("dieter",), ("gone@example.org",))


def test_who_declined_and_what_is_a_room_has_no_shift() -> None:
    (found,) = unfolded(
        "ATTENDEE;PARTSTAT=DECLINED:mailto:eva@musterhausen.example",
        "ATTENDEE;CUTYPE=ROOM:mailto:room@musterhausen.example",
        "ATTENDEE;ROLE=NON-PARTICIPANT:mailto:boss@musterhausen.example",
        "ATTENDEE;PARTSTAT=ACCEPTED:MAILTO:Dieter@Musterhausen.example",
        starts="DTSTART:20261020T100000Z",
    )
    assert shift_of(found, NAMES).logins == ("dieter",)


# -- the clock on the wall --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("starts", "ends", "begins", "hours"),
    [
        # whole days are of the house: the night of 25 October has 25 hours, that of 29 March has 23
        ("DTSTART;VALUE=DATE:20261024", "DTEND;VALUE=DATE:20261025", "2026-10-23T22:00", 24),
        ("DTSTART;VALUE=DATE:20261025", "DTEND;VALUE=DATE:20261026", "2026-10-24T22:00", 25),
        ("DTSTART;VALUE=DATE:20260329", "DTEND;VALUE=DATE:20260330", "2026-03-28T23:00", 23),
        ("DTSTART;VALUE=DATE:20261019", "DTEND;VALUE=DATE:20261026", "2026-10-18T22:00", 7 * 24 + 1),
        # half past two is twice, and means the first one; half past two is never, and means half past three
        ("DTSTART;TZID=Europe/Berlin:20261025T023000", "DTEND;TZID=Europe/Berlin:20261025T060000",
         "2026-10-25T00:30", 4.5),
        ("DTSTART;TZID=Europe/Berlin:20260329T023000", "DTEND;TZID=Europe/Berlin:20260329T060000",
         "2026-03-29T01:30", 2.5),
        ("DTSTART:20261025T023000", "DTEND:20261025T060000", "2026-10-25T00:30", 4.5),
        # a night shift ends by the clock on the wall, however its length is said
        ("DTSTART;TZID=Europe/Berlin:20261024T220000", "DTEND;TZID=Europe/Berlin:20261025T060000",
         "2026-10-24T20:00", 9),
        ("DTSTART;TZID=Europe/Berlin:20261024T220000", "DURATION:PT8H", "2026-10-24T20:00", 9),
        ("DTSTART;TZID=Europe/Berlin:20260328T220000", "DURATION:PT8H", "2026-03-28T21:00", 7),
        ("DTSTART:20261024T200000Z", "DTEND:20261025T050000Z", "2026-10-24T20:00", 9),
    ],
)  # fmt: skip
def test_a_shift_in_the_night_when_the_clock_is_changed(starts: str, ends: str, begins: str, hours: float) -> None:
    (found,) = unfolded(starts=starts, ends=ends)
    assert found.starts == utc(begins)
    assert found.ends - found.starts == timedelta(hours=hours)


@pytest.mark.parametrize("changed", ["2026-03-29", "2026-10-25", "2027-03-28"])
@pytest.mark.parametrize("hour", [0, 2, 3, 7])
def test_shifts_that_follow_each_other_leave_no_gap_when_the_clock_is_changed(changed: str, hour: int) -> None:
    day = utc(changed)
    first = (day - timedelta(days=20)).strftime("%Y%m%d")
    daily = unfolded(
        "RRULE:FREQ=DAILY", "SUMMARY:Dachs",
        starts=f"DTSTART;TZID=Europe/Berlin:{first}T{hour:02}3000", ends="DURATION:P1D",
        since=(day - timedelta(days=5)).date().isoformat(), days=10,
    )  # fmt: skip
    rota = Rota(shift_of(one, NAMES) for one in daily)
    assert rota.gaps(1, day - timedelta(days=4), day + timedelta(days=4)) == ()
    alone = [len(rota.on_duty(day + timedelta(minutes=10 * n))) for n in range(6 * 24 * 2)]
    assert set(alone) == {1}


def test_weeks_by_turns_with_an_exception() -> None:
    text = event(
        "a", "RRULE:FREQ=WEEKLY;INTERVAL=2", "SUMMARY:Dachs", "EXDATE;VALUE=DATE:20261019",
        starts="DTSTART;VALUE=DATE:20261005", ends="DTEND;VALUE=DATE:20261012",
    )  # fmt: skip
    swapped = event(
        "a", "RECURRENCE-ID;VALUE=DATE:20261102", "SUMMARY:Eule",
        starts="DTSTART;VALUE=DATE:20261102", ends="DTEND;VALUE=DATE:20261109",
    )  # fmt: skip
    part = swapped[swapped.index("BEGIN:VEVENT") : swapped.index("END:VCALENDAR")]
    text = text.replace("END:VCALENDAR", part + "END:VCALENDAR")
    found = occurrences(text, since=utc("2026-10-01"), until=utc("2026-12-01"), zone=BERLIN)
    rota = Rota(shift_of(one, NAMES) for one in found)
    assert rota.logins(utc("2026-10-07T12:00")) == ("dieter",)
    assert rota.logins(utc("2026-10-20T12:00")) == ()
    assert rota.logins(utc("2026-11-04T12:00")) == ("eva",)
    assert rota.logins(utc("2026-11-18T12:00")) == ("dieter",)
    assert rota.gaps(1, utc("2026-10-06"), utc("2026-11-08")) == (
        Gap(starts=utc("2026-10-11T22:00"), ends=utc("2026-11-01T23:00")),
    )


def test_what_is_cancelled_or_has_no_length_is_no_shift() -> None:
    assert unfolded("STATUS:CANCELLED", starts="DTSTART:20261020T100000Z") == []
    assert unfolded(starts="DTSTART:20261020T100000Z", ends="DTEND:20261020T100000Z") == []
    assert len(unfolded(starts="DTSTART;VALUE=DATE:20261020")) == 1


@pytest.mark.parametrize("text", ["", "hello", "BEGIN:VCALENDAR"])
def test_what_is_no_appointment_is_refused(text: str) -> None:
    with pytest.raises(UnreadableError):
        occurrences(text, since=utc("2026-01-01"), until=utc("2027-01-01"), zone=BERLIN)


# -- exceptions and gaps ----------------------------------------------------------------------------------------------


def test_a_shift_of_the_second_calendar_takes_the_place_of_the_first_while_it_lasts() -> None:
    begin = utc("2026-10-20")
    week = Shift(starts=begin, ends=begin + timedelta(days=7), title="Dachs", logins=("dieter",))
    second = Shift(starts=begin, ends=begin + timedelta(days=7), title="Kurz [2]", logins=("max",), rank=2)
    evening = Shift(
        starts=begin + timedelta(days=2), ends=begin + timedelta(days=3), title="Eule", logins=("eva",), over=True
    )  # fmt: skip
    nobody = Shift(starts=evening.ends, ends=evening.ends + timedelta(days=1), title="Maier", over=True)
    rota = Rota([nobody, evening, second, week])
    assert rota.logins(begin) == ("dieter",)
    assert rota.logins(evening.starts) == ("eva",)
    assert rota.logins(evening.ends - timedelta(seconds=1)) == ("eva",)
    assert rota.logins(evening.ends) == ("dieter",)  # whom nobody knows takes nobody's place
    assert rota.logins(evening.starts, rank=2) == ("max",)
    assert rota.logins(week.ends) == ()


hours = st.integers(0, 14 * 24)
shifts = st.builds(
    lambda start, length, who, rank, over: Shift(
        starts=utc("2026-10-20") + timedelta(hours=start),
        ends=utc("2026-10-20") + timedelta(hours=start + length),
        title="",
        logins=who,
        rank=rank,
        over=over,
    ),
    hours,
    st.integers(1, 80),
    st.sampled_from([(), ("a",), ("b",), ("a", "b")]),
    st.integers(1, 2),
    st.booleans(),
)


@given(st.lists(shifts, max_size=12), hours)
def test_there_is_a_gap_exactly_when_nobody_is_on_duty(some: list[Shift], hour: int) -> None:
    rota = Rota(some)
    begin = utc("2026-10-20")
    until = begin + timedelta(days=14)
    at = begin + timedelta(hours=hour, minutes=30)
    gaps = rota.gaps(1, begin, until)
    inside = any(gap.starts <= at < gap.ends for gap in gaps)
    if at < until:
        assert inside == (not rota.logins(at))
    assert all(gap.starts < gap.ends for gap in gaps)
    assert all(one.ends < other.starts for one, other in pairwise(gaps))


@given(st.text(max_size=40))
def test_no_title_whatever_stops_the_rota(title: str) -> None:
    found = shift(title)
    assert found.logins or found.strangers
