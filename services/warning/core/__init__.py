"""The engine: pure functions from a borrower and an event, or a due time, to a borrower and warning changes.

No IO, no clock, no logging, no chance: what happens here depends on its arguments alone.
Moments are int microseconds since 1970 in UTC, days are proleptic ordinals (`date.toordinal`), amounts are int
ten-thousandths.
"""
