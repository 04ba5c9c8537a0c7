"""Measures Bellwether on a real Kafka and a real PostgreSQL: `make bench`."""
