"""Comparable telephone numbers. Pure: what a PBX shows and what people write in address books, read alike."""

import re
from functools import lru_cache
from typing import Literal, Protocol

import phonenumbers
from msgspec import Struct
from phonenumbers import NumberParseException, PhoneNumberFormat

from ami_bridge.spelling import (
    BARE,
    HEAD,
    SHORTEST_HEAD,
    StemRule,
    alternatives,
    ascii_digits,
    split_extension,
    stem_of,
    without_remarks,
)

LONGEST_RAW = 64  # a telephone number with its remarks; the network cuts far earlier
SHORTEST_OUTSIDE = 5  # fewer digits are internal, or one of the short numbers
LONGEST_E164 = 19  # "+" and digits: E.164 has 15 at most, old German numbers with an extension more; 64 bits hold 18
LONGEST_EXTENSION = 4
LONGEST_MODERN = 11  # digits of a German number after the country code since 2010; older ones may have 13
LONGEST_GERMAN = 16
SHORTEST_GERMAN = 8  # digits with the leading 0; shorter ones may be internal
OPEN_PLANS = frozenset({49, 43, 352, 358})  # where an extension is simply dialled behind the head number

# Emergency, authorities, services: the same everywhere in the country, never behind an area code.
_SHORT = re.compile(r"1(1[0-9]|16\d{3}|18\d{2,3}|9222)")
_SEPARATORS = re.compile(r"[\s\-/().]+")
_DIALABLE = re.compile(r"\+?[0-9]+")
_CODE = re.compile(r"[*#][0-9*#]*")

_OUTSIDE_WRITTEN = r"\s*{line}[\s\-/]+(?=\(?(?:0|\+))"
_LABEL = re.compile(r"[^0-9+*#(]*[:\s.](?=[0-9+*#(])")
_NO_SEPARATORS = str.maketrans("", "", " -/()")
_GERMAN = re.compile(r"(?:(?:\+|00)49[ \-/]*(?:\(0\)[ \-/]*)?|\(?0)(?P<rest>[1-9][0-9]*\)?[0-9 \-/]*[0-9])")
_HAS_SEVERAL = re.compile(r"/ *0|-[^/]*/")
_FIRST_FOREIGN = re.compile(r"[^0-9+*#\s\-/().]")


class Number(Struct, frozen=True):
    """One number, comparable: an outside one by `e164`, an internal or short one by `exten`."""

    e164: str | None = None
    """`+498999998101`; also given for an extension that can be dialled from outside."""
    exten: str | None = None
    """Digits as our own PBX knows them."""
    display: str = ""
    """As people write it."""


class Written(Struct, frozen=True):
    """One number of an address book, and what its spelling says of the house it belongs to."""

    e164: str | None = None
    exten: str | None = None
    stem: int = 0
    """What a direct-dial number of the same house would begin with, without "+"; 0 where it is no such house."""
    rule: StemRule = "bare"


class Block(Protocol):
    """A block of direct-dial numbers."""

    @property
    def prefix(self) -> str:
        """What all of them begin with, in E.164."""

    @property
    def digits(self) -> int:
        """How many digits follow."""


class Site(Protocol):
    """What we need to know of the place where the PBX stands."""

    @property
    def country(self) -> str:
        """ISO code of the country."""

    @property
    def area_code(self) -> str:
        """Area code without the leading 0."""

    @property
    def own_block(self) -> Block | None:
        """Our numbers as the outside dials them."""

    @property
    def callers(self) -> Literal["guess", "international", "national"]:
        """How trunks write callers' numbers that begin with neither "+" nor 0."""

    @property
    def outside_line(self) -> str:
        """What is dialled first to leave the house."""


