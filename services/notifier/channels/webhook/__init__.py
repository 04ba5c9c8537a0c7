"""Webhooks to other systems, as Standard Webhooks describes them."""
