"""What types cannot tell of a configuration is told before anything starts, by `run` as by `check-config`."""

from pathlib import Path

import pytest

from ami_bridge.cli import main
from tests.test_config import RIGHT

PBX = 'secret = "manager"'
GROUPWARE = 'url = "https://groupware.example"'

MISTAKES = [
    (PBX, f"{PBX}\nport = 99999", "[pbx.port]: 99999 is not 1 to 65535"),
    (PBX, f"{PBX}\nport = 0", "[pbx.port]: 0"),
    (PBX, f"{PBX}\nhost = ''", "[pbx.host]: must be one line"),
    (PBX, f'{PBX}\nuser = "a\\nAction: x"', "[pbx.user]: must be one line"),
    (PBX, 'secret = "manager\\r\\nx"', "[pbx.secret]: must be one line"),
    (PBX, f'{PBX}\nhints = ""', "[pbx.hints]: '' is no name of a context"),
    (PBX, f"{PBX}\nping_every = nan", "[pbx.ping_every of rathaus]: nan"),
    ('secret = "dialplan"', 'secret = "dial\\nplan"', "[pbx.questions.secret]: must be one line"),
    (
        'secret = "dialplan"',
        'secret = "dialplan"\nlisten = "http://127.0.0.1:8088"',
        "[pbx.questions.listen]: http://127.0.0.1:8088 is where [web.listen] is",
    ),
    (
        'secret = "dialplan"',
        'secret = "dialplan"\nlisten = "http+insecure://0.0.0.0:8088"',
        "[pbx.questions.listen]: http+insecure://0.0.0.0:8088 is where",
    ),
    ("", "[dialling]\nallow = ['everything']", "[dialling.allow[0]]: Invalid enum value 'everything'"),
    ("", "[dialling]\nring_seconds = 600", "[dialling.ring_seconds]: 600 is not 5 to 120 seconds"),
    ("", "[dialling]\nburst = 1", "[dialling.burst]: 1 is not 2 to"),
    ("", "[dialling]\nper_person = { minute = -1, day = 1 }", "[dialling.per_person.minute]: -1 is not 0 to"),
    ("", "[dialling]\nin_total = { minute = 1 }", "[dialling.in_total]: Object missing required field `day`"),
    ("", "[dialling]\nhours = 'nine to five'", "[dialling.hours]: 'nine to five' is not like 06:00-20:00"),
    (
        "",
        "[dialling]\nauto_answer = { '101' = 'snom' }",
        "[dialling.auto_answer]: '101' is not a device like PJSIP/101",
    ),
    ("", "[dialling]\nauto_answer = { 'PJSIP/101' = 'x' }", "[dialling.auto_answer"),
    (
        "",
        "[dialling]\npages = ['https://x.example/dial']",
        "[dialling.pages]: 'https://x.example/dial' is not https://HOST",
    ),
    ("", "[rooms]\ncalendar = 'tk'", "[rooms.calendar]: there are no rooms without [rooms.numbers]"),
    ("", "[rooms]\nnumbers = '8000-8999'\ncalendar = 'tk'", "[rooms.calendar_owner]: is missing"),
    ("", "[rooms]\nnumbers = '8000-8999'\ninvited = 'tk'", "[rooms.address]: is missing"),
    (
        "",
        "[rooms]\nnumbers = '8000-8999'\ninvited = 'tk'\naddress = 'k@x.org'",
        "[mail.smtp]: is missing: organizers are told",
    ),
    ("", "[rooms.account]\nuser = 'x'", "[rooms.account.user]: user and password_file belong together"),
    ("", "[rooms]\nlines = -1", "[rooms.lines]: -1 is not 0 to"),
    ("", "[rooms]\nlines_each = 0", "[rooms.lines_each]: 0 is not 1 to"),
    ("", "[rooms]\nlook_every = 0.1", "[rooms.look_every]: 0.1 is not 1 to 600"),
    ("", "[mail]\nsmtp = 'mail.example'", "[mail.smtp]: is not smtps://HOST"),
    ("", "[mail]\nsmtp = 'smtp://mail.example'", "[mail.from]: is missing"),
    ("", "[web]\norigin = 'http://x:99999'", "[web.origin]: 'http://x:99999' is not https://HOST"),
    ("", "[web]\norigin = 'http://x:0'", "[web.origin]"),
    ("", "[web]\norigin = 'cti.example'", "[web.origin]"),
    ("", "[web]\norigin = 'cti.example:80'", "[web.origin]"),
    ("", "[web]\norigin = 'https://cti.example/cti'", "[web.origin]"),
    ("", "[web]\norigin = 'https://cti.example?a=b'", "[web.origin]"),
    ("", "[web]\norigin = 'https://anna@cti.example'", "[web.origin]"),
    ("", "[web]\nsession_hours = 1e12", "[web.session_hours]: 1e+12 is not 0.01 to 8760 hours"),
    (GROUPWARE, "url = 'ftp://anna:secret@x'", "[groupware.url]: is not https://HOST/"),
    (GROUPWARE, "url = 'https://'", "[groupware.url]"),
    (GROUPWARE, f'{GROUPWARE}\nuser = "a\\nb"', "[groupware.user]: must be one line"),
    (GROUPWARE, f"{GROUPWARE}\nsync_every = 0.001", "[groupware.sync_every]: 0.001 is not 1 to"),
    ("", "[[book]]\npath = 'x'\nscope = 'grup:it'", "[book.scope]: 'grup:it' of x is neither shared nor group:NAME"),
    ("", "[[book]]\npath = 'x'\nscope = 'group: '", "[book.scope]"),
    ("", "[people]\nroles = { anna = ['amdin'] }", "[people.roles.anna]: 'amdin' is none of user, switchboard, plant"),
    (
        "",
        "[people]\nroles = { 'team:it' = ['admin'] }",
        "[people.roles.team:it]: this is neither a login nor department:",
    ),
    ("", "[people]\nroles = { 'group: ' = ['admin'] }", "[people.roles.group: ]"),
    ("", "[dialling]\nallow_for = { 'dept:it' = [] }", "[dialling.allow_for.dept:it]: this is neither a login nor"),
    ("", "[people]\nsource = 'file'", "[people.file]: is missing"),
    ("", "[people]\nsource = 'ldap'\nbook = 'staff'", '[people.book]: is not read with source = "ldap"'),
    ("", "[people]\nsource = 'nis'", "[people.source]"),
    ("", "[people]\nsign_in = 'ldap'", "[people.ldap.url]: is not ldaps://HOST"),
    *(
        ("", f"[people]\nsign_in = 'ldap'\n[people.ldap]\nurl = '{url}'\nbase = 'dc=x'", "[people.ldap.url]")
        for url in ("http://x", "ldap://", "ldaps://a b", "ldap://x/dc=y", "ldap://x?y", "ldap://x ldap://y")
    ),
    *(
        ("", f"[people]\nsource = 'ldap'\n[people.ldap]\nurl = 'ldaps://x'\nbase = 'dc=x'\n{key} = {value}", said)
        for key, value, said in (
            ("filter", "'uid=*'", "[people.ldap.filter]: 'uid=*' is not a filter in brackets"),
            ("login", "'-x'", "[people.ldap.login]: '-x' is no attribute"),
            ("login", "'uid)(x'", "[people.ldap.login]"),
            ("department", "''", "[people.ldap.department]"),
            ("user", "'cn=x'", "[people.ldap.user]: user and password_file belong together"),
            ("password", "'x'", "[people.ldap.user]: user and password_file belong together"),
            ("user", '"a\\nb"\npassword = "x"', "[people.ldap.user]: must be one line"),
        )
    ),
    ("", "[[seat]]\nid = ''\nextension = '150'", "[seat.id]: '' is not 1 to 100"),
    ("", "[[seat]]\nid = 's'\nextension = '15o'", "[seat.extension]: '15o' is not 1 to 32"),
    ("", "[[seat]]\nid = 's'\nextension = '1'\nallow = ['room:1']", "[seat.allow]: this is neither a login nor"),
    *(
        ("", f"[[seat]]\nid = 'a'\nextension = '1'\nhosts = ['pc']\n[[seat]]\n{other}", said)
        for other, said in (
            ("id = 'a'\nextension = '2'", "[seat.id]: 'a' stands at two seats"),
            ("id = 'b'\nextension = '1'", "[seat.extension]: '1' stands at two seats"),
            ("id = 'b'\nextension = '2'\nhosts = ['PC']", "[seat.hosts]: 'pc' stands at two seats"),
        )
    ),
    *(
        ("", f"[[pickup]]\n{group}", said)
        for group, said in (
            ("name = ' '\nwho = ['anna']", "[pickup.name]: ' ' is empty"),
            ("name = 'a'\nwho = ['anna']\n[[pickup]]\nname = 'a'\nwho = ['ben']", "[pickup.name]: 'a' is empty, or"),
            ("name = 'a'\nwho = []", "[pickup.who]: nobody is in a"),
            ("name = 'a'\nwho = ['dept:x']", "[pickup.who]: a: this is neither a login nor department:NAME"),
            ("name = 'a'\nwho = ['x']\nof = ['group: ']", "[pickup.of]: a: this is neither a login nor"),
        )
    ),
    *(
        ("", f"[[phone]]\n{phone}", said)
        for phone, said in (
            ("device = '101'", "[phone.device]: '101' is no device like PJSIP/101"),
            ("device = 'PJSIP/1'\n[[phone]]\ndevice = 'PJSIP/1'", "[phone.device]: 'PJSIP/1' is no device"),
            ("device = 'PJSIP/1'\ndriver = 'nokia'", "[phone[0].driver]"),
            ("device = 'PJSIP/1'\ndriver = 'snom'", "[phone.address]: the driver of PJSIP/1 needs http://HOST"),
            *(
                (f"device = 'PJSIP/1'\ndriver = 'snom'\naddress = '{address}'", "[phone.address]")
                for address in ("10.0.0.1", "ftp://10.0.0.1", "http://10.0.0.1/x", "http://a:b@10.0.0.1", "http://")
            ),
            (
                "device = 'PJSIP/1'\ndriver = 'snom'\naddress = 'http://10.0.0.1'\nuser = \"a\\nb\"",
                "[phone.password]: user and password of PJSIP/1 must be one line",
            ),
        )
    ),
    ("", "[people]\nextensions = { anna = ['101 '] }", "[people.extensions.anna]: '101 ' is not 1 to 32"),
    ("", "[people]\nextensions = { anna = [''] }", "[people.extensions.anna]"),
    ("", "[site]\ncountry = 'XX'", "[site.country]: 'XX' is no country"),
    ("", "[site]\narea_code = 'abc'", "[site.area_code]: 'abc' is not made of digits"),
    ("", "[site]\noutside_line = 'o'", "[site.outside_line]"),
    ("", "[site]\nown_block = { prefix = '+49899999', digits = 99 }", "[site.own_block]"),
    ("", "[control]\nsocket = '/nowhere/here/c.sock'", "[control.socket]: the folder /nowhere/here is not there"),
    ("", "[phonebook]\nldap = '/nowhere/here/l.sock'", "[phonebook.ldap]: the folder /nowhere/here is not there"),
    ("", "[database]\nurl = 'mysql://x/y'", "[database.url]"),
]


