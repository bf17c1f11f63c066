"""The dialplan: whether our contexts are in it, and its variables say where we listen and where telephones dial."""

import hmac
from collections.abc import AsyncIterator, Iterator, Mapping
from urllib.parse import urlsplit

from ami_bridge.asterisk import moves, probes
from ami_bridge.config import Config
from ami_bridge.doctor.model import Finding, Kind, Words
from ami_bridge.doctor.visit import Visit

MISSING = Kind(
    code="dialplan.context_missing",
    severity="error",
    what=Words("Im Wählplan fehlt [{context}]: {cost_de}.", "The dialplan lacks [{context}]: {cost_en}."),
    do=Words(
        'dialplan/{file} nach /etc/asterisk/ kopieren und in extensions.conf «#include "{file}"» schreiben; danach '
        "«asterisk -rx 'dialplan reload'».",
        'Copy dialplan/{file} to /etc/asterisk/, write “#include "{file}"” into extensions.conf; then '
        "“asterisk -rx 'dialplan reload'”.",
    ),
)
NOT_TRIED = Kind(
    code="dialplan.doctor_missing",
    severity="warning",
    what=Words(
        "Im Wählplan fehlt [bridge-doctor]: ob Asterisk Namen erfragen kann und Ansagen findet, ist nicht geprüft.",
        "The dialplan lacks [bridge-doctor]: whether Asterisk can ask for names and finds sounds was not checked.",
    ),
    do=Words(
        'dialplan/doctor.conf nach /etc/asterisk/ kopieren und in extensions.conf «#include "doctor.conf"» schreiben.',
        'Copy dialplan/doctor.conf to /etc/asterisk/ and write “#include "doctor.conf"” into extensions.conf.',
    ),
)
NO_ADDRESS = Kind(
    code="dialplan.bridge_wrong",
    severity="error",
    what=Words(
        "Der Wählplan fragt bei «{found}» nach Namen, der Dienst hört auf {wanted}.",
        "The dialplan asks for names at “{found}”, the daemon listens at {wanted}.",
    ),
    do=Words(
        "In extensions.conf unter [globals] «BRIDGE = {wanted}» setzen (oder den Namen, unter dem Asterisk "
        "diesen Rechner kennt).",
        "Set “BRIDGE = {wanted}” below [globals] in extensions.conf (or the name by which Asterisk knows "
        "this machine).",
    ),
)
WRONG_SECRET = Kind(
    code="dialplan.secret_wrong",
    severity="error",
    what=Words(
        "BRIDGE_SECRET im Wählplan ist nicht das Geheimnis aus pbx.questions.secret_file: Telefone zeigen keine Namen.",
        "BRIDGE_SECRET in the dialplan is not the secret of pbx.questions.secret_file: telephones show no names.",
    ),
    do=Words(
        "In extensions.conf unter [globals] BRIDGE_SECRET auf den Inhalt dieser Datei setzen und den "
        "Wählplan neu laden.",
        "Set BRIDGE_SECRET below [globals] in extensions.conf to the content of that file and reload the dialplan.",
    ),
)
NO_DIAL = Kind(
    code="dialplan.dial_missing",
    severity="error",
    what=Words(
        "BRIDGE_DIAL im Wählplan ist «{found}», und diesen Kontext gibt es nicht: vom Arbeitsplatz aus lässt "
        "sich nicht wählen.",
        "BRIDGE_DIAL in the dialplan is “{found}”, and there is no such context: nobody can dial from the desk.",
    ),
    do=Words(
        "In extensions.conf unter [globals] BRIDGE_DIAL auf den Kontext setzen, in dem die Telefone wählen.",
        "Set BRIDGE_DIAL below [globals] in extensions.conf to the context in which telephones dial.",
    ),
)
NO_EMERGENCY = Kind(
    code="dialplan.emergency_missing",
    severity="error",
    what=Words(
        "Der Kontext {context}, in dem vom Arbeitsplatz aus gewählt wird, kennt den Notruf {number} nicht.",
        "The context {context}, in which the desk dials, does not know the emergency number {number}.",
    ),
    do=Words(
        "Dort eine Nebenstelle für 110 und 112 einrichten, ohne Amtskennziffer.",
        "Have an extension for 110 and 112 there, without the outside line.",
    ),
)
NO_HINTS = Kind(
    code="dialplan.hints_missing",
    severity="error",
    what=Words(
        "Im Kontext [{context}] steht kein einziger Hint: niemand sieht Anrufe.",
        "There is not one hint in the context [{context}]: nobody sees calls.",
    ),
    do=Words(
        "Je Nebenstelle «exten => 101,hint,PJSIP/101» in einen Kontext schreiben und diesen in pbx.hints nennen.",
        "Write “exten => 101,hint,PJSIP/101” for each extension into one context, and name that in pbx.hints.",
    ),
)
FINE = Kind(
    code="dialplan.fine",
    severity="ok",
    what=Words("Der Wählplan hat alles, was eingerichtet ist.", "The dialplan has all that is configured."),
)
EMERGENCY = ("110", "112")
CONTEXTS = {
    "bridge-name": ("names.conf", Words("Telefone zeigen keine Namen", "telephones show no names")),
    "bridge-withheld": (
        "names.conf",
        Words("unterdrückte Rufnummern können sichtbar werden", "withheld numbers may become visible"),
    ),
    "bridge-store": (
        "store.conf",
        Words("Namen und Räume kommen nicht in die Telefonanlage", "names and rooms do not get into the PBX"),
    ),
    "bridge-dial": (
        "dial.conf",
        Words("vom Arbeitsplatz aus lässt sich nicht wählen", "nobody can dial from the desk"),
    ),
    "bridge-send": (
        "control.conf",
        Words("Anrufe lassen sich nicht weitergeben oder heranholen", "calls cannot be given on or picked up"),
    ),
}
OF_ROOMS = {
    "conf-entry": ("rooms.conf", Words("niemand kommt in eine Telefonkonferenz", "nobody gets into a conference")),
}
OF_ALARMS = {
    "alarm-out": ("alarms.conf", Words("bei einem Alarm klingelt kein Telefon", "no telephone rings for an alarm")),
}
OF_ALARM_NUMBERS = {
    "alarm-source": (
        "alarm-sources.conf",
        Words("niemand kann einen Alarm am Telefon auslösen", "nobody can raise an alarm by telephone"),
    ),
}
CONTEXT_OF_HINTS = "Context"