class Numbers:
    """Reads numbers as somebody at this site would."""

    def __init__(self, site: Site, *, remember: int = 16_384) -> None:
        self._country = site.country.upper()
        self._country_code = str(phonenumbers.country_code_for_region(self._country))
        self._area = site.area_code.lstrip("0")
        self._outside = site.outside_line
        self._prefix = site.own_block.prefix if site.own_block else ""
        self._digits = site.own_block.digits if site.own_block else 0
        self._longest_exten = max(LONGEST_EXTENSION, self._digits)
        self._outside_written = re.compile(_OUTSIDE_WRITTEN.format(line=re.escape(self._outside or "0")))
        site_is = f"{self._country} {self._area} {self._prefix} {self._digits} {self._outside}"
        self.reads_as = f"1 {phonenumbers.__version__} {site_is}"
        for example in ("0301234567", f"+{self._country_code}301234567"):  # the library makes ready at its first number
            self._external(example)
        self._callers = site.callers
        # What is written as most are can be read without the library; it is slow, and would say the same.
        self._is_simple = self._country == "DE" and len(self._outside) <= 1 and self._longest_exten < SHORTEST_GERMAN
        self._remembered = lru_cache(maxsize=remember)(self._read)
        self._remembered_cards = lru_cache(maxsize=remember)(self._read_card)
        self._remembered_written = lru_cache(maxsize=remember)(self._read_written)

    def from_pbx(self, raw: str, *, dialled: bool = False) -> Number | None:
        """Read a caller's number or dialled digits; None where there is none (withheld, a name, nothing).

        `dialled` says that a person of the house pressed these keys, so that the outside line stands in front.
        """
        return self._remembered(raw, dialled) if len(raw) <= LONGEST_RAW else None

    def from_card(self, raw: str) -> list[Number]:
        """Read one telephone field of an address book; it may hold several numbers, or none."""
        return list(self._remembered_cards(raw)) if len(raw) <= 2 * LONGEST_RAW else []

    def written(self, raw: str, *, company: bool = False) -> tuple[Written, ...]:
        """Read one telephone field of a contact; of a company also a bare number may be the head of others."""
        if len(raw) > 2 * LONGEST_RAW:
            return ()
        if self._is_simple and (simple := _GERMAN.fullmatch(raw)) and not _HAS_SEVERAL.search(raw):
            digits = "49" + simple["rest"].translate(_NO_SEPARATORS)
            if SHORTEST_GERMAN <= len(digits) - 1 <= LONGEST_GERMAN and not self._is_own(digits):
                stem, rule = stem_of(digits, raw, company=company) if digits[2] != "1" else (0, BARE)
                return (Written("+" + digits, None, stem, rule),)
        return self._remembered_written(raw, company)

    def _is_own(self, digits: str) -> bool:
        return bool(self._digits) and digits.startswith(self._prefix[1:])

    def _read_written(self, raw: str, company: bool) -> tuple[Written, ...]:  # noqa: FBT001 - a cache key
        """Do the work of `written`."""
        found: dict[Written, None] = {}
        for one in alternatives(without_remarks(raw)):
            if number := self._read_one(one):
                stem, rule = (0, BARE)
                if number.e164 and number.exten is None:
                    label = _LABEL.match(one)
                    stem, rule = stem_of(number.e164[1:], one[label.end() :] if label else one, company=company)
                found[Written(number.e164, number.exten, stem, rule)] = None
        return tuple(found)

    def is_extension(self, digits: str) -> bool:
        """Whether these digits can be somebody's extension here, by their length alone."""
        if not digits.isascii() or not digits.isdigit():
            return False
        if self._digits:
            return len(digits) == self._digits
        return len(digits) <= self._longest_exten and not _SHORT.fullmatch(digits)

    def _read(self, raw: str, dialled: bool) -> Number | None:  # noqa: FBT001 - a cache key
        """Do the work of `from_pbx`."""
        text = ascii_digits(raw).strip()
        if _CODE.fullmatch(text):
            return Number(exten=text, display=text)
        text = _SEPARATORS.sub("", text)
        if not _DIALABLE.fullmatch(text):
            return None
        if dialled and len(text) != self._digits and self._outside and text.startswith(self._outside):
            short = text.removeprefix(self._outside)
            if _SHORT.fullmatch(short):  # 0112 is the fire brigade, not an extension of four digits
                return Number(exten=short, display=short)
        if own := self._internal(text):
            return own
        if self._outside and text.startswith(self._outside) and (dialled or self._is_outside_line(text)):
            text = text.removeprefix(self._outside)
        if own := self._internal(text):
            return own
        return _outside_and_short(text) or self._external(text if dialled else self._as_the_trunk_means(text))

    def _as_the_trunk_means(self, text: str) -> str:
        """Put in front of a caller's bare number what the site says that its trunks leave out."""
        if text[0] in "+0" or self._callers == "guess":
            return text
        return "+" + text if self._callers == "international" else f"0{self._area}{text}"

    def _internal(self, digits: str) -> Number | None:
        """Recognise an extension or short number by its length alone."""
        if digits[0] == "+":
            return None
        if _SHORT.fullmatch(digits):
            return Number(exten=digits, display=digits)
        if len(digits) == self._digits:
            return Number(e164=self._prefix + digits, exten=digits, display=digits)
        if len(digits) <= self._longest_exten:
            return Number(exten=digits, display=digits)
        return None

    def _is_outside_line(self, text: str) -> bool:
        """Tell whether "00…" is the outside line and a national number, rather than an international one."""
        if not text.startswith("00"):
            return False
        if text.startswith("000"):
            return True  # no country code begins with 0
        national = self._parse(text.removeprefix(self._outside))
        abroad = self._parse(text)
        return (
            national is not None
            and phonenumbers.is_valid_number(national)
            and not (abroad is not None and phonenumbers.is_valid_number(abroad))
        )

    def _external(self, text: str) -> Number | None:
        """Read digits that lead out of the house."""
        if text[0] not in "+0":
            text = self._completed(text)
        parsed = self._parse(text)
        return self._number(parsed) if parsed is not None else None

    def _completed(self, digits: str) -> str:
        """Put in front of a bare number what is missing: a "+", or our own area code."""
        # Some trunks send 4991429600123. But 49 may also begin a subscriber's number here, so length decides.
        if digits.startswith(self._country_code) and len(self._area) + len(digits) > LONGEST_MODERN:
            abroad = self._parse("+" + digits)
            if abroad is not None and phonenumbers.is_valid_number(abroad):
                return "+" + digits
        return f"0{self._area}{digits}" if self._area else digits

    def _parse(self, text: str) -> phonenumbers.PhoneNumber | None:
        try:
            return phonenumbers.parse(text, self._country)
        except NumberParseException:
            return None

    def _number(self, parsed: phonenumbers.PhoneNumber) -> Number | None:
        """Make the comparable form; validity is no gate, because long direct-dial numbers count as invalid."""
        e164 = phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
        if not SHORTEST_OUTSIDE < len(e164) <= LONGEST_E164:
            return None
        home = str(parsed.country_code) == self._country_code
        style = PhoneNumberFormat.NATIONAL if home else PhoneNumberFormat.INTERNATIONAL
        display = phonenumbers.format_number(parsed, style)
        if self._digits and len(e164) == len(self._prefix) + self._digits and e164.startswith(self._prefix):
            exten = e164[-self._digits :]
            head = display.removesuffix(exten)
            return Number(e164=e164, exten=exten, display=f"{head}-{exten}" if head != display else display)
        return Number(e164=e164, display=display)

    def _read_card(self, raw: str) -> tuple[Number, ...]:
        """Do the work of `from_card`."""
        found: dict[Number, None] = {}
        for one in alternatives(without_remarks(raw)):
            if number := self._read_one(one):
                found[number] = None
        return tuple(found)

    def _read_one(self, text: str) -> Number | None:
        """Read a piece of an address book that is one number."""
        if label := _LABEL.match(text):
            text = text[label.end() :]
        text, ext = split_extension(text)
        if foreign := _FIRST_FOREIGN.search(text):  # else the library reads letters as keys: "privat" = 774828
            text = text[: foreign.start()]
        text = text.strip()
        if text.startswith(("*", "#")):
            code = re.sub(r"[^0-9*#]", "", text)
            return Number(exten=code, display=code) if len(code) > 1 else None
        text = text.rstrip("*# ").partition("#")[0].partition("*")[0]
        if written := self._outside_written.match(text):
            text = text[written.end() :]
        if text.startswith(("+", "00")):
            text = re.sub(r"\(\s*0\s*\)", "", text)
        plain = _SEPARATORS.sub("", text)
        if not _DIALABLE.fullmatch(plain):
            return None
        number = self._internal(plain)
        if number is None or (ext and number.e164 is None and len(plain) > SHORTEST_HEAD):  # "9600 App. 12"
            number = self._external(plain)
        return self._extended(number, text, ext) if number and ext else number

    def _extended(self, number: Number, text: str, ext: str) -> Number | None:
        """Add a written extension, where the outside can dial it so and the network will show it so."""
        if number.e164 is None:
            return number
        parsed = self._parse(number.e164)
        if parsed is None or parsed.country_code not in OPEN_PLANS:
            return number
        base = number.e164
        if HEAD.search(text):  # "9600-0 App. 12": the 0 stands for the switchboard
            base = base[:-1]
        whole = self._parse(base + ext)
        return self._number(whole) if whole is not None else number


def _outside_and_short(text: str) -> Number | None:
    """Read "+105": too short for any country, but the dialplan says that it comes from outside, not who it is."""
    return Number(display=text) if text[0] == "+" and 1 < len(text) <= SHORTEST_OUTSIDE + 1 else None
