"""That somebody answers for a warning: what the notifier publishes on topic `acknowledgements`.

The record is a CloudEvent in Kafka's binary mode: `ce_type` is `acknowledgement.given`, `ce_subject` the warning, which
is the key too, `ce_id` the acknowledgement and the value an `AcknowledgementGiven` as JSON.
"""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from shared.kafka.cloudevents import to_headers
from shared.kafka.producer import Outgoing
from shared.texts import Line, Note

TYPE = "acknowledgement.given"
SOURCE = "/bellwether/notifier"

By = Annotated[Line, Field(description="A name the lender knows")]


class AcknowledgementGiven(BaseModel):
    """Whoever sees an id twice has seen one acknowledgement: a link pressed again has the same one."""

    # Readers take fields they do not know: the model only ever gains some.
    model_config = ConfigDict(extra="ignore", frozen=True)

    id: UUID
    warning_id: UUID
    by: By
    note: Note | None = None
    at: Annotated[AwareDatetime, Field(description="When it was given, by the notifier's clock")]
    link_of: Annotated[
        Line | None, Field(description="By link: the receiver it was sent to, whatever name was given with it")
    ] = None
    via: Annotated[Literal["link", "api"], Field(description="By the link in a message, or with an API key")]


def record(topic: str, given: AcknowledgementGiven) -> Outgoing:
    """The acknowledgement on its way to the topic."""
    attributes = {
        "specversion": "1.0",
        "id": str(given.id),
        "source": SOURCE,
        "type": TYPE,
        "subject": str(given.warning_id),
        "time": given.at.isoformat(),
    }
    return Outgoing(topic, str(given.warning_id).encode(), given.model_dump_json().encode(), to_headers(attributes))
