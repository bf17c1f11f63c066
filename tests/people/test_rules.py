import pytest

from ami_bridge.people.model import Person
from ami_bridge.people.rules import means, roles_of

ANNA = Person(login="anna", name="Anna", department="Bürger  Büro", groups=("Bürger Büro", "Rufbereitschaft"))
NOBODY = Person(login="nobody", name="")


@pytest.mark.parametrize(
    "word", ["anna", "department:Bürger Büro", "department: bürger büro ", "group:rufbereitschaft", "group:BÜRGER BÜRO"]
)
def test_a_word_means_a_person_a_department_or_a_group(word: str) -> None:
    assert means(word, ANNA)
    assert not means(word, NOBODY)


@pytest.mark.parametrize(
    "word",
    ["", ":", "Anna", "anna ", "department:", "group:", "department:anna", "group:anna", "team:Rufbereitschaft", "x:"],
)
def test_what_means_nobody(word: str) -> None:
    assert not means(word, ANNA)
    assert not means(word, NOBODY), "who has no department is not in the department without a name"


def test_roles_of_all_words_are_put_together() -> None:
    rules = {
        "anna": ["admin", "user"],
        "department:Bürger Büro": ["switchboard"],
        "group:Rufbereitschaft": ["plant", "switchboard"],
        "group:Bauhof": ["auditor"],
    }
    assert roles_of(ANNA, rules) == ("user", "admin", "switchboard", "plant")
    assert roles_of(NOBODY, rules) == ("user",)
