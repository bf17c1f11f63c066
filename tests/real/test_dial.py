"""Dialling from the desk on real telephones: own one first, then whom one wants; once, and only what is allowed."""

import asyncio

from tests.real.house import House
from tests.real.plays import Stage
from tests.real.tap import Sip, Tap


def _invite(tap: Tap, house: House, number: str) -> Sip:
    """The INVITE that rang this telephone."""
    return next(
        one
        for one in tap.all("INVITE")
        if one.source[1] == house.pbx.ports.sip
        and one.start.startswith((f"INVITE sip:{number}@", f"INVITE sip:{number}-"))
    )


async def test_own_telephone_rings_first_then_the_other_with_the_right_names_on_both(
    house: House, stage: Stage
) -> None:
    async with house.listen("anna") as anna:
        anna_rings, ben_rings = stage.anna.mark(), stage.ben.mark()
        with Tap() as tap:
            status, said = await house.dial("anna", "102")
            assert status == 201, said
            await stage.anna.ringing(after=anna_rings)
            dialing = await anna.call("dialing")
            assert dialing["id"] == said["call"]
            assert not any(one.get("type") == "CALL_INCOMING" for one in stage.ben.events[ben_rings:])
            await stage.anna.accept()
            await stage.ben.ringing(after=ben_rings)
            await stage.ben.accept()
            answered = await anna.call("answered")
            await asyncio.sleep(0.2)
            await stage.anna.hangup()
            ended = await anna.call("ended")
    assert answered["id"] == ended["id"] == said["call"]
    assert "Ben Biber" in _invite(tap, house, "101").header("From")
    assert "Anna Amsel" in _invite(tap, house, "102").header("From")
