"""Sources whose values we look at ourselves; what speaks with them is an extra, and read only where it is needed."""

from collections.abc import Callable, Mapping
from time import monotonic

from ami_bridge.alarms.sources.measured import Wish, condition
from ami_bridge.alarms.sources.watching import Gate, Known, Line, Troubles, Watch
from ami_bridge.config_alarms import Source
from ami_bridge.config_watched import ModbusPoint, OpcuaPoint
from ami_bridge.errors import ConfigError


def watch(
    source: Source,
    *,
    gate: Gate,
    known: Known,
    troubles: Troubles,
    language: str,
    monotonic: Callable[[], float] = monotonic,
) -> Watch:
    """Make what watches a source; raises ConfigError where its extra is not installed."""
    config = source.modbus if source.kind == "modbus" else source.opcua
    return Watch(
        source,
        line=_line(source),
        wishes=wishes(config.points, texts=source.kind == "opcua"),
        away_after=config.away_after,
        lives=bool(config.life),
        gate=gate,
        known=known,
        troubles=troubles,
        language=language,
        monotonic=monotonic,
    )


def wishes(points: Mapping[str, ModbusPoint] | Mapping[str, OpcuaPoint], *, texts: bool) -> dict[str, Wish]:
    """Return when each point is an alarm."""
    return {
        name: Wish(
            alarm=condition(point.alarm, texts=texts),
            normal=condition(point.normal, texts=texts) if point.normal else None,
        )
        for name, point in points.items()
    }


def _line(source: Source) -> Line:
    try:
        if source.kind == "modbus":
            from ami_bridge.alarms.sources.modbus import ModbusLine  # noqa: PLC0415 - an extra

            return ModbusLine(source.modbus)
        from ami_bridge.alarms.sources.opcua import OpcuaLine  # noqa: PLC0415 - an extra

        return OpcuaLine(source.opcua)
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"[source.kind]: {source.name} needs the extra {source.kind}: pip install 'ami-bridge[{source.kind}]'"
        ) from error
