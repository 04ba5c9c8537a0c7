"""The Compose file fits the services it starts, and lets nobody in from outside."""

import hashlib
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from services.notifier.configuration import read
from services.notifier.service import contact_keys
from services.notifier.settings import NotifierSettings
from shared.auth import ALL_SCOPES
from shared.keys_file import open_keys
from shared.settings import HttpSettings
from tests.unit.deploy.deployed import DEPLOY, HTTP_PORT, documents, service_of, variables

FOLDER = DEPLOY / "compose"
[COMPOSE] = documents(FOLDER / "compose.yaml")
OURS = {name: each for name, each in COMPOSE["services"].items() if each["image"].startswith("bellwether:")}


@pytest.mark.parametrize("name", OURS)
def test_each_of_our_containers_runs_a_command_there_is_with_settings_it_reads(name: str) -> None:
    container = OURS[name]

    assert set(container["environment"]) <= variables(service_of(container["command"]))


@pytest.mark.parametrize("name", OURS)
def test_our_containers_may_do_nothing_they_need_not(name: str) -> None:
    container = OURS[name]

    assert container["read_only"]
    assert container["cap_drop"] == ["ALL"]


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_every_published_port_is_on_loopback(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in COMPOSE["services"][name].get("ports", ()))


def test_the_services_publish_the_port_they_listen_on_and_are_asked_whether_they_are_ready() -> None:
    serving = {name: each for name, each in OURS.items() if "ports" in each}

    assert set(serving) == {"ingest", "warning", "notifier"}
    for container in serving.values():
        assert [port.rsplit(":", 1)[1] for port in container["ports"]] == [str(HTTP_PORT)]
        assert f"http://127.0.0.1:{HTTP_PORT}/readyz" in container["healthcheck"]["test"][-1]


def _mounts(container: dict[str, Any]) -> list[str]:
    return [each.split(":")[0] for each in container.get("volumes", ())]


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_what_a_container_mounts_and_waits_for_is_there(name: str) -> None:
    container = COMPOSE["services"][name]
    for mount in _mounts(container):
        assert (FOLDER / mount).exists() if mount.startswith(".") else mount in COMPOSE["volumes"]
    for secret in container.get("secrets", ()):
        assert secret in COMPOSE["secrets"]
    for other in container.get("depends_on", ()):
        assert other in COMPOSE["services"]


def _compose_is_here() -> bool:
    return shutil.which("docker") is not None and (
        subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode == 0
    )


@pytest.mark.skipif(not _compose_is_here(), reason="Docker Compose is not here")
def test_docker_compose_reads_it() -> None:
    asked = ["docker", "compose", "-f", str(FOLDER / "compose.yaml"), "config", "--quiet"]
    read = subprocess.run(asked, capture_output=True, check=False)

    assert (read.returncode, read.stderr) == (0, b"")


def test_every_image_but_our_own_names_a_version() -> None:
    for container in COMPOSE["services"].values():
        _, _, tag = container["image"].partition(":")
        assert tag
        assert tag != "latest"


def _made(folder: Path) -> None:
    """What `keys.sh` makes, twice: the second time it keeps what is there."""
    shutil.copy(FOLDER / "keys.sh", folder)
    kept = []
    for _ in range(2):
        subprocess.run(["sh", str(folder / "keys.sh")], check=True, capture_output=True)
        kept.append({each.name: each.read_text() for each in (folder / "secrets").iterdir()})
    assert kept[0] == kept[1]


def test_every_secret_that_a_container_reads_is_made_and_what_the_notifier_makes_of_them_works(tmp_path: Path) -> None:
    _made(tmp_path)
    files = {name: tmp_path / each["file"] for name, each in COMPOSE["secrets"].items()}
    settings = NotifierSettings(notifier_contact_keys_file=str(files["contact-keys"]))
    written = (FOLDER / "notifier.yaml").read_text().replace("/run/secrets/", f"{tmp_path}/secrets/")
    links = read(written).acknowledgement_links

    assert {path.stat().st_mode & 0o777 for path in files.values()} == {0o644}
    assert contact_keys(settings) is not None
    assert links is not None
    assert len(links.secrets[0].get_secret_value()) == 44


def test_the_key_made_for_it_opens_every_door_and_is_stored_only_as_a_hash(tmp_path: Path) -> None:
    _made(tmp_path)
    token = (tmp_path / "secrets" / "token").read_text().strip()
    keys_file = tmp_path / "secrets" / "keys.yaml"

    holder = open_keys(HttpSettings(auth_keys_file=str(keys_file)), CollectorRegistry()).keyring.holder(token)

    assert holder is not None
    assert holder.scopes == ALL_SCOPES
    assert token not in keys_file.read_text()
    assert hashlib.sha256(token.encode()).hexdigest() in keys_file.read_text()
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700


def test_the_example_of_a_keys_file_is_one() -> None:
    open_keys(HttpSettings(auth_keys_file=str(FOLDER / "keys.example.yaml")), CollectorRegistry())


def test_no_secret_can_be_committed() -> None:
    ignored = (FOLDER / ".gitignore").read_text().split()

    assert {"secrets/", ".env"} <= set(ignored)
