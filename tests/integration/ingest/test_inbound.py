"""What core-banking systems publish on topic events.inbound is on topic events, or whole among the dead letters."""

import asyncio
import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiokafka import AIOKafkaProducer

from deploy.local.kafka import RealKafka
from deploy.local.scrape import scrape
from shared.events import accept, example
from shared.kafka.cloudevents import header, to_headers
from shared.kafka.partitions import partition_of
from shared.kafka.topics import Topics, create_topics
from shared.settings import KafkaSettings
from tests.batches import REASONS, unreadable
from tests.integration.ingest.conftest import Ingest, make_topics, start_ingest
from tests.kafka_records import Plain, committed, create_topic, read_topic, read_until, write_batches, write_topic
from tests.topics import until

STRUCTURED: list[tuple[str, bytes | None]] = [("content-type", b"application/cloudevents+json; charset=UTF-8")]


def event(identity: str, subject: str = "B-1", **changes: Any) -> dict[str, Any]:
    return {**example("repayment.received"), "id": identity, "subject": subject, **changes}


def structured(document: dict[str, Any], key: bytes | None = None) -> Plain:
    return key, json.dumps(document).encode(), STRUCTURED


def binary(document: dict[str, Any], key: bytes | None = None) -> Plain:
    attributes = {name: value for name, value in document.items() if name != "data"}
    return key, json.dumps(document["data"]).encode(), list(to_headers(attributes))


def without(document: dict[str, Any], field: str) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != field}


def raw(value: bytes | None) -> Plain:
    return None, value, STRUCTURED


DATA = example("repayment.received")["data"]
BROKEN: dict[str, tuple[str, Plain]] = {
    "bad UTF-8": ("malformed", raw(b'{"id": "\xff\xfe"}')),
    "no JSON": ("malformed", raw(b'{"specversion": "1.0",')),
    "two documents": ("malformed", raw(json.dumps(event("a")).encode() * 2)),
    "an empty value": ("malformed", raw(b"")),
    "no value": ("malformed", raw(None)),
    "no key, no value, no headers": ("malformed", (None, None, [])),
    "no headers": ("malformed", (b"B-1", json.dumps(event("a")).encode(), [])),
    "an attribute that is no UTF-8": ("malformed", (None, b"{}", [("ce_id", b"\xff")])),
    "an attribute twice": ("malformed", (None, b"{}", [("ce_id", b"1"), ("ce_id", b"2")])),
    "an attribute without a value": ("invalid", (None, b"{}", [*binary(event("a"))[2], ("ce_trace", None)])),
    "data that is no JSON": ("malformed", (None, b"<x/>", binary(event("a"))[2])),
    "data of another type": ("malformed", (None, b"<x/>", [("ce_id", b"1"), ("content-type", b"text/xml")])),
    "deep nesting": ("malformed", raw(b"[" * 100_000)),
    "deep nesting in binary mode": ("malformed", (None, b"[" * 100_000, binary(event("a"))[2])),
    "huge": ("too_large", raw(b" " * 1_000_000)),
    "huge in binary mode": ("too_large", (None, b" " * 1_000_000, binary(event("a"))[2])),
    "NaN": ("invalid", raw(json.dumps(event("a", data={**DATA, "amount": float("nan")})).encode())),
    "a huge exponent": ("invalid", raw(json.dumps(event("a", data={**DATA, "amount": "1e999999"})).encode())),
    "a number for an amount": ("invalid", structured(event("a", data={**DATA, "amount": 12.5}))),
    "an unknown currency": ("invalid", structured(event("a", data={**DATA, "currency": "XXX"}))),
    "no subject": ("invalid", structured(without(event("a"), "subject"))),
    "no type": ("unknown_type", structured(without(event("a"), "type"))),
    "an unknown type": ("unknown_type", structured(event("a", type="loan.vanished"))),
    "a key of another borrower": ("wrong_key", structured(event("a"), b"B-2")),
    "a key that is no text": ("wrong_key", structured(event("a"), b"\xff\x00")),
    "the clock": ("clock_not_allowed", structured(example("clock.advanced"))),
}


