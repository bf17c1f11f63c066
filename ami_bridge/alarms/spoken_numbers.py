"""What is written about a plant, as it is said: dates, times, codes, measured values and their units. Pure.

A voice reads words and whole numbers well; everything else is made of those here.
"""

import re
import unicodedata
from collections.abc import Mapping
from functools import cache

from msgspec import Struct

LONGEST = 600
"""Characters; nobody listens longer."""
DIGITS = {
    "de": ("null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun"),
    "en": ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
}
# Written with the signs of the keyboard too: m3/h, uS/cm. The second form is of one: "1 Stunde".
UNITS = {
    "Nm³/h": ("Normkubikmeter pro Stunde", "Normkubikmeter pro Stunde"),
    "m³/h": ("Kubikmeter pro Stunde", "Kubikmeter pro Stunde"),
    "m³/s": ("Kubikmeter pro Sekunde", "Kubikmeter pro Sekunde"),
    "m³/d": ("Kubikmeter pro Tag", "Kubikmeter pro Tag"),
    "l/s": ("Liter pro Sekunde", "Liter pro Sekunde"),
    "l/min": ("Liter pro Minute", "Liter pro Minute"),
    "l/h": ("Liter pro Stunde", "Liter pro Stunde"),
    "mg/m³": ("Milligramm pro Kubikmeter", "Milligramm pro Kubikmeter"),
    "µg/m³": ("Mikrogramm pro Kubikmeter", "Mikrogramm pro Kubikmeter"),
    "mg/l": ("Milligramm pro Liter", "Milligramm pro Liter"),
    "µg/l": ("Mikrogramm pro Liter", "Mikrogramm pro Liter"),
    "g/l": ("Gramm pro Liter", "Gramm pro Liter"),
    "kg/h": ("Kilogramm pro Stunde", "Kilogramm pro Stunde"),
    "km/h": ("Kilometer pro Stunde", "Kilometer pro Stunde"),
    "m/s": ("Meter pro Sekunde", "Meter pro Sekunde"),
    "mm/s": ("Millimeter pro Sekunde", "Millimeter pro Sekunde"),
    "U/min": ("Umdrehungen pro Minute", "Umdrehung pro Minute"),
    "1/min": ("pro Minute", "pro Minute"),
    "mS/cm": ("Millisiemens pro Zentimeter", "Millisiemens pro Zentimeter"),
    "µS/cm": ("Mikrosiemens pro Zentimeter", "Mikrosiemens pro Zentimeter"),
    "°C": ("Grad Celsius", "Grad Celsius"),
    "%": ("Prozent", "Prozent"),
    "‰": ("Promille", "Promille"),
    "ppm": ("Teile pro Million", "Teil pro Million"),
    "ppb": ("Teile pro Milliarde", "Teil pro Milliarde"),
    "m³": ("Kubikmeter", "Kubikmeter"),
    "m²": ("Quadratmeter", "Quadratmeter"),
    "MWh": ("Megawattstunden", "Megawattstunde"),
    "kWh": ("Kilowattstunden", "Kilowattstunde"),
    "MW": ("Megawatt", "Megawatt"),
    "kW": ("Kilowatt", "Kilowatt"),
    "kVA": ("Kilovoltampere", "Kilovoltampere"),
    "kV": ("Kilovolt", "Kilovolt"),
    "mV": ("Millivolt", "Millivolt"),
    "mA": ("Milliampere", "Milliampere"),
    "kHz": ("Kilohertz", "Kilohertz"),
    "Hz": ("Hertz", "Hertz"),
    "mbar": ("Millibar", "Millibar"),
    "bar": ("Bar", "Bar"),
    "hPa": ("Hektopascal", "Hektopascal"),
    "kPa": ("Kilopascal", "Kilopascal"),
    "dB": ("Dezibel", "Dezibel"),
    "NTU": ("N T U", "N T U"),
    "min": ("Minuten", "Minute"),
    "kg": ("Kilogramm", "Kilogramm"),
    "mg": ("Milligramm", "Milligramm"),
    "km": ("Kilometer", "Kilometer"),
    "cm": ("Zentimeter", "Zentimeter"),
    "mm": ("Millimeter", "Millimeter"),
    "ml": ("Milliliter", "Milliliter"),
    "W": ("Watt", "Watt"),
    "V": ("Volt", "Volt"),
    "A": ("Ampere", "Ampere"),
    "h": ("Stunden", "Stunde"),
    "s": ("Sekunden", "Sekunde"),
    "d": ("Tage", "Tag"),
    "m": ("Meter", "Meter"),
    "l": ("Liter", "Liter"),
    "t": ("Tonnen", "Tonne"),
    "g": ("Gramm", "Gramm"),
    "°": ("Grad", "Grad"),
}
ENGLISH = {
    "m³/h": "cubic metres per hour", "l/s": "litres per second", "mg/l": "milligrams per litre",
    "°C": "degrees Celsius",
    "%": "percent", "ppm": "parts per million", "m³": "cubic metres", "kWh": "kilowatt hours", "kW": "kilowatts",
    "MW": "megawatts", "Hz": "hertz", "mbar": "millibar", "min": "minutes", "h": "hours", "s": "seconds", "m": "metres",
    "mm": "millimetres", "cm": "centimetres", "V": "volts", "A": "amperes", "l": "litres",
}  # fmt: skip
NAMES = {
    "NH4-N": "Ammonium-Stickstoff",
    "NO3-N": "Nitrat-Stickstoff",
    "NO2-N": "Nitrit-Stickstoff",
    "PO4-P": "Phosphat-Phosphor",
    "CH4": "Methan",
    "O2": "Sauerstoff",
    "CO2": "C O zwei",
    "pH": "p H",
    "Nr.": "Nummer",
    "ca.": "circa",
    "max.": "maximal",
    "min.": "minimal",
    "ggf.": "gegebenenfalls",
    "z.B.": "zum Beispiel",
    "Stö.": "Störung",
    "u.": "und",
}
SIGNS = {
    "de": {
        "#": "Raute", "*": "Stern", "≥": "mindestens", "≤": "höchstens", ">": "größer als", "<": "kleiner als",
        "±": "plus minus", "=": "gleich", "&": "und", "+": "plus", "→": "nach", "Δ": "Differenz", "Ø": "Durchschnitt",
    },
    "en": {
        "#": "hash", "*": "star", "≥": "at least", "≤": "at most", ">": "above", "<": "below",
        "±": "plus or minus", "=": "equals", "&": "and", "+": "plus", "→": "to",
    },
}  # fmt: skip
ONES = (
    "null", "ein", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn", "elf", "zwölf",
    "dreizehn", "vierzehn", "fünfzehn", "sechzehn", "siebzehn", "achtzehn", "neunzehn",
)  # fmt: skip
TENS = ("", "", "zwanzig", "dreißig", "vierzig", "fünfzig")
ORDINALS = {1: "erst", 3: "dritt", 7: "siebt", 8: "acht"}
MOST_DAYS, MOST_MONTHS, MOST_HOURS, MOST_MINUTES = 31, 12, 24, 59
FIRST_WITH_ST = 20
DATIVE = r"(?:am|vom|zum|dem|den|seit|ab|bis)"

