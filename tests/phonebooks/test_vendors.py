"""Each maker's form, against the structure of that maker's documented sample."""

from collections.abc import Sequence
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring

from ami_bridge.contacts.model import clean
from ami_bridge.contacts.search import Hit, HitNumber
from ami_bridge.phonebooks.model import ENGLISH, GERMAN, Entry, Page, lines_of, page_of, words_in
from ami_bridge.phonebooks.vendors import VENDORS, Links, text

LINKS = Links(base="https://tel.example/api/v1/phonebook/x", query="mü & co")
ERIKA = Entry(
    "Erika Müller",
    (
        HitNumber(number="003023125001", display="030 23125001", kind="work"),
        HitNumber(number="001711234567", display="0171 1234567", kind="mobile"),
    ),
)
HEAD = Entry("Stadtwerke", (HitNumber(number="0099998", display="089 99998", kind="other"),))
PAGE = Page(entries=[ERIKA, HEAD], offset=20, following=22)
LAST = Page(entries=[HEAD])
NOBODY = Page(entries=[])
FOLLOWING = "https://tel.example/api/v1/phonebook/x/lookup?q=m%C3%BC+%26+co&offset=22"


def shown(vendor: str, page: Page, links: Links = LINKS) -> Element:
    one = VENDORS[vendor]
    written = text(one.results(page, links, GERMAN, one.longest_name))
    assert written.startswith(b"<?xml version='1.0' encoding='utf-8'?>")
    found: Element = fromstring(written)
    return found


def form(element: Element) -> object:
    """Names of elements and attributes, without what is in them."""
    children = [form(child) for child in element]
    name = " ".join([element.tag, *(f"@{key}" for key in element.attrib)])
    return (name, children) if children else name


def texts(element: Element, path: str) -> list[str]:
    return [one.text or "" for one in element.findall(path)]


ENTRY = ("DirectoryEntry", ["Name", "Telephone"])
KEY = ("SoftKeyItem", ["Name", "URL", "Position"])
INPUT = ["Title", "Prompt", "URL", ("InputItem", ["DisplayName", "QueryStringParam", "DefaultValue", "InputFlags"])]
NAMES = ["FirstName", "LastName"]
PHONE = ("Phone @type", ["phonenumber", "accountindex"])
MENU = ("MenuItem", ["Prompt", "URI"])
SAMPLES = {
    "yealink": (
        "YealinkIPPhoneDirectory",
        [("DirectoryEntry", ["Name", *["Telephone @label"] * many]) for many in (2, 1)],
    ),
    "snom": ("SnomIPPhoneMenu", ["Title", *[("MenuItem @name", ["Name", "Url"])] * 4]),
    "grandstream": (
        "AddressBook",
        [
            ("pbgroup", ["id", "name"]),
            *(("Contact", ["id", *NAMES, *[PHONE] * many, ("Groups", ["groupid"])]) for many in (2, 1)),
        ],
    ),
    "fanvil": ("FanvilIPPhoneDirectory", [MENU, MENU, MENU, *[("SoftKey", ["Name", "URI"])] * 3]),
    "gigaset": (
        "list @response @type @total @first @last",
        [("entry @id", ["ln", "fn", "hm", "mb"]), ("entry @id", ["ln", "fn", "hm"])],
    ),
    "cisco": ("CiscoIPPhoneDirectory", ["Title", "Prompt", ENTRY, ENTRY, ENTRY, KEY, KEY, KEY]),
    "mitel": ("AastraIPPhoneTextMenu @style @destroyOnExit", ["Title", MENU, MENU, MENU, MENU]),
    "htek": ("PhoneDirectory", [ENTRY, ENTRY, ENTRY]),
    "thomson": ("ThomsonPhoneBook", [ENTRY, ENTRY, ENTRY, ("MenuItem", ["Name", "URL"])]),
}  # fmt: skip


@pytest.mark.parametrize("vendor", SAMPLES)
def test_the_structure_is_that_of_the_makers_sample(vendor: str) -> None:
    assert form(shown(vendor, PAGE)) == SAMPLES[vendor]


def test_every_maker_is_tried() -> None:
    assert set(SAMPLES) | {"polycom"} == set(VENDORS)


