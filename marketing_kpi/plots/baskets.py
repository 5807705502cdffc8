"""Figures of baskets and lost sales: what `marketing_kpi.baskets` returns, drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from types import MappingProxyType

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from marketing_kpi.baskets import PRICE_KPIS, LostSales, Pairs, Sets
from marketing_kpi.plots import intervals, style
from marketing_kpi.plots.dimensions import (
    dimension_names,
    dimensions_of,
    row_names,
    shortened,
    with_names,
)
from marketing_kpi.plots.retention import why_nothing
from marketing_kpi.plots.sentences.base import Sentence
from marketing_kpi.plots.sentences.holes import of_goods_back
from marketing_kpi.plots.tables import Table, table
from marketing_kpi.text.locale import Reader
from marketing_kpi.text.messages import N_

MOST_DRAWN = 12
"""Rows that a figure shows; the bundle of a report holds all of them."""

MOST_SHOWN = 20
"""Rows that a table shows."""

LONGEST_NAME = 30
"""Characters of a product's name in a figure."""

VERDICTS: Mapping[str, str] = MappingProxyType(
    {
        "together": N_("Together"),
        "apart": N_("Apart"),
        "cannot_tell": N_("One cannot tell"),
    }
)
"""What the baskets tell of a pair."""

_LOST_TITLES: Mapping[str, str] = MappingProxyType(
    {
        "product_id": N_("Revenue lost to stock-outs, by product"),
        "name": N_("Revenue lost to stock-outs, by product"),
        "category": N_("Revenue lost to stock-outs, by category"),
        "location_id": N_("Revenue lost to stock-outs, by place"),
        "month": N_("Revenue lost to stock-outs, by month"),
    }
)
_PARTS = (
    ("promotion_discounts", N_("Promotions"), style.ACCENT),
    ("other_discounts", N_("Other discounts"), "#f0a35e"),
)
_WHOLE = (("discounts", N_("Discounts"), style.ACCENT),)


def _are_parted(prices: pd.DataFrame) -> bool:
    """Say whether the data tell which discounts are promotions."""
    return bool(prices["promotion_discounts"].notna().any())


# --- Affinity ---------------------------------------------------------------------------------


@style.styled
def pair_lifts(
    found: Pairs, *, lang: str | Reader, lacks: Sequence[str] = (), ax: Axes | None = None
) -> Axes:
    """Draw how many times more often than by chance pairs are bought together.

    Parameters
    ----------
    found
        What `baskets.pairs` returns; the `MOST_DRAWN` pairs that are surest are drawn.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to draw; see `baskets.lacking_for_pairs`.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("Products bought together more often than by chance")
    rows = found.pairs[found.pairs["verdict"] == "together"]
    rows = rows.iloc[:MOST_DRAWN].sort_values("low", ascending=False, kind="stable")
    axis = style.axes(ax, height=1.5 + 0.46 * max(len(rows), 2))
    if rows.empty:
        nothing = _("No pair is bought together more often than by chance.")
        message = why_nothing(nothing, lacks, reader)
        return style.empty(axis, title=title, message=message, is_said=not lacks)
    both = zip(rows["first"], rows["second"], strict=True)
    names = [
        f"{shortened(first, LONGEST_NAME)}\n+ {shortened(second, LONGEST_NAME)}"
        for first, second in both
    ]
    said = intervals.draw(
        axis, names=names, values=rows["adjusted_lift"].tolist(), low=rows["low"].tolist(),
        high=rows["high"].tolist(), unit="ratio", reader=reader, reference=1.0,
    )  # fmt: skip
    axis.set_xlim(left=0)
    axis.set_xlabel(_("Times as often as by chance"))
    return style.finish(
        axis,
        title=title,
        alt=_("Dots of the adjusted lift: {parts}.", parts=_("; ").join(said)),
        caption=_(
            "Bars: 95% interval, the highest low end first. Dashes: 1, no link. Chance: baskets of "
            "the same month, of the same sizes. Only pairs that stand out of all those looked at "
            "({tested}).",
            tested=reader.integer(found.tested),
        ),
    )


def pair_table(found: Pairs, *, lang: str | Reader, lacks: Sequence[str] = ()) -> Table | Sentence:
    """Show pairs with their support, confidence and lift, and what the baskets tell of them.

    Parameters
    ----------
    found
        What `baskets.pairs` returns.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to show.

    Returns
    -------
    Table or Sentence
        A sentence when no pair is in enough baskets.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if lacks or found.pairs.empty:
        nothing = _("No two products are in enough baskets together.")
        return Sentence(why_nothing(nothing, lacks, reader))
    said = [_(VERDICTS[verdict]) for verdict in found.pairs["verdict"]]
    shown = found.pairs.assign(
        interval=intervals.column(found.pairs, "ratio", reader), verdict=said
    )
    names = {
        "first": _("Who buys"),
        "second": _("also takes"),
        "together": _("Baskets with both"),
        "support": _("Support"),
        "confidence": _("Confidence"),
        "lift": _("Lift"),
        "adjusted_lift": _("Lift, comparable baskets"),
        "interval": _("95% interval"),
        "verdict": _("Verdict"),
        "low": _("Low"),
        "high": _("High"),
        "expected": _("Expected by chance"),
        "q_value": _("Corrected p-value"),
    }
    hidden = ["low", "high", "expected", "q_value"]
    notes = [
        _(
            "The verdict is corrected for all the pairs looked at ({tested}); the intervals are "
            "not.",
            tested=reader.integer(found.tested),
        )
    ]
    if len(found.pairs) < found.tested:
        listed = reader.integer(len(found.pairs))
        notes.append(_("Listed: the {listed} least likely by chance.", listed=listed))
    return table(
        shown,
        lang=reader,
        id="basket_pairs",
        caption=_("Pairs of products, the surest first"),
        columns=list(names),
        names=names,
        hidden=hidden,
        shown=min(MOST_SHOWN, max(int((found.pairs["verdict"] != "cannot_tell").sum()), 5)),
        units={
            **dict.fromkeys(("first", "second", "verdict"), "text"),
            "together": "count",
            **dict.fromkeys(("support", "confidence"), "fraction"),
            **dict.fromkeys(("lift", "adjusted_lift", "low", "high"), "ratio"),
            "interval": "interval",
            **dict.fromkeys(("expected", "q_value"), "number"),
        },
        kpis={
            "support": "basket_support",
            "confidence": "basket_confidence",
            "lift": "basket_lift",
        },
        notes=notes,
    )


