"""Figures, tables and sentences: they draw what they are given and compute nothing.

A figure is a function ``(result, *, lang, ax=None) -> Axes``; it never calls ``show``. A table
or a sentence is an object that a notebook shows. `lang` is ``"fr"``, ``"en"`` or a `Reader`.
The names below are loaded when first used.
"""

from __future__ import annotations

import importlib
from typing import Any

_FIGURES = {
    "baskets": (
        "cross_sell_table",
        "list_price_parts",
        "list_price_table",
        "lost_revenue",
        "lost_table",
        "online_places",
        "pair_lifts",
        "pair_table",
        "priority_ranges",
        "priority_table",
        "set_table",
    ),
    "clv": (
        "acquisition_averages",
        "acquisition_table",
        "alive_counts",
        "attrition_rates",
        "attrition_windows",
        "cltv_cohorts",
        "customer_costs",
        "discounted_years",
        "holdout_by_frequency",
        "holdout_tracking",
        "payback_curve",
        "predicted_by_group",
        "predicted_table",
        "simple_cltv",
        "whale_curve",
    ),
    "entries": ("glossary",),
    "experiments": (
        "arm_balance",
        "balance_table",
        "campaign_table",
        "false_alarms",
        "incremental_amounts",
        "lift_table",
        "lifts",
        "method_table",
        "overlap_table",
        "plan_table",
        "power_curves",
        "worth_table",
    ),
    "finance": (
        "bridge_table",
        "dispute_table",
        "disputes_by_month",
        "fighting_gain",
        "gap_table",
        "leak_pareto",
        "leak_table",
        "ledger_gaps",
        "net_bridge",
        "retention_cohorts",
        "retention_rates",
        "retention_table",
        "revenue_years",
    ),
    "lifecycle": (
        "advice_moves",
        "conversion_lines",
        "conversion_table",
        "flow_table",
        "lead_sources",
        "lifecycle_rules",
        "limit_table",
        "move_categories",
        "recent_rates",
        "return_curve",
        "revenue_table",
        "stage_engagement",
        "stage_flows",
        "stage_orders",
        "stage_revenue",
        "stage_shares",
        "stage_status",
        "stage_status_table",
        "stage_table",
        "stage_trend",
        "status_table",
        "tier_table",
    ),
    "margins": (
        "break_even_calendar",
        "break_even_lines",
        "contribution_table",
        "level_table",
        "margin_rates",
        "margin_table",
        "promotion_margins",
        "promotion_rates",
        "promotion_table",
        "promotion_track",
        "sales_split",
    ),
    "overview": (
        "attention",
        "changes",
        "kpi_by_month",
        "kpi_table",
        "lacking",
        "scorecard",
        "undecided",
    ),
    "prepost": (
        "answer_intervals",
        "answer_table",
        "arms_over_time",
        "calendar_table",
        "change_table",
        "chooser_table",
        "cumulative_effect",
        "event_effects",
        "expected_lines",
        "placebo_effects",
        "regression_scatter",
        "unit_effects",
    ),
    "retention": (
        "cohort_curves",
        "cohort_table",
        "cohort_triangle",
        "loyalty_table",
        "order_counts",
        "purchase_gaps",
        "reason_table",
        "repeat_by_cohort",
        "repeat_table",
        "return_rates",
        "return_reasons",
        "return_table",
        "returns_by_month",
        "survival_curve",
    ),
    "revenue": (
        "booked_by_month",
        "concentration_table",
        "contribution_grid",
        "effect_levels",
        "effect_table",
        "growth_bridge",
        "growth_dots",
        "growth_pieces",
        "growth_table",
        "mix_table",
        "network_table",
        "recognition_bridge",
        "recognition_table",
        "revenue_concentration",
        "revenue_mix",
        "source_table",
    ),
    "rfm": (
        "concentration",
        "migration",
        "recency_frequency",
        "score_counts",
        "segment_actions",
        "segment_sales",
        "segment_table",
        "treemap",
    ),
    "sales": (
        "assortment_table",
        "branch_changes",
        "branch_table",
        "conversion_windows",
        "funnel_bars",
        "funnel_table",
        "price_table",
        "season_lines",
        "site_conversion_table",
        "step_differences",
        "step_table",
        "traffic_table",
        "tree_effects",
        "tree_table",
        "year_on_year",
    ),
    "tables": ("table",),
    "voice": (
        "answer_counts",
        "concepts",
        "csat_table",
        "engagement_counts",
        "engagement_table",
        "families",
        "nps_bars",
        "nps_over_time",
        "nps_table",
        "omnichannel_bars",
        "omnichannel_gap",
        "omnichannel_share_table",
        "omnichannel_table",
        "prize_table",
        "wallet_shares",
    ),
}
"""The names of each module; no two modules share one."""

_HOMES = {name: module for module, names in _FIGURES.items() for name in names}
_MODULES = ("sentences", "style")

__all__ = [*sorted(_HOMES), *_MODULES]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
