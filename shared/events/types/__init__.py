"""One file an event type: its data's model, its `TYPE` and an `EXAMPLE`. Files are discovered; there is no list."""
