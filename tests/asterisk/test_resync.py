"""After each login the board is what Asterisk says, whatever happened while nobody looked."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from ami_bridge.asterisk.link import AmiLink
from ami_bridge.asterisk.resync import Resync
from ami_bridge.asterisk.snapshot import Picture
from ami_bridge.errors import NotReachableError
from tests.asterisk.conftest import linked
from tests.fakes.asterisk import SOON, FakeAsterisk, channel_block

if TYPE_CHECKING:
    from ami_bridge.calls.events import Floor

CALLER = channel_block("1.1", "PJSIP/trunk-01", number="+493023125001", exten="102")


class Listener:
    """Who takes the state and the events, and remembers the story."""

    def __init__(self) -> None:
        self.story: list[str] = []
        self.floors: list[Floor] = []
        self.differs = 0
        self.resync: Resync
        self._news = asyncio.Event()

    def hold(self) -> None:
        self._tell("hold")

    def go_live(self, picture: Picture) -> int:
        self.floors.append(picture.floor)
        self._tell(f"live {len(picture.floor.legs)}")
        return self.differs

    def restarted(self) -> None:
        self._tell("restarted")

    def receive(self, message: Mapping[str, object]) -> None:
        if message["Event"] != "FullyBooted":
            self._tell(f"event {message['Event']}")

    def lost(self) -> None:
        self._tell("lost")

    def _tell(self, what: str) -> None:
        self.story.append(what)
        self._news.set()

    async def until(self, happened: Callable[[list[str]], bool]) -> None:
        async with asyncio.timeout(SOON):
            while not happened(self.story):
                self._news.clear()
                await self._news.wait()

    async def lives(self, times: int = 1) -> None:
        await self.until(lambda story: sum(one.startswith("live") for one in story) >= times)


@asynccontextmanager
async def watching(pbx: FakeAsterisk) -> AsyncIterator[Listener]:
    listener = Listener()

    def connected(link: AmiLink) -> Callable[[], object]:
        listener.resync = Resync(pbx="town", hints_context="hints", link=link, listener=listener)
        return listener.resync.run

    async with linked(pbx, listener.receive, connected=connected, lost=listener.lost):  # type: ignore[arg-type]
        yield listener


async def test_after_the_login_the_state_is_read_and_all_is_live(pbx: FakeAsterisk) -> None:
    pbx.knows_list("CoreShowChannels", "CoreShowChannel", [CALLER])
    with capture_logs() as logs:
        async with watching(pbx) as listener:
            await listener.lives()
    assert listener.story == ["live 1", "lost"]
    assert [one["event"] for one in logs] == ["ami.connected", "ami.live"]


async def test_after_a_loss_it_is_read_again(pbx: FakeAsterisk) -> None:
    async with watching(pbx) as listener:
        await listener.lives()
        pbx.knows_list("CoreShowChannels", "CoreShowChannel", [CALLER])
        pbx.drop_link()
        await listener.lives(2)
    assert listener.story == ["live 0", "lost", "live 1", "lost"]


async def test_an_asterisk_that_began_anew_ends_all_calls_of_before(pbx: FakeAsterisk) -> None:
    with capture_logs() as logs:
        async with watching(pbx) as listener:
            await listener.lives()
            pbx.answers["CoreStatus"] = lambda _action: [
                {"Response": "Success", "CoreStartupDate": "2026-01-01", "CoreStartupTime": "07:00:00"}
            ]
            await pbx.stop()
            await pbx.start()
            await listener.lives(2)
            pbx.drop_link()
            await listener.lives(3)
    assert listener.story == ["live 0", "lost", "restarted", "live 0", "lost", "live 0", "lost"]
    assert [one["event"] for one in logs].count("ami.pbx_restarted") == 1


async def test_now_and_then_it_is_read_again_and_a_difference_is_told(
    pbx: FakeAsterisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ami_bridge.asterisk.resync.AGAIN_AFTER", 0.02)
    with capture_logs() as logs:
        async with watching(pbx) as listener:
            await listener.lives(2)
            assert "ami.board_differed" not in [one["event"] for one in logs]
            pbx.ring()
            await listener.until(lambda story: "event DialState" in story)
            listener.differs = 3
            await listener.lives(listener.story.count("live 0") + 2)
    assert listener.story[:3] == ["live 0", "hold", "live 0"]
    assert next(one for one in logs if one["event"] == "ami.board_differed")["views"] == 3


async def test_an_asterisk_that_is_too_old_is_not_served_and_it_is_said(pbx: FakeAsterisk) -> None:
    pbx.answers["CoreSettings"] = lambda _action: [{"Response": "Success", "AsteriskVersion": "18.26.4"}]
    with capture_logs() as logs:
        async with watching(pbx) as listener:
            await listener.until(lambda story: story.count("lost") >= 3)
    assert set(listener.story) == {"lost"}
    assert [one["event"] for one in logs] == ["ami.version_unsupported", "ami.away"]  # once, however often it is tried
    assert "older than 20" in logs[1]["reason"]


async def test_a_right_that_is_missing_ends_the_attempt_and_it_is_tried_again(pbx: FakeAsterisk) -> None:
    pbx.answers["CoreShowChannels"] = lambda _action: [{"Response": "Error", "Message": "Permission denied"}]
    with capture_logs() as logs:
        async with watching(pbx) as listener:
            await listener.until(lambda story: story.count("lost") >= 2)
            assert set(listener.story) == {"lost"}
            del pbx.answers["CoreShowChannels"]
            await listener.lives()
    assert [one["event"] for one in logs] == ["ami.away", "ami.connected", "ami.live"]
    assert logs[0]["reason"] == "Permission denied"


@pytest.mark.parametrize("action", ["CoreShowChannels", "ExtensionStateList", "ParkedCalls"])
async def test_an_odd_answer_ends_no_call(pbx: FakeAsterisk, action: str) -> None:
    pbx.answers[action] = lambda _action: [{"Response": "Success", "Message": "odd"}]
    async with watching(pbx) as listener:
        await listener.until(lambda story: story.count("lost") >= 2)
        assert set(listener.story) == {"lost"}
        del pbx.answers[action]
        await listener.lives()


async def test_an_account_that_hears_no_calls_is_noticed_and_told_once(
    pbx: FakeAsterisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ami_bridge.asterisk.resync.UNHEARD_AGAIN_AFTER", 0.02)
    with capture_logs() as logs:
        async with watching(pbx) as listener:
            await listener.lives(2)
            listener.differs = 2  # calls came and went
            pbx.event("UserEvent", {"UserEvent": "of the dialplan"})
            await listener.lives(6)
            listener.differs = 0
            pbx.ring()
            await listener.until(lambda story: "event DialState" in story)
    assert [one["event"] for one in logs] == ["ami.connected", "ami.live", "ami.hears_nothing"]


async def test_a_loss_in_the_middle_of_reading_is_no_state(pbx: FakeAsterisk) -> None:
    pbx.unanswered.add("ParkedCalls")
    async with watching(pbx) as listener:
        await pbx.asked("ParkedCalls")
        pbx.unanswered.clear()
        pbx.drop_link()
        await listener.lives()
    assert listener.story == ["lost", "live 0", "lost"]


async def test_what_happens_while_the_state_is_read_reaches_the_listener_before_it(pbx: FakeAsterisk) -> None:
    pbx.unanswered.add("QueueStatus")
    async with watching(pbx) as listener:
        asked = await pbx.asked("QueueStatus")
        pbx.ring()
        await listener.until(lambda story: "event DialState" in story)
        assert not [one for one in listener.story if one.startswith("live")]
        pbx.send_raw(pbx.list_answer(asked))
        await listener.lives()
    assert listener.story[-2:] == ["live 0", "lost"]


async def test_who_asks_for_a_look_waits_until_all_was_read(pbx: FakeAsterisk) -> None:
    async with watching(pbx) as listener:
        await listener.lives()
        pbx.knows_list("CoreShowChannels", "CoreShowChannel", [CALLER])
        await asyncio.gather(listener.resync.look(), listener.resync.look())
        assert listener.story == ["live 0", "hold", "live 1"], "one look is enough for all who ask"


async def test_a_look_that_nobody_answers_is_unavailable(pbx: FakeAsterisk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ami_bridge.asterisk.resync.LOOKED_WITHIN", 0.05)
    async with watching(pbx) as listener:
        await listener.lives()
        pbx.unanswered.add("CoreShowChannels")
        with pytest.raises(NotReachableError):
            await listener.resync.look()
