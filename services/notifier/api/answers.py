"""What the API answers with."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.notifier.core.message import Purpose
from services.notifier.core.schedule import State
from shared.warnings import Kind, Level


class DeliverySummary(BaseModel):
    """One message to one receiver."""

    id: UUID = Field(description="Also the `webhook-id` the receiver sees, the same in every attempt")
    state: State
    purpose: Purpose
    receiver: str
    channel: str
    warning_id: UUID = Field(description="Of what leads the message, as are the change, the borrower and the level")
    change_id: UUID
    borrower_id: str
    kind: Kind
    level: Level | None
    created_at: datetime
    accepted_at: datetime | None = Field(description="When the event that led to the change was accepted")
    due_at: datetime | None = Field(description="Of a pending one: when it is tried next; null while it is under way")
    under_way: bool
    give_up_at: datetime = Field(description="Dead if it is still pending then")
    settled_at: datetime | None = Field(description="When it was delivered or given up")
    attempt_count: int
    last_error: str | None
    total: int = Field(description="How many warnings it speaks of")
    stands_for: UUID | None = Field(description="Of a fallback: the delivery whose receiver could not be told")
    fallback: str | None = Field(description="Who was told instead, because the receiver could not be")


class AttemptAnswer(BaseModel):
    """One attempt."""

    number: int = Field(description="From 1; begins anew when a dead delivery is tried again")
    started_at: datetime
    seconds: float
    result: Literal["delivered", "retry", "refused", "expired"]
    error: str | None
    answer_code: int | None = Field(description="HTTP or SMTP status, where there was an answer")
    answer_body: str | None = Field(description="The beginning of the answer")
    request_digest: str | None = Field(description="SHA-256 of what was sent, without signatures and secrets, in hex")


class DeliveryDetail(DeliverySummary):
    """A delivery and every attempt at it, oldest first."""

    attempts: list[AttemptAnswer]


class DeliveryPage(BaseModel):
    """Deliveries, the newest first."""

    deliveries: list[DeliverySummary]
    next: str | None = Field(description="Give it as `cursor` for the next page; null at the end")


class ReceiverAnswer(BaseModel):
    """A configured receiver. Addresses and secrets stay in the configuration."""

    name: str
    channel: str
    state: Literal["enabled", "disabled"]
    disabled_at: datetime | None
    disabled_why: str | None
    pending: int = Field(description="Deliveries to it that are neither delivered nor dead; 10,000 stands for more")


class Receivers(BaseModel):
    """All receivers, in the configuration's order."""

    receivers: list[ReceiverAnswer]
