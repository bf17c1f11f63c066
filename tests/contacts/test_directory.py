"""Names for numbers."""

import time
import timeit
from collections.abc import Iterable

import pytest
from msgspec import structs

from ami_bridge.config import OwnBlock, Site
from ami_bridge.contacts.directory import ANYBODY, Audience, Directory, Index
from ami_bridge.contacts.model import Contact, ContactNumber, Name
from ami_bridge.numbers import Number, Numbers
from ami_bridge.people.model import Person

NUMBERS = Numbers(Site(area_code="89", own_block=OwnBlock(prefix="+498999998", digits=3), outside_line="0"))
SHOP = "+493023125001"


def contact(name: str, *raws: str, org: str | None = None, kind: str = "work") -> Contact:
    found = [(raw, number) for raw in raws for number in NUMBERS.from_card(raw)]
    numbers = tuple(ContactNumber(raw=raw, e164=one.e164, exten=one.exten, kind=kind) for raw, one in found)
    return Contact(href=f"/{name}", name=name, org=org, numbers=numbers)


def directory(contacts: Iterable[Contact], persons: Iterable[Person] = ()) -> Directory:
    index = Index()
    for one in contacts:
        index.add(one, "Stadt")
    made = Directory({"600": "Bürgertelefon"}, own="Rathaus")
    made.replace(index)
    made.replace_people(persons)
    return made


def who(made: Directory, raw: str) -> Name | None:
    return made.lookup(NUMBERS.from_pbx(raw))


def test_an_exact_number_gives_its_name() -> None:
    made = directory([contact("Erika Muster", "030 / 231 25-001", org="Muster GmbH")])
    assert who(made, SHOP) == Name(
        name="Erika Muster", org="Muster GmbH", source="Stadt", kind="work", names=("Erika Muster",)
    )
    assert who(made, SHOP + "2") is None  # no guessing by the last digits
    assert who(made, SHOP[:-1]) is None
    assert who(made, "anonymous") is None
    assert made.lookup(None) is None
    assert made.lookup(Number()) is None


def test_our_own_people_come_first() -> None:
    anna = Person(login="anna", name="Anna Amsel", department="Bürgerbüro", extensions=("101", "171"))
    made = directory([contact("Somebody Else", "089 99998-101"), contact("Kopierraum", "188")], [anna])
    expected = Name(name="Anna Amsel", org="Bürgerbüro", source="Rathaus", reason="extension", names=("Anna Amsel",))
    assert who(made, "101") == who(made, "+498999998101") == who(made, "171") == expected
    assert who(made, "600") == Name(
        name="Bürgertelefon", source="Rathaus", reason="extension", names=("Bürgertelefon",)
    )
    found = who(made, "188")
    assert found is not None
    assert (found.name, found.reason) == ("Kopierraum", "exact")


def test_two_at_one_extension() -> None:
    made = directory([], [Person(login=one, name=one.title(), extensions=("101",)) for one in ("anna", "ben")])
    found = who(made, "101")
    assert found is not None
    assert (found.name, found.matches) == ("Anna / Ben", 2)


def test_several_of_one_company_are_the_company() -> None:
    made = directory(
        [
            contact("A", SHOP, org="Muster GmbH"),
            contact("B", SHOP, org="MUSTER GmbH"),
            contact("C", SHOP, org="Muster GmbH"),
        ]
    )
    assert who(made, SHOP) == Name(
        name="Muster GmbH",
        org="Muster GmbH",
        source="Stadt",
        kind="work",
        matches=3,
        names=("A", "B", "C"),
        refs=("",) * 3,
    )


def test_several_strangers_stand_side_by_side() -> None:
    assert who(directory([contact("Anna", SHOP), contact("Ben", SHOP)]), SHOP) == Name(
        name="Anna / Ben", source="Stadt", kind="work", matches=2, names=("Anna", "Ben"), refs=("", "")
    )
    many = directory([contact(name, SHOP, org=name) for name in ("Anna", "Ben", "Carla", "Dieter")])
    found = who(many, SHOP)
    assert found is not None
    assert (found.name, found.org, found.matches) == ("Anna / Ben (+2)", None, 4)
    found = who(directory([contact("A" * 60, SHOP), contact("B" * 60, SHOP), contact("C", SHOP)]), SHOP)
    assert found is not None
    assert len(found.name) <= 60
    assert "A / B" in found.name
    assert found.name.endswith(" (+1)")


def test_the_same_person_in_two_books_counts_once() -> None:
    found = who(directory([contact("Anna", SHOP, SHOP), contact("anna", SHOP)]), SHOP)
    assert found is not None
    assert (found.name, found.matches) == ("Anna", 1)


