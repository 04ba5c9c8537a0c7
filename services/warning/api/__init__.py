"""The HTTP side: who is in trouble and why, and who answers for it."""
