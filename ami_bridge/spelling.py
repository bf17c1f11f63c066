"""How people write telephone numbers: what stands in one field, and what a spelling says of the house. Pure."""

import re
import unicodedata
from functools import lru_cache
from typing import Literal, TypeAlias

import phonenumbers

SHORTEST_HEAD = 3  # digits of a head number behind its area code: what is shorter says nothing of who has it

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
_TAIL = re.compile(r"(?P<base>.*\d)(?:\s*(?P<sep>[-/])\s*|(?<=\d\d)\s+)(?P<tail>\d{1,5})\s*")
_IN_PAIRS = re.compile(r".*\D\d\d-\d\d-\d\d\s*")
HEAD = re.compile(r"[-/\s]0\s*$")

StemRule: TypeAlias = Literal["head", "extension", "bare"]
"""How a spelling says that more digits may follow: `…-0`, with an extension behind it, or not at all."""

BARE: StemRule = "bare"


def stem_of(digits: str, text: str, *, company: bool) -> tuple[int, StemRule]:
    """Tell what direct-dial numbers of the same house begin with, by the spelling; 0 where it cannot be told.

    `digits` is the E.164 without "+". Only where extensions are dialled behind the head number, only for fixed lines,
    and only for a head number long enough.
    """
    before, ext = split_extension(text)
    starred = before.rstrip().endswith("*")
    before = before.rstrip("*# ")
    tail = _TAIL.fullmatch(before)
    rule: StemRule
    if starred:
        stem, rule = digits, "head"
        if tail and tail["tail"] == "0":
            stem = digits[:-1]
    elif ext and digits.endswith(ext):
        stem, rule = digits[: -len(ext)], "head" if HEAD.search(before) else "extension"
    elif tail and tail["tail"] == "0":
        stem, rule = digits[:-1], "head"
    elif tail and tail["sep"] == "-" and digits.endswith(tail["tail"]) and not _IN_PAIRS.fullmatch(before):
        stem, rule = digits[: -len(tail["tail"])], "extension"
    else:
        stem, rule = "", BARE
    if _is_head(stem):
        return int(stem), rule
    return (int(digits), BARE) if company and rule != "head" and not ext and _is_head(digits) else (0, BARE)


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


def ascii_digits(text: str) -> str:
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


def without_remarks(raw: str) -> str:
    """Drop the scheme of a URI and what stands in brackets without being digits."""
    text = ascii_digits(raw).strip()
    if text[:4].lower() in {"tel:", "sip:", "fax:"}:
        text = text[4:].partition("@")[0]
    text = re.sub(r";(?!ext=)[a-z-]+(?:=[^;]*)?", "", text, flags=re.IGNORECASE)
    return _REMARK.sub(" ", text)


def alternatives(text: str) -> list[str]:
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


def split_extension(text: str) -> tuple[str, str]:
    """Separate "App. 12", "Durchwahl 12", "x12", ";ext=12" from the number before it."""
    if (found := _EXTENSION.search(text)) and found.start() > 0:
        return text[: found.start()].rstrip(" ,;.-"), found["ext"]
    return text, ""
