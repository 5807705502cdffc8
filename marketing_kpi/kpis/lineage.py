"""What a KPI is made of: the columns of the data that its fact takes it from."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from marketing_kpi.kpis.compute import columns_read
from marketing_kpi.kpis.dictionary import dictionary
from marketing_kpi.kpis.facts import FACTS

if TYPE_CHECKING:
    from marketing_kpi.kpis.dictionary import Dictionary, Kpi

_COLUMN = re.compile(r"\w+\.\w+")


def columns_of(kpi: str, *, entries: Dictionary | None = None) -> frozenset[str]:
    """Return the columns of the data that a KPI can be made of, as ``table.column``.

    Parameters
    ----------
    kpi
        The id of a KPI.
    entries
        The dictionary; by default the package's.

    Returns
    -------
    frozenset of str
        Those that its fact reads for it, its date and what decides which rows count among them; of
        a derived KPI, those of all that it is made of. Where one column stands in for
        another (an amount for prices), both. Empty for an analysis, which takes what it is given.

    Raises
    ------
    DictionaryError
        If there is no such KPI.

    Examples
    --------
    >>> sorted(columns_of("average_order_value"))
    ['order_lines.quantity', 'order_lines.unit_price', 'orders.amount', 'orders.order_id', \
'orders.ordered_at']
    """
    known = dictionary() if entries is None else entries
    return frozenset().union(*map(_of_simple, simple_parts(known.kpi(kpi), entries=known)))


def places_of(dimension: str) -> frozenset[str]:
    """Return the columns of the data that a dimension is taken from, as ``table.column``.

    Of any fact; empty for what is no dimension: a key, a date, or a name that no fact knows.

    >>> sorted(places_of("category"))
    ['category_spend.category', 'products.category']
    """
    if dimension.endswith("_id"):
        return frozenset()
    known = [fact.events[dimension] for fact in FACTS.values() if dimension in fact.events]
    return frozenset(
        ".".join(column.home) for column in known if column.home and column.type == "string"
    )


def simple_parts(kpi: Kpi, *, entries: Dictionary) -> tuple[Kpi, ...]:
    """Return the simple KPIs that a KPI is made of: itself, or those that it depends on."""
    if kpi.type == "analysis":
        return ()
    if kpi.type == "simple":
        return (kpi,)
    found = (simple_parts(entries.kpi(part), entries=entries) for part in kpi.depends_on)
    return tuple({part.id: part for parts in found for part in parts}.values())


def _of_simple(kpi: Kpi) -> set[str]:
    fact = FACTS[str(kpi.fact)]
    read = (fact.events.get(name) for name in {*fact.event_columns(columns_read(kpi)), fact.time})
    needs = [need for column in read if column is not None for need in column.needs]
    needs += fact.decided_by
    return {column for need in needs for column in _COLUMN.findall(need)}
