"""How people were told, at the end: a group, a warning handed up and answered for, and one that was over."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from typing import Any
from uuid import UUID

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from deploy.local.demo.deliveries import Deliveries, Letter
from deploy.local.demo.people import BOARD, BOARD_AFTER, CHIEF, CHIEF_AFTER, OFFICERS, PEOPLE
from deploy.local.demo.screen import COLOURS, business_day
from deploy.local.demo.stories import Answered, Recovered, Stories, Told
from services.notifier.channels.email.message import compose
from services.notifier.core.message import Message
from shared.warnings import WarningChange

_Row = tuple[str, str, Text]
"""When, who, and what."""
MOST_LINES = 5
_SENDER = Address("Bellwether", "bellwether", "lender.example")
_NOW = datetime(2025, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Account:
    """What the notifier's API says of one warning."""

    warning: UUID
    notifications: Sequence[Mapping[str, Any]]


def how_people_were_told(
    found: Stories, deliveries: Deliveries, account: Account | None, *, started: float
) -> RenderableType:
    """The section. Seconds in it count from `started`."""
    clock = _Clock(started)
    parts: list[RenderableType] = [
        _who(),
        "",
        _heading("Grouped", "several warnings of a branch, one message"),
        _grouped(found.grouped, deliveries, clock),
        "",
        _heading("Escalated and acknowledged", "handed up until somebody answers"),
        _answered(found.answered, deliveries, clock),
        "",
        _heading("Recovered", "who was told of it is told that it is over"),
        _recovered(found.recovered, clock),
    ]
    if account is not None:
        parts += ["", _heading("Why was I told, or not?", "asked of the notifier's API, of one warning:")]
        parts.append(Text(f"  GET /v1/warnings/{account.warning}/notifications", style="dim"))
        parts.append(_account(account))
    return Panel(Group(*parts), title="How people were told", title_align="left")


@dataclass(frozen=True, slots=True)
class _Clock:
    started: float

    def __call__(self, at: float) -> str:
        return f"{at - self.started:.1f} s"


def _who() -> Text:
    return Text(
        "Besides the system, which gets every change, three webhooks stand for people. A branch's officers hear of "
        f"yellow, orange and red. Of an orange or red that nobody answers for, the chief hears {CHIEF_AFTER} s after "
        f"them, and the board {BOARD_AFTER} s after the chief. A second is here what may be an hour at work.",
        style="dim",
    )


def _heading(name: str, about: str) -> Text:
    return Text(name, style="bold").append(f"  {about}", style="dim not bold")


def _grid(rows: Iterable[_Row]) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True, justify="right", min_width=8)
    table.add_column(no_wrap=True, min_width=8)
    table.add_column()
    for at, who, what in rows:
        table.add_row(at, who, what)
    return table


def _not_this_time(why: str) -> Padding:
    return Padding(Text(f"It did not come to that: {why}."), (0, 0, 0, 2))


def _grouped(letter: Letter | None, deliveries: Deliveries, clock: _Clock) -> RenderableType:
    if letter is None:
        return _not_this_time("no two warnings of one branch came close enough together")
    return _grid(_in_one(letter, deliveries, clock))


def _in_one(letter: Letter, deliveries: Deliveries, clock: _Clock) -> Iterator[_Row]:
    changes = [deliveries.known[each] for each in letter.changes]
    yield (
        clock(letter.at),
        letter.receiver,
        Text(f"{letter.total} warnings of branch {letter.common['branch']} in one message, not in {letter.total}"),
    )
    yield "", "subject", Text(subject(letter, changes), style="bold")
    for change in changes[:MOST_LINES]:
        yield "", "", _change(change).append(f"  {change.borrower_id}  {change.rule}", style="default not bold")
    if (left_out := letter.total - len(changes[:MOST_LINES])) > 0:
        yield "", "", Text(f"and {left_out} more", style="dim")
    yield "in all", "officers", Text(_in_all(deliveries))


def subject(letter: Letter, changes: Sequence[WarningChange]) -> str:
    """What the e-mail channel puts over such a message."""
    message = Message(
        changes[0].change_id, changes[0], b"", _NOW, _NOW,
        purpose=letter.purpose, others=tuple(changes[1:]), total=letter.total, common=letter.common,
    )  # fmt: skip
    return str(compose(message, _SENDER, [_SENDER], ("en",))["Subject"])


