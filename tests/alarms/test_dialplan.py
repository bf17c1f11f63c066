"""What stands in dialplan/alarms.conf: traps that were stepped into once."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PLAN = (ROOT / "dialplan/alarms.conf").read_text(encoding="utf-8")
NUMBERS = (ROOT / "dialplan/alarm-sources.conf").read_text(encoding="utf-8")
LINES = [line for line in (PLAN + NUMBERS).splitlines() if not line.startswith(";")]


def test_every_sound_it_names_is_there() -> None:
    names = set(re.findall(r"\$\{S\}-([a-z][a-z-]*)", PLAN)) | {"test", "take"} | set("0123456789")
    assert {"take", "keys", "noted", "taken", "already-by"} <= names
    for language in ("de", "en"):
        assert not [name for name in names if not (ROOT / f"sounds/{language}/alarm-say-{name}.wav").exists()]
        assert len(list((ROOT / f"sounds/{language}").glob("alarm-say-*"))) == len(names), "and no other"


def test_nothing_is_deleted_where_a_condition_stands_around_it() -> None:
    assert not [line for line in LINES if "DB_DELETE" in line and "If(" in line], "arguments are expanded first"


def test_the_code_is_compared_as_text_and_noted_before_anybody_is_asked() -> None:
    assert '$["${D}" = "${C}"]' in PLAN, "unquoted, 0471 would be 471"
    noted = PLAN.index("Set(DB(amib_ack/")
    assert noted < PLAN.index("/pbx/alarm-ack,att=${URIENCODE(")
    assert PLAN.index("${LEN(${C})} < 2") < noted


def test_every_module_it_needs_is_named_and_loaded_by_the_demo() -> None:
    named = set(re.findall(r"\b(?:app|func|res)_[a-z_]+", PLAN.partition("[alarm-out]")[0]))
    loaded = set(re.findall(r"^load = (\w+)\.so", (ROOT / "dialplan/demo/modules.conf").read_text(), re.MULTILINE))
    assert {"app_exec", "app_read", "func_db", "func_curl", "func_hangupcause"} <= named <= loaded


def test_a_variable_with_a_contact_in_it_is_never_an_argument_of_if() -> None:
    """A contact has colons, and IF() would cut there."""
    assert not re.search(r"IF\([^\n]*PJSIP_DIAL_CONTACTS", PLAN)
    assert not re.search(r"IF\([^\n]*\$\{E\}", PLAN)


def test_alarm_numbers_say_what_is_there_and_note_before_they_tell() -> None:
    names = set(re.findall(r"\$\{S\}-([a-z]+)", NUMBERS)) | {"come", "go", "noted", "failed"}
    assert {"code", "again", "wrong", "many"} <= names
    for language in ("de", "en"):
        assert {one.stem for one in (ROOT / f"sounds/{language}").glob("alarm-call-*")} == {
            f"alarm-call-{name}" for name in names
        }
    noted = NUMBERS.index("Set(DB(amib_call/")
    assert noted < NUMBERS.index("UserEvent(AlarmCalled")
    device = NUMBERS.partition("n(device)")[2].partition("n(ask)")[0]
    assert device.index("GoSub(alarm-note") < device.index("Answer()"), "an answer is a confirmation to a device"
    named = set(re.findall(r"\b(?:app|func)_[a-z0-9_]+", NUMBERS.partition("[alarm-source]")[0]))
    loaded = set(re.findall(r"^load = (\w+)\.so", (ROOT / "dialplan/demo/modules.conf").read_text(), re.MULTILINE))
    assert {"func_sha1", "func_lock", "func_json"} <= named <= loaded


def test_no_code_is_ever_told_or_kept_longer_than_it_is_compared() -> None:
    told = [line for line in NUMBERS.splitlines() if "UserEvent" in line or "Set(DB(" in line]
    assert len(told) == 4
    assert not [line for line in told if "${D}" in line or "${C}" in line]
