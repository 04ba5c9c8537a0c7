"""A simulated lender's book: a year of individuals and enterprises, as the events their lender would send."""

from deploy.local.portfolio.book import BusinessDay, simulate
from deploy.local.portfolio.journal import Event

__all__ = ["BusinessDay", "Event", "simulate"]