def _in_all(deliveries: Deliveries) -> str:
    letters = [each for each in deliveries.letters if each.receiver == OFFICERS]
    told = sum(each.total for each in letters)
    return f"got {len(letters):,} messages, which tell of {told:,} changes"


def _change(change: WarningChange) -> Text:
    """As in the lines above, without the words: the level, what happened, and on which business day."""
    told = Text(f"{change.severity} {change.kind}", style=COLOURS[change.severity])
    return told.append(f"  {business_day(change)}", style="dim not bold")


def _answered(found: Answered | None, deliveries: Deliveries, clock: _Clock) -> RenderableType:
    if found is None:
        if any(each.receiver == CHIEF for each in deliveries.letters):
            return _not_this_time("the chief was told, and no acknowledgement was on record by the end")
        return _not_this_time(
            f"no orange or red warning stayed open for {CHIEF_AFTER} s after officers were told of it"
        )
    return Group(_about(found.chief.change), _grid(_handed_up(found, deliveries, clock)))


def _about(change: WarningChange) -> Text:
    said = Text(f"  {change.borrower_id}", style="bold").append(f"  {change.rule}", style="not bold")
    return said.append(f"  of branch {change.about.branch or 'unknown'}", style="not bold")


def _handed_up(found: Answered, deliveries: Deliveries, clock: _Clock) -> Iterator[_Row]:
    for told in found.officers:
        yield _told(told, clock)
    chief = found.chief.letter
    yield clock(chief.at), CHIEF, _change(found.chief.change).append("  step 1: no answer yet", style="default")
    yield clock(found.pressed_at), CHIEF, Text("presses the button behind the link in that message")
    yield clock(found.acknowledged_at), "", _acknowledged(found.acknowledgement)
    if found.officers_know_at is not None:
        yield clock(found.officers_know_at), OFFICERS, Text("are told who answers for it")
    yield clock(chief.at + BOARD_AFTER), BOARD, _step_two(found, deliveries, clock)
    if found.anew is not None:
        yield clock(found.anew_at), "", _change(found.anew).append("  worse: handed up anew", style="default")


def _acknowledged(change: WarningChange) -> Text:
    by = f" by {change.acknowledgement.by}" if change.acknowledgement is not None else ""
    return Text("acknowledged", style="green").append(f"{by}, on record with the warning service", style="default")


def _step_two(found: Answered, deliveries: Deliveries, clock: _Clock) -> Text:
    if found.board_after is not None:
        return Text(f"step 2 was due; told at {clock(found.board_after)}, though somebody answers for it", style="red")
    others = len({each.changes[0] for each in deliveries.letters if each.receiver == BOARD})
    ended = "step 2 was due: not told, the escalation has ended"
    return Text(f"{ended} (told of {others} that nobody answered for)" if others else ended)


def _told(told: Told, clock: _Clock) -> _Row:
    others = told.letter.total - 1
    along = f"  with {others} other{'s' if others > 1 else ''} of the branch" if others else ""
    return clock(told.letter.at), told.letter.receiver, _change(told.change).append(along, style="dim not bold")


def _recovered(found: Recovered | None, clock: _Clock) -> RenderableType:
    if found is None:
        return _not_this_time("no warning was over by the end of which people had been told before")
    told = sorted([*found.raised.values(), *found.over.values()], key=lambda each: each.letter.at)
    return Group(
        _about(told[0].change),
        _grid(_told(each, clock) for each in told),
        Padding(
            Text(f"told of its end: {_named(found.over)}, as of the warning itself, and nobody else", style="dim"),
            (0, 0, 0, 2),
        ),
    )


def _named(receivers: Iterable[str]) -> str:
    """Such as "the officers, the chief"."""
    return ", ".join(f"the {name}" for name in PEOPLE if name in receivers)


def _account(account: Account) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("change", "receiver", "because of", "this change"):
        table.add_column(name, no_wrap=name != "this change")
    for each in account.notifications:
        if each["receiver"] in PEOPLE:
            style = "dim" if each["state"] == "suppressed" else ""
            became = f"{each['level'] or ''} {each['kind']}".strip()
            table.add_row(became, each["receiver"], each["reason"], each["why"], style=style)
    return table