def test_polycom_gets_a_page_for_its_browser() -> None:
    links = shown("polycom", PAGE).iter("{http://www.w3.org/1999/xhtml}a")
    assert [(one.text, one.get("href")) for one in links] == [
        ("Erika Müller (Büro)", "tel://003023125001"),
        ("Erika Müller (mobil)", "tel://001711234567"),
        ("Stadtwerke", "tel://0099998"),
        ("Weiter", FOLLOWING),
    ]


@pytest.mark.parametrize(
    ("vendor", "names", "numbers"),
    [
        ("yealink", "DirectoryEntry/Name", "DirectoryEntry/Telephone"),
        ("cisco", "DirectoryEntry/Name", "DirectoryEntry/Telephone"),
        ("htek", "DirectoryEntry/Name", "DirectoryEntry/Telephone"),
        ("thomson", "DirectoryEntry/Name", "DirectoryEntry/Telephone"),
        ("fanvil", "MenuItem/Prompt", "MenuItem/URI"),
    ],
)
def test_names_and_numbers_stand_where_they_belong(vendor: str, names: str, numbers: str) -> None:
    found = shown(vendor, PAGE)
    assert texts(found, numbers) == ["003023125001", "001711234567", "0099998"]
    one_each = ["Erika Müller (Büro)", "Erika Müller (mobil)", "Stadtwerke"]
    assert texts(found, names) == (["Erika Müller", "Stadtwerke"] if vendor == "yealink" else one_each)


def test_addresses_that_dial_have_the_makers_scheme() -> None:
    assert texts(shown("mitel", LAST), "MenuItem/URI") == ["Dial:0099998"]
    assert texts(shown("snom", LAST), "MenuItem/Url") == ["snom://mb_nop#numberdial=0099998"]


@pytest.mark.parametrize(
    ("vendor", "where"),
    [
        ("snom", "MenuItem[last()]/Url"), ("fanvil", "SoftKey[last()]/URI"), ("cisco", "SoftKeyItem[last()]/URL"),
        ("mitel", "MenuItem[last()]/URI"), ("thomson", "MenuItem[last()]/URL"),
    ],
)  # fmt: skip
def test_the_next_page_can_be_opened_and_the_last_has_none(vendor: str, where: str) -> None:
    assert texts(shown(vendor, PAGE), where) == [FOLLOWING]
    assert FOLLOWING.partition("?")[0] not in text(VENDORS[vendor].results(LAST, LINKS, GERMAN, 60)).decode()


def test_gigaset_is_told_which_entries_these_are() -> None:
    assert shown("gigaset", PAGE).attrib == {
        "response": "get_list", "type": "pr", "total": "-1", "first": "21", "last": "22",
    }  # fmt: skip
    assert shown("gigaset", LAST).attrib["total"] == "1"
    assert shown("gigaset", NOBODY).attrib == {"response": "get_list", "type": "pr", "total": "0", "notfound": "hm"}


@pytest.mark.parametrize("vendor", [name for name in VENDORS if name not in {"gigaset", "grandstream"}])
def test_nobody_is_said_where_nobody_is_found(vendor: str) -> None:
    assert "Kein Eintrag" in text(VENDORS[vendor].results(NOBODY, LINKS, GERMAN, 60)).decode()


@pytest.mark.parametrize(
    ("vendor", "sample"),
    [
        ("snom", ("SnomIPPhoneInput", INPUT)),
        ("fanvil", ("FanvilIPPhoneInputScreen", INPUT)),
        ("cisco", ("CiscoIPPhoneInput", INPUT)),
        ("mitel", ("AastraIPPhoneInputScreen @type", ["Title", "Prompt", "URL", "Parameter", "Default"])),
    ],
)
def test_a_telephone_that_asks_is_told_how(vendor: str, sample: object) -> None:
    prompt = VENDORS[vendor].prompt
    assert prompt is not None
    found = fromstring(text(prompt(LINKS, GERMAN)))
    assert form(found) == sample
    assert texts(found, "URL") == ["https://tel.example/api/v1/phonebook/x/lookup"]


