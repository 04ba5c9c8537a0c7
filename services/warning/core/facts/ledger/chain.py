"""From plans and payments to what is owed and paid, view by view.

A view begins where a plan takes effect, and where a closing or a write-off counts from. What the view before left
unpaid and nobody waived is owed in it too, from its old due day: after a reversal, say. Payments pay the oldest first.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from services.warning.core.facts.ledger.loan import Item, Payment, View
from services.warning.core.facts.ledger.plans import Instalment, Mark, Plan, Plans, Waiver
from services.warning.core.facts.ledger.words import Lent, Replanned


class Paid(NamedTuple):
    """A payment as far as it is known."""

    moment: int
    amount: int
    currency: str
    booked: int


def paid_by(payments: Iterable[Payment], time: int | None = None) -> list[Paid]:
    """What was paid, as known at a time: payments of that very time are known, reversals of it are not."""
    return [
        Paid(each.moment, left, each.currency, each.known)
        for each in payments
        if (time is None or each.known <= time) and (left := each.left(time))
    ]


@dataclass(slots=True)
class Stretch:
    """A view in the making."""

    begin: int
    plan: Plan
    mark: Mark | None
    owed: list[Instalment] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)

    @property
    def unpaid(self) -> Iterator[Instalment]:
        """What is left once everything paid in it has paid the oldest."""
        left = sum(amount for _, amount in self.items)
        for each in self.owed:
            part = min(left, each.amount)
            left -= part
            if part < each.amount:
                yield each._replace(amount=each.amount - part)


def stretches(plans: Plans, payments: Sequence[Paid]) -> list[Stretch]:
    """All views in their order, each with what is owed and paid in it."""
    found = _begun(plans)
    for each in payments:
        _allot(each, found)
    waiting, begun = list(plans.waivers), set[int]()
    for before, stretch in zip([None, *found], found, strict=False):
        if before is not None and before.plan.currency == stretch.plan.currency:
            stretch.owed = list(before.unpaid)
        if before is None or before.plan is not stretch.plan:
            stretch.owed += stretch.plan.owed
            begun.add(stretch.plan.first_day)
        due = [each for each in waiting if each.moment <= stretch.begin and each.what[0] in begun]
        waiting = [each for each in waiting if each not in due]
        _waive(stretch, due)
        stretch.owed.sort()
        stretch.items.sort()
    return found


def _begun(plans: Plans) -> list[Stretch]:
    """One for each plan and mark; of one moment a mark comes before a second cycle, and after any other plan."""
    first = plans.plans[0].cycle
    edges = [
        *(
            (each.begin, 2 if each.cycle > first and isinstance(each.word, Lent) else 0, each, None)
            for each in plans.plans
        ),
        *((each.moment, 1, None, each) for each in plans.marks),
    ]
    found: list[Stretch] = []
    for begin, _, plan, mark in sorted(edges, key=lambda edge: edge[:2]):
        found.append(Stretch(begin, plan or found[-1].plan, mark))
    return found


def _allot(payment: Paid, found: list[Stretch]) -> None:
    place, moment = allotted(payment.moment, payment.booked, found)
    if found[place].plan.currency == payment.currency:
        found[place].items.append((moment, payment.amount))


def allotted(moment: int, booked: int, found: Sequence[Stretch]) -> tuple[int, int]:
    """The place of the view that a payment falls into, and when it counts from.

    That of its moment; where a closing knew of it, the one before that closing.
    """
    place = 0
    for number, each in enumerate(found):
        if each.begin > moment:
            break
        if each.mark is not None and booked <= each.mark.time:
            return place, each.begin
        place = number
    return place, moment


def _waive(stretch: Stretch, waivers: Iterable[Waiver]) -> None:
    """Take off what is waived from this view on."""
    for waiver in waivers:
        plan, slot, amount = waiver.what
        stretch.owed = [
            each._replace(amount=max(0, each.amount - amount)) if (each.plan, each.slot) == (plan, slot) else each
            for each in stretch.owed
        ]
    stretch.owed = [each for each in stretch.owed if each.amount]


def view_of(stretch: Stretch) -> View:
    """As it is stored, and as indicators ask it."""
    total = 0
    return View(
        stretch.begin,
        _by(stretch),
        _known(stretch),
        [each.day for each in stretch.owed],
        [total := total + each.amount for each in stretch.owed],
        stretch.items,
        sum(amount for _, amount in stretch.items),
        max((moment for moment, _ in stretch.items), default=-1),
    )


def _by(stretch: Stretch) -> str:
    if stretch.mark is not None:
        return stretch.mark.by
    if isinstance(stretch.plan.word, Replanned):
        return "rescheduled"
    return "again" if stretch.begin >= 0 else ""


def _known(stretch: Stretch) -> int:
    if stretch.mark is not None:
        return stretch.mark.time
    return stretch.plan.word.time if stretch.plan.word is not None else -1
