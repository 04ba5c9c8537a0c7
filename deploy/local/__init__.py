"""Bellwether on one machine without Docker: embedded servers, the services as child processes, and the demo."""
