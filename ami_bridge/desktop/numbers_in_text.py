"""Telephone numbers in what somebody marked or clicked. Pure: finds what is one, and never what only looks like one."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Literal, TypeAlias
from urllib.parse import unquote

import phonenumbers
from msgspec import Struct
from phonenumbers import (
    Leniency,
    NumberParseException,
    PhoneNumber,
    PhoneNumberFormat,
    PhoneNumberMatch,
    PhoneNumberMatcher,
    PhoneNumberType,
)

LONGEST_TEXT = 500
LONGEST_NUMBER = 40
OPEN_PLANS = frozenset({49, 43, 352, 358})
"""Countries where an extension is simply dialled behind the head number."""

Danger: TypeAlias = Literal["emergency", "premium", "unconfirmed"]
"""The last one is the daemon's opinion, which may know more."""

_GERMANY = 49
_PREMIUM_GERMAN = ("900", "137", "138", "180", "118")
_EMERGENCY = re.compile(r"0?11[02]")
_ENQUIRIES = re.compile(r"0?118\d{2,3}")

_SHORT = re.compile(r"\d{2,5}|116 ?\d{3}|118 ?\d{2,3}")
_LOCAL = re.compile(r"(?!11)[1-9]\d{1,7}(?:[ -]\d{1,6}){0,3}")
_LOCAL_DIGITS = range(5, 10)
_LIKE_A_DATE = re.compile(r"\d{1,2}[ -]\d{1,2}[ -](?:19|20)?\d\d|(?:19|20)\d\d[ -].*")
_RANGE = re.compile(r"(?P<first>.*?(?:-(?P<one>\d{1,5}))?(?<=\d))\s*/\s*-?\s*(?P<other>\d{1,4})")
_FILE = re.compile(r"\d+\s*/\s*\d\d")
_CERTAIN_RANGE = 2
"""Digits behind the slash up to which it is a range; more are only if an extension as long stands before it."""
_HEAD = re.compile(r"[-/ ]0$")
_WRITTEN_EXTENSION = re.compile(
    r"[\s,;(]*(?:ext|extension|durchwahl|dw|app(?:arat)?|nst|nebenstelle)\b[\s.:]*-?(\d{1,5})(?!\w)", re.IGNORECASE
)
_EXTENSION_BEGINS = re.compile(r"[\s,;(]*(?:ext|x|durchwahl|app)", re.IGNORECASE)
_ENDLESS = re.compile(r"[^A-Za-z\n]*\Z")
"""The end of a text that was cut, where a number may have lost its own end."""
_LINE_ENDS = re.compile(r"[\n\r\t\v\f\x85\u2028\u2029]+")
_DASHES = re.compile(r"[\u2010-\u2015\u2212]")

# What is made of digits and is no number of a telephone. The lengths are those of the country's IBAN.
_IBAN_LENGTHS = {"DE": 22, "AT": 20, "CH": 21, "LI": 21, "LU": 20, "NL": 18, "BE": 16, "FR": 27, "IT": 27, "PL": 28}
_IBAN = re.compile(
    r"(?<![0-9A-Za-z])(?:"
    + "|".join(rf"{country}\d\d(?:\s?[0-9A-Z]){{{length - 4}}}" for country, length in _IBAN_LENGTHS.items())
    + r"|[A-Z]{2}\d\d(?:\s?[0-9A-Z]){11,30})(?![0-9A-Za-z])",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.-]*://|www\.)\S+|\S+@\S+", re.IGNORECASE)
_LABELLED = re.compile(
    r"(?:\b(?:konto|kto|blz|iban|isbn|az|gz|aktenzeichen|geschäftszeichen|kassenzeichen|buchungszeichen)"
    r"(?:[-\s]*(?:nummer|nr|no))?"
    r"|\b(?:rechnungs?|rg|kunden|bestell|auftrags?|vertrags?|steuer|mitglieds?|vorgangs?|beleg|ticket|zähler|inventar)"
    r"[-\s]*(?:nummer|nr|no|id))[\s.:#-]*$",
    re.IGNORECASE,
)

