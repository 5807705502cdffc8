"""How many of something, in words: one session, two sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from marketing_kpi.text.messages import N_

if TYPE_CHECKING:
    from marketing_kpi.text.locale import Reader


def sessions(count: Any, reader: Reader) -> str:
    """Return how many sessions.

    >>> from marketing_kpi.text.locale import Reader
    >>> sessions(1, Reader.of("en")), sessions(0, Reader.of("fr"))
    ('1 session', '0 session')
    """
    return reader.counted(count, N_("{n} session"), N_("{n} sessions"))


def orders(count: Any, reader: Reader) -> str:
    """Return how many orders."""
    return reader.counted(count, N_("{n} order"), N_("{n} orders"))


def units(count: Any, reader: Reader, *, decimals: int = 0) -> str:
    """Return how many units.

    >>> from marketing_kpi.text.locale import Reader
    >>> units(1, Reader.of("en")), units(1.85, Reader.of("fr"), decimals=2)
    ('1 unit', '1,85 unité')
    """
    return reader.counted(count, N_("{n} unit"), N_("{n} units"), decimals=decimals)


def products(count: Any, reader: Reader) -> str:
    """Return how many products."""
    return reader.counted(count, N_("{n} product"), N_("{n} products"))


def customers(count: Any, reader: Reader) -> str:
    """Return how many customers."""
    return reader.counted(count, N_("{n} customer"), N_("{n} customers"))


def contacts(count: Any, reader: Reader) -> str:
    """Return how many contacts."""
    return reader.counted(count, N_("{n} contact"), N_("{n} contacts"))


def parcels(count: Any, reader: Reader) -> str:
    """Return how many parcels."""
    return reader.counted(count, N_("{n} parcel"), N_("{n} parcels"))


def comparisons(count: Any, reader: Reader) -> str:
    """Return how many comparisons."""
    return reader.counted(count, N_("{n} comparison"), N_("{n} comparisons"))
