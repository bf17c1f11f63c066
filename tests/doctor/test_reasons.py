"""Whoever reads German is told in German why a neighbour could not be asked."""

import ast
from pathlib import Path

import pytest

from ami_bridge.doctor.groupware import NO_BOOK
from ami_bridge.doctor.reasons import in_german

OURS = Path(__file__).parents[2] / "ami_bridge"
ERRORS = {"AwayError", "UnreadableError", "RefusedError", "NotReachableError"}
FILES = [
    *(OURS / "dav").glob("*.py"),
    *(OURS / "people" / name for name in ("ldap.py", "staff_file.py", "kerberos.py")),
    OURS / "contacts" / "sync.py",
    OURS / "mail.py",
    OURS / "db" / "database.py",
]
OF_A_LIBRARY = "x: x"
"""What is wrong in a file of people is said by who reads it, in English."""


def said_in(path: Path) -> list[str]:
    """Return what the errors of a file say, with an x for each value."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ERRORS and node.args:
            match node.args[0]:
                case ast.Constant(value=str(text)):
                    found.append(text)
                case ast.JoinedStr(values=parts):
                    found.append("".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in parts))
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_all_that_is_wrong_with_a_neighbour_has_german_words(path: Path) -> None:
    assert [text for text in said_in(path) if text != OF_A_LIBRARY and in_german(text) == text] == []


def test_values_stand_in_both_languages_and_are_never_read_as_a_form() -> None:
    found = NO_BOOK(book="{why}", why="the groupware cannot be reached: {book} ConnectionError", user="ami")
    assert found.what.said("en").endswith("cannot be read: the groupware cannot be reached: {book} ConnectionError.")
    assert found.what.said("de").endswith("zu lesen: die Groupware ist nicht zu erreichen: {book} ConnectionError.")
    assert in_german("Permission denied") == "Permission denied"