def test_whole_files_have_the_makers_form() -> None:
    tbook = VENDORS["snom"].whole
    fanvil = VENDORS["fanvil"].whole
    assert tbook is not None
    assert fanvil is not None
    found = fromstring(text(tbook(PAGE, LINKS, GERMAN, 60)))
    assert found.attrib == {"e": "2", "version": "2.0"}
    assert [one.attrib for one in found.iter("number")][1] == {
        "no": "001711234567",
        "type": "mobile",
        "outgoing_id": "0",
    }
    assert [(one.findtext("first_name"), one.findtext("last_name")) for one in found] == [
        ("Erika", "Müller"),
        ("", "Stadtwerke"),
    ]
    found = fromstring(text(fanvil(PAGE, LINKS, GERMAN, 60)))
    assert form(found[0]) == ("DirectoryEntry", ["Name", "Telephone", "Mobile", "Other", "Ring", "Group"])
    assert [one.text for one in found[0]][1:3] == ["003023125001", "001711234567"]


HOSTILE = clean('"><Telephone>0190</Telephone>&quot;\x00\r\n${EPOCH}]]> \u202e 😀' + "A" * 4096)


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_hostile_name_is_text_and_nothing_else(vendor: str) -> None:
    page = Page(entries=[Entry(HOSTILE, HEAD.numbers), Entry(f"<&'\"{HOSTILE}", HEAD.numbers)], following=3)
    links = Links(base='https://tel.example/<x>&"', query="<&\"'", always={"key": "<&"})
    one = VENDORS[vendor]
    harmless = Page(entries=[HEAD, HEAD], following=3)
    assert form(fromstring(text(one.results(page, links, GERMAN, 40)))) == form(
        fromstring(text(one.results(harmless, links, GERMAN, 40)))
    )
    for whole in filter(None, [one.whole]):
        fromstring(text(whole(page, links, GERMAN, 40)))
    for prompt in filter(None, [one.prompt]):
        fromstring(text(prompt(links, GERMAN)))


# ---- Pages


def hits(*numbers_each: int) -> Sequence[Hit]:
    number = HitNumber(number="1", display="1")
    return [Hit(name=str(at), numbers=(number,) * many) for at, many in enumerate(numbers_each)]


@pytest.mark.parametrize(
    ("each", "most", "per_number", "shown_names", "following"),
    [
        ((1, 1, 1), 3, True, "012", None),
        ((1, 1, 1), 2, True, "01", 12),
        ((2, 2, 2), 4, True, "01", 12),
        ((2, 3, 1), 4, True, "0", 11),
        ((9, 1), 4, True, "0", 11),
        ((9, 1), 4, False, "01", None),
        ((0, 1, 0, 1), 4, True, "13", None),
        ((), 4, True, "", None),
    ],
)
def test_a_page_holds_what_fits(
    each: tuple[int, ...], most: int, *, per_number: bool, shown_names: str, following: int | None
) -> None:
    page = page_of(hits(*each), offset=10, most=most, per_number=per_number)
    assert "".join(entry.name for entry in page.entries) == shown_names
    assert page.following == following
    if per_number:
        assert len(lines_of(page.entries, GERMAN)) <= most


@pytest.mark.parametrize(
    ("name", "org", "parts"),
    [
        ("Erika Müller", "Stadt", ("Erika", "Müller")),
        ("Anna Lena Amsel", None, ("Anna Lena", "Amsel")),
        ("Stadtwerke", None, ("", "Stadtwerke")),
        ("Muster Bau GmbH", "Muster Bau GmbH", ("", "Muster Bau GmbH")),
        ("Stadtwerke (Durchwahl 12)", None, ("", "Stadtwerke (Durchwahl 12)")),
        ("Anna A / Ben B (+2)", None, ("", "Anna A / Ben B (+2)")),
    ],
)
def test_persons_have_a_first_and_a_last_name_others_have_not(
    name: str, org: str | None, parts: tuple[str, str]
) -> None:
    assert Entry(name, (), org).first_and_last() == parts


def test_words_are_in_the_language_of_the_site() -> None:
    assert (words_in("en_GB"), words_in("de"), words_in("fr")) == (ENGLISH, GERMAN, GERMAN)
