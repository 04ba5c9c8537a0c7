"""Topics and groups carry the deployment's prefix, and no two topics share a group."""

from shared.kafka.topics import FOR_EVER, Topics

EU = Topics("eu.")


def test_every_name_carries_the_prefix() -> None:
    names = [EU.events, EU.inbound, EU.dead_letters, EU.warnings, EU.acknowledgements]
    assert names == ["eu.events", "eu.events.inbound", "eu.events.dead-letter", "eu.warnings", "eu.acknowledgements"]
    assert list(EU.retention()) == names


def test_a_group_belongs_to_one_service_on_one_topic() -> None:
    groups = {EU.group(service, topic) for service in ("ingest", "warning") for topic in EU.retention()}
    assert len(groups) == 2 * len(EU.retention())
    assert EU.group("ingest", EU.inbound) == "eu.ingest.events.inbound"


def test_events_and_dead_letters_are_kept_for_ever() -> None:
    kept = {topic for topic, retention in EU.retention().items() if retention == FOR_EVER}
    assert kept == {EU.events, EU.dead_letters}
