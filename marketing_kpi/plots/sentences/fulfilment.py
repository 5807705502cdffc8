"""What fulfilment found, in sentences: the answer first, and what to do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pandas as pd

from marketing_kpi.fulfilment import EFFECTS, ORDER_MEASURES, PARTS, SIDES, Balance
from marketing_kpi.plots import intervals
from marketing_kpi.plots.dimensions import value_name
from marketing_kpi.plots.fulfilment import (
    ACTIVITY_NAMES,
    MEASURE_NAMES,
    SUMMARY_NAMES,
    component_name,
)
from marketing_kpi.plots.retention import why_no_more, why_nothing
from marketing_kpi.plots.sentences.base import Sentence
from marketing_kpi.text import counted
from marketing_kpi.text.locale import Reader
from marketing_kpi.text.messages import N_

SURE = 0.05
"""p-value under which a difference is more than chance."""

_ALL = 0.9995  # a share that is shown as less than 100 %
_CENT = 0.005  # what an amount must move by to be shown as moved

_MOST_OF_A_COST = {
    "transport": N_("Transport is {share} of it."),
    "packaging": N_("Packaging is {share} of it."),
    "labour": N_("Labour is {share} of it."),
}

_SIDES = {"speed": N_("speed"), "cost": N_("cost"), "quality": N_("quality")}


def headline(
    found: pd.DataFrame,
    *,
    lang: str | Reader,
    start: str | dt.date,
    end: str | dt.date,
    lacks: Sequence[str] = (),
) -> Sentence:
    """Say whether orders arrive on time, how soon and at what cost, and what moved.

    Parameters
    ----------
    found
        What `fulfilment.summary` or `fulfilment.changes` returns.
    lang
        The reader, or a language.
    start, end
        The period, `end` exclusive.
    lacks
        What the data lack; see `fulfilment.lacks_promises` and its neighbours.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    values = found.set_index("measure")["value"]
    said = []
    rate, full = values["on_time_delivery_rate"], values["on_time_in_full_rate"]
    period = reader.date_range(start, end)
    if not pd.isna(rate):
        said.append(
            _("From {period}, {rate} of the parcels promised came on time", period=period,
              rate=reader.percent(rate))
        )  # fmt: skip
        if not pd.isna(full):
            said[-1] += _(", and {full} on time and in full", full=reader.percent(full))
        said[-1] += "."
    median, far = values["order_cycle_time"], values["order_cycle_time_p90"]
    if not pd.isna(median):
        half = _("Half of the orders are delivered within {hours}", hours=reader.hours(median))
        rest = "" if pd.isna(far) else _(", nine in ten within {hours}", hours=reader.hours(far))
        said.append(f"{half}{rest}.")
    cost = values["fulfilment_cost_per_order"]
    if not pd.isna(cost):
        said.append(_("An order costs {cost} to prepare and deliver.", cost=reader.money(cost)))
    if not said:
        nothing = _("The data tell nothing of fulfilment in the period.")
        return Sentence(why_nothing(nothing, lacks, reader))
    if lacks:
        said.append(why_no_more(lacks, reader))
    return Sentence(" ".join([*said, *_moves(found, reader)]))


def _moves(found: pd.DataFrame, reader: Reader) -> list[str]:
    """Say which KPIs moved by more than chance; nothing without a period to compare with."""
    _ = reader.translate
    if "change_low" not in found or not found["change_low"].notna().any():
        return []
    moved = found[found["is_told"]]
    if moved.empty:
        return [_("Against the comparison period, chance alone may explain every change.")]
    names = [_(SUMMARY_NAMES[name]).lower() for name in moved["measure"]]
    return [_("Moved by more than chance: {names}.", names=_("; ").join(names))]


