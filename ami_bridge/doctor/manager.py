"""The manager interface: whether the account gets in, what it may do too little or too much, which Asterisk that is."""

import re
from collections.abc import Iterator

from ami_bridge.asterisk import probes
from ami_bridge.asterisk.snapshot import OLDEST_AT_ALL, OLDEST_GOOD
from ami_bridge.config import Pbx
from ami_bridge.doctor.model import Finding, Kind, Words, listed
from ami_bridge.doctor.visit import Visit
from ami_bridge.errors import RefusedError

AWAY = Kind(
    code="ami.away",
    severity="error",
    what=Words(
        "Asterisk {pbx} ist über {host}:{port} nicht zu erreichen ({why}).",
        "Asterisk {pbx} cannot be reached at {host}:{port} ({why}).",
    ),
    do=Words(
        "Läuft Asterisk? In manager.conf muss «enabled = yes» stehen und «port», «bindaddr» und «permit» zu "
        "[pbx] passen; "
        "danach «asterisk -rx 'manager reload'».",
        "Does Asterisk run? manager.conf needs “enabled = yes”, and “port”, “bindaddr” and “permit” must fit [pbx]; "
        "then “asterisk -rx 'manager reload'”.",
    ),
)
REFUSED = Kind(
    code="ami.refused",
    severity="error",
    what=Words(
        "Asterisk {pbx} lehnt das Konto «{user}» ab ({why}).", "Asterisk {pbx} refuses the account “{user}” ({why})."
    ),
    do=Words(
        "Das Geheimnis in manager.conf [{user}] und die Datei aus pbx.secret_file müssen gleich sein, und "
        "«permit» muss "
        "diesen Rechner einschließen.",
        "The secret in manager.conf [{user}] and the file of pbx.secret_file must be the same, and “permit” must "
        "include this machine.",
    ),
)
NOT_BOOTED = Kind(
    code="ami.not_booted",
    severity="error",
    what=Words("Asterisk {pbx} meldet nicht, dass es bereit ist.", "Asterisk {pbx} does not say that it is ready."),
    do=Words(
        "Dem Konto «{user}» in manager.conf «read = system» geben; oder Asterisk lädt noch, dann in einer "
        "Minute noch einmal.",
        "Give the account “{user}” “read = system” in manager.conf; or Asterisk still loads, then try in a minute.",
    ),
)
MISSING = Kind(
    code="ami.right_missing",
    severity="error",
    what=Words("Dem Konto «{user}» fehlt das Recht {right}: {cost}.", "The account “{user}” lacks {right}: {cost}."),
    do=Words(
        "In manager.conf unter [{user}] eintragen: «read = system,call,user,agent», "
        "«write = call,reporting,originate,user,agent»; danach «asterisk -rx 'manager reload'».",
        "Write into manager.conf, below [{user}]: “read = system,call,user,agent”, "
        "“write = call,reporting,originate,user,agent”; then “asterisk -rx 'manager reload'”.",
    ),
)
TOO_MUCH = Kind(
    code="ami.too_much",
    severity="error",
    what=Words(
        "Das Konto «{user}» darf zu viel: {rights}. Wer sein Geheimnis hat, kann auf dem Rechner Programme starten.",
        "The account “{user}” may do too much: {rights}. Whoever has its secret can start programs on that machine.",
    ),
    do=Words(
        "In manager.conf unter [{user}] bei «write» nur call,reporting,originate,user,agent stehen lassen.",
        "Leave nothing but call,reporting,originate,user,agent at “write” in manager.conf, below [{user}].",
    ),
)
QUEUES_SEEN = Kind(
    code="ami.queues_seen_only",
    severity="warning",
    what=Words(
        "Warteschlangen sind zu sehen, aber niemand kann auf der Seite pausieren oder sich an- und abmelden.",
        "Queues are seen, but nobody can pause, or log in or out, on the page.",
    ),
    do=Words(
        "Wenn das gewünscht ist: in manager.conf unter [{user}] bei «write» noch «agent» eintragen; danach "
        "«asterisk -rx 'manager reload'».",
        "If that is wanted: add “agent” to “write” in manager.conf, below [{user}]; then "
        "“asterisk -rx 'manager reload'”.",
    ),
)
ACCEPTED = Kind(
    code="ami.probe_accepted",
    severity="error",
    what=Words(
        "Asterisk {pbx} hat dem Konto «{user}» erlaubt, was es nie darf: {probes}.",
        "Asterisk {pbx} let the account “{user}” do what it must never do: {probes}.",
    ),
    do=Words(
        "Asterisk auf {needed} oder neuer bringen und in asterisk.conf «live_dangerously = no» setzen.",
        "Bring Asterisk to {needed} or newer, and set “live_dangerously = no” in asterisk.conf.",
    ),
)
OLD = Kind(
    code="ami.asterisk_old",
    severity="warning",
    what=Words(
        "Asterisk {version} ist älter als {needed} und hat bekannte Lücken.",
        "Asterisk {version} is older than {needed} and has known holes.",
    ),
    do=Words("Asterisk auf {needed} oder neuer bringen.", "Bring Asterisk to {needed} or newer."),
)
TOO_OLD = Kind(
    code="ami.asterisk_too_old",
    severity="error",
    what=Words(
        "Asterisk {version} ist zu alt und wird nicht bedient.", "Asterisk {version} is too old and is not served."
    ),
    do=OLD.do,
)
FINE = Kind(
    code="ami.fine",
    severity="ok",
    what=Words(
        "Asterisk {version} antwortet, und das Konto «{user}» darf, was es braucht, und nicht mehr.",
        "Asterisk {version} answers, and the account “{user}” may do what it needs, and no more.",
    ),
)
STANDS_FOR = {"reporting": "CoreShowChannels", "call": "Hangup", "originate": "Originate"}
"""One action of Asterisk's core for each class that is needed; those of modules may be missing with the module."""
COSTS = {
    "write = reporting": Words("es wird kein Anruf angezeigt", "no call is shown"),
    "write = call": Words("Anrufe lassen sich nicht steuern", "calls cannot be steered"),
    "write = originate": Words(
        "es lässt sich nicht wählen, und Namen und Räume kommen nicht in die Telefonanlage",
        "nobody can dial from the desk, and names and rooms do not get into the PBX",
    ),
    "read = call": Words("neue Anrufe werden nicht gesehen", "new calls are not seen"),
    "read = user": Words(
        "was in AstDB geschrieben wird, wird nicht bestätigt", "what is written into AstDB is not confirmed"
    ),
}
NEVER = {"system": "ModuleLoad", "command": "Command", "config": "UpdateConfig"}
NEEDED = ".".join(map(str, OLDEST_GOOD))


