"""Figures of fulfilment: what `marketing_kpi.fulfilment` returns, drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from marketing_kpi.fulfilment import MEASURES, ORDER_MEASURES, PARTS, SIDES, Balance
from marketing_kpi.plots import intervals, style
from marketing_kpi.plots.dimensions import value_name
from marketing_kpi.plots.retention import why_nothing
from marketing_kpi.plots.sentences.base import Sentence
from marketing_kpi.plots.tables import Table, table
from marketing_kpi.text.locale import ABSENT, Reader, is_absent
from marketing_kpi.text.messages import N_

MOST_CELLS = 14
"""Rows that a figure of speed, cost and quality shows: the last weeks, the largest groups."""

MEASURE_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "on_time": N_("On time"),
        "in_full": N_("In full"),
        "on_time_in_full": N_("On time and in full"),
        "undamaged": N_("Undamaged"),
        "not_returned": N_("Not sent back"),
        "perfect": N_("Perfect: all four"),
    }
)
"""Names of what a promise is made of."""

SUMMARY_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "on_time_delivery_rate": N_("Delivered on time"),
        "on_time_in_full_rate": N_("On time and in full (OTIF)"),
        "order_cycle_time": N_("Order to its last parcel, median (h)"),
        "order_cycle_time_p90": N_("Order to its last parcel, 90th percentile (h)"),
        "fulfilment_cost_per_order": N_("Cost of an order shipped"),
        "pick_productivity": N_("Lines picked an hour"),
        "pack_productivity": N_("Orders packed an hour"),
        "ship_productivity": N_("Parcels shipped an hour"),
    }
)
"""Names of what `fulfilment.summary` tells."""

STAGE_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "order": N_("Order"),
        "pick": N_("pick"),
        "pack": N_("pack"),
        "ship": N_("ship"),
        "delivery": N_("delivery"),
    }
)
"""Names of the stages of a parcel."""

PART_NAMES: Mapping[str, str] = MappingProxyType(
    {"transport": N_("Transport"), "packaging": N_("Packaging"), "labour": N_("Labour")}
)
"""Names of the parts of the cost of an order."""

ACTIVITY_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "pick": N_("Picking (lines)"),
        "pack": N_("Packing (orders)"),
        "ship": N_("Shipping (parcels)"),
    }
)
"""Names of the activities, and of their units."""

SIDE_NAMES: Mapping[str, str] = MappingProxyType(
    {"speed": N_("Speed (hours)"), "cost": N_("Cost an order"), "quality": N_("Quality")}
)
"""Names of the three sides of the balance."""

_SIDE_UNITS = {"speed": "hours", "cost": "currency", "quality": "fraction"}
_PART_LOOKS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "transport": {"color": style.ACCENT},
        "packaging": {"facecolor": "white", "edgecolor": style.ACCENT, "hatch": "/////"},
        "labour": {"color": "#74b3d8"},
    }
)


def component_name(component: str, *, lang: str | Reader) -> str:
    """Return the name of a component of the cycle time.

    >>> component_name("pack_to_ship", lang="en")
    'Pack → ship'
    """
    _ = Reader.of(lang).translate
    one, _to, other = component.partition("_to_")
    name = f"{_(STAGE_NAMES[one])} \u2192 {_(STAGE_NAMES[other])}"
    return name[0].upper() + name[1:]


# --- Promises -------------------------------------------------------------------------------


@style.styled
def promise_rates(
    promises: pd.DataFrame,
    *,
    lang: str | Reader,
    lacks: Sequence[str] = (),
    ax: Axes | None = None,
) -> Axes:
    """Draw the shares of parcels on time, in full, and both, with their intervals.

    Parameters
    ----------
    promises
        What `fulfilment.kept_promises` returns without a dimension.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to draw.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("Promises kept")
    axis = style.axes(ax, height=intervals.height(len(MEASURES)))
    if promises.empty or promises.iloc[0][list(MEASURES)].isna().all():
        nothing = _("No promise of the period had come due in the data.")
        return style.empty(axis, title=title, message=why_nothing(nothing, lacks, reader))
    said = _draw_rates(axis, promises.iloc[0], MEASURES, reader)
    return style.finish(
        axis,
        title=title,
        alt=_("Dots of shares of the parcels promised: {parts}.", parts=_("; ").join(said)),
        caption=" ".join([
            _("Shares of the parcels promised in the period; undelivered and overdue is late. "
              "Bars: 95% interval, days as the unit."),
            *_backwards(int(promises.iloc[0]["backwards"]), reader),
        ]),
    )  # fmt: skip