_SCHEME = re.compile(r"\s*(?P<scheme>tel|callto|sips?):(?://)?", re.IGNORECASE)
_EXT = re.compile(r";ext=(\d{1,6})(?![^;])", re.IGNORECASE)
_IN_A_LINK = re.compile(r"\+?[0-9]+")
_BETWEEN_DIGITS = re.compile(r"[\s()./\-]+")
_ZERO_IN_BRACKETS = re.compile(r"\(\s*0\s*\)")


class Region(Struct, frozen=True):
    """Where the desk stands; decides how numbers without a country or an area code are read."""

    country: str = "DE"
    area_code: str = ""


class Found(Struct, frozen=True):
    """One number somebody may want to call."""

    to: str
    """What is dialled: `+497071123456`, or the digits of a short number as they are."""
    display: str
    """As people write it."""
    danger: Danger | None = None
    """Why it is never called without a question."""
    extension: str | None = None
    """What must be pressed later by hand, because it cannot be dialled behind the number."""


def numbers_in(text: str, region: Region, *, cut: bool = False) -> list[Found]:
    """Find the numbers of a text, each once, in their order; `cut` says that the text went on."""
    text, cut = _plain(text[:LONGEST_TEXT]), cut or len(text) > LONGEST_TEXT
    if not cut and (alone := _alone(text.strip(), region)):
        return [alone]
    if cut:
        text = _ENDLESS.sub("", text)
    masked = _ADDRESS.sub(_blank, _IBAN.sub(_blank, text))
    lines = _LINE_ENDS.split(masked)
    found = [one for line in lines for one in _in_line(line, region)]
    if not found and len(lines) > 1:  # one number may be broken in two
        found = list(_in_line(" ".join(lines), region))
    once: dict[str, Found] = {}
    for one in found:
        once.setdefault(one.to, one)
    return list(once.values())


def is_link(text: str) -> bool:
    """Tell whether it is a link that stands for a number."""
    return _SCHEME.match(text) is not None


def number_of_link(uri: str, region: Region) -> Found | None:
    """Read `tel:`, `callto:` and `sip:`; whoever wrote the link may be hostile, so what is odd is no number.

    A code with `*` or `#` never comes from a link: it could divert the telephone.
    """
    scheme = _SCHEME.match(uri)
    if len(uri) > LONGEST_TEXT or not scheme:
        return None
    rest = unquote(uri[scheme.end() :], errors="replace").partition("?")[0]
    if scheme["scheme"].lower().startswith("sip"):
        rest = rest.partition("@")[0]
    extension = _EXT.search(rest)
    written = _plain(rest.partition(";")[0]).strip()
    if written.startswith(("+", "00")):
        written = _ZERO_IN_BRACKETS.sub("", written)
    digits = _BETWEEN_DIGITS.sub("", written)
    if not _IN_A_LINK.fullmatch(digits) or len(digits) > LONGEST_NUMBER:
        return None
    if short := _short(digits):
        return short
    parsed = _valid(digits, region)
    if parsed is None:
        return Found(digits, digits, "premium" if _is_premium_german(digits) else None)  # the daemon knows its house
    return _found(parsed, region, written=written, extension=extension[1] if extension else None)


# ---- A whole selection


def _alone(text: str, region: Region) -> Found | None:
    """Read a selection that is nothing but an extension, a short number, or a number without its area code."""
    if is_link(text) and len(text.split()) == 1:  # "Tel: 204-2266/67" is none
        return number_of_link(text, region)
    if short := _short(text):
        return short
    if not region.area_code or not _LOCAL.fullmatch(text) or _LIKE_A_DATE.fullmatch(text):
        return None
    if sum(sign.isdigit() for sign in text) not in _LOCAL_DIGITS:
        return None
    parsed = _valid(f"0{region.area_code.lstrip('0')} {text}", region)
    return _found(parsed, region, written=text) if parsed is not None else None


