"""Every finding has words in both languages, asks for the same values, and stands in the reference."""

import importlib
import pkgutil
import re
from pathlib import Path

import pytest

from ami_bridge import doctor
from ami_bridge.doctor import tried
from ami_bridge.doctor.model import Finding, Kind, Severity, Words, listed, report
from tests.journal.world import NOON

ROOT = Path(__file__).parents[2]
KINDS = [
    kind
    for module in pkgutil.iter_modules(doctor.__path__)
    for kind in vars(importlib.import_module(f"ami_bridge.doctor.{module.name}")).values()
    if isinstance(kind, Kind)
]


def values(text: str) -> set[str]:
    return {re.sub(r"_(de|en)$", "", name) for name in re.findall(r"(?<!{){(\w+)}", text)}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.code)
def test_both_languages_say_the_same(kind: Kind) -> None:
    for words in filter(None, (kind.what, kind.do)):
        assert words.de.strip()
        assert values(words.de) == values(words.en)
    assert kind.what.de != kind.what.en
    assert (kind.do is None) == (kind.severity == "ok"), "what is wrong has something to do"


def test_every_finding_is_explained_and_no_other() -> None:
    page = (ROOT / "docs/reference/doctor.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `(\w+\.\w+)` \| (\w+) \|", page, re.MULTILINE))
    assert told == {"config.wrong": "error"} | {kind.code: kind.severity for kind in KINDS}


def test_the_sounds_that_are_looked_for_are_ours() -> None:
    assert set(tried.SOUNDS) == {sound.stem for sound in (ROOT / "sounds/de").glob("room-*.wav")}


def test_what_is_worst_comes_first_and_is_counted() -> None:
    found: list[tuple[str, Severity]] = [("b", "ok"), ("a", "warning"), ("c", "error")]
    some = [Finding(code=code, severity=one, what=Words("d", "e")) for code, one in found]
    told = report(some, "de", at=NOON, daemon=True)
    assert [one.code for one in told.findings] == ["c", "a", "b"]
    assert (told.errors, told.warnings, told.findings[0].what) == (1, 1, "d")


def test_values_from_outside_stay_values() -> None:
    kind = Kind(code="a.b", severity="ok", what=Words("«{x}»", "“{x}”"))
    hostile = "{y}\n\u202e" + "z" * 4000
    said = kind(x=hostile).what.de
    assert said.startswith("«{y}  zzz")
    assert len(said) < 310
    assert listed([str(one) for one in range(11)]) == "0, 1, 2, 3, 4, 5, 6, 7 … (+3)"