def set_table(found: Sets, *, lang: str | Reader, lacks: Sequence[str] = ()) -> Table | Sentence:
    """Show sets of three products or more, each against its strongest part.

    Parameters
    ----------
    found
        What `baskets.sets` returns.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to show.

    Returns
    -------
    Table or Sentence
        A sentence when no set is in enough baskets.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if lacks or found.sets.empty:
        nothing = _("No three products are in enough baskets together.")
        return Sentence(why_nothing(nothing, lacks, reader))
    shown = found.sets.assign(
        products=[" + ".join(names) for names in found.sets["products"]],
        interval=intervals.column(found.sets, "ratio", reader),
        verdict=[_(VERDICTS[verdict]) for verdict in found.sets["verdict"]],
    )
    names = {
        "products": _("Products"),
        "together": _("Baskets with all"),
        "lift": _("Lift"),
        "lift_beyond": _("Beyond its strongest part"),
        "interval": _("95% interval"),
        "verdict": _("Verdict"),
        "low": _("Low"),
        "high": _("High"),
    }
    return table(
        shown,
        lang=reader,
        id="basket_sets",
        caption=_("Sets of three products or more, the surest first"),
        columns=list(names),
        names=names,
        hidden=["low", "high"],
        shown=5,
        units={
            **dict.fromkeys(("products", "verdict"), "text"),
            "together": "count",
            **dict.fromkeys(("lift", "lift_beyond", "low", "high"), "ratio"),
            "interval": "interval",
        },
    )


def cross_sell_table(rates: pd.DataFrame, *, lang: str | Reader) -> Table | Sentence:
    """Show the share of orders that hold two categories or more, by a dimension.

    Parameters
    ----------
    rates
        What `baskets.cross_sell` returns.
    lang
        The reader, or a language.

    Returns
    -------
    Table or Sentence
        A sentence without an order.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if rates.empty:
        return Sentence(_("No order whose categories are known."))
    keys = dimensions_of(rates, until="orders")
    names = {
        **dimension_names(keys, lang=reader),
        "orders": _("Orders"),
        "cross_sell_rate": _("Cross-sell rate"),
        "interval": _("95% interval"),
        "low": _("Low"),
        "high": _("High"),
    }
    return table(
        with_names(rates, keys, lang=reader).assign(
            interval=intervals.column(rates, "fraction", reader)
        ),
        lang=reader,
        id="_".join(["cross_sell", *(["by", *keys] if keys else [])]),
        caption=_("Orders of several categories"),
        columns=list(names),
        names=names,
        hidden=["low", "high"],
        units={
            **dict.fromkeys(keys, "text"),
            "orders": "count",
            **dict.fromkeys(("cross_sell_rate", "low", "high"), "fraction"),
            "interval": "interval",
        },
        kpis={"cross_sell_rate": "cross_sell_rate"},
    )


