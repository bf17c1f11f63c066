"""The sections of the configuration about sources whose values we look at ourselves: Modbus TCP and OPC UA."""

from typing import Literal

from ami_bridge.config_section import Section


class ModbusPoint(Section, frozen=True, kw_only=True):
    """A value that is read, and when it is an alarm."""

    read: str
    """`coil 12`, `discrete 12`, `input 3`, `holding 3 bit 5`, `holding 3 int16`, `holding 4 float32`; from 0 on."""
    alarm: str = "!= 0"
    """When it is one: `=`, `!=`, `<`, `<=`, `>` or `>=`, and a number."""
    normal: str = ""
    """When it is over; empty: as soon as it is no alarm any more."""


class SourceModbus(Section, frozen=True, kw_only=True):
    """A controller that is asked by Modbus TCP."""

    url: str = ""
    """`modbus+insecure://HOST` says aloud that anybody on the wire may read and write; `modbus://` this machine."""
    unit: int = 1
    every: float = 2.0
    """Seconds between two looks at all values."""
    away_after: float = 30.0
    """Seconds without an answer until that is an alarm of its own."""
    word_order: Literal["big", "little"] = "big"
    """Which half of a number of 32 bits comes first."""
    life: str = ""
    """A counter that must go on, written like `read`: only its change is a sign of life. Empty: every answer is one."""
    points: dict[str, ModbusPoint] = {}


class OpcuaPoint(Section, frozen=True, kw_only=True):
    """A value that is followed, and when it is an alarm."""

    node: str
    """Such as `ns=2;s=Pump3.Fault`, or with the namespace's own name `nsu=http://…;s=Pump3.Fault`."""
    alarm: str = "!= 0"
    """As with Modbus; `=` and `!=` also take a text."""
    normal: str = ""


class SourceOpcua(Section, frozen=True, kw_only=True):
    """A server of OPC UA whose values we follow."""

    url: str = ""
    """`opc.tcp://HOST:4840/…`; without a certificate on this machine only, else `opc.tcp+insecure://` says it aloud."""
    user: str = ""
    password: str = ""
    password_file: str = ""
    certificate: str = ""
    private_key: str = ""
    """Files of what we show to the server; then all is signed and encrypted (Basic256Sha256)."""
    server_certificate: str = ""
    """File of the server's certificate: no other is believed."""
    every: float = 0.5
    """Seconds between two looks that the server takes at its values."""
    away_after: float = 30.0
    life: str = ""
    """Node of a counter that must go on: only its change is a sign of life."""
    points: dict[str, OpcuaPoint] = {}