class Dialplan:
    """Looks at the dialplan of one PBX."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._pbx = config.pbx[0]

    async def check(self, visit: Visit) -> list[Finding]:
        """Look at it."""
        found = [one async for one in self._contexts(visit)]
        values = {name: (await visit.ask(probes.value_of(name))).get("Value", "") for name in probes.READ}
        found += self._judge(values)
        found += await self._where_telephones_dial(visit, values["BRIDGE_DIAL"])
        if not any(m.get(CONTEXT_OF_HINTS) == self._pbx.hints for m in await visit.items(probes.hints())):
            found.append(NO_HINTS(context=self._pbx.hints))
        return found or [FINE()]

    async def _contexts(self, visit: Visit) -> AsyncIterator[Finding]:
        wanted = CONTEXTS | (OF_ROOMS if self._config.rooms.numbers else {})
        wanted |= OF_ALARMS if self._config.source else {}
        wanted |= OF_ALARM_NUMBERS if any(one.kind == "call" for one in self._config.source) else {}
        for context, (file, cost) in wanted.items():
            if not await visit.has(probes.context(context)):
                yield MISSING(context=context, file=file, cost_de=cost.de, cost_en=cost.en)
        if not await visit.has(probes.context(probes.CONTEXT)):
            yield NOT_TRIED()

    def _judge(self, values: Mapping[probes.Global, str]) -> Iterator[Finding]:
        wanted = self._pbx.questions.listen.replace("http+insecure://", "http://")
        if not _may_lead_there(values["BRIDGE"], wanted):
            yield NO_ADDRESS(found=values["BRIDGE"], wanted=wanted)
        if not hmac.compare_digest(values["BRIDGE_SECRET"].encode(), self._pbx.questions.secret.encode()):
            yield WRONG_SECRET()

    async def _where_telephones_dial(self, visit: Visit, context: str) -> list[Finding]:
        if not moves.is_context(context) or not await visit.has(probes.context(context)):
            return [NO_DIAL(found=context)]
        return [
            NO_EMERGENCY(context=context, number=number)
            for number in EMERGENCY
            if not await visit.has(moves.dialled_in(context, number))
        ]


def _may_lead_there(address: str, listen: str) -> bool:
    """Whether the address could be the listener, which Asterisk may know by another name."""
    try:
        asked, here = urlsplit(address), urlsplit(listen)
        return asked.scheme == "http" and bool(asked.hostname) and asked.port == here.port
    except ValueError:
        return False
