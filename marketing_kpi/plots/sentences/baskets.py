"""What baskets, prices and stock-outs told, in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import pandas as pd

from marketing_kpi.accounts.whole_orders import PaidLess
from marketing_kpi.baskets import LostSales, Pairs, Sets
from marketing_kpi.kpis.extent import Gap
from marketing_kpi.plots import intervals
from marketing_kpi.plots.retention import why_nothing
from marketing_kpi.plots.sentences.base import Sentence
from marketing_kpi.plots.sentences.holes import (
    above_list,
    missing_days,
    of_goods_back,
    off_whole_orders,
)
from marketing_kpi.plots.sentences.inventory import days_without_record
from marketing_kpi.text import counted
from marketing_kpi.text.locale import Reader


def together(found: Pairs, *, lang: str | Reader, lacks: Sequence[str] = ()) -> Sentence:
    """Say which pairs are bought together beyond chance, and what to do with the surest.

    Parameters
    ----------
    found
        What `baskets.pairs` returns.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that nothing can be said; see `baskets.lacking_for_pairs`.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if lacks or not found.tested or found.first_day is None or found.last_day is None:
        nothing = _("Too few baskets to look for products bought together.")
        return Sentence(why_nothing(nothing, lacks, reader))
    looked = _.n(
        "Of the {tested} pair of {products} products looked at in {baskets} baskets, from "
        "{period},",
        "Of the {tested} pairs of {products} products looked at in {baskets} baskets, from "
        "{period},",
        found.tested,
        tested=reader.integer(found.tested),
        products=reader.integer(found.products),
        baskets=reader.integer(found.baskets),
        period=reader.date_range(found.first_day, found.last_day + pd.Timedelta(days=1)),
    )
    named = found.pairs[found.pairs["verdict"] == "together"]
    apart = int((found.pairs["verdict"] == "apart").sum())
    if named.empty:
        none = _("none is bought together more often than chance would have it.")
        return Sentence(f"{looked} {none}")
    count = _.n(
        "{n} is bought together more often than chance would have it.",
        "{n} are bought together more often than chance would have it.",
        len(named),
        n=reader.integer(len(named)),
    )
    parts = [f"{looked} {count}", _surest(named.iloc[0], reader)]
    if apart:
        parts.append(
            _.n(
                "{n} pair is bought together less often than by chance.",
                "{n} pairs are bought together less often than by chance.",
                apart,
                n=reader.integer(apart),
            )
        )
    return Sentence(" ".join(parts))


def _surest(pair: pd.Series[Any], reader: Reader) -> str:
    """Say which pair is the surest, and what to do with it: nothing where all take both."""
    _ = reader.translate
    told = {
        "first": pair["first"],
        "second": pair["second"],
        "lift": reader.number(pair["adjusted_lift"]),
        "interval": intervals.words(pair["low"], pair["high"], reader.number, reader),
    }
    if not pair["confidence"] < 1:
        return _(
            "The surest: {first} and {second}, {lift} times as often as in comparable baskets (95% "
            "interval: {interval}). All who take the first take the second, as with a deposit or a "
            "part of it: there is nobody left to offer it to.",
            **told,
        )
    return _(
        "The surest: {first} and {second}, {lift} times as often as in comparable baskets (95% "
        "interval: {interval}). {share} of those who take the first take the second: offer it to "
        "the others, and test what it adds.",
        **told,
        share=reader.percent(pair["confidence"]),
    )


