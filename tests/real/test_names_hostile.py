"""A stranger's or a joker's name, from the groupware to the last wire: nothing of it is ever obeyed."""

import re

import pytest

from ami_bridge.contacts.model import clean
from ami_bridge.demo.sipp import PlayedPhone
from tests.real.house import House
from tests.real.tap import Tap
from tests.real.test_names_offline import card, kept, until_kept
from tests.real.test_names_on_phones import ask_again, invites, manager, rung, shown

NUMBER = "+493023125986"
EVIL = {
    "quotes and comma": 'O\'Neill, "Jim" <sip:x@y>; \\\\ & Co.',
    "line ends": "Eve\\n\\nEvent: Forged\\nChannel: SIP/1\\n\\nX-Injected: yes",
    "dialplan": "${EPOCH} $[1+1] ${SHELL(id)} ^(a)b:c?d|e&f",
    "emoji": "🌍👨‍👩‍👧 Welt",
    "right to left": "Anna\N{RIGHT-TO-LEFT OVERRIDE}reldnäH\N{LEFT-TO-RIGHT ISOLATE}\N{ZERO WIDTH JOINER}",
    "4 kB": "Ä" * 4096,
    "hidden signs": "A\N{NEXT LINE}B\N{LINE SEPARATOR}C\N{SOFT HYPHEN}\N{BYTE ORDER MARK}D",
}


@pytest.mark.parametrize("evil", EVIL.values(), ids=EVIL.keys())
async def test_a_hostile_name_is_a_name(house: House, evil: str) -> None:
    """On the page, in the INVITE, in the manager's events, in AstDB, with and without the daemon."""
    escaped = evil.replace(",", "\\,").replace(";", "\\;")
    await card(house, "evil", escaped, number=NUMBER)
    meant = clean(evil.replace("\\\\", "\\").replace("\\n", "\n"))
    try:
        await until_kept(house.pbx, NUMBER[1:], meant)
        await ask_again(house.pbx)
        async with (
            manager(house.pbx) as heard,
            PlayedPhone(house.pbx, "101", ring_seconds=0.1),
            house.listen("anna") as anna,
        ):
            for _ in range(2):
                with Tap() as tap:
                    found = await rung(house.pbx, caller=NUMBER)
                assert shown(found["101"]) == meant
                assert len(meant) <= 60
                for one in invites(tap, house.pbx).values():
                    assert not re.search(r"^(Event|Channel|X-Injected):", one.text, re.MULTILINE)
                assert (await anna.call("ended"))["peer"]["name"] == meant
                await house.pbx.cli("dialplan set global BRIDGE_DOWN 9999999999")  # once more, from AstDB
            await house.pbx.quiet()
        assert not re.search(rb"^(Event: Forged|Channel: SIP/1|X-Injected)", bytes(heard), re.MULTILINE)
        assert not re.search(rb"uid=\d+", bytes(heard)), "nothing was run"
        assert (await kept(house.pbx))["0"] == "ami-bridge"
    finally:
        await ask_again(house.pbx)
        await card(house, "evil", None)


async def test_a_display_without_umlauts_gets_none(house: House) -> None:
    """`[pbx.translit]`: only this device's display, not its neighbour's, nor the page."""
    path = house.folder / "config.toml"
    await house.daemon.stop()
    try:
        with path.open("a", encoding="utf-8") as config:
            config.write('\n[pbx.translit]\n"PJSIP/101" = "de"\n')
        await house.start()
        await ask_again(house.pbx)
        async with (
            PlayedPhone(house.pbx, "101", ring_seconds=0.3),
            PlayedPhone(house.pbx, "102", ring_seconds=1),
            house.listen("anna") as anna,
        ):
            found = await rung(house.pbx, "+498999998000")
            assert shown(found["101"]) == "Sabine Schroeder"
            assert shown(found["102"]) == "Sabine Schröder"
            found = await rung(house.pbx, name="Göran Groß")
            assert shown(found["101"]) == "Goeran Gross", "the network's name, too"
            assert (await anna.call("ringing"))["peer"]["name"] == "Sabine Schröder"
    finally:
        await house.daemon.stop()
        house.write()
        await house.start()
        await ask_again(house.pbx)
