"""A message to several: each is told once, and the verdict is that of all of them."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from services.notifier.channels import parts
from services.notifier.channels.parts import Parts
from services.notifier.core.verdict import Answer, Delivered, Refused, Retry, Verdict

YES = Delivered(Answer(200, "ok"))
NO = Refused("no", Answer(400, "bad"))
GONE = Refused("gone", Answer(410, ""), gone=True)
LATER = Retry("busy", timedelta(seconds=9), Answer(503, ""))
ID = UUID(int=1)


class Told:
    """Answers each part with what is left for it, and keeps who was asked."""

    def __init__(self, **answers: list[Verdict]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    async def __call__(self, part: str) -> Verdict:
        self.asked.append(part)
        return self.answers[part].pop(0)


async def test_who_has_settled_it_is_not_asked_again() -> None:
    sending, told = Parts(), Told(a=[YES], b=[LATER, YES], c=[NO])

    first = await sending.send(ID, ["a", "b", "c"], told)
    second = await sending.send(ID, ["a", "b", "c"], told)

    assert first == Retry("b: busy", timedelta(seconds=9), Answer(503, "b: 503"))
    assert second == Delivered(Answer(400, "c: 400 bad"))
    assert told.asked == ["a", "b", "c", "b"]


async def test_it_is_refused_where_all_refuse_it() -> None:
    assert await Parts().send(ID, ["a", "b"], Told(a=[NO], b=[GONE])) == Refused(
        "a: no; b: gone", Answer(400, "a: 400 bad; b: 410")
    )


async def test_the_receiver_is_gone_where_every_part_is() -> None:
    verdict = await Parts().send(ID, ["a", "b"], Told(a=[GONE], b=[GONE]))

    assert isinstance(verdict, Refused)
    assert verdict.gone


async def test_the_longest_wait_that_was_asked_for_counts() -> None:
    verdict = await Parts().send(
        ID, ["a", "b", "c"], Told(a=[LATER], b=[Retry("x", timedelta(hours=1))], c=[Retry("y")])
    )

    assert isinstance(verdict, Retry)
    assert verdict.after == timedelta(hours=1)


async def test_what_was_taken_before_an_attempt_was_cut_short_is_not_sent_again() -> None:
    sending, told = Parts(), Told(a=[YES], b=[YES])
    hangs = asyncio.Event()

    async def post(part: str) -> Verdict:
        if part == "b":
            await hangs.wait()
        return await told(part)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await sending.send(ID, ["a", "b"], post)
    hangs.set()

    assert isinstance(await sending.send(ID, ["a", "b"], post), Delivered)
    assert told.asked == ["a", "b"]


async def test_only_so_many_messages_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "REMEMBERED", 1)
    sending, told = Parts(), Told(a=[YES, YES, YES], b=[LATER, LATER, YES])
    for number in (1, 2, 1):
        await sending.send(UUID(int=number), ["a", "b"], told)

    assert told.asked == ["a", "b"] * 3
