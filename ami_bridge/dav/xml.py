"""What is asked of a DAV server and what it answers, as XML; read piece by piece as it arrives. Pure."""

from collections.abc import Iterable
from xml.sax.saxutils import escape  # escapes only; reading is defusedxml's

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser, ParseError
from msgspec import Struct

D = "{DAV:}"
CARD = "{urn:ietf:params:xml:ns:carddav}"
CS = "{http://calendarserver.org/ns/}"

LONGEST_TEXT = 4_000_000  # one property: a card with a large picture
DEEPEST = 24
MOST_RESOURCES = 500_000
OK = range(200, 300)

_NAMES = 'xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav" xmlns:S="http://calendarserver.org/ns/"'


class NotXmlError(ValueError):
    """What came is not the XML it should be, or it is XML that nobody honest sends."""


class Resource(Struct, kw_only=True):
    """One `response` of a multistatus."""

    href: str = ""
    status: int | None = None
    """Of the whole resource, where the server gives one (404: it is gone; 507: there is more)."""
    etag: str | None = None
    ctag: str | None = None
    token: str | None = None
    name: str | None = None
    kinds: set[str] = set()
    reports: set[str] = set()
    principal: str | None = None
    owner: str | None = None
    unauthenticated: bool = False
    homes: list[str] = []
    card: str | None = None


def propfind(*properties: str) -> bytes:
    """Ask for properties, given as `D:getetag`, `C:addressbook-home-set`, `S:getctag`."""
    asked = "".join(f"<{name.removeprefix('D:')}/>" for name in properties)
    return f'<?xml version="1.0" encoding="utf-8"?><propfind {_NAMES}><prop>{asked}</prop></propfind>'.encode()


def sync_collection(token: str) -> bytes:
    """Ask for what changed since the token; for everything if it is empty."""
    return (
        f'<?xml version="1.0" encoding="utf-8"?><sync-collection {_NAMES}><sync-token>{escape(token)}</sync-token>'
        "<sync-level>1</sync-level><prop><getetag/></prop></sync-collection>"
    ).encode()


def multiget(hrefs: Iterable[str]) -> bytes:
    """Ask for these cards."""
    asked = "".join(f"<href>{escape(href)}</href>" for href in hrefs)
    return (
        f'<?xml version="1.0" encoding="utf-8"?><C:addressbook-multiget {_NAMES}>'
        f"<prop><getetag/><C:address-data/></prop>{asked}</C:addressbook-multiget>"
    ).encode()


class Multistatus:
    """Reads a multistatus, or the body of an error, as its pieces arrive."""

    def __init__(self) -> None:
        self._target = _Target()
        self._parser = DefusedXMLParser(target=self._target, forbid_dtd=True)

    @property
    def token(self) -> str | None:
        """The new sync-token of the collection."""
        return self._target.token

    @property
    def says_invalid_token(self) -> bool:
        """Whether this is the error that the token we sent is not known any more."""
        return self._target.invalid_token

    def feed(self, piece: bytes) -> list[Resource]:
        """Take in a piece; returns the resources that are complete by now. Raises NotXmlError."""
        try:
            self._parser.feed(piece)
        except (ParseError, DefusedXmlException, LookupError, ValueError) as error:
            raise NotXmlError(type(error).__name__) from error
        found, self._target.found = self._target.found, []
        return found

    def close(self) -> None:
        """Make sure that the answer was whole. Raises NotXmlError."""
        try:
            self._parser.close()
        except (ParseError, DefusedXmlException, LookupError, ValueError) as error:
            raise NotXmlError(type(error).__name__) from error
        if not self._target.is_multistatus:
            raise NotXmlError("another document")


