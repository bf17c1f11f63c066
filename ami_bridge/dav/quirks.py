"""What certain groupwares do otherwise, told by their addresses and tokens. Pure.

Deletions that a server does not report (EGroupware: purged and moved cards, deleted accounts; SOGo: all after its
database was restored) need no flag: every book is compared whole once a day, whatever server it is.
"""

from msgspec import Struct


class Quirks(Struct, frozen=True, kw_only=True):
    """One server's ways."""

    server: str
    signs: tuple[str, ...]
    """Pieces of the addresses or tokens by which it is known."""
    ignored: tuple[str, ...] = ()
    """Last parts of the paths of books that no person keeps."""
    everything: tuple[str, ...] = ()
    """Ends of the paths of collections that mix the books of all people, so that nobody can say whose a name is."""
    sync_depth: int = 0
    """`Depth` of a sync-collection; 0 by the standard."""


SERVERS = (
    Quirks(server="EGroupware", signs=("/groupdav.php/",), everything=("/groupdav.php/addressbook/",)),
    Quirks(
        server="Nextcloud",
        signs=("/remote.php/dav/", "http://sabre.io/ns/sync/"),
        ignored=("z-app-generated--contactsinteraction--recent",),
    ),
    Quirks(server="SOGo", signs=("/SOGo/dav/",)),
    Quirks(server="Radicale", signs=("http://radicale.org/ns/sync/",)),
    Quirks(server="DAViCal", signs=("/caldav.php/", "/davical/")),
    Quirks(server="Cyrus", signs=("/dav/addressbooks/user/",)),
    Quirks(server="Google", signs=("/carddav/v1/",), sync_depth=1),
    Quirks(server="Xandikos", signs=()),  # does nothing otherwise, and nothing tells it
)
ORDINARY = Quirks(server="", signs=())


def quirks_of(path: str, token: str | None = None) -> Quirks:
    """Tell the server by where a book lies, else by what its tokens look like."""
    for told in (path, token or ""):
        for quirks in SERVERS:
            if any(sign in told for sign in quirks.signs):
                return quirks
    return ORDINARY


def is_ignored(path: str) -> bool:
    """Tell a book that the server makes itself, of people somebody once wrote to."""
    return path.rstrip("/").rpartition("/")[2] in quirks_of(path).ignored


def mixes_everybody(path: str) -> bool:
    """Tell a collection in which the books of all people appear as one."""
    whole = path.rstrip("/") + "/"
    return any(whole.endswith(end) for end in quirks_of(whole).everything)
