"""Warnings as lines of the notifier's own log, for whoever collects logs already."""
