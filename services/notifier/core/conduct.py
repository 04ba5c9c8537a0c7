"""When, and how often, a borrower may be written to."""
