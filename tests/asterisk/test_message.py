"""A message says what stands in it, whoever asks and however, as a slow reader would read it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ami_bridge.asterisk.message import Message

RECORDINGS = Path(__file__).parent.parent / "recordings"


def plainly(raw: bytes) -> list[tuple[str, str]]:
    """The headers in four slow lines, to compare with."""
    cut = (line.decode("utf-8", "replace").partition(": ") for line in raw.split(b"\r\n"))
    return [(name, value.strip()) for name, colon, value in cut if colon]


def must_say(raw: bytes, headers: list[tuple[str, str]]) -> None:
    """Whichever way one asks."""
    message = Message(raw)
    assert list(message.lines()) == headers
    several: dict[str, list[str]] = {}
    for name, value in headers:
        several.setdefault(name, []).append(value)
    first = {name: values[0] for name, values in several.items()}
    assert dict(message.items()) == first
    assert message == first
    assert len(message) == len(first)
    for name, values in several.items():
        assert name in message
        assert message[name] == message.get(name) == message.get(name, "else") == values[0]
        assert message.all(name) == values


@pytest.mark.parametrize(
    ("raw", "headers"),
    [
        (b"", []),
        (b"junk", []),
        (b"A: 1", [("A", "1")]),
        (b"A: b: c", [("A", "b: c")]),
        (b"A:", []),
        (b"A: ", [("A", "")]),
        (b"A:  x ", [("A", "x")]),
        (b"\r\nA: 1", [("A", "1")]),
        (b"A: 1\r\njunk\r\nB: 2", [("A", "1"), ("B", "2")]),
        (b"A: 1\r\nB: 2\r\nA: 3", [("A", "1"), ("B", "2"), ("A", "3")]),
        (b"A: one\nline\r\nB: \nx\n", [("A", "one\nline"), ("B", "x")]),
        (b"A: one\nB: no header", [("A", "one\nB: no header")]),
        (b"A: one\rB: no header", [("A", "one\rB: no header")]),
        (b"AB: 1\r\nB: 2", [("AB", "1"), ("B", "2")]),
        (b"Result: 100%25", [("Result", "100%25")]),
        (b"a: 1\r\nA: 2", [("a", "1"), ("A", "2")]),
        (b"A: \xff\xc3", [("A", "\ufffd\ufffd")]),
        (b"A: \xe2\x82\r\nB: \xc3", [("A", "\ufffd"), ("B", "\ufffd")]),
        ("Name: J\u00fcrgen \U0001f600".encode(), [("Name", "J\u00fcrgen \U0001f600")]),
    ],
)
def test_a_message_is_read(raw: bytes, headers: list[tuple[str, str]]) -> None:
    must_say(raw, headers)
    assert plainly(raw) == headers


def test_what_is_not_there_is_not_there() -> None:
    message = Message(b"Event: Hold\r\nChannel: x\r\nNote: Uniqueid: 1")
    for name in ("Uniqueid", "channel", "Chan", "vent", "ld", ""):
        assert name not in message
        assert message.get(name) is None
        assert message.get(name, "else") == "else"
        assert message.all(name) == []
        with pytest.raises(KeyError):
            message[name]


@pytest.mark.parametrize("path", sorted(RECORDINGS.rglob("*.ami")), ids=lambda path: path.stem)
def test_real_messages_are_read_as_a_slow_reader_reads_them(path: Path) -> None:
    for raw in path.read_bytes().split(b"\r\n\r\n"):
        must_say(raw, plainly(raw))


LINES = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        [b"A: 1", b"A: 2", b"Bc: ", b"Bc:", b": x", b"A: b: c", b" A: 1", b"\n", b"\r", b"\xc3", b"A: \xe2"]
    ),
)


@given(st.lists(LINES, max_size=10).map(b"\r\n".join))
def test_any_bytes_are_read_as_a_slow_reader_reads_them(raw: bytes) -> None:
    must_say(raw, plainly(raw))
