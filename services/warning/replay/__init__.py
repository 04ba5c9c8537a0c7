"""Replay: the engine over a file of events, with no broker and no database, a shard a core."""
