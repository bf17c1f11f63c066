"""Comparable telephone numbers. Pure: what a PBX shows and what people write in address books, read alike."""

import re
import unicodedata
from functools import lru_cache
from typing import Literal, Protocol, TypeAlias

import phonenumbers
from msgspec import Struct
from phonenumbers import NumberParseException, PhoneNumberFormat

LONGEST_RAW = 64  # a telephone number with its remarks; the network cuts far earlier
SHORTEST_OUTSIDE = 5  # fewer digits are internal, or one of the short numbers
LONGEST_EXTENSION = 4
LONGEST_MODERN = 11  # digits of a German number after the country code since 2010; older ones may have 13
SHORTEST_GERMAN = 8  # digits with the leading 0; shorter ones may be internal
OPEN_PLANS = frozenset({49, 43, 352, 358})  # where an extension is simply dialled behind the head number
SHORTEST_HEAD = 3  # digits of a head number behind its area code: what is shorter says nothing of who has it

# Emergency, authorities, services: the same everywhere in the country, never behind an area code.
_SHORT = re.compile(r"1(1[0-9]|16\d{3}|18\d{2,3}|9222)")
_SEPARATORS = re.compile(r"[\s\-/().]+")
_DIALABLE = re.compile(r"\+?[0-9]+")
_CODE = re.compile(r"[*#][0-9*#]*")

_REMARK = re.compile(r"[(\[{][^0-9()\[\]{}]*[)\]}]")
_WORDS_FOR_OR = re.compile(r"\s*(?:\b(?:oder|und|bzw|or|and)\b\.?|\bu\.|[|&\n\r])\s*", re.IGNORECASE)
_NEXT_WHOLE = re.compile(r"\s*[,;/]\s*(?=(?:\+|\(?0)(?:[\s\-/().]*\d){6})")
_MORE_ENDINGS = re.compile(r"^(?P<base>.*\d\s*-\s*)(?P<one>\d{1,5})(?P<more>(?:\s*[/,+]\s*-?\s*(?!0\s*$)\d{1,5})+)\s*$")
_ENDING_ONLY = re.compile(r"^\s*-\s*(?P<ending>\d{1,5})\s*$")
_ENDS_WITH_ENDING = re.compile(r"^(?P<base>.*\d\s*-\s*)\d{1,5}\s*$")
_EXTENSION = re.compile(
    r"(?:[,;]?\s*\b(?:app(?:arat)?|durchwahl|dw|nst|nebenstelle|kl(?:appe)?|extension|ext|tel)\b\s*[.:=]?|(?<=\d)\s*x)"
    r"\s*-?\s*(?P<ext>\d{1,6})\b",
    re.IGNORECASE,
)
_OUTSIDE_WRITTEN = r"\s*{line}[\s\-/]+(?=\(?(?:0|\+))"
_LABEL = re.compile(r"[^0-9+*#(]*[:\s.](?=[0-9+*#(])")
_TAIL = re.compile(r"(?P<base>.*\d)(?:\s*(?P<sep>[-/])\s*|(?<=\d\d)\s+)(?P<tail>\d{1,5})\s*")
_IN_PAIRS = re.compile(r".*\D\d\d-\d\d-\d\d\s*")
_HEAD = re.compile(r"[-/\s]0\s*$")
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


StemRule: TypeAlias = Literal["head", "extension", "bare"]
"""How a spelling says that more digits may follow: `…-0`, with an extension behind it, or not at all."""


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
        if self._is_simple and (simple := _GERMAN.fullmatch(raw)) and not _HAS_SEVERAL.search(raw):
            digits = "49" + simple["rest"].translate(_NO_SEPARATORS)
            if SHORTEST_GERMAN <= len(digits) - 1 <= LONGEST_GERMAN and not self._is_own(digits):
                stem, rule = _stem(digits, raw, company=company) if digits[2] != "1" else (0, _BARE)
                return (Written("+" + digits, None, stem, rule),)
        return self._remembered_written(raw, company) if len(raw) <= 2 * LONGEST_RAW else ()

    def _is_own(self, digits: str) -> bool:
        return bool(self._digits) and digits.startswith(self._prefix[1:])

    def _read_written(self, raw: str, company: bool) -> tuple[Written, ...]:  # noqa: FBT001 - a cache key
        """Do the work of `written`."""
        found: dict[Written, None] = {}
        for one in _alternatives(_without_remarks(raw)):
            if number := self._read_one(one):
                stem, rule = (0, _BARE)
                if number.e164 and number.exten is None:
                    label = _LABEL.match(one)
                    stem, rule = _stem(number.e164[1:], one[label.end() :] if label else one, company=company)
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
        text = _ascii_digits(raw).strip()
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
        return self._internal(text) or self._external(text)

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
        if len(e164) <= SHORTEST_OUTSIDE:
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
        for one in _alternatives(_without_remarks(raw)):
            if number := self._read_one(one):
                found[number] = None
        return tuple(found)

    def _read_one(self, text: str) -> Number | None:
        """Read a piece of an address book that is one number."""
        if label := _LABEL.match(text):
            text = text[label.end() :]
        text, ext = _split_extension(text)
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
        if _HEAD.search(text):  # "9600-0 App. 12": the 0 stands for the switchboard
            base = base[:-1]
        whole = self._parse(base + ext)
        return self._number(whole) if whole is not None else number


