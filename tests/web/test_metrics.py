"""Figures are read when they are asked for, and a daemon has its own."""

from prometheus_client.exposition import generate_latest

from ami_bridge import __version__
from ami_bridge.web.metrics import Figure, registry


def test_figures_are_read_when_they_are_asked_for() -> None:
    heard = 3.0
    made = registry(
        [
            Figure(name="heard_total", meaning="Heard", read=lambda: heard, kind="counter", labels={"pbx": "town"}),
            Figure(name="clients", meaning="Connected", read=lambda: 2),
            Figure(name="never", meaning="Not yet", read=lambda: None),
        ]
    )
    assert 'ami_bridge_heard_total{pbx="town"} 3.0' in generate_latest(made).decode()
    heard = 4.0
    told = generate_latest(made).decode()
    assert 'ami_bridge_heard_total{pbx="town"} 4.0' in told
    assert "# TYPE ami_bridge_heard_total counter" in told
    assert "ami_bridge_clients 2.0" in told
    assert f'ami_bridge_build_info{{version="{__version__}"}} 1.0' in told
    assert "process_resident_memory_bytes" in told
    assert "ami_bridge_never" not in told


def test_two_daemons_in_one_process_have_a_registry_each() -> None:
    first, second = registry([]), registry([Figure(name="clients", meaning="Connected", read=lambda: 1)])
    assert "ami_bridge_clients" not in generate_latest(first).decode()
    assert "ami_bridge_clients 1.0" in generate_latest(second).decode()
