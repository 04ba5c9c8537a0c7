"""The alert rules and the dashboard ask for what the services really measure."""

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

from deploy.local.processes import ROOT
from tests.unit.deploy.deployed import DEPLOY, SETTINGS, documents, metric_names, registries

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

    assert named or re.search(r"\b(up|process_start_time_seconds)\{", expression)
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


_COUNTED = re.compile(r"\b(?:increase|rate)\(\s*(\w+)")


def _counters(expression: str) -> set[str]:
    """The series that an expression asks for the increase of."""
    return set(_COUNTED.findall(expression))


def _on_counters() -> list[dict[str, Any]]:
    return [rule for rule in _rules() if _counters(rule["expr"])]


def _restarts() -> Iterator[tuple[str, str]]:
    """The alerts that a case of promtool's expects, each with a series of that case that a restart interrupts."""
    [document] = documents(RULES.with_name("rules_test.yaml"))
    for case in document["tests"]:
        interrupted = {
            each["series"].partition("{")[0]
            for each in case["input_series"]
            if re.search(r"\d\S* _\S* \d", each["values"])
        }
        for judged in case["alert_rule_test"]:
            if judged.get("exp_alerts"):
                yield from ((judged["alertname"], series) for series in interrupted)


@pytest.mark.parametrize("rule", _on_counters(), ids=lambda rule: rule["alert"])
def test_every_alert_on_a_counter_is_tried_by_promtool_over_a_restart(rule: dict[str, Any]) -> None:
    assert {(rule["alert"], each) for each in _counters(rule["expr"])} & set(_restarts())


@pytest.mark.parametrize("rule", [each for each in _on_counters() if "for" not in each], ids=lambda rule: rule["alert"])
def test_every_alert_on_a_first_increase_knows_what_was_counted_before_the_first_scrape(rule: dict[str, Any]) -> None:
    for each in _counters(rule["expr"]):
        assert re.search(rf"\({each}\S* > \d+ and on \(job, instance\) process_start_time_seconds", rule["expr"])


def _standing() -> dict[str, list[float]]:
    """Each series' values, whatever its labels, in services that have just started."""
    found: dict[str, list[float]] = {}
    for registry in registries().values():
        for family in registry.collect():
            for sample in family.samples:
                found.setdefault(sample.name, []).append(sample.value)
    return found


def test_every_counter_that_an_alert_or_a_panel_asks_about_stands_at_0_from_the_start() -> None:
    counted = {each for expression in _expressions() for each in _counters(expression)}

    assert counted
    for each in counted:
        assert _standing().get(each), f"{each} shows nothing until it is first counted"
        assert set(_standing()[each]) == {0.0}


def test_a_service_shows_when_it_began() -> None:
    for service, registry in registries().items():
        began = registry.get_sample_value("process_start_time_seconds")
        assert began is not None, f"{service} does not"
        assert 0 <= time.time() - began < 3600


_WRITTEN = re.compile(
    r"(?:\brefused\(|UnreadableError\(|_letter\(\S+,|_refuse\(decided, partition, record,|_REASONS\.get\(.*,)"
    r'\s*"([a-z_]+)"'
    r'|^(?:AHEAD|    reason) = "([a-z_]+)"$',
    re.MULTILINE,
)


@pytest.mark.parametrize("service", sorted(SETTINGS))
def test_every_reason_that_the_code_gives_for_putting_a_record_aside_stands_at_0_from_the_start(service: str) -> None:
    """A reason that is new belongs into the service's metrics.py as well."""
    sources = "\n".join(each.read_text("utf-8") for each in (ROOT / "services" / service).rglob("*.py"))
    written = {word for found in _WRITTEN.findall(sources) for word in found if word}
    shown = {
        sample.labels.get("reason", sample.labels.get("outcome"))
        for family in registries()[service].collect()
        for sample in family.samples
        if family.name.endswith(("dead_letters", "inbound_records"))
    }

    assert len(written) >= 3
    assert written <= shown
