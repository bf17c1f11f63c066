"""Figures for Prometheus, read where they are when somebody asks; none names a person or a number."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Literal

from msgspec import Struct, field
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ami_bridge import __version__

NO_LABELS: Mapping[str, str] = MappingProxyType({})
PREFIX = "ami_bridge_"


class Figure(Struct, frozen=True, kw_only=True):
    """One figure: what it is called and means, and where it is read."""

    name: str
    """Without the prefix; a counter's ends in `_total`."""
    meaning: str
    read: Callable[[], float | None]
    """Returns at once; None where there is no figure yet."""
    kind: Literal["gauge", "counter"] = "gauge"
    labels: Mapping[str, str] = field(default_factory=lambda: NO_LABELS)


class Figures(Collector):
    """Reads all figures for one answer."""

    def __init__(self, figures: Iterable[Figure]) -> None:
        self._figures = tuple(figures)

    def collect(self) -> Iterator[Metric]:
        """Give each figure that there is."""
        for one in self._figures:
            family = (CounterMetricFamily if one.kind == "counter" else GaugeMetricFamily)(
                PREFIX + one.name, one.meaning, labels=tuple(one.labels)
            )
            if (value := one.read()) is not None:
                family.add_metric(tuple(one.labels.values()), value)
                yield family

    def describe(self) -> Iterator[Metric]:
        """Read nothing while it is registered."""
        yield from ()


def registry(figures: Iterable[Figure]) -> CollectorRegistry:
    """Make a registry of one daemon's own: these figures, the build, and the process."""
    build = Figure(name="build_info", meaning="Which version runs", read=lambda: 1.0, labels={"version": __version__})
    made = CollectorRegistry()
    made.register(Figures([build, *figures]))
    for about in (ProcessCollector, PlatformCollector, GCCollector):
        about(registry=made)
    return made