def agreement(
    agreed: pd.DataFrame,
    whole: pd.DataFrame,
    *,
    target: float | None,
    lang: str | Reader,
    lacks: Sequence[str] = (),
) -> Sentence:
    """Say in how many periods the agreement was missed, and whether bad luck explains it.

    Parameters
    ----------
    agreed
        What `fulfilment.agreement` returns, by week or month.
    whole
        What `fulfilment.kept_promises` returns of all of it.
    target
        The share agreed on; None: none is told, so that nothing is owed.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that nothing can be said.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if target is None and not lacks:
        return Sentence(
            _("No agreement on the share delivered on time is told; the parameter sla_target takes "
              "it.")
        )  # fmt: skip
    if target is None or lacks or agreed.empty:
        nothing = _("No promise of the period had come due in the data.")
        return Sentence(why_nothing(nothing, lacks, reader))
    missed = agreed[~agreed["is_kept"]]
    row = whole.iloc[0]
    said = [
        _(
            "{target} on time was agreed on: periods that missed it, {missed} of {all}, by {short} "
            "in all.",
            target=reader.percent(target, decimals=0),
            missed=reader.integer(len(missed)),
            all=reader.integer(len(agreed)),
            short=counted.parcels(agreed["short"].sum(), reader),
        )
        if len(missed)
        else _(
            "{target} on time was agreed on, and kept in each of the {all} periods.",
            target=reader.percent(target, decimals=0),
            all=reader.integer(len(agreed)),
        )
    ]
    low, high = row["on_time_low"], row["on_time_high"]
    if not pd.isna(low):
        spread = intervals.words(low, high, "fraction", reader)
        if high < target:
            said.append(
                _("Bad luck does not explain it: in the long run {spread} would come on time. "
                  "Without a change, expect it to be missed again.", spread=spread)
            )  # fmt: skip
        elif low > target:
            said.append(
                _("In the long run {spread} would come on time: the agreement is within reach.",
                  spread=spread)
            )  # fmt: skip
        else:
            said.append(
                _("In the long run {spread} would come on time: the data cannot tell whether the "
                  "agreement is within reach.", spread=spread)
            )  # fmt: skip
    return Sentence(" ".join([*said, *_undelivered(row, reader)]))


def _undelivered(row: Any, reader: Reader) -> list[str]:
    _ = reader.translate
    count = int(row["undelivered"])
    if not count:
        return []
    return [
        _.n(
            "{count} parcel was due and has not come: it counts as late.",
            "{count} parcels were due and have not come: they count as late.",
            count,
            count=reader.integer(count),
        )
    ]


def perfect(found: pd.DataFrame, *, lang: str | Reader, lacks: Sequence[str] = ()) -> Sentence:
    """Say how many orders are perfect, and which link loses most.

    Parameters
    ----------
    found
        What `fulfilment.perfect_orders` returns without a dimension.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that nothing can be said.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if lacks or not len(found):
        nothing = _("No order is old enough to tell.")
        return Sentence(why_nothing(nothing, lacks, reader))
    row = found.iloc[0]
    links = [name for name in ORDER_MEASURES if name != "perfect"]
    weakest = min(links, key=lambda name: row[name])
    said = _(
        "Of the {count} orders promised before {day}, old enough for what comes back to have come, "
        "{share} are perfect.",
        count=reader.integer(row["orders"]),
        day=reader.date(row["until"]),
        share=reader.percent(row["perfect"]),
    )
    if row[weakest] == 1:
        return Sentence(said)
    loses = _(
        "The link that loses most of them, {lost}: {link}.",
        link=_(MEASURE_NAMES[weakest]).lower(),
        lost=reader.percent(1 - row[weakest]),
    )
    own = min(links[:3], key=lambda name: row[name])
    advice = (
        _("What comes back is a matter of products more than of parcels; of what the warehouse and "
          "the carrier do, begin with: {link}.", link=_(MEASURE_NAMES[own]).lower())
        if weakest == "not_returned" and row[own] < 1
        else ""
    )  # fmt: skip
    return Sentence(" ".join(part for part in (said, loses, advice) if part))


