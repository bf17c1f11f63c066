"""The demo's alarms: a sewage plant, a number to call, a dialling device; who is called, and who is on duty."""

import secrets

from ami_bridge.alarms.sources import codes
from ami_bridge.demo.town import Secrets

CONFIG = """
[alarms]
media_dir = "{media}"
duty_calendar = "bereitschaft-klaeranlage"
everyone = ["role:plant"]
last_resort = ["role:alarm-manager"]
code_digits = 3
channels = 4

[[alarm_class]]
name = "machine"
label = "Maschine steht"
priority = 2
sound = "engine-stopped"
ladder = "plant"

[[alarm_class]]
name = "gas"
label = "Gas"
priority = 1
kind = "extended"
sound = "gas"
ladder = "plant"

[[alarm_class]]
name = "hint"
label = "Hinweis"
priority = 3
quiet = "22:00-06:00"
ladder = "plant"

[[ladder]]
name = "plant"
repeat = 120
[[ladder.steps]]
who = ["duty"]
[[ladder.steps]]
who = ["everyone"]
after = 60

[[source]]
name = "sewage-plant"
label = "Kläranlage"
place = "Am Bach 1"
token_file = "alarm-source.token"
class = "machine"
classes = ["gas", "hint"]
[source.points.gas-engine]
label = "Gasmotor"
text = "Gasmotor steht"
[source.points.gas-store]
label = "Gasspeicher"
text = "Gas tritt aus"
class = "gas"

[[source]]
name = "telephone"
kind = "call"
label = "Rathaus"
class = "machine"
call = {{ extension = "190", code_file = "alarm.code", end_code_file = "alarm-end.code" }}

[[source]]
name = "pumping-station"
kind = "call"
label = "Pumpwerk"
place = "Uferweg 3"
class = "machine"
call = {{ extension = "191", end_extension = "192", devices = ["dialler-1"] }}
[source.points.dialler-1]
label = "Wählgerät"
text = "Pumpe ausgefallen"
"""
DUTY = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//ami-bridge//demo//DE
BEGIN:VEVENT
UID:bereitschaft-1
DTSTAMP:20260101T000000Z
DTSTART;VALUE=DATE:20260105
DTEND;VALUE=DATE:20260112
RRULE:FREQ=WEEKLY
SUMMARY:Dieter Dachs
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n")
"""Dieter is on duty, from Monday to Monday, week after week."""


def secret_files(known: Secrets) -> dict[str, str]:
    """Return the files that the configuration names, by their names."""
    return {
        "alarm-source.token": known.alarm_source,
        "alarm.code": codes.kept(known.alarm_code, secrets.token_hex(8)),
        "alarm-end.code": codes.kept(known.alarm_end_code, secrets.token_hex(8)),
    }
