"""Sends dead letters again to where they came from."""
