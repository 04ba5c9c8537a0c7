"""What takes each change by itself is refused what would sum changes up: it would lose them, or never do it."""

from typing import Any

import pytest
import yaml

from services.notifier.channels import discover
from services.notifier.configuration import ConfigurationError, read

TOPIC = {"channel": "kafka", "bootstrap": "kafka.example:9092", "topic": "risk.warnings"}
ALERTS = {"channel": "alertmanager", "urls": ["https://alertmanager.example"]}
ONE_BY_ONE = [TOPIC, ALERTS]
GROUP: dict[str, Any] = {"group": {"by": ["branch"]}}
DIGEST: dict[str, Any] = {"digest": {"at": ["08:30"], "time_zone": "Africa/Lagos"}}


def _text(receiver: dict[str, Any], route: dict[str, Any]) -> str:
    receivers = {"it": receiver, "desk": {"channel": "log"}}
    return yaml.safe_dump({"receivers": receivers, "routes": [{"receivers": ["desk"], "continue": True}, route]})


def _told(text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as found:
        read(text, without_secrets=True)
    return [each.message for each in found.value.places]


def test_topics_and_alerts_are_what_takes_each_change_by_itself() -> None:
    assert {name for name, each in discover().items() if each.settings.one_by_one} == {"kafka", "alertmanager"}


@pytest.mark.parametrize("receiver", ONE_BY_ONE, ids=lambda each: str(each["channel"]))
def test_a_storm_is_refused(receiver: dict[str, Any]) -> None:
    [told] = _told(_text({**receiver, "storm": {"messages": 100}}, {"receivers": ["it"]}))

    assert told == (
        f"expected no `storm`: a receiver of channel {receiver['channel']} takes each change by itself, so a summary"
        " would leave changes out"
    )


@pytest.mark.parametrize("receiver", ONE_BY_ONE, ids=lambda each: str(each["channel"]))
@pytest.mark.parametrize("manner", [GROUP, DIGEST], ids=lambda each: str(*each))
def test_groups_and_digests_are_refused_also_those_of_a_route_around(
    receiver: dict[str, Any], manner: dict[str, Any]
) -> None:
    told = f"expected a route without `{next(iter(manner))}`, also around it: 'it' takes each change by itself"

    assert _told(_text(receiver, {"receivers": ["it"], **manner})) == [told]
    assert _told(_text(receiver, {"routes": [{"receivers": ["it"]}], **manner})) == [told]


def test_it_is_told_with_its_place() -> None:
    text = (
        "receivers:\n"
        "  it: {channel: alertmanager, urls: ['https://alertmanager.example'], storm: {messages: 9}}\n"
        "routes:\n"
        "  - receivers: [it]\n"
        "    group: {by: [branch]}\n"
    )
    with pytest.raises(ConfigurationError) as found:
        read(text)

    assert [(each.line, each.column) for each in found.value.places] == [(2, 71), (4, 17)]


@pytest.mark.parametrize("receiver", ONE_BY_ONE, ids=lambda each: str(each["channel"]))
def test_hours_are_kept_and_others_on_other_routes_are_gathered(receiver: dict[str, Any]) -> None:
    found = yaml.safe_load(_text(receiver, {"receivers": ["it"], "quiet": "nights"}))
    found["times"] = {"nights": {"time_zone": "Africa/Lagos", "hours": ["22:00-07:00"]}}
    found["routes"][0] |= GROUP

    assert read(yaml.safe_dump(found), without_secrets=True).routes[1].quiet == "nights"
