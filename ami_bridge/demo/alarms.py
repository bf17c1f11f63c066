"""The demo's alarms: the sewage plant, its classes, who is called, and who is on duty."""

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
