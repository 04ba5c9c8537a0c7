"""The `route` command: who would be told of a change, when and why."""
