"""Results of the lifecycle's views: as the data came, in the order of stages and tiers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from marketing_kpi.stages.settings import (
    ABSENT,
    DEFAULTS,
    FIRST_PURCHASE,
    STAGES,
    UNIDENTIFIED,
    Settings,
)

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

    from marketing_kpi.data.model import Data
    from marketing_kpi.kpis.frames import Frame

_TYPES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(
            ("registered_at", "first_order", "last_order", "last_response", "period"),
            "datetime64[us]",
        ),
        **dict.fromkeys(("recency_days", "e", "r", "f", "m"), "Int64"),
    }
)
_STAGED = ("stage", "status", "before", "after")


def given(
    data: Data, query: ir.Table, key: Sequence[str], *, settings: Settings = DEFAULTS
) -> Frame:
    """Return a query as the data came: run and sorted by its key for pandas, else lazy."""
    if not data.from_pandas:
        return query
    frame: pd.DataFrame = data.connection.to_pandas(query)
    kinds = {name: "float64" for name, kind in query.schema().items() if kind.is_decimal()}
    kinds |= {name: _TYPES[name] for name in frame.columns if name in _TYPES}
    return in_order(frame.astype(kinds), key, settings=settings)


def in_order(
    frame: pd.DataFrame, key: Sequence[str], *, settings: Settings = DEFAULTS
) -> pd.DataFrame:
    """Sort rows by their key: stages and tiers in their own order, the rest by value."""
    ids = (ABSENT, FIRST_PURCHASE, *STAGES, UNIDENTIFIED, *settings.tiers)
    places = {id: place for place, id in enumerate(ids)}

    def place(column: pd.Series[Any]) -> pd.Series[Any]:
        return column.map(places) if column.name in _STAGED else column

    return frame.sort_values(list(key), key=place, kind="stable").reset_index(drop=True)
