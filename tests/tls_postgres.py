"""A PostgreSQL that encrypts, and certificates to prove it right or wrong with.

The embedded server is built without TLS; the operating system's (Debian's package `postgresql`) has it.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from deploy.local import processes
from deploy.local.ports import free_port

PROGRAMS = Path("/usr/lib/postgresql")
START_SECONDS = 30.0
USER = "nobody" if os.geteuid() == 0 else "-"
ACCESS = """
hostssl   all certified 127.0.0.1/32 trust clientcert=verify-ca
hostssl   all encrypted 127.0.0.1/32 trust
hostnossl all plain     127.0.0.1/32 trust
host      all postgres  127.0.0.1/32 trust
"""
"""Roles by how they have to come. Trust: who it is does not matter here, only how the connection is made."""


def programs() -> Path | None:
    """The folder of a server that has TLS; None where there is none."""
    for folder in sorted(PROGRAMS.glob("*/bin"), reverse=True):
        asked = subprocess.run([folder / "pg_config", "--configure"], capture_output=True, check=False)
        if b"openssl" in asked.stdout and (folder / "initdb").exists():
            return folder
    return None


class Authority:
    """Vouches for others. Its files are PEM."""

    def __init__(self, directory: Path, name: str) -> None:
        self._directory = directory
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        built = _builder(self._name, self._name, self._key.public_key()).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        self.file = directory / f"{name}.pem"
        self.file.write_bytes(built.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str, *names: x509.GeneralName) -> tuple[Path, Path]:
        """The files of a certificate for `names` and of its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        built = _builder(subject, self._name, key.public_key())
        if names:
            built = built.add_extension(x509.SubjectAlternativeName(names), critical=False)
        certificate, secret = self._directory / f"{name}.crt", self._directory / f"{name}.key"
        certificate.write_bytes(built.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        secret.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        secret.chmod(0o600)
        return certificate, secret


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    built = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    return built.serial_number(x509.random_serial_number()).not_valid_before(now).not_valid_after(now + timedelta(1))


@dataclass(frozen=True)
class TlsPostgres:
    """A running server, whose certificate is for `localhost`; reach it as 127.0.0.1 and the name is wrong."""

    port: int
    authority: Path
    stranger: Path
    """An authority that has nothing to do with it."""
    certificate: Path
    key: Path
    """A client's, that the server's authority vouches for."""

    def url(self, user: str, parameters: str, host: str = "localhost") -> str:
        return f"postgresql://{user}@{host}:{self.port}/postgres?{parameters}"


@contextmanager
def tls_postgres(folder: Path) -> Iterator[TlsPostgres]:
    """A server of these programs; stopped and its data removed at the end."""
    directory = processes.scratch_directory("tls-postgres")
    try:
        authority, stranger = Authority(directory, "authority"), Authority(directory, "stranger")
        server = authority.issue("server", x509.DNSName("localhost"))
        running = TlsPostgres(free_port(), authority.file, stranger.file, *authority.issue("client"))
        child = _start(folder, directory, running, server)
        try:
            _create_roles(folder, running.port)
            yield running
        finally:
            child.stop()
    finally:
        shutil.rmtree(directory)


def _start(folder: Path, directory: Path, running: TlsPostgres, server: tuple[Path, Path]) -> processes.Child:
    data, log = directory / "data", directory / "log"
    data.mkdir(mode=0o700)
    (directory / "access").write_text(ACCESS)
    if USER != "-":
        shutil.chown(data, USER)
        shutil.chown(server[1], USER)
    initdb: list[str | Path] = [
        folder / "initdb",
        "-D",
        data,
        "--no-sync",
        "--username=postgres",
        "--auth=trust",
        "--locale=C",
    ]
    processes.run("initdb", initdb, log=log, seconds=START_SECONDS, user=USER)
    settings = {
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "fsync": "off",
        "ssl": "on",
        "ssl_cert_file": server[0],
        "ssl_key_file": server[1],
        "ssl_ca_file": running.authority,
        "hba_file": directory / "access",
    }
    options = [f"--{key}={value}" for key, value in settings.items()]
    child = processes.start(
        "PostgreSQL with TLS", [folder / "postgres", "-D", data, "-p", str(running.port), *options], log=log, user=USER
    )
    child.wait_for(lambda: _psql(folder, running.port, "SELECT 1"), seconds=START_SECONDS, what="accepting connections")
    return child


def _create_roles(folder: Path, port: int) -> None:
    assert _psql(folder, port, "CREATE ROLE certified LOGIN; CREATE ROLE encrypted LOGIN; CREATE ROLE plain LOGIN")


def _psql(folder: Path, port: int, statement: str) -> bool:
    address = ["-h", "127.0.0.1", "-p", str(port), "-U", "postgres"]
    command: list[str | Path] = [folder / "psql", "-qX", "-v", "ON_ERROR_STOP=1", *address, "-c", statement]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
