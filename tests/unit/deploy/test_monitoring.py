"""The alert rules and the dashboard ask for what the services really measure."""

import json
import re
from typing import Any

import pytest

from tests.unit.deploy.deployed import DEPLOY, SETTINGS, documents, metric_names

RULES = DEPLOY / "prometheus" / "rules.yaml"
DASHBOARDS = sorted((DEPLOY / "grafana" / "dashboards").glob("*.json"))


def _rules() -> list[dict[str, Any]]:
    [document] = documents(RULES)
    return [rule for group in document["groups"] for rule in group["rules"]]


def _panels() -> list[dict[str, Any]]:
    return [panel for path in DASHBOARDS for panel in json.loads(path.read_text("utf-8"))["panels"]]


def _expressions() -> list[str]:
    asked = [target["expr"] for panel in _panels() for target in panel.get("targets", ())]
    return [*asked, *(rule["expr"] for rule in _rules())]


@pytest.mark.parametrize("expression", _expressions())
def test_every_metric_asked_for_exists(expression: str) -> None:
    named = set(re.findall(r"\bbellwether_\w+", expression))

    assert named or "up{" in expression
    assert named <= metric_names()


def test_all_that_the_notifier_measures_is_shown_or_watched() -> None:
    asked = {named for each in _expressions() for named in re.findall(r"\bbellwether_notifier_\w+", each)}
    measured = {re.sub(r"_(bucket|sum|count)$", "", each) for each in metric_names() if "_notifier_" in each}

    assert measured == {re.sub(r"_bucket$", "", each) for each in asked}


@pytest.mark.parametrize("rule", _rules(), ids=lambda rule: rule["alert"])
def test_every_alert_says_what_is_wrong_and_what_to_do(rule: dict[str, Any]) -> None:
    assert set(rule["annotations"]) == {"summary", "description"}
    assert rule["labels"]["severity"] in ("warning", "critical")


def test_the_dashboard_shows_what_it_says_without_overlaps() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in _panels():
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken
        assert place["x"] + place["w"] <= 24
        taken |= cells
    identities = [panel["id"] for panel in _panels()]
    assert len(set(identities)) == len(identities)


def test_the_dashboard_asks_the_data_source_that_is_provisioned() -> None:
    [provisioned] = documents(DEPLOY / "grafana" / "provisioning" / "datasources" / "prometheus.yaml")
    known = {each["uid"] for each in provisioned["datasources"]}

    assert {panel["datasource"]["uid"] for panel in _panels() if "datasource" in panel} == known


def test_a_job_is_named_as_its_service() -> None:
    [scrape] = documents(DEPLOY / "prometheus" / "prometheus.yaml")

    assert {each["job_name"] for each in scrape["scrape_configs"]} == set(SETTINGS)
    assert scrape["rule_files"] == [RULES.name]
