"""What the stock told, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from marketing_kpi.baskets import LostSales
from marketing_kpi.inventory import (
    FEWEST_DAYS,
    LONGEST_GAP,
    VARIATIONS,
    LostDemand,
    ReorderPoints,
)
from marketing_kpi.plots import intervals
from marketing_kpi.plots.dimensions import value_name
from marketing_kpi.plots.retention import why_no_more, why_nothing
from marketing_kpi.plots.sentences.base import Sentence
from marketing_kpi.text import counted
from marketing_kpi.text.locale import Reader, is_absent

_MOST_NAMED = 6

NEAR = 0.1
"""Of the target, by how much the cover may differ from it without a word."""


def position(
    parts: pd.DataFrame | None, *, lang: str | Reader, lacks: Sequence[str] = ()
) -> Sentence:
    """Say how much is in stock, how much of it can be sold, and what keeps the rest.

    Parameters
    ----------
    parts
        What `inventory.closing_parts` returns.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that nothing can be said.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if parts is None or parts.empty:
        nothing = _("No day of the period has a stock on record that says what can be sold.")
        return Sentence(why_nothing(nothing, lacks, reader))
    units = parts.set_index("part")["units"]
    total, left = float(units.sum()), float(units["sellable"])
    if total <= 0:
        return Sentence(_("Nothing is in stock."))
    said = [
        _(
            "At the close of {day}, {total} units are in stock; {left} ({share}) can be sold.",
            day=reader.date(parts.attrs["day"]),
            total=reader.integer(total),
            left=reader.integer(left),
            share=reader.percent(left / total),
        )
    ]
    if units.get("damaged", 0) > 0:
        said.append(
            _.n(
                "{damaged} is damaged: repair or clear it before you buy.",
                "{damaged} are damaged: repair or clear them before you buy.",
                units["damaged"],
                damaged=reader.integer(units["damaged"]),
            )
        )
    return Sentence(" ".join(said))


