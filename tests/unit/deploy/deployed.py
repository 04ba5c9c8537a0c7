"""What the three services are, as those who deploy them have to know: settings, metrics and commands."""

import importlib
import importlib.util
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from prometheus_client import CollectorRegistry
from pydantic_settings import BaseSettings

from deploy.local.processes import ROOT
from services.ingest.metrics import Metrics as IngestMetrics
from services.ingest.settings import IngestSettings
from services.notifier.metrics import Metrics as NotifierMetrics
from services.notifier.settings import NotifierSettings
from services.warning.metrics import Metrics as WarningMetrics
from services.warning.settings import Settings as WarningSettings
from shared.http.refused import Refused
from shared.kafka.lag import Lag
from shared.keys_file import open_keys
from shared.settings import HttpSettings

DEPLOY = ROOT / "deploy"
HTTP_PORT = 8080
SETTINGS: dict[str, type[BaseSettings]] = {
    "ingest": IngestSettings,
    "warning": WarningSettings,
    "notifier": NotifierSettings,
}


def variables(service: str) -> set[str]:
    """The environment variables a service reads."""
    return {name.upper() for name in SETTINGS[service].model_fields}


def service_of(arguments: list[str]) -> str:
    """The service that `python -m ARGUMENTS` starts, or whose command it runs. Fails where there is none."""
    module, *command = arguments
    assert importlib.util.find_spec(f"{module}.__main__"), f"there is no {module}"
    if command:
        app = importlib.import_module(f"{module}.__main__").app
        assert command[0] in {each.name or each.callback.__name__ for each in app.registered_commands}
    return module.removeprefix("services.")


def documents(path: Path) -> list[dict[str, Any]]:
    """A YAML file's documents."""
    return [each for each in yaml.safe_load_all(path.read_text("utf-8")) if each]


@cache
def registries() -> dict[str, CollectorRegistry]:
    """Each service's metrics as they are when it has just started, with one rule and one channel."""
    found = {service: CollectorRegistry() for service in SETTINGS}
    IngestMetrics(found["ingest"])
    Lag("ingest", found["ingest"])
    WarningMetrics(found["warning"]).show_rules(["missed_payment"])
    NotifierMetrics(found["notifier"]).show_channel("email")
    for registry in found.values():
        Refused(registry)
        open_keys(HttpSettings(auth="off"), registry)
    return found


@cache
def metric_names() -> frozenset[str]:
    """Every series the services' registries can show."""
    names = set()
    for family in (family for registry in registries().values() for family in registry.collect()):
        suffixes = {"counter": ["_total"], "histogram": ["_bucket", "_count", "_sum"], "gauge": [""]}[family.type]
        names |= {family.name + suffix for suffix in suffixes}
    return frozenset(names)