def _backwards(count: int, reader: Reader) -> list[str]:
    """Say how many parcels came before they were ordered; nothing without any."""
    if not count:
        return []
    _ = reader.translate
    return [
        _.n(
            "{n} parcel was delivered before it was ordered, a fault of the data: it is in no "
            "share of what came on time.",
            "{n} parcels were delivered before they were ordered, a fault of the data: they are "
            "in no share of what came on time.",
            count,
            n=reader.integer(count),
        )
    ]


def _draw_rates(axis: Axes, row: Any, measures: Sequence[str], reader: Reader) -> list[str]:
    told = [name for name in measures if not pd.isna(row[name])]
    return intervals.draw(
        axis,
        names=[reader.translate(MEASURE_NAMES[name]) for name in told],
        values=[row[name] for name in told],
        low=[row[f"{name}_low"] for name in told],
        high=[row[f"{name}_high"] for name in told],
        unit="fraction",
        reader=reader,
    )


@style.styled
def perfect_links(
    found: pd.DataFrame,
    *,
    lang: str | Reader,
    lacks: Sequence[str] = (),
    ax: Axes | None = None,
) -> Axes:
    """Draw the four links of the perfect order, and what is left when all hold.

    Parameters
    ----------
    found
        What `fulfilment.perfect_orders` returns without a dimension.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to draw.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("The links of the perfect order")
    axis = style.axes(ax, height=intervals.height(len(ORDER_MEASURES)))
    if found.empty:
        nothing = _("No order is old enough to tell.")
        return style.empty(axis, title=title, message=why_nothing(nothing, lacks, reader))
    row = found.iloc[0]
    said = _draw_rates(axis, row, ORDER_MEASURES, reader)
    return style.finish(
        axis,
        title=title,
        alt=_("Dots of shares of the orders promised: {parts}.", parts=_("; ").join(said)),
        caption=_(
            "Orders promised before {day}: what comes back of later ones may still be on its way. "
            "Bars: 95% interval, days as the unit.",
            day=reader.date(row["until"]),
        ),
    )


@style.styled
def on_time_track(
    promises: pd.DataFrame,
    *,
    target: float | None,
    lang: str | Reader,
    lacks: Sequence[str] = (),
    ax: Axes | None = None,
) -> Axes:
    """Draw the share delivered on time by week or month, against what was agreed on.

    Parameters
    ----------
    promises
        What `fulfilment.kept_promises` returns by week or month.
    target
        The share agreed on; None: none is told.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to draw.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = (
        _("Delivered on time") if target is None else _("Delivered on time, against the agreement")
    )
    axis = style.axes(ax)
    promises = promises.dropna(subset=["on_time"]) if len(promises) else promises
    if promises.empty:
        nothing = _("No promise of the period had come due in the data.")
        return style.empty(axis, title=title, message=why_nothing(nothing, lacks, reader))
    by = str(promises.columns[0])
    said = []
    for place, row in enumerate(promises.to_dict("records")):
        is_kept = target is None or row["on_time"] >= target
        colour = style.ACCENT if is_kept else style.BAD
        if not is_absent(row["on_time_low"]) and not pd.isna(row["on_time_low"]):
            ends = [row["on_time_low"], row["on_time_high"]]
            axis.plot([place, place], ends, color=colour, linewidth=1.8)
        axis.plot(
            place, row["on_time"], marker="o" if is_kept else "v", markersize=6, color=colour,
            zorder=3,
        )  # fmt: skip
        said.append(f"{value_name(row[by], by, lang=reader)} {reader.percent(row['on_time'])}")
    if target is not None:
        axis.axhline(target, color=style.INK, linestyle="--", linewidth=1.2)
    step = max(1, round(len(promises) / 12))
    shown = range(0, len(promises), step)
    labels = [style.short_month(promises[by].iloc[n], reader, first=n == 0) for n in shown]
    if by == "week":
        labels = [reader.date(promises[by].iloc[n])[:6] for n in shown]
    axis.set_xticks(list(shown), labels)
    style.value_axis(axis.yaxis, unit="fraction", reader=reader)
    axis.grid(axis="y")
    return style.finish(
        axis,
        title=title,
        alt=_("Dots of the share on time: {parts}.", parts=_("; ").join(said)),
        caption=_track_caption(target, reader),
    )