class _Target:
    """What the parser tells about."""

    def __init__(self) -> None:
        self.found: list[Resource] = []
        self.token: str | None = None
        self.invalid_token = False
        self.is_multistatus = False
        self._path: list[str] = []
        self._text: list[str] = []
        self._length = 0
        self._count = 0
        self._resource = Resource()
        self._props = Resource()  # of the current propstat, which says only at its end whether they are any good
        self._status: int | None = None

    def start(self, tag: str, _attributes: dict[str, str]) -> None:
        if len(self._path) >= DEEPEST:
            raise NotXmlError("too deep")
        if not self._path:
            self.is_multistatus = tag == f"{D}multistatus"
        self._path.append(tag)
        self._text.clear()
        self._length = 0
        if tag == f"{D}response":
            self._resource = Resource()
        elif tag == f"{D}propstat":
            self._props = Resource()
            self._status = None
        elif tag == f"{D}valid-sync-token":
            self.invalid_token = True

    def data(self, text: str) -> None:
        self._length += len(text)
        if self._length > LONGEST_TEXT:
            raise NotXmlError("too long")
        self._text.append(text)

    def end(self, tag: str) -> None:
        self._path.pop()
        parent = self._path[-1] if self._path else ""
        text = "".join(self._text)
        self._text.clear()
        self._length = 0
        match parent, tag:
            case "{DAV:}multistatus", "{DAV:}response":
                self._count += 1
                if self._count > MOST_RESOURCES:
                    raise NotXmlError("too many")
                self.found.append(self._resource)
            case "{DAV:}multistatus", "{DAV:}sync-token":
                self.token = text.strip() or None
            case "{DAV:}response", "{DAV:}href":
                self._resource.href = self._resource.href or text.strip()
            case "{DAV:}response", "{DAV:}status":
                self._resource.status = _status(text)
            case "{DAV:}response", "{DAV:}propstat":
                if self._status is None or self._status in OK:
                    self._take_over()
            case "{DAV:}propstat", "{DAV:}status":
                self._status = _status(text)
            case "{DAV:}prop", _:
                self._property(tag, text)
            case _:
                self._nested(parent, tag, text.strip())

    def close(self) -> None:
        """End; demanded by the parser."""

    def _property(self, tag: str, text: str) -> None:
        props = self._props
        match tag:
            case "{DAV:}getetag":
                props.etag = text.strip() or None
            case "{DAV:}sync-token":
                props.token = text.strip() or None
            case "{http://calendarserver.org/ns/}getctag":
                props.ctag = text.strip() or None
            case "{DAV:}displayname":
                props.name = text.strip() or None
            case "{urn:ietf:params:xml:ns:carddav}address-data":
                props.card = text

    def _nested(self, parent: str, tag: str, text: str) -> None:
        match parent, tag:
            case "{DAV:}resourcetype", _:
                self._props.kinds.add(tag)
            case "{DAV:}report", _:
                self._props.reports.add(tag)
            case "{DAV:}current-user-principal", "{DAV:}href":
                self._props.principal = text or None
            case "{DAV:}owner", "{DAV:}href":
                self._props.owner = text or None
            case "{DAV:}current-user-principal", "{DAV:}unauthenticated":
                self._props.unauthenticated = True
            case "{urn:ietf:params:xml:ns:carddav}addressbook-home-set", "{DAV:}href":
                self._props.homes.append(text)

    def _take_over(self) -> None:
        """Add the properties of a propstat that went well."""
        for field in ("etag", "ctag", "token", "name", "principal", "owner", "card"):
            if (value := getattr(self._props, field)) is not None:
                setattr(self._resource, field, value)
        self._resource.unauthenticated |= self._props.unauthenticated
        self._resource.kinds |= self._props.kinds
        self._resource.reports |= self._props.reports
        self._resource.homes += self._props.homes


def _status(line: str) -> int | None:
    """Read `HTTP/1.1 404 Not Found`."""
    for word in line.split()[:2]:
        if len(word) == 3 and word.isascii() and word.isdigit():  # noqa: PLR2004 - a status has three digits
            return int(word)
    return None
