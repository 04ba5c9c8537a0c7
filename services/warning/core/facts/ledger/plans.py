"""The plans of a loan, as far as its words have been heard: instalments by slot, and what of them was waived."""

from dataclasses import dataclass, field
from typing import NamedTuple

from services.warning.core.facts.ledger.words import AnyWord, Fell, Lent, Replanned, Waived, slot_of

ALWAYS = 0
"""First day of the first plan: before all others."""
FOR_EVER = 1 << 31
"""A day after all others."""


class Slot(NamedTuple):
    """One instalment as it stands, and the word that last spoke of it."""

    day: int
    amount: int
    word: AnyWord


class Instalment(NamedTuple):
    """One instalment with what is still owed of it, and the plan and slot it stands in."""

    day: int
    amount: int
    plan: int
    slot: str


@dataclass(slots=True)
class Plan:
    """One plan: from `begin` on, and for instalments due on `first_day` or later."""

    begin: int
    first_day: int
    cycle: int
    word: Lent | Replanned | None = None
    """What it was drawn up by; None where instalments came one by one."""
    currency: str | None = None
    slots: dict[str, Slot] = field(default_factory=dict)
    single: list[Fell] = field(default_factory=list)
    """Where nothing drew it up: every instalment heard, for the last one's currency is that of all."""
    foreign: list[Fell] = field(default_factory=list)
    """Instalments that do not count for their currency."""

    def draw_up(self, word: Lent | Replanned) -> None:
        """Begin anew by a whole schedule."""
        self.word, self.currency = word, word.currency
        self.single, self.foreign = [], []
        names = word.names or [""] * len(word.schedule)
        self.slots = {
            slot_of(name, day): Slot(day, amount, word)
            for name, (day, amount) in zip(names, word.schedule, strict=True)
        }

    def hear(self, word: Fell) -> None:
        """One instalment: a new one, or another word on one that stands."""
        if self.word is not None:
            if word.currency != self.currency:
                self.foreign.append(word)
            elif not self._yields(word, self.word):
                self._put(word)
            return
        self.single.append(word)
        if word.currency == self.currency or self.currency is None:
            self.currency = word.currency
            self._put(word)
        else:
            self._turn(word.currency)

    def _yields(self, word: Fell, plan: Lent | Replanned) -> bool:
        """Of one time the greater key decides between a schedule and a single word on one of its instalments."""
        if (word.time, word.key) > (plan.time, plan.key):
            return False
        stands = any(each.day == word.day for each in self.slots.values())
        return slot_of(word.name, word.day) in self.slots or (not word.name and stands)

    def _turn(self, currency: str) -> None:
        self.currency, self.slots = currency, {}
        self.foreign = [each for each in self.single if each.currency != currency]
        for each in self.single:
            if each.currency == currency:
                self._put(each)

    def _put(self, word: Fell) -> None:
        if not word.name:  # whatever stands on that day is told anew; the slot stays, so that the word is not forgotten
            for slot, each in self.slots.items():
                if each.day == word.day:
                    self.slots[slot] = each._replace(amount=0)
        self.slots[slot_of(word.name, word.day)] = Slot(word.day, word.amount, word)

    @property
    def owed(self) -> list[Instalment]:
        """What it says is owed, by day."""
        found = [
            Instalment(each.day, each.amount, self.first_day, slot) for slot, each in self.slots.items() if each.amount
        ]
        return sorted(found)


@dataclass(slots=True, eq=False)
class Waiver:
    """So much of an instalment is owed no more from a moment on."""

    moment: int
    what: Waived
    plan: int = -1
    """First day of the plan whose beginning settled it; -1 for a closing or a write-off."""


@dataclass(slots=True)
class Mark:
    """A closing or a write-off: a new view begins."""

    moment: int
    time: int
    by: str


@dataclass(slots=True)
class Plans:
    """All that is known of a loan's plans."""

    plans: list[Plan] = field(default_factory=lambda: [Plan(-1, ALWAYS, 0)])
    """By their beginning."""
    waivers: list[Waiver] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)

    def plan_of(self, day: int) -> Plan:
        """The plan that an instalment due on a day belongs to."""
        return next(each for each in reversed(self.plans) if each.first_day <= day or each.first_day == ALWAYS)

    def cut(self, first_day: int) -> None:
        """Drop the plans of this cycle that would take effect on that day or later."""
        dropped = {each.first_day for each in self.of_cycle() if each.first_day >= first_day > ALWAYS}
        self.plans = [each for each in self.plans if each.first_day not in dropped]
        self.waivers = [each for each in self.waivers if each.plan not in dropped]

    def correct(self, word: Lent) -> Plan:
        """The base of this cycle, drawn up anew; what took its place later is dropped."""
        base, *later = self.of_cycle()
        for each in later:
            self.cut(each.first_day)
        base.draw_up(word)
        return base

    def begin_again(self, word: Lent, begin: int, first_day: int) -> None:
        """A second cycle: what the first one had in store for later is dropped."""
        cycle = self.plans[-1].cycle + 1
        self.cut(first_day)
        plan = Plan(begin, first_day, cycle)
        plan.draw_up(word)
        self.plans.append(plan)

    def follow(self, word: Replanned) -> Plan:
        """A plan that takes the place of the one before on a day, and of those that would have later."""
        base = self.of_cycle()[0]
        begin, cycle = max(word.begin, base.begin), base.cycle
        self.cut(word.day)
        plan = Plan(begin, word.day, cycle)
        plan.draw_up(word)
        self.plans.append(plan)
        return plan

    def take_over(self, moment: int) -> list[Waived]:
        """What is waived later than that: whoever settles everything now says so instead."""
        later = [each.what for each in self.waivers if each.moment > moment]
        self.waivers = [each for each in self.waivers if each.moment <= moment]
        return later

    def of_cycle(self) -> list[Plan]:
        """The plans since the loan was lent, or lent anew."""
        cycle = self.plans[-1].cycle
        return [each for each in self.plans if each.cycle == cycle]
