"""The broker: topics, CloudEvents on records, an ordered producer, dead letters, lag."""
