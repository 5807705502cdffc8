"""The KPIs that a small shop of orders, lines, products and returns can compute."""

import marketing_kpi as mk

# Facts of tables that such a shop does not have, or without the dimension `channel`, and a KPI of
# a column that it lacks: what reads them has tests of its own, and `test_three_ways.py`.
_OF_OTHER_TABLES = {
    "acquisition", "campaigns", "credited_orders", "csat_answers", "customer_channels", "leads",
    "marketing_spend", "media", "nps_answers", "panel", "service", "sessions",
    "sales_and_deductions", "recognised", "chargebacks", "orders_and_disputes", "leaks",
    "retained_revenue", "books", "contribution", "break_even",
    "parcels", "promised_parcels", "promised_orders", "shipped_parcels", "labour",
    "stock", "stock_and_sales",
}  # fmt: skip
_OF_OTHER_COLUMNS = {"cross_sell_rate", "promotion_share"}

KPIS = [
    kpi
    for kpi in mk.dictionary().kpis
    if kpi.type != "analysis"
    and kpi.fact not in _OF_OTHER_TABLES
    and kpi.id not in _OF_OTHER_COLUMNS
]
IDS = [kpi.id for kpi in KPIS]
