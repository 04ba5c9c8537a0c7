"""Warnings as CloudEvents on a Kafka topic of the lender's own."""
