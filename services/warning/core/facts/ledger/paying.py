"""Takes in payments, and what is taken back of them."""

from bisect import insort

import msgspec

from services.warning.core.calendar import Calendar
from services.warning.core.facts.amounts import decimal, ten_thousandths
from services.warning.core.facts.family import Remark, Since
from services.warning.core.facts.ledger.drawing import draw
from services.warning.core.facts.ledger.loan import Loan, Payment, Taken
from services.warning.core.facts.ledger.reading import (
    LoanDisbursed,
    PaymentSoFar,
    RepaymentReceived,
    RepaymentReversed,
)
from services.warning.core.facts.ledger.state import Ledger, Reversal, loan_of
from services.warning.core.records import Event, identity


def received(state: Ledger, event: Event, data: RepaymentReceived, calendar: Calendar) -> int:
    """Add a payment, less what was taken back before it came."""
    loan = loan_of(state, data.loan_id, event.time)
    payment = _payment(event, data.amount, data.currency, data.value_date.toordinal(), calendar)
    if event.hash not in loan.payments and event.hash not in loan.reversed and event.hash not in state.returned:
        loan.payments[event.hash] = payment
        if not _count(loan, payment):
            draw(loan)
        return _said_of(loan, payment, data.loan_id)
    return _put(state, loan, event.hash, payment, data.loan_id)


def put_so_far(
    state: Ledger, loan: Loan, event: Event, data: LoanDisbursed, paid: PaymentSoFar, calendar: Calendar
) -> int:
    """A payment that a disbursement tells of, known by the id of its own event. The caller draws the loan."""
    payment = _payment(event, paid.amount, data.currency, paid.value_date.toordinal(), calendar)
    payment.told, payment.key = event.time, event.key
    return _put(state, loan, identity(event.source, paid.repayment_id), payment, data.loan_id, drawn=False)


def _payment(event: Event, amount: str, currency: str, day: int, calendar: Calendar) -> Payment:
    moment = calendar.within(day, event.time)
    return Payment(moment, ten_thousandths(amount), currency, -1 if moment == event.time else event.time)


def _put(state: Ledger, loan: Loan, named: int, payment: Payment, loan_id: str, *, drawn: bool = True) -> int:
    """One that was told of before, or taken back before it came. Its own event holds against a disbursement's word."""
    known = loan.payments.get(named)
    if named in loan.reversed:
        return payment.moment
    if known is not None:
        newer = max((known, payment), key=lambda each: (each.told < 0, each.told, each.key))
        moment = min(known.moment, payment.moment)
        newer.taken, newer.booked = known.taken, min(known.known, payment.known)
        payment = newer
    else:
        moment = payment.moment
    loan.payments[named] = payment
    remarks = _take_back(state, named, payment, loan_id)
    if drawn:
        draw(loan)
    return Since(moment, *remarks)


def _take_back(state: Ledger, named: int, payment: Payment, loan_id: str) -> list[Remark]:
    """Apply the reversals that came first, where they fit."""
    waiting = state.returned.pop(named, [])
    remarks = []
    for each in sorted(waiting, key=lambda each: each.taken):
        wrong = _mismatch(each.loan_id, each.currency, each.taken, loan_id, payment)
        if wrong is None:
            insort(payment.taken, each.taken)
        else:
            remarks.append(Remark("reversal_void", each.loan_id, wrong))
    return remarks


def _count(loan: Loan, payment: Payment) -> bool:
    """The usual case: whatever was said of the loan was said before, and the payment is one more in its last view."""
    if payment.currency != loan.currency:
        return loan.story is None or not loan.story.earlier
    story = loan.story
    if story is not None:
        if payment.moment < story.begin or payment.known <= story.words[-1].time:
            return False
        insort(story.items, (payment.moment, payment.amount))
    loan.paid += payment.amount
    loan.newest = max(loan.newest, payment.moment)
    return True


def _said_of(loan: Loan, payment: Payment, loan_id: str) -> int:
    if loan.currency is None or payment.currency == loan.currency or (loan.story and payment.moment < loan.story.begin):
        return payment.moment
    detail = f"a payment in {payment.currency} does not count: the loan's plan is in {loan.currency}"
    return Since(payment.moment, Remark("other_currency", loan_id, detail))


def reversed_(state: Ledger, event: Event, data: RepaymentReversed, _: Calendar) -> int:
    """Take a payment back, or a part of it, or leave word for one that is still to come."""
    loan = loan_of(state, data.loan_id, event.time)
    named, taken = identity(event.source, data.repayment_id), _taken(event, data)
    payment = loan.payments.get(named)
    if payment is None:
        if named not in loan.reversed:
            state.returned.setdefault(named, []).append(Reversal(data.loan_id, data.currency, taken))
            state.returned[named].sort(key=lambda each: each.taken)
        return event.time
    insort(payment.taken, taken)
    void = _drop_void(payment)
    draw(loan)
    if not void:
        return payment.moment
    detail = f"a reversal booked later takes back more than this one leaves of payment {data.repayment_id}: no effect"
    return Since(payment.moment, Remark("reversal_void", data.loan_id, detail))


def _taken(event: Event, data: RepaymentReversed) -> Taken:
    return Taken(event.time, event.key, event.hash, -1 if data.amount is None else ten_thousandths(data.amount))


def _drop_void(payment: Payment) -> bool:
    """Drop reversals that one booked before them leaves too little for: had they come after it, they were refused."""
    fitting: list[Taken] = []
    for each in payment.taken:
        before = msgspec.structs.replace(payment, taken=fitting)
        if _fits(before, each):
            fitting = [*fitting, each]
    dropped = len(fitting) < len(payment.taken)
    payment.taken = fitting
    return dropped


def _fits(payment: Payment, taken: Taken) -> bool:
    left = payment.left()
    return left > 0 if taken.amount < 0 else taken.amount <= left


def check_reversal(state: Ledger, event: Event, data: RepaymentReversed) -> Remark | None:
    """A reversal must fit its payment, where that is known."""
    named = identity(event.source, data.repayment_id)
    for loan_id in (data.loan_id, *state.loans):
        loan = state.loans.get(loan_id)
        payment = loan.payments.get(named) if loan is not None else None
        if payment is not None:
            wrong = _mismatch(data.loan_id, data.currency, _taken(event, data), loan_id, payment)
            said = f"payment {data.repayment_id}: {wrong}"
            return None if wrong is None else Remark("reversal_mismatch", data.loan_id, said)
    return None


def _mismatch(loan_id: str, currency: str, taken: Taken, payments_loan: str, payment: Payment) -> str | None:
    """What of a reversal does not fit its payment, naming both sides."""
    if loan_id != payments_loan:
        return f"expected the payment's loan, {payments_loan}; the reversal names {loan_id}"
    if currency != payment.currency:
        return f"expected the payment's currency, {payment.currency}; the reversal names {currency}"
    before = msgspec.structs.replace(payment, taken=[each for each in payment.taken if each < taken])
    if not _fits(before, taken):
        left = before.left()
        wanted = "all that is left" if taken.amount < 0 else decimal(taken.amount)
        return (
            f"expected at most what is left of it, {decimal(left)} of {decimal(payment.amount)} {currency};"
            f" the reversal takes back {wanted}"
        )
    return None