def _track_caption(target: float | None, reader: Reader) -> str:
    _ = reader.translate
    if target is None:
        return _(
            "Bars: 95% interval of the share that would be kept in the long run, days as the unit."
        )
    return _(
        "Dashes: {target} agreed on. Triangles: agreement missed. Bars: 95% interval of the share "
        "that would be kept in the long run, days as the unit; what is owed is counted, without an "
        "interval.",
        target=reader.percent(target, decimals=1),
    )


def agreement_table(
    agreed: pd.DataFrame, *, lang: str | Reader, lacks: Sequence[str] = ()
) -> Table | Sentence:
    """Show whether the agreement was kept, and by how many parcels it was missed.

    Parameters
    ----------
    agreed
        What `fulfilment.agreement` returns, by week or month.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to show.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if agreed.empty:
        nothing = _("No promise of the period had come due in the data.")
        return Sentence(why_nothing(nothing, lacks, reader))
    by = str(agreed.columns[0])
    return table(
        agreed,
        lang=reader,
        id="service_agreement",
        caption=_("The agreement, counted"),
        columns=[by, "parcels", "late", "allowed", "short", "on_time", "is_kept"],
        names={
            by: _("Promised in"),
            "parcels": _("Parcels promised"),
            "late": _("Late"),
            "allowed": _("Late parcels allowed"),
            "short": _("Too many"),
            "on_time": _("On time"),
            "is_kept": _("Kept"),
        },
        units={
            by: "month" if by == "month" else "date",
            **dict.fromkeys(("parcels", "late", "allowed", "short"), "count"),
            "on_time": "fraction",
            "is_kept": "yes_no",
        },
        kpis={"on_time": "on_time_delivery_rate"},
    )


# --- Cycle time -----------------------------------------------------------------------------


@style.styled
def cycle_components(
    components: pd.DataFrame,
    *,
    lang: str | Reader,
    lacks: Sequence[str] = (),
    ax: Axes | None = None,
) -> Axes:
    """Draw the median and the 90th percentile of each component of the cycle time.

    Parameters
    ----------
    components
        What `fulfilment.cycle_time_components` returns.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to draw.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("Where the hours go, from order to delivery")
    known = components[components["median"].notna()]
    axis = style.axes(ax, height=1.7 + 0.42 * max(len(known), 2))
    if known.empty:
        nothing = _("Too few parcels have come to tell.")
        return style.empty(axis, title=title, message=why_nothing(nothing, lacks, reader))
    names, said = [], []
    for place, row in enumerate(known.to_dict("records")):
        name = component_name(row["component"], lang=reader)
        names.append(name)
        far = row["p90"]
        if not pd.isna(far):
            axis.plot([row["median"], far], [place, place], color=style.GRID, linewidth=5, zorder=1)
            axis.plot(far, place, marker="D", markersize=6, color=style.BAD, zorder=3)
        axis.plot(row["median"], place, marker="o", markersize=7, color=style.ACCENT, zorder=3)
        for measure, lift in (("median", 0.24), ("p90", 0.24)):
            ends = [row[f"{measure}_low"], row[f"{measure}_high"]]
            if not pd.isna(ends).any():
                axis.plot(ends, [place + lift] * 2, color=style.INK, linewidth=1.6)
        said.append(
            _(
                "{name}: median {median} h, 90th percentile {p90} h",
                name=name,
                median=reader.number(row["median"]),
                p90=ABSENT if pd.isna(far) else reader.number(far),
            )
        )
    axis.set_yticks(range(len(names)), names, fontsize=9)
    axis.set_ylim(len(names) - 0.4, -0.5)
    axis.set_xlim(left=0)
    axis.set_xlabel(_("Hours"))
    style.value_axis(axis.xaxis, unit="hours", reader=reader)
    axis.grid(axis="x")
    return style.finish(
        axis,
        title=title,
        alt=_("Dots by component. {parts}.", parts=_("; ").join(said)),
        caption=_(
            "Dots: median. Diamonds: 90th percentile. Thin lines below: 95% intervals. What is "
            "under way counts for the time it has waited. Medians do not add up."
        ),
    )


