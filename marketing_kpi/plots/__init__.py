"""Figures, tables and sentences: they draw what they are given and compute nothing.

A figure is a function ``(result, *, lang, ax=None) -> Axes``; it never calls ``show``. A table
or a sentence is an object that a notebook shows. `lang` is ``"fr"``, ``"en"`` or a `Reader`.
The names below are loaded when first used.
"""

from __future__ import annotations

import importlib
from typing import Any

_FIGURES = {
    "entries": ("glossary",),
    "overview": (
        "attention",
        "changes",
        "kpi_by_month",
        "kpi_table",
        "lacking",
        "scorecard",
        "undecided",
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
