"""Notes on live calls, until the call is kept."""

from ami_bridge.calls import notes as module
from ami_bridge.calls.notes import Notes


def test_a_note_is_that_of_one_extension_and_the_last_one_counts() -> None:
    notes = Notes()
    notes.write("C1", "101", "first")
    notes.write("C1", "101", "calls again")
    assert notes.of("C1", "101") == "calls again"
    assert notes.of("C1", "102") is None
    notes.write("C1", "101", "")
    assert notes.of("C1", "101") is None


def test_a_note_goes_on_with_the_call_that_takes_this_one_in() -> None:
    notes = Notes()
    notes.write("C1", "101", "calls again")
    notes.move("C1", "101", "C2")
    assert (notes.of("C1", "101"), notes.of("C2", "101")) == (None, "calls again")
    notes.write("C3", "101", "newer")
    notes.move("C3", "101", "C2")
    assert notes.of("C2", "101") == "calls again", "what was written there stays"
    notes.move("C9", "101", "C2")


def test_memory_is_bounded() -> None:
    notes = Notes()
    for n in range(module.MOST + 1):
        notes.write(f"C{n}", "101", "x")
    assert notes.of("C0", "101") is None
    assert notes.of("C1", "101") == "x"
