"""Commands as a script's background job runs them: a shell without job control has these ignore Ctrl-C's signals."""

IGNORING_INTERRUPTS = ["sh", "-c", 'trap "" INT QUIT; exec "$@"', "sh"]
"""Put before a command: it starts with SIGINT and SIGQUIT ignored, in the shell's own process."""
