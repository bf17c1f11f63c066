"""Phone books as the makers of desk telephones want them. Pure; structures after each maker's documents."""

from collections.abc import Callable, Mapping
from typing import TypeAlias
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

from msgspec import Struct

from ami_bridge.contacts.search import HitNumber
from ami_bridge.phonebooks.model import Entry, Page, Words, lines_of

XML = "text/xml"
LONGEST = 60


class Links(Struct, frozen=True):
    """Addresses of this phone book, as the telephone is to open them."""

    base: str
    """`https://…/api/v1/phonebook/<vendor>`"""
    always: Mapping[str, str] = {}
    """Parameters that stand in each address."""
    query: str = ""
    whole: bool = False
    """Whether the query is a whole number, of which the telephone wants the name."""

    def to(self, what: str = "", **parameters: str | int) -> str:
        """Return an address below the base."""
        said = urlencode({**self.always, **parameters})
        path = f"{self.base}/{what}" if what else self.base
        return f"{path}?{said}" if said else path

    def page(self, offset: int) -> str:
        """Return the address of a page of the same search."""
        return self.to("lookup", q=self.query, offset=offset)


Shown: TypeAlias = Callable[[Page, Links, Words, int], ET.Element]
Prompt: TypeAlias = Callable[[Links, Words], ET.Element]


class Vendor(Struct, frozen=True, kw_only=True):
    """One maker."""

    results: Shown
    """A page of what was found."""
    per_page: int
    prompt: Prompt | None = None
    """Asks what to search for; without it the first address gives the first page."""
    whole: Shown | None = None
    """The form of a file that is loaded as a whole."""
    most: int = 1000
    """Entries of such a file."""
    per_number: bool = True
    """Whether each number takes a line of its own."""
    longest_name: int = LONGEST
    in_address: bool = False
    """Whether the telephones send no user and password, so that these may stand in the address."""


def text(element: ET.Element) -> bytes:
    """Write a document."""
    written: bytes = ET.tostring(element, encoding="utf-8", xml_declaration=True)
    return written


def _tree(tag: str, /, *children: ET.Element, **attributes: str) -> ET.Element:
    element = ET.Element(tag, attributes)
    element.extend(children)
    return element


def _leaf(tag: str, content: str = "", /, **attributes: str) -> ET.Element:
    element = ET.Element(tag, attributes)
    element.text = content
    return element


def _lines(page: Page, words: Words, longest: int) -> list[tuple[str, str]]:
    """Return each line's name and number; one line that says so where nobody was found."""
    return [(name[:longest], number) for name, number in lines_of(page.entries, words)] or [(words.nobody, "")]


# ---- A directory with entries of Name and Telephone, and soft keys: Yealink, Cisco, Thomson, Htek


def _directory(root: str, *, keys: bool = False) -> Shown:
    def shown(page: Page, links: Links, words: Words, longest: int) -> ET.Element:
        lines = _lines(page, words, longest)
        entries = [_tree("DirectoryEntry", _leaf("Name", name), _leaf("Telephone", number)) for name, number in lines]
        top = [_leaf("Title", words.title), _leaf("Prompt", words.prompt)] if root.startswith("Cisco") else []
        document = _tree(root, *top, *entries)
        if keys and page.following is not None:  # with a key of ours, those that are usually there must be named too
            named = [(words.dial, "SoftKey:Dial"), (words.leave, "SoftKey:Exit")]
            named.append((words.more, links.page(page.following)))
            document.extend(
                _tree("SoftKeyItem", _leaf("Name", name), _leaf("URL", url), _leaf("Position", str(at)))
                for at, (name, url) in enumerate(named, 1)
            )
        return document

    return shown


def _yealink(page: Page, _links: Links, words: Words, longest: int) -> ET.Element:
    """Show a name once, with all its numbers."""
    found = [
        _tree(
            "DirectoryEntry",
            _leaf("Name", entry.name[:longest]),
            *(_leaf("Telephone", one.number, label=words.kinds.get(one.kind, one.kind)) for one in entry.numbers),
        )
        for entry in page.entries
    ]
    nobody = _tree("DirectoryEntry", _leaf("Name", words.nobody), _leaf("Telephone"))
    return _tree("YealinkIPPhoneDirectory", *(found or [nobody]))


def _menu_of_thomson(page: Page, links: Links, words: Words, longest: int) -> ET.Element:
    document = _directory("ThomsonPhoneBook")(page, links, words, longest)
    if page.following is not None:
        document.append(_tree("MenuItem", _leaf("Name", words.more), _leaf("URL", links.page(page.following))))
    return document


