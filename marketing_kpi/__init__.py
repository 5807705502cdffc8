"""Marketing and retail KPIs: one dictionary that teaches, computes and reports.

The names below are loaded when first used, so that ``import marketing_kpi`` stays light.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from marketing_kpi.data.demo import demo, truth
    from marketing_kpi.data.model import Data
    from marketing_kpi.data.quality import check
    from marketing_kpi.data.sources import open_data
    from marketing_kpi.kpis.compute import compute, explain, sql
    from marketing_kpi.kpis.dictionary import dictionary
    from marketing_kpi.kpis.periods import periods
    from marketing_kpi.learn.exercises import exercises
    from marketing_kpi.learn.quiz import quiz
    from marketing_kpi.text.locale import reader

_HOMES = {
    "Data": "marketing_kpi.data.model",
    "check": "marketing_kpi.data.quality",
    "compute": "marketing_kpi.kpis.compute",
    "demo": "marketing_kpi.data.demo",
    "dictionary": "marketing_kpi.kpis.dictionary",
    "exercises": "marketing_kpi.learn.exercises",
    "explain": "marketing_kpi.kpis.compute",
    "open_data": "marketing_kpi.data.sources",
    "periods": "marketing_kpi.kpis.periods",
    "quiz": "marketing_kpi.learn.quiz",
    "reader": "marketing_kpi.text.locale",
    "sql": "marketing_kpi.kpis.compute",
    "truth": "marketing_kpi.data.demo",
}

__all__ = [
    "Data",
    "check",
    "compute",
    "demo",
    "dictionary",
    "exercises",
    "explain",
    "open_data",
    "periods",
    "quiz",
    "reader",
    "sql",
    "truth",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'marketing_kpi' has no attribute {name!r}")
    return getattr(importlib.import_module(home), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
