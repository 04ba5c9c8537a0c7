"""Deliveries are claimed, sent and recorded."""
