"""Sentences with figures: words from the catalogs, numbers from the result; a module a chapter.

The modules are loaded when first used: ``plots.sentences.rfm.top_share(result, lang="en")``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from marketing_kpi.plots.sentences.base import Sentence

if TYPE_CHECKING:
    from marketing_kpi.plots.sentences import (
        baskets,
        channels,
        clv,
        experiments,
        finance,
        fulfilment,
        governance,
        inventory,
        lifecycle,
        margins,
        prepost,
        retention,
        revenue,
        rfm,
        sales,
        voice,
    )

_CHAPTERS = (
    "baskets",
    "channels",
    "clv",
    "experiments",
    "finance",
    "fulfilment",
    "governance",
    "inventory",
    "lifecycle",
    "margins",
    "prepost",
    "retention",
    "revenue",
    "rfm",
    "sales",
    "voice",
)

__all__ = [
    "Sentence",
    "baskets",
    "channels",
    "clv",
    "experiments",
    "finance",
    "fulfilment",
    "governance",
    "inventory",
    "lifecycle",
    "margins",
    "prepost",
    "retention",
    "revenue",
    "rfm",
    "sales",
    "voice",
]


def __getattr__(name: str) -> Any:
    if name in _CHAPTERS:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
