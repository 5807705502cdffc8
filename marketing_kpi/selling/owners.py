"""Sums by owner: the orders of a customer, the visits of a visitor, are one piece of chance.

An estimate made of sums has an error that depends on who the rows belong to: ten sessions of one
visitor tell less than ten of ten. Here the engine adds up every owner's rows, then the owners, with
the squares and products that errors are made of. Owners are taken to come at random, one without
the other (Poisson), so that how many come is chance as well.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd

from marketing_kpi.kpis.facts import MONEY
from marketing_kpi.kpis.formulas import steady
from marketing_kpi.kpis.intervals import Z95, Interval

Floats: TypeAlias = npt.NDArray[np.float64]

FEWEST_OWNERS = 30
"""Owners under which nothing has an interval: too few to tell how much they differ."""


class Sums(NamedTuple):
    """What the owners of a cell add up to.

    Attributes
    ----------
    key
        The values of the cell's dimensions.
    owners
        How many.
    totals
        The sum of each measure.
    products
        The sums over owners of the product of each pair of measures: what errors are made of.
    """

    key: tuple[object, ...]
    owners: int
    totals: Floats
    products: Floats

    def error(self, gradient: Floats) -> float:
        """Return the standard error of what moves by `gradient` as the totals move."""
        return math.sqrt(max(float(gradient @ self.products @ gradient), 0.0))

    def around(self, value: float, gradient: Floats) -> Interval:
        """Return the 95 % interval around a smooth function of the totals; none of few owners."""
        error = self.error(gradient)
        if self.owners < FEWEST_OWNERS or not (error > 0 and math.isfinite(error)):
            return Interval()
        return Interval(steady(value - Z95 * error), steady(value + Z95 * error))


def owner_of(rows: ir.Table, *names: str) -> ir.StringValue:
    """Return who a row belongs to: the first id known, else nobody but itself.

    Ids of two kinds may be equal, so that each says which it is.
    """
    known = [ibis.literal(f"{name} ") + rows[name].cast("string") for name in names if name in rows]
    return ibis.coalesce(*known, ibis.row_number().cast("string"))


def summed(rows: ir.Table, keys: Sequence[str], measures: Sequence[str]) -> list[Sums]:
    """Add up the measures of rows that hold a column `owner`, in each cell of `keys`.

    Parameters
    ----------
    rows
        The keys, `owner`, and the measures: numbers, or nulls that add nothing.
    keys
        Columns that part the cells; none makes one cell.
    measures
        The columns to add up.

    Returns
    -------
    list of Sums
        A cell each, in the order of their keys, unknown ones last; none without rows.
    """
    exact = rows.group_by([*keys, "owner"]).agg(
        **{name: rows[name].sum().fill_null(0).cast(MONEY) for name in measures}
    )
    each = exact.mutate(**{f"{name}_": exact[name].cast("float64") for name in measures})
    pairs = list(_pairs(measures))
    wanted = {
        "owners": each.count(),
        **{name: each[name].sum().cast("float64") for name in measures},
        **{f"{one} x {other}": (each[f"{one}_"] * each[f"{other}_"]).sum() for one, other in pairs},
    }
    cells: pd.DataFrame = (each.group_by(list(keys)) if keys else each).agg(**wanted).to_pandas()
    cells = cells[cells["owners"] > 0]
    if keys:
        cells = cells.sort_values(list(keys), na_position="last")
    return [_sums(row, keys, measures) for row in cells.to_dict("records")]


def _pairs(measures: Sequence[str]) -> Iterator[tuple[str, str]]:
    for place, one in enumerate(measures):
        for other in measures[place:]:
            yield one, other


def _sums(row: Mapping[Any, Any], keys: Sequence[str], measures: Sequence[str]) -> Sums:
    products = np.zeros((len(measures), len(measures)))
    places = {name: place for place, name in enumerate(measures)}
    for one, other in _pairs(measures):
        value = float(row[f"{one} x {other}"])
        products[places[one], places[other]] = products[places[other], places[one]] = value
    totals = np.array([float(row[name]) for name in measures])
    key = tuple(None if pd.isna(row[name]) else row[name] for name in keys)
    return Sums(key, int(row["owners"]), totals, products)
