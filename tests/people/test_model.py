from msgspec import structs

from ami_bridge.people.model import People, Person, Wish, user_of

ANNA = Person(login="anna", name="Anna", extensions=("101", "100"), department="Bürgerbüro")
BEN = Person(login="ben", name="Ben", extensions=("100",))


def test_a_person_is_found_by_login_and_by_every_extension() -> None:
    people = People([ANNA, BEN])
    assert people.by_login("anna") is ANNA
    assert people.by_login("Anna") is None
    assert people.by_extension("101") == (ANNA,)
    assert people.by_extension("100") == (ANNA, BEN)
    assert people.by_extension("999") == ()
    assert people.all() == (ANNA, BEN)


def test_a_new_look_tells_whose_rights_changed() -> None:
    people = People([ANNA, BEN])
    renamed = structs.replace(ANNA, name="Anna A.", extensions=("100", "101"))
    assert people.replace([renamed, BEN]) == frozenset()
    assert people.replace([Person(login="anna", name="Anna", extensions=("101",)), BEN]) == {"anna"}
    assert people.replace([Person(login="anna", name="Anna", extensions=("101",), roles=("admin",))]) == {"anna", "ben"}
    assert people.by_extension("100") == ()
    assert people.replace([]) == {"anna"}


def test_another_group_is_another_right() -> None:
    people = People([ANNA, BEN])
    moved = structs.replace(ANNA, groups=("Bauamt", "Personalrat"))
    assert people.replace([moved, BEN]) == {"anna"}
    assert people.replace([structs.replace(moved, groups=("Personalrat", "Bauamt")), BEN]) == frozenset()


def test_private_names_are_on_no_display_until_wished() -> None:
    people = People([ANNA, BEN])
    assert not people.shows_private("anna")
    people.wished("anna", Wish(private_on_display=True))
    assert (people.shows_private("anna"), people.shows_private("ben")) == (True, False)
    people.replace([ANNA])
    assert people.shows_private("anna"), "a new staff book changes no wish"
    people.wished("anna", Wish())
    assert not people.shows_private("anna")


def test_an_extension_named_twice_is_one() -> None:
    assert len(People([Person(login="a", name="A", extensions=("1", "1"))]).by_extension("1")) == 1


def test_clients_are_not_told_the_mail_address() -> None:
    user = user_of(ANNA)
    assert (user.login, user.extensions, user.department) == ("anna", ("101", "100"), "Bürgerbüro")
    assert not hasattr(user, "email")