def stock_outs(
    levels: pd.DataFrame | None,
    lost: LostDemand | None,
    *,
    lang: str | Reader,
    lacks: Sequence[str] = (),
) -> Sentence:
    """Say how often products are out of stock, and which part of demand that loses.

    Parameters
    ----------
    levels
        What `inventory.levels` returns of the whole period.
    lost
        What `inventory.lost_demand` returns; None where the data cannot tell.
    lang
        The reader, or a language.
    lacks
        What the data lack for the lost demand.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    rate = None if levels is None or levels.empty else levels.iloc[0].get("stockout_rate")
    if is_absent(rate):
        return Sentence(why_nothing(_("No stock is on record."), lacks, reader))
    said = [
        _(
            "Of the days of a product in a place, {rate} end with nothing to sell.",
            rate=reader.percent(rate),
        )
    ]
    if lost is not None and not lost.lost.days_out:
        return Sentence(" ".join([*said, *days_without_record(lost.lost, reader)]))
    if lost is None or lost.rate is None:
        unknown = _("What this loses, the data do not tell.")
        said.append(why_no_more(lacks, reader) if lacks else unknown)
    else:
        if lost.low is None:
            said.append(_("No loss shows: on comparable days, these products sold nothing there."))
        else:
            said.append(
                _(
                    "They lose {share} of the demand (95% interval: {interval}), {units}; part of "
                    "it may have been bought as another product.",
                    share=reader.percent(lost.rate),
                    interval=intervals.words(lost.low, lost.high, reader.percent, reader),
                    units=counted.units(lost.lost.units, reader),
                )
            )
        said += _left_out(lost.lost, reader)
    return Sentence(" ".join(said))


def _left_out(lost: LostSales, reader: Reader) -> list[str]:
    """Say of which days the loss is not known, and of how many sales the share then is."""
    _ = reader.translate
    said: list[str] = []
    if lost.days_unknown:
        counts = {"days": reader.integer(lost.days_unknown), "total": reader.integer(lost.days_out)}
        known = lost.cells.groupby("location_id")["lost_units"].count()
        places = sorted(str(place) for place in known.index[known == 0])
        said.append(
            _(
                "Not known, and left out of both figures: {days} of the {total} days out of stock, "
                "with all those of {places}.",
                places=_named(places, reader),
                **counts,
            )
            if places
            else _(
                "Not known, and left out of both figures: {days} of the {total} days out of stock.",
                **counts,
            )
        )
    said += days_without_record(lost, reader)
    if said:
        known_sales = counted.units(lost.sold, reader)
        said.insert(0, _("Demand is counted where it is known: {units} sold.", units=known_sales))
    return said


def days_without_record(lost: LostSales, reader: Reader) -> list[str]:
    """Say that the loss of days without a stock record is not counted; nothing where all have one.

    Parameters
    ----------
    lost
        What `baskets.lost_sales` returns.
    reader
        Who reads.
    """
    total = (lost.end - lost.start).days
    if lost.days_recorded is None or lost.days_recorded >= total:
        return []
    _ = reader.translate
    return [
        _(
            "Days of the period with a stock record: {n} of {total}; what was lost on the others "
            "is not counted.",
            n=reader.integer(lost.days_recorded),
            total=reader.integer(total),
        )
    ]


def cover(
    now: pd.DataFrame | None,
    before: pd.DataFrame | None,
    products: pd.DataFrame | None,
    *,
    lang: str | Reader,
    lacks: Sequence[str] = (),
) -> Sentence:
    """Say how many days of sales the stock makes, and how much money lies above the target.

    Parameters
    ----------
    now, before
        What `inventory.levels` returns of the whole period, and of the one it is compared with
        (None: nothing to compare with).
    products
        What `inventory.cover` returns by product.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that nothing can be said.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    days = _first(now, "days_of_inventory")
    if days is None:
        nothing = _("Nothing tells how many days of sales the stock makes.")
        return Sentence(why_nothing(nothing, lacks, reader))
    earlier = _first(before, "days_of_inventory")
    said = [
        _("The average stock makes {days} of sales.", days=reader.days(days, 1))
        if earlier is None
        else _(
            "The average stock makes {days} of sales, against {earlier} in the comparison period.",
            days=reader.days(days, 1),
            earlier=reader.days(earlier, 1),
        )
    ]
    over, under = _away(products, above=True), _away(products, above=False)
    if len(over):
        said.append(
            _.n(
                "{n} product lies more than {share} above its target, by {money}: order it later, "
                "or less.",
                "{n} products lie more than {share} above their target, by {money} in all: order "
                "them later, or less.",
                len(over),
                n=reader.integer(len(over)),
                share=reader.percent(NEAR, decimals=0),
                money=reader.money(over.sum(), decimals=0),
            )
        )
    if len(under):
        said.append(
            _.n(
                "{n} product lies more than {share} below its target, by {money}: order it first.",
                "{n} products lie more than {share} below their target, by {money} in all: order "
                "them first.",
                len(under),
                n=reader.integer(len(under)),
                share=reader.percent(NEAR, decimals=0),
                money=reader.money(-under.sum(), decimals=0),
            )
        )
    return Sentence(" ".join([*said, *without_cost(products, reader)]))


def without_cost(covers: pd.DataFrame | None, reader: Reader) -> list[str]:
    """Say how much of the stock has no known cost, so that no figure at cost holds it.

    Parameters
    ----------
    covers
        What `inventory.cover` returns.
    reader
        Who reads.

    Returns
    -------
    list of str
        One sentence; none where every cost is known.
    """
    found = None if covers is None else covers.attrs.get("uncosted")
    if found is None or not found.share > 0:
        return []
    _ = reader.translate
    return [
        _(
            "The unit cost of {n} of the {total} products in stock is not known, on some days or "
            "on all ({share} of the units): that stock is in no amount given here. Where its sales "
            "do have a cost, days of inventory are too few, turnover and GMROI too high.",
            n=reader.integer(found.products),
            total=reader.integer(found.of),
            share=reader.percent(found.share),
        )
    ]


def _away(products: pd.DataFrame | None, *, above: bool) -> pd.Series[float]:
    """Return the money of the products that lie further from their target than `NEAR`."""
    if products is None:
        return pd.Series(dtype=float)
    near = NEAR * products["target_days"].fillna(0)  # what did not sell is away by all of it
    gap = products["coverage_gap_days"]
    value = products["gap_value"]
    is_near = (gap.abs() <= near).fillna(False)
    return value[~is_near & ((value > 0) if above else (value < 0))]