@pytest.fixture(scope="module", params=["real", "embedded"])
def fed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ingest]:
    """On a real Kafka, and on the broker the demo runs on, where topics appear by themselves."""
    logs = tmp_path_factory.mktemp("logs")
    if request.param == "embedded":
        running = start_ingest(request.getfixturevalue("embedded_broker"), Topics("inbound-test."), logs)
    else:
        bootstrap = request.getfixturevalue("real_kafka").bootstrap
        running = start_ingest(bootstrap, asyncio.run(make_topics(bootstrap)), logs)
    yield running
    assert running.service.process.stop() == 0


async def _taken(ingest: Ingest, *identities: str) -> list[Any]:
    """The records of topic events with these ids, once all are there."""

    def found(records: Any) -> list[Any]:
        return [each for each in records if json.loads(each.value)["id"] in identities]

    records = await read_until(
        ingest.bootstrap, ingest.topics.events, lambda records: len(found(records)) >= len(identities)
    )
    return found(records)


async def test_both_modes_give_the_same_canonical_event(fed: Ingest) -> None:
    await write_topic(fed.bootstrap, fed.topics.inbound, [structured(event("s-1", "B-7"), b"B-7")])
    await write_topic(fed.bootstrap, fed.topics.inbound, [binary(event("b-1", "B-7"))])

    one, other = await _taken(fed, "s-1", "b-1")

    assert one.value == accept(json.dumps(event("s-1", "B-7")).encode()).value
    assert other.value == one.value.replace(b'"s-1"', b'"b-1"')
    assert (one.key, one.partition) == (b"B-7", partition_of(b"B-7", 4))


async def test_broken_records_are_dead_letters_whole_and_hold_up_nothing(
    fed: Ingest, http: aiohttp.ClientSession
) -> None:
    before = len(await read_topic(fed.bootstrap, fed.topics.inbound))
    written = [plain for _, plain in BROKEN.values()]
    await write_topic(fed.bootstrap, fed.topics.inbound, [*written, structured(event("after-all-that"))], partition=1)

    await _taken(fed, "after-all-that")
    # Events and dead letters of a fetch go out side by side: the good event says nothing of the letters yet.
    letters = await read_until(fed.bootstrap, fed.topics.dead_letters, lambda records: len(records) >= len(BROKEN))

    assert len(letters) == len(BROKEN)
    by_offset = sorted(letters, key=lambda letter: int(header(letter.headers, "bellwether_origin_offset") or b"-1"))
    for letter, (name, (reason, (key, value, headers))) in zip(by_offset, BROKEN.items(), strict=True):
        assert header(letter.headers, "bellwether_reason") == reason.encode(), (name, letter.headers)
        assert (letter.key, letter.value) == (key, value), name
        assert [each for each in letter.headers if not each[0].startswith("bellwether_")] == list(headers), name
        assert header(letter.headers, "bellwether_origin_topic") == fed.topics.inbound.encode()
        assert header(letter.headers, "bellwether_origin_partition") == b"1"
        assert b"expected" in (header(letter.headers, "bellwether_detail") or b""), name

    async def counted() -> bool:
        page = await scrape(http, fed.url)
        large = page.total("bellwether_ingest_inbound_records_total", outcome="too_large")
        return (large, page.total("bellwether_ingest_records_behind")) == (2, 0)

    await until(counted, what="two records are counted as too large and none is left")
    assert len(await read_topic(fed.bootstrap, fed.topics.inbound)) == before + len(BROKEN) + 1


async def test_what_no_client_can_read_is_a_dead_letter_and_what_follows_it_is_taken(fed: Ingest) -> None:
    topic = fed.topics.inbound
    before = len(await read_topic(fed.bootstrap, fed.topics.dead_letters))
    await write_batches(fed.bootstrap, topic, unreadable().values(), partition=3)
    await write_topic(fed.bootstrap, topic, [structured(event("after-the-bombs"))], partition=3)

    await _taken(fed, "after-the-bombs")
    count = before + len(REASONS)
    letters = await read_until(fed.bootstrap, fed.topics.dead_letters, lambda records: len(records) >= count)

    told = [dict(each.headers) for each in letters]
    mine = sorted(
        (each for each in told if each["bellwether_origin_partition"] == b"3"),
        key=lambda each: int(each["bellwether_origin_offset"]),
    )
    assert [each["bellwether_reason"].decode() for each in mine] == REASONS
    assert mine[0]["\\xff"] == b"2"
    assert all(b"expected" in each["bellwether_detail"] for each in mine)


