"""What is behind the price of a unit: list prices, discounts, products sold, and credits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from marketing_kpi.data.model import Data
from marketing_kpi.errors import ComputeError, MissingDataError
from marketing_kpi.kpis.extent import is_compared, sides_of
from marketing_kpi.kpis.facts import FACTS, missing
from marketing_kpi.kpis.formulas import steady
from marketing_kpi.kpis.periods import Periods
from marketing_kpi.selling.chains import in_cents, shared_out
from marketing_kpi.selling.tree import lacking_sales

_SIDES = ("before", "after")
_TOTALS = ("quantity", "gross_sales", "net_sales")

MOVED = 0.001
"""Change of a product's own price, either way, from which it counts as moved."""


class Prices(NamedTuple):
    """Why the price of a unit sold changed, and how many products tell.

    Attributes
    ----------
    parts
        A row a part: part (``"list_price"``, ``"discount"``, ``"assortment"``), change (the factor
        by which it moved the average selling price, less 1) and effect (what it added to net
        sales, in the data's currency; the effects add up, to the cent, to that of the average
        selling price in `tree.shop_tree`). Without list prices, the first two are one part,
        ``"price_paid"``; where some products have none in one of the periods, the prices paid for
        these are a part of their own, ``"price_unlisted"``. So are ``"credits"``, where either
        period has any. Empty where no known product was sold in both periods.
    products
        How many products were sold in both periods: prices are compared on these.
    share
        Their share of what was bought: net sales of both periods together, credits left out, as
        they are of all shares below.
    raised, lowered
        Share, of the net sales of these products, of those whose own list price (without list
        prices: price paid) rose, or fell, by more than `MOVED`; 0 without any product.
    unknown
        Share of net sales of lines whose product is not known: they are in no price index, and
        their change is in the assortment.
    listed
        Share, of the net sales of the products compared, of lines whose list price is known; null
        where the data tell no list prices, or no product can be compared.
    credited_before, credited
        What credits gave back in each period, over what was bought in it; 0 without any.
    """

    parts: pd.DataFrame
    products: int
    share: float
    raised: float
    lowered: float
    unknown: float
    listed: float | None = None
    credited_before: float = 0.0
    credited: float = 0.0


def price_parts(data: Data, *, periods: Periods) -> Prices:
    """Part the change of the average selling price in prices, discounts, assortment and credits.

    Parameters
    ----------
    data
        What `open_data` returns, with lines of orders and their products.
    periods
        What `periods` returns, with a period to compare with.

    Returns
    -------
    Prices

    Raises
    ------
    ComputeError
        When there is no period to compare with, or nothing was sold in one.
    MissingDataError
        When the data lack products, quantities or prices, or do not cover the period before.

    Notes
    -----
    Of the products sold in both periods, prices are compared product by product: the index is
    Törnqvist's, ``exp(sum(w ln(p1 / p0)))``, w the mean of the product's shares of their sales in
    each period. That of the list prices is the list price part; the index of the prices paid, over
    it, that of discounts. What is left of the average selling price is the assortment: products
    introduced and dropped, the shift between dear and cheap ones, what was given away, and lines of
    unknown product. Nobody paid more for it.

    All of this is of purchases. A credit entered as an order (`kpis.facts.is_credit`) gives money
    back and sells no unit: it lowers the average selling price, and moves no price. The part of
    credits is ``(net sales / purchases after) / (net sales / purchases before)``.

    The list price of a product is that of its lines whose list price is known: the others are
    taken to have it too.

    References
    ----------
    International Monetary Fund et al. (2020). Consumer Price Index Manual: Concepts and Methods,
    chapter 8 (superlative indices).
    """
    items = compared_products(data, periods=periods)
    bought, credits, units = (
        [float(items[f"{name}_{side}"].sum()) for side in _SIDES]
        for name in ("net_sales", "credits", "quantity")
    )
    first, last = (paid + back for paid, back in zip(bought, credits, strict=True))
    if not min(first, last, *bought, *units) > 0:
        raise ComputeError("net sales are not above 0 in one of the periods: no prices to compare")
    left = (last / bought[1]) / (first / bought[0]) if any(credits) else None
    both = items[items["status"] == "both"]
    paid = _moves(both, "net_sales", "quantity")
    listed = _list_moves(both)
    moves = listed.combine_first(paid)
    return Prices(
        _parts(
            both, first=first, last=last, average=(last / units[1]) / (first / units[0]), left=left
        ),
        products=len(both),
        share=_share(both, items),
        raised=_share(both.loc[moves.index[moves > MOVED]], both),
        lowered=_share(both.loc[moves.index[moves < -MOVED]], both),
        unknown=_share(items[items["status"] == "unknown"], items),
        listed=_listed(both),
        credited_before=steady(-credits[0] / bought[0]) + 0.0,
        credited=steady(-credits[1] / bought[1]) + 0.0,
    )


