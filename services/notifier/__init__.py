"""Warnings reach people and systems."""
