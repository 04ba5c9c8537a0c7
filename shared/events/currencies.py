"""Currencies an event may speak of: those of today, and those of history up to a year after their end."""

import re
from datetime import date, timedelta

from babel.core import get_global

# ISO 4217 as maintained by SIX, list one: active national currencies and funds in use, without metals and test codes.
ACTIVE: list[str] = re.findall(
    r"[A-Z]{3}",
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLF CLP"
    " CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF"
    " IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD"
    " MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB"
    " RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD"
    " UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG",
)

SETTLED_WITHIN = timedelta(days=366)
"""Books in a currency are closed, and its last months reported, within a year of its end."""

_EARLIEST = date(1970, 1, 1)
_LEFT_SINCE = {"BGN": date(2026, 1, 31)}
"""What the Unicode CLDR of today's Babel still has as in use. Bulgaria: Regulation (EU) 2025/1407, dual circulation."""


def _ends() -> dict[str, date]:
    """By currency of history, the last day on which it was tender anywhere, as the Unicode CLDR has it."""
    found: dict[str, date] = {}
    for rows in get_global("territory_currencies").values():
        for code, _, end, tender in rows:
            if tender and end is not None and code not in ACTIVE:
                found[code] = max(date(*end), found.get(code, date.min))
    return {code: end for code, end in sorted((found | _LEFT_SINCE).items()) if end >= _EARLIEST}


ENDED: dict[str, date] = _ends()
"""By currency that is no more: its last day."""

CURRENCIES: list[str] = [*ACTIVE, *ENDED]
"""Every code that may be written; one that has ended only in events of its time."""
