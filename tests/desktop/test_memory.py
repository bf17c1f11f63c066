"""What a session takes of a terminal server's memory; `make bench` measures twenty."""

from bench.desktop import met, sessions, told


async def test_a_session_takes_no_more_than_it_may() -> None:
    taken = await sessions(2, calls=3)
    print(told(taken))
    assert met(taken)
