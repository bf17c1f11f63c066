"""A message goes to the receiver that is configured, and to no other address than it may have."""

from ipaddress import ip_network

import pytest
from structlog.testing import capture_logs

from ami_bridge.errors import NotReachableError, RefusedError
from ami_bridge.journal.forms import Message
from ami_bridge.journal.post import Post, may_have
from tests.journal.receiver import a_receiver

HERE = (ip_network("127.0.0.0/8"),)


def said(url: str) -> Message:
    return Message(method="POST", url=url, headers={"X-AMI-Bridge-Id": "N1"}, body=b"{}")


async def test_a_message_arrives_once_and_whole() -> None:
    async with a_receiver() as receiver:
        await Post(HERE).send(said(receiver.url))
        (request,) = receiver.requests
    assert (request["method"], request["path"], request["body"]) == ("POST", "/hooks/secret", b"{}")
    assert "Cookie" not in request["headers"]


async def test_a_name_is_good_for_its_allowed_addresses_alone() -> None:
    async with a_receiver() as receiver:
        by_name = receiver.url.replace("127.0.0.1", "localhost")
        await Post(HERE).send(said(by_name.replace("http://", "http+insecure://")))
        with pytest.raises(NotReachableError):
            await Post(()).send(said(by_name))
        with pytest.raises(NotReachableError, match=r"missed_webhook\.networks"):
            await Post(()).send(said(receiver.url))
        assert receiver.asked == ["N1"]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_nobody_is_followed_elsewhere(status: int) -> None:
    async with a_receiver() as receiver:
        receiver.status = status
        with pytest.raises(RefusedError, match=str(status)):
            await Post(HERE).send(said(receiver.url))
        assert receiver.asked == ["N1"]


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, RefusedError), (404, RefusedError), *((one, NotReachableError) for one in (408, 429, 500, 503))],
)
async def test_it_is_told_whether_later_may_be_better(status: int, error: type[Exception]) -> None:
    async with a_receiver() as receiver:
        receiver.status = status
        with pytest.raises(error):
            await Post(HERE).send(said(receiver.url))


async def test_a_receiver_that_is_away_or_says_nothing_is_not_reachable(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_receiver() as receiver:
        away = receiver.url
    with pytest.raises(NotReachableError):
        await Post(HERE).send(said(away))
    with capture_logs() as logs:
        monkeypatch.setattr("ami_bridge.journal.post.WITHIN", 0.05)
        async with a_receiver() as receiver:
            receiver.slow = True
            with pytest.raises(NotReachableError, match="in time"):
                await Post(HERE).send(said(receiver.url))
    assert logs == []


@pytest.mark.parametrize(
    ("address", "may"),
    [
        ("93.184.215.14", True), ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("0.0.0.1", False), ("127.0.0.1", False), ("10.1.2.3", False), ("192.168.0.1", False), ("172.16.0.1", False),
        ("169.254.169.254", False), ("100.64.0.1", False), ("224.0.0.1", False),
        ("::1", False), ("fe80::1%eth0", False), ("fd00::1", False), ("::ffff:10.1.2.3", False),
        ("ff02::1", False), ("no address", False),
    ],
)  # fmt: skip
def test_a_receiver_lies_in_the_internet_unless_its_network_is_named(address: str, may: bool) -> None:  # noqa: FBT001
    assert may_have(address, ()) is may
    if not may and address not in {"no address", "fe80::1%eth0"}:
        everything = (ip_network("0.0.0.0/0"), ip_network("::/0"))
        assert may_have(address, everything)
