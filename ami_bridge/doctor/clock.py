"""Clocks: whether Asterisk's and the groupware's show the same time as ours. Pure."""

from collections.abc import Iterator
from datetime import datetime

from ami_bridge.doctor.model import Finding, Kind, Words

OFF = Kind(
    code="clock.off",
    severity="warning",
    what=Words(
        "Die Uhr von {whose} geht gegenüber diesem Rechner {seconds} Sekunden {how_de}.",
        "The clock of {whose} is {seconds} seconds {how_en} this machine's.",
    ),
    do=Words(
        "Auf beiden Rechnern die Zeit stellen lassen (chrony oder systemd-timesyncd): Räume öffnen und schließen sonst "
        "zur falschen Zeit, und Anrufe stehen falsch im Verlauf.",
        "Have the time set on both machines (chrony or systemd-timesyncd): else rooms open and close at the wrong "
        "time, and calls stand wrongly in the journal.",
    ),
)
FINE = Kind(
    code="clock.fine",
    severity="ok",
    what=Words("Die Uhr von {whose} geht richtig.", "The clock of {whose} is right."),
)
MOST_OFF = 5.0
"""Seconds; an answer's Date is cut to whole ones, and may have been under way for one or two."""


def off(whose: str, theirs: datetime, ours: datetime) -> Iterator[Finding]:
    """Compare two clocks that were read in the same moment."""
    seconds = round((theirs - ours).total_seconds())
    if abs(seconds) > MOST_OFF:
        late = seconds < 0
        yield OFF(
            whose=whose,
            seconds=abs(seconds),
            how_de="nach" if late else "vor",
            how_en="behind" if late else "ahead of",
        )
    else:
        yield FINE(whose=whose)