def _parts(
    both: pd.DataFrame, *, first: float, last: float, average: float, left: float | None
) -> pd.DataFrame:
    """Part the change of the average selling price; nothing without products to compare.

    `left` is the factor by which what credits leave of purchases changed; None without any.
    """
    names = ["part", "change", "effect"]
    if both.empty:
        return pd.DataFrame(columns=names)
    paid, listed = _moves(both, "net_sales", "quantity"), _list_moves(both)
    index = _index(both, paid)
    parts = {"price_paid": index}
    if len(listed):
        told = _index(both, paid.loc[listed.index])
        parts = {"list_price": _index(both, listed), "discount": told / _index(both, listed)}
        if len(listed) < len(both):
            parts["price_unlisted"] = index / told
    parts["assortment"] = average / index / (left or 1.0)
    if left is not None:
        parts["credits"] = left
    quantity = (last / first) / average
    effects = shared_out({"units": quantity, **parts}, first=first, last=last)
    rows = [(name, steady(ratio - 1), effects[name]) for name, ratio in parts.items()]
    return pd.DataFrame(rows, columns=names)


def _share(some: pd.DataFrame, of: pd.DataFrame) -> float:
    """Return the share of what was bought, in both periods together, of some products in others."""
    part, whole = (
        float(rows[[f"net_sales_{side}" for side in _SIDES]].sum().sum()) for rows in (some, of)
    )
    return steady(part / whole) if whole > 0 else 0.0


def _listed(both: pd.DataFrame) -> float | None:
    """Return the share of net sales, of both periods together, of lines of known list price."""
    if both.empty or "gross_sales_before" not in both:
        return None
    known, all_of_them = (
        float(both[[f"{name}_{side}" for side in _SIDES]].sum().sum())
        for name in ("listed_sales", "net_sales")
    )
    return steady(known / all_of_them)


def compared_products(
    data: Data, *, periods: Periods, by: Sequence[str] = ("product_id",)
) -> pd.DataFrame:
    """Set the units and sales of each product in two periods side by side.

    Parameters
    ----------
    data, periods
        As in `price_parts`.
    by
        ``product_id``, and other dimensions to keep beside it.

    Returns
    -------
    pandas.DataFrame
        A row a product: the dimensions; of purchases, quantity, gross_sales (where known),
        net_sales and, of the lines whose list price is known, listed_units and listed_sales (their
        net sales); credits, the net sales of orders that are credits (0 or below); each
        ``_before`` and ``_after``; status: ``"both"`` where units and sales are above 0 in both
        periods, ``"new"`` or ``"gone"`` where in one only, ``"unknown"`` where the product is:
        its lines are of any number of products, and have no price of their own; ``"unpriced"``
        where it has none in either period: given away, or a credit alone.
    """
    if periods.previous_start is None:
        raise ComputeError("there is no period to compare with", hint="compare='previous_year'")
    if lacks := lacking_prices(data, by=by):
        raise MissingDataError(f"prices need {', '.join(lacks)}, which these data lack")
    if not is_compared(data, periods):
        raise MissingDataError("the data do not reach back to the period compared with")
    fact = FACTS["sales"]
    known = [name for name in _TOTALS if name != "gross_sales" or not lacks_list_prices(data)]
    rows = fact.build(data, {"ordered_at", "bought", *by, *known})
    rows = rows.filter(rows.net_sales.notnull())
    sides = sides_of(rows.ordered_at, periods)
    totals = {name: rows.bought.ifelse(rows[name], None) for name in known}
    if "gross_sales" in known:
        is_listed = rows.gross_sales.notnull()
        totals["listed_units"] = is_listed.ifelse(totals["quantity"], None)
        totals["listed_sales"] = is_listed.ifelse(totals["net_sales"], None)
    totals["credits"] = (~rows.bought).ifelse(rows.net_sales, None)
    sums = {
        f"{name}_{side}": values.sum(where=there).fill_null(0).cast("float64")
        for name, values in totals.items()
        for side, there in sides.items()
    }
    items: pd.DataFrame = rows.group_by(list(by)).agg(**sums).to_pandas()
    sold = {
        side: (items[f"quantity_{side}"] > 0) & (items[f"net_sales_{side}"] > 0) for side in sides
    }
    items["status"] = np.select(
        [items["product_id"].isna(), sold["before"] & sold["after"], sold["after"], sold["before"]],
        ["unknown", "both", "new", "gone"],
        default="unpriced",
    )
    moved = items[list(sums)].ne(0).any(axis="columns")
    return items[moved].sort_values(list(by), na_position="last", ignore_index=True)