# --- Prices -----------------------------------------------------------------------------------


@style.styled
def list_price_parts(
    prices: pd.DataFrame, *, lang: str | Reader, lacks: Sequence[str] = (), ax: Axes | None = None
) -> Axes:
    """Draw which part of the list price promotions and other discounts take; the rest is paid.

    Parameters
    ----------
    prices
        What `baskets.prices_by` returns with one dimension; `MOST_DRAWN` rows are drawn.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to draw; see `baskets.lacking_for_prices`.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("What discounts take of the list price")
    rows = prices[prices["gross_sales"] > 0] if len(prices) else prices
    rows = rows.iloc[:MOST_DRAWN]
    axis = style.axes(ax, height=1.6 + 0.36 * max(len(rows), 2))
    if rows.empty:
        nothing = _("No sale with a list price to show.")
        return style.empty(axis, title=title, message=why_nothing(nothing, lacks, reader))
    rows = rows.sort_values("price_realisation", kind="stable")
    key = str(rows.columns[0])
    places, left = np.arange(len(rows)), np.zeros(len(rows))
    parted = _are_parted(rows)
    for column, label, colour in _PARTS if parted else _WHOLE:
        share = (rows[column] / rows["gross_sales"]).to_numpy("float64")
        axis.barh(places, share, left=left, height=0.62, color=colour, label=_(label))
        left = left + share
    for place, end, rate in zip(places, left, rows["price_realisation"], strict=True):
        axis.annotate(
            _("paid: {rate}", rate=reader.percent(rate)), (max(end, 0.0), place), xytext=(5, 0),
            textcoords="offset points", va="center", fontsize=8.5,
        )  # fmt: skip
    names = [shortened(name, LONGEST_NAME) for name in row_names(rows, [key], lang=reader)]
    axis.set_yticks(places, names, fontsize=9)
    axis.invert_yaxis()
    # Room for the text; a surcharge, sold above the list, is a bar to the left of 0.
    low, high = float(left.min()), float(left.max())
    axis.set_xlim(min(0.0, 1.1 * low), 1.45 * max(high, 0.01, -0.15 * low))
    style.value_axis(axis.xaxis, unit="fraction", reader=reader)
    axis.grid(axis="x")
    is_above = bool((left < 0).any())
    under = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.5 / max(len(rows), 2)), "ncols": 2}
    axis.legend(fontsize=9, **(under if is_above else {"loc": "lower right"}))
    shown = zip(names, left, rows["price_realisation"], strict=True)
    parts = [
        _(
            "{name} {taken} (paid: {paid})",
            name=name,
            taken=reader.percent(taken),
            paid=reader.percent(paid),
        )
        for name, taken, paid in shown
    ]
    caption = [
        _(
            "Promotions, other discounts and what is paid add up to the list price. Returns are "
            "not deducted."
        )
        if parted
        else _("Discounts and what is paid add up to the list price. Returns are not deducted.")
    ]
    below = rows[left < 0]
    if (below["discounts"] < below["credit_discounts"]).any():
        caption.append(_("Left of 0: sold above the list price."))
    if (below["discounts"] >= below["credit_discounts"]).any():
        caption.append(
            _("Left of 0: goods given back by credits, that had been sold at a discount.")
        )
    return style.finish(
        axis,
        title=title,
        alt=_("Stacked bars of what discounts take: {parts}.", parts=_("; ").join(parts)),
        caption=" ".join(caption),
    )


def list_price_table(
    prices: pd.DataFrame, *, lang: str | Reader, lacks: Sequence[str] = ()
) -> Table | Sentence:
    """Show gross sales, what promotions and other discounts took, net sales and the rates.

    Parameters
    ----------
    prices
        What `baskets.prices_by` returns with dimensions.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to show.

    Returns
    -------
    Table or Sentence
        A sentence when nothing was sold.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if lacks or prices.empty or prices["gross_sales"].isna().all():
        nothing = _("No sale with a list price to show.")
        return Sentence(why_nothing(nothing, lacks, reader))
    parted = _are_parted(prices)
    keys = dimensions_of(prices, until="gross_sales")
    names = {
        **dimension_names(keys, lang=reader),
        "gross_sales": _("At list price"),
        **{column: _(label) for column, label, _colour in (_PARTS if parted else _WHOLE)},
        "net_sales": _("Net sales"),
        "discount_rate": _("Discount rate"),
        "price_realisation": _("Price realisation"),
        **({"promotion_share": _("Sales on promotion")} if parted else {}),
    }
    amounts = ("gross_sales", "discounts", "promotion_discounts", "other_discounts", "net_sales")
    money = [name for name in amounts if name in names]
    rates = [name for name in PRICE_KPIS if name in names]
    return table(
        with_names(prices, keys, lang=reader),
        lang=reader,
        id="_".join(["prices", *(["by", *keys] if keys else [])]),
        caption=_("From the list price to net sales"),
        columns=list(names),
        names=names,
        shown=MOST_SHOWN,
        whole=money,
        units={
            **dict.fromkeys(keys, "text"),
            **dict.fromkeys(money, "currency"),
            **dict.fromkeys(rates, "fraction"),
        },
        kpis={name: name for name in ("gross_sales", "net_sales", *rates)},
        notes=of_goods_back(prices["credit_discounts"].sum(), reader),
    )


