"""Figures, tables and sentences: they draw what they are given and compute nothing.

A figure is a function ``(result, *, lang, ax=None) -> Axes``; it never calls ``show``. A table
or a sentence is an object that a notebook shows. `lang` is ``"fr"``, ``"en"`` or a `Reader`.
The names below are loaded when first used.
"""

from __future__ import annotations

import importlib
from typing import Any

_FIGURES = {
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
