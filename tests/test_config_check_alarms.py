"""The configuration of alarms: what could call nobody is refused, in one sentence."""

from pathlib import Path

import pytest

from ami_bridge.config_file import load
from ami_bridge.errors import ConfigError

START = """
[people]
source = "file"
file = "staff.toml"
sign_in = "ldap"
[people.ldap]
url = "ldaps://ldap.example.org"
base = "dc=example"
[[pbx]]
id = "town"
secret = "s"
[pbx.questions]
secret = "s"
"""
RIGHT = """
[alarms]
media_dir = "media"
[[alarm_class]]
name = "machine"
[[ladder]]
name = "plant"
[[ladder.steps]]
who = ["duty"]
[[source]]
name = "sewage-plant"
token = "0123456789abcdef"
class = "machine"
"""
HASHED = f"sha1:{'0' * 16}:{'a' * 40}"
CALL = f"""
[[source]]
name = "b"
kind = "call"
[source.call]
extension = "190"
code = "{HASHED}"
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(START + text, encoding="utf-8")
    return path


def test_what_is_right_is_read_and_its_folder_is_beside_the_file(tmp_path: Path) -> None:
    config = load(write(tmp_path, RIGHT))
    assert config.alarms.media_dir == str(tmp_path.resolve() / "media")
    assert config.alarms.paths == ("",)
    assert config.source[0].alarm_class == "machine"


WRONG = [
    (RIGHT.replace('["duty"]', '["duty:10"]'), "[ladder.steps.who]", "nobody that could be called"),
    (RIGHT.replace('["duty"]', '["role:"]'), "[ladder.steps.who]", "nobody that could be called"),
    (RIGHT.replace('["duty"]', "[]"), "[ladder.steps.who]", "calls nobody"),
    (RIGHT.replace('who = ["duty"]', 'who = ["duty"]\nafter = 4000'), "[ladder.steps.after]", "0 to 3600"),
    (RIGHT.replace('name = "plant"', 'name = "other"'), "[alarm_class.ladder]", "no [[ladder]] named 'plant'"),
    (RIGHT.replace("0123456789abcdef", "short"), "[source.token_file]", "16 characters"),
    (RIGHT.replace('class = "machine"', 'class = "other"'), "[source.class]", "no [[alarm_class]]"),
    (RIGHT.replace('"sewage-plant"', '"sewage plant"'), "[source.name]", "1 to 60"),
    (RIGHT.replace('media_dir = "media"', ""), "[alarms.media_dir]", "is missing"),
    (RIGHT.replace('"media"', '"media"\nring_seconds = 90'), "[alarms.ring_seconds]", "90 is not 5 to 60"),
    (RIGHT.replace('"media"', '"media"\nchannels = 1'), "[alarms.own_lines_reserve]", "no line at all"),
    (RIGHT.replace('"media"', '"media"\npaths = ["a b"]'), "[alarms.paths]", "no name of a PJSIP endpoint"),
    (RIGHT.replace('"media"', '"media"\neveryone = ["role:"]'), "[alarms.everyone]", "neither a login"),
    (RIGHT.replace('"media"', '"media"\nmail_to = ["a@b"]'), "[alarms.mail_to]", "[mail.smtp]"),
    (RIGHT.replace('"machine"\n[[l', '"machine"\nquiet = "22:00-06:00"\n[[l'), "[alarm_class.quiet]", "ring at any"),
    (RIGHT + '[[source]]\nname = "b"\ntoken = "0123456789abcdef"\n', "[source.token_file]", "the same token"),
    (RIGHT + '[[source]]\nname = "b"\nkind = "mqtt"\n', "[source.mqtt]", "broker"),
    (
        RIGHT + '[[source]]\nname = "b"\nkind = "mqtt"\nmqtt = {url = "mqtt://broker.example", topic = "a/#"}\n',
        "[source.mqtt.url]",
        "mqtts://",
    ),
    (RIGHT.replace('"media"', '"media"\nmail_listen = "smtp://0.0.0.0:25"'), "[alarms.mail_listen]", "127.0.0.1"),
    (RIGHT.replace('class = "machine"', 'classes = ["other"]'), "[source.classes.other]", "no [[alarm_class]]"),
    (RIGHT + CALL.replace('extension = "190"', ""), "[source.call.extension]", "no extension"),
    (RIGHT + CALL.replace("190", "112"), "[source.call.extension]", "wants somebody else"),
    (RIGHT + CALL.replace(HASHED, "471100"), "[source.call.code_file]", "`ami-bridge alarm code`"),
    (RIGHT + CALL + f'end_code = "{HASHED[:-1]}"\n', "[source.call.end_code_file]", "`ami-bridge alarm code`"),
    (RIGHT + CALL.replace(f'code = "{HASHED}"', ""), "[source.call]", "a code, or devices"),
    (RIGHT + CALL + 'devices = ["a/b"]\n', "[source.call.devices]", "no name of a PJSIP endpoint"),
    (RIGHT + CALL + f"devices = {[one * 80 for one in 'abcd']}\n", "[source.call.devices]", "shared"),
    (RIGHT + CALL + 'end_extension = "190"\n', "[source.call.extension]", "stands twice"),
    (RIGHT + CALL + CALL.replace('"b"', '"c"'), "[source.call.extension]", "stands twice"),
    (RIGHT.replace('"media"', '"media"\nspeakers = ["Local/112@outside"]'), "[alarms.speakers]", "PJSIP/horn-1"),
    (RIGHT.replace('"media"', '"media"\nspeakers = ["multicast:10.0.0.1:5004"]'), "[alarms.speakers]", "239.1.2.3"),
    (RIGHT + '[alarms.tests]\nat = "someday"\n', "[alarms.tests.at]", "not like Wed 10:00"),
    (RIGHT + "[alarms.tests]\nto = []\n", "[alarms.tests.to]", "calls nobody"),
    (RIGHT + '[alarms.tests]\nto = ["role:"]\n', "[alarms.tests.to]", "neither everyone"),
    (RIGHT + "[alarms.tests]\nseconds = 5\n", "[alarms.tests.seconds]", "10 to 3600"),
    (RIGHT + '[[source]]\nname = "b"\nkind = "mail"\n', "[source.mail.address]", "address"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "key", "why"), WRONG)
def test_what_is_wrong_is_told_with_its_key(tmp_path: Path, text: str, key: str, why: str) -> None:
    with pytest.raises(ConfigError) as error:
        load(write(tmp_path, text))
    assert key in str(error.value)
    assert why in str(error.value)


WATCHED = RIGHT.replace('token = "0123456789abcdef"', 'kind = "{kind}"') + "[source.{kind}]\n"
MODBUS = (
    WATCHED.format(kind="modbus")
    + """
