"""Steps out of line: where visits are lost more, or less, than everywhere else.

A look at every device and channel at every step is a search, and a search finds something: each p
is corrected for all that were looked at. A visitor may come by several devices, so that a cell and
the rest share visitors: the test takes the visitor as its unit, in both. One cell apart, such as an
app that regulars use, pulls the rest that all others are compared with: once found, it is set
aside, and the others are compared among themselves.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from marketing_kpi.data.model import Data
from marketing_kpi.errors import ComputeError, MissingDataError, unknown
from marketing_kpi.kpis.compute import kept
from marketing_kpi.kpis.formulas import steady
from marketing_kpi.kpis.intervals import Z95
from marketing_kpi.selling.owners import FEWEST_OWNERS, Floats
from marketing_kpi.selling.tree import lacking_visits
from marketing_kpi.selling.visits import RATES, STEPS, Visits, terms

FEWEST_EVENTS = 10
"""Sessions that pass a step, and that do not, under which a cell is not tested: too few."""

LOOKED_AT = ("bounce_rate", *STEPS)
"""The rates that are searched, where the data tell them."""

_COLUMNS = (
    "dimension", "value", "step", "entered", "passed", "rate", "rest", "set_aside", "difference",
    "low", "high", "p", "p_adjusted", "verdict", "orders", "orders_low", "orders_high", "revenue",
    "revenue_low", "revenue_high",
)  # fmt: skip


def out_of_line(
    visits: Visits,
    *,
    by: str | Sequence[str] | None = None,
    filters: Mapping[str, object] | None = None,
    alpha: float = 0.05,
) -> pd.DataFrame:
    """Look for the devices and channels at which a step of the visit is out of line.

    Parameters
    ----------
    visits
        What `visits` returns.
    by
        The dimensions to look at, one after the other; by default all that were kept.
    filters
        Sessions to keep, by dimension: ``{"device": ["mobile", "desktop"]}``.
    alpha
        Level of the whole search: the probability of any false alarm, where all are alike.

    Returns
    -------
    pandas.DataFrame
        A row a cell and step, the smallest corrected p first: dimension, value (null: unknown),
        step (of `LOOKED_AT`), entered and passed (sessions), rate, rest (the rate of the other
        sessions, less those of cells set aside before and of cells with too few), set_aside (the
        values of the former, in that order), difference (rate - rest) with its 95 % interval
        (low, high), p and p_adjusted (corrected for all that was looked at), verdict: ``"higher"``
        or ``"lower"`` than the rest at `alpha` after correction, ``"cannot_tell"``, or
        ``"too_few"`` (not tested). For a step of the funnel at which more is lost than in the rest,
        orders: how many more there would be, had the step the rate of the rest and the later ones
        their own; revenue, at the cell's average order value; each with its ends, those of the
        difference. Empty where there is nothing to compare.

    Raises
    ------
    ComputeError
        When a dimension was not kept, or `alpha` is no level.

    Notes
    -----
    The test is a score test of equal rates: ``z = (R_cell - R_rest) / se``, se linearised at the
    rate of both together over visitors, ``d_i = (y_ic - R x_ic) / X_c - (y_ir - R x_ir) / X_r``.
    The interval takes each side's own rate. Of a dimension and a step, the cell of the smallest p
    is set aside if it is apart, and the others are tested again, without it: a step-down procedure,
    each stage corrected for its cells (Bonferroni) and all for the number of dimensions and steps.
    Where all are alike, the probability of any alarm stays under `alpha`: measured, 4 shops in
    100, where 78 have a p under 0.05 before correction (`benchmarks/sales_coverage.md`).

    References
    ----------
    Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scandinavian Journal
    of Statistics 6(2), 65-70.
    """
    if not 0 < alpha < 1:
        raise ComputeError(f"alpha == {alpha}, must be in (0, 1)")
    dimensions = visits.kept(visits.dimensions if by is None else by)
    chosen = dict(filters or {})
    visits.kept([*chosen])
    steps = [id for id in LOOKED_AT if visits.tells(*RATES[id].needs)]
    rows = kept(visits.rows, chosen)
    groups = [
        group
        for name in dimensions
        if (cells := _cells(rows, name, steps)) is not None
        for group in (_Step(name, id, cells) for id in steps)
    ]
    searched = sum(len(group.testable) > 1 for group in groups)
    found = [row for group in groups for row in group.rows(searched=searched, alpha=alpha)]
    table = pd.DataFrame(found, columns=_COLUMNS)
    others = ("dimension", "value", "step", "set_aside", "verdict")
    numbers = [name for name in _COLUMNS if name not in others]
    table = table.astype(dict.fromkeys(numbers, "float64"))
    order = ["p_adjusted", "p", "dimension", "value", "step"]
    return table.sort_values(order, kind="stable", na_position="last").reset_index(drop=True)


class _Cells(NamedTuple):
    """The cells of a dimension: their sums, and those of products of each two over visitors."""

    values: list[object]
    sums: pd.DataFrame
    products: Mapping[str, Floats]


def _cells(rows: ir.Table, dimension: str, steps: Sequence[str]) -> _Cells | None:
    """Add up what the steps of each cell count; None with fewer than two cells."""
    measures = terms(rows, steps)
    others = {"net_sales": rows.net_sales} if "net_sales" in rows.columns else {}
    if "ordered" in rows.columns:
        others["ordered"] = rows.ordered.cast("int32")
    each = rows.select("owner", value=rows[dimension], **measures, **others)
    each = each.group_by(["value", "owner"]).agg(
        **{name: each[name].sum().cast("float64") for name in [*measures, *others]}
    )
    came = {f"{id} owners": (each[f"{id} x"] > 0).sum() for id in steps}
    totals = {name: each[name].sum() for name in [*measures, *others]}
    sums: pd.DataFrame = each.group_by("value").agg(**totals, **came).to_pandas()
    if len(sums) < 2:
        return None
    sums = sums.sort_values("value", na_position="last", ignore_index=True)
    return _Cells(
        [None if pd.isna(value) else value for value in sums["value"]], sums,
        _products(each, sums["value"].tolist(), steps),
    )  # fmt: skip


def _products(each: ir.Table, values: Sequence[Any], steps: Sequence[str]) -> dict[str, Floats]:
    """Return, for each step, the sums over visitors of y y, y x and x x of each two cells."""
    there = each.view()
    same = [each.owner == there.owner]
    wanted: dict[str, ir.Value] = {}
    names = {f"{id} {a}{b}": (f"{id} {a}", f"{id} {b}") for id in steps for a, b in _LETTERS}
    joined = each.join(there, same, rname="other {name}")
    for name, (one, other) in names.items():
        wanted[name] = (joined[one] * joined[f"other {other}"]).sum()
    pairs = joined.group_by(["value", "other value"]).agg(**wanted).to_pandas()
    place = {_key(value): number for number, value in enumerate(values)}
    found = {name: np.zeros((len(values), len(values))) for name in names}
    for row in pairs.to_dict("records"):
        cell = place[_key(row["value"])], place[_key(row["other value"])]
        for name, matrix in found.items():
            matrix[cell] = row[name]
    return found


_LETTERS = (("y", "y"), ("y", "x"), ("x", "x"))


def _key(value: Any) -> object:
    return None if pd.isna(value) else value


class _Step:
    """One step, of all the cells of a dimension."""

    def __init__(self, dimension: str, id: str, cells: _Cells) -> None:
        self.dimension, self.id, self.cells = dimension, id, cells
        self.x = cells.sums[f"{id} x"].to_numpy("float64")
        self.y = cells.sums[f"{id} y"].to_numpy("float64")
        events = np.minimum(self.y, self.x - self.y)
        owners = cells.sums[f"{id} owners"].to_numpy("float64")
        enough = (events >= FEWEST_EVENTS) & (owners >= FEWEST_OWNERS)
        self.testable = [int(place) for place in np.flatnonzero(enough)]

    def rows(self, *, searched: int, alpha: float) -> list[dict[str, object]]:
        """Return a row a cell; `searched` is how many steps are looked at in all."""
        found = {place: self._row(place) for place in range(len(self.x))}
        left, reached = list(self.testable), 0.0
        aside: tuple[object, ...] = ()
        while len(left) > 1:
            tested = {place: self._against(place, left) for place in left}
            # Two cells are one comparison, seen from both sides.
            count = searched * (len(left) if len(left) > 2 else 1)
            first = min(left, key=lambda place: (tested[place]["p"], place))
            smallest = min(1.0, max(reached, count * tested[first]["p"]))
            is_last = smallest >= alpha or len(left) == 2
            for place in left if is_last else [first]:
                p = min(1.0, max(reached, count * tested[place]["p"]))
                verdict = "cannot_tell"
                if p < alpha:
                    verdict = "higher" if tested[place]["difference"] > 0 else "lower"
                found[place] |= {**tested[place], "p_adjusted": p, "verdict": verdict}
                found[place]["set_aside"] = aside
                found[place] |= self._at_stake(place, found[place])
            if is_last:
                break
            left.remove(first)
            aside = (*aside, self.cells.values[first])
            reached = smallest
        return list(found.values())

    def _row(self, place: int) -> dict[str, object]:
        rest_x, rest_y = self.x.sum() - self.x[place], self.y.sum() - self.y[place]
        return {
            "dimension": self.dimension, "value": self.cells.values[place], "step": self.id,
            "entered": self.x[place], "passed": self.y[place],
            "rate": self.y[place] / self.x[place] if self.x[place] else math.nan,
            "rest": rest_y / rest_x if rest_x else math.nan, "set_aside": (), "verdict": "too_few",
        }  # fmt: skip

    def _against(self, place: int, among: Sequence[int]) -> dict[str, float]:
        """Compare a cell with the others of some."""
        others = [other for other in among if other != place]
        x, rest_x = self.x[place], self.x[others].sum()
        own, rest = self.y[place] / x, self.y[others].sum() / rest_x
        pooled = (self.y[place] + self.y[others].sum()) / (x + rest_x)
        weights = np.zeros(len(self.x))
        weights[place], weights[others] = 1 / x, -1 / rest_x
        rates = np.full(len(self.x), rest)
        rates[place] = own
        error = self._error(weights, rates)
        z = steady(abs(own - rest) / self._error(weights, np.full(len(self.x), pooled)))
        difference = float(own - rest)
        return {
            "rest": float(rest), "difference": difference,
            "low": steady(difference - Z95 * error), "high": steady(difference + Z95 * error),
            "p": math.erfc(z / math.sqrt(2)),
        }  # fmt: skip

    def _error(self, weights: Floats, rates: Floats) -> float:
        """Return the standard error of a weighted sum of what cells count above their rates."""
        yy, yx, xx = (self.cells.products[f"{self.id} {a}{b}"] for a, b in _LETTERS)
        spread = yy - yx * rates[None, :] - yx.T * rates[:, None] + np.outer(rates, rates) * xx
        return math.sqrt(max(float(weights @ spread @ weights), 0.0))

    def _at_stake(self, place: int, row: Mapping[str, Any]) -> dict[str, object]:
        """Return the orders and revenue that the rest's rate would add, where it is better."""
        cell = self.cells.sums.iloc[place]
        if self.id not in STEPS or "ordered" not in cell or row["difference"] >= 0:
            return {}
        per_point = self.x[place] * float(cell["ordered"]) / self.y[place]
        orders = [steady(-per_point * row[name]) for name in ("difference", "high", "low")]
        found: dict[str, object] = dict(
            zip(("orders", "orders_low", "orders_high"), orders, strict=True)
        )
        if cell["ordered"] and "net_sales" in cell and not pd.isna(cell["net_sales"]):
            basket = float(cell["net_sales"]) / float(cell["ordered"])
            names = ("revenue", "revenue_low", "revenue_high")
            found |= dict(zip(names, (steady(one * basket) for one in orders), strict=True))
        return found