def component_table(
    components: pd.DataFrame, *, lang: str | Reader, lacks: Sequence[str] = ()
) -> Table | Sentence:
    """Show the components of the cycle time: medians, percentiles, and means that add up.

    Parameters
    ----------
    components
        What `fulfilment.cycle_time_components` returns.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to show.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if components.empty or not components["parcels"].any():
        nothing = _("Too few parcels have come to tell.")
        return Sentence(why_nothing(nothing, lacks, reader))
    names = [component_name(name, lang=reader) for name in components["component"]]
    share = components["mean"] / components["mean"].iloc[-1]
    averaged = int(components["averaged"].iloc[0])
    notes = [
        _.n(
            "Means are of one and the same parcel, of an order {days} old or more, so that they "
            "add up to the last row; medians and percentiles do not.",
            "Means are of the same {count} parcels, of orders {days} old or more, so that they "
            "add up to the last row; medians and percentiles do not.",
            averaged,
            count=reader.integer(averaged),
            days=reader.days(components.attrs["ripe_days"]),
        ),
        _("These are times of parcels; the time of an order is that of its last one."),
    ]
    return table(
        components.assign(component=names, share=share),
        lang=reader,
        id="cycle_time_components",
        caption=_("Components of a parcel's cycle time, in hours"),
        columns=["component", "parcels", "under_way", "median", "p90", "mean", "share"],
        names={
            "component": _("Component"),
            "parcels": _("Parcels"),
            "under_way": _("Under way"),
            "median": _("Median"),
            "p90": _("90th percentile"),
            "mean": _("Mean"),
            "share": _("Share of the mean"),
        },
        units={
            "component": "text",
            **dict.fromkeys(("parcels", "under_way"), "count"),
            **dict.fromkeys(("median", "p90", "mean"), "number"),
            "share": "fraction",
        },
        notes=notes if averaged else [],
    )


# --- Costs and work -------------------------------------------------------------------------


def _periods(
    now: pd.DataFrame, before: pd.DataFrame | None, reader: Reader
) -> dict[str, pd.DataFrame]:
    """Return the period, and what it is compared with where that is told, by their names."""
    _ = reader.translate
    return {_("Now"): now} if before is None else {_("Before"): before, _("Now"): now}


@style.styled
def cost_split(
    now: pd.DataFrame,
    before: pd.DataFrame | None = None,
    *,
    lang: str | Reader,
    lacks: Sequence[str] = (),
    ax: Axes | None = None,
) -> Axes:
    """Draw what an order shipped costs, part by part, a bar a period.

    Parameters
    ----------
    now, before
        What `fulfilment.cost_per_order` returns of two periods, without a dimension; None leaves
        the second out.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to draw.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("What an order costs to prepare and deliver")
    known = {name: one.iloc[0] for name, one in _periods(now, before, reader).items() if len(one)}
    axis = style.axes(ax, height=1.7 + 0.5 * max(len(known), 2))
    if not known:
        nothing = _("No parcel of known cost left in the period.")
        return style.empty(axis, title=title, message=why_nothing(nothing, lacks, reader))
    said = []
    for place, (name, row) in enumerate(known.items()):
        left, words = 0.0, []
        for part in PARTS:
            if pd.isna(row[part]):
                continue
            label = _(PART_NAMES[part])
            axis.barh(
                place, row[part], left=left, height=0.6, label="" if place else label,
                **_PART_LOOKS[part],
            )  # fmt: skip
            left += row[part]
            words.append(f"{label} {reader.money(row[part])}")
        axis.annotate(
            reader.money(row["total"]), (left, place), xytext=(4, 0), textcoords="offset points",
            va="center", fontsize=9, fontweight="bold",
        )  # fmt: skip
        total = reader.money(row["total"])
        said.append(f"{name} {total} ({', '.join(words)})")
    axis.set_yticks(range(len(known)), list(known), fontsize=9)
    axis.set_ylim(len(known) - 0.5, -0.5)
    axis.set_xlim(0, 1.25 * max(row["total"] for row in known.values()))
    style.value_axis(axis.xaxis, unit="currency", reader=reader, ticks=4)
    axis.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, fontsize=9, frameon=False)
    caption = [_("An order shipped in the period; each parcel bears an equal part of the labour.")]
    missing = [
        _(PART_NAMES[p]).lower() for p in PARTS if all(pd.isna(r[p]) for r in known.values())
    ]
    if missing:
        caption.append(_("Not told by the data: {names}.", names=", ".join(missing)))
    return style.finish(
        axis,
        title=title,
        alt=_("Stacked bars of the cost of an order: {parts}.", parts=_("; ").join(said)),
        caption=" ".join(caption),
    )


