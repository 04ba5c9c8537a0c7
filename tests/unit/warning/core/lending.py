"""Made-up words on loans: money lent, due, paid and taken back, closings, reschedules and write-offs."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

Said = dict[str, Any]
START = date(2026, 1, 1)
SETTLED_FROM = 110
"""Days of 150: a closed loan is kept for 90 more, so that what comes late still finds it."""

_KINDS = [
    "pay",
    "pay",
    "pay",
    "pay",
    "due",
    "due",
    "due",
    "loan",
    "loan",
    "reverse",
    "close",
    "reschedule",
    "write off",
]
BUSY = [*_KINDS[3:], "reverse", "reverse", "close"]
"""Of a loan of which the order of words matters more than usual."""
_LOANS = ("L1", "L1", "L2")
_amount = st.sampled_from(["5", "20", "50", "95.5", "100", "200"])
_owed = st.sampled_from(["5", "20", "50", "95.5", "100", "200", "0"])
_currency = st.sampled_from(["EUR"] * 9 + ["NGN"])
_near = st.integers(-20, 12)


def day_of(number: int) -> str:
    """A day of the history, as events write it."""
    return (START + timedelta(days=number)).isoformat()


@st.composite
def loan_word(draw: st.DrawFn, day: int, before: Sequence[Said], *, busy: bool = False) -> tuple[str, dict[str, Any]]:
    """Type and data of one event, booked on that day of the history after those before."""
    kind = draw(st.sampled_from(BUSY if busy else _KINDS))
    near, loan = day_of(max(0, day + draw(_near))), {"loan_id": "L1" if busy else draw(st.sampled_from(_LOANS))}
    settles = busy or day >= SETTLED_FROM
    if kind == "due":
        return "installment.due", {
            **loan,
            "due_date": near,
            "amount": draw(_owed),
            "currency": draw(_currency),
            **draw(st.sampled_from(_NAMED)),
        }
    if kind == "loan":
        return "loan.disbursed", {**loan, "principal": "300", **draw(_lent(day))}
    if kind == "reverse" and (reversal := draw(_reversal(before))) is not None:
        return "repayment.reversed", reversal
    if kind == "reschedule":
        return "loan.rescheduled", {**loan, **draw(_replanned(day))}
    if kind == "close" and settles:
        return "loan.closed", {**loan, "closed_on": near}
    if kind == "write off" and settles:
        return "loan.written_off", {**loan, "amount": draw(_amount), "currency": "EUR", "on": near}
    return "repayment.received", {**loan, "amount": draw(_amount), "currency": draw(_currency), "value_date": near}


_NAMED: list[Said] = [{}, {}, {"installment": 1}, {"installment": "2"}, {"installment": 3}]


@st.composite
def _schedule(draw: st.DrawFn, first: int) -> list[dict[str, Any]]:
    items = [
        {"due_date": day_of(max(0, first + 10 * each)), "amount": draw(_owed)}
        for each in range(draw(st.integers(0, 4)))
    ]
    if draw(st.booleans()):
        return [{**each, "installment": number} for number, each in enumerate(items, 1)]
    return list({each["due_date"]: each for each in items}.values())


@st.composite
def _lent(draw: st.DrawFn, day: int) -> dict[str, Any]:
    paid = [
        {"repayment_id": f"so-far-{number}", "amount": draw(_amount), "value_date": day_of(max(0, day - number))}
        for number in draw(st.sets(st.integers(1, 4), max_size=2))
    ]
    currency, schedule = draw(_currency), draw(_schedule(day + draw(st.integers(-30, 20))))
    return {"currency": currency, "schedule": schedule, **({"payments": paid} if paid else {})}


@st.composite
def _replanned(draw: st.DrawFn, day: int) -> dict[str, Any]:
    effective = max(0, day + draw(_near))
    schedule = draw(_schedule(effective + draw(st.integers(0, 10))))
    reason = draw(st.sampled_from(["difficulty", "commercial"]))
    return {"effective_on": day_of(effective), "currency": draw(_currency), "schedule": schedule, "reason": reason}


@st.composite
def _reversal(draw: st.DrawFn, before: Sequence[Said]) -> dict[str, Any] | None:
    """Of a payment that something is left of: all of that, or a part."""
    left = {each["id"]: Decimal(each["data"]["amount"]) for each in before if each["type"] == "repayment.received"}
    for each in before:
        if each["type"] == "repayment.reversed":
            taken = each["data"].get("amount")
            left[each["data"]["repayment_id"]] -= (
                left[each["data"]["repayment_id"]] if taken is None else Decimal(taken)
            )
    standing = [each for each, amount in left.items() if amount]
    if not standing:
        return None
    named = draw(st.sampled_from(standing))
    paid = next(each["data"] for each in before if each["id"] == named)
    part = draw(st.sampled_from([None, None, left[named], min(left[named], Decimal(5))]))
    said = {
        "repayment_id": named,
        "loan_id": paid["loan_id"],
        "currency": paid["currency"],
        "value_date": paid["value_date"],
    }
    return said if part is None else {**said, "amount": str(part)}