# --- Lost sales -------------------------------------------------------------------------------


@style.styled
def lost_revenue(
    losses: pd.DataFrame, *, lang: str | Reader, lacks: Sequence[str] = (), ax: Axes | None = None
) -> Axes:
    """Draw the revenue that stock-outs lost, by product, category, place or month.

    Parameters
    ----------
    losses
        What `baskets.lost_by` returns with one dimension; the `MOST_DRAWN` largest are drawn,
        months in their order.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to draw; see `baskets.lacking_for_lost_sales`.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    key = str(losses.columns[0]) if len(losses.columns) else "product_id"
    title = _(_LOST_TITLES[key])
    known = losses.dropna(subset=["lost_revenue"]) if len(losses) else losses
    known = known.sort_values("month") if key == "month" and len(known) else known
    rows = known.iloc[-MOST_DRAWN:] if key == "month" else known.iloc[:MOST_DRAWN]
    axis = style.axes(ax, height=intervals.height(len(rows)))
    if rows.empty:
        untold = _("No comparable day tells what these stock-outs lost.")
        nothing = untold if len(losses) else _("No stock-out to show.")
        message = why_nothing(nothing, lacks, reader)
        return style.empty(axis, title=title, message=message, is_said=not lacks)
    names = [shortened(name, LONGEST_NAME) for name in row_names(rows, [key], lang=reader)]
    said = intervals.draw(
        axis, names=names, values=rows["lost_revenue"].tolist(), low=rows["revenue_low"].tolist(),
        high=rows["revenue_high"].tolist(), unit="currency", reader=reader,
    )  # fmt: skip
    axis.set_xlim(left=0)
    caption = [_("Bars: 95% interval. At each product's average selling price.")]
    if len(rows) < len(known):
        caption.append(
            _(
                "The {shown} largest of {total}.",
                shown=reader.integer(len(rows)),
                total=reader.integer(len(known)),
            )
        )
    return style.finish(
        axis,
        title=title,
        alt=_("Dots of the revenue lost: {parts}.", parts=_("; ").join(said)),
        caption=" ".join(caption),
    )


def lost_table(
    losses: pd.DataFrame, *, lang: str | Reader, lacks: Sequence[str] = ()
) -> Table | Sentence:
    """Show days out of stock, units and revenue lost, with their intervals.

    Parameters
    ----------
    losses
        What `baskets.lost_by` returns.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to show.

    Returns
    -------
    Table or Sentence
        A sentence without a stock-out.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if lacks or losses.empty:
        return Sentence(why_nothing(_("No stock-out to show."), lacks, reader))
    keys = dimensions_of(losses, until="days")
    absent = _("one cannot tell")
    whole = partial(reader.money, decimals=0)
    shown = with_names(losses, keys, lang=reader).assign(
        units_interval=intervals.column(losses, reader.integer, reader, absent=absent),
        revenue_interval=intervals.column(
            losses, whole, reader, low="revenue_low", high="revenue_high", absent=absent
        ),
    )
    names = {
        **dimension_names(keys, lang=reader),
        "days": _("Days out of stock"),
        "lost_units": _("Units lost"),
        "units_interval": _("95% interval (units)"),
        "lost_revenue": _("Revenue lost"),
        "revenue_interval": _("95% interval (value)"),
        "low": _("Low"),
        "high": _("High"),
        "revenue_low": _("Low (value)"),
        "revenue_high": _("High (value)"),
    }
    ends = ["low", "high", "revenue_low", "revenue_high"]
    return table(
        shown,
        lang=reader,
        id="lost_sales_by_" + "_".join(keys),
        caption=_("What stock-outs lost"),
        columns=list(names),
        names=names,
        hidden=ends,
        shown=MOST_DRAWN,
        whole=["lost_revenue"],
        units={
            **dict.fromkeys(keys, "text"),
            **dict.fromkeys(("days", "lost_units"), "count"),
            **dict.fromkeys(("low", "high"), "number"),
            **dict.fromkeys(("lost_revenue", "revenue_low", "revenue_high"), "currency"),
            **dict.fromkeys(("units_interval", "revenue_interval"), "interval"),
        },
        kpis={"lost_units": "lost_sales_units", "lost_revenue": "lost_sales_revenue"},
    )


