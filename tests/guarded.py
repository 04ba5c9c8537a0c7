"""The three services as processes that ask for keys, on an embedded broker and a database of their own."""

import json
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple, get_args

import yaml

from deploy.local.services import Service, ServiceName, run_command, start_service
from deploy.local.stack import MIGRATIONS
from shared.auth import ALL_SCOPES, new_key

SERVICES: tuple[ServiceName, ...] = get_args(ServiceName)
CONTACT_KEY = "one:" + "A" * 43 + "="


class Guarded(NamedTuple):
    """A running service, and a token that opens all of it."""

    service: Service
    token: str
    keys_file: Path

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


def start_guarded(name: ServiceName, bootstrap: str, database_url: str, folder: Path, **settings: str) -> Guarded:
    """A ready service. The caller stops its process."""
    token, digest = new_key()
    keys = [{"name": "all", "sha256": digest, "scopes": sorted(ALL_SCOPES)}]
    (folder / "keys.yaml").write_text(yaml.safe_dump({"keys": keys}))
    (folder / "notifier.yaml").write_text("receivers: {journal: {channel: log}}\nroutes: [{receivers: [journal]}]\n")
    env = {
        "AUTH_KEYS_FILE": str(folder / "keys.yaml"),
        "KAFKA_BOOTSTRAP": bootstrap,
        "KAFKA_TOPIC_PREFIX": f"{name}.{digest[:8]}.",
        "DATABASE_URL": database_url,
        "WARNING_CLOCK": "event",
        "NOTIFIER_CONFIG": str(folder / "notifier.yaml"),
        "NOTIFIER_CONTACT_KEYS": CONTACT_KEY,
        **settings,
    }
    if name in MIGRATIONS:
        run_command(name, MIGRATIONS[name], env, logs=folder)
    service = start_service(name, env, logs=folder)
    service.wait_ready()
    return Guarded(service, token, folder / "keys.yaml")


_JSON = {"Content-Type": "application/json"}


def call(guarded: Guarded, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
    """As a client that leaves a path as it is; the status, and the answer's JSON."""
    connection = HTTPConnection("127.0.0.1", guarded.service.port, timeout=10)
    content = None if body is None else json.dumps(body)
    connection.request(method, path, content, {**guarded.headers, **_JSON, **headers})
    answer = connection.getresponse()
    said = answer.read()
    connection.close()
    return answer.status, json.loads(said) if said else None
