"""Whether Kerberos tickets of people can be read: the keytab, and a key of this service in it."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from ami_bridge.config import Config
from ami_bridge.doctor.model import Finding, Kind, Words
from ami_bridge.errors import NotReachableError
from ami_bridge.people.kerberos import Kerberos

UNREADABLE = Kind(
    code="kerberos.keytab",
    severity="error",
    what=Words(
        "Mit dem Keytab {path} kann niemand angemeldet werden: {why}.",
        "Nobody can be signed in by the keytab {path}: {why}.",
    ),
    do=Words(
        "Prüfen, ob es der Dienst lesen darf und ob «klist -k {path}» den Namen HTTP/… dieser Adresse nennt; sonst bei "
        "der Domäne neu ausstellen lassen.",
        "See whether the service may read it, and whether “klist -k {path}” names HTTP/… of this address; else have "
        "the domain issue it anew.",
    ),
)
OTHERS_READ = Kind(
    code="kerberos.open",
    severity="warning",
    what=Words(
        "Andere auf diesem Rechner können das Keytab {path} lesen und sich damit als dieser Dienst ausgeben.",
        "Others on this machine can read the keytab {path}, and pass for this service by it.",
    ),
    do=Words("Rechte ändern: «chmod 600 {path}».", "Change its mode: “chmod 600 {path}”."),
)
FINE = Kind(
    code="kerberos.fine",
    severity="ok",
    what=Words("Kerberos-Tickets können gelesen werden.", "Kerberos tickets can be read."),
)


class Tickets:
    """Looks at what tickets are read with."""

    def __init__(self, config: Config) -> None:
        self._settings = config.kerberos

    async def check(self) -> Sequence[Finding]:
        """Look once; with the rights of whoever runs this."""
        path = self._settings.keytab
        try:
            await Kerberos(self._settings).check()
        except NotReachableError as error:
            return [UNREADABLE(path=path, why=str(error))]
        mode = (await asyncio.to_thread(Path(path).stat)).st_mode
        return [OTHERS_READ(path=path) if mode & 0o077 else FINE()]
