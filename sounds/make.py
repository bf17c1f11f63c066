"""Makes the sounds of this folder, from the texts below and the table of `synthesis.py`: `make sounds`.

Speech needs espeak-ng and sox.
"""
# A script that starts programs and speaks to a terminal, in a folder of sounds, not of Python:
# ruff: noqa: INP001, S603, S607, T201

import argparse
import hashlib
import re
import subprocess
import tempfile
from pathlib import Path

from ami_bridge.sound import wav
from ami_bridge.sound.rate import at_rate
from sounds.synthesis import RECIPES, made

HERE = Path(__file__).parent
README = HERE / "README.md"
# Speech as a telephone carries it: narrow band, even loudness, peak a little below full scale.
COMPAND = "compand 0.01,0.1 -60,-60,-35,-16,-20,-11,-10,-8,0,-6 0 -90 0.1"
CHAIN = f"gain -10 highpass 150 lowpass 3500 rate 8000 {COMPAND} norm -1.5 pad 0.2 0.4".split()
TEXTS = {
    "phone-answers": (
        "Guten Tag, hier ist das Rathaus Musterhausen. Dies ist ein Telefon der Vorführung, es nimmt von selbst ab."
    ),
    # Conference rooms (dialplan/rooms.conf), in the language of the room or of the telephone.
    "de/room-welcome": "Willkommen zur Telefonkonferenz.",
    "de/room-other-language": "For English, press star, and then hash.",
    "de/room-number": "Bitte geben Sie die Raumnummer ein, und dann die Raute-Taste.",
    "de/room-pin": "Bitte geben Sie Ihre PIN ein, und dann die Raute-Taste.",
    "de/room-wrong": "Raumnummer oder PIN stimmt nicht.",
    "de/room-too-many": "Das waren zu viele Fehlversuche. Bitte rufen Sie später wieder an. Auf Wiederhören.",
    "de/room-early": (
        "Die Konferenz ist noch nicht geöffnet. Bitte rufen Sie kurz vor Beginn wieder an. Auf Wiederhören."
    ),
    "de/room-late": "Die Konferenz ist schon beendet. Auf Wiederhören.",
    "de/room-lines": "Zurzeit sind alle Leitungen belegt. Bitte rufen Sie gleich noch einmal an.",
    "de/room-locked": "Die Konferenz ist gesperrt. Auf Wiederhören.",
    "de/room-full": "In der Konferenz ist kein Platz mehr frei. Auf Wiederhören.",
    "de/room-recorded": "Diese Konferenz wird aufgezeichnet.",
    "de/room-recording-ends": "Die Aufzeichnung ist beendet.",
    "de/room-alone": "Sie sind allein in der Konferenz.",
    "de/room-waiting": "Die Konferenz beginnt, sobald die Moderation da ist.",
    "de/room-begins": "Die Konferenz beginnt.",
    "de/room-moderator-left": "Die Moderation hat die Konferenz verlassen.",
    "de/room-removed": "Sie wurden aus der Konferenz entfernt. Auf Wiederhören.",
    "de/room-muted": "Stumm.",
    "de/room-unmuted": "Nicht mehr stumm.",
    "de/room-now-locked": "Die Konferenz ist jetzt gesperrt.",
    "de/room-now-unlocked": "Die Konferenz ist wieder offen.",
    "de/room-take-part": "nehmen teil.",
    "de/room-has-joined": "ist jetzt dabei.",
    "de/room-invitation": "Sie werden zu einer Telefonkonferenz gerufen. Zum Teilnehmen drücken Sie die eins.",
    "de/room-ends-soon": "Die Konferenz endet in zehn Minuten.",
    "de/room-ends-now": "Die Konferenz endet in einer Minute.",
    "de/room-alone-long": "Sie sind schon länger allein in der Konferenz. Sie wird deshalb gleich beendet.",
    "de/room-over": "Die Konferenz ist beendet. Auf Wiederhören.",
    "de/room-menu": "Stumm schalten: eins. Wie viele teilnehmen: Stern zwei. Verlassen: Stern neun.",
    "de/room-menu-moderator": (
        "Stumm schalten: eins. Wie viele teilnehmen: Stern zwei. Zuletzt Gekommene entfernen: Stern drei. "
        "Sperren oder öffnen: Stern vier. Alle stumm schalten: Stern fünf. Verlassen: Stern neun."
    ),
    "en/room-welcome": "Welcome to the telephone conference.",
    "en/room-other-language": "Für Deutsch drücken Sie die Sterntaste, und dann die Raute-Taste.",
    "en/room-number": "Please enter the room number, followed by hash.",
    "en/room-pin": "Please enter your pin, followed by hash.",
    "en/room-wrong": "The room number or the pin is not right.",
    "en/room-too-many": "There were too many attempts. Please call again later. Goodbye.",
    "en/room-early": "The conference is not open yet. Please call again shortly before it begins. Goodbye.",
    "en/room-late": "The conference is over. Goodbye.",
    "en/room-lines": "All lines are busy at the moment. Please call again in a moment.",
    "en/room-locked": "The conference is locked. Goodbye.",
    "en/room-full": "There is no place left in the conference. Goodbye.",
    "en/room-recorded": "This conference is being recorded.",
    "en/room-recording-ends": "The recording has ended.",
    "en/room-alone": "You are alone in the conference.",
    "en/room-waiting": "The conference begins as soon as the moderator is there.",
    "en/room-begins": "The conference begins.",
    "en/room-moderator-left": "The moderator has left the conference.",
    "en/room-removed": "You have been removed from the conference. Goodbye.",
    "en/room-muted": "Muted.",
    "en/room-unmuted": "No longer muted.",
    "en/room-now-locked": "The conference is locked now.",
    "en/room-now-unlocked": "The conference is open again.",
    "en/room-take-part": "take part.",
    "en/room-has-joined": "has joined.",
    "en/room-invitation": "You are called to a telephone conference. To take part, press one.",
    "en/room-ends-soon": "The conference ends in ten minutes.",
    "en/room-ends-now": "The conference ends in one minute.",
    "en/room-alone-long": "You have been alone in the conference for a while, so it will end shortly.",
    "en/room-over": "The conference is over. Goodbye.",
    "en/room-menu": "Mute: one. How many take part: star two. Leave: star nine.",
    "en/room-menu-moderator": (
        "Mute: one. How many take part: star two. Remove who came last: star three. "
        "Lock or unlock: star four. Mute everybody: star five. Leave: star nine."
    ),
    # Calls about alarms (dialplan/alarms.conf). The digits of a code and of an extension are spoken one by one.
    "de/alarm-say-take": "Zum Übernehmen:",
    "de/alarm-say-test": "Dies ist ein Probealarm. Zum Bestätigen:",
    "de/alarm-say-keys": "und die Raute-Taste. Wiederholen: Stern. Ablehnen: neun, und Raute.",
    "de/alarm-say-wrong": "Das war nicht der richtige Code.",
    "de/alarm-say-taken": "Der Alarm ist übernommen. Vielen Dank.",
    "de/alarm-say-noted": (
        "Achtung. Die Quittierung ist notiert und wird nachgetragen. Bis dahin bleibt der Alarm aktiv."
    ),
    "de/alarm-say-already": "Der Alarm ist bereits übernommen.",
    "de/alarm-say-already-by": "Der Alarm ist bereits übernommen, von",
    "de/alarm-say-bye": "Auf Wiederhören.",
    "de/alarm-say-declined": "Abgelehnt. Es wird jemand anderes gerufen.",
    "de/alarm-say-nobody": "Der Alarm ist nicht übernommen. Es wird weiter gerufen.",
    "de/alarm-say-0": "null,",
    "de/alarm-say-1": "eins,",
    "de/alarm-say-2": "zwei,",
    "de/alarm-say-3": "drei,",
    "de/alarm-say-4": "vier,",
    "de/alarm-say-5": "fünf,",
    "de/alarm-say-6": "sechs,",
    "de/alarm-say-7": "sieben,",
    "de/alarm-say-8": "acht,",
    "de/alarm-say-9": "neun,",
    # Calls to an alarm number (dialplan/alarm-sources.conf).
    "de/alarm-call-code": (
        "Dies ist die Alarmnummer. In Lebensgefahr legen Sie auf, und wählen eins eins zwei. "
        "Um einen Alarm auszulösen, geben Sie den Code ein, und dann die Raute-Taste."
    ),
    "de/alarm-call-again": "Bitte geben Sie den Code ein, und dann die Raute-Taste.",
    "de/alarm-call-wrong": "Das war nicht richtig. Bitte noch einmal, und dann die Raute-Taste.",
    "de/alarm-call-many": "Das waren zu viele Fehlversuche. Es wurde kein Alarm ausgelöst. Auf Wiederhören.",
    "de/alarm-call-come": "Alarm angenommen. Es wird jemand gerufen.",
    "de/alarm-call-go": "Angenommen. Die Störung ist als behoben gemeldet.",
    "de/alarm-call-noted": (
        "Achtung. Ihr Anruf ist notiert, der Alarmdienst antwortet aber gerade nicht. "
        "Der Alarm wird ausgelöst, sobald das möglich ist. Rufen Sie bitte auch selbst jemanden an."
    ),
    "de/alarm-call-failed": ("Achtung. Der Alarm konnte nicht angenommen werden. Rufen Sie bitte selbst jemanden an."),
    "en/alarm-say-take": "To take over, press:",
    "en/alarm-say-test": "This is a test alarm. To confirm, press:",
    "en/alarm-say-keys": "and the hash key. To repeat: star. To decline: nine, and hash.",
    "en/alarm-say-wrong": "That was not the right code.",
    "en/alarm-say-taken": "The alarm is taken over. Thank you.",
    "en/alarm-say-noted": (
        "Attention. Your acknowledgement is noted and will be booked. Until then the alarm stays active."
    ),
    "en/alarm-say-already": "The alarm has already been taken over.",
    "en/alarm-say-already-by": "The alarm has already been taken over, by",
    "en/alarm-say-bye": "Goodbye.",
    "en/alarm-say-declined": "Declined. Somebody else will be called.",
    "en/alarm-say-nobody": "The alarm has not been taken over. Calling goes on.",
    "en/alarm-say-0": "zero,",
    "en/alarm-say-1": "one,",
    "en/alarm-say-2": "two,",
    "en/alarm-say-3": "three,",
    "en/alarm-say-4": "four,",
    "en/alarm-say-5": "five,",
    "en/alarm-say-6": "six,",
    "en/alarm-say-7": "seven,",
    "en/alarm-say-8": "eight,",
    "en/alarm-say-9": "nine,",
    "en/alarm-call-code": (
        "This is the alarm number. If life is in danger, hang up, and dial one one two. "
        "To raise an alarm, enter the code, followed by hash."
    ),
    "en/alarm-call-again": "Please enter the code, followed by hash.",
    "en/alarm-call-wrong": "That was not right. Please try again, followed by hash.",
    "en/alarm-call-many": "There were too many attempts. No alarm was raised. Goodbye.",
    "en/alarm-call-come": "Alarm accepted. Somebody will be called.",
    "en/alarm-call-go": "Accepted. The fault is reported to be over.",
    "en/alarm-call-noted": (
        "Attention. Your call is noted, but the alarm service does not answer at the moment. "
        "The alarm will be raised as soon as possible. Please call somebody yourself, too."
    ),
    "en/alarm-call-failed": "Attention. The alarm could not be accepted. Please call somebody yourself.",
}