def plant_fault(
    data: Data, *, where: Mapping[str, str], step: str = "order_rate", lost: float = 0.2
) -> Data:
    """Return data in which a step of the visit fails for a share of some sessions.

    Parameters
    ----------
    data
        What `open_data` returns, with sessions.
    where
        The sessions that fail: ``{"device": "mobile"}``.
    step
        The step of `STEPS` at which they do: they then go no further.
    lost
        The share of those who took the step that no longer do.

    Returns
    -------
    Data
        The same data, with other sessions; the orders stay, with no session of their own. Which
        sessions fail depends on their place among those that took the step, in the order of their
        ids, and on nothing that one looks for.

    Raises
    ------
    ComputeError
        When the step is not one, or `lost` is no share.
    """
    if step not in STEPS:
        message, hint = unknown("step", step, STEPS)
        raise ComputeError(message, hint=hint)
    if not 0 <= lost <= 1:
        raise ComputeError(f"lost == {lost}, must be in 0-1")
    if lacks := lacking_visits(data, ["cart", "checkout", "ordered"]):
        raise MissingDataError(f"a fault needs {', '.join(lacks)}, which these data lack")
    rows = data.sessions
    took = {"cart_rate": rows.cart, "checkout_rate": rows.checkout}.get(
        step, rows.order_id.notnull()
    )
    met = ibis.and_(took.fill_null(False), *(rows[name] == value for name, value in where.items()))
    place = ibis.row_number().over(ibis.window(group_by=met, order_by=rows.session_id))
    # Spread evenly: a place fails where its multiple of the share steps over a whole number.
    fails = met & (((place + 1) * lost).floor() > (place * lost).floor())
    stops = {"order_id": ibis.null("string")}
    stops |= {"checkout": ibis.literal(False)} if step != "order_rate" else {}
    stops |= {"cart": ibis.literal(False)} if step == "cart_rate" else {}
    broken = rows.mutate(**{name: fails.ifelse(end, rows[name]) for name, end in stops.items()})
    return replace(data, tables={**data.tables, "sessions": broken})
