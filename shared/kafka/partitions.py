"""Which partition a borrower belongs to."""

from aiokafka.partitioner import murmur2


def partition_of(key: bytes, partitions: int) -> int:
    """Java's default: murmur2, as aiokafka and every JVM client choose; librdkafka's own default is another."""
    return (int(murmur2(key)) & 0x7FFFFFFF) % partitions