def sets(found: Sets, *, beside: Pairs, lang: str | Reader, lacks: Sequence[str] = ()) -> Sentence:
    """Say whether sets of three products tell more than their pairs.

    Parameters
    ----------
    found
        What `baskets.sets` returns.
    beside
        What `baskets.pairs` returns of the same baskets.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that nothing can be said.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if lacks or not found.tested:
        nothing = _("Too few baskets to look for sets of three products.")
        return Sentence(why_nothing(nothing, lacks, reader))
    named = found.sets[found.sets["verdict"] == "together"]
    looked = _(
        "Sets of three products or more looked at: {tested}.", tested=reader.integer(found.tested)
    )
    if named.empty:
        none = _("None tells more than its pairs.")
        advice = _("Build bundles on pairs.")
        has_pairs = (beside.pairs["verdict"] == "together").any()
        return Sentence(" ".join([looked, none, *([advice] if has_pairs else [])]))
    first = named.iloc[0]
    said = _(
        "Meet more often than their pairs explain: {n}. The surest: {products}, {lift} times as "
        "often (95% interval: {interval}).",
        n=reader.integer(len(named)),
        products=" + ".join(first["products"]),
        lift=reader.number(first["lift_beyond"]),
        interval=intervals.words(first["low"], first["high"], reader.number, reader),
    )
    return Sentence(f"{looked} {said}")


def prices(
    now: pd.DataFrame,
    before: pd.DataFrame | None = None,
    *,
    less: PaidLess | None = None,
    gap: Gap | None = None,
    lang: str | Reader,
    lacks: Sequence[str] = (),
) -> Sentence:
    """Say which part of the list price is paid, what takes the rest, and what has changed.

    Parameters
    ----------
    now, before
        What `baskets.prices_by` returns without dimensions, of the period and of the one it is
        compared with (None: nothing to compare with).
    less
        What `finance.paid_less` returns of the period: discounts on whole orders, which the prices
        of lines do not tell.
    gap
        What `revenue.longest_gap` returns: days that the data may lack.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that nothing can be said; see `baskets.lacking_for_prices`.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if lacks or now.empty or pd.isna(now["price_realisation"].iloc[0]):
        nothing = _("No sale with a list price to show.")
        return Sentence(why_nothing(nothing, lacks, reader))
    row = now.iloc[0]
    said = _paid(row, reader) if less is None else _paid_by_line(row, reader)
    said += off_whole_orders(less, reader)
    if not pd.isna(row["promotion_share"]):
        share = reader.percent(row["promotion_share"])
        said.append(_("Sales on promotion make {share} of net sales.", share=share))
    if before is not None and len(before) and not pd.isna(before["price_realisation"].iloc[0]):
        change = row["price_realisation"] - before["price_realisation"].iloc[0]
        said.append(
            _(
                "Over the period that it is compared with, price realisation moved by {change}.",
                change=reader.points(change),
            )
        )
    return Sentence(" ".join([*said, *missing_days(gap, reader)]))


def _paid(row: pd.Series[Any], reader: Reader) -> list[str]:
    """Say which part of the list price is paid, and what takes the rest; or that it is exceeded."""
    _ = reader.translate
    paid = reader.percent(row["price_realisation"])
    if row["discounts"] < 0:
        above = above_list(row["credit_discounts"] - row["discounts"], reader)
        pay = _("Customers pay {paid} of the list price.", paid=paid)
        left = _("Credits counted, {paid} of the list price is left.", paid=paid)
        return [pay if above else left, *above, *of_goods_back(row["credit_discounts"], reader)]
    given = reader.money(row["discounts"], decimals=0)
    parts = row[["promotion_discounts", "other_discounts"]]
    if not (parts >= 0).all():
        said = _(
            "Customers pay {paid} of the list price. Discounts take {share}: {given} in all.",
            paid=paid,
            share=reader.percent(row["discounts"] / row["gross_sales"]),
            given=given,
        )
        return [said]
    said = _(
        "Customers pay {paid} of the list price. Promotions take {promotions}, other discounts "
        "{others}: {given} in all.",
        paid=paid,
        promotions=reader.percent(row["promotion_discounts"] / row["gross_sales"]),
        others=reader.percent(row["other_discounts"] / row["gross_sales"]),
        given=given,
    )
    return [said]


def _paid_by_line(row: pd.Series[Any], reader: Reader) -> list[str]:
    """Say which part of the list price the prices of lines make, where orders were paid less."""
    _ = reader.translate
    paid = reader.percent(row["price_realisation"])
    if row["discounts"] < 0:
        said = _("The prices of lines are {paid} of the list price.", paid=paid)
        above = above_list(row["credit_discounts"] - row["discounts"], reader)
        return [said, *above, *of_goods_back(row["credit_discounts"], reader)]
    said = _(
        "The prices of lines are {paid} of the list price: discounts on lines are {given} in all.",
        paid=paid,
        given=reader.money(row["discounts"], decimals=0),
    )
    return [said]


