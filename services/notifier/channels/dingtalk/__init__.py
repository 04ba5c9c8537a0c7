"""Warnings in a DingTalk group, by a custom robot."""
