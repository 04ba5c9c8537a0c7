"""One request's events: admitted one by one, published in order, each with its verdict."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from services.ingest.admission import Admission, Sender
from services.ingest.lane import Share
from services.ingest.metrics import Metrics
from services.ingest.publisher import Publisher
from services.ingest.refusals import RefusedError, refused_by_broker
from shared.events import CONTROL_TYPES

Verdict = Literal["accepted", "refused", "unknown"]


@dataclass(slots=True)
class Outcome:
    """A verdict for each event, in the request's order, and why the refused ones were refused, by index."""

    verdicts: list[Verdict]
    refusals: dict[int, RefusedError] = field(default_factory=dict)


class _Step:
    """Events that may travel at once, or one control event alone. `indices` says which of the request's they are."""

    def __init__(self, *, control: bool) -> None:
        self.control = control
        self.types: list[str] = []
        self.shares: dict[int, Share] = {}
        self.indices: dict[int, list[int]] = {}

    def add(self, index: int, partition: int, key: bytes, value: bytes) -> None:
        share = self.shares.get(partition)
        if share is None:
            share = self.shares[partition] = Share()
            self.indices[partition] = []
        share.records.append((key, value))
        self.indices[partition].append(index)

    @property
    def complete(self) -> bool:
        return all(share.complete for share in self.shares.values())

    def refused(self) -> dict[int, str]:
        """Why Kafka will never take some of the events, by index; of a control event, on one partition or more."""
        found = ((self.indices[number], share.refused) for number, share in self.shares.items())
        return {indices[place]: why for indices, refused in found for place, why in refused.items()}

    def acknowledged(self) -> list[int]:
        """Indices of the events that are safe, or refused; a control event is once every partition has it."""
        if self.control:
            return next(iter(self.indices.values())) if self.complete else []
        return [each for number, share in self.shares.items() for each in self.indices[number][: share.acknowledged]]


class Intake:
    """Takes requests. A bad event never rejects its neighbours, and one borrower's events keep their order."""

    def __init__(self, admission: Admission, publisher: Publisher, metrics: Metrics) -> None:
        self._admission = admission
        self._publisher = publisher
        self._metrics = metrics

    async def take(self, raws: Sequence[bytes], sender: Sender) -> Outcome:
        """Admit and publish. What is neither refused nor acknowledged is unknown: the sender repeats it.

        A control event goes out once all before it is acknowledged, and nothing after a step that failed goes out.
        Raises KafkaError, TimeoutError or OSError where Kafka was never reached.
        """
        await self._publisher.connect()
        outcome = Outcome(["unknown"] * len(raws))
        types, steps = self._admit(raws, sender, outcome)
        for step in steps:
            await self._publisher.publish(step.shares)
            for index in step.acknowledged():
                outcome.verdicts[index] = "accepted"
            for index, why in step.refused().items():
                outcome.verdicts[index] = "refused"
                outcome.refusals[index] = refused_by_broker(why)
            if not step.complete:
                break
        self._count(outcome, types)
        return outcome

    def _admit(self, raws: Sequence[bytes], sender: Sender, outcome: Outcome) -> tuple[list[str], list[_Step]]:
        """Each event's type ("" for a refused one), and the steps the others travel in."""
        admit, place = self._admission.gate(sender).admit, self._publisher.place
        types = [""] * len(raws)
        steps: list[_Step] = []
        for index, raw in enumerate(raws):
            try:
                event, value = admit(raw)
            except RefusedError as error:
                outcome.verdicts[index] = "refused"
                outcome.refusals[index] = error
                continue
            types[index] = event.type
            if event.type in CONTROL_TYPES:
                steps.append(self._control_step(index, event.subject.encode(), value))
                continue
            if not steps or steps[-1].control:
                steps.append(_Step(control=False))
            partition, key = place(event.subject)
            steps[-1].add(index, partition, key, value)
        return types, steps

    def _control_step(self, index: int, key: bytes, value: bytes) -> _Step:
        step = _Step(control=True)
        for partition in self._publisher.partitions:
            step.add(index, partition, key, value)
        return step

    def _count(self, outcome: Outcome, types: list[str]) -> None:
        pairs = zip(types, outcome.verdicts, strict=True)
        for event_type, count in Counter(each for each, verdict in pairs if verdict == "accepted").items():
            self._metrics.accepted.labels(event_type).inc(count)
        for refusal in outcome.refusals.values():
            self._metrics.refused.labels(refusal.reason).inc()
        if unknown := outcome.verdicts.count("unknown"):
            self._metrics.unknown.inc(unknown)
