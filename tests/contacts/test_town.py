"""Whose calls a town's messy address book names: right, wrong, or not at all."""

from collections import Counter

import pytest

from ami_bridge.config import Site
from ami_bridge.contacts import vcard
from ami_bridge.contacts.directory import Directory, Index
from ami_bridge.contacts.entry import contact_of
from ami_bridge.numbers import Numbers
from tests.contacts.spellings import Call, Town

SITE = Site(country="DE", area_code="9142", outside_line="0")


def judged(call: Call, shown: str | None) -> str:
    if shown in call.expected or (shown is None and not call.expected):
        return "right"
    return "not at all" if shown is None else "wrong"


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_town_is_named_right(seed: int, capsys: pytest.CaptureFixture[str]) -> None:
    town, numbers, index = Town(seed), Numbers(SITE), Index()
    for at, entry in enumerate(town.entries):
        index.add(contact_of(f"/{at}", None, vcard.read(entry.card(at)), numbers), "Stadt")
    directory = Directory()
    directory.replace(index)
    found: Counter[tuple[str, str]] = Counter()
    failed: list[str] = []
    for call in town.calls():
        name = directory.lookup(numbers.from_pbx(call.shown))
        verdict = judged(call, name.name if name else None)
        found["known" if call.expected else "stranger", verdict] += 1
        if verdict != "right":
            failed.append(f"{verdict}: {call.shown} shows {name and name.name}, not {sorted(call.expected)}")
    known = sum(count for (who, _), count in found.items() if who == "known")
    right = found["known", "right"] / known
    with capsys.disabled():
        strangers = found["stranger", "right"]
        print(
            f"\n  town {seed}: {len(town.entries):,} contacts, {known:,} calls: {right:.2%} named right, "
            f"{found['known', 'wrong']} wrong, {found['known', 'not at all']} not at all; {strangers:,} strangers, "
            f"{found['stranger', 'wrong']} of them named"
        )
    assert found["known", "wrong"] == found["stranger", "wrong"] == 0, "\n".join(failed[:20])
    assert right >= 0.97, "\n".join(failed[:20])
