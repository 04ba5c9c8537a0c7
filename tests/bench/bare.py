"""The bare reference: aiokafka's getmany, msgspec, a dict and the same three rules. Nothing is durable.

No lateness, no duplicates, no evidence, no words: as little Python as a streaming job that keeps all in memory can do
with. `python -m tests.bench.bare BOOTSTRAP TOPIC OUT RECORDS` reads that many records and says how long it took.
"""

import sys
import time
from datetime import date, datetime
from heapq import heappop, heappush
from typing import Any

import msgspec
import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from tests.bench.machine import PARTITIONS

BANDS = (1, 7, 30, 90)
FALLS = (-0.10, -0.20, -0.35, -0.50)
LENDERS = (3, 4, 6)
WINDOW_DAYS = 90


class Data(msgspec.Struct, gc=False):
    loan_id: str = ""
    due_date: date | None = None
    amount: str = "0"
    month: str = ""
    lender: str = ""
    as_of: date | None = None
    through: datetime | None = None


class Event(msgspec.Struct, gc=False):
    type: str
    subject: str
    time: datetime
    data: Data


class State:
    __slots__ = ("lenders", "levels", "months", "owed")

    def __init__(self) -> None:
        self.owed: list[list[Any]] = []
        self.months: dict[str, float] = {}
        self.lenders: dict[str, int] = {}
        self.levels = [0, 0, 0]


decode = msgspec.json.Decoder(Event).decode
encode = msgspec.json.Encoder().encode


class Partition:
    """One partition's borrowers and timers."""

    def __init__(self) -> None:
        self.states: dict[str, State] = {}
        self.timers: list[tuple[int, str]] = []
        self.day = 0

    def take(self, value: bytes, out: list[Any]) -> None:
        event = decode(value)
        if event.type == "clock.advanced":
            self._fire(event.data.through.toordinal() + 1, out)  # type: ignore[union-attr]
            return
        name = event.subject
        state = self.states.get(name)
        if state is None:
            state = self.states[name] = State()
        self._apply(name, state, event, out)

    def _fire(self, day: int, out: list[Any]) -> None:
        self.day = day
        timers = self.timers
        while timers and timers[0][0] <= day:
            _, name = heappop(timers)
            state = self.states[name]
            late = self._overdue(state)
            self._tell(name, state, 0, sum(late >= band for band in BANDS), out)
            following = next((band - late for band in BANDS if band > late), 0) if late else 0
            if following:
                heappush(timers, (day + following, name))

    def _overdue(self, state: State) -> int:
        return max((self.day - due for _, due, left in state.owed if left > 0), default=0)

    def _apply(self, name: str, state: State, event: Event, out: list[Any]) -> None:
        data = event.data
        if event.type == "installment.due":
            due = data.due_date.toordinal()  # type: ignore[union-attr]
            state.owed.append([data.loan_id, due, float(data.amount)])
            heappush(self.timers, (due + 1, name))
        elif event.type == "repayment.received":
            self._pay(state, data)
            if state.levels[0]:
                late = self._overdue(state)
                self._tell(name, state, 0, sum(late >= band for band in BANDS), out)
        elif event.type == "revenue.reported":
            state.months[data.month] = float(data.amount)
            self._tell(name, state, 1, _fallen(state.months), out)
        elif event.type == "exposure.reported":
            day = data.as_of.toordinal()  # type: ignore[union-attr]
            state.lenders.setdefault(data.lender, day)
            recent = sum(first > day - WINDOW_DAYS for first in state.lenders.values())
            self._tell(name, state, 2, sum(recent >= band for band in LENDERS), out)

    def _pay(self, state: State, data: Data) -> None:
        left = float(data.amount)
        for each in state.owed:
            if each[0] == data.loan_id:
                taken = min(each[2], left)
                each[2] -= taken
                left -= taken
                if left <= 0:
                    break
        state.owed = [each for each in state.owed if each[2] > 0]

    def _tell(self, name: str, state: State, rule: int, level: int, out: list[Any]) -> None:
        if level != state.levels[rule]:
            state.levels[rule] = level
            out.append((name, rule, level))


def _fallen(months: dict[str, float]) -> int:
    year = sorted(months.items())[-12:]
    if len(year) < 6:
        return 0
    mean = sum(amount for _, amount in year) / len(year)
    change = sum(amount for _, amount in year[-3:]) / 3 / mean - 1
    return sum(change <= band for band in FALLS)


async def run(bootstrap: str, topic: str, out_topic: str, records: int) -> None:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=4 * 1024 * 1024,
    )
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=20, acks="all")
    await consumer.start()
    await producer.start()
    assigned = [TopicPartition(topic, number) for number in range(PARTITIONS)]
    consumer.assign(assigned)
    partitions = [Partition() for _ in assigned]
    taken, told, began, cpu = 0, 0, time.perf_counter(), time.process_time()
    while taken < records:
        got = await consumer.getmany(timeout_ms=200, max_records=4_000)
        out: list[Any] = []
        for tp, batch in got.items():
            take = partitions[tp.partition].take
            for record in batch:
                take(record.value, out)
            taken += len(batch)
        for each in out:
            await producer.send(out_topic, encode(each), key=each[0].encode())
        told += len(out)
    spent, cpu = time.perf_counter() - began, time.process_time() - cpu
    sys.stdout.buffer.write(encode({"seconds": spent, "cpu_seconds": cpu, "records": taken, "changes": told}) + b"\n")
    await consumer.stop()
    await producer.stop()


if __name__ == "__main__":
    _, given_bootstrap, given_topic, given_out, given_records = sys.argv
    uvloop.run(run(given_bootstrap, given_topic, given_out, int(given_records)))