def missing(user: str, right: str) -> Finding:
    """Say that the account lacks a right, and what that costs."""
    cost = COSTS[right]
    german, english = (MISSING(user=user, right=right, cost=text) for text in (cost.de, cost.en))
    return Finding(
        code=MISSING.code,
        severity=MISSING.severity,
        what=Words(german.what.de, english.what.en),
        do=german.do,
    )


class Manager:
    """Looks at one account."""

    def __init__(self, config: Pbx) -> None:
        self._config = config

    async def check(self, visit: Visit) -> list[Finding]:
        """Look at it."""
        pbx = self._config
        match visit.trouble:
            case "refused":
                return [REFUSED(pbx=pbx.id, user=pbx.user, why=visit.why)]
            case "not_booted":
                return [NOT_BOOTED(pbx=pbx.id, user=pbx.user)]
            case "away":
                return [AWAY(pbx=pbx.id, host=pbx.host, port=pbx.port, why=visit.why)]
            case _:
                pass
        may = probes.names_of(await visit.ask(probes.commands()))
        version = (await visit.ask(probes.settings())).get("AsteriskVersion", "") if "CoreSettings" in may else "?"
        found = [*self._judge(may), *_of_the_version(version)]
        if accepted := await self._accepted(visit, may):
            found.append(ACCEPTED(pbx=pbx.id, user=pbx.user, probes=listed(accepted), needed=NEEDED))
        return found or [FINE(version=version, user=pbx.user)]

    def _judge(self, may: frozenset[str]) -> Iterator[Finding]:
        for right, action in STANDS_FOR.items():
            if action not in may:
                yield missing(self._config.user, f"write = {right}")
        if "QueueStatus" in may and "QueuePause" not in may:
            yield QUEUES_SEEN(user=self._config.user)
        if never := [right for right, action in NEVER.items() if action in may]:
            yield TOO_MUCH(user=self._config.user, rights=listed([f"write = {right}" for right in never]))

    async def _accepted(self, visit: Visit, may: frozenset[str]) -> list[str]:
        """Ask for what must be refused."""
        accepted = []
        for name, action in probes.forbidden().items():
            if action.name not in may or NEVER["system"] in may:  # nothing to ask; or it may, which is told already
                continue
            try:
                await visit.ask(action)
            except RefusedError:
                continue
            accepted.append(name)
        return accepted


def _of_the_version(version: str) -> Iterator[Finding]:
    number = re.match(r"(?:certified[-/]|GIT-)?(\d{1,4}(?:\.\d{1,4})*)", version)
    numbers = tuple(int(part) for part in number[1].split(".")) if number else None
    if numbers is None:
        return
    if numbers < OLDEST_AT_ALL:
        yield TOO_OLD(version=version, needed=NEEDED)
    elif numbers < OLDEST_GOOD:
        yield OLD(version=version, needed=NEEDED)
