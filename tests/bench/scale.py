"""(e) What an event costs as the book grows: a year of states stored beforehand, borrowers drawn evenly."""

import asyncio
from datetime import datetime, timedelta
from random import Random
from typing import Any

from tests.bench.machine import CpuMeter, Deployment, Machine, records_of, wait_decided
from tests.bench.workload import DAYS, FIRST_DAY, LENDERS, ZONE, Item, event, generate

BOOKS = (50_000, 200_000, 500_000)
DRAWN = 100_000
REPAYMENTS = 0.6
AFTER = datetime.combine(FIRST_DAY + timedelta(days=DAYS), datetime.min.time(), ZONE) + timedelta(minutes=1)
CACHE_OF_A_TENTH_MB = {50_000: 3, 200_000: 13, 500_000: 33}
"""At 400 bytes a state and 250 beside it."""


async def measure(machine: Machine) -> dict[str, Any]:
    """Microseconds of CPU an event, the worker's own: with room for all borrowers, and with room for a tenth."""
    figures: dict[str, Any] = {}
    for borrowers in BOOKS:
        deployment = await machine.deployment()
        stored, drawn = generate(events=borrowers * 4, borrowers=borrowers), _drawn(borrowers)
        await deployment.append(stored)
        figures[str(borrowers)] = await _cost(deployment, stored, drawn, 4_096)
        deployment_small = await machine.deployment()
        await deployment_small.append(stored)
        figures[f"{borrowers}_cache_of_a_tenth"] = await _cost(
            deployment_small, stored, drawn, CACHE_OF_A_TENTH_MB[borrowers]
        )
        await deployment.remove()
        await deployment_small.remove()
    return figures


def _drawn(borrowers: int) -> list[Item]:
    """Events of one hour after the stored year: no midnight falls among them, so that no borrower's day does either."""
    chance = Random(borrowers)
    return [_event(number, f"B{chance.randrange(borrowers):07}", chance) for number in range(DRAWN)]


def _event(number: int, borrower: str, chance: Random) -> Item:
    moment = AFTER + timedelta(milliseconds=number * 3_600_000 // DRAWN)
    day, amount = AFTER.date().isoformat(), f"{chance.randrange(1, 900)}.00"
    if chance.random() < REPAYMENTS:
        data = {"loan_id": f"L-{borrower}", "currency": "EUR", "amount": amount, "value_date": day}
        return event(f"paid-{number}", borrower, "repayment.received", moment, data)
    data = {"lender": chance.choice(LENDERS), "currency": "EUR", "balance": amount, "as_of": day}
    return event(f"owed-{number}", borrower, "exposure.reported", moment, data)


async def _cost(deployment: Deployment, stored: list[Item], drawn: list[Item], cache_mb: int) -> float:
    connection = await deployment.connect()
    worker = deployment.start("warning", WARNING_CACHE_MB=str(cache_mb))
    try:
        await wait_decided(connection, records_of(stored), poll=0.2)
        meter = CpuMeter([worker.process.pid])
        await deployment.append(drawn)
        await wait_decided(connection, records_of(stored) + len(drawn))
        return round(meter.seconds() / len(drawn) * 1e6, 1)
    finally:
        await asyncio.to_thread(worker.process.stop)
        await connection.close()
