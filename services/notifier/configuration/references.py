"""Names that one part of a configuration uses and another has to define."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from services.notifier.channels.settings import Audience, ReceiverSettings
from services.notifier.configuration.conduct import profiles
from services.notifier.configuration.document import Location, Mistake
from services.notifier.configuration.summing import mixed, summed_up
from services.notifier.core.escalating import Escalation
from services.notifier.core.routing import Route
from services.notifier.core.times import Calendar, Times


def strangers(
    given: Mapping[str, Any], receivers: Mapping[str, ReceiverSettings], found: Mapping[str, Any]
) -> list[Mistake]:
    """Every name that nothing has. `given` is the document, in which also what is wrong has a name."""
    names = {key: _names(given.get(key)) for key in ("receivers", "times", "calendars", "escalations")}
    return [
        *_of_borrowers(receivers, found),
        *summed_up(receivers, found.get("routes", ())),
        *_of_receivers(receivers, names["receivers"]),
        *_of_routes(found.get("routes", ()), names, ("routes",)),
        *_of_times(found.get("times", {}), names["calendars"]),
        *_endless(found.get("times", {}), found.get("calendars", {}), found.get("routes", ())),
        *_of_escalations(found.get("escalations", {}), names["receivers"]),
    ]


def untold(receivers: Mapping[str, ReceiverSettings], found: Mapping[str, Any]) -> Iterator[Mistake]:
    """Receivers that nothing leads to."""
    told = {
        *_routed(found.get("routes", ())),
        *(name for each in found.get("escalations", {}).values() for step in each.steps for name in step.receivers),
        *(each.fallback for each in receivers.values()),
    }
    for name in receivers:
        if name not in told:
            yield Mistake(("receivers", name), f"no route leads to the receiver {name!r}", True)


def _names(section: Any) -> list[str]:
    return [str(name) for name in section] if isinstance(section, dict) else []


def _missing(what: str, name: str, names: Collection[str], where: Location) -> Iterator[Mistake]:
    if name not in names:
        expected = f"expected one of {', '.join(names)}" if names else f"none is defined in `{what}`"
        yield Mistake(where, f"there is no {what.rstrip('s')} of this name; {expected}")


def _of_receivers(receivers: Mapping[str, ReceiverSettings], names: Collection[str]) -> Iterator[Mistake]:
    for name, settings in receivers.items():
        where = ("receivers", name, "fallback")
        if settings.fallback == name:
            yield Mistake(where, "expected another receiver than this one")
        elif settings.fallback is not None:
            yield from _missing("receivers", settings.fallback, names, where)


def _of_borrowers(receivers: Mapping[str, ReceiverSettings], found: Mapping[str, Any]) -> Iterator[Mistake]:
    """What is meant for one borrower goes to that one: by rules of conduct, alone, and never as somebody's stand-in."""
    names = {name for name, each in receivers.items() if each.audience is Audience.BORROWER}
    for name in names:
        if receivers[name].conduct not in profiles():
            expected = f"expected `conduct`, one of {', '.join(profiles())}, for audience borrower"
            yield Mistake(("receivers", name, "conduct"), expected)
    for name, each in receivers.items():
        if each.fallback in names:
            yield Mistake(("receivers", name, "fallback"), "expected a receiver that is not for borrowers")
    for name, each in found.get("escalations", {}).items():
        for number, step in enumerate(each.steps):
            if names & set(step.receivers):
                where = ("escalations", name, "steps", number, "receivers")
                yield Mistake(where, "expected receivers that are not for borrowers")
    yield from mixed(found.get("routes", ()), names)


def _of_routes(routes: Sequence[Route], names: Mapping[str, Collection[str]], where: Location) -> Iterator[Mistake]:
    for number, route in enumerate(routes):
        here = (*where, number)
        for place, name in enumerate(route.receivers):
            yield from _missing("receivers", name, names["receivers"], (*here, "receivers", place))
        for key, what in (("active", "times"), ("quiet", "times"), ("escalation", "escalations")):
            if (name := getattr(route, key)) is not None:
                yield from _missing(what, name, names[what], (*here, key))
        yield from _of_routes(route.routes, names, (*here, "routes"))


def _of_times(times: Mapping[str, Times], calendars: Collection[str]) -> Iterator[Mistake]:
    for name, each in times.items():
        if each.calendar is not None:
            yield from _missing("calendars", each.calendar, calendars, ("times", name, "calendar"))


def _endless(
    times: Mapping[str, Times], calendars: Mapping[str, Calendar], routes: Sequence[Route]
) -> Iterator[Mistake]:
    """Times that do not come, and quiet ones that do not end: what waits for them would never be told."""
    quiet = {*_quiet(routes)}
    for name, each in times.items():
        calendar = calendars.get(each.calendar) if each.calendar is not None else None
        if not each.come(calendar):
            yield Mistake(("times", name), f"these times never hold: {each.calendar!r} has all their days as holidays")
        elif name in quiet and each.always:
            yield Mistake(("times", name), "these times are quiet and never end: nothing would be told")


def _quiet(routes: Sequence[Route]) -> Iterator[str]:
    for route in routes:
        if route.quiet is not None:
            yield route.quiet
        yield from _quiet(route.routes)


def _of_escalations(escalations: Mapping[str, Escalation], receivers: Collection[str]) -> Iterator[Mistake]:
    for name, each in escalations.items():
        for number, step in enumerate(each.steps):
            for place, receiver in enumerate(step.receivers):
                where = ("escalations", name, "steps", number, "receivers", place)
                yield from _missing("receivers", receiver, receivers, where)


def _routed(routes: Sequence[Route]) -> Iterator[str]:
    for route in routes:
        yield from route.receivers
        yield from _routed(route.routes)
