"""clock.advanced: business time has come to here. A control event: it goes to every partition."""

from typing import ClassVar

from shared.events.fields import EventData, Moment


class ClockAdvanced(EventData):
    """Everything that was to happen up to `through` has been sent; what is due by then may be judged.

    Its envelope's `subject` is "clock". Needs the scope `clock`, and is taken only where `WARNING_CLOCK=event`.
    """

    TYPE: ClassVar = "clock.advanced"
    EXAMPLE: ClassVar = {"through": "2026-03-01T00:00:00+01:00"}

    through: Moment
