"""Price, volume, mix, assortment and credits: effects that add up to the change of revenue."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import NamedTuple

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from marketing_kpi.growth.sides import (
    CREDITS,
    ITEM,
    amounts_told,
    keys_of,
    rolled_up,
    steps_between,
)
from marketing_kpi.kpis.facts import MONEY
from marketing_kpi.kpis.formulas import ratio
from marketing_kpi.kpis.frames import Frame, executed, records, require, same_kind

LEVELS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "product_channel": ("channel", "product_id"),
        "product_id": ("product_id",),
        "category": ("category",),
        "channel": ("channel",),
        "whole": (),
    }
)
"""What may be taken for one product, and the dimensions that tell one from another."""

_ALWAYS = ("volume", "mix", "price", "assortment")


class Effects(NamedTuple):
    """Why revenue changed; the effects add up to `change`.

    Attributes
    ----------
    volume
        What more or fewer units would have brought, had they been the same products at the same
        prices: (units - units before) x mean price before.
    mix
        What it brought that dearer or cheaper products took a larger share of the units.
    price
        What the units sold bring at the new prices, above what they would have at the old.
    assortment
        Sales of products that were not sold before, less those of products no longer sold.
    unknown_products
        The change of sales whose product is not known: they are of any number of products, and
        have no price that could be compared. 0 without any.
    credits
        The change of credits entered as orders, of any product: they give money back for units
        that were sold before, and move no price. 0 without any.
    change
        Revenue less revenue before, over all products.
    """

    volume: float
    mix: float
    price: float
    assortment: float
    unknown_products: float
    credits: float
    change: float


def price_volume_mix(items: Frame, *, product: str | Sequence[str] = "product_id") -> Effects:
    """Part the change of revenue between two periods in effects that add up to it exactly.

    Parameters
    ----------
    items
        A row a product (or anything that has units and a price), as ``compared(data,
        by="product_id", …)`` gives: ``quantity_before``, ``revenue_before``, ``quantity``,
        ``revenue``, and what of it is credits, ``credits_before`` and ``credits``, if any. Null
        is 0: not sold.
    product
        The column that names the product, or those that do together; one that the items lack
        names nothing. A row where it is null is of unknown products.

    Returns
    -------
    Effects
        In the data's currency.

    Raises
    ------
    ColumnError
        When a column is not there.

    Notes
    -----
    Credits are an effect of their own: all that follows is of purchases, revenue less credits.
    Volume, mix and price are of the products *sold in both periods*: of which units are above 0
    in each, so that each has a price in each. With their units Q, their share s of those units,
    their price p, before (0) and now (1):

    - volume: ``(Q1 - Q0) x R0 / Q0``
    - mix: ``Q1 x sum((s1 - s0) x p0)``
    - price: ``sum(q1 x (p1 - p0))``

    The change in revenue of every other product, new, dropped or given back, is the assortment's;
    that of rows whose product is not known is apart, for a mean price of many products moves with
    what they hold. The order is fixed: units are valued at the old prices, price at the new units.

    Examples
    --------
    >>> items = pd.DataFrame({
    ...     "product_id": ["tent", "rope", "lamp"],
    ...     "quantity_before": [10, 30, 0], "revenue_before": [2000.0, 600.0, 0.0],
    ...     "quantity": [20, 20, 5], "revenue": [3800.0, 440.0, 150.0],
    ... })
    >>> price_volume_mix(items)
    Effects(volume=0.0, mix=1800.0, price=-160.0, assortment=150.0, unknown_products=0.0,
            credits=0.0, change=1790.0)

    Ten tents a year at 200; of the second, two were credited:

    >>> tents = pd.DataFrame({
    ...     "quantity_before": [10], "revenue_before": [2000.0], "credits_before": [0.0],
    ...     "quantity": [10], "revenue": [1600.0], "credits": [-400.0],
    ... })
    >>> found = price_volume_mix(tents)
    >>> found.price, found.credits
    (0.0, -400.0)
    """
    require(items, ITEM, "items")
    names = [name for name in keys_of(product) if name in items.columns]
    (found,) = records(same_kind(items, partial(_sums, names=names)))
    row = {name: float(value) for name, value in found.items()}
    per_unit = row["revenue_before"] / row["quantity_before"] if row["quantity_before"] else 0.0
    same_mix = row["quantity"] * per_unit
    rest = row["of_others"], row["of_unknown"], row["of_credits"]
    return Effects(
        volume=same_mix - row["revenue_before"],
        mix=row["at_old_prices"] - same_mix,
        price=row["revenue"] - row["at_old_prices"],
        assortment=row["of_others"],
        unknown_products=row["of_unknown"],
        credits=row["of_credits"],
        change=row["revenue"] - row["revenue_before"] + math.fsum(rest),
    )


def _sums(items: ir.Table, *, names: Sequence[str]) -> ir.Table:
    """Return one row: the sums over products sold in both periods, and the change of the rest."""
    known = ibis.and_(*(items[name].notnull() for name in names))
    told = amounts_told(items.columns)
    amounts = {name: items[name].cast(MONEY).fill_null(0) for name in told}
    rows = items.select(is_known=known, **amounts)
    nothing = ibis.literal(0, MONEY)
    before, now = (rows[name] if name in told else nothing for name in CREDITS)
    rows = rows.mutate(
        revenue_before=(rows.revenue_before - before).cast(MONEY),
        revenue=(rows.revenue - now).cast(MONEY),
        given_back=(now - before).cast(MONEY),
    )
    in_both = rows.is_known & (rows.quantity_before > 0) & (rows.quantity > 0)
    at_old_prices = rows.quantity.cast("float64") * ratio(rows.revenue_before, rows.quantity_before)
    change = rows.revenue - rows.revenue_before
    sums = {
        **{name: rows[name].sum(where=in_both) for name in ITEM},
        "at_old_prices": at_old_prices.sum(where=in_both),
        "of_others": change.sum(where=rows.is_known & ~in_both),
        "of_unknown": change.sum(where=~rows.is_known),
        "of_credits": rows.given_back.sum(),
    }
    return rows.aggregate(**{name: total.fill_null(0) for name, total in sums.items()})


def effects_by(items: Frame, *, by: str | Sequence[str]) -> pd.DataFrame:
    """Say which part of each effect a category, a channel or a brand has.

    Parameters
    ----------
    items
        A row a product and value of `by`, as ``compared(data, by=[by, "product_id"], …)`` gives.
    by
        The columns to add up over. A product is named by ``product_id``, as in
        `price_volume_mix`.

    Returns
    -------
    pandas.DataFrame
        A row a value, sorted by it: the columns of `by`, then ``volume``, ``mix``, ``price``,
        ``assortment``, ``unknown_products``, ``credits`` and ``change``, of which the sums over
        all rows are those of `price_volume_mix`; and ``mix_between`` and ``mix_within``, which add
        up to ``mix``.

    Raises
    ------
    ColumnError
        When a column is not there.

    Notes
    -----
    A product's part of the volume effect is its own units at the mean price of all, and its part
    of the mix what those are worth beyond: ``(q1 - q0) x P0`` and ``(q1 - q0) x (p0 - P0)``, with
    P0 the mean price before of products sold in both periods. Their sums are the effects: more
    units of what is dearer than the mean, or fewer of what is cheaper, is mix. ``mix_between``
    is what a category's units are worth at its own mean price beyond P0, ``mix_within`` the shift
    among its products: what is computed by category finds the first, and takes the second for a
    change of prices.

    Examples
    --------
    >>> items = pd.DataFrame({
    ...     "category": ["camp", "camp", "climb"], "product_id": ["tent", "lamp", "rope"],
    ...     "quantity_before": [10, 10, 20], "revenue_before": [2000.0, 400.0, 400.0],
    ...     "quantity": [14, 6, 20], "revenue": [2800.0, 240.0, 440.0],
    ... })
    >>> effects_by(items, by="category")[["category", "volume", "mix", "mix_within", "price"]]
      category  volume    mix  mix_within  price
    0     camp     0.0  640.0       640.0    0.0
    1    climb     0.0    0.0         0.0   40.0
    """
    keys = keys_of(by)
    require(items, [*keys, *ITEM], "items")
    frame = executed(items)
    told = amounts_told(frame.columns)
    frame = frame.assign(**{name: frame[name].astype("float64").fillna(0) for name in told})
    frame = frame.assign(**{name: 0.0 for name in CREDITS if name not in told})
    change = frame["revenue"] - frame["revenue_before"]
    credits = frame["credits"] - frame["credits_before"]
    frame["revenue_before"] -= frame["credits_before"]
    frame["revenue"] -= frame["credits"]
    purchases = frame["revenue"] - frame["revenue_before"]
    is_known = frame.get("product_id", pd.Series(True, index=frame.index)).notna()
    in_both = is_known & (frame["quantity_before"] > 0) & (frame["quantity"] > 0)
    sold = frame.assign(**{name: frame[name].where(in_both, 0.0) for name in ITEM})
    units, before = sold["quantity_before"], sold["revenue_before"]
    price = _divided(before, units)
    grouped = sold.groupby(keys, dropna=False, sort=False)
    own = _divided(
        grouped["revenue_before"].transform("sum"), grouped["quantity_before"].transform("sum")
    )
    overall = math.fsum(before) / math.fsum(units) if units.sum() else 0.0
    more = sold["quantity"] - units
    parts = frame[keys].assign(
        volume=more * overall,
        mix=more * (price - overall),
        price=sold["revenue"] - sold["quantity"] * price,
        assortment=purchases.where(is_known & ~in_both, 0.0),
        unknown_products=purchases.where(~is_known, 0.0),
        credits=credits,
        change=change,
        mix_between=more * (own - overall),
        mix_within=more * (price - own),
    )
    found = parts.groupby(keys, dropna=False, as_index=False).sum()
    return found.assign(**{name: found[name] + 0.0 for name in found.columns[len(keys) :]})


def _divided(amounts: pd.Series[float], units: pd.Series[float]) -> pd.Series[float]:
    """Return amounts by unit; 0 where there is none."""
    return (amounts / units.replace(0, np.nan)).fillna(0.0)


def effects_by_level(
    items: Frame, *, levels: Mapping[str, Sequence[str]] | None = None
) -> pd.DataFrame:
    """Say how the effects change with what is called one product.

    Parameters
    ----------
    items
        What `compared` returns, by every dimension that a level names.
    levels
        The name of each level and its dimensions: ``{"category": ["category"]}``; no dimension
        takes the whole shop for one product. By default those of `LEVELS` that the items tell.

    Returns
    -------
    pandas.DataFrame
        A row a level, in the order given: ``level``, ``rows`` (how many products it tells apart),
        ``volume``, ``mix``, ``price``, ``assortment``, ``unknown_products``, ``credits`` and
        ``change``, the last two the same at every level.

    Raises
    ------
    ColumnError
        When a column is not there.

    Examples
    --------
    Nothing changed its price; by category, the shift from lamps to tents looks as if one had:

    >>> items = pd.DataFrame({
    ...     "category": ["camp", "camp"], "product_id": ["tent", "lamp"],
    ...     "quantity_before": [10, 10], "revenue_before": [2000.0, 400.0],
    ...     "quantity": [14, 6], "revenue": [2800.0, 240.0],
    ... })
    >>> levels = {"product": ["product_id"], "category": ["category"]}
    >>> effects_by_level(items, levels=levels)[["level", "mix", "price"]].values.tolist()
    [['product', 640.0, 0.0], ['category', 0.0, 640.0]]
    """
    frame = executed(items)
    told = amounts_told(frame.columns)
    frame = frame.astype(dict.fromkeys(told, "float64"))
    if levels is None:
        levels = {name: keys for name, keys in LEVELS.items() if {*keys} <= {*frame.columns}}
    rows = []
    for level, keys in levels.items():
        at = rolled_up(frame, by=list(keys)) if keys else frame[told].sum().to_frame().T
        rows.append((level, len(at), *price_volume_mix(at, product=keys)))
    return pd.DataFrame(rows, columns=["level", "rows", *Effects._fields])


def effects_told(found: Effects | pd.DataFrame) -> list[str]:
    """Return the names of effects, or of those of a table, in the order of a bridge.

    Unknown products and credits are among them where they changed anything.

    >>> effects_told(Effects(10.0, -2.0, 1.0, 0.0, 0.0, -4.0, 5.0))
    ['volume', 'mix', 'price', 'assortment', 'credits']
    """
    names = [name for name in Effects._fields if name != "change"]
    return [name for name in names if name in _ALWAYS or np.any(getattr(found, name))]


def bridge_of(changes: pd.DataFrame | Effects, *, before: float | None = None) -> pd.DataFrame:
    """Return the bridge from the revenue before to that of the period, by groups or effects.

    Parameters
    ----------
    changes
        What `network` returns, the kinds of `by_customers`, or `price_volume_mix`'s effects.
    before
        The revenue of the period before; of groups, their sum by default.

    Returns
    -------
    pandas.DataFrame
        As `steps_between`: ``step``, ``amount``, ``level``. Unknown products are a step, and so
        are credits, where they changed anything.

    Examples
    --------
    >>> bridge_of(Effects(10.0, -2.0, 1.0, 0.0, 0.0, 0.0, 9.0), before=100.0)["level"].tolist()
    [100.0, 110.0, 108.0, 109.0, 109.0, 109.0]
    """
    if isinstance(changes, Effects):
        parts = {effect: getattr(changes, effect) for effect in effects_told(changes)}
        return steps_between(before or 0.0, parts)
    named = changes.set_index(changes.columns[0])["change"]
    total = math.fsum(changes["revenue_before"]) if before is None else before
    return steps_between(total, named)
