"""What Asterisk tries itself: asking for a name as a call does, finding sounds, hearing us; and its clock."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from ami_bridge.asterisk import probes
from ami_bridge.config import Config
from ami_bridge.doctor.clock import off
from ami_bridge.doctor.manager import missing
from ami_bridge.doctor.model import Finding, Kind, Words, listed
from ami_bridge.doctor.visit import Heard, Visit

NOT_ANSWERED = Kind(
    code="names.not_answered",
    severity="error",
    what=Words(
        "Asterisk fragt nach dem Namen eines Anrufers und bekommt in 0,3 Sekunden keine richtige Antwort.",
        "Asterisk asks for a caller's name and gets no right answer within 0.3 seconds.",
    ),
    do=Words(
        "Von Asterisks Rechner aus muss {listen} erreichbar sein (BRIDGE im Wählplan, Firewall), BRIDGE_SECRET muss "
        "stimmen, und func_curl und res_curl müssen geladen sein.",
        "{listen} must be reachable from Asterisk's machine (BRIDGE in the dialplan, firewall), BRIDGE_SECRET must be "
        "right, and func_curl and res_curl must be loaded.",
    ),
)
NOT_HEARD = Kind(
    code="names.not_tried",
    severity="warning",
    what=Words(
        "Asterisk hat die Probe im Wählplan nicht beantwortet.", "Asterisk did not answer the probe in the dialplan."
    ),
    do=Words(
        "Sind dialplan/doctor.conf und names.conf auf dem Stand dieser Version, und ist app_userevent geladen?",
        "Are dialplan/doctor.conf and names.conf those of this version, and is app_userevent loaded?",
    ),
)
FINE = Kind(
    code="names.fine",
    severity="ok",
    what=Words("Asterisk fragt nach Namen und bekommt Antwort.", "Asterisk asks for names and is answered."),
)
NO_SOUNDS = Kind(
    code="sounds.missing",
    severity="error",
    what=Words(
        "Asterisk findet Ansagen der Telefonkonferenzen nicht: {sounds} (in {folder}).",
        "Asterisk does not find sounds of the conferences: {sounds} (in {folder}).",
    ),
    do=Words(
        "sounds/de und sounds/en dorthin kopieren, lesbar für Asterisk, und in extensions.conf ROOM_SOUNDS auf den "
        "Ordner setzen, wie Asterisk ihn sieht.",
        "Copy sounds/de and sounds/en there, readable for Asterisk, and set ROOM_SOUNDS in extensions.conf to the "
        "folder as Asterisk sees it.",
    ),
)
NO_FOLDER = Kind(
    code="sounds.no_folder",
    severity="warning",
    what=Words(
        "Gesprochene Namen sind eingerichtet (rooms.names_dir), aber Asterisk sieht keinen Ordner ROOM_NAMES "
        "«{folder}».",
        "Spoken names are configured (rooms.names_dir), but Asterisk sees no folder ROOM_NAMES “{folder}”.",
    ),
    do=Words(
        "In extensions.conf ROOM_NAMES auf diesen Ordner setzen, wie Asterisk ihn sieht, und ihn für "
        "Asterisk lesbar machen.",
        "Set ROOM_NAMES in extensions.conf to that folder as Asterisk sees it, and make it readable for Asterisk.",
    ),
)
SOUNDS_FINE = Kind(
    code="sounds.fine",
    severity="ok",
    what=Words("Asterisk findet alle Ansagen.", "Asterisk finds all sounds."),
)
SOUNDS = (
    "room-alone-long", "room-alone", "room-begins", "room-early", "room-ends-now", "room-ends-soon", "room-full",
    "room-has-joined", "room-invitation", "room-late", "room-lines", "room-locked", "room-menu-moderator", "room-menu",
    "room-moderator-left", "room-muted", "room-now-locked", "room-now-unlocked", "room-number",
    "room-other-language", "room-over", "room-pin",
    "room-recorded", "room-recording-ends", "room-removed", "room-take-part", "room-too-many", "room-unmuted",
    "room-waiting", "room-welcome", "room-wrong",
)  # fmt: skip


class Trial:
    """Has Asterisk try."""

    def __init__(self, config: Config, *, new_id: Callable[[], str], now: Callable[[], datetime], daemon: bool) -> None:
        """`daemon` says whether there is one that could answer."""
        self._config = config
        self._new_id = new_id
        self._now = now
        self._daemon = daemon

    async def check(self, visit: Visit) -> list[Finding]:
        """Have it tried, if the dialplan is prepared for it; that it is not is told by another check."""
        if not await visit.has(probes.context(probes.CONTEXT)):
            return []
        rooms = bool(self._config.rooms.numbers)
        heard = await visit.have_tried(SOUNDS if rooms else (), id_=self._new_id(), other_id=self._new_id())
        folders = {}
        if rooms:
            for name in ("ROOM_SOUNDS", "ROOM_NAMES"):
                folders[name] = (await visit.ask(probes.value_of(name))).get("Value", "")
        return [*self._of_what_was_heard(heard), *self._of_what_was_told(heard.told, folders)]

    def _of_what_was_heard(self, heard: Heard) -> Iterator[Finding]:
        user = self._config.pbx[0].user
        if not heard.channel:
            yield missing(user, "read = call")
        if heard.told is None and heard.channel:
            yield missing(user, "read = user") if heard.outcome else NOT_HEARD()

    def _of_what_was_told(self, told: probes.Tried | None, folders: dict[str, str]) -> Iterator[Finding]:
        if told is None:
            return
        yield from off("Asterisk", datetime.fromtimestamp(told.now, UTC), self._now())
        if self._daemon:
            listen = self._config.pbx[0].questions.listen
            yield FINE() if told.answered else NOT_ANSWERED(listen=listen)
        if not folders:
            return
        if told.missing:
            yield NO_SOUNDS(sounds=listed(told.missing), folder=folders["ROOM_SOUNDS"] or "ROOM_SOUNDS")
        if self._config.rooms.names_dir and not told.names:
            yield NO_FOLDER(folder=folders["ROOM_NAMES"])
        if not told.missing:
            yield SOUNDS_FINE()
