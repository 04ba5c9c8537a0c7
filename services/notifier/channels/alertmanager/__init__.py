"""Warnings as alerts of Prometheus Alertmanager, API v2."""
