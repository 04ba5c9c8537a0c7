"""What is due by the clock: held messages, and the steps of escalations."""