async def test_one_partitions_records_keep_their_order_for_each_borrower(fed: Ingest) -> None:
    sent = [event(f"o-{number}", f"B-{number % 5}") for number in range(500)]
    await write_topic(fed.bootstrap, fed.topics.inbound, map(structured, sent), partition=2)

    records = await _taken(fed, *(each["id"] for each in sent))

    for borrower in range(5):
        arrived = [json.loads(each.value)["id"] for each in records if each.key == f"B-{borrower}".encode()]
        assert arrived == [each["id"] for each in sent if each["subject"] == f"B-{borrower}"]


async def test_a_second_ingest_goes_on_where_the_first_stopped(real_kafka: RealKafka, tmp_path: Path) -> None:
    bootstrap, topics = real_kafka.bootstrap, await make_topics(real_kafka.bootstrap)
    for round_ in range(2):
        running = start_ingest(bootstrap, topics, tmp_path)
        sent = [f"r-{round_}-{number}" for number in range(100)]
        await write_topic(bootstrap, topics.inbound, [structured(event(each)) for each in sent])
        await _taken(running, *sent)
        assert running.service.process.stop() == 0

    assert len(await read_topic(bootstrap, topics.events)) == 200
    assert await committed(bootstrap, topics.group("ingest", topics.inbound), topics.inbound) == {0: 200}


async def test_what_a_core_banking_system_took_back_in_a_transaction_never_was(ingest: Ingest) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=ingest.bootstrap, transactional_id=f"{ingest.topics.prefix}core")
    await producer.start()
    try:
        for number, kept in enumerate([False, True]):
            await producer.begin_transaction()
            key, value, headers = structured(event(f"t-{number}"))
            await producer.send_and_wait(ingest.topics.inbound, value, key=key, headers=list(headers), partition=3)
            await (producer.commit_transaction() if kept else producer.abort_transaction())
    finally:
        await producer.stop()

    await _taken(ingest, "t-1")
    assert [json.loads(each.value)["id"] for each in await read_topic(ingest.bootstrap, ingest.topics.events)] == [
        "t-1"
    ]


async def test_a_dead_letter_fits_its_topic_however_small_an_operator_made_that(
    real_kafka: RealKafka, tmp_path: Path
) -> None:
    bootstrap, topics = real_kafka.bootstrap, Topics(f"t{secrets.token_hex(5)}.")
    await create_topic(bootstrap, topics.dead_letters, {"max.message.bytes": "20000"})
    settings = KafkaSettings(kafka_bootstrap=bootstrap, kafka_topic_prefix=topics.prefix)
    await create_topics(settings, partitions=4, replication=1)
    running = start_ingest(bootstrap, topics, tmp_path)
    wide = [(f"h{number}", b"h" * 1_000) for number in range(300)]
    large: list[Plain] = [(b"k" * 900_000, b"{", STRUCTURED), (b"k", b"{", [*STRUCTURED, *wide]), raw(b"{" * 1_000_000)]
    await write_topic(bootstrap, topics.inbound, [*large, structured(event("behind"))])

    await _taken(running, "behind")
    letters = await read_until(bootstrap, topics.dead_letters, lambda records: len(records) == len(large))

    told = [{name: value or b"" for name, value in each.headers} for each in letters]
    sizes = {(int(each["bellwether_key_bytes"]), int(each["bellwether_value_bytes"])) for each in told}
    assert sizes == {(900_000, 1), (1, 1), (0, 1_000_000)}
    assert max(int(each["bellwether_headers_bytes"]) for each in told) > 300_000
    assert all(b"expected" in each["bellwether_detail"] for each in told)
    assert running.service.process.stop() == 0
