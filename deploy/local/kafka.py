"""A real single-node Kafka (KRaft) from Maven Central's jars: no Docker, up in about three seconds.

Needs Java 17 or later; and Maven, once, to fetch the jars into `build/kafka/` (or the directory named by KAFKA_JARS).
"""

import os
import shutil
import signal
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from deploy.local import processes
from deploy.local.ports import free_port

VERSION = "4.1.1"
POM = Path(__file__).with_name("kafka_jars.xml")
FETCH_SECONDS = 900.0
START_SECONDS = 60.0
_STARTED = "Kafka Server started"

BROKER_SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "inter.broker.listener.name": "PLAINTEXT",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
    "num.partitions": "4",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    # A broker that was killed may come back only once its old self has timed out: 9 s by default.
    "broker.heartbeat.interval.ms": "500",
    "broker.session.timeout.ms": "3000",
    "auto.create.topics.enable": "false",
    "num.network.threads": "2",
    "num.io.threads": "2",
}
JVM = ["-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-Xshare:auto", "-Dorg.apache.logging.log4j.level=INFO"]
# The second compiler costs a short test run more than it gains; a benchmark leaves it on.
QUICK_START = "-XX:TieredStopAtLevel=1"
LOCALE = {"LC_ALL": "C.UTF-8"}  # with LC_ALL=C Java finds no file whose path holds a letter beyond ASCII


class KafkaMissingError(Exception):
    """Java or Maven is not there, or Maven could not fetch the jars."""


def missing_tools() -> list[str]:
    """The commands a real Kafka needs that are not on the PATH; empty where it can run."""
    wanted = ["java"] if _cached_jars() else ["java", "mvn"]
    return [command for command in wanted if shutil.which(command) is None]


def _jars_directory() -> Path:
    return Path(os.environ.get("KAFKA_JARS") or processes.ROOT / "build" / "kafka" / VERSION)


def _cached_jars() -> bool:
    return any(_jars_directory().glob("kafka_2.13-*.jar"))


def fetch_jars() -> Path:
    """The directory of Kafka's jars, fetched by Maven if need be. Raises KafkaMissingError with the remedy."""
    if missing := missing_tools():
        raise KafkaMissingError(
            f"a real Kafka needs {' and '.join(missing)}: apt-get install -y default-jre-headless maven"
        )
    directory = _jars_directory()
    if not _cached_jars():
        _fetch_into(directory)
    return directory


def _fetch_into(directory: Path) -> None:
    """All the jars or none: two runs may fetch at once, and one may be stopped half way."""
    partial = directory.with_name(f"{directory.name}.{os.getpid()}")
    partial.mkdir(parents=True)
    command = ["mvn", "-B", "-ntp", "-f", str(POM), "dependency:copy-dependencies"]
    options = ["-DincludeScope=runtime", f"-DoutputDirectory={partial}"]
    try:
        processes.run("Maven", [*command, *options], log=directory.with_name("fetch.log"), seconds=FETCH_SECONDS)
        with suppress(OSError):  # another run was faster, and its directory is as good
            partial.rename(directory)
    except processes.ChildFailedError as error:
        raise KafkaMissingError(f"could not fetch Kafka's jars: {error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


class RealKafka:
    """One broker on free loopback ports, its log in a temporary directory. `start` and `stop` may be repeated."""

    def __init__(
        self, directory: Path, *, settings: Mapping[str, str] | None = None, jvm: tuple[str, ...] = (QUICK_START,)
    ) -> None:
        self.port = free_port()
        self.bootstrap = f"127.0.0.1:{self.port}"
        self.log = directory / "kafka.log"
        self._jars = fetch_jars()
        self._jvm = jvm
        self._properties = directory / "server.properties"
        self._data = directory / "data"
        self._properties.write_text(_properties(self.port, self._data, settings or {}))
        self._child: processes.Child | None = None

    def start(self) -> None:
        """Serve, with the records it had if it ran before. Raises ChildFailedError where it does not come up."""
        if not self._data.exists():
            self._format()
        self.log.write_bytes(b"")
        self._child = processes.start(
            "Kafka",
            self._java("kafka.Kafka", str(self._properties)),
            log=self.log,
            env={"LOG_DIR": str(self.log.parent), **LOCALE},
        )
        child = self._child
        child.wait_for(lambda: _STARTED in child.log_text(), seconds=START_SECONDS, what="started")

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._running().exit_code

    def failure(self) -> processes.ChildFailedError:
        """An error that says it has ended, with the end of its log."""
        return self._running().failure(f"ended with exit code {self.exit_code}")

    def stop(self) -> None:
        """A controlled shutdown."""
        if self._child is not None:
            self._child.stop()

    def kill(self) -> None:
        """SIGKILL."""
        self._running().kill()

    def pause(self) -> None:
        """Freeze it: connections stay open and nothing answers."""
        self._running().signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Thaw it."""
        self._running().signal(signal.SIGCONT)

    def _running(self) -> processes.Child:
        assert self._child is not None, "the broker was never started"
        return self._child

    def _java(self, *arguments: str) -> list[str]:
        return ["java", *JVM, *self._jvm, "-cp", f"{self._jars}/*", *arguments]

    def _format(self) -> None:
        cluster = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        command = self._java(
            "kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", "-c", str(self._properties), "-g"
        )
        processes.run("Kafka's storage format", command, log=self.log, seconds=START_SECONDS, env=LOCALE)


def _properties(port: int, data: Path, settings: Mapping[str, str]) -> str:
    controller = free_port()
    listeners = {
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "log.dirs": str(data),
    }
    return "".join(f"{key}={value}\n" for key, value in {**BROKER_SETTINGS, **listeners, **settings}.items())


@contextmanager
def real_kafka(
    *, settings: Mapping[str, str] | None = None, jvm: tuple[str, ...] = (QUICK_START,)
) -> Iterator[RealKafka]:
    """A running broker; stopped and its records removed at the end. `settings` go on top of BROKER_SETTINGS."""
    directory = processes.scratch_directory("kafka")
    kafka = RealKafka(directory, settings=settings, jvm=jvm)
    try:
        kafka.start()
        yield kafka
    finally:
        kafka.stop()
        shutil.rmtree(directory, ignore_errors=True)
