"""The doctor: has everything looked at side by side; what hangs or fails costs itself alone."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime

import structlog

from ami_bridge.doctor.model import Finding, Kind, Language, Report, Words, report
from ami_bridge.errors import BridgeError
from ami_bridge.tasks import gathered

log = structlog.get_logger()

Check = Callable[[], Awaitable[Sequence[Finding]]]

LOOKED_WITHIN = 12.0
"""Seconds for one check."""
FRESH_FOR = 2.0
"""Seconds for which a look is good enough for whoever asks at the same time."""

LATE = Kind(
    code="doctor.late",
    severity="warning",
    what=Words(
        "«{check}» wurde nach {seconds} Sekunden nicht fertig.",
        "“{check}” did not come to an end within {seconds} seconds.",
    ),
    do=Words(
        "Noch einmal prüfen; bleibt es dabei, antwortet der Dienst nicht, um den es geht.",
        "Check again; if it stays so, the service that it is about does not answer.",
    ),
)
FAILED = Kind(
    code="doctor.failed",
    severity="warning",
    what=Words("«{check}» konnte nicht geprüft werden: {why}.", "“{check}” could not be checked: {why}."),
    do=Words(
        "Erst beheben, was sonst gemeldet ist; bleibt es dabei, steht Näheres im Protokoll des Dienstes.",
        "First mend what else is reported; if it stays so, the daemon's log knows more.",
    ),
)


class Doctor:
    """Looks at everything that it was given."""

    def __init__(
        self,
        checks: Callable[[], AbstractAsyncContextManager[Mapping[str, Check]]],
        *,
        now: Callable[[], datetime],
        daemon: bool,
        within: float = LOOKED_WITHIN,
    ) -> None:
        """Take what opens a look and gives its checks by subject; `daemon` says whether this is the running daemon."""
        self._checks = checks
        self._now = now
        self._daemon = daemon
        self._within = within
        self._lock = asyncio.Lock()
        self._found: list[Finding] = []
        self._at: datetime | None = None

    async def look(self, language: Language) -> Report:
        """Look at everything now; who asks while somebody looks is told the same."""
        async with self._lock:
            if self._at is None or (self._now() - self._at).total_seconds() > FRESH_FOR:
                async with self._checks() as checks:
                    some = await gathered(*(self._one(name, check) for name, check in checks.items()))
                self._found, self._at = [finding for findings in some for finding in findings], self._now()
            return report(self._found, language, at=self._at, daemon=self._daemon)

    async def _one(self, name: str, check: Check) -> Sequence[Finding]:
        try:
            async with asyncio.timeout(self._within):
                return await check()
        except TimeoutError:
            return [LATE(check=name, seconds=f"{self._within:g}")]
        except BridgeError as error:
            return [FAILED(check=name, why=str(error).rstrip("."))]
        except Exception as error:  # a bug in one check must not hide what the others find
            log.exception("doctor.check_failed", check=name)
            return [FAILED(check=name, why=type(error).__name__)]
