"""One message that goes to several: replicas, or telephone numbers."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from uuid import UUID

from services.notifier.core.verdict import Answer, Delivered, Refused, Retry, Verdict, shown

REMEMBERED = 10_000


class Parts:
    """Sends each part of a message until it is settled, and only those that are not.

    What is settled is this process's to remember: after a restart a part may be sent again, with the same ids.
    """

    def __init__(self) -> None:
        self._settled: OrderedDict[UUID, dict[str, Delivered | Refused]] = OrderedDict()

    async def send(self, message: UUID, to: Sequence[str], post: Callable[[str], Awaitable[Verdict]]) -> Verdict:
        """Post to all that are left, at once. Again while one may take it later, refused if by all, else delivered."""
        settled = self._settled.setdefault(message, {})
        self._forget_the_oldest()

        async def one(part: str) -> tuple[str, Verdict]:
            verdict = await post(part)
            if not isinstance(verdict, Retry):
                settled[part] = verdict  # at once: the others may be cut short
            return part, verdict

        tried = dict(await asyncio.gather(*(one(part) for part in to if part not in settled)))
        if waiting := {part: verdict for part, verdict in tried.items() if isinstance(verdict, Retry)}:
            return _later(waiting, settled)
        del self._settled[message]
        return _settled({part: settled[part] for part in to})

    def _forget_the_oldest(self) -> None:
        while len(self._settled) > REMEMBERED:
            self._settled.popitem(last=False)


def _later(waiting: Mapping[str, Retry], settled: Mapping[str, Verdict]) -> Retry:
    asked = [each.after for each in waiting.values() if each.after is not None]
    why = "; ".join(f"{part}: {each.why}" for part, each in waiting.items())
    unsent = not settled and all(each.unsent for each in waiting.values())
    return Retry(why, max(asked, default=None), _answer(waiting), unsent=unsent)


def _settled(all_of: Mapping[str, Delivered | Refused]) -> Verdict:
    refused = {part: each for part, each in all_of.items() if isinstance(each, Refused)}
    if len(refused) < len(all_of):
        return Delivered(_answer(refused or all_of))
    why = "; ".join(f"{part}: {each.why}" for part, each in refused.items())
    return Refused(why, _answer(refused), gone=all(each.gone for each in refused.values()))


def _answer(of: Mapping[str, Verdict]) -> Answer:
    """The answers of several as one, with the first one's code."""
    given = {part: each.answer for part, each in of.items() if each.answer.code is not None or each.answer.body}
    told = "; ".join(f"{part}: {each.code or ''} {each.body}".strip() for part, each in given.items())
    return Answer(next((each.code for each in given.values()), None), shown(told))