def returns(
    groups: pd.DataFrame | None,
    whole: pd.DataFrame | None = None,
    *,
    lang: str | Reader,
    lacks: Sequence[str] = (),
) -> Sentence:
    """Say which group turns its stock fastest, which earns the most on it, and what was sold of it.

    Parameters
    ----------
    groups
        What `inventory.cover` returns by category, brand or kind of place.
    whole
        What `inventory.levels` returns of the whole period, for the sell-through; None without.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that nothing can be said.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    names = [] if groups is None else [n for n in ("inventory_turnover", "gmroi") if n in groups]
    known = pd.DataFrame() if groups is None else groups.dropna(subset=names)
    if known.empty or not names:
        return Sentence(why_nothing(_("No turnover can be told."), lacks, reader))
    key = str(known.columns[0])

    def named(row: pd.Series) -> str:
        return value_name(row[key], key, lang=reader)

    fast = known.iloc[int(known["inventory_turnover"].argmax())]
    slow = known.iloc[int(known["inventory_turnover"].argmin())]
    if len(known) == 1:
        said = [
            _(
                "{name} turns its stock {times} times a year.",
                name=named(fast),
                times=reader.number(fast["inventory_turnover"]),
            )
        ]
    else:
        said = [
            _(
                "Turns fastest: {fast}, {most} times a year; slowest: {slow}, {least} times.",
                fast=named(fast),
                most=reader.number(fast["inventory_turnover"]),
                slow=named(slow),
                least=reader.number(slow["inventory_turnover"]),
            )
        ]
    if "gmroi" in names and len(known) > 1:
        best = known.iloc[int(known["gmroi"].argmax())]
        said.append(
            _(
                "Earns the most on its stock: {name}, {money} of gross profit a year for each "
                "{unit} in stock.",
                name=named(best),
                money=reader.money(best["gmroi"]),
                unit=reader.money(1, decimals=0),
            )
        )
    if whole is not None:
        said += sell_through(_first(whole, "sell_through_rate"), reader)
    return Sentence(" ".join(said))


def sell_through(rate: float | None, reader: Reader) -> list[str]:
    """Say which part of the opening stock and of receipts was sold, or why it is not known.

    Parameters
    ----------
    rate
        Sell-through of the whole; None where it is not known.
    reader
        Who reads.
    """
    _ = reader.translate
    if rate is None:
        return [
            _(
                "Sell-through is not known: it takes what was received, and the stock at the close "
                "of every day and of the day before the first."
            )
        ]
    said = [
        _(
            "Of the opening stock and all that was received, {rate} was sold (sell-through).",
            rate=reader.percent(rate),
        )
    ]
    return [*said, *over_the_whole(rate, reader)]


def over_the_whole(rate: float, reader: Reader) -> list[str]:
    """Say what a sell-through over 1 means; nothing of another."""
    _ = reader.translate
    if not rate > 1:
        return []
    return [
        _(
            "A sell-through over {whole}: more was sold than was there at the opening and "
            "received. The record lacks receipts, or the days between.",
            whole=reader.percent(1, decimals=0),
        )
    ]


def classes(
    table: pd.DataFrame | None, *, lang: str | Reader, lacks: Sequence[str] = ()
) -> Sentence:
    """Say how few products bring most of the sales, and how many are uneven by chance alone.

    Parameters
    ----------
    table
        What `inventory.classify` returns.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that nothing can be said.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if table is None or table.empty:
        return Sentence(why_nothing(_("No product was sold in the period."), lacks, reader))
    first = table[table["abc"] == "A"]
    said = [
        _.n(
            "Class A is the one product sold, and {share} of the sales.",
            "Class A is {n} of the {total} products sold, and {share} of the sales.",
            len(table),
            n=reader.integer(len(first)),
            total=reader.integer(len(table)),
            share=reader.percent(first["share"].sum()),
        )
    ]
    known = table.dropna(subset=["variation"])
    chance = known[(known["xyz"] != "X") & (known["chance"] > VARIATIONS[0])]
    if len(known) and len(chance):
        said.append(
            _(
                "Mind the letters X to Z: for {n} of {total}, so few units a week would be uneven "
                "by chance alone.",
                n=reader.integer(len(chance)),
                total=reader.integer(len(known)),
            )
        )
    return Sentence(" ".join(said))


