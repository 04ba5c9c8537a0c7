"""Core-banking systems that speak Kafka: their records of topic events.inbound become events, or dead letters."""