def test_whose_assistant_it_is_comes_last() -> None:
    chief = contact("Chief", SHOP, kind="assistant")
    assistant = contact("Assistant", SHOP)
    for order in ([chief, assistant], [assistant, chief]):
        found = who(directory(order), SHOP)
        assert found is not None
        assert found.name == "Assistant / Chief"
    found = who(directory([chief]), SHOP)
    assert found is not None
    assert found.name == "Chief"


def test_names_are_cleaned_when_they_come_in() -> None:
    found = who(directory([contact('Er"ika\r\nEvent: x\u202e', SHOP, org="<b>\x00")]), SHOP)
    assert found is not None
    assert (found.name, found.org) == ("Erika Event: x", "b")
    assert who(directory([contact("\u202e", SHOP)]), SHOP) is None


def test_a_number_that_everybody_has_ends_too() -> None:
    found = who(directory(contact(f"N{n}", SHOP) for n in range(2_000)), SHOP)
    assert found is not None
    assert found.name == "N0 / N1 (+97)"


def test_a_new_generation_replaces_the_old_one_at_once() -> None:
    made = directory([contact("Anna", SHOP)])
    made.replace(Index())
    assert who(made, SHOP) is None


@pytest.mark.alone
def test_a_million_questions_a_second() -> None:
    index = Index()
    for n in range(100_000):
        number = ContactNumber(raw="", e164=f"+4930{n:07d}", kind="work")
        index.add(Contact(href=str(n), name=f"Name {n}", numbers=(number,)), "Stadt")
    made = Directory()
    made.replace(index)
    asked = [Number(e164=f"+4930{n:07d}") for n in range(0, 200_000, 20)]
    ask = timeit.Timer(lambda: [made.lookup(number) for number in asked], timer=time.thread_time)
    each = min(ask.repeat(number=10, repeat=5)) / (10 * len(asked))
    assert each < 4e-6, f"{1 / each:,.0f}/s"  # more than 1 M/s on an idle machine; the limit is for a busy one


def house(name: str, *raws: str, org: str | None = None, kind: str = "work") -> Contact:
    """Make a contact as the sync does: with what the spellings say of the house."""
    company = bool(org) and not name
    numbers = tuple(
        ContactNumber(raw, one.e164, one.exten, kind, one.stem, one.rule)
        for raw in raws
        for one in NUMBERS.written(raw, company=company)
    )
    return Contact(href=f"/{name}{org}", name=name or org or "", org=org, company=company, numbers=numbers)


def shown(contacts: Iterable[Contact], raw: str) -> tuple[str, str] | None:
    found = who(directory(contacts), raw)
    return (found.name, found.reason) if found else None


DIRECT = "09142 9600123"


@pytest.mark.parametrize("raw", ["09142/9600-0", "09142 9600 0", "09142 9600*", "+49 (0) 9142 9600-0 App. 5"])
def test_direct_dialling_is_named_by_the_head_number(raw: str) -> None:
    assert shown([house("Erika", raw, org="Stadtwerke")], DIRECT) == ("Stadtwerke (Durchwahl 123)", "stem")
    assert shown([house("Erika", raw, org="Stadtwerke")], "09142 9600012") == ("Stadtwerke (Durchwahl 012)", "stem")


def test_two_of_one_house_make_it_known() -> None:
    erika, max_ = (house(name, f"09142 9600-{n}", org="Stadtwerke") for n, name in ((12, "Erika"), (13, "Max")))
    assert shown([erika, max_], DIRECT) == ("Stadtwerke (Durchwahl 123)", "stem")
    assert shown([erika], DIRECT) is None  # one alone may be anybody
    assert shown([erika, house("Max", "09142 9600-13", org="Another")], DIRECT) is None
    assert shown([erika, max_], "09142 960012") == ("Erika", "exact")  # exact beats stem


def test_a_company_with_a_bare_number_may_be_the_house() -> None:
    assert shown([house("", "09142 9600", org="Stadtwerke")], DIRECT) == ("Stadtwerke?", "head")
    assert shown([house("Erika", "09142 9600", org="Stadtwerke")], DIRECT) is None
    both = [house("", "09142 9600", org="Perhaps"), house("Max", "09142 9600-0", org="For sure")]
    assert shown(both, DIRECT) == shown(both[::-1], DIRECT) == ("For sure (Durchwahl 123)", "stem")


def test_the_longest_stem_wins() -> None:
    both = [house("", "09142 9600-0", org="Park"), house("", "09142 96001-0", org="Firma im Park")]
    assert shown(both, DIRECT) == ("Firma im Park (Durchwahl 23)", "stem")