def online_places(found: LostSales, *, lang: str | Reader) -> Table | Sentence:
    """Show which place sends each region the orders that name no store, as the stock tells.

    Parameters
    ----------
    found
        What `baskets.lost_sales` returns.
    lang
        The reader, or a language.

    Returns
    -------
    Table or Sentence
        A sentence where every order names its place.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if found.places.empty or found.recorded is None:
        return Sentence(_("Every order names the store that it left from."))
    keys = ["region", "location_id"]
    names = {
        **dimension_names(keys, lang=reader),
        "units": _("Units sold without a store"),
        "matched": _("Left this stock on the same day"),
    }
    return table(
        with_names(found.places, keys, lang=reader),
        lang=reader,
        id="online_places",
        caption=_(
            "Where orders of no store leave from, read in the stock since {day}",
            day=reader.date(found.recorded[0]),
        ),
        columns=list(names),
        names=names,
        shown=MOST_DRAWN,
        units={
            **dict.fromkeys(("region", "location_id"), "text"),
            "units": "count",
            "matched": "fraction",
        },
    )


# --- Which KPI next ---------------------------------------------------------------------------


@style.styled
def priority_ranges(ranked: pd.DataFrame, *, lang: str | Reader, ax: Axes | None = None) -> Axes:
    """Draw the score of each candidate KPI, and how far one point on each mark would move it.

    Parameters
    ----------
    ranked
        What `baskets.prioritise` returns.
    lang
        The reader, or a language.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("Priority of candidate KPIs")
    rows = ranked.iloc[:MOST_DRAWN]
    axis = style.axes(ax, height=intervals.height(len(rows)))
    if rows.empty:
        return style.empty(axis, title=title, message=_("No candidate to show."))
    names = [style.two_lines(str(name), LONGEST_NAME) for name in rows["kpi"]]
    said = intervals.draw(
        axis, names=names, values=rows["score"].tolist(),
        low=rows["low"].tolist(), high=rows["high"].tolist(), unit="count", reader=reader,
    )  # fmt: skip
    axis.set_xlim(left=0)
    return style.finish(
        axis,
        title=title,
        alt=_("Dots of the score: {parts}.", parts=_("; ").join(said)),
        caption=_("Bars: were each of the three marks one point lower, or one point higher."),
    )


def priority_table(ranked: pd.DataFrame, *, lang: str | Reader) -> Table | Sentence:
    """Show the marks, the score and the ranks of candidate KPIs.

    Parameters
    ----------
    ranked
        What `baskets.prioritise` returns.
    lang
        The reader, or a language.

    Returns
    -------
    Table or Sentence
        A sentence without a candidate.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if ranked.empty:
        return Sentence(_("No candidate to show."))
    names = {
        "kpi": _("KPI"),
        "impact": _("Impact"),
        "confidence": _("Confidence"),
        "ease": _("Ease"),
        "score": _("Score"),
        "rank": _("Rank"),
        "best_rank": _("Best rank"),
        "worst_rank": _("Worst rank"),
    }
    return table(
        ranked,
        lang=reader,
        id="kpi_priorities",
        caption=_("Candidate KPIs, the highest score first"),
        columns=list(names),
        names=names,
        units={"kpi": "text", **dict.fromkeys([*names][1:], "count")},
        kpis={"score": "kpi_priority_score"},
    )
