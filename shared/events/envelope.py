"""The CloudEvents 1.0 envelope, and what Bellwether asks of it besides."""

from typing import Annotated, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from shared.events.attributes import (
    EXTENSION_NAME,
    DataContentType,
    DataSchema,
    EventId,
    ExtensionName,
    ExtensionValue,
    Source,
)
from shared.events.fields import EventData, Identifier, Moment

Data = TypeVar("Data", bound=EventData)


class Envelope(BaseModel, Generic[Data]):
    """One event. (`source`, `id`) is unique; `time` is when the lender came to know or booked it."""

    # The names of the attributes below are such names too, so one pattern holds for all.
    model_config = ConfigDict(
        extra="allow", frozen=True, strict=True, json_schema_extra={"propertyNames": {"pattern": EXTENSION_NAME}}
    )
    __pydantic_extra__: dict[ExtensionName, ExtensionValue]

    specversion: Literal["1.0"]
    id: EventId
    source: Annotated[Source, Field(description="A URI reference")]
    type: str
    subject: Annotated[Identifier, Field(description="The borrower, by the lender's own number; never a name")]
    time: Moment
    datacontenttype: DataContentType = None
    dataschema: DataSchema = None
    data: Data