def service(
    found: ReorderPoints | None,
    paces: pd.DataFrame | None,
    *,
    lang: str | Reader,
    lacks: Sequence[str] = (),
) -> Sentence:
    """Say whether the formula's reorder points keep their promise, and warn where they do not.

    Parameters
    ----------
    found, paces
        What `inventory.reorder_points` and `inventory.service_by_pace` return.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that nothing can be said.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if found is None or paces is None or paces.empty:
        return Sentence(why_nothing(no_reorder_point(found, reader), lacks, reader))
    whole = paces.iloc[-1]
    level = reader.percent(found.level)
    verdicts = {
        "kept": _("On average the promise is kept."),
        "not_kept": _("On average the promise is not kept: take the points that keep the level."),
        "cannot_tell": _("On average one cannot tell whether the promise is kept."),
    }
    said = [
        _(
            "Reorder points set for {level} of cycles without a stock-out buy {bought} (95% "
            "interval: {interval}).",
            level=level,
            bought=reader.percent(whole["service_level"]),
            interval=intervals.words(whole["low"], whole["high"], "fraction", reader),
        ),
        verdicts[whole["verdict"]],
    ]
    counts = found.points["verdict"].value_counts()
    total = reader.integer(len(found.points))
    if broken := int(counts.get("not_kept", 0)):
        said.append(
            _.n(
                "For {n} of the {total} products in places it surely is not: raise that point.",
                "For {n} of the {total} products in places it surely is not: raise those points.",
                broken,
                n=reader.integer(broken),
                total=total,
            )
        )
    if open_ := int(counts.get("cannot_tell", 0)):
        said.append(
            _(
                "Taken one by one, the record is too short to tell for {n} of {total}.",
                n=reader.integer(open_),
                total=total,
            )
        )
    total_days = (found.end - found.start).days
    if found.days_recorded is not None and found.days_recorded < total_days:
        said.append(
            _(
                "Days of the period with a stock record: {n} of {total}. Up to {gap} days in a row "
                "without one count too, where the product was in stock before and after.",
                n=reader.integer(found.days_recorded),
                total=reader.integer(total_days),
                gap=reader.integer(LONGEST_GAP),
            )
        )
    return Sentence(" ".join([*said, *_not_set(found, reader)]))


def no_reorder_point(found: ReorderPoints | None, reader: Reader) -> str:
    """Say why no reorder point is set.

    Parameters
    ----------
    found
        What `inventory.reorder_points` returns, without a point.
    reader
        Who reads.
    """
    _ = reader.translate
    if found is None:
        return _("No reorder point can be set.")
    if found.lead_times.empty:
        return _(
            "No reorder point can be set: no order to a supplier was received in the period, and "
            "nothing tells how long one takes."
        )
    least = reader.integer(FEWEST_DAYS)
    if found.days_recorded is not None and found.days_recorded < FEWEST_DAYS:
        return _.n(
            "No reorder point can be set: stock is on record on {n} day of the period, and it "
            "takes {least} to know a day's demand.",
            "No reorder point can be set: stock is on record on {n} days of the period, and it "
            "takes {least} to know a day's demand.",
            found.days_recorded,
            n=reader.integer(found.days_recorded),
            least=least,
        )
    return " ".join(_not_set(found, reader)) or _(
        "No reorder point can be set: no product that sells was in stock on {least} of the days "
        "on record.",
        least=least,
    )


def _not_set(found: ReorderPoints, reader: Reader) -> list[str]:
    """Name the places for which no point is set, and say why."""
    _ = reader.translate
    said = []
    if found.unsold:
        said.append(
            _(
                "No point is set for {places}: the sales that left from there are not all known.",
                places=_named(found.unsold, reader),
            )
        )
    if found.sparse:
        said.append(
            _(
                "No point is set for {places}: stock records lie too far apart to know the demand "
                "of a day.",
                places=_named(found.sparse, reader),
            )
        )
    return said


def _named(places: Sequence[str], reader: Reader) -> str:
    """Name places, the first of them where they are many."""
    names = [value_name(place, "location_id", lang=reader) for place in places[:_MOST_NAMED]]
    return ", ".join([*names, "\u2026"] if len(places) > _MOST_NAMED else names)


def _first(table: pd.DataFrame | None, name: str) -> float | None:
    if table is None or table.empty or name not in table or is_absent(table[name].iloc[0]):
        return None
    return float(table[name].iloc[0])