def components(found: pd.DataFrame, *, lang: str | Reader, lacks: Sequence[str] = ()) -> Sentence:
    """Say which step takes most of the time, and how many parcels are under way.

    Parameters
    ----------
    found
        What `fulfilment.cycle_time_components` returns.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that nothing can be said.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if lacks or found.empty or not found["done"].any():
        nothing = _("Too few parcels have come to tell.")
        return Sentence(why_nothing(nothing, lacks, reader))
    steps, whole = found.iloc[:-1], found.iloc[-1]
    said = []
    if len(steps) > 1 and whole["mean"] > 0:
        first = steps.sort_values("mean", kind="stable").iloc[-1]
        said.append(
            _.n(
                "Of {mean} on average ({count} parcel of which every step is known, of an order "
                "{days} old or more), {step} takes {hours} ({share}): that is where time can be "
                "won.",
                "Of {mean} on average ({count} parcels of which every step is known, of orders "
                "{days} old or more), {step} takes {hours} ({share}): that is where time can be "
                "won.",
                int(whole["averaged"]),
                days=reader.days(found.attrs["ripe_days"]),
                mean=reader.hours(whole["mean"]),
                count=reader.integer(whole["averaged"]),
                step=component_name(first["component"], lang=reader).lower(),
                hours=reader.hours(first["mean"]),
                share=reader.percent(first["mean"] / whole["mean"], decimals=0),
            )
        )
    elif not pd.isna(whole["median"]):
        said.append(
            _("Half of the parcels come within {hours}.", hours=reader.hours(whole["median"]))
        )
    if under_way := int(whole["under_way"]):
        said.append(
            _.n(
                "{count} parcel has not come, as far as the data tell: medians and percentiles "
                "count the time it has waited; the average leaves it out, and looks shorter.",
                "{count} parcels have not come, as far as the data tell: medians and percentiles "
                "count the time they have waited; the average leaves them out, and looks shorter.",
                under_way,
                count=reader.integer(under_way),
            )
        )
    return Sentence(" ".join(said) or _("Too few parcels have come to tell."))


def cost(
    now: pd.DataFrame,
    before: pd.DataFrame | None,
    items: pd.DataFrame,
    *,
    lang: str | Reader,
    lacks: Sequence[str] = (),
) -> Sentence:
    """Say what an order costs, what most of it is, and what an item more adds.

    Parameters
    ----------
    now, before
        What `fulfilment.cost_per_order` returns of two periods; None: nothing to compare with.
    items
        What `fulfilment.cost_by_items` returns; empty where the data lack it.
    lang
        The reader, or a language.
    lacks
        What the data lack for the whole cost; see `fulfilment.lacks_costs`.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if now.empty:
        nothing = _("No parcel of known cost left in the period.")
        return Sentence(why_nothing(nothing, lacks, reader))
    row = now.iloc[0]
    said = [
        _("An order shipped costs {total}.", total=reader.money(row["total"]))
        if not lacks
        else _("Of what is told, an order shipped costs {total}.", total=reader.money(row["total"]))
    ]
    most = row[list(PARTS)].astype("float64").fillna(0.0)
    if 0 < most.max() < row["total"]:
        share = reader.percent(most.max() / row["total"])
        said.append(_(_MOST_OF_A_COST[str(most.idxmax())], share=share))
    if before is not None and len(before):
        then = before.iloc[0]["total"]
        said.append(_("In the comparison period, it was {total}.", total=reader.money(then)))
    single = items[items["items"] == 1] if len(items) else items
    double = items[items["items"] == 2] if len(items) else items
    if len(single) and len(double):
        one, two = single.iloc[0], double.iloc[0]
        if one["high"] < two["low"] and two["cost"] < 2 * one["cost"]:
            said.append(
                _(
                    "An order of two items costs {more} more in transport and packaging than one "
                    "of a single item, {first}: the fuller the order, the cheaper the item.",
                    more=reader.money(two["cost"] - one["cost"]),
                    first=reader.money(one["cost"]),
                )
            )
    if lacks:
        said.append(why_no_more(lacks, reader))
    return Sentence(" ".join(said))


