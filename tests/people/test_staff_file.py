from pathlib import Path

import pytest

from ami_bridge.errors import NotReachableError, RefusedError
from ami_bridge.people.model import Person
from ami_bridge.people.staff_file import StaffFile

TOWN = """
[[person]]
login = "anna"
name = "Anna  Amsel"
email = "anna@town.example"
department = "Bürgerbüro"
extensions = ["101", "171", "101"]
groups = ["Rufbereitschaft"]

[[person]]
login = "ben"
"""


def read(folder: Path, text: str | bytes) -> list[Person]:
    path = folder / "people.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return StaffFile(path).read()


async def test_everybody_is_read_and_read_again(tmp_path: Path) -> None:
    assert read(tmp_path, TOWN) == [
        Person(
            login="anna",
            name="Anna Amsel",
            email="anna@town.example",
            department="Bürgerbüro",
            extensions=("101", "171"),
            groups=("Bürgerbüro", "Rufbereitschaft"),
        ),
        Person(login="ben", name="ben"),
    ]
    staff = StaffFile(tmp_path / "people.toml")
    assert len(await staff.persons()) == 2
    read(tmp_path, "")
    assert await staff.persons() == []


@pytest.mark.parametrize(
    "text",
    [
        "[[person]]\nname = 'x'",
        "[[person]]\nlogin = ''",
        "[[person]]\nlogin = 1",
        "[[person]]\nlogin = 'a'\nextensions = ['10a']",
        "[[person]]\nlogin = 'a'\nextensions = '101'",
        "[[person]]\nlogin = 'a'\npassword = 'x'",
        "[[people]]\nlogin = 'a'",
        "[person]\nlogin = 'a'",
        "[[person]]\nlogin = 'a'\n[[person]]\nlogin = 'a'",
        "[[person]]\nlogin = 'a'\n[[person]]\nlogin = ' a'",
        "[[person]]\nlogin = '  '",
        '[[person]]\nlogin = "a\\u0007"',
        "[[person]\nlogin = 'a'",
        b"\xff\xfe",
        "x = " + "[" * 5000,
    ],
)
def test_a_wrong_file_is_one_sentence_without_what_is_in_it(tmp_path: Path, text: str | bytes) -> None:
    with pytest.raises(RefusedError, match=r"people\.toml") as caught:
        read(tmp_path, text)
    assert "'a'" not in str(caught.value)


def test_a_file_that_is_not_there_is_away(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing.toml", tmp_path):
        with pytest.raises(NotReachableError):
            StaffFile(path).read()