@style.styled
def cost_by_items(
    found: pd.DataFrame,
    *,
    lang: str | Reader,
    lacks: Sequence[str] = (),
    ax: Axes | None = None,
) -> Axes:
    """Draw what transport and packaging of an order cost, by how many items it has.

    Parameters
    ----------
    found
        What `fulfilment.cost_by_items` returns.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to draw.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("Transport and packaging, by items in the order")
    axis = style.axes(ax, height=intervals.height(len(found)))
    if found.empty:
        nothing = _("No parcel of known cost left in the period.")
        return style.empty(axis, title=title, message=why_nothing(nothing, lacks, reader))
    names = [
        _.n("{n} item", "{n} items", int(n)) if n < 5 else _("5 items or more")
        for n in found["items"]
    ]
    said = intervals.draw(
        axis, names=names, values=found["cost"].tolist(), low=found["low"].tolist(),
        high=found["high"].tolist(), unit="currency", reader=reader,
    )  # fmt: skip
    return style.finish(
        axis,
        title=title,
        alt=_("Dots of the cost of an order: {parts}.", parts=_("; ").join(said)),
        caption=_("An order shipped in the period. Bars: 95% interval, days as the unit."),
    )


def labour_table(change: pd.DataFrame, *, lang: str | Reader) -> Table | Sentence:
    """Show what the work on a parcel costs by activity, and why it changed.

    Parameters
    ----------
    change
        What `fulfilment.labour_change` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if change.empty:
        return Sentence(_("The work of two periods is not told: there is nothing to compare."))
    names = [_(ACTIVITY_NAMES[name]) for name in change["activity"]]
    amounts = ["before", "after", "change", "by_workload", "by_pace", "by_wage"]
    return table(
        change.assign(activity=names),
        lang=reader,
        id="labour_cost",
        caption=_("The work on a parcel, and what moved its cost"),
        columns=["activity", *amounts],
        names={
            "activity": _("Activity"),
            "before": _("Before"),
            "after": _("Now"),
            "change": _("Change"),
            "by_workload": _("By the workload"),
            "by_pace": _("By the pace"),
            "by_wage": _("By the hourly cost"),
        },
        units={"activity": "text", **dict.fromkeys(amounts, "currency")},
        notes=[
            _("Cost a parcel that left. The last three columns add up to the change: more units a "
              "parcel, fewer units an hour, a dearer hour.")
        ],
    )  # fmt: skip


