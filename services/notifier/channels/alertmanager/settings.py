"""How an Alertmanager is configured."""

import re
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from services.notifier.channels.http import HttpReceiverSettings, Url
from services.notifier.channels.secret import Secret
from services.notifier.channels.settings import Audience
from services.notifier.core.durations import Duration

OWN_LABELS = frozenset({"alertname", "severity", "family", "borrower_id", "loan_id"})
_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


def _label(name: str) -> str:
    if not _NAME.fullmatch(name) or name in OWN_LABELS:
        raise ValueError(f"expected a label's name, and none of {', '.join(sorted(OWN_LABELS))}")
    return name


class AlertmanagerSettings(HttpReceiverSettings):
    """The replicas of one Alertmanager, each by its own address: a load balancer would tell only one of them."""

    one_by_one = True

    channel: Literal["alertmanager"]
    audience: Audience = Audience.SYSTEMS
    urls: tuple[Url, ...] = Field(
        min_length=1, max_length=10, description="Of each replica, without /api/v2/alerts; every one is told"
    )
    labels: dict[Annotated[str, AfterValidator(_label)], str] = Field(
        default={}, max_length=20, description="Added to every alert, for Alertmanager's own routes"
    )
    firing_for: Duration = Field(
        default=timedelta(days=30),
        description="An alert that nothing ends is over after this, counted from its latest change",
    )
    link: Url | None = Field(default=None, description="Where a person finds more, the alert's generatorURL")
    username: str | None = None
    password: Secret | None = None
    token: Secret | None = Field(default=None, description="Bearer token, instead of username and password")

    def targets(self) -> tuple[str, ...]:
        return self.urls

    @model_validator(mode="after")
    def _signs_in_one_way(self) -> Self:
        if (self.username is None) != (self.password is None):
            raise ValueError("expected `username` and `password`, or neither")
        if self.username is not None and self.token is not None:
            raise ValueError("expected `username` and `password` or `token`, got both")
        return self
