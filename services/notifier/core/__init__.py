"""What to tell, whom and when to try again: pure. No IO, no clock, no chance, no logging."""