_DATE = re.compile(
    rf"(?<![\w.])(?P<before>{DATIVE}\s+(?:zum\s+)?)?"
    r"(?:(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)|(?P<d>\d{1,2})\.\s?(?P<m>\d{1,2})\.\s?(?P<y>\d{4}|\d\d(?!\d))?)"
    r"(?![\d:])(?:T(?=\d\d:))?",
    re.IGNORECASE,
)
_TIME = re.compile(r"(?<![\d:.,])(\d{1,2}):(\d\d)(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:\d\d)?(?!\d|:)(?:\s*Uhr\b)?")
_CODE = re.compile(
    r"(?:(?<=#)|\b(?P<what>Code|PIN|Kennwort|Telefon|Tel\.|Durchwahl|Apparat|Rückruf|extension|phone)(?P<is>\s*:?\s*))"
    r"(?P<digits>\d[\d /-]*\d|\d)(?P<hash>\s?#)?",
    re.IGNORECASE,
)
_HASH = re.compile(r"(?<!\w)(\d+)\s?#")
_PHONE = re.compile(r"(?<![\w.,/+-])(\+\d[\d /-]{6,}\d|0\d[\d /-]{4,}\d)(?![\d.,])")
_NUMBER = re.compile(r"(?<![\w.,])([-\u2212\u2013]\s?)?(\d{1,3}(?:\.\d{3})+(?:,\d+)?|\d+(?:[.,]\d+)?)(?![.,]?\d)")
_POINTS = re.compile(r"(?<=\d)\.(?=\d)")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_RANGE = re.compile(r"(?<=\d)\s?[-\u2013…]\s?(?=\d)")
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_LEFT = re.compile(r"[^\w\s.,:;!?'-]|_")


class Lexicon(Struct, frozen=True):
    """How a plant's own words are said, by how they are written."""

    words: Mapping[str, str] = {}

    @classmethod
    def read(cls, text: str) -> "Lexicon":
        """Read lines such as `BHKW = Blockheizkraftwerk`; others are no words."""
        pairs = (line.partition("=") for line in text.splitlines() if not line.lstrip().startswith("#"))
        return cls({word.strip(): said.strip() for word, _, said in pairs if word.strip() and said.strip()})


def spoken(text: str, language: str = "de", lexicon: Lexicon = Lexicon()) -> str:  # noqa: B008 - it is frozen
    """Return the text as it is said; letters, whole numbers and pauses are all that is left."""
    german = language != "en"
    now = " ".join(text[: 2 * LONGEST].translate(_SUBSCRIPTS).split())
    now = _replaced(now, lexicon.words)
    if german:
        now = _replaced(now, NAMES)
        now = _DATE.sub(_date, now)
        now = _TIME.sub(_time, now)
    else:
        now = _THOUSANDS.sub("", now)
    digits = DIGITS["de" if german else "en"]
    now = _CODE.sub(lambda found: _code(found, digits), now)
    now = _HASH.sub(lambda found: f"{_one_by_one(found[1], digits)} #", now)
    now = _PHONE.sub(lambda found: _one_by_one(found[1], digits), now)
    now = _RANGE.sub(" bis " if german else " to ", now)
    now = _POINTS.sub(" Punkt " if german else " point ", _measured(now, german=german))
    for sign, word in SIGNS["de" if german else "en"].items():
        now = now.replace(sign, f" {word} ")
    now = _LEFT.sub(" ", unicodedata.normalize("NFC", now))
    return re.sub(r"\s+([.,:;!?])", r"\1", " ".join(now.split()))[:LONGEST]


