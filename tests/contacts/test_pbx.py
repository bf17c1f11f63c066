"""The caller's name for the telephone's display."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ami_bridge.config import OwnBlock, Site
from ami_bridge.contacts.directory import Directory, Index
from ami_bridge.contacts.model import Contact, ContactNumber
from ami_bridge.contacts.pbx import NameQuestion
from ami_bridge.numbers import Numbers


@pytest.fixture(scope="module")
def question() -> NameQuestion:
    index = Index()
    for name, number in (('Müller, "Jürgen"\r\nEvent: x', "+493023125001"), ("Ben", "+493023125002")):
        index.add(Contact(href=name, name=name, numbers=(ContactNumber(raw="", e164=number),)), "Stadt")
    directory = Directory()
    directory.replace(index)
    site = Site(area_code="89", own_block=OwnBlock(prefix="+498999998", digits=3), outside_line="0")
    return NameQuestion(directory=directory, numbers=Numbers(site))


@pytest.mark.parametrize(
    ("form", "answer"),
    [
        ({"n": "+493023125001", "to": "101"}, "=Müller, Jürgen Event: x"),
        ({"n": "03023125002", "to": ""}, "=Ben"),
        ({"n": "03023125002"}, "=Ben"),
        ({"n": "03023125003", "to": "101"}, "="),
        ({"n": "anonymous", "to": "101"}, "="),
        ({"n": "", "to": "101"}, "="),
        ({"to": "101"}, "="),
        ({}, "="),
    ],
)
def test_hits_and_misses(question: NameQuestion, form: dict[str, str], answer: str) -> None:
    assert question(form) == answer


@settings(deadline=None)  # the machine may be busy
@given(st.dictionaries(st.sampled_from(["n", "to", "x"]), st.text()))
def test_every_answer_begins_with_the_sign(form: dict[str, str]) -> None:
    numbers = Numbers(Site())
    assert NameQuestion(directory=Directory(), numbers=numbers)(form) == "="