@pytest.mark.parametrize("command", ["check-config", "run"])
@pytest.mark.parametrize(("right", "wrong", "said"), MISTAKES)
def test_a_mistake_is_one_sentence_and_nothing_is_started(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, right: str, wrong: str, said: str
) -> None:
    file = tmp_path / "config.toml"
    file.write_text(RIGHT.replace(right, wrong) if right else f"{RIGHT}\n{wrong}\n", encoding="utf-8")
    with pytest.raises(SystemExit) as left:
        main([command, "--config", str(file)])
    assert left.value.code == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"ami-bridge: {file}: {said}"), err
    assert err.count("\n") == 1
    assert "manager" not in err.replace("alarm-manager", "")
    assert "secret@" not in err
    assert [*tmp_path.iterdir()] == [file]


@pytest.mark.parametrize(
    "fine",
    [
        "[web]\norigin = 'https://cti.example/'",
        "[web]\norigin = 'http://127.0.0.1:8088'",
        "[[book]]\npath = 'x'\nscope = 'group:Bauamt'",
        "[people]\nroles = { anna = ['user', 'switchboard', 'plant', 'alarm-manager', 'admin', 'auditor'] }",
        "[people]\nextensions = { anna = ['101', '*21#', '+498999998101'] }",
        "[site]\ncountry = 'at'\narea_code = '01'",
        "[dialling]\nallow = ['internal']\nallow_for = { 'department:Bauamt' = ['international'], anna = [] }",
        "[dialling]\nhours = '00:00-24:00'\nper_person = { minute = 0, day = 0 }\npages = ['https://x.example:8443']",
        "[dialling]\nauto_answer = { 'PJSIP/101' = 'standard' }",
        "[[pickup]]\nname = 'Haus'\nwho = ['anna', 'department:Bürgerbüro', 'group:Personalrat']",
        "[[phone]]\ndevice = 'PJSIP/101'\ndriver = 'yealink'\naddress = 'https://10.0.0.1'\nuser = 'a'",
    ],
)
def test_what_is_right_is_taken(tmp_path: Path, fine: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(f"{RIGHT}\n{fine}\n", encoding="utf-8")
    with pytest.raises(SystemExit) as left:
        main(["check-config", "--config", str(file)])
    assert left.value.code == 0
