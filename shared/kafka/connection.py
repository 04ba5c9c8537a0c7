"""How every client reaches the broker."""

import ssl
from typing import Any

from aiokafka import AIOKafkaConsumer

from shared.kafka.reading import read_with_care
from shared.settings import KafkaSettings, SettingError


def connection(settings: KafkaSettings) -> dict[str, Any]:
    """The keyword arguments aiokafka's clients share. Raises SettingError where the CA's file cannot be used."""
    encrypted = settings.kafka_security_protocol.endswith("SSL")
    signed_in = settings.kafka_security_protocol.startswith("SASL")
    password = settings.kafka_password.get_secret_value() if settings.kafka_password else None
    return {
        "bootstrap_servers": settings.kafka_bootstrap,
        "security_protocol": settings.kafka_security_protocol,
        "ssl_context": _trust(settings) if encrypted else None,
        **({
            "sasl_mechanism": settings.kafka_sasl_mechanism,
            "sasl_plain_username": settings.kafka_username,
            "sasl_plain_password": password,
        } if signed_in else {}),
    }  # fmt: skip


def _trust(settings: KafkaSettings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=settings.kafka_ca_file)
    except OSError as error:
        raise SettingError("KAFKA_CA_FILE", f"expected a PEM file of certificates: {error.strerror}") from None


def consumer(settings: KafkaSettings, *topics: str, group: str | None, **overrides: Any) -> AIOKafkaConsumer:
    """A consumer, not yet started, that commits nothing by itself and waits no longer than it must for a record.

    What it cannot read is an UnreadableRecord among the others.
    """
    read_with_care()
    return AIOKafkaConsumer(
        *topics,
        **connection(settings),
        **{
            "group_id": group,
            "enable_auto_commit": False,
            "auto_offset_reset": "earliest",
            "fetch_max_wait_ms": 100,
            "max_partition_fetch_bytes": 4 * 1024 * 1024,
            # The broker's default minimum, and so the wait after a kill -9; a heartbeat is due well within it.
            "session_timeout_ms": 6_000,
            "heartbeat_interval_ms": 1_500,
            "rebalance_timeout_ms": 10_000,
            **overrides,
        },
    )
