"""What is offered for a call: never a button that cannot work."""

from datetime import UTC, datetime
from typing import Any

import pytest

from ami_bridge.calls.actions import possible
from ami_bridge.calls.view import View

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def view(state: str, **changes: Any) -> View:  # noqa: ANN401 - any field
    fields: dict[str, Any] = {
        "call": "C1", "pbx": "town", "extension": "101", "rev": 1, "state": state, "outside": True, "caller": False,
        "since": NOON, "devices": ("PJSIP/101",),
    }  # fmt: skip
    return View(**{**fields, **changes})


@pytest.mark.parametrize(
    ("state", "offered"),
    [
        ("ringing", ("reject",)),
        ("dialing", ("hangup",)),
        ("answered", ("hangup",)),
        ("held", ("hangup",)),
        ("queued", ("hangup",)),
        ("conference", ("hangup",)),
        ("ended", ()),
    ],
)
def test_what_is_offered_depends_on_the_state(state: str, offered: tuple[str, ...]) -> None:
    assert possible(view(state)) == offered


def test_nothing_is_offered_to_whom_no_telephone_is_left_in_the_call() -> None:
    assert possible(view("parked", devices=())) == ()
    assert possible(view("parked")) == ("hangup",)
