"""What the types of the configuration cannot tell about sources by Modbus TCP and OPC UA."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from ami_bridge.config_watched import ModbusPoint, OpcuaPoint, SourceModbus, SourceOpcua

CONTROL = re.compile(r"[\x00-\x1f\x7f]")
POINT = re.compile(r"[A-Za-z0-9_.-]{1,60}")
NODE = re.compile(r"(?:ns=\d{1,5};|nsu=[^;]{1,200};)?(?:i=\d{1,10}|[sgb]=.{1,200})")
CONDITION = re.compile(r"(=|!=|<=|<|>=|>)\s*(\S(?:.{0,98}\S)?)")
READ = re.compile(
    r"(?:(?P<bits>coil|discrete)|(?P<words>input|holding)) (?P<at>\d{1,5})"
    r"(?(words)(?: (?:bit (?P<bit>\d{1,2})|(?P<kind>u?int16|u?int32|float32)))?)"
)
LAST_WORD, LAST_BIT = 0xFFFF, 15
MOST_UNIT = 255
SHORTEST, LONGEST = 0.1, 300.0
SHORTEST_AWAY, LONGEST_AWAY = 5.0, 3600.0

Complaints = Iterator[tuple[str, str]]


def of_modbus(name: str, modbus: SourceModbus) -> Complaints:
    """Say what is wrong with a controller."""
    if not _is_at(modbus.url, "modbus", {"modbus+insecure"}):
        yield "source.modbus.url", f"{name}: is not modbus+insecure://…, or modbus:// of this machine"
    if not 0 <= modbus.unit <= MOST_UNIT:
        yield "source.modbus.unit", f"{name}: {modbus.unit} is not 0 to {MOST_UNIT}"
    yield from _of_times(f"source.modbus@{name}", modbus.every, modbus.away_after)
    spots = {f"points.{key}.read": one.read for key, one in modbus.points.items()}
    for key, read in (spots | ({"life": modbus.life} if modbus.life else {})).items():
        if not _is_spot(read):
            yield f"source.modbus.{key}", f"{read!r} is not like coil 12, holding 3 bit 5 or input 4 float32"
    yield from _of_points("source.modbus", name, modbus.points, texts=False)


def of_opcua(name: str, opcua: SourceOpcua) -> Complaints:
    """Say what is wrong with a server."""
    files = (opcua.certificate, opcua.private_key, opcua.server_certificate)
    if any(files) and not all(files):
        yield "source.opcua.certificate", f"{name}: certificate, private_key and server_certificate go together"
    for file in (one for one in files if one and not Path(one).is_file()):
        yield "source.opcua.certificate", f"{name}: there is no file {file}"
    if not _is_at(opcua.url, "opc.tcp", {"opc.tcp+insecure"}, sealed=all(files)):
        yield (
            "source.opcua.url",
            f"{name}: is not opc.tcp:// with a certificate or of this machine, or opc.tcp+insecure://",
        )
    yield from _of_times(f"source.opcua@{name}", opcua.every, opcua.away_after)
    nodes = {f"points.{key}.node": one.node for key, one in opcua.points.items()}
    for key, node in (nodes | ({"life": opcua.life} if opcua.life else {})).items():
        if not NODE.fullmatch(node) or CONTROL.search(node):
            yield f"source.opcua.{key}", f"{node!r} is not like ns=2;s=Pump3.Fault"
    yield from _of_points("source.opcua", name, opcua.points, texts=True)


def _of_times(key: str, every: float, away_after: float) -> Complaints:
    section, _, name = key.partition("@")
    if not SHORTEST <= every <= LONGEST:
        yield f"{section}.every", f"{name}: {every} is not {SHORTEST} to {LONGEST} seconds"
    if not SHORTEST_AWAY <= away_after <= LONGEST_AWAY:
        yield f"{section}.away_after", f"{name}: {away_after} is not {SHORTEST_AWAY} to {LONGEST_AWAY} seconds"


def _of_points(section: str, name: str, points: Mapping[str, ModbusPoint | OpcuaPoint], *, texts: bool) -> Complaints:
    if not points:
        yield f"{section}.points", f"{name} has no value that could be an alarm"
    for key, point in points.items():
        if not POINT.fullmatch(key):
            yield f"{section}.points", f"{name}: {key!r} is not 1 to 60 of A-Z a-z 0-9 _ . -"
        for what, written in (("alarm", point.alarm), ("normal", point.normal)):
            if (written or what == "alarm") and not _is_condition(written, texts=texts):
                yield f"{section}.points.{key}.{what}", f"{written!r} is not like > 80"


def _is_condition(written: str, *, texts: bool) -> bool:
    found = CONDITION.fullmatch(written.strip())
    if found is None:
        return False
    how, what = found.groups()
    if what.casefold() in {"true", "false"}:
        return True
    try:
        return abs(float(what)) < float("inf")
    except ValueError:
        return texts and how in {"=", "!="}


def _is_spot(written: str) -> bool:
    found = READ.fullmatch(" ".join(written.split()))
    if found is None:
        return False
    wide = (found["kind"] or "").endswith("32")
    return int(found["at"]) + wide <= LAST_WORD and int(found["bit"] or 0) <= LAST_BIT


def _is_at(url: str, plain: str, aloud: set[str], *, sealed: bool = False) -> bool:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return False
    local = host in {"127.0.0.1", "::1", "localhost"}
    known = parts.scheme in aloud or (parts.scheme == plain and (local or sealed))
    return known and bool(host) and port != 0 and not CONTROL.search(url) and "@" not in parts.netloc