# Said to who does not understand the others.
VOICES = {"de/room-other-language": "en", "en/room-other-language": "de"}


def make(name: str, folder: Path) -> Path:
    """Speak one text into a wav: 8 kHz, mono, 16 bit."""
    target = folder / f"{name}.wav"
    target.parent.mkdir(exist_ok=True)
    voice = VOICES.get(name) or (name.partition("/")[0] if "/" in name else "de")
    with tempfile.TemporaryDirectory() as scratch:
        raw = Path(scratch) / "raw.wav"
        subprocess.run(["espeak-ng", "-v", voice, "-s", "150", "-w", str(raw), TEXTS[name]], check=True)
        # -R: the same dither at every turn.
        subprocess.run(["sox", "-R", str(raw), "-c", "1", "-b", "16", str(target), *CHAIN], check=True)
    return target


def sha256(path: Path) -> str:
    """Return the fingerprint that README.md has."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def synthesise(name: str, folder: Path) -> tuple[Path, Path]:
    """Make one alarm sound: a wav for telephones, and twice as wide for those who hear more."""
    narrow, wide = folder / f"alarm-{name}.wav", folder / f"alarm-{name}.sln16"
    sound = made(name)
    narrow.write_bytes(wav.write(at_rate(sound, 8000)))
    wide.write_bytes(wav.frames_of(sound.samples))
    return narrow, wide


def table() -> str:
    """Return README's table of what is said."""
    rows = [f"| `{name}.wav` | {text} | `{sha256(HERE / f'{name}.wav')}` |" for name, text in sorted(TEXTS.items())]
    return "\n".join(["| sound | text | sha256 |", "|---|---|---|", *rows])


