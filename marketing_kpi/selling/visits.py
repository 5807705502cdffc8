"""Visits: how good they are, how far they go, and how many lead to an order.

Sessions of one visitor resemble each other, so that every interval here takes the visitor as the
unit of chance; a session without a visitor's id stands for itself.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

import ibis
import ibis.expr.types as ir
import pandas as pd

from marketing_kpi.data.model import Data
from marketing_kpi.errors import ComputeError, MissingDataError, unknown
from marketing_kpi.kpis.facts import FACTS
from marketing_kpi.kpis.formulas import steady
from marketing_kpi.kpis.intervals import Z95, Interval, mean_interval, ratio_error, wilson
from marketing_kpi.kpis.periods import day, midnight
from marketing_kpi.selling.owners import FEWEST_OWNERS, Sums, owner_of, summed
from marketing_kpi.selling.tree import lacking_visits


class Rate(NamedTuple):
    """A rate of sessions: what it divides, and the columns it reads.

    Attributes
    ----------
    y, x
        What counts on each side, 0 or 1 a session, made of the fact's columns.
    needs
        The columns read.
    """

    y: Callable[[ir.Table], Any]
    x: Callable[[ir.Table], Any]
    needs: tuple[str, ...]


RATES: Mapping[str, Rate] = MappingProxyType(
    {
        "bounce_rate": Rate(
            lambda s: s.page_views == 1, lambda s: s.page_views.notnull(), ("page_views",)
        ),
        "cart_rate": Rate(lambda s: s.cart, lambda s: s.cart.notnull(), ("cart",)),
        "checkout_rate": Rate(
            lambda s: s.cart & s.checkout,
            lambda s: s.cart & s.checkout.notnull(),
            ("cart", "checkout"),
        ),
        "order_rate": Rate(
            lambda s: s.cart & s.checkout & s.ordered,
            lambda s: s.cart & s.checkout,
            ("cart", "checkout", "ordered"),
        ),
        "conversion_rate": Rate(lambda s: s.ordered, lambda s: s.ordered.notnull(), ("ordered",)),
    }
)
"""The rates of sessions; ``order_rate`` is the last step of the funnel, from checkout to order."""

STEPS = ("cart_rate", "checkout_rate", "order_rate")
"""The steps of the funnel: from a session to a cart, to the checkout, to an order."""


@dataclass(frozen=True)
class Visits:
    """The sessions of a period, read once and kept in the engine.

    Attributes
    ----------
    rows
        A row a session: owner (its visitor, or itself), is_visitor, started_at, the dimensions,
        and those of page_views, cart, checkout, ordered and net_sales that the data tell.
    dimensions
        Those kept.
    start, end
        The period; `end` is exclusive.
    """

    rows: ir.Table
    dimensions: tuple[str, ...]
    start: dt.date
    end: dt.date

    def tells(self, *columns: str) -> bool:
        """Say whether the data tell these columns of sessions."""
        return all(name in self.rows.columns for name in columns)

    def need(self, what: str, *columns: str) -> None:
        """Refuse what reads a column that the data do not tell."""
        if absent := [f"sessions.{name}" for name in columns if not self.tells(name)]:
            shown = ", ".join(absent).replace("sessions.ordered", "sessions.order_id")
            raise MissingDataError(f"{what} needs {shown}, which these data lack")

    def kept(self, by: str | Sequence[str]) -> list[str]:
        """Return dimensions asked for, each once; refuse one that was not kept."""
        asked = [by] if isinstance(by, str) else list(dict.fromkeys(by))
        for name in asked:
            if name not in self.dimensions:
                message, hint = unknown("dimension", name, self.dimensions, where="these visits")
                raise ComputeError(message, hint=hint)
        return asked


_READ = ("page_views", "cart", "checkout", "ordered", "net_sales")


def visits(
    data: Data,
    *,
    start: str | dt.date,
    end: str | dt.date,
    by: Sequence[str] = ("device", "marketing_channel"),
) -> Visits:
    """Read the sessions of a period once, for all that asks about them.

    Parameters
    ----------
    data
        What `open_data` returns, with sessions.
    start, end
        First day, and the day after the last.
    by
        Dimensions of the fact `sessions` to keep; those that the data lack are left out.

    Raises
    ------
    ComputeError
        When a dimension is not known, or `start` is not before `end`.
    MissingDataError
        When the data lack sessions or the moment when they started.
    """
    first, last = day(start, name="start"), day(end, name="end")
    if first >= last:
        hint = "end is the day after the last"
        raise ComputeError(f"start == {first}, must be before end == {last}", hint=hint)
    if lacks := lacking_visits(data):
        raise MissingDataError(f"visits need {', '.join(lacks)}, which these data lack")
    keys = [name for name in dict.fromkeys(by) if not lacking_visits(data, by=[name])]
    told = [name for name in _READ if not lacking_visits(data, [name])]
    visitor = [name for name in ("visitor_id",) if not lacking_visits(data, [name])]
    read = {"session_id", "started_at", *told, *keys, *visitor}
    rows = FACTS["sessions"].build(data, read)
    rows = rows.filter(rows.started_at >= midnight(first), rows.started_at < midnight(last))
    known = rows.visitor_id.notnull() if visitor else ibis.literal(False)
    owner = owner_of(rows, *visitor, "session_id")
    rows = rows.select("started_at", *keys, *told, owner=owner, is_visitor=known)
    return Visits(data.keep(rows), tuple(keys), first, last)


def traffic(visits: Visits, *, by: Sequence[str] | str = ()) -> pd.DataFrame:
    """Say how many came and how good their visits were, in all or by channel, device, region.

    Parameters
    ----------
    visits
        What `visits` returns.
    by
        Dimensions kept in it: ``"marketing_channel"``, ``"device"``; none gives one row.

    Returns
    -------
    pandas.DataFrame
        A row a cell, the most sessions first: the dimensions (null: unknown), sessions, visitors,
        pages_per_session, bounce_rate, cart_rate, conversion_rate, each with its 95 % interval
        (``<id>_low``, ``<id>_high``), visitor_conversion (visitors with an order over visitors) and
        revenue_per_visitor, with theirs. What the data do not tell is null. A visitor of two
        cells counts in each.

    Raises
    ------
    ComputeError
        When a dimension was not kept.

    Notes
    -----
    Rates of sessions: Wilson's interval with the number of independent sessions that would have
    the linearised error of a ratio, with the visitor as unit (as `retention.returns_by`). The share
    of visitors: Wilson's. Pages and revenue are skewed: Hall's interval of the linearised values.
    Measured at 100 to 5,000 visitors: from 0.92 to 0.97 by session, where one that takes sessions
    for people falls to 0.88; from 0.90 to 1.00 for the others (`benchmarks/sales_coverage.md`).

    Examples
    --------
    >>> from marketing_kpi.data.sources import open_data
    >>> tables = {
    ...     "orders": pd.DataFrame({"order_id": ["1"],
    ...         "ordered_at": pd.to_datetime(["2025-01-05"])}),
    ...     "sessions": pd.DataFrame({"session_id": list("abc"), "visitor_id": ["v", "v", "w"],
    ...         "started_at": pd.to_datetime(["2025-01-04", "2025-01-05", "2025-01-05"]),
    ...         "page_views": [1, 7, 4], "order_id": [None, "1", None]}),
    ... }
    >>> found = traffic(visits(open_data(tables), start="2025-01-01", end="2025-02-01"))
    >>> found[["sessions", "visitors", "pages_per_session"]].values.tolist()
    [[3.0, 2.0, 4.0]]
    >>> found[["conversion_rate", "visitor_conversion"]].round(3).values.tolist()
    [[0.333, 0.5]]
    """
    keys, rows = visits.kept(by), visits.rows
    rates = [
        id
        for id in ("bounce_rate", "cart_rate", "conversion_rate")
        if visits.tells(*RATES[id].needs)
    ]
    measures = {"sessions": ibis.literal(1), **terms(rows, rates)}
    if visits.tells("page_views"):
        measures |= {"pages": rows.page_views, "told": rows.page_views.notnull().cast("int32")}
    if visits.tells("net_sales"):
        measures |= {"net_sales": rows.net_sales}
    table = rows.select(*keys, "owner", "is_visitor", **measures)
    cells = summed(table, keys, list(measures))
    heads = _of_visitors(table, keys, bool("conversion_rate" in rates))
    found = [_quality(cell, list(measures), rates, heads.get(cell.key, {}), keys) for cell in cells]
    names = [*keys, *_QUALITY]
    shown = pd.DataFrame(found, columns=names)
    shown = shown.astype(dict.fromkeys(_QUALITY[2:], "float64"))
    order = shown.sort_values(
        ["sessions", *keys], ascending=[False, *(True for _ in keys)], kind="stable"
    )
    return order.reset_index(drop=True)


_VALUES = (
    "pages_per_session", "bounce_rate", "cart_rate", "conversion_rate", "visitor_conversion",
    "revenue_per_visitor",
)  # fmt: skip
_QUALITY = (
    "sessions", "visitors",
    *(f"{name}{end}" for name in _VALUES for end in ("", "_low", "_high")),
)  # fmt: skip


def funnel(visits: Visits) -> pd.DataFrame:
    """Follow sessions from the visit to the order, and say at which step they are lost.

    Parameters
    ----------
    visits
        What `visits` returns.

    Returns
    -------
    pandas.DataFrame
        A row a step of `STEPS`: step (``cart_rate``, ``checkout_rate``: as in the dictionary;
        ``order_rate``: from the checkout to a valid order); entered and passed (sessions), lost
        (entered - passed), rate with its 95 % interval (low, high), loss_share (of all the
        sessions that the funnel loses), beside (orders of sessions that did not take the step:
        bought at once, or of which nothing tells). Empty without sessions.

    Raises
    ------
    MissingDataError
        When the data tell no carts, checkouts or orders of sessions.
    """
    visits.need("the funnel", "cart", "checkout", "ordered")
    rows = visits.rows
    beside = {
        "beside cart_rate": (rows.ordered & ~rows.cart.fill_null(False)).cast("int32"),
        "beside checkout_rate": (
            rows.ordered & rows.cart.fill_null(False) & ~rows.checkout.fill_null(False)
        ).cast("int32"),
        "beside order_rate": ibis.literal(0),
    }
    measures = {**terms(rows, STEPS), **beside}
    cells = summed(rows.select("owner", **measures), [], list(measures))
    found = []
    for cell in cells:
        totals = dict(zip(measures, cell.totals, strict=True))
        for id in STEPS:
            entered, passed = totals[f"{id} x"], totals[f"{id} y"]
            rate, ends = rate_of(cell, list(measures), id)
            lost, beside_it = int(entered - passed), int(totals[f"beside {id}"])
            found.append((id, int(entered), int(passed), lost, rate, *ends, beside_it))
    columns = ["step", "entered", "passed", "lost", "rate", "low", "high", "beside"]
    table = pd.DataFrame(found, columns=columns)
    table = table.astype(dict.fromkeys(("rate", "low", "high"), "float64"))
    whole = table["lost"].sum()
    return table.assign(loss_share=table["lost"] / (whole if whole else math.nan))


class Conversion(NamedTuple):
    """Conversion by session and by visitor, of the sessions whose visitor is known.

    Attributes
    ----------
    by_session, by_visitor
        Sessions with a valid order over sessions, and visitors with one over visitors, each an
        estimate with its 95 % interval: (value, low, high).
    sessions, visitors, orders, buyers
        What they divide: sessions, their visitors, sessions with an order, visitors with one.
    anonymous
        Sessions without a visitor's id, left out of all of these.
    windows
        A row a window ("day", "week", "month", and "period", all of it): by_session and by_visitor
        over the windows together. The first stays, the second rises with the window's length.
    """

    by_session: tuple[float | None, float | None, float | None]
    by_visitor: tuple[float | None, float | None, float | None]
    sessions: int
    visitors: int
    orders: int
    buyers: int
    anonymous: int
    windows: pd.DataFrame


def conversions(visits: Visits) -> Conversion:
    """Set conversion by session and by visitor side by side, and say what makes them differ.

    Parameters
    ----------
    visits
        What `visits` returns.

    Returns
    -------
    Conversion

    Raises
    ------
    MissingDataError
        When the data do not tell the orders of sessions.

    Notes
    -----
    By visitor = by session x sessions per visitor / orders per buyer: who comes five times to buy
    once counts as one success in five, or as one in one. The two are never to be compared.
    """
    visits.need("conversion", "ordered")
    rows = visits.rows
    known = rows.filter(rows.is_visitor)
    measures = ["conversion_rate y", "conversion_rate x"]
    cells = summed(known.select("owner", **terms(known, ["conversion_rate"])), [], measures)
    anonymous = int(rows.filter(~rows.is_visitor).count().execute())
    windows = _windows(known)
    if not cells:
        nothing = (None, None, None)
        return Conversion(nothing, nothing, 0, 0, 0, 0, anonymous, windows)
    [cell] = cells
    rate, ends = rate_of(cell, measures, "conversion_rate")
    orders, sessions = (int(total) for total in cell.totals)
    buyers = int(windows.loc[windows["window"] == "period", "buyers"].iloc[0])
    share = buyers / cell.owners
    return Conversion(
        (rate, *ends), (share, *_wilson(share, cell.owners)), sessions, cell.owners, orders, buyers,
        anonymous, windows,
    )  # fmt: skip


_WINDOWS: Mapping[str, str | None] = MappingProxyType(
    {"day": "D", "week": "W", "month": "M", "period": None}
)


def _windows(rows: ir.Table) -> pd.DataFrame:
    """Return both conversions over the windows of each length."""
    wanted: dict[str, ir.Value] = {"sessions": rows.count(), "orders": rows.ordered.sum()}
    for name, unit in _WINDOWS.items():
        day_of = rows.started_at.truncate(unit).cast("string") + " " if unit else ""
        came = day_of + rows.owner
        wanted[f"visitors {name}"] = came.nunique()
        wanted[f"buyers {name}"] = came.nunique(where=rows.ordered)
    found = rows.agg(**wanted).to_pandas().fillna(0).iloc[0]
    table = pd.DataFrame({"window": [*_WINDOWS]})
    for name in ("sessions", "orders"):
        table[name] = found[name]
    for name in ("visitors", "buyers"):
        table[name] = [found[f"{name} {window}"] for window in _WINDOWS]
    parts = table[["sessions", "orders", "visitors", "buyers"]].astype("int64")
    return pd.DataFrame(
        {
            "window": table["window"],
            "by_session": parts["orders"] / parts["sessions"].where(parts["sessions"] > 0),
            "by_visitor": parts["buyers"] / parts["visitors"].where(parts["visitors"] > 0),
            **parts,
        }
    )


# --- Rates ----------------------------------------------


def terms(rows: ir.Table, rates: Sequence[str]) -> dict[str, ir.Value]:
    """Return what each rate counts on its two sides, 0 or 1 a session: ``<id> y``, ``<id> x``."""
    found: dict[str, ir.Value] = {}
    for id in rates:
        x = RATES[id].x(rows).fill_null(False)
        found[f"{id} y"] = (x & RATES[id].y(rows).fill_null(False)).cast("int32")
        found[f"{id} x"] = x.cast("int32")
    return found


def rate_of(cell: Sums, measures: Sequence[str], id: str) -> tuple[float | None, Interval]:
    """Return a rate of a cell with its interval, which takes the owner as the unit of chance."""
    y, x = measures.index(f"{id} y"), measures.index(f"{id} x")
    over = float(cell.totals[x])
    if not over:
        return None, Interval()
    rate = float(cell.totals[y]) / over
    if cell.owners < FEWEST_OWNERS:
        return rate, Interval()
    error = ratio_error(
        rate, count=cell.owners, x=over, xx=cell.products[x, x], xy=cell.products[x, y],
        yy=cell.products[y, y],
    )  # fmt: skip
    count = rate * (1 - rate) / error**2 if error > 0 else min(over, float(cell.owners))
    return rate, Interval(*(None if end is None else steady(end) for end in wilson(rate, count)))


def _wilson(share: float, count: int) -> Interval:
    if count < FEWEST_OWNERS:
        return Interval()
    return Interval(*(None if end is None else steady(end) for end in wilson(share, count)))


def _of_visitors(
    rows: ir.Table, keys: Sequence[str], converts: bool
) -> dict[tuple[object, ...], dict[str, float]]:
    """Return, a cell each, how many visitors came and bought, and moments of what they spent."""
    known = rows.filter(rows.is_visitor)
    wanted: dict[str, ir.Value] = {}
    if converts:
        wanted["ordered"] = known["conversion_rate y"].sum()
    if "net_sales" in known.columns:
        wanted["spent"] = known["net_sales"].sum().fill_null(0).cast("float64")
    each = known.group_by([*keys, "owner"]).agg(visits=known.count(), **wanted)
    sums: dict[str, ir.Value] = {"visitors": each.count()}
    if converts:
        sums["buyers"] = (each.ordered > 0).sum()
    if "spent" in wanted:
        sums |= {f"spent {n}": (each.spent**n).sum() for n in (1, 2, 3)}
    cells = (each.group_by(list(keys)) if keys else each).agg(**sums).to_pandas()
    return {
        tuple(None if pd.isna(row[key]) else row[key] for key in keys): row
        for row in cells.to_dict("records")
    }


def _quality(
    cell: Sums,
    measures: Sequence[str],
    rates: Sequence[str],
    visitors: Mapping[str, Any],
    keys: Sequence[str],
) -> dict[str, object]:
    totals = dict(zip(measures, cell.totals, strict=True))
    row: dict[str, object] = dict(zip(keys, cell.key, strict=True))
    count = int(visitors.get("visitors", 0) or 0)
    row |= {"sessions": int(totals["sessions"]), "visitors": count}
    for id in rates:
        row |= _three(id, *rate_of(cell, measures, id))
    if totals.get("told"):
        row |= _three("pages_per_session", *_pages(cell, measures))
    if count and "buyers" in visitors:
        share = int(visitors["buyers"]) / count
        row |= _three("visitor_conversion", share, _wilson(share, count))
    if count and "spent 1" in visitors:
        row |= _three("revenue_per_visitor", *_spending(visitors, count))
    return row


def _three(name: str, value: float | None, ends: Interval) -> dict[str, float | None]:
    return {name: value, f"{name}_low": ends.low, f"{name}_high": ends.high}


def _pages(cell: Sums, measures: Sequence[str]) -> tuple[float, Interval]:
    y, x = measures.index("pages"), measures.index("told")
    value = float(cell.totals[y] / cell.totals[x])
    if cell.owners < FEWEST_OWNERS:
        return value, Interval()
    error = ratio_error(
        value, count=cell.owners, x=cell.totals[x], xx=cell.products[x, x],
        xy=cell.products[x, y], yy=cell.products[y, y],
    )  # fmt: skip
    if not error > 0:
        return value, Interval()
    return value, Interval(steady(value - Z95 * error), steady(value + Z95 * error))


def _spending(visitors: Mapping[str, Any], count: int) -> tuple[float, Interval]:
    """Return the mean of what visitors spent, with Hall's interval: most spend nothing."""
    mean, square, cube = (float(visitors[f"spent {n}"]) / count for n in (1, 2, 3))
    spread = square - mean**2
    if count < FEWEST_OWNERS or not spread > 0:
        return mean, Interval()
    skewness = (cube - 3 * mean * square + 2 * mean**3) / spread**1.5
    ends = mean_interval(
        mean, variance=spread * count / (count - 1), skewness=skewness, count=count
    )
    return mean, Interval(steady(max(ends[0], 0.0)), steady(ends[1]))
