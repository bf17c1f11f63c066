"""What lookup and sync print."""

import pytest

from ami_bridge.contacts.told import explanation, step

ERIKA = {"name": "Erika", "org": "Muster GmbH", "source": "Stadt", "kind": "mobile", "ref": "7"}
FOUND = {
    "number": "+493023125001", "display": "030 23125001", "bubble": ERIKA, "telephone": "Erika", "reason": "exact",
    "matches": 2, "asked": [{"place": "owner:anna", "found": []}, {"place": "shared", "found": [ERIKA]}],
    "link": "https://x/", "groupware": None,
}  # fmt: skip


def test_everything_is_told() -> None:
    assert list(explanation(FOUND)) == [
        "number      +493023125001  (030 23125001)",
        "bubble      Erika (Muster GmbH; mobile; book Stadt)",
        "because     exactly this number is in the book; 2 have this number",
        "telephone   Erika",
        "asked",
        "  owner:anna: nobody",
        "  shared: Erika (Muster GmbH; mobile; book Stadt)",
        "page        https://x/",
    ]


def test_nobody_is_told_too() -> None:
    stranger = FOUND | {"bubble": None, "telephone": None, "matches": 0, "link": None, "groupware": [ERIKA]}
    told = list(explanation(stranger | {"display": "+493023125001"}))
    assert told[:3] == ["number      +493023125001", "bubble      no name", "telephone   what the network sends"]
    assert told[-1] == "  the groupware's own search: Erika (Muster GmbH; mobile; book Stadt)"
    assert list(explanation({"number": None})) == ["This is no telephone number: no book is asked."]


@pytest.mark.parametrize(
    ("line", "live", "told"),
    [
        ({"state": "asked", "book": "b"}, True, None),
        ({"state": "waiting"}, True, None),
        ({"state": "changed", "book": "b"}, False, "b: nothing new"),
        ({"state": "changed", "book": "b", "cards": 3}, False, "b: 3 cards to compare"),
        ({"state": "fetched", "book": "b", "cards": 2}, True, "b: 2 cards fetched"),
        ({"state": "fetched", "book": "b", "cards": 2}, False, None),
        ({"state": "failed", "book": "b", "why": "no"}, False, "b: no"),
        ({"state": "done", "failed": 0, "names": 7}, False, "done: 7 numbers have a name"),
        ({"state": "done", "failed": 1, "names": 7}, False, "done: 7 numbers have a name; 1 books failed"),
    ],
)
def test_each_step_of_a_look(line: dict[str, object], told: str | None, *, live: bool) -> None:
    assert step(line, live=live) == told
