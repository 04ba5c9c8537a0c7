"""How people were told, as it is shown: what happened, and plainly what did not."""

from io import StringIO

from rich.console import Console

from deploy.local.demo.chief import Press
from deploy.local.demo.deliveries import Deliveries
from deploy.local.demo.people import BOARD, CHIEF, OFFICERS
from deploy.local.demo.stories import stories
from deploy.local.demo.telling import Account, how_people_were_told, subject
from services.notifier.core.message import Purpose
from shared.warnings import Acknowledgement, Kind, Level
from tests.unit.deploy.demo.changes import change
from tests.unit.deploy.demo.letters import knowing, letter

RED = change("a", Kind.RAISED, Level.RED)
GIVEN = Acknowledgement(id=RED.change_id, by="the chief of credit", note=None)
ANSWERED = change("a", Kind.ACKNOWLEDGED, Level.RED, day=2).model_copy(update={"acknowledgement": GIVEN})
YELLOW = change("b", Kind.RAISED, Level.YELLOW)
CLEARED = change("b", Kind.CLEARED, None, Level.YELLOW, day=3)


def _shown(deliveries: Deliveries, pressed: Press | None = None, account: Account | None = None) -> str:
    console = Console(file=StringIO(), width=120)
    console.print(how_people_were_told(stories(deliveries, pressed), deliveries, account, started=0.5))
    return str(console.file.getvalue())  # type: ignore[attr-defined]


def _all_of_it() -> tuple[Deliveries, Press]:
    deliveries = knowing(RED, YELLOW, ANSWERED, CLEARED)
    handed = letter(CHIEF, 6.0, [RED], Purpose.ESCALATION, "http://127.0.0.1/v1/acknowledge/x")
    group = letter(OFFICERS, 2.0, [RED, YELLOW])
    deliveries.letters = [group, handed, letter(OFFICERS, 7.0, [ANSWERED]), letter(OFFICERS, 8.0, [CLEARED])]
    return deliveries, Press(handed, 6.1)


def test_the_three_stories_are_told_with_their_seconds() -> None:
    shown = _shown(*_all_of_it())

    for words in (
        "1.5 s  officers  2 warnings of branch Kano 1 in one message, not in 2",
        "2 warnings (1 red, 1 yellow): branch Kano 1",
        "got 3 messages, which tell of 4 changes",
        "5.5 s  chief     red raised  2025-05-01  step 1: no answer yet",
        "acknowledged by the chief of credit, on record with the warning service",
        "6.5 s  officers  are told who answers for it",
        "board     step 2 was due: not told, the escalation has ended",
        "7.5 s  officers  yellow cleared  2025-05-03",
        "told of its end: the officers, as of the warning itself, and nobody else",
    ):
        assert words in shown


def test_what_did_not_happen_is_said() -> None:
    shown = _shown(knowing(YELLOW))

    assert shown.count("It did not come to that") == 3
    assert "no orange or red warning stayed open for 3 s" in shown


def test_a_chief_whose_answer_is_not_on_record_is_not_passed_over() -> None:
    deliveries, pressed = _all_of_it()
    deliveries.acknowledged.clear()

    assert "the chief was told, and no acknowledgement was on record by the end" in _shown(deliveries, pressed)


def test_a_board_that_was_told_too_late_is_said() -> None:
    deliveries, pressed = _all_of_it()
    deliveries.letters.append(letter(BOARD, 9.0, [RED], Purpose.ESCALATION))

    assert "step 2 was due; told at 8.5 s, though somebody answers for it" in _shown(deliveries, pressed)


def test_a_subject_is_that_of_the_mail_that_says_the_same() -> None:
    assert subject(letter(OFFICERS, 1.0, [RED]), [RED]) == "RED warning: missed_payment, borrower TEST-0001"


def test_the_account_says_of_people_alone_who_was_told_and_why_not() -> None:
    row = {"kind": "raised", "level": "red", "reason": "superseded", "state": "suppressed"}
    rows = [
        {**row, "receiver": OFFICERS, "why": "was not told by itself: a later change was told instead"},
        {**row, "receiver": "demo", "why": "was told"},
    ]
    shown = _shown(knowing(YELLOW), account=Account(RED.warning_id, rows))

    assert f"GET /v1/warnings/{RED.warning_id}/notifications" in shown
    assert "red raised  officers  superseded  was not told by itself: a later change was told instead" in shown
    assert "demo" not in shown
