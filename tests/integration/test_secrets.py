"""A secret that stands where none belongs ends a process with a sentence, and is in nothing that the process says."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy.engine import make_url

from deploy.local.ports import free_port
from deploy.local.processes import ROOT

SECRET = "hunter2-Zr7q"
FILE = "FILE"
"""Stands for the path of a file that holds the secret and nothing else."""
TLS = {"KAFKA_SECURITY_PROTOCOL": "SSL"}

REFUSED = {
    "a password in a DATABASE_URL that is none": (
        ["warning"],
        {"DATABASE_URL": f"postgresql://bellwether:{SECRET}@db.example:54x2/loans"},
        "DATABASE_URL: ",
    ),
    "a password in a DATABASE_URL for the tables": (
        ["notifier", "migrate"],
        {"DATABASE_URL": f"postgresql://bellwether:{SECRET}@db.example/loans?connect_timeout=5"},
        "DATABASE_URL: expected no parameters but",
    ),
    "a password among the brokers": (["ingest"], {"KAFKA_BOOTSTRAP": f"u:{SECRET}@kafka:9092"}, "KAFKA_BOOTSTRAP: "),
    "a secret for a CA's file": (["ingest"], {**TLS, "KAFKA_CA_FILE": SECRET}, "KAFKA_CA_FILE: expected a PEM file"),
    "a CA's file with a secret": (["ingest"], {**TLS, "KAFKA_CA_FILE": FILE}, "KAFKA_CA_FILE: expected a PEM file"),
    "a token for the file of keys": (
        ["ingest"],
        {"AUTH": "keys", "AUTH_KEYS_FILE": SECRET},
        "AUTH_KEYS_FILE: expected the name of a keys file: No such file",
    ),
    "a file of keys with a token": (["ingest"], {"AUTH": "keys", "AUTH_KEYS_FILE": FILE}, "expected"),
    "a secret for a ruleset": (["warning"], {"RULESET_FILE": SECRET}, "RULESET_FILE: expected a ruleset: No such file"),
    "a ruleset with a secret": (["warning"], {"RULESET_FILE": FILE}, "RULESET_FILE: expected a ruleset: 1 mistake"),
    "a secret for a configuration": (["notifier"], {"NOTIFIER_CONFIG": SECRET}, "NOTIFIER_CONFIG: expected the name"),
    "a configuration with a secret": (["notifier"], {"NOTIFIER_CONFIG": FILE}, "line 1, column 1: expected a mapping"),
    "a secret to be told who is told": (
        ["notifier", "route", "--warning", FILE],
        {"NOTIFIER_CONFIG": SECRET},
        "NOTIFIER_CONFIG: expected the name",
    ),
    "contact keys that are none": (
        ["notifier"],
        {"NOTIFIER_CONTACT_KEYS": SECRET},
        "NOTIFIER_CONTACT_KEYS: expected contact keys",
    ),
    "a contact key for its file": (
        ["notifier"],
        {"NOTIFIER_CONTACT_KEYS_FILE": SECRET},
        "NOTIFIER_CONTACT_KEYS_FILE: No such file",
    ),
    "a file of contact keys that is none": (
        ["notifier"],
        {"NOTIFIER_CONTACT_KEYS_FILE": FILE},
        "NOTIFIER_CONTACT_KEYS_FILE: expected contact keys",
    ),
}


def _run(arguments: list[str], env: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    """A service's command, in an environment of these settings alone."""
    return subprocess.run(
        [sys.executable, "-m", f"services.{arguments[0]}", *arguments[1:]],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "AUTH": "off", **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(("arguments", "env", "expected"), REFUSED.values(), ids=REFUSED)
def test_a_process_does_not_start_and_does_not_show_the_secret(
    tmp_path: Path, arguments: list[str], env: dict[str, str], expected: str
) -> None:
    file = tmp_path / "file"
    file.write_text(SECRET)
    placed = {name: value.replace(FILE, str(file)) for name, value in env.items()}

    run = _run([each.replace(FILE, str(file)) for each in arguments], placed)

    assert run.returncode == (1 if "route" in arguments else 2), run.stderr
    assert expected in run.stderr
    assert "Traceback" not in run.stderr
    assert SECRET not in run.stdout + run.stderr


@pytest.mark.parametrize("service", ["warning", "notifier"])
def test_a_database_that_is_away_is_told_without_its_password(service: str) -> None:
    url = f"postgresql://bellwether:{SECRET}@127.0.0.1:{free_port()}/bellwether"

    run = _run([service, "migrate"], {"DATABASE_URL": url})

    assert run.returncode == 1
    assert run.stderr.startswith(f"the tables of schema {service} are not migrated: ")
    assert "Traceback" not in run.stderr
    assert SECRET not in run.stdout + run.stderr


@pytest.mark.parametrize("service", ["warning", "notifier"])
def test_a_database_that_does_not_take_the_password_is_told_without_it(service: str, database_url: str) -> None:
    url = make_url(database_url).set(password=SECRET).render_as_string(hide_password=False)

    run = _run([service, "migrate"], {"DATABASE_URL": url})

    assert run.returncode == 1
    assert "password authentication failed" in run.stderr
    assert "Traceback" not in run.stderr
    assert SECRET not in run.stdout + run.stderr


@pytest.mark.parametrize("service", ["warning", "notifier"])
def test_a_server_without_tls_is_no_server_where_verify_full_is_asked_for(service: str, database_url: str) -> None:
    authority = quote(str(ROOT / "tests" / "tls" / "cert.pem"))

    run = _run([service, "migrate"], {"DATABASE_URL": f"{database_url}?sslmode=verify-full&sslrootcert={authority}"})

    assert run.returncode == 1
    assert "rejected SSL upgrade" in run.stderr
