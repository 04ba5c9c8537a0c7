"""One loan as it is remembered, and what is drawn from that for those who count.

Everything here is stored by place: a new field goes last, with a default.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from services.warning.core.facts.ledger.words import AnyWord, Fell, Lent

Item = tuple[int, int]
"""(moment, amount): money that counts from then on."""


class Due(msgspec.Struct, array_like=True, gc=False):
    """The last installment.due of a day."""

    amount: int
    currency: str
    time: int
    hash: int
    key: str = ""


class Taken(msgspec.Struct, array_like=True, gc=False, order=True):
    """One reversal of a payment. Of several the earlier takes its part first."""

    time: int
    key: str
    hash: int
    amount: int = -1
    """-1: all that is left."""


class Payment(msgspec.Struct, array_like=True, gc=False):
    """One repayment. It counts from `moment`: its value date, at the time it was booked if that was the same day."""

    moment: int
    amount: int
    currency: str
    booked: int = -1
    """When it was first told of; -1: at its moment."""
    taken: list[Taken] = []
    """In order of time."""
    told: int = -1
    """Time of the loan.disbursed that tells of it; -1: its own event does."""
    key: str = ""
    """(source, id) of that disbursement."""

    @property
    def known(self) -> int:
        """When it was first told of."""
        return self.moment if self.booked < 0 else self.booked

    def left(self, before: int | None = None) -> int:
        """What of it was not taken back, as far as reversals go that were booked before a time."""
        left = self.amount
        for each in self.taken:
            if before is not None and each.time >= before:
                break
            part = left if each.amount < 0 else each.amount
            if part <= left:  # else it does not fit, and has no effect
                left -= part
        return left


class Closing(msgspec.Struct, array_like=True, gc=False):
    """The closing in states of before closings were words; see `adopt`."""

    moment: int
    time: int
    hash: int


class View(msgspec.Struct, array_like=True, gc=False):
    """What is owed and paid from `begin` on, until the next view begins."""

    begin: int
    by: str
    """What began it: "", "rescheduled", "written_off", "closed" or "again" (a second cycle)."""
    known: int
    """When that was booked."""
    days: list[int]
    """Due days, ascending."""
    owed: list[int]
    """What has fallen due in all up to each of `days`."""
    items: list[Item]
    """By moment."""
    paid: int
    newest: int


class Story(msgspec.Struct, array_like=True, gc=False):
    """What only those loans have of which the order of words matters."""

    words: list[AnyWord]
    """In their order."""
    earlier: list[View] = []
    """All views but the last, which the loan itself is."""
    begin: int = -1
    """When the last view began, -1 where it is the only one; `by` and `known` as a view has them."""
    by: str = ""
    known: int = -1
    items: list[Item] = []
    lacks: list[int] = []
    """Due days that the last disbursement should have repeated."""
    foreign: int = 0
    """Instalments that do not count for their currency."""


class Loan(msgspec.Struct, array_like=True, omit_defaults=True, gc=False):
    """One loan, and its own last view: `days` to `newest` are drawn from the rest, since every event asks for them.

    Most loans are plain: one disbursement, of each day one newer instalment, payments. All others have a story, which
    then holds what was said of their plan.
    """

    currency: str | None = None
    time: int = -1
    hash: int = 0
    principal: int = 0
    schedule: list[tuple[int, int]] = []
    """(due day, amount) of the disbursement."""
    dues: dict[int, Due] = {}
    payments: dict[int, Payment] = {}
    """By hash of their event."""
    reversed: dict[int, int] = {}
    """Hash of a payment's event that never happened -> time of the reversal, in states of before `Ledger.returned`."""
    closed: Closing | None = None
    touched: int = 0
    """Newest time of any event of this loan."""
    days: list[int] = []
    """Due days, ascending."""
    owed: list[int] = []
    """What has fallen due in all up to each of `days`."""
    paid: int = 0
    newest: int = -1
    """The newest moment of an item of the last view, its begin included."""
    product: str | None = None
    key: str = ""
    names: list[str] = []
    """The identities of the schedule's instalments, see `Lent.names`."""
    story: Story | None = None
    alone: int = 0
    """Reversals whose payment did not come within the lateness bound."""

    @property
    def items(self) -> Iterable[Item]:
        """What was paid in the last view, and when it counts from."""
        if self.story is not None:
            return self.story.items
        return [(each.moment, each.left()) for each in self.payments.values() if each.currency == self.currency]


def _words_of(loan: Loan) -> list[AnyWord]:
    """Everything said of a plain loan's plan, in order."""
    words: list[AnyWord] = [
        Fell(due.time, due.key, due.hash, "", day, due.amount, due.currency) for day, due in loan.dues.items()
    ]
    if loan.time >= 0:
        assert loan.currency is not None, "a disbursement has a currency"
        words.append(
            Lent(loan.time, loan.key, loan.hash, loan.currency, loan.principal, loan.product, loan.schedule, loan.names)
        )
    return sorted(words, key=lambda each: each.order)


def story_of(loan: Loan) -> Story:
    """The loan's story; it begins where there was none."""
    if loan.story is None:
        loan.story = Story(_words_of(loan))
        loan.schedule, loan.dues, loan.names = [], {}, []
    return loan.story


def views(loan: Loan) -> Iterator[View | Loan]:
    """What is owed and paid, from the loan's beginning on."""
    if loan.story is not None:
        yield from loan.story.earlier
    yield loan


class Chapter(NamedTuple):
    """A view, and what began it when: see `View`."""

    begin: int
    by: str
    known: int
    view: View | Loan


def chapters(loan: Loan) -> Iterator[Chapter]:
    """The views of a loan that has a story, in their order."""
    story = loan.story
    assert story is not None, "the caller has seen it"
    for each in story.earlier:
        yield Chapter(each.begin, each.by, each.known, each)
    yield Chapter(story.begin, story.by, story.known, loan)


def in_force(loan: Loan, until: int) -> View | Loan:
    """What counts as of a moment: the last view that has begun before it."""
    story = loan.story
    if story is not None and story.begin >= until:
        return next((each for each in reversed(story.earlier) if each.begin < until), story.earlier[0])
    return loan


def paid_before(view: View | Loan, until: int) -> int:
    """What had been paid before a moment."""
    if view.newest < until:
        return view.paid
    return sum(amount for moment, amount in view.items if moment < until)
