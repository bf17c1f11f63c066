import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ami_bridge.people.ldif import Entry, escape, group_in, read


def test_entries_are_read_as_ldapsearch_prints_them() -> None:
    text = (
        "# extended LDIF\n\ndn: uid=anna,dc=x\nuid: anna\ncn:: QW5uYSDDhG1zZWw=\ncn;lang-de: Anna\nmail:  a@x \n"
        "jpegPhoto:: /9j/\nphoto:< file:///etc/passwd\ndescription:\nno line at all\n\n"
        "# refldap://other/dc=x\n\n\ndn:: dWlkPWLDpG4sZGM9eA==\nUID: bän\n"
    )
    anna, ben = read(text)
    assert (anna.dn, anna.first("UID"), anna.all("cn"), anna.first("mail")) == (
        "uid=anna,dc=x",
        "anna",
        ["Anna Ämsel", "Anna"],
        "a@x",
    )
    assert (anna.first("description"), anna.first("jpegPhoto"), anna.first("photo"), anna.all("sn")) == (
        None,
        None,
        None,
        [],
    )
    assert ben == Entry("uid=bän,dc=x", {"uid": ["bän"]})
    assert list(read("")) == list(read("uid: x\n")) == []


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_value_becomes_another_line_or_entry(name: str, value: str) -> None:
    written = base64.b64encode(value.encode("utf-8", "replace")).decode()
    (entry,) = read(f"dn: uid=x\ncn:: {written}\nsn: y\n")
    assert entry.values.keys() <= {"cn", "sn"}
    assert entry.first("sn") == "y"
    assert set(escape(name)) & set("*()\0") == set()


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("anna", "anna"),
        ("*", r"\2a"),
        ("a)(uid=*", r"a\29\28uid=\2a"),
        ("a\\b\0", r"a\5cb\00"),
        ("bän", "bän"),
    ],
)
def test_a_value_means_itself_in_a_filter(value: str, written: str) -> None:
    assert escape(value) == written


@pytest.mark.parametrize(
    ("dn", "name"),
    [
        ("cn=Bauamt,ou=groups,dc=x", "Bauamt"),
        ("CN=Bau  und Planung,DC=x", "Bau und Planung"),
        (r"cn=Rufbereitschaft\, Nord,ou=groups", "Rufbereitschaft, Nord"),
        (r"cn=B\C3\BCrgerb\C3\BCro,dc=x", "Bürgerbüro"),
        (r"cn=a\+b\=c+uid=7,dc=x", "a+b=c"),
        (r"cn=\FF,dc=x", "\ufffd"),
        ("cn=,dc=x", ""),
        ("no name", ""),
        ("", ""),
        ("cn=x\\", "x"),
    ],
)
def test_a_group_is_called_by_the_first_part_of_its_name(dn: str, name: str) -> None:
    assert group_in(dn) == name
