"""What the API answers with."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.notifier.core.flow import CircuitState
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
    circuit: CircuitState = Field(
        description="As the replica that answers sees it: closed (sent to), open (left alone), half_open (tried)"
    )
    disabled_at: datetime | None
    disabled_why: str | None
    pending: int = Field(description="Deliveries to it that are neither delivered nor dead; 10,000 stands for more")
    fallback: str | None = Field(description="Who is told when it cannot be")


class Receivers(BaseModel):
    """All receivers, in the configuration's order."""

    receivers: list[ReceiverAnswer]


class TrialAnswer(BaseModel):
    """What a receiver made of a test message: its body's verdict, where the channel has one."""

    result: Literal["delivered", "retry", "refused"]
    why: str | None = Field(default=None, description="Why it was not delivered")
    after_seconds: float | None = Field(default=None, description="For how long it asked to be left alone")
    gone: bool = Field(default=False, description="It said that it is gone for good; a delivery would have disabled it")
    answer_code: int | None
    answer_body: str | None = Field(description="The beginning of the answer")
    seconds: float
