"""The facts: the joined views that every simple KPI reads.

A module a domain: each defines its facts, and `FACTS` names them all.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from marketing_kpi.kpis.facts.base import (
    ACTIVITY_DAYS,
    MONEY,
    Column,
    Fact,
    extra_columns,
    home,
    missing,
    standing,
    valid_orders,
)
from marketing_kpi.kpis.facts.customers import (
    CUSTOMER_ACTIVITY,
    CUSTOMER_RANKING,
    CUSTOMERS_TO_DATE,
    ORDERS_BY_CUSTOMER,
)
from marketing_kpi.kpis.facts.sales import (
    BOOKED_ORDERS,
    ORDERS,
    RETURNS,
    SALES,
    SALES_AND_RETURNS,
)

__all__ = [
    "ACTIVITY_DAYS",
    "FACTS",
    "MONEY",
    "Column",
    "Fact",
    "extra_columns",
    "home",
    "missing",
    "standing",
    "valid_orders",
]

FACTS: Mapping[str, Fact] = MappingProxyType(
    {
        fact.name: fact
        for fact in (
            SALES,
            ORDERS,
            BOOKED_ORDERS,
            RETURNS,
            SALES_AND_RETURNS,
            ORDERS_BY_CUSTOMER,
            CUSTOMERS_TO_DATE,
            CUSTOMER_RANKING,
            CUSTOMER_ACTIVITY,
        )
    }
)
"""Every fact, by name."""
