"""Sums by owner: the orders of a customer, the visits of a visitor, are one piece of chance.

An estimate made of sums has an error that depends on who the rows belong to: ten sessions of one
visitor tell less than ten of ten. Here the engine adds up every owner's rows, then the owners, with
the squares and products that errors are made of. Owners are taken to come at random, one without
the other (Poisson), so that how many come is chance as well.

What moves a month as a whole (weather, a rival) moves all owners together, and is in no such sum:
`with_months` adds how the totals of months spread, beyond the luck of single rows that owners
already account for. It is the reckoning of `growth.chance.growth`, for any function of the totals.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from statistics import NormalDist
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
    months
        How far months, moved as a whole, spread the totals: variances and covariances; null where
        it is not known.
    pieces
        Months, or weeks, that tell it.
    """

    key: tuple[object, ...]
    owners: int
    totals: Floats
    products: Floats
    months: Floats | None = None
    pieces: int = 0

    def picked(self, places: Sequence[int]) -> Sums:
        """Return the sums of some of the measures alone, by their places."""
        kept = np.ix_(places, places)
        months = None if self.months is None else self.months[kept]
        return self._replace(
            totals=self.totals[list(places)], products=self.products[kept], months=months
        )

    def error(self, gradient: Floats) -> float:
        """Return the standard error of what moves by `gradient` as the totals move."""
        return math.sqrt(max(float(gradient @ self.products @ gradient), 0.0))

    def are_above_0(self, places: Sequence[int]) -> bool:
        """Say whether other owners would have made these totals more than 0 too.

        That is, whether each has a 95 % interval above 0: a logarithm of it has no error otherwise.
        """
        totals, squares = self.totals[list(places)], np.diag(self.products)[list(places)]
        if self.owners < FEWEST_OWNERS:
            return False
        variances = self.owners / (self.owners - 1) * (squares - totals**2 / self.owners)
        return bool((totals > Z95 * np.sqrt(np.maximum(variances, 0.0))).all())

    def months_error(self, gradient: Floats) -> float:
        """Return the standard error that months, moved as a whole, add; 0 where it is not known."""
        if self.months is None:
            return 0.0
        return math.sqrt(max(float(gradient @ self.months @ gradient), 0.0))

    def around(self, value: float, gradient: Floats, *, alpha: float = 0.05) -> Interval:
        """Return the interval around a smooth function of the totals; none of few owners.

        Parameters
        ----------
        value
            The function of the totals.
        gradient
            How it moves as they do.
        alpha
            How often the interval may miss: 0.05 for one of 95 %.
        """
        error = self.error(gradient)
        if self.owners < FEWEST_OWNERS or not (error > 0 and math.isfinite(error)):
            return Interval()
        half = -NormalDist().inv_cdf(alpha / 2) * error
        if shaken := self.months_error(gradient):
            half = math.hypot(half, _student(self.pieces - 1, alpha) * shaken)
        return Interval(steady(value - half), steady(value + half))


def _student(freedom: int, alpha: float) -> float:
    """Return Student's quantile that is passed, on either side, with a chance of alpha."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 1 - alpha / 2))


def owner_of(rows: ir.Table, *names: str) -> ir.StringValue:
    """Return who a row belongs to: the first id known, else nobody but itself.

    Ids of two kinds may be equal, so that each says which it is.
    """
    known = [ibis.literal(f"{name} ") + rows[name].cast("string") for name in names if name in rows]
    return ibis.coalesce(*known, ibis.row_number().cast("string"))


def summed(
    rows: ir.Table,
    keys: Sequence[str],
    measures: Sequence[str],
    *,
    apart: Sequence[Sequence[str]] | None = None,
) -> list[Sums]:
    """Add up the measures of rows that hold a column `owner`, in each cell of `keys`.

    Parameters
    ----------
    rows
        The keys, `owner`, and the measures: numbers, or nulls that add nothing.
    keys
        Columns that part the cells; none makes one cell.
    measures
        The columns to add up.
    apart
        Groups of measures that are read apart: products of two groups are left at 0. By default
        all are read together.

    Returns
    -------
    list of Sums
        A cell each, in the order of their keys, unknown ones last; none without rows.
    """
    exact = rows.group_by([*keys, "owner"]).agg(
        **{name: rows[name].sum().fill_null(0).cast(MONEY) for name in measures}
    )
    each = exact.mutate(**{f"{name}_": exact[name].cast("float64") for name in measures})
    pairs = [pair for group in (apart or [measures]) for pair in _pairs(group)]
    wanted = {
        "owners": each.count(),
        **{name: each[name].sum().cast("float64") for name in measures},
        **{f"{one} x {other}": (each[f"{one}_"] * each[f"{other}_"]).sum() for one, other in pairs},
    }
    cells: pd.DataFrame = (each.group_by(list(keys)) if keys else each).agg(**wanted).to_pandas()
    cells = cells[cells["owners"] > 0]
    if keys:
        cells = cells.sort_values(list(keys), na_position="last")
    return [_sums(row, keys, measures, pairs) for row in cells.to_dict("records")]


def with_months(
    cell: Sums,
    rows: ir.Table,
    measures: Sequence[str],
    *,
    pieces: int,
    apart: Sequence[Sequence[str]] | None = None,
) -> Sums:
    """Add to the sums of owners what months, moved as a whole, do to the totals.

    Parameters
    ----------
    cell
        What `summed` returns of these rows, as one cell.
    rows
        `piece`, the number of the month or week that a row falls in, the same in both periods
        (null: in none), and the measures. A row is what chance draws by itself.
    measures, apart
        As `summed` takes.
    pieces
        How many months or weeks there are.
    """
    told = rows.filter(rows.piece.notnull())
    by_month = summed(told.mutate(owner=told.piece.cast("string")), [], measures, apart=apart)
    by_row = summed(told.mutate(owner=ibis.row_number().cast("string")), [], measures, apart=apart)
    if not by_month:
        return cell
    totals = by_month[0].totals
    spread = by_month[0].products - np.outer(totals, totals) / pieces
    luck = by_row[0].products
    return cell._replace(months=pieces / (pieces - 1) * spread - luck, pieces=pieces)


def _pairs(measures: Sequence[str]) -> Iterator[tuple[str, str]]:
    for place, one in enumerate(measures):
        for other in measures[place:]:
            yield one, other


def _sums(
    row: Mapping[Any, Any],
    keys: Sequence[str],
    measures: Sequence[str],
    pairs: Sequence[tuple[str, str]],
) -> Sums:
    products = np.zeros((len(measures), len(measures)))
    places = {name: place for place, name in enumerate(measures)}
    for one, other in pairs:
        value = float(row[f"{one} x {other}"])
        products[places[one], places[other]] = products[places[other], places[one]] = value
    totals = np.array([float(row[name]) for name in measures])
    key = tuple(None if pd.isna(row[name]) else row[name] for name in keys)
    return Sums(key, int(row["owners"]), totals, products)
