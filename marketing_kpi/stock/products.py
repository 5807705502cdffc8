"""What products are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from marketing_kpi.kpis.facts.base import one_a_key

if TYPE_CHECKING:
    import pandas as pd

    from marketing_kpi.data.model import Data


def with_names(table: pd.DataFrame, data: Data) -> pd.DataFrame:
    """Add the name (its id without one) and category of each product, where the data have them."""
    known = [n for n in ("name", "category") if data.has("products", "product_id", n)]
    wanted = [name for name in known if name not in table]
    if not wanted or "product_id" not in table:
        return table
    names = one_a_key(data.products, ["product_id"], wanted)
    frame = names.filter(names.product_id.notnull()).to_pandas()
    named = table.merge(frame, on="product_id", how="left")
    if "name" in wanted:
        named["name"] = named["name"].fillna(named["product_id"])
    return named
