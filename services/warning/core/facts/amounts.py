"""Money inside the engine: whole ten-thousandths of a currency unit, so that sums are exact."""

PER_UNIT = 10_000


def ten_thousandths(text: str) -> int:
    """`1250.5` as 12505000. The text has at most four decimals, as the event models promise."""
    whole, _, fraction = text.partition(".")
    return int(whole + fraction.ljust(4, "0"))


def decimal(ten_thousandths: int) -> str:
    """12505000 as `1250.5`."""
    whole, fraction = divmod(ten_thousandths, PER_UNIT)
    return f"{whole}.{fraction:04}".rstrip("0").rstrip(".")
