"""How a call about an alarm ended: what Asterisk says is told apart into failures of the path and of the person."""

import pytest

from ami_bridge.alarms.events import Dialled, Said
from ami_bridge.alarms.model import Outcome
from ami_bridge.alarms.outcomes import Story, ended

ATT = "att-01M8HBEE4616MEW6H6Q5SB468F"


# Measured on Asterisk 22.10.1: status, cause, what the other side said; whether it rang, over a trunk; the leg's code.
@pytest.mark.parametrize(
    ("status", "cause", "tech", "rang", "outside", "leg", "outcome"),
    [
        ("BUSY", 17, "SIP 486 Busy Here", False, False, 486, "busy"),
        ("CHANUNAVAIL", 21, "SIP 603 Decline", True, False, 603, "rejected"),
        ("NOANSWER", 19, "SIP 480 Temporarily Unavailable", False, False, 480, "unreachable"),
        ("CHANUNAVAIL", 1, "SIP 404 Not Found", False, True, 404, "invalid_number"),
        ("CHANUNAVAIL", 38, "SIP 500 Server Internal Error", False, True, 500, "path_failed"),
        ("CONGESTION", 34, "SIP 503 Service Unavailable", False, True, 503, "path_failed"),
        ("CHANUNAVAIL", 21, "SIP 403 Forbidden", False, True, 403, "path_failed"),
        ("BUSY", 0, "SIP 180 Ringing", True, False, 302, "forwarded"),
        ("BUSY", 0, "", False, False, 0, "forwarded"),
        ("NOANSWER", 0, "SIP 180 Ringing", True, False, 0, "no_answer"),
        ("NOANSWER", 0, "SIP 180 Ringing", False, False, 0, "no_answer"),
        ("NOANSWER", 0, "", False, True, 0, "path_failed"),
        ("NOANSWER", 0, "", False, False, 0, "unreachable"),
        ("CHANUNAVAIL", 3, "", False, False, 0, "unreachable"),
        ("CHANUNAVAIL", 3, "", False, True, 0, "path_failed"),
        ("CHANUNAVAIL", 20, "", False, True, 0, "unreachable"),
        ("CONGESTION", 0, "", False, True, 0, "path_failed"),
        ("CANCEL", 0, "", True, False, 0, "cancelled"),
        ("FORBIDDEN", 0, "", False, False, 0, "forbidden"),
        ("", 0, "", False, False, 0, "path_failed"),
    ],
)
def test_nobody_answered(
    status: str, cause: int, tech: str, *, rang: bool, outside: bool, leg: int, outcome: Outcome
) -> None:
    dialled = Dialled(attempt=ATT, status=status, cause=cause, tech=tech, outside=outside)
    told = ended(Story(ATT, rang_at=5.0 if rang else None, dialled=dialled, leg=leg))
    assert told.outcome == outcome
    assert told.cause == f"{status} {cause}".strip()


@pytest.mark.parametrize(
    ("rang_for", "said", "outcome"),
    [
        (5.0, Said(attempt=ATT, result="code", tries=1, keys=3), "acked"),
        (0.5, Said(attempt=ATT, result="code", tries=1, keys=3), "acked"),
        (5.0, Said(attempt=ATT, result="declined", tries=1, keys=1), "declined"),
        (5.0, Said(attempt=ATT, result="heard", tries=1), "heard_not_acked"),
        (5.0, Said(attempt=ATT, result="heard", tries=4, keys=6), "heard_not_acked"),
        (0.5, Said(attempt=ATT, result="heard", tries=1), "voicemail_suspected"),
        (17.0, Said(attempt=ATT, result="heard", tries=1), "voicemail_suspected"),
        (5.0, Said(attempt=ATT, result="heard", tries=4), "voicemail_suspected"),
        (5.0, Said(attempt=ATT, result="already"), "cancelled"),
        (5.0, Said(attempt=ATT, result="told"), "acked"),
        (5.0, Said(attempt=ATT, result="heard", defect="code"), "path_failed"),
        (5.0, None, "heard_not_acked"),
    ],
)
def test_somebody_or_something_answered(rang_for: float, said: Said | None, outcome: Outcome) -> None:
    assert ended(Story(ATT, rang_at=1.0, answered_at=1.0 + rang_for, said=said)).outcome == outcome


def test_it_went_without_a_word() -> None:
    assert ended(Story(ATT)).outcome == "path_failed"
    assert ended(Story(ATT, stopped=True)).outcome == "cancelled"
    assert ended(Story(ATT, answered_at=1.0, stopped=True)).outcome == "cancelled"
    heard = ended(Story(ATT, answered_at=1.0, said=Said(attempt=ATT, result="code", defect="sounds")))
    assert (heard.outcome, heard.cause) == ("acked", "defect: sounds"), "what is broken is told all the same"
