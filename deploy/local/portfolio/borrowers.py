"""Who is in the book: mostly people and firms that pay, and a few each in another kind of trouble."""

from datetime import date, timedelta
from zlib import crc32

from deploy.local.portfolio.business import OtherLoan, Trade, report_exposures, report_revenue
from deploy.local.portfolio.journal import Journal
from deploy.local.portfolio.lending import Habit, Product, lend

ENTERPRISE_SHARE = 0.3
JOINING_DAYS = 45
SECTORS = ("agriculture", "construction", "manufacturing", "retail", "services", "transport")
REGIONS = ("Abuja", "Ibadan", "Kano", "Lagos", "Port Harcourt")
LENDERS = 40
BRANCHES_A_REGION, MANAGERS_A_BRANCH = 2, 3

# Shares of each fate; the rest pay on time. They are a hard year's, so that there is something to see.
INDIVIDUALS = {"forgetful": 0.16, "squeezed": 0.08, "defaulting": 0.04, "piling_on": 0.03}
ENTERPRISES = {"forgetful": 0.08, "declining": 0.14, "defaulting": 0.04, "piling_on": 0.08}

WEEKLY = Product("weekly", (16, 24), 7, (5_000_000, 20_000_000))
MONTHLY = Product("monthly", (6, 9, 12), None, (20_000_000, 150_000_000))
WORKING_CAPITAL = Product("working_capital", (6, 9), None, (200_000_000, 900_000_000))
EQUIPMENT = Product("equipment", (24, 36), None, (500_000_000, 3_000_000_000))


def live(journal: Journal) -> None:
    """Write one borrower's year."""
    joined = journal.calendar.first + timedelta(days=journal.chance.randrange(JOINING_DAYS))
    if journal.chance.random() < ENTERPRISE_SHARE:
        _enterprise(journal, joined)
    else:
        _individual(journal, joined)


def _individual(journal: Journal, joined: date) -> None:
    chance = journal.chance
    fate = _fate(journal, INDIVIDUALS)
    region = chance.choice(REGIONS)
    who = {"kind": "individual", "segment": "consumer", "region": region, **_looked_after(journal.borrower, region)}
    journal.write(joined, "borrower.registered", who)
    product = WEEKLY if chance.random() < 0.3 else MONTHLY
    lend(journal, product, _habit(journal, fate), first=joined + timedelta(days=1), name="A")
    report_exposures(journal, _other_loans(journal, fate, joined, usual=chance.choice((0, 0, 1)), size=40_000_000))


def _enterprise(journal: Journal, joined: date) -> None:
    chance = journal.chance
    fate = _fate(journal, ENTERPRISES)
    seasonal = chance.random() < 0.15
    sector, region = chance.choice(SECTORS), chance.choice(REGIONS)
    who = {
        "kind": "enterprise",
        "segment": "sme_seasonal" if seasonal else "sme",
        "sector": sector,
        "region": region,
        **_looked_after(journal.borrower, region),
    }
    journal.write(joined, "borrower.registered", who)
    trade = _trade(journal, fate, season=0.3 if seasonal else 0.0)
    report_revenue(journal, trade, joined=joined)
    for product, name in ((WORKING_CAPITAL, "W"), (EQUIPMENT, "E")):
        lend(journal, product, _habit(journal, fate), first=joined + timedelta(days=chance.randint(1, 20)), name=name)
    others = _other_loans(journal, fate, joined, usual=chance.choice((1, 2, 2)), size=600_000_000)
    report_exposures(journal, others)


def _looked_after(borrower: str, region: str) -> dict[str, str]:
    """The branch and its member of staff: drawn from the borrower's number, so that its life does not hang on them."""
    branch, manager = divmod(crc32(borrower.encode()) % (BRANCHES_A_REGION * MANAGERS_A_BRANCH), MANAGERS_A_BRANCH)
    name = f"{region} {branch + 1}"
    return {"branch": name, "relationship_manager": f"{name}, desk {manager + 1}"}


def _fate(journal: Journal, shares: dict[str, float]) -> str:
    drawn = journal.chance.random()
    for fate, share in shares.items():
        if drawn < share:
            return fate
        drawn -= share
    return "sound"


def _in_the_year(journal: Journal, first: int, last: int) -> date:
    return journal.calendar.first + timedelta(days=journal.chance.randint(first, last))


def _habit(journal: Journal, fate: str) -> Habit:
    if fate == "forgetful":
        return Habit(late_share=0.35, late_days=12)
    if fate == "squeezed":
        trouble = _in_the_year(journal, 90, 240)
        return Habit(late_share=0.1, trouble=trouble, recovery=trouble + timedelta(days=journal.chance.randint(45, 90)))
    if fate == "defaulting":
        return Habit(late_share=0.1, trouble=_in_the_year(journal, 80, 300))
    if fate in ("declining", "piling_on") and journal.chance.random() < 0.5:
        return Habit(late_share=0.15, trouble=_in_the_year(journal, 230, 330))
    return Habit()


def _trade(journal: Journal, fate: str, *, season: float) -> Trade:
    usual = journal.chance.randint(100_000_000, 2_000_000_000)
    if fate != "declining":
        return Trade(usual, season)
    decline = journal.chance.uniform(0.08, 0.25)
    return Trade(usual, season, decline, _in_the_year(journal, 30, 200))


def _other_loans(journal: Journal, fate: str, joined: date, *, usual: int, size: int) -> list[OtherLoan]:
    """The debts a borrower like this has elsewhere anyway, and those of one who borrows wherever it can."""
    chance = journal.chance
    starts = [joined] * usual
    if fate == "piling_on":
        spree = _in_the_year(journal, 120, 260)
        starts += [spree + timedelta(days=chance.randint(0, 70)) for _ in range(chance.randint(3, 6))]
    lenders = chance.sample(range(1, LENDERS + 1), len(starts))
    return [
        OtherLoan(f"lender-{lender:02}", start, chance.randint(size // 8, size), chance.uniform(-0.06, 0.03))
        for lender, start in zip(lenders, starts, strict=True)
    ]
