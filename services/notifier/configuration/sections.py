"""The configuration's sections, as they are validated one by one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from services.notifier.channels.secret import Secret
from services.notifier.channels.settings import ReceiverSettings
from services.notifier.core.durations import Duration, parse_duration
from services.notifier.core.escalating import Escalation
from services.notifier.core.inhibition import Inhibition
from services.notifier.core.routing import Route
from services.notifier.core.times import Calendar, Times
from services.notifier.core.tokens import Link, signed


class AcknowledgementLinks(BaseModel):
    """Links in messages by which somebody says, with one click, that they answer for a warning."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: str = Field(pattern=r"^https?://[^\s?#]+$", description="Where people reach the notifier's API")
    secrets: tuple[Secret, ...] = Field(
        min_length=1, max_length=5, description="The first signs new links; links signed with any of them are good"
    )
    valid: Duration = parse_duration("7d")

    def url(self, warning: UUID, receiver: str, made_at: datetime) -> str:
        """The link in the message about a warning that was made then for the receiver; always the same one."""
        link = Link(warning, receiver, made_at + self.valid)
        return f"{self.base_url.rstrip('/')}/v1/acknowledge/{signed(link, self.secrets[0].get_secret_value().encode())}"


@dataclass(frozen=True, slots=True)
class Configuration:
    """Who can be told, who is told of what, and when."""

    receivers: Mapping[str, ReceiverSettings]
    routes: Sequence[Route]
    times: Mapping[str, Times] = field(default_factory=dict)
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    inhibit: Sequence[Inhibition] = ()
    escalations: Mapping[str, Escalation] = field(default_factory=dict)
    acknowledgement_links: AcknowledgementLinks | None = None


SECTIONS: Mapping[str, TypeAdapter[Any]] = {
    "routes": TypeAdapter(tuple[Route, ...]),
    "times": TypeAdapter(dict[str, Times]),
    "calendars": TypeAdapter(dict[str, Calendar]),
    "inhibit": TypeAdapter(tuple[Inhibition, ...]),
    "escalations": TypeAdapter(dict[str, Escalation]),
    "acknowledgement_links": TypeAdapter(AcknowledgementLinks),
}
"""All but the receivers, whose settings depend on their channels."""
EXPECTED = ", ".join(f"`{name}`" for name in ("receivers", *SECTIONS))
