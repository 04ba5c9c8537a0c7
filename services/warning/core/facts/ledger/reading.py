"""What is read of the events of a loan."""

from datetime import date
from typing import Literal

import msgspec


class DueAmount(msgspec.Struct, gc=False):
    """One instalment of a schedule."""

    due_date: date
    amount: str
    installment: str | int | None = None


class PaymentSoFar(msgspec.Struct, gc=False):
    """One payment that loan.disbursed tells of."""

    repayment_id: str
    amount: str
    value_date: date


class LoanDisbursed(msgspec.Struct, gc=False):
    """What is read of loan.disbursed."""

    loan_id: str
    principal: str
    currency: str
    schedule: list[DueAmount] = []
    product: str | None = None
    payments: list[PaymentSoFar] = []


class InstallmentDue(msgspec.Struct, gc=False):
    """What is read of installment.due."""

    loan_id: str
    due_date: date
    amount: str
    currency: str
    installment: str | int | None = None


class RepaymentReceived(msgspec.Struct, gc=False):
    """What is read of repayment.received."""

    loan_id: str
    amount: str
    currency: str
    value_date: date


class RepaymentReversed(msgspec.Struct, gc=False):
    """What is read of repayment.reversed. Without an amount it takes back all that is left."""

    repayment_id: str
    loan_id: str
    currency: str
    value_date: date
    amount: str | None = None


class LoanClosed(msgspec.Struct, gc=False):
    """What is read of loan.closed."""

    loan_id: str
    closed_on: date


class LoanRescheduled(msgspec.Struct, gc=False):
    """What is read of loan.rescheduled."""

    loan_id: str
    effective_on: date
    currency: str
    schedule: list[DueAmount]
    reason: Literal["difficulty", "commercial"]


class LoanWrittenOff(msgspec.Struct, gc=False):
    """What is read of loan.written_off."""

    loan_id: str
    amount: str
    currency: str
    on: date
