"""What README.md says is so: its settings, its files, its make targets."""

import re
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings

from deploy.local.processes import ROOT
from services.ingest.settings import IngestSettings
from services.notifier.configuration import read
from services.notifier.settings import NotifierSettings
from services.warning.settings import Settings as WarningSettings
from shared.settings import ClockSettings, DatabaseSettings, HttpSettings, KafkaSettings

README = (ROOT / "README.md").read_text("utf-8")
EVERYWHERE = {name for model in (HttpSettings, KafkaSettings) for name in model.model_fields}
TABLES: dict[str, tuple[tuple[type[BaseSettings], ...], set[str]]] = {
    "Every service": ((HttpSettings, KafkaSettings, DatabaseSettings, ClockSettings), set()),
    "ingest": ((IngestSettings,), EVERYWHERE | set(ClockSettings.model_fields)),
    "warning": ((WarningSettings,), EVERYWHERE | {*DatabaseSettings.model_fields, *ClockSettings.model_fields}),
    "notifier": ((NotifierSettings,), EVERYWHERE | set(DatabaseSettings.model_fields)),
}


def _default(value: object) -> str:
    if isinstance(value, Path):
        value = value.relative_to(ROOT)
    return "" if value in (None, "") else f"`{value}`"


def _table(models: tuple[type[BaseSettings], ...], without: set[str]) -> str:
    rows = ["| variable | default | |", "|---|---|---|"]
    for model in models:
        for name, field in model.model_fields.items():
            if name not in without:
                rows.append(f"| `{name.upper()}` | {_default(field.default)} | {field.description} |")
    return "\n".join(rows)


@pytest.mark.parametrize("name", TABLES)
def test_the_settings_are_the_ones_the_services_read(name: str) -> None:
    table = _table(*TABLES[name])

    assert table in README, f"README.md should have this table under {name}:\n{table}"


def test_every_path_it_names_is_there() -> None:
    paths = re.findall(r"[`(]((?:services|shared|deploy|tests|docs)/[\w./-]+)[`)]", README)

    assert paths
    made_on_first_use = {"deploy/compose/secrets/token"}
    assert [each for each in paths if not (ROOT / each).exists() and each not in made_on_first_use] == []


def test_every_make_target_it_names_is_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))

    assert set(re.findall(r"`make ([a-z-]+)", README)) <= targets


def test_the_receivers_and_routes_it_shows_are_a_configuration() -> None:
    [shown] = [each for each in re.findall(r"```yaml\n(.*?)```", README, re.DOTALL) if each.startswith("receivers:")]

    assert read(shown).escalations
