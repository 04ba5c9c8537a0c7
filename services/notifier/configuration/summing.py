"""Who must not be sent a message that speaks of several warnings, and what in a configuration would make one."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from services.notifier.channels.settings import ReceiverSettings
from services.notifier.configuration.document import Location, Mistake
from services.notifier.core.routing import Manner, Route


def mixed(routes: Sequence[Route], borrowers: Collection[str]) -> Iterator[Mistake]:
    """Routes on which a receiver of audience borrower would be told of several borrowers at once."""
    for where, route, manner in _gathering(routes):
        gathered = manner.group or manner.digest
        if gathered is not None and "borrower" not in gathered.by and not set(borrowers).isdisjoint(route.receivers):
            told = (
                "a receiver of audience borrower is told one borrower's changes at a time: expected `by` with borrower"
            )
            yield Mistake((*where, "receivers"), told)


def summed_up(receivers: Mapping[str, ReceiverSettings], routes: Sequence[Route]) -> Iterator[Mistake]:
    """Storms, groups and digests of receivers that take each change by itself: they would promise what never comes."""
    alone = {name: each for name, each in receivers.items() if each.one_by_one}
    for name, each in alone.items():
        if each.storm is not None:
            told = f"expected no `storm`: a receiver of channel {each.channel} takes each change by itself"
            yield Mistake(("receivers", name, "storm"), f"{told}, so a summary would leave changes out", True)
    for where, route, manner in _gathering(routes):
        way = "group" if manner.group is not None else "digest"
        for number, name in enumerate(route.receivers):
            if name in alone:
                told = f"expected a route without `{way}`, also around it: {name!r} takes each change by itself"
                yield Mistake((*where, "receivers", number), told)


def _gathering(routes: Sequence[Route]) -> Iterator[tuple[Location, Route, Manner]]:
    """Every route whose receivers are told by group or digest, its own or that of a route around it."""
    waiting: list[tuple[Location, Route, Manner]] = [
        (("routes", number), route, Manner()) for number, route in enumerate(routes)
    ]
    for where, route, around in waiting:
        own = route.group is not None or route.digest is not None
        manner = Manner(group=route.group, digest=route.digest) if own else around
        waiting += [((*where, "routes", number), each, manner) for number, each in enumerate(route.routes)]
        if manner.group is not None or manner.digest is not None:
            yield where, route, manner
