"""When the process began: what tells a counter that starts anew from one that stands still."""

from prometheus_client import CollectorRegistry, Gauge

from shared.clock import WallClock


def show_start(registry: CollectorRegistry) -> None:
    """Show the present moment as the process' start, by the name that Prometheus' own collectors give it."""
    gauge = Gauge("process_start_time_seconds", "When the process began, in seconds since 1970", registry=registry)
    gauge.set(WallClock().now().timestamp())