def _input(root: str) -> Prompt:
    """Ask as Cisco does, and those who took it over."""

    def shown(links: Links, words: Words) -> ET.Element:
        return _tree(
            root,
            _leaf("Title", words.title),
            _leaf("Prompt", words.prompt),
            _leaf("URL", links.to("lookup")),
            _tree(
                "InputItem",
                _leaf("DisplayName", words.prompt),
                _leaf("QueryStringParam", "q"),
                _leaf("DefaultValue"),
                _leaf("InputFlags", "a" if root.startswith("Snom") else "A"),
            ),
        )

    return shown


# ---- Snom


def _snom(page: Page, links: Links, words: Words, longest: int) -> ET.Element:
    found = _lines(page, words, longest)
    lines = [(name, f"snom://mb_nop#numberdial={number}" if number else "") for name, number in found]
    if page.following is not None:
        lines.append((words.more, links.page(page.following)))
    # Older telephones read the element, newer ones the attribute.
    items = [
        _tree("MenuItem", _leaf("Name", name), *([_leaf("Url", url)] if url else []), name=name) for name, url in lines
    ]
    return _tree("SnomIPPhoneMenu", _leaf("Title", words.title), *items)


_TBOOK_KINDS = {"work": "business", "home": "home", "mobile": "mobile"}


def _tbook(page: Page, _links: Links, _words: Words, longest: int) -> ET.Element:
    def contact(entry: Entry) -> ET.Element:
        first, last = entry.first_and_last(longest)
        numbers = [
            _leaf("number", "", no=one.number, type=_TBOOK_KINDS.get(one.kind, "extension"), outgoing_id="0")
            for one in entry.numbers
        ]
        return _tree(
            "contact", _leaf("first_name", first), _leaf("last_name", last), _tree("numbers", *numbers), fav="false",
            vip="false", blocked="false",
        )  # fmt: skip

    return _tree("tbook", *map(contact, page.entries), e="2", version="2.0")


# ---- Grandstream

_GRANDSTREAM_KINDS = {"work": "Work", "home": "Home", "mobile": "Cell"}


def _grandstream(page: Page, _links: Links, words: Words, longest: int) -> ET.Element:
    def contact(at: int, entry: Entry) -> ET.Element:
        first, last = entry.first_and_last(longest)
        phones = [
            _tree(
                "Phone",
                _leaf("phonenumber", one.number),
                _leaf("accountindex", "1"),
                type=_GRANDSTREAM_KINDS.get(one.kind, "Work"),
            )
            for one in entry.numbers
        ]
        return _tree(
            "Contact", _leaf("id", str(at)), _leaf("FirstName", first), _leaf("LastName", last), *phones,
            _tree("Groups", _leaf("groupid", "1")),
        )  # fmt: skip

    group = _tree("pbgroup", _leaf("id", "1"), _leaf("name", words.title))
    return _tree("AddressBook", group, *(contact(at, entry) for at, entry in enumerate(page.entries, 1)))


# ---- Fanvil


def _fanvil(page: Page, links: Links, words: Words, longest: int) -> ET.Element:
    items = [
        _tree("MenuItem", _leaf("Prompt", name), _leaf("URI", number)) for name, number in _lines(page, words, longest)
    ]
    keys = [(words.dial, "SoftKey:Dial"), (words.leave, "SoftKey:Exit")]
    if page.following is not None:
        keys.append((words.more, links.page(page.following)))
        items += [_tree("SoftKey", _leaf("Name", name), _leaf("URI", uri)) for name, uri in keys]
    return _tree("FanvilIPPhoneDirectory", *items)


def _fanvil_file(page: Page, _links: Links, _words: Words, longest: int) -> ET.Element:
    def entry(one: Entry) -> ET.Element:
        telephone, mobile, other = _three(one.numbers)
        return _tree(
            "DirectoryEntry", _leaf("Name", one.name[:longest]), _leaf("Telephone", telephone), _leaf("Mobile", mobile),
            _leaf("Other", other), _leaf("Ring", "Default"), _leaf("Group"),
        )  # fmt: skip

    return _tree("PhoneBook", *map(entry, page.entries))


def _three(numbers: tuple[HitNumber, ...]) -> tuple[str, str, str]:
    """Choose a number for the desk, a mobile one, and one more."""
    mobile = next((one for one in numbers if one.kind == "mobile"), None)
    rest = [one for one in numbers if one is not mobile]
    texts = [one.number for one in rest[:2]] + ["", ""]
    return texts[0], mobile.number if mobile else "", texts[1]