def work(change: pd.DataFrame, *, lang: str | Reader, lacks: Sequence[str] = ()) -> Sentence:
    """Say what moved the cost of the work on a parcel.

    Parameters
    ----------
    change
        What `fulfilment.labour_change` returns.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that nothing can be said.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if lacks or change.empty:
        nothing = _("The work of two periods is not told: there is nothing to compare.")
        return Sentence(why_nothing(nothing, lacks, reader))
    total = change[["before", "after", "change"]].sum()
    part = [*_known_days(change, reader), *_told_part(change.attrs.get("told", 1.0), reader)]
    if abs(total["change"]) < _CENT:
        cost = reader.money(total["after"])
        said = _("The work on a parcel costs {after}, as before.", after=cost)
        return Sentence(" ".join([said, *part]))
    amount, activity, effect = max(
        ((float(row[name]), str(row["activity"]), name)
         for row in change.to_dict("records") for name in EFFECTS),
        key=lambda one: abs(one[0]),
    )  # fmt: skip
    names = {
        "by_workload": _("the workload"),
        "by_pace": _("the pace"),
        "by_wage": _("the hourly cost"),
    }
    said = _(
        "The work on a parcel went from {before} to {after}. The largest of its effects: "
        "{effect} of {activity}, {amount}.",
        before=reader.money(total["before"]),
        after=reader.money(total["after"]),
        effect=names[effect],
        activity=_(ACTIVITY_NAMES[activity]).lower(),
        amount=reader.signed_money(amount, decimals=2),
    )
    return Sentence(" ".join([said, *part]))


def _known_days(change: pd.DataFrame, reader: Reader) -> list[str]:
    """Say of which days the work is told, where that is not all of a period."""
    _ = reader.translate
    before, after = change.attrs["known"]
    said = []
    if before is not None:
        days = reader.date_range(*before)
        said.append(
            _("Of the comparison period, these are the work and the parcels of {days} alone: of "
              "other days, not all work is recorded.", days=days)
        )  # fmt: skip
    if after is not None:
        days = reader.date_range(*after)
        said.append(
            _("Of the period, these are the work and the parcels of {days} alone: of other days, "
              "not all work is recorded.", days=days)
        )  # fmt: skip
    return said


def _told_part(share: float, reader: Reader) -> list[str]:
    """Say which part of the cost of the work counts, where that is not all of it."""
    if not share < _ALL:
        return []
    _ = reader.translate
    return [
        _(
            "Only {share} of what the work cost counts here, in the period that tells least: of "
            "the rest, units or hours are not told.",
            share=reader.percent(share),
        )
    ]


def balance(found: Balance | None, *, lang: str | Reader, lacks: Sequence[str] = ()) -> Sentence:
    """Say of speed, cost and quality whether the rows differ by more than chance.

    Parameters
    ----------
    found
        What `fulfilment.balance` returns; None where the data lack it.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that nothing can be said.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if lacks or found is None or found.cells.empty:
        return Sentence(why_nothing(_("No parcel in the period."), lacks, reader))
    by = str(found.cells.columns[0])
    told = {s: found.equality[s].p_value for s in SIDES if s in found.equality}
    differ = [side for side, p in told.items() if p is not None and p < SURE]
    alike = [side for side, p in told.items() if p is not None and p >= SURE]
    unsure = [side for side, p in told.items() if p is None]
    said = []
    for side in differ:
        known = found.cells.dropna(subset=[side, by])
        ranked = known.sort_values(side, kind="stable")
        low, high = ranked.iloc[0], ranked.iloc[-1]
        said.append(
            _(
                "{side} differs by more than chance: from {low} ({first}) to {high} ({last}).",
                side=_(_SIDES[side]).capitalize(),
                low=_side(low[side], side, reader),
                high=_side(high[side], side, reader),
                first=value_name(low[by], by, lang=reader),
                last=value_name(high[by], by, lang=reader),
            )
        )
    if alike:
        names = ", ".join(_(_SIDES[side]) for side in alike)
        said.append(
            _("Of {names}, the differences seen may be chance: rank nobody on them.", names=names)
        )
    if unsure:
        names = ", ".join(_(_SIDES[side]) for side in unsure)
        said.append(_("Of {names}, the data are too few to tell.", names=names))
    if differ:
        said.append(
            _("A difference has causes: distance, what is ordered, the promise. It is no proof "
              "that one works better.")
        )  # fmt: skip
    return Sentence(" ".join(said))


def _side(value: float, side: str, reader: Reader) -> str:
    if side == "speed":
        return reader.hours(value)
    return reader.money(value) if side == "cost" else reader.percent(value)