def alarm_table() -> str:
    """Return README's table of alarm sounds."""
    files = {f"alarm-{name}{end}": one.means for name, one in sorted(RECIPES.items()) for end in (".wav", ".sln16")}
    rows = [f"| `{name}` | {means} | `{sha256(HERE / name)}` |" for name, means in files.items()]
    return "\n".join(["| alarm | means | sha256 |", "|---|---|---|", *rows])


def main() -> None:
    """Make the sounds that are missing, or all with --again, and note them in README.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--again", action="store_true", help="also those that exist")
    again = parser.parse_args().again
    for name in TEXTS:
        if again or not (HERE / f"{name}.wav").exists():
            print(f"sounds/{make(name, HERE).relative_to(HERE)}")
    for name in RECIPES:
        if again or not (HERE / f"alarm-{name}.sln16").exists():
            print(*(f"sounds/{path.name}" for path in synthesise(name, HERE)))
    noted = README.read_text(encoding="utf-8")
    for head, rows in (("sound", table()), ("alarm", alarm_table())):
        noted = re.sub(rf"\| {head} \|.*?\|\n(?!\|)", lambda _, rows=rows: rows + "\n", noted, flags=re.DOTALL)
    README.write_text(noted, encoding="utf-8")


if __name__ == "__main__":
    main()
