"""What a broker will never take, told from an outage: another attempt at the same record ends the same way."""

from aiokafka import errors


class InvalidRecordError(errors.BrokerResponseError):  # type: ignore[misc]
    """The broker finds the record against its topic's rules, or aiokafka cannot write it at all.

    aiokafka 0.14 has no class for the broker's code and would call it an unknown error.
    """

    errno = 87
    message = "INVALID_RECORD"


errors.kafka_errors.setdefault(InvalidRecordError.errno, InvalidRecordError)

TOO_LARGE = (errors.MessageSizeTooLargeError, errors.RecordListTooLargeError)
REFUSALS = (
    *TOO_LARGE,
    InvalidRecordError,
    errors.InvalidTimestampError,
    errors.PolicyViolationError,
    errors.UnsupportedForMessageFormatError,
)
"""Of the record. A right that is missing, a topic that is not there, too few replicas: of the state of things, which an
operator mends, and until then it is an outage."""
REFUSED_BY_BROKER = "refused_by_broker"
"""The reason of a dead letter that was to stand on another topic, which did not take it."""
