"""Warnings as PagerDuty alerts, by the Events API v2."""
