"""Figures, tables and sentences: they draw what they are given and compute nothing.

A figure is a function ``(result, *, lang, ax=None) -> Axes``; it never calls ``show``. A table
or a sentence is an object that a notebook shows. `lang` is ``"fr"``, ``"en"`` or a `Reader`.
The names below are loaded when first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from marketing_kpi.plots import sentences, style
    from marketing_kpi.plots.entries import glossary
    from marketing_kpi.plots.overview import (
        attention,
        changes,
        kpi_by_month,
        kpi_table,
        lacking,
        scorecard,
        undecided,
    )
    from marketing_kpi.plots.rfm import (
        concentration,
        migration,
        recency_frequency,
        score_counts,
        segment_actions,
        segment_sales,
        segment_table,
        treemap,
    )
    from marketing_kpi.plots.tables import table

_HOMES = {
    "attention": "marketing_kpi.plots.overview",
    "changes": "marketing_kpi.plots.overview",
    "concentration": "marketing_kpi.plots.rfm",
    "glossary": "marketing_kpi.plots.entries",
    "lacking": "marketing_kpi.plots.overview",
    "migration": "marketing_kpi.plots.rfm",
    "kpi_by_month": "marketing_kpi.plots.overview",
    "kpi_table": "marketing_kpi.plots.overview",
    "recency_frequency": "marketing_kpi.plots.rfm",
    "score_counts": "marketing_kpi.plots.rfm",
    "scorecard": "marketing_kpi.plots.overview",
    "segment_actions": "marketing_kpi.plots.rfm",
    "segment_sales": "marketing_kpi.plots.rfm",
    "segment_table": "marketing_kpi.plots.rfm",
    "table": "marketing_kpi.plots.tables",
    "treemap": "marketing_kpi.plots.rfm",
    "undecided": "marketing_kpi.plots.overview",
}
_MODULES = ("sentences", "style")

__all__ = [
    "attention",
    "changes",
    "concentration",
    "glossary",
    "kpi_by_month",
    "kpi_table",
    "lacking",
    "migration",
    "recency_frequency",
    "score_counts",
    "scorecard",
    "segment_actions",
    "segment_sales",
    "segment_table",
    "sentences",
    "style",
    "table",
    "treemap",
    "undecided",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(home), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