_BARE: StemRule = "bare"
_NO_SEPARATORS = str.maketrans("", "", " -/()")
LONGEST_GERMAN = 16


def _stem(digits: str, text: str, *, company: bool) -> tuple[int, StemRule]:
    """Tell what direct-dial numbers of the same house begin with, by the spelling; 0 where it cannot be told.

    `digits` is the E.164 without "+". Only where extensions are dialled behind the head number, only for fixed lines,
    and only for a head number long enough.
    """
    before, ext = _split_extension(text)
    starred = before.rstrip().endswith("*")
    before = before.rstrip("*# ")
    tail = _TAIL.fullmatch(before)
    rule: StemRule
    if starred:
        stem, rule = digits, "head"
        if tail and tail["tail"] == "0":
            stem = digits[:-1]
    elif ext and digits.endswith(ext):
        stem, rule = digits[: -len(ext)], "head" if _HEAD.search(before) else "extension"
    elif tail and tail["tail"] == "0":
        stem, rule = digits[:-1], "head"
    elif tail and tail["sep"] == "-" and digits.endswith(tail["tail"]) and not _IN_PAIRS.fullmatch(before):
        stem, rule = digits[: -len(tail["tail"])], "extension"
    else:
        stem, rule = "", _BARE
    if _is_head(stem):
        return int(stem), rule
    return (int(digits), _BARE) if company and rule != "head" and not ext and _is_head(digits) else (0, _BARE)


def _is_head(stem: str) -> bool:
    """Tell whether a number is long enough, and of a kind, to have extensions behind it."""
    code = 2 if stem[:2] in {"49", "43"} else 3 if stem[:3] in {"352", "358"} else 0
    if not code:
        return False
    area = _area_length(int(stem[:code]), stem[code : code + LONGEST_AREA])
    return area is not None and len(stem) - code >= area + SHORTEST_HEAD


LONGEST_AREA = 5


@lru_cache(maxsize=16_384)
def _area_length(code: int, begin: str) -> int | None:
    """Return how long the area code is that these digits begin with; None for what is no fixed line."""
    if (code, begin[:2]) == (49, "32"):  # numbers of the whole country, which the library takes for a place
        return None
    for filling in ("1234", "12345", "123456", "123", "12", "1"):
        if not (begin + filling).isdigit():
            return None
        number = phonenumbers.PhoneNumber(country_code=code, national_number=int(begin + filling))
        if phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.FIXED_LINE:
            return phonenumbers.length_of_geographical_area_code(number)
    return None


def _ascii_digits(text: str) -> str:
    """Write every script's digits as 0 to 9, every dash as "-", and drop invisible marks."""
    if text.isascii():
        return text
    return "".join(_plain(sign) for sign in unicodedata.normalize("NFKC", text))


def _plain(sign: str) -> str:
    digit = unicodedata.decimal(sign, -1)
    category = unicodedata.category(sign)
    if digit >= 0:
        return str(digit)
    if category == "Pd" or sign == "\N{MINUS SIGN}":
        return "-"
    return "" if category == "Cf" else sign


def _without_remarks(raw: str) -> str:
    """Drop the scheme of a URI and what stands in brackets without being digits."""
    text = _ascii_digits(raw).strip()
    if text[:4].lower() in {"tel:", "sip:", "fax:"}:
        text = text[4:].partition("@")[0]
    text = re.sub(r";(?!ext=)[a-z-]+(?:=[^;]*)?", "", text, flags=re.IGNORECASE)
    return _REMARK.sub(" ", text)


def _alternatives(text: str) -> list[str]:
    """Split "9600-12/13", "-12 oder -13" and two whole numbers in one field."""
    pieces: list[str] = []
    for part in _WORDS_FOR_OR.split(text):
        for one in _NEXT_WHOLE.split(part):
            if (ending := _ENDING_ONLY.match(one)) and pieces and (before := _ENDS_WITH_ENDING.match(pieces[-1])):
                pieces.append(before["base"] + ending["ending"])
            elif several := _MORE_ENDINGS.match(one):
                endings = [several["one"], *re.findall(r"\d{1,5}", several["more"])]
                pieces += [several["base"] + ending for ending in endings]
            elif one.strip():
                pieces.append(one)
    return pieces


def _split_extension(text: str) -> tuple[str, str]:
    """Separate "App. 12", "Durchwahl 12", "x12", ";ext=12" from the number before it."""
    if (found := _EXTENSION.search(text)) and found.start() > 0:
        return text[: found.start()].rstrip(" ,;.-"), found["ext"]
    return text, ""
