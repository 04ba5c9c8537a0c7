"""What a configuration says of telling, as the planning functions take it."""

from services.notifier.configuration.sections import Configuration
from services.notifier.core.hours import Hours
from services.notifier.core.planning import Rules


def rules_of(configuration: Configuration) -> Rules:
    """The rules. Made once for a configuration: planning asks them for every change."""
    receivers = configuration.receivers
    return Rules(
        configuration.routes,
        Hours(configuration.times, configuration.calendars),
        configuration.inhibit,
        frozenset(receivers),
        {name: each.storm for name, each in receivers.items() if each.storm is not None},
        frozenset(name for name, each in receivers.items() if each.collapses),
        frozenset(name for name, each in receivers.items() if each.one_by_one),
    )