def lost(found: LostSales | None, *, lang: str | Reader, lacks: Sequence[str] = ()) -> Sentence:
    """Say what stock-outs lost, with the interval, and what part of it is no loss to the shop.

    Parameters
    ----------
    found
        What `baskets.lost_sales` returns; None where the data lack something.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that nothing can be said; see `baskets.lacking_for_lost_sales`.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if lacks or found is None or not found.days:
        nothing = _("The period has no record of stock.")
        return Sentence(why_nothing(nothing, lacks, reader))
    share = _(
        "Products were out of stock on {share} of the days on record (a product in a place a day).",
        share=reader.percent(found.days_out / found.days),
    )
    sold_on = _sold_on(found, reader)
    if not found.days_out:
        none = _("No product was out of stock in the period.")
        if sold_on:
            none = _("No stock-out is known to have stopped sales in the period.")
        return Sentence(" ".join([none, *sold_on]))
    away = _(
        "Units sold by stores without stock on record, left out: {units}.",
        units=reader.integer(found.elsewhere),
    )
    left_out = [*sold_on, away] if found.elsewhere else sold_on
    if found.units is None:
        unknown = _("No comparable day tells what these stock-outs lost.")
        return Sentence(" ".join([share, unknown, *left_out]))
    said = [
        _(
            "Stock-outs missed about {units} ({units_interval}), {revenue} of sales "
            "({revenue_interval}).",
            units=counted.units(found.units, reader),
            units_interval=intervals.words(found.low, found.high, reader.integer, reader),
            revenue=reader.money(found.revenue, decimals=0),
            revenue_interval=intervals.words(
                found.revenue_low,
                found.revenue_high,
                partial(reader.money, decimals=0),
                reader,
            ),
        ),
        share,
        _("What was bought as another product instead is no loss to the shop."),
    ]
    if found.days_unknown:
        said.append(
            _(
                "Days out of stock that no comparable day tells of, left out: {days}.",
                days=reader.integer(found.days_unknown),
            )
        )
    return Sentence(" ".join([*said, *left_out, *days_without_record(found, reader)]))


def _sold_on(found: LostSales, reader: Reader) -> list[str]:
    """Say of how many days out of stock nothing is counted, since products sold all the same."""
    _ = reader.translate
    if not found.days_sold_on:
        return []
    return [
        _(
            "Days out of stock by the record on which products went on selling nearly as usual "
            "(on order, or a record that is late), so that nothing is counted as lost: {days}.",
            days=reader.integer(found.days_sold_on),
        )
    ]


def limits(found: LostSales | None, *, lang: str | Reader) -> Sentence | None:
    """Say what the interval of lost sales holds, and what pulls it; None without an estimate.

    Parameters
    ----------
    found
        What `baskets.lost_sales` returns; None where the data lack something.
    lang
        The reader, or a language.
    """
    if found is None or not found.days_out or found.units is None:
        return None
    _ = Reader.of(lang).translate
    said = [
        _(
            "The interval holds the chance of demand and the error of each factor. It does not "
            "hold what no comparable day can know: a product going out of fashion, or coming into "
            "it."
        ),
        _(
            "Two things pull the estimate. Up: a customer who misses a product sometimes buys "
            "another, which swells the sales of the rest; that part is no loss to the shop. Down: "
            "a product runs out on days of high demand, which are not among those in stock."
        ),
        _("Lastly, a stock-out in the middle of the day, mended before the close, does not show."),
    ]
    return Sentence(" ".join(said))


def where(losses: pd.DataFrame, *, lang: str | Reader) -> Sentence:
    """Say how few products make half of the loss: where safety stock should go first.

    Parameters
    ----------
    losses
        What `baskets.lost_by` returns by product.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if losses.empty:
        return Sentence(_("No stock-out to show."))
    known = losses.dropna(subset=["lost_revenue"])
    if known.empty:
        return Sentence(_("No comparable day tells what these stock-outs lost."))
    if not known["lost_revenue"].sum() > 0:
        return Sentence(_("No sale was lost to them, as far as comparable days tell."))
    begin = _("Begin there: order earlier, or keep a few more units.")
    if len(known) == 1:
        return Sentence(" ".join([_("All of the revenue lost comes from one product."), begin]))
    running = known["lost_revenue"].cumsum() / known["lost_revenue"].sum()
    half = int((running < 0.5).sum()) + 1
    comes_from = _.n(
        "Half of the revenue lost comes from {half} product of {all}.",
        "Half of the revenue lost comes from {half} products of {all}.",
        half,
        half=reader.integer(half),
        all=reader.integer(len(known)),
    )
    chance = _("The order of the products is partly chance: look at the intervals.")
    return Sentence(" ".join([comes_from, begin, chance]))


def priorities(ranked: pd.DataFrame, *, lang: str | Reader) -> Sentence:
    """Say which candidate comes first, and which others might as well.

    Parameters
    ----------
    ranked
        What `baskets.prioritise` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if ranked.empty:
        return Sentence(_("No candidate to show."))
    first = ranked.iloc[0]
    rivals = ranked.loc[(ranked["best_rank"] == 1) & (ranked.index > 0), "kpi"]
    said = _(
        "First: {kpi}, with a score of {score}.",
        kpi=first["kpi"],
        score=reader.integer(first["score"]),
    )
    if rivals.empty:
        sure = _("One point more or less on each mark would not change that.")
        return Sentence(f"{said} {sure}")
    unsure = _(
        "One point more or less on each mark could put these first: {rivals}. Do not let the score "
        "decide between them.",
        rivals=", ".join(map(str, rivals)),
    )
    return Sentence(f"{said} {unsure}")