def _short(text: str) -> Found | None:
    """Read an extension, or one of the numbers that are dialled without an area code."""
    if not _SHORT.fullmatch(text):
        return None
    digits = text.replace(" ", "")
    if _EMERGENCY.fullmatch(digits):
        return Found(digits, digits, "emergency")
    return Found(digits, text, "premium" if _ENQUIRIES.fullmatch(digits) else None)


# ---- A number in a text


def _in_line(line: str, region: Region) -> Iterator[Found]:
    """Find the numbers of one line."""
    for match in PhoneNumberMatcher(line, region.country, leniency=Leniency.VALID):
        before, after = line[: match.start], line[match.end :]
        if re.search(r"\w$", before) or re.match(r"\w", after):
            continue  # part of something longer
        if _LABELLED.search(before) or _FILE.fullmatch(match.raw_string):
            continue  # said to be another kind of number, or a file and its year
        if (number := _first_of_range(match, region)) is None:
            continue
        written = _WRITTEN_EXTENSION.match(after)
        extension = written[1] if written else number.extension
        yield _found(number, region, written=match.raw_string, extension=extension)


def _first_of_range(match: PhoneNumberMatch, region: Region) -> PhoneNumber | None:
    """Take the first of "204-2266/67", which the library reads as one long number; of three it is none.

    Not by cutting before it looks: in "07071/12 34 56" the slash ends the area code.
    """
    begin = _begin_of_range(match.raw_string)
    if (first := _valid(begin, region)) is not None:
        return None if _valid(_begin_of_range(begin), region) is not None else first
    number: PhoneNumber = match.number
    return number


def _begin_of_range(raw: str) -> str:
    """Return what stands before the slash of a range; nothing where it is none."""
    several = _RANGE.fullmatch(raw)
    if not several or len(several["other"]) > max(_CERTAIN_RANGE, len(several["one"] or "")):
        return ""
    return several["first"]


def _found(number: PhoneNumber, region: Region, *, written: str, extension: str | None = None) -> Found:
    """Make of a number what is dialled and shown."""
    number.extension = None
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    home = number.country_code == phonenumbers.country_code_for_region(region.country)
    style = PhoneNumberFormat.NATIONAL if home else PhoneNumberFormat.INTERNATIONAL
    display = phonenumbers.format_number(number, style)
    danger: Danger | None = "premium" if _is_premium(number) else None
    if not extension or number.country_code not in OPEN_PLANS:
        return Found(e164, display, danger, extension)
    if _HEAD.search(_EXTENSION_BEGINS.split(written)[0]):  # "204-0, ext 12": the 0 stands for the switchboard
        e164, display = e164[:-1], display[:-1].rstrip("- ")
    return Found(e164 + extension, f"{display}-{extension}", danger)


def _is_premium(number: PhoneNumber) -> bool:
    """Tell whether a call costs more than others."""
    if number.country_code == _GERMANY and str(number.national_number).startswith(_PREMIUM_GERMAN):
        return True
    return bool(phonenumbers.number_type(number) == PhoneNumberType.PREMIUM_RATE)


def _is_premium_german(digits: str) -> bool:
    """Tell the same of digits that the library takes for no number."""
    return re.match(rf"(?:0|\+49|0049)0?(?:{'|'.join(_PREMIUM_GERMAN)})", digits) is not None


def _valid(text: str, region: Region) -> PhoneNumber | None:
    try:
        number = phonenumbers.parse(text, region.country)
    except NumberParseException:
        return None
    return number if phonenumbers.is_valid_number(number) else None


# ---- Letters


def _plain(text: str) -> str:
    """Write every script's digits as 0 to 9 and every dash alike; drop invisible marks."""
    if text.isascii():
        return text
    kept = "".join(sign for sign in unicodedata.normalize("NFKC", text) if unicodedata.category(sign) != "Cf")
    return _DASHES.sub("-", "".join(str(unicodedata.decimal(sign, sign)) for sign in kept))


def _blank(match: re.Match[str]) -> str:
    """Put something in the place of what is no number that joins nothing to its neighbours."""
    return "|" * len(match[0])
