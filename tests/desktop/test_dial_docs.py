"""The reference of `ami-dial` says what the program can."""

import re
from pathlib import Path

import msgspec

from ami_bridge.desktop import dial
from ami_bridge.desktop.settings import Dialling

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "ami-dial.md").read_text(encoding="utf-8")


def first_words(heading: str) -> set[str]:
    """The names in the first column of the section's tables."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return {row.split()[0] for row in re.findall(r"^\| `([^`]+)`", section, re.MULTILINE)}


def test_every_option_is_explained() -> None:
    options = {word for action in dial._parser()._actions for word in action.option_strings or [action.dest]}
    assert first_words("`ami-dial`") == options - {"-h", "--help"}


def test_every_setting_is_explained_with_its_default() -> None:
    fields = msgspec.structs.fields(Dialling)
    assert first_words("Settings") == {field.name for field in fields}
    for field in fields:
        default = f"`{msgspec.json.encode(field.default).decode()}` " if field.default != "" else ""
        assert re.search(rf"^\| `{field.name}` \| {default}\|", PAGE, re.MULTILINE), field.name
