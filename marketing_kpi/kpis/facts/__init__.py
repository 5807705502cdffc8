"""The facts: the joined views that every simple KPI reads.

A module a domain: each defines its facts, and `FACTS` names them all.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from marketing_kpi.kpis.facts.base import (
    ACTIVITY_DAYS,
    MONEY,
    SNAPSHOT_COLUMNS,
    Column,
    Fact,
    extra_columns,
    home,
    identified_orders,
    is_credit,
    missing,
    standing,
    valid_orders,
)
from marketing_kpi.kpis.facts.baskets import BASKETS
from marketing_kpi.kpis.facts.campaigns import CAMPAIGNS
from marketing_kpi.kpis.facts.channels import CREDITED_ORDERS, MEDIA
from marketing_kpi.kpis.facts.customers import (
    CUSTOMER_ACTIVITY,
    CUSTOMER_RANKING,
    CUSTOMERS_TO_DATE,
    ORDERS_BY_CUSTOMER,
    first_orders,
)
from marketing_kpi.kpis.facts.finance import (
    BOOKS,
    CHARGEBACKS,
    LEAKS,
    ORDERS_AND_DISPUTES,
    RECOGNISED,
    RETAINED_REVENUE,
    SALES_AND_DEDUCTIONS,
)
from marketing_kpi.kpis.facts.fulfilment import (
    LABOUR,
    PARCELS,
    PROMISED_ORDERS,
    PROMISED_PARCELS,
    SHIPPED_PARCELS,
)
from marketing_kpi.kpis.facts.inventory import STOCK, STOCK_AND_SALES
from marketing_kpi.kpis.facts.lifecycle import (
    DEFECTIONS,
    FIRST_TIME_BUYERS,
    LAPSES,
    LEADS,
    REGULAR_BUYERS,
)
from marketing_kpi.kpis.facts.margins import BREAK_EVEN, CONTRIBUTION
from marketing_kpi.kpis.facts.sales import (
    BOOKED_SALES,
    ORDERS,
    RETURNS,
    SALES,
    SALES_AND_RETURNS,
)
from marketing_kpi.kpis.facts.service import SERVICE
from marketing_kpi.kpis.facts.sessions import SESSIONS
from marketing_kpi.kpis.facts.spend import ACQUISITION, MARKETING_SPEND
from marketing_kpi.kpis.facts.voice import (
    CSAT_ANSWERS,
    CUSTOMER_CHANNELS,
    NPS_ANSWERS,
    PANEL,
)

__all__ = [
    "ACTIVITY_DAYS",
    "FACTS",
    "MONEY",
    "SNAPSHOT_COLUMNS",
    "Column",
    "Fact",
    "extra_columns",
    "first_orders",
    "home",
    "identified_orders",
    "is_credit",
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
            BOOKED_SALES,
            RETURNS,
            SALES_AND_RETURNS,
            BASKETS,
            ORDERS_BY_CUSTOMER,
            CUSTOMERS_TO_DATE,
            CUSTOMER_RANKING,
            CUSTOMER_ACTIVITY,
            LEADS,
            FIRST_TIME_BUYERS,
            REGULAR_BUYERS,
            DEFECTIONS,
            LAPSES,
            SERVICE,
            MARKETING_SPEND,
            ACQUISITION,
            MEDIA,
            CREDITED_ORDERS,
            NPS_ANSWERS,
            CSAT_ANSWERS,
            PANEL,
            CUSTOMER_CHANNELS,
            CAMPAIGNS,
            SESSIONS,
            SALES_AND_DEDUCTIONS,
            RECOGNISED,
            CHARGEBACKS,
            ORDERS_AND_DISPUTES,
            LEAKS,
            RETAINED_REVENUE,
            BOOKS,
            CONTRIBUTION,
            BREAK_EVEN,
            PARCELS,
            PROMISED_PARCELS,
            PROMISED_ORDERS,
            SHIPPED_PARCELS,
            LABOUR,
            STOCK,
            STOCK_AND_SALES,
        )
    }
)
"""Every fact, by name."""