url = "modbus+insecure://10.0.0.5"
points.level = {read = "holding 3 float32", alarm = "> 80", normal = "< 75"}
"""
)
OPCUA = (
    WATCHED.format(kind="opcua")
    + """
url = "opc.tcp+insecure://10.0.0.5:4840"
points.level = {node = "ns=2;s=Level", alarm = "= FAULT"}
"""
)


def test_values_to_be_watched_are_read_and_their_files_are_beside_the_file(tmp_path: Path) -> None:
    assert load(write(tmp_path, MODBUS)).source[0].modbus.points["level"].normal == "< 75"
    for name in ("ours.der", "ours.pem", "theirs.der"):
        (tmp_path / name).write_bytes(b"")
    files = 'certificate = "ours.der"\nprivate_key = "ours.pem"\nserver_certificate = "theirs.der"\n'
    source = load(write(tmp_path, OPCUA.replace("+insecure", "") + files)).source[0]
    assert source.opcua.server_certificate == str(tmp_path.resolve() / "theirs.der")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        *(
            (MODBUS.replace("modbus+insecure://10.0.0.5", url), "[source.modbus.url]")
            for url in ("", "modbus://10.0.0.5", "modbus+insecure://", "modbus+insecure://x:0", "http://127.0.0.1")
        ),
        (MODBUS.replace("holding 3 float32", "holding 40001 float64"), "[source.modbus.points.level.read]"),
        (MODBUS.replace("holding 3 float32", "holding 65535 float32"), "[source.modbus.points.level.read]"),
        (MODBUS.replace("> 80", "= FAULT"), "[source.modbus.points.level.alarm]"),
        (MODBUS.replace("< 75", "75"), "[source.modbus.points.level.normal]"),
        (MODBUS.replace("points.level", 'points."a b"'), "[source.modbus.points]"),
        (MODBUS + "unit = 256", "[source.modbus.unit]"),
        (MODBUS + "every = 0.0", "[source.modbus.every]"),
        (MODBUS + "away_after = 1", "[source.modbus.away_after]"),
        (MODBUS + 'life = "counter"', "[source.modbus.life]"),
        (WATCHED.format(kind="modbus") + 'url = "modbus://localhost"', "[source.modbus.points]"),
        (OPCUA.replace("+insecure", ""), "[source.opcua.url]"),
        (OPCUA.replace("//", "//user:pw@"), "[source.opcua.url]"),
        (OPCUA.replace("ns=2;s=Level", "Level"), "[source.opcua.points.level.node]"),
        (OPCUA.replace("= FAULT", "> FAULT"), "[source.opcua.points.level.alarm]"),
        (OPCUA + 'certificate = "ours.der"', "[source.opcua.certificate]"),
        (
            OPCUA + 'certificate = "a"\nprivate_key = "b"\nserver_certificate = "c"',
            "there is no file",
        ),
    ],
)
def test_values_that_could_not_be_watched_are_refused(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(ConfigError) as told:
        load(write(tmp_path, text))
    assert why in str(told.value)
