"""What a service would not listen to, counted: most of it has no caller who would say so."""

from typing import Literal, get_args

from prometheus_client import CollectorRegistry, Counter

Reason = Literal[
    "no_key", "no_scope", "body_too_large", "body_too_slow", "body_cut_off", "head_too_large", "head_too_slow",
    "malformed", "too_many_connections", "reader_too_slow",
]  # fmt: skip


class Refused:
    """A counter of refusals on one registry; every reason stands at 0 from the start."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._counter = Counter(
            "bellwether_http_refused_total",
            "Requests and connections refused before anything of them was looked at, by reason",
            ["reason"],
            registry=registry,
        )
        for reason in get_args(Reason):
            self._counter.labels(reason)

    def count(self, reason: Reason) -> None:
        """One more."""
        self._counter.labels(reason).inc()
