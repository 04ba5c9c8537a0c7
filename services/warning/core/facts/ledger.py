"""The loan ledger: what fell due, what was paid, what was taken back."""

from datetime import date

import msgspec

from services.warning.core.calendar import DAY, EPOCH_DAY, Calendar
from services.warning.core.facts.amounts import ten_thousandths
from services.warning.core.facts.family import KEPT_DAYS, LATENESS_DAYS, Family
from services.warning.core.records import Event, identity

CLOSED_KEPT = 2 * LATENESS_DAYS * DAY
"""A closed loan stays until nothing can arrive late for it, and what did arrive late can be corrected late."""
UNKNOWN_KEPT = KEPT_DAYS * DAY
"""Payments of a loan nobody disbursed stay as long as any item."""


class DueAmount(msgspec.Struct, gc=False):
    """One instalment of loan.disbursed."""

    due_date: date
    amount: str


class LoanDisbursed(msgspec.Struct, gc=False):
    """What is read of loan.disbursed."""

    loan_id: str
    principal: str
    currency: str
    schedule: list[DueAmount] = []
    product: str | None = None


class InstallmentDue(msgspec.Struct, gc=False):
    """What is read of installment.due."""

    loan_id: str
    due_date: date
    amount: str
    currency: str


class RepaymentReceived(msgspec.Struct, gc=False):
    """What is read of repayment.received."""

    loan_id: str
    amount: str
    currency: str
    value_date: date


class RepaymentReversed(msgspec.Struct, gc=False):
    """What is read of repayment.reversed."""

    repayment_id: str
    loan_id: str
    value_date: date


class LoanClosed(msgspec.Struct, gc=False):
    """What is read of loan.closed."""

    loan_id: str
    closed_on: date


class Due(msgspec.Struct, array_like=True, gc=False):
    """The newest installment.due of a day by (time, hash)."""

    amount: int
    currency: str
    time: int
    hash: int


class Payment(msgspec.Struct, array_like=True, gc=False):
    """One repayment. It counts from `moment`: its value date, at the time it was booked if that was the same day."""

    moment: int
    amount: int
    currency: str


class Closing(msgspec.Struct, array_like=True, gc=False):
    """The newest closing by (time, hash)."""

    moment: int
    time: int
    hash: int


class Loan(msgspec.Struct, array_like=True, omit_defaults=True, gc=False):
    """One loan. Stored by place: a new field goes last.

    `days` to `newest` are drawn from the others, and kept because every event asks for them.
    """

    currency: str | None = None
    time: int = -1
    hash: int = 0
    principal: int = 0
    schedule: list[tuple[int, int]] = []
    """(due day, amount) of the newest disbursement by (time, hash)."""
    dues: dict[int, Due] = {}
    payments: dict[int, Payment] = {}
    """By hash of their event."""
    reversed: dict[int, int] = {}
    """Hash of a payment's event that never happened -> time of the reversal."""
    closed: Closing | None = None
    touched: int = 0
    """Newest time of any event of this loan."""
    days: list[int] = []
    """Due days, ascending."""
    owed: list[int] = []
    """What has fallen due in all up to each of `days`."""
    paid: int = 0
    newest: int = -1
    """The newest payment's moment."""
    product: str | None = None


class Ledger(msgspec.Struct, array_like=True, omit_defaults=True, gc=False):
    """Loans by their id. `ever` stays true when the last of them is forgotten."""

    loans: dict[str, Loan] = {}
    ever: bool = False


def disbursed(state: Ledger, event: Event, data: LoanDisbursed, calendar: Calendar) -> int:
    """A later disbursement of the same loan replaces an earlier one with its whole schedule."""
    loan = _loan(state, data.loan_id, event.time)
    before = loan.days[:1]
    if (event.time, event.hash) > (loan.time, loan.hash):
        loan.time, loan.hash = event.time, event.hash
        loan.currency, loan.principal = data.currency, ten_thousandths(data.principal)
        loan.product = data.product
        loan.schedule = [(each.due_date.toordinal(), ten_thousandths(each.amount)) for each in data.schedule]
        _redraw(loan)
    return min([event.time, *(_counts_from(day, calendar) for day in before + loan.days[:1])])


def fell_due(state: Ledger, event: Event, data: InstallmentDue, calendar: Calendar) -> int:
    """A later word on a due date replaces an earlier one."""
    loan = _loan(state, data.loan_id, event.time)
    day = data.due_date.toordinal()
    known = loan.dues.get(day)
    if known is None or (known.time, known.hash) < (event.time, event.hash):
        due = loan.dues[day] = Due(ten_thousandths(data.amount), data.currency, event.time, event.hash)
        if loan.days and day > loan.days[-1] and due.currency == loan.currency:
            loan.days.append(day)  # the usual case: one more at the end
            loan.owed.append(loan.owed[-1] + due.amount)
        else:
            _redraw(loan)
    # Not `day` alone: another currency than before changes what counts of all the others too.
    return min(event.time, _counts_from(min([day, *loan.days[:1]]), calendar))


