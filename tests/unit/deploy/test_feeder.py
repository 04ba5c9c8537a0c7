"""The feeder loses nothing and reorders nothing, however ingest fails."""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.local.feeder import Answer, Feeder, IngestUnavailableError


def _event(borrower: int, number: int) -> dict[str, Any]:
    return {"id": f"{borrower}-{number}", "subject": f"B{borrower}"}


class FlakyIngest:
    """Takes the first `taken` events of a request and answers for the first `told` of them; all, at the plan's end."""

    def __init__(self, plan: Sequence[tuple[int, int]]) -> None:
        self.log: list[str] = []
        self._plan = list(plan)
        self._open: set[str] = set()

    async def __call__(self, request: Sequence[bytes]) -> Answer:
        events = [msgspec.json.decode(each) for each in request]
        subjects = {event["subject"] for event in events}
        assert not subjects & self._open, "two unanswered requests for one borrower"
        self._open |= subjects
        await asyncio.sleep(0)  # where another lane's request would come between
        taken, told = self._plan.pop() if self._plan else (len(events), len(events))
        self.log += [event["id"] for event in events[:taken]]
        self._open -= subjects
        known = min(taken, told, len(events))
        return Answer(["accepted"] * known + ["unknown"] * (len(events) - known), retry_after=0)


def _first_sights(log: list[str]) -> list[str]:
    return list(dict.fromkeys(log))


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=30), st.integers(1, 3), st.integers(1, 5))
async def test_each_event_arrives_once_and_in_its_borrowers_order(
    plan: list[tuple[int, int]], lanes: int, size: int
) -> None:
    ingest = FlakyIngest(plan)
    feeder = Feeder(ingest, lanes=lanes, request_events=size)
    events = [_event(number % 3, number) for number in range(20)]

    await feeder.send(events)

    assert feeder.report.accepted == len(events)
    for borrower in range(3):
        expected = [event["id"] for event in events if event["subject"] == f"B{borrower}"]
        assert [each for each in _first_sights(ingest.log) if each.startswith(f"{borrower}-")] == expected


async def test_a_refused_event_is_reported_and_not_repeated() -> None:
    async def refuses(request: Sequence[bytes]) -> Answer:
        return Answer(["refused"] * len(request), [{"id": "1-1", "errors": []}])

    feeder = Feeder(refuses)
    await feeder.send([_event(1, 1)])

    assert (feeder.report.refused, feeder.report.repeated) == (1, 0)
    assert feeder.report.problems == [{"id": "1-1", "errors": []}]


async def test_an_ingest_that_never_answers_ends_the_feeders_patience() -> None:
    async def silent(request: Sequence[bytes]) -> Answer:
        return Answer(["unknown"] * len(request), retry_after=0)

    with pytest.raises(ExceptionGroup) as raised:
        await Feeder(silent, patience=0.01).send([_event(1, 1)])

    assert raised.group_contains(IngestUnavailableError, match="1 events had no verdict within 0.01 s")