def summary_table(found: pd.DataFrame, *, lang: str | Reader) -> Table | Sentence:
    """Show the KPIs of fulfilment with their intervals, and what moved.

    Parameters
    ----------
    found
        What `fulfilment.summary` or `fulfilment.changes` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    known = found[found["value"].notna()]
    if known.empty:
        return Sentence(_("The data tell nothing of fulfilment in the period."))
    shown = [_shown(row, reader) for row in known.to_dict("records")]
    columns = {"measure": _("KPI"), "value": _("Value"), "interval": _("95% interval")}
    frame = pd.DataFrame({"measure": known["measure"].tolist()})
    frame["value"] = [row["value"] for row in shown]
    frame["interval"] = [row["interval"] for row in shown]
    if "change" in known and known["change"].notna().any():
        frame["change"] = [row["change"] for row in shown]
        frame["verdict"] = [
            ABSENT if pd.isna(row["change_low"])
            else _("moved") if row["is_told"] else _("within chance")
            for row in known.to_dict("records")
        ]  # fmt: skip
        columns |= {"change": _("Change"), "verdict": _("Verdict")}
    return table(
        frame,
        lang=reader,
        id="fulfilment_summary",
        caption=_("Fulfilment at a glance"),
        columns=list(columns),
        names=columns,
        units=dict.fromkeys(columns, "text"),
        row_labels={name: _(label) for name, label in SUMMARY_NAMES.items()},
        kpis={name: name.removesuffix("_p90") for name in known["measure"]},
        notes=[_("Intervals take days as the unit: the parcels of one day share their fate.")],
    )


def _shown(row: Mapping[Any, Any], reader: Reader) -> dict[str, str]:
    """Return the value of a KPI, its interval and its change, in words."""
    unit = "number" if row["unit"] in ("hours", "ratio") else row["unit"]

    def write(value: Any) -> str:
        return reader.number(value) if unit == "number" else reader.unit(value, unit)

    found = {"value": write(row["value"])}
    low, high = (None if pd.isna(row[end]) else row[end] for end in ("low", "high"))
    found["interval"] = intervals.words(low, high, write, reader)
    change = row.get("change")
    if change is None or pd.isna(change):
        return found | {"change": ABSENT}
    if unit == "fraction":
        return found | {"change": reader.points(change)}
    if unit == "currency":
        return found | {"change": reader.signed_money(change, decimals=2)}
    sign = "+" if change > 0 else ""
    return found | {"change": f"{sign}{reader.number(change)}"}


@style.styled
def productivity_dots(
    now: pd.DataFrame,
    before: pd.DataFrame | None = None,
    *,
    lang: str | Reader,
    lacks: Sequence[str] = (),
    ax: Axes | None = None,
) -> Axes:
    """Draw how much an hour of each activity gets done, by period or by place.

    Parameters
    ----------
    now, before
        What `fulfilment.productivity` returns of two periods, without a dimension; None leaves the
        second out.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to draw.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("What an hour of work gets done")
    rows = [
        (f"{_(ACTIVITY_NAMES[row['activity']])} \u00b7 {name}", row)
        for activity in ACTIVITY_NAMES
        for name, one in _periods(now, before, reader).items()
        if len(one)
        for row in one[one["activity"] == activity].to_dict("records")
    ]
    axis = style.axes(ax, height=intervals.height(len(rows)))
    if not rows:
        nothing = _("No hour of work is told in the period.")
        return style.empty(axis, title=title, message=why_nothing(nothing, lacks, reader))
    said = intervals.draw(
        axis,
        names=[name for name, _row in rows],
        values=[row["units_per_hour"] for _name, row in rows],
        low=[row["low"] for _name, row in rows],
        high=[row["high"] for _name, row in rows],
        unit="ratio",
        reader=reader,
    )
    return style.finish(
        axis,
        title=title,
        alt=_("Dots of units an hour: {parts}.", parts=_("; ").join(said)),
        caption=_(
            "Units over hours, both added up. Bars: 95% interval, days as the unit. Lines, orders "
            "and parcels are not to be compared with one another."
        ),
    )