def received(state: Ledger, event: Event, data: RepaymentReceived, calendar: Calendar) -> int:
    """Add a payment, unless its reversal came first."""
    loan = _loan(state, data.loan_id, event.time)
    payment = Payment(
        calendar.within(data.value_date.toordinal(), event.time), ten_thousandths(data.amount), data.currency
    )
    if event.hash not in loan.reversed and event.hash not in loan.payments:
        loan.payments[event.hash] = payment
        if data.currency == loan.currency:
            loan.paid += payment.amount
            loan.newest = max(loan.newest, payment.moment)
    return payment.moment


def reversed_(state: Ledger, event: Event, data: RepaymentReversed, calendar: Calendar) -> int:
    """Take a payment back, or leave a tombstone for one that is still to come."""
    loan = _loan(state, data.loan_id, event.time)
    payment = identity(event.source, data.repayment_id)
    loan.reversed[payment] = max(event.time, loan.reversed.get(payment, 0))
    taken = loan.payments.pop(payment, None)
    if taken is None:
        return event.time
    _recount(loan)
    return taken.moment


def closed(state: Ledger, event: Event, data: LoanClosed, calendar: Calendar) -> int:
    """A later closing replaces an earlier one."""
    loan = _loan(state, data.loan_id, event.time)
    moment = calendar.within(data.closed_on.toordinal(), event.time)
    known = loan.closed
    if known is None or (known.time, known.hash) < (event.time, event.hash):
        loan.closed = Closing(moment, event.time, event.hash)
    return moment if known is None else min(moment, known.moment)


def _counts_from(due_day: int, calendar: Calendar) -> int:
    """The last moment before the end of a due day, so that what looks as of the next 00:00 has looked at it."""
    return calendar.midnight(due_day + 1) - 1


def _loan(state: Ledger, loan_id: str, time: int) -> Loan:
    loan = state.loans.get(loan_id)
    if loan is None:
        loan = state.loans[loan_id] = Loan()
        state.ever = True
    if time > loan.touched:
        loan.touched = time
    return loan


def _redraw(loan: Loan) -> None:
    """Draw due days and sums anew: for each day the newer of the schedule's amount and installment.due's."""
    if loan.time < 0:
        newest = max(loan.dues.values(), key=lambda due: (due.time, due.hash))
        loan.currency = newest.currency
    amounts = dict(loan.schedule)
    for day, due in loan.dues.items():
        if due.currency == loan.currency and (day not in amounts or (due.time, due.hash) > (loan.time, loan.hash)):
            amounts[day] = due.amount
    loan.days = sorted(amounts)
    total = 0
    loan.owed = [total := total + amounts[day] for day in loan.days]
    _recount(loan)


def _recount(loan: Loan) -> None:
    counted = [each for each in loan.payments.values() if each.currency == loan.currency]
    loan.paid = sum(each.amount for each in counted)
    loan.newest = max((each.moment for each in counted), default=-1)


def paid_before(loan: Loan, until: int) -> int:
    """What had been paid in the loan's currency before a moment."""
    if loan.newest < until:
        return loan.paid
    return sum(each.amount for each in loan.payments.values() if each.moment < until and each.currency == loan.currency)


def holds(state: Ledger, event_hash: int) -> bool:
    """Whether an item of this event is among the facts."""
    return any(
        event_hash in loan.payments
        or event_hash in loan.reversed
        or loan.hash == event_hash
        or (loan.closed is not None and loan.closed.hash == event_hash)
        or any(due.hash == event_hash for due in loan.dues.values())
        for loan in state.loans.values()
    )


def prune(state: Ledger, day: int) -> None:
    """Forget loans that are closed for good, loans nobody disbursed, and tombstones that have done their work."""
    if not state.loans:
        return
    now = (day - EPOCH_DAY) * DAY
    for loan_id, loan in list(state.loans.items()):
        kept = CLOSED_KEPT if loan.closed else UNKNOWN_KEPT
        newest = max(loan.touched, loan.closed.moment) if loan.closed else loan.touched
        if newest + kept < now and (loan.closed or not loan.days):
            del state.loans[loan_id]
            continue
        for payment in [each for each, time in loan.reversed.items() if time + CLOSED_KEPT < now]:
            del loan.reversed[payment]


FAMILY = Family(
    "ledger",
    Ledger,
    {
        "loan.disbursed": (LoanDisbursed, disbursed),
        "installment.due": (InstallmentDue, fell_due),
        "repayment.received": (RepaymentReceived, received),
        "repayment.reversed": (RepaymentReversed, reversed_),
        "loan.closed": (LoanClosed, closed),
    },
    holds,
    prune,
)
