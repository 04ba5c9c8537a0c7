"""An embedded Kafka-protocol broker: librdkafka's mock cluster, from the confluent-kafka wheel.

It is lossy by design: everything is in memory, about 5 MB a partition, oldest dropped first. One member per group, no
admin API, topics appear on first use with 4 partitions, transactions are not real. For trying and for tests, never
for production. It is a process of its own (`python -m deploy.local.broker`): its threads share nobody's interpreter.
"""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from confluent_kafka import Producer

from deploy.local import processes

NOTICE = (
    "embedded broker: in memory, drops the oldest records beyond a few megabytes a partition; for trying and tests only"
)
START_SECONDS = 15.0
_ADDRESS = "bootstrap "


def serve() -> None:
    """Run the broker until SIGTERM; says its address on standard output."""
    cluster = Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "unused", "log_level": 3})
    broker = next(iter(cluster.list_topics(timeout=START_SECONDS).brokers.values()))
    sys.stdout.write(f"{NOTICE}\n{_ADDRESS}{broker.host}:{broker.port}\n")
    sys.stdout.flush()
    signal.sigwait({signal.SIGTERM, signal.SIGINT})


@dataclass(frozen=True)
class EmbeddedBroker:
    """A running broker: its address, and its process."""

    bootstrap: str
    process: processes.Child


@contextmanager
def running_broker() -> Iterator[EmbeddedBroker]:
    """A broker that serves; gone, with all it held, at the end."""
    directory = processes.scratch_directory("broker")
    child = processes.start(
        "embedded broker", [sys.executable, "-m", "deploy.local.broker"], log=directory / "broker.log"
    )
    try:
        child.wait_for(lambda: _ADDRESS in child.log_text(), seconds=START_SECONDS, what="serving")
        yield EmbeddedBroker(child.log_text().split(_ADDRESS)[1].split()[0], child)
    finally:
        child.stop()


@contextmanager
def embedded_broker() -> Iterator[str]:
    """The bootstrap address of a running broker."""
    with running_broker() as broker:
        yield broker.bootstrap


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    serve()