# --- Balance --------------------------------------------------------------------------------


@style.styled
def service_balance(
    found: Balance | None,
    *,
    lang: str | Reader,
    lacks: Sequence[str] = (),
    ax: Axes | None = None,
) -> Axes:
    """Draw speed, cost and quality side by side, a row a region, carrier, week or month.

    Parameters
    ----------
    found
        What `fulfilment.balance` returns; None where the data lack it.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to draw.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("Speed, cost and quality, side by side")
    if found is None or found.cells.empty:
        nothing = _("No parcel in the period.")
        return style.empty(style.axes(ax), title=title, message=why_nothing(nothing, lacks, reader))
    by = str(found.cells.columns[0])
    cells = _most(found.cells, by)
    axis = style.axes(ax, height=1.9 + 0.3 * max(len(cells), 3))
    names = [value_name(value, by, lang=reader) for value in cells[by]]
    sides = [side for side in SIDES if cells[side].notna().any()]
    axis.set_axis_off()
    width = 1 / max(len(sides), 1)
    said = []
    for number, side in enumerate(sides):
        panel = axis.inset_axes((number * width, 0, 0.86 * width, 1))
        said.append(_draw_side(panel, cells, side, names, reader, first=number == 0))
    caption = [_("Bars: 95% interval, days as the unit. Speed is the median. Left is faster and "
                 "cheaper, right is better.")]  # fmt: skip
    caption.append(
        _("Quality is on time and in full.")
        if found.is_in_full
        else _("Quality is on time alone: the data do not tell what came in full.")
    )
    if len(cells) < len(found.cells):
        caption.append(
            _("{shown} of {all} rows.", shown=reader.integer(len(cells)),
              all=reader.integer(len(found.cells)))
        )  # fmt: skip
    return style.finish(
        axis,
        title=title,
        alt=_("Three columns of dots. {parts}.", parts=_("; ").join(said)),
        caption=" ".join(caption),
    )


def _most(cells: pd.DataFrame, by: str) -> pd.DataFrame:
    """Return the last weeks or months, or the largest groups, in their order."""
    if by in ("week", "month"):
        return cells.iloc[-MOST_CELLS:]
    largest = cells.sort_values("orders", ascending=False, kind="stable").iloc[:MOST_CELLS]
    return largest.sort_index()


def _draw_side(
    panel: Axes,
    cells: pd.DataFrame,
    side: str,
    names: Sequence[str],
    reader: Reader,
    *,
    first: bool,
) -> str:
    """Draw one side of the balance, and say it in words."""
    unit = _SIDE_UNITS[side]
    words = []
    for place, row in enumerate(cells.to_dict("records")):
        value, low, high = (row[f"{side}{end}"] for end in ("", "_low", "_high"))
        if pd.isna(value):
            continue
        known = not pd.isna(low) and not pd.isna(high)
        if known:
            panel.plot([low, high], [place, place], color=style.ACCENT, linewidth=2)
        panel.plot(
            value, place, marker="o", markersize=5.5, markeredgecolor=style.ACCENT,
            color=style.ACCENT if known else "white",
        )  # fmt: skip
        shown = reader.number(value) if unit == "hours" else reader.unit(value, unit)
        words.append(f"{names[place]} {shown}")
    panel.set_yticks(np.arange(len(names)), list(names) if first else [""] * len(names), fontsize=9)
    panel.set_ylim(len(names) - 0.5, -0.5)
    panel.tick_params(axis="x", labelsize=8)
    style.value_axis(panel.xaxis, unit=unit, reader=reader, ticks=3)
    panel.grid(axis="x")
    _ = reader.translate
    title = _(SIDE_NAMES[side])
    panel.set_title(title, fontsize=9, loc="left")
    return _("{title}: {parts}", title=title, parts=", ".join(words))
