"""The HTTP side: what was delivered to whom, what was not and why, and another try."""
