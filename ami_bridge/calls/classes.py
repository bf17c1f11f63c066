"""What kind of call a number is: who may dial it depends on that. Pure."""

import re
from typing import Protocol

import phonenumbers
from phonenumbers import PhoneNumberType, shortnumberinfo

from ami_bridge.config import Kind
from ami_bridge.errors import BadRequestError
from ami_bridge.numbers import Number, Numbers

ASKED_TWICE: frozenset[Kind] = frozenset({"emergency", "premium"})
"""Nobody calls these by a slip of the mouse: the person must have confirmed it."""

# What somebody may write for a number, and nothing else: the rest is refused, not guessed at.
_WRITTEN = re.compile(r"\+?[0-9(][0-9 ()/.\-\u00a0\u2010-\u2015]{0,39}")
_TRUNK_ZERO = re.compile(r"\(\s*0\s*\)")
LONGEST_KEYS = 24

# The German plan by its prefixes: long direct-dial numbers are unknown to the library, and unknown must not mean free.
_GERMAN: tuple[tuple[str, Kind], ...] = (
    (r"16[489]|18|118|700", "service"),
    (r"1[567]", "mobile"),
    (r"800|116\d{3}$|115$", "national"),
    (r"1|900", "premium"),  # 0137, 0190 …; 010 is another company's network for one call
    (r"[2-9]", "national"),
)
_SHORT: tuple[tuple[str, Kind], ...] = (
    (r"118\d+$", "service"),
    (r"(115|116\d{3}|19222)$", "national"),
    (r"11\d$", "service"),
)
_SATELLITE = frozenset({870, 881, 882, 883})
_NO_COUNTRY_PREMIUM = frozenset({808, 878, 888, 979})
_BY_TYPE: dict[int, Kind] = {
    PhoneNumberType.MOBILE: "mobile",
    PhoneNumberType.PREMIUM_RATE: "premium",
    PhoneNumberType.SHARED_COST: "service",
    PhoneNumberType.PERSONAL_NUMBER: "service",
    PhoneNumberType.PAGER: "service",
    PhoneNumberType.UAN: "service",
    PhoneNumberType.VOICEMAIL: "service",
    PhoneNumberType.UNKNOWN: "premium",
}


class Site(Protocol):
    """What we need to know of the place where the PBX stands."""

    @property
    def country(self) -> str:
        """ISO code of the country."""

    @property
    def area_code(self) -> str:
        """Area code, with or without the leading 0."""

    @property
    def outside_line(self) -> str:
        """What is dialled first to leave the house."""


class Plan:
    """The numbering plan as it looks from this site."""

    def __init__(self, site: Site, numbers: Numbers) -> None:
        self._country = site.country.upper()
        self._code = phonenumbers.country_code_for_region(self._country)
        self._zero = phonenumbers.ndd_prefix_for_region(self._country, strip_non_digits=True) or ""
        self._area = site.area_code.lstrip("0")
        self._outside = site.outside_line
        self._numbers = numbers

    def read(self, text: str) -> Number:
        """Read what somebody wants to call; raises BadRequestError for whatever is not plainly one number."""
        written = text.strip()
        if written.startswith(("*", "#")):
            raise BadRequestError("Codes with * and # are dialled on the telephone itself.")
        if not _WRITTEN.fullmatch(written):
            raise BadRequestError("This is not a telephone number.")
        number = self._numbers.from_pbx(_TRUNK_ZERO.sub("", written) if written.startswith(("+", "00")) else written)
        if number is not None:
            number = self._short(number) if number.exten is None else self._not_a_way_out(number, number.exten)
        if number is None or len(self.keys(number)) > LONGEST_KEYS:
            raise BadRequestError("This is not a telephone number.")
        return number

    def found_in(self, text: str) -> Number:
        """Read the one number in what a link says; BadRequestError where there is none, or several."""
        try:
            return self.read(text)
        except BadRequestError:
            found = self._numbers.from_card(text)
            if len(found) != 1 or text.strip().startswith(("*", "#")):
                raise
            return self.read(found[0].e164 or found[0].exten or "")

    def _short(self, number: Number) -> Number | None:
        """Read 0118 33 or +49 116117 as the short number that it is; None where it is no number at all."""
        if number.e164 is None:
            return None
        national = number.e164.removeprefix(f"+{self._code}")
        if national == number.e164 or self._kind_of_short(national) == "internal":
            return number
        return Number(exten=national, display=national)

    def _not_a_way_out(self, number: Number, exten: str) -> Number | None:
        """See that nothing short leads out of the house unseen: 0112 is the outside line and an emergency call."""
        if not exten.startswith(self._outside or "0"):
            return number
        short = exten.removeprefix(self._outside)
        if self._kind_of_short(short) != "internal":
            return Number(exten=short, display=short)
        # A direct-dial number that begins like the outside line is reached from outside only.
        return Number(e164=number.e164, display=number.display) if number.e164 else None

    def kind(self, number: Number) -> Kind:
        """Tell what kind of call it is; what nobody knows counts as dear."""
        if number.exten is not None:
            return self._kind_of_short(number.exten)
        if number.e164 is None:
            return "premium"
        parsed = phonenumbers.parse(number.e164)
        code = parsed.country_code
        if code != self._code:
            return self._kind_abroad(parsed)
        national = number.e164[1 + len(str(code)) :]
        kind = self._kind_at_home(parsed, national)
        return "local" if kind == "national" and self._area and national.startswith(self._area) else kind

    def keys(self, number: Number) -> str:
        """Return what a person of this house would press to call it."""
        if number.exten is not None:
            kind = self._kind_of_short(number.exten)
            return number.exten if kind in {"internal", "emergency"} else self._outside + number.exten
        digits = (number.e164 or "").removeprefix("+")
        code = str(self._code)
        at_home = digits.startswith(code)
        return self._outside + (self._zero + digits.removeprefix(code) if at_home else "00" + digits)

    def _kind_of_short(self, digits: str) -> Kind:
        if shortnumberinfo.is_emergency_number(digits, self._country):
            return "emergency"
        return next((kind for pattern, kind in _SHORT if re.match(pattern, digits)), "internal")

    def _kind_abroad(self, parsed: phonenumbers.PhoneNumber) -> Kind:
        if parsed.country_code in _SATELLITE:
            return "satellite"
        dear = parsed.country_code in _NO_COUNTRY_PREMIUM
        dear = dear or phonenumbers.number_type(parsed) == PhoneNumberType.PREMIUM_RATE
        return "premium" if dear else "international"

    def _kind_at_home(self, parsed: phonenumbers.PhoneNumber, national: str) -> Kind:
        if self._country == "DE":
            return next((kind for prefix, kind in _GERMAN if re.match(prefix, national)), "premium")
        return _BY_TYPE.get(phonenumbers.number_type(parsed), "national")
