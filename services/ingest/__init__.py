"""The outside world becomes events."""
