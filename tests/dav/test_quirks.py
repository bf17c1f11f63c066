"""Servers that are known by their ways."""

import pytest

from ami_bridge.dav.quirks import is_ignored, mixes_everybody, quirks_of


@pytest.mark.parametrize(
    ("path", "token", "server"),
    [
        ("/egroupware/groupdav.php/anna/addressbook/", None, "EGroupware"),
        ("/remote.php/dav/addressbooks/users/anna/contacts/", "http://sabre.io/ns/sync/12", "Nextcloud"),
        ("/dav/addressbooks/anna/contacts/", "http://sabre.io/ns/sync/12", "Nextcloud"),
        ("/SOGo/dav/anna/Contacts/personal/", "1764000000", "SOGo"),
        ("/anna/stadt/", "http://radicale.org/ns/sync/" + "0" * 64, "Radicale"),
        ("/davical/caldav.php/anna/addresses/", "data:,1", "DAViCal"),
        ("/dav/addressbooks/user/anna/Default/", "1-2-3", "Cyrus"),
        ("/anna/contacts/addressbook/", "5e3f", ""),
    ],
)
def test_a_server_is_told_by_its_addresses_or_tokens(path: str, token: str | None, server: str) -> None:
    assert quirks_of(path, token).server == server


def test_books_that_nobody_keeps_and_books_of_everybody() -> None:
    users = "/remote.php/dav/addressbooks/users/anna"
    assert is_ignored(f"{users}/z-app-generated--contactsinteraction--recent/")
    assert not is_ignored(f"{users}/contacts/")
    assert mixes_everybody("/egroupware/groupdav.php/addressbook")
    assert not mixes_everybody("/egroupware/groupdav.php/anna/addressbook/")
    assert not mixes_everybody("/addressbook/")
