"""The page's files as they lie there: texts, weight, what is not ours, nothing that the CSP would forbid."""

import gzip
import hashlib
import json
import re
from pathlib import Path
from typing import get_args

import pytest

from ami_bridge import wire
from ami_bridge.web.problem import STATUS
from tests.page import kern
from tests.page.counterpart import STATIC

HERE = Path(__file__).parent
OURS = sorted(path for path in STATIC.rglob("*") if path.is_file() and "vendor" not in path.parts)
SCRIPTS = [path for path in OURS if path.suffix == ".js"]
TEXTS = {lang: json.loads((STATIC / "i18n" / f"{lang}.json").read_text("utf-8")) for lang in ("de", "en")}
FAMILIES = (
    *(
        "calls.",
        "state.",
        "result.",
        "direction.",
        "fact.",
        "nav.",
        "kind.",
        "reason.",
        "error.",
        "verb.",
        "send.",
        "journal.",
        "conferences.",
        "colleagues.",
        "switchboard.",
        "picture.",
        "alarms.",
    ),
    *("scope.", "phone.can.", "stored.", "dial.", "language.", "admin.", "audit.", "doctor.", "role."),
)
"""Keys that the scripts put together from a word of the protocol."""
TOPICS = {"calls.self", "journal.self"}
"""What only looks like a key."""


def test_both_languages_have_the_same_texts() -> None:
    assert list(TEXTS["de"]) == list(TEXTS["en"]) == sorted(TEXTS["de"])
    assert not [key for texts in TEXTS.values() for key, text in texts.items() if not text.strip()]


def test_a_text_asks_for_the_same_values_in_both_languages() -> None:
    asked = {
        lang: {key: set(re.findall(r"\{\w+\}", text)) for key, text in texts.items()} for lang, texts in TEXTS.items()
    }
    assert asked["de"] == asked["en"]


def test_whatever_the_daemon_answers_is_told_in_the_readers_words() -> None:
    asked_once_more, never_meant_for_the_page = {"unconfirmed"}, {"config", "unknown_op", "method_not_allowed"}
    codes = STATUS.keys() - asked_once_more - never_meant_for_the_page
    assert [code for code in sorted(codes) if f"error.{code}" not in TEXTS["de"]] == []


def test_every_text_is_used_and_every_used_text_exists() -> None:
    scripts = "".join(path.read_text("utf-8") for path in SCRIPTS)
    known = "|".join(sorted({re.escape(key.split(".")[0]) for key in TEXTS["de"]}))
    used = set(re.findall(rf'"((?:{known})\.[a-z_.]+)"', scripts)) - TOPICS
    assert used <= set(TEXTS["de"])
    unused = {key for key in TEXTS["de"] if key not in used and not key.startswith(FAMILIES)}
    assert not unused


@pytest.mark.parametrize(
    ("kind", "of"), [("state", wire.State), ("result", wire.Result), ("direction", wire.Direction)]
)
def test_every_word_of_the_protocol_has_a_text(kind: str, of: object) -> None:
    words = set(get_args(of)) - {"ended"}  # what has ended is told by its result
    assert words
    assert {f"{kind}.{word}" for word in words} <= set(TEXTS["de"])


def test_the_page_has_no_inline_script_or_style() -> None:
    page = (STATIC / "index.html").read_text("utf-8")
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page)
    for path in SCRIPTS:
        text = path.read_text("utf-8")
        assert not re.search(r"\sstyle=|innerHTML|unsafeHTML|\beval\(|new Function", text), path


def test_every_module_is_fetched_at_once() -> None:
    page = (STATIC / "index.html").read_text("utf-8")
    named = set(re.findall(r'(?:modulepreload" href|script type="module" src)="/static/([^"]+)"', page))
    of_another_page = {"dial.js"}
    assert named == {path.name for path in SCRIPTS} - of_another_page | {"vendor/lit.js"}


def test_nothing_is_loaded_from_elsewhere() -> None:
    for path in OURS:
        if path.suffix in {".js", ".css", ".html", ".svg"}:
            text = path.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
            assert "://" not in text, path


@pytest.mark.parametrize("folder", [STATIC / "vendor", HERE])
def test_what_is_not_ours_is_what_the_list_says(folder: Path) -> None:
    table = (folder / "VENDOR.md").read_text("utf-8")
    listed = dict(re.findall(r"^\| `([^`]+)` .*`([0-9a-f]{64})` \|$", table, re.MULTILINE))
    kinds = {".js", ".css", ".woff2"} if folder.name == "vendor" else {".js"}
    there = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.suffix in kinds}
    assert listed.keys() == there.keys()
    assert {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in there.items()} == listed


def test_every_class_of_kern_that_our_pages_name_is_in_its_vendored_part() -> None:
    sheet = kern.STYLESHEET.read_text("utf-8")
    pages = [*SCRIPTS, *OURS, *kern.PACKAGE.rglob("*html.py")]
    named = {
        name
        for path in pages
        if path.suffix in {".js", ".html", ".py"}
        for attribute in re.findall(r'class="([^"]+)"', path.read_text("utf-8"))
        for name in attribute.split()
        if name.startswith("kern-") and not {"$", "{"} & set(name)
    }
    assert named
    assert not {name for name in named | kern.SIGNS if f".{name}" not in sheet}
    assert kern.part(sheet.removeprefix(kern.HEAD), kern.used()) == sheet.removeprefix(kern.HEAD)


def test_the_page_weighs_little() -> None:
    files = [
        path for path in STATIC.rglob("*") if path.suffix in {".js", ".css", ".html", ".svg", ".json", ".webmanifest"}
    ]
    packed = {path: len(gzip.compress(path.read_bytes(), 9, mtime=0)) for path in files}  # as web/assets.py serves them
    unread = min(size for path, size in packed.items() if path.parent.name == "i18n")  # a page reads one language
    weight = sum(packed.values()) - unread
    print(f"page without fonts: {weight / 1024:.1f} kB gz in {len(files)} files")
    assert weight <= 150 * 1024