def lacking_prices(data: Data, *, by: Sequence[str] = ("product_id",)) -> list[str]:
    """Return what the data lack to compare the prices of products, as ``table.column``."""
    lacks = lacking_sales(data, by=by)
    return list(dict.fromkeys([*lacks, *missing(FACTS["sales"], ["quantity"], data)]))


def lacks_list_prices(data: Data) -> bool:
    """Say whether the data do not tell list prices: discounts are then not known."""
    return bool(missing(FACTS["sales"], ["gross_sales"], data))


def assortment(data: Data, *, periods: Periods, by: str = "category") -> pd.DataFrame:
    """Say what products introduced, dropped and kept brought, by category.

    Parameters
    ----------
    data, periods
        As in `price_parts`.
    by
        The dimension of products to part them by.

    Returns
    -------
    pandas.DataFrame
        A row a value of `by`, the largest changes first, of either sign: `by` (null: unknown);
        products_before, products_after (sold in each period), products_new, products_gone;
        before, after and change of net sales; new (sales of what was not sold before), gone (less
        those of what is no longer sold), unknown (the change of lines whose product is not known),
        credits (the change of credits, of any product) and kept (of products sold in both periods,
        and of what has no price), which add up to the change to the cent; kept_rate (the change of
        products sold in both over their sales before). All but credits is of purchases.
    """
    items = compared_products(data, periods=periods, by=(by, "product_id"))
    money = [f"{name}_{side}" for name in ("net_sales", "credits") for side in _SIDES]
    brought = items[money].ne(0).any(axis="columns")
    rows = []
    for value, of_value in items[brought].groupby(by, dropna=False, sort=True):
        status = of_value["status"]
        sold = of_value["net_sales_before"], of_value["net_sales_after"]
        back = [float(of_value[f"credits_{side}"].sum()) for side in _SIDES]
        before, after = (
            in_cents(float(one.sum()) + given) for one, given in zip(sold, back, strict=True)
        )
        credits = in_cents(back[1] - back[0])
        new, gone, unknown = (
            in_cents(float((sold[1] - sold[0])[status == one].sum()))
            for one in ("new", "gone", "unknown")
        )
        base, base_after = (float(one[status == "both"].sum()) for one in sold)
        kept = after - before - new - gone - unknown - credits
        rows.append(
            {
                by: None if pd.isna(value) else value,
                "products_before": int(status.isin(["both", "gone"]).sum()),
                "products_after": int(status.isin(["both", "new"]).sum()),
                "products_new": int((status == "new").sum()),
                "products_gone": int((status == "gone").sum()),
                "before": float(before),
                "after": float(after),
                "change": float(after - before),
                "new": float(new),
                "gone": float(gone),
                "unknown": float(unknown),
                "credits": float(credits),
                "kept": float(kept),
                "kept_rate": steady(base_after / base - 1) if base > 0 else math.nan,
            }
        )
    names = list(rows[0]) if rows else [by, "change"]
    found = pd.DataFrame(rows, columns=names)
    ranked = found.assign(_size=-found["change"].abs())
    ranked = ranked.sort_values(["_size", by], kind="stable", na_position="last")
    return ranked.drop(columns="_size").reset_index(drop=True)


def _moves(both: pd.DataFrame, value: str, units: str) -> pd.Series[float]:
    """Return by how much the price of each product moved, less 1, where it has one on each side."""
    told = both[(both[f"{value}_before"] > 0) & (both[f"{value}_after"] > 0)]
    price = {side: told[f"{value}_{side}"] / told[f"{units}_{side}"] for side in _SIDES}
    return price["after"] / price["before"] - 1


def _list_moves(both: pd.DataFrame) -> pd.Series[float]:
    """Return by how much the list price of each product that has one on each side moved, less 1."""
    if "gross_sales_before" not in both:
        return pd.Series(dtype="float64", index=both.index[:0])
    return _moves(both, "gross_sales", "listed_units")


def _index(both: pd.DataFrame, moves: pd.Series[float]) -> float:
    """Return Törnqvist's index of moves of prices, the weights being those of all products."""
    shares = [both[f"net_sales_{side}"] / both[f"net_sales_{side}"].sum() for side in _SIDES]
    weights = ((shares[0] + shares[1]) / 2).loc[moves.index]
    return math.exp(float((weights * np.log1p(moves)).sum()))
