"""The three services as processes that ask for keys, on an embedded broker and a database of their own."""

from pathlib import Path
from typing import NamedTuple, get_args

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
