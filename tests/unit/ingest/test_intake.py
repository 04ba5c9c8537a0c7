"""One request's events: a verdict each, in order, whatever Kafka takes of them."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from services.ingest.admission import Admission, Sender
from services.ingest.intake import Intake, Outcome
from services.ingest.lane import Share
from services.ingest.metrics import Metrics
from shared.clock import ManualClock
from shared.events import example

KEEPER = Sender(None, may_move_clock=True)
CLOCK = {**example("clock.advanced"), "id": "clock"}


class FakePublisher:
    """Two partitions, by the borrower's last digit. Takes `room` records of each share, and no more from then on."""

    def __init__(self, room: dict[int, int] | None = None) -> None:
        self.log: dict[int, list[str]] = {0: [], 1: []}
        self._room = dict(room or {0: 10**9, 1: 10**9})

    partitions = range(2)
    poison = ""

    async def connect(self) -> None:
        pass

    def place(self, subject: str) -> tuple[int, bytes]:
        return int(subject[-1]) % 2, subject.encode()

    async def publish(self, shares: Mapping[int, Share]) -> None:
        for number, share in shares.items():
            share.acknowledged = min(len(share.records), self._room[number])
            self._room[number] -= share.acknowledged
            self.log[number] += [json.loads(value)["id"] for _, value in share.records[: share.acknowledged]]
            ids = [json.loads(value)["id"] for _, value in share.records]
            share.refused = {place: "too large" for place, each in enumerate(ids) if each == self.poison}
            share.settle()


def event(identity: str, borrower: int) -> dict[str, Any]:
    return {**example("loan.closed"), "id": identity, "subject": f"B-{borrower}"}


async def take(publisher: FakePublisher, *documents: Any) -> Outcome:
    admission = Admission(ManualClock(datetime(2026, 3, 1, tzinfo=UTC)), future_limit=None, event_clock=True)
    intake = Intake(admission, publisher, Metrics(CollectorRegistry()))  # type: ignore[arg-type]
    return await intake.take([json.dumps(each).encode() for each in documents], KEEPER)


async def test_each_event_has_a_verdict_in_its_place() -> None:
    publisher = FakePublisher({0: 1, 1: 5})

    outcome = await take(publisher, event("a", 0), {"bad": 1}, event("b", 1), event("c", 0), event("d", 1))

    assert outcome.verdicts == ["accepted", "refused", "accepted", "unknown", "accepted"]
    assert list(outcome.refusals) == [1]
    assert publisher.log == {0: ["a"], 1: ["b", "d"]}


async def test_the_clock_goes_to_every_partition_once_all_before_it_is_safe() -> None:
    publisher = FakePublisher()

    outcome = await take(publisher, event("a", 0), event("b", 1), CLOCK, event("c", 0))

    assert outcome.verdicts == ["accepted"] * 4
    assert publisher.log == {0: ["a", "clock", "c"], 1: ["b", "clock"]}


async def test_the_clock_and_what_follows_stay_back_where_something_before_them_failed() -> None:
    publisher = FakePublisher({0: 0, 1: 5})

    outcome = await take(publisher, event("a", 0), event("b", 1), CLOCK, event("c", 1))

    assert outcome.verdicts == ["unknown", "accepted", "unknown", "unknown"]
    assert publisher.log == {0: [], 1: ["b"]}


async def test_a_clock_that_only_some_partitions_have_is_unknown() -> None:
    outcome = await take(FakePublisher({0: 0, 1: 5}), CLOCK)

    assert outcome.verdicts == ["unknown"]


def sent(identity: str, borrower: int, kind: str) -> Any:
    """An event, one that is refused, or the clock."""
    return {"event": event(identity, borrower), "bad": {"bad": identity}, "clock": {**CLOCK, "id": identity}}[kind]


@given(
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["event", "event", "event", "bad", "clock"])), max_size=25),
    st.integers(0, 12),
    st.integers(0, 12),
)
async def test_what_is_accepted_is_on_the_log_and_what_is_on_the_log_is_a_prefix_of_what_was_sent(
    request: list[tuple[int, str]], room: int, other_room: int
) -> None:
    publisher = FakePublisher({0: room, 1: other_room})

    outcome = await take(publisher, *(sent(f"{number}", of, kind) for number, (of, kind) in enumerate(request)))

    for number, (of, kind) in enumerate(request):
        partitions = (0, 1) if kind == "clock" else (of % 2,)
        on_log = all(str(number) in publisher.log[each] for each in partitions)
        assert outcome.verdicts[number] == ("refused" if kind == "bad" else "accepted" if on_log else "unknown")
    for partition in (0, 1):
        here = [(number, kind) for number, (of, kind) in enumerate(request) if kind == "clock" or of % 2 == partition]
        expected = [str(number) for number, kind in here if kind != "bad"]
        assert publisher.log[partition] == expected[: len(publisher.log[partition])]


async def test_an_event_that_kafka_refuses_for_good_is_refused_and_its_neighbours_are_accepted() -> None:
    publisher = FakePublisher()
    publisher.poison = "b"

    outcome = await take(publisher, event("a", 0), event("b", 0), event("c", 0), CLOCK)

    assert outcome.verdicts == ["accepted", "refused", "accepted", "accepted"]
    assert outcome.refusals[1].reason == "refused_by_broker"
    assert "Kafka refused it for good: too large" in str(outcome.refusals[1])


async def test_a_clock_that_one_partition_refuses_is_refused_and_what_follows_it_is_taken() -> None:
    publisher = FakePublisher()
    publisher.poison = "clock"
    assert (await take(publisher, CLOCK, event("a", 0))).verdicts == ["refused", "accepted"]
