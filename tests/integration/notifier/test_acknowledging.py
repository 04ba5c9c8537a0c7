"""Without Kafka nobody is told that their acknowledgement was taken."""

from datetime import timedelta
from uuid import UUID

from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from services.notifier.acknowledging import Acknowledging
from services.notifier.api.acknowledgements import AcknowledgementDesk
from services.notifier.configuration.sections import AcknowledgementLinks
from services.notifier.core.tokens import Link, signed
from services.notifier.metrics import Metrics
from shared.clock import ManualClock
from shared.kafka.producer import Producer
from shared.settings import KafkaSettings
from tests.changes import AT

LINKS = AcknowledgementLinks(base_url="https://notifier.example", secrets=(SecretStr("of links"),))


async def test_a_press_while_kafka_is_away_is_asked_for_again(free_port: int) -> None:
    nowhere = Producer(KafkaSettings(kafka_bootstrap=f"127.0.0.1:{free_port}"), client_id="test")
    acknowledging = Acknowledging(nowhere, "acknowledgements", Metrics(CollectorRegistry()).records_refused)
    desk = AcknowledgementDesk(acknowledging.publish, lambda: LINKS, ManualClock(AT))
    token = signed(Link(UUID(int=7), "branch-kano", AT + timedelta(days=1)), b"of links")
    try:
        answer = await desk.pressed(token, b"by=Desk")
    finally:
        await acknowledging.close()

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "Thank you" not in bytes(answer.body).decode()