# ---- Gigaset: a provider's phone book, PBS

_GIGASET_KINDS = {"mobile": "mb", "fax": "fx"}


def _gigaset(page: Page, _links: Links, _words: Words, longest: int) -> ET.Element:
    def entry(at: int, one: Entry) -> ET.Element:
        first, last = one.first_and_last(longest)
        numbers: dict[str, str] = {}
        for number in one.numbers:
            tag = _GIGASET_KINDS.get(number.kind, "hm")
            tag = next((free for free in (tag, "hm", "nr", "mb") if free not in numbers), tag)
            numbers.setdefault(tag, number.number)
        fields = [_leaf("ln", last), _leaf("fn", first), *(_leaf(tag, number) for tag, number in numbers.items())]
        return _tree("entry", *fields, id=str(at))

    first, last = page.offset + 1, page.offset + len(page.entries)
    total = -1 if page.following is not None else last  # PBS: -1 stands for "more than these"
    attributes = {"response": "get_list", "type": "pr", "total": str(total)}
    if page.entries:
        attributes |= {"first": str(first), "last": str(last)}
    else:
        attributes["notfound"] = "hm"
    return _tree("list", *(entry(at, one) for at, one in enumerate(page.entries, first)), **attributes)


# ---- Mitel, once Aastra


def _mitel_input(links: Links, words: Words) -> ET.Element:
    return _tree(
        "AastraIPPhoneInputScreen",
        _leaf("Title", words.title),
        _leaf("Prompt", f"{words.prompt}:"),
        _leaf("URL", links.to("lookup")),
        _leaf("Parameter", "q"),
        _leaf("Default"),
        type="string",
    )


def _mitel(page: Page, links: Links, words: Words, longest: int) -> ET.Element:
    items = [
        _tree("MenuItem", _leaf("Prompt", name), _leaf("URI", f"Dial:{number}" if number else ""))
        for name, number in _lines(page, words, longest)
    ]
    if page.following is not None:
        items.append(_tree("MenuItem", _leaf("Prompt", words.more), _leaf("URI", links.page(page.following))))
    return _tree("AastraIPPhoneTextMenu", _leaf("Title", words.title), *items, style="none", destroyOnExit="yes")


# ---- Polycom, whose telephones have a browser


def _xhtml(words: Words, *body: ET.Element) -> ET.Element:
    return _tree(
        "html", _tree("head", _leaf("title", words.title)), _tree("body", *body), xmlns="http://www.w3.org/1999/xhtml"
    )


def _polycom_input(links: Links, words: Words) -> ET.Element:
    fields = [
        _leaf("p", words.prompt),
        _leaf("input", type="text", name="q"),
        *(_leaf("input", type="hidden", name=name, value=value) for name, value in links.always.items()),
        _leaf("input", type="submit", value="OK"),
    ]
    return _xhtml(words, _tree("form", *fields, method="get", action=f"{links.base}/lookup"))


def _polycom(page: Page, links: Links, words: Words, longest: int) -> ET.Element:
    items = [
        _tree("li", _leaf("a", name, href=f"tel://{number}") if number else _leaf("span", name))
        for name, number in _lines(page, words, longest)
    ]
    if page.following is not None:
        items.append(_tree("li", _leaf("a", words.more, href=links.page(page.following))))
    return _xhtml(words, _tree("ol", *items))


VENDORS: Mapping[str, Vendor] = {
    "yealink": Vendor(results=_yealink, per_page=50, per_number=False),
    "snom": Vendor(results=_snom, per_page=30, prompt=_input("SnomIPPhoneInput"), whole=_tbook),
    "grandstream": Vendor(results=_grandstream, per_page=100, per_number=False, whole=_grandstream),
    "fanvil": Vendor(
        results=_fanvil, per_page=16, prompt=_input("FanvilIPPhoneInputScreen"), whole=_fanvil_file, most=1000
    ),
    "gigaset": Vendor(results=_gigaset, per_page=20, per_number=False, longest_name=32),
    "cisco": Vendor(
        results=_directory("CiscoIPPhoneDirectory", keys=True), per_page=32, prompt=_input("CiscoIPPhoneInput"),
        in_address=True,
    ),
    "mitel": Vendor(results=_mitel, per_page=15, prompt=_mitel_input, in_address=True),
    "polycom": Vendor(results=_polycom, per_page=16, prompt=_polycom_input),
    "htek": Vendor(results=_directory("PhoneDirectory"), per_page=32),
    "thomson": Vendor(results=_menu_of_thomson, per_page=8, in_address=True),
}  # fmt: skip