def test_several_houses_with_one_head_number_stand_side_by_side() -> None:
    found = who(directory([house("", "09142 9600-0", org=org) for org in ("Amt", "Bad", "Chor", "amt")]), DIRECT)
    assert found is not None
    assert (found.name, found.matches, found.names) == ("Amt / Bad (+1) (Durchwahl 123)", 3, ("Amt", "Bad", "Chor"))


@pytest.mark.parametrize(
    "contact_",
    [
        house("Erika", "09142 9600-0"),  # a private person
        house("Erika", "09142 9600-0", org="Stadtwerke", kind="home"),
        house("Erika", "0171 9600-0", org="Stadtwerke"),
        house("", "0171 9600123", org="Stadtwerke"),
    ],
)
def test_who_never_stands_for_others(contact_: Contact) -> None:
    assert shown([contact_], DIRECT) is None
    assert shown([contact_], "0171 9600 555") is None


def test_no_extension_is_longer_than_five_digits_and_no_number_than_thirteen() -> None:
    one = [house("", "09142 9600-0", org="Stadtwerke")]
    assert shown(one, "09142 960012345") is not None
    assert shown(one, "09142 9600123456") is None
    long = [house("", "09142 96001234-0", org="Stadtwerke")]
    assert shown(long, "09142 960012345") is not None
    assert shown(long, "09142 96001234567") is None


def test_each_reader_sees_what_they_may() -> None:
    index = Index()
    index.add(contact("Shared", SHOP), "Stadt")
    group, own = Index(), Index()
    group.add(contact("Of the group", SHOP, SHOP + "9"), "Bauamt")
    own.add(contact("My own", SHOP, SHOP + "8"), "Anna")
    made = Directory({"600": "Bürgertelefon"})
    made.replace(index)
    made.replace(group, "group:bauamt")
    made.replace(own, "owner:anna")
    readers = [ANYBODY, Audience(groups=("bauamt",)), Audience(groups=("bauamt",), owner="anna"), Audience(owner="ben")]

    def all_see(raw: str) -> list[str | None]:
        found = [made.lookup(NUMBERS.from_pbx(raw), reader) for reader in readers]
        return [name.name if name else None for name in found]

    assert all_see(SHOP) == ["Shared", "Of the group", "My own", "Shared"]
    assert all_see(SHOP + "9") == [None, "Of the group", "Of the group", None]
    assert all_see(SHOP + "8") == [None, None, "My own", None]
    assert all_see("600") == ["Bürgertelefon"] * 4
    why = made.explain(NUMBERS.from_pbx(SHOP), readers[2])
    assert [(step.place, [name.name for name in step.found]) for step in why.steps] == [
        ("owner:anna", ["My own"]),
        ("group:bauamt", ["Of the group"]),
        ("shared", ["Shared"]),
    ]
    made.drop("owner:anna")
    assert all_see(SHOP) == ["Shared", "Of the group", "Of the group", "Shared"]
    assert made.scopes() == ("shared", "group:bauamt")


def test_a_choice_is_the_readers_own() -> None:
    index = Index()
    for n, name in enumerate(("Anna", "Ben"), 1):
        index.add(structs.replace(contact(name, SHOP), id=n), "Stadt")
    made = Directory()
    made.replace(index)
    number, carla = NUMBERS.from_pbx(SHOP), Audience(owner="carla")
    found = made.lookup(number, carla)
    assert found is not None
    assert (found.name, found.refs) == ("Anna / Ben", ("1", "2"))
    made.choose("carla", SHOP, "2")
    found = made.lookup(number, carla)
    assert found is not None
    assert (found.name, found.reason, found.matches, found.names) == ("Ben", "choice", 2, ("Anna", "Ben"))
    other = made.lookup(number, Audience(owner="dora"))
    assert other is not None
    assert other.name == "Anna / Ben"
    made.choose("carla", SHOP, "77")  # a contact that is gone
    assert made.lookup(number, carla) == other
    made.choose("carla", SHOP, None)
    assert made.choices("carla") == {}


def test_a_seat_has_the_name_of_who_sits_there() -> None:
    eva = Person(login="eva", name="Eva Eule", extensions=("105",))
    ben = Person(login="ben", name="Ben Biber", extensions=("105", "102"))
    made = directory([], [eva])
    made.seat({"105": ben, "600": ben})
    for raw in ("105", "+498999998105", "600"):
        assert (name := who(made, raw)) is not None
        assert (name.name, name.matches) == ("Ben Biber", 1)
    assert who(made, "102") is None, "own extensions are the staff book's business"
    made.replace_people([eva])
    assert (name := who(made, "105")) is not None
    assert name.name == "Ben Biber", "a look at the staff book moves nobody"
    made.seat({})
    assert [name and name.name for name in (who(made, "105"), who(made, "600"))] == ["Eva Eule", "Bürgertelefon"]