def _replaced(text: str, words: Mapping[str, str]) -> str:
    for word in sorted(words, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", words[word].replace("\\", r"\\"), text)
    return text


def _one_by_one(number: str, digits: tuple[str, ...]) -> str:
    return " ".join("plus" if one == "+" else digits[int(one)] for one in number if one.isdecimal() or one == "+")


def _code(found: re.Match[str], digits: tuple[str, ...]) -> str:
    before = f"{found['what']}{found['is'] or ' '}" if found["what"] else " "
    return f"{before}{_one_by_one(found['digits'], digits)}{' #' if found['hash'] else ''}"


def _date(found: re.Match[str]) -> str:
    day, month = int(found["day"] or found["d"]), int(found["month"] or found["m"])
    if not (1 <= day <= MOST_DAYS and 1 <= month <= MOST_MONTHS):
        return found[0]
    end = "en" if found["before"] else "er"
    year = found["year"] or found["y"] or ""
    said = f"{found['before'] or ''}{_ordinal(day)}{end} {_ordinal(month)}{end}"
    return f"{said} {f'20{year}' if len(year) == 2 else year} " if year else f"{said} "  # noqa: PLR2004


def _ordinal(number: int) -> str:
    return ORDINALS.get(number) or f"{_in_words(number)}{'t' if number < FIRST_WITH_ST else 'st'}"


def _in_words(number: int) -> str:
    if number < len(ONES):
        return ONES[number]
    ones = number % 10
    return f"{ONES[ones]}und{TENS[number // 10]}" if ones else TENS[number // 10]


def _time(found: re.Match[str]) -> str:
    hour, minute = int(found[1]), int(found[2])
    if hour > MOST_HOURS or minute > MOST_MINUTES:
        return found[0]
    last = "" if not minute else "eins" if minute == 1 else _in_words(minute)
    return f"{_in_words(hour)} Uhr {last}".rstrip()


@cache
def _units(*, german: bool) -> tuple[re.Pattern[str], Mapping[str, tuple[str, str]]]:
    units = UNITS if german else {unit: (said, said) for unit, said in ENGLISH.items()}
    typed = {unit.replace("³", "3").replace("²", "2").replace("µ", "u"): said for unit, said in units.items()}
    other = {unit.replace("µ", "μ"): said for unit, said in units.items()}
    every = {**typed, **other, **units}
    names = "|".join(re.escape(unit) for unit in sorted(every, key=len, reverse=True))
    return re.compile(rf"\s?(?P<unit>{names})(?![\w/³²])"), every


def _measured(text: str, *, german: bool) -> str:
    """Say numbers, with the unit that follows; and units that can be nothing else where no number is."""
    pattern, units = _units(german=german)
    parts, at = [], 0
    for found in _NUMBER.finditer(text):
        if found.start() < at:
            continue
        parts.append(text[at : found.start()])
        sign, number = found[1] or "", found[2]
        minus = "minus " if sign.strip() and (found.start() == 0 or text[found.start() - 1] in " (:=<>~±") else sign
        said = _number(number, german=german)
        at = found.end()
        unit = pattern.match(text, at)
        if unit is not None and not (len(unit[0]) == 1 and unit[0].isalpha()):  # a motor 2A has no amperes
            said += f" {units[unit['unit']][number == '1']}"
            at = unit.end()
            if number == "1" and german:
                said = _one(said)
        parts.append(minus + said)
    parts.append(text[at:])
    now = "".join(parts)
    for name, (many, _) in sorted(units.items(), key=lambda one: -len(one[0])):
        if "/" in name or name[0] in "°%‰" or name[-1] in "³²":
            now = re.sub(rf"(?<![\w/]){re.escape(name)}(?![\w/³²])", f" {many} ", now)
    return now


def _one(said: str) -> str:
    """Say one of something as one does."""
    feminine = re.match(r"1 (Stunde|Minute|Sekunde|Tonne|Umdrehung|\w+stunde)\b", said)
    return f"eine{said[1:]}" if feminine else f"ein{said[1:]}"


def _number(number: str, *, german: bool) -> str:
    """Say a number: with a comma as here, with a point as machines write it."""
    if re.fullmatch(r"[1-9]\d{0,2}(?:\.\d{3})+(?:,\d+)?", number) and german:
        number = number.replace(".", "")
    whole, _, part = number.replace(".", ",").partition(",")
    if not part:
        return whole
    return f"{whole} {'Komma' if german else 'point'} {' '.join(part)}"
