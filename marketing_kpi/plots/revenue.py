"""Figures and tables of the revenue mix: bridges, shares, growth with its chance."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, TwoSlopeNorm

from marketing_kpi.growth.chance import Pieces
from marketing_kpi.kpis.periods import MONTHS_A_YEAR, Periods, shift
from marketing_kpi.kpis.unpriced import differ
from marketing_kpi.plots import bridges, intervals, style
from marketing_kpi.plots.dimensions import (
    dimension_name,
    dimension_names,
    dimensions_of,
    row_names,
    shortened,
    with_names,
)
from marketing_kpi.plots.retention import why_nothing
from marketing_kpi.plots.sentences.holes import no_verdict_on, of_holed_dots
from marketing_kpi.plots.tables import Table, table
from marketing_kpi.revenue import SUBTOTALS, Concentration, Growth, Sources, effects_told
from marketing_kpi.text.locale import Reader, is_absent
from marketing_kpi.text.messages import N_

Bridge: TypeAlias = Literal["effects", "network", "customers"]

MOST_ROWS = 15
"""Rows of a figure; the workbook of a report has all of them."""

STEPS: Mapping[str, str] = MappingProxyType(
    {
        "booked": N_("Booked"),
        "cancelled": N_("Cancelled since"),
        "ordered": N_("Ordered, net sales"),
        "earlier": N_("Ordered at another time, received now"),
        "later": N_("Received at another time"),
        "pending": N_("Not received yet"),
        "received": N_("Received by customers"),
        "refunds": N_("Refunds"),
        "allowances": N_("Allowances"),
        "chargebacks": N_("Lost chargebacks"),
        "recognised": N_("Recognised"),
        "volume": N_("Volume"),
        "mix": N_("Mix"),
        "price": N_("Price"),
        "assortment": N_("Assortment"),
        "unknown_products": N_("Unknown products"),
        "credits": N_("Credits"),
        "comparable": N_("Stores open in both periods"),
        "opened": N_("Stores opened since"),
        "closed": N_("Stores closed since"),
        "unknown": N_("Stores, opening unknown"),
        "no_store": N_("No known store"),
        "kept": N_("Customers of both periods"),
        "new": N_("New customers"),
        "other": N_("Customers of another time"),
        "silent": N_("Bought before, not now"),
        "unidentified": N_("Orders without a customer"),
    }
)
"""Names of the steps of bridges."""

LEVELS: Mapping[str, str] = MappingProxyType(
    {
        "product_channel": N_("Product and channel"),
        "product_id": N_("Product"),
        "category": N_("Category"),
        "channel": N_("Channel"),
        "whole": N_("The whole shop"),
    }
)
"""Names of the levels at which effects are computed."""

_BRIDGES: Mapping[Bridge, str] = MappingProxyType(
    {
        "effects": N_("What changed revenue: units, their mix, their prices"),
        "network": N_("What the stores that were there bring, and openings and closures"),
        "customers": N_("Which customers change revenue"),
    }
)
_LOOKS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "volume": (style.ACCENT, ""),
        "mix": (style.LIGHT, ""),
        "price": (style.BAD, "////"),
        "assortment": (style.GRID, r"\\\\"),
        "unknown_products": (style.REFERENCE, "xxxx"),
        "credits": (style.INK, "----"),
    }
)
_USUAL_GROWTH = (-0.8, 1.0)
"""Growth beyond these is of what has just opened or closed, and would flatten the others."""


# --- Words ----------------------------------------------------------------------------------


def _names(rows: pd.DataFrame, keys: Sequence[str], reader: Reader) -> list[str]:
    return [shortened(name) for name in row_names(rows, keys, lang=reader)]


def _bound_names(periods: Periods, reader: Reader) -> dict[str, str]:
    """Return what the two ends of a bridge are called: the days of both periods."""
    _ = reader.translate
    before, start = periods.previous_start, periods.start
    spans = ((before, periods.previous_end), (start, periods.end))
    whole = all(a and b and _is_year(a, b) for a, b in spans)
    if whole and before is not None:
        return {"before": str(before.year), "now": str(start.year)}
    return {"before": _("Before"), "now": _("Now")}


def _is_year(start: Any, end: Any) -> bool:
    return (start.month, start.day, end.month, end.day) == (1, 1, 1, 1) and end.year == (
        start.year + 1
    )


# --- Bridges --------------------------------------------------------------------------------


def _steps(
    rows: pd.DataFrame, names: Mapping[str, str], totals: Sequence[str], reader: Reader
) -> list[bridges.Step]:
    found = []
    for row in rows.to_dict("records"):
        is_total = row["step"] in totals
        write = partial(reader.money, decimals=0) if is_total else reader.signed_money
        found.append(bridges.Step(names[row["step"]], row["level"], write(row["amount"]), is_total))
    return found


def _said(steps: Sequence[bridges.Step], reader: Reader) -> str:
    return reader.translate("; ").join(f"{step.name} {step.label}" for step in steps)


@style.styled
def recognition_bridge(
    steps: pd.DataFrame | None,
    *,
    lang: str | Reader,
    lacks: Sequence[str] = (),
    ax: Axes | None = None,
) -> Axes:
    """Draw the way from what was booked to what is recognised.

    Parameters
    ----------
    steps
        What `revenue.recognition` returns; steps of 0 and unknown ones are left out of the
        figure. None where the data lack net sales.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to draw.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("From booked to recognised revenue")
    if steps is None or not steps["amount"].abs().sum():
        nothing = why_nothing(_("No sales in the period."), lacks, reader)
        return style.empty(style.axes(ax), title=title, message=nothing)
    is_end = steps["step"].isin(SUBTOTALS)
    rows = steps[is_end | (steps["amount"].round(2) != 0)].dropna(subset=["amount", "level"])
    axis = style.axes(ax, height=bridges.height(len(rows)))
    drawn = _steps(rows, {step: _(STEPS[step]) for step in rows["step"]}, SUBTOTALS, reader)
    bridges.draw(axis, drawn, reader=reader, from_zero=False)
    return style.finish(
        axis,
        title=title,
        alt=_("Bridge: {parts}.", parts=_said(drawn, reader)),
        caption=" ".join(
            [
                _("Diamonds: amounts. Bars: what adds to them (plain) or takes off (hatched)."),
                *bridges.beginning(axis, reader),
            ]
        ),
    )


@style.styled
def growth_bridge(
    steps: pd.DataFrame | None,
    *,
    of: Bridge,
    periods: Periods,
    lang: str | Reader,
    lacks: Sequence[str] = (),
    ax: Axes | None = None,
) -> Axes:
    """Draw the way from the revenue of the period before to that of the period.

    Parameters
    ----------
    steps
        What `revenue.steps_between` returns; None where there is nothing to show.
    of
        What its steps are: ``"effects"``, ``"network"`` or ``"customers"``.
    periods
        The two periods.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to draw.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    axis = style.axes(ax, height=bridges.height(0 if steps is None else len(steps)))
    title = _(_BRIDGES[of])
    if steps is None or len(steps) < 3 or steps["amount"].isna().any():
        nothing = why_nothing(_("Nothing to compare."), lacks, reader)
        return style.empty(axis, title=title, message=nothing)
    ends = _bound_names(periods, reader)
    names = {step: ends.get(step) or _(STEPS[step]) for step in steps["step"]}
    drawn = _steps(steps, names, [*ends], reader)
    bridges.draw(axis, drawn, reader=reader, from_zero=False)
    spans = [(periods.previous_start, periods.previous_end), (periods.start, periods.end)]
    before, now = (reader.date_range(start, end) for start, end in spans)
    caption = _(
        "Net sales from {before}, then from {now}. Bars: what adds (plain) or takes off "
        "(hatched); they add up to the cent.",
        before=before,
        now=now,
    )
    return style.finish(
        axis,
        title=title,
        alt=_("Bridge of net sales: {parts}.", parts=_said(drawn, reader)),
        caption=" ".join([caption, *bridges.beginning(axis, reader)]),
    )


def recognition_table(steps: pd.DataFrame, *, lang: str | Reader) -> Table:
    """Show the way from booked to recognised revenue, to the cent.

    Parameters
    ----------
    steps
        What `revenue.recognition` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    lost = steps["amount"].isna()
    note = (
        _("A dash: the data do not tell it, or what it is worked out from.")
        if lost.iloc[-1]
        else _("A dash: the data do not tell.")
    )
    return table(
        steps,
        lang=reader,
        id="recognition",
        caption=_("From booked to recognised revenue"),
        columns=["step", "amount", "level"],
        names={"step": _("Step"), "amount": _("Amount"), "level": _("What there is after it")},
        units={"amount": "currency", "level": "currency"},
        row_labels={step: _(name) for step, name in STEPS.items()},
        kpis={
            "booked": "booked_revenue",
            "ordered": "net_sales",
            "recognised": "recognised_revenue",
        },
        notes=[note] if lost.any() else [],
    )


@style.styled
def booked_by_month(months: pd.DataFrame, *, lang: str | Reader, ax: Axes | None = None) -> Axes:
    """Draw booked and recognised revenue month by month.

    Parameters
    ----------
    months
        What `revenue.by_month` returns.
    lang
        The reader, or a language.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    axis = style.axes(ax, height=3.4)
    title = _("Booked and recognised, month by month")
    lines = (
        ("booked_revenue", _("Booked"), style.ACCENT, "-", "o"),
        ("recognised_revenue", _("Recognised"), style.BAD, "--", "s"),
    )
    told = [line for line in lines if line[0] in months]
    if months.empty or not told:
        nothing = _("No whole month of sales in the period.")
        return style.empty(axis, title=title, message=nothing)
    if len(months) < 2:
        return style.empty(
            axis, title=title, message=_("One whole month only: there is no line to draw.")
        )
    at = pd.to_datetime(months["period"])
    places = np.arange(len(months))
    said = []
    for column, label, colour, dashes, marker in told:
        values = months[column].astype("float64")
        axis.plot(
            places, values, color=colour, linestyle=dashes, marker=marker, markersize=5, label=label
        )
        ends = (reader.money(values.min(), 0), reader.money(values.max(), 0))
        said.append(_("{name}: {low} to {high}", name=label, low=ends[0], high=ends[1]))
    step = max(1, math.ceil(len(at) / 12))
    axis.set_xticks(
        places[::step],
        [style.short_month(day, reader, first=n == 0) for n, day in enumerate(at[::step])],
        fontsize=9,
    )
    axis.set_ylim(bottom=0)
    style.value_axis(axis.yaxis, unit="currency", reader=reader)
    axis.grid(axis="y")
    axis.legend(fontsize=9)
    return style.finish(
        axis,
        title=title,
        alt=_(
            "Lines over {months}. {parts}.",
            months=reader.months(len(at)),
            parts=_("; ").join(said),
        ),
        caption=_(
            "Booked at the date of the order, later cancellations included. Recognised when the "
            "customer receives the goods, less refunds, allowances and lost chargebacks at their "
            "own date."
        ),
    )


# --- Shares ---------------------------------------------------------------------------------


@style.styled
def revenue_mix(
    rows: pd.DataFrame | None,
    *,
    by: str,
    periods: Periods,
    lang: str | Reader,
    lacks: Sequence[str] = (),
    ax: Axes | None = None,
) -> Axes:
    """Draw what each segment brings in both periods, the largest first.

    Parameters
    ----------
    rows
        What `revenue.mix` returns; the `MOST_ROWS` largest are drawn. None where the data lack it.
    by
        The dimension that they were split by.
    periods
        The two periods, or the one.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to draw.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("Net sales: {what}", what=dimension_name(by, lang=reader))
    if rows is None or not rows["revenue"].fillna(0).any():
        nothing = why_nothing(_("No sales in the period."), lacks, reader)
        return style.empty(style.axes(ax), title=title, message=nothing)
    shown = rows.sort_values("revenue", ascending=False, kind="stable").iloc[:MOST_ROWS]
    axis = style.axes(ax, height=1.5 + 0.46 * max(len(shown), 2))
    names = _names(shown, [by], reader)
    ends = _bound_names(periods, reader)
    places = np.arange(len(shown))
    both = bool(shown["revenue_before"].notna().any())
    if both:
        axis.barh(
            places + 0.2, shown["revenue_before"], height=0.34, color=style.GRID, hatch="////",
            edgecolor=style.REFERENCE, linewidth=0.4, label=ends["before"],
        )  # fmt: skip
    axis.barh(
        places - 0.2 * both, shown["revenue"], height=0.36, color=style.ACCENT, label=ends["now"]
    )
    widest = float(np.nanmax(shown[["revenue", "revenue_before"]].to_numpy("float64")))
    said = []
    for place, row in zip(places, shown.to_dict("records"), strict=True):
        label = _share_and_growth(row, both, reader)
        reach = np.nanmax([row["revenue"], row["revenue_before"], 0.0])
        axis.text(reach + 0.015 * widest, float(place), label, va="center", fontsize=9)
        said.append(f"{names[place]} {reader.money(row['revenue'], 0)}, {label}")
    axis.set_yticks(places, names, fontsize=9)
    axis.set_ylim(len(shown) - 0.5, -0.5)
    axis.set_xlim(right=1.34 * widest)
    style.value_axis(axis.xaxis, unit="currency", reader=reader, ticks=4)
    axis.grid(axis="x")
    figure = axis.get_figure(root=True)
    if figure is not None and both:
        figure.legend(
            *axis.get_legend_handles_labels(), loc="outside lower right", ncols=2, fontsize=9
        )
    return style.finish(
        axis,
        title=title,
        alt=_("Bars of net sales: {parts}.", parts=_("; ").join(said)),
        caption=" ".join(_mix_caption(rows, shown, both, reader)),
    )


def _share_and_growth(row: Mapping[Any, Any], both: bool, reader: Reader) -> str:
    _ = reader.translate
    share = reader.percent(row["share"])
    if not both:
        return share
    if not is_absent(row["growth"]):
        return f"{share} ({reader.change(row['growth'])})"
    is_new = row["revenue_before"] == 0 and row["revenue"] > 0
    return f"{share} ({_('new')})" if is_new else share


def _mix_caption(rows: pd.DataFrame, shown: pd.DataFrame, both: bool, reader: Reader) -> list[str]:
    _ = reader.translate
    said = [
        _("Beside the bars: share of net sales, and growth.")
        if both
        else _("Beside the bars: share of net sales.")
    ]
    if len(shown) < len(rows):
        said.append(
            _(
                "The {shown} largest of {total}.",
                shown=reader.integer(len(shown)),
                total=reader.integer(len(rows)),
            )
        )
    return said


def mix_table(rows: pd.DataFrame, *, lang: str | Reader) -> Table:
    """Show what each segment brings: amounts, shares, growth and contribution.

    Parameters
    ----------
    rows
        What `revenue.mix` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    keys = dimensions_of(rows, until="revenue_before")
    shown = rows.sort_values("revenue", ascending=False, kind="stable").reset_index(drop=True)
    both = shown["revenue_before"].notna().any()
    return table(
        with_names(shown, keys, lang=reader),
        lang=reader,
        id="mix_by_" + "_".join(keys).lower(),
        caption=_(
            "Net sales: {what}",
            what=" \u00b7 ".join(dimension_names(keys, lang=reader).values()),
        ),
        columns=[
            *keys,
            "revenue_before",
            "revenue",
            "share_before",
            "share",
            "growth",
            "contribution",
        ],
        names={
            **dimension_names(keys, lang=reader),
            "revenue_before": _("Before"),
            "revenue": _("Now"),
            "share_before": _("Share before"),
            "share": _("Share now"),
            "growth": _("Growth"),
            "contribution": _("Contribution"),
        },
        units={
            **dict.fromkeys(keys, "text"),
            **dict.fromkeys(("revenue_before", "revenue"), "currency"),
            **dict.fromkeys(("share_before", "share"), "fraction"),
            "growth": "change",
            "contribution": "points",
        },
        kpis={"share": "revenue_share", "growth": "revenue_growth"},
        whole=["revenue_before", "revenue"],
        shown=MOST_ROWS,
        hidden=[] if both else ["revenue_before", "share_before", "growth", "contribution"],
        notes=[_("Contributions, in points of growth, add up to the growth of the whole.")]
        if both
        else [],
    )


@style.styled
def revenue_concentration(
    found: Mapping[str, Concentration], *, lang: str | Reader, ax: Axes | None = None
) -> Axes:
    """Draw how much of the revenue rests on the first customers and the first products.

    Parameters
    ----------
    found
        What `revenue.concentration` returns, by what it is of: ``"customers"``, ``"products"``.
    lang
        The reader, or a language.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    axis = style.axes(ax, height=3.7)
    title = _("How much rests on the first")
    known = {name: one for name, one in found.items() if one.members}
    if not known:
        return style.empty(axis, title=title, message=_("No sales in the period."))
    looks = {"customers": (style.ACCENT, "-"), "products": (style.BAD, "--")}
    labels = {"customers": _("Customers"), "products": _("Products")}
    axis.plot([0, 1], [0, 1], color=style.REFERENCE, linestyle=":", linewidth=1.2)
    said = []
    for name, one in known.items():
        colour, dashes = looks[name]
        label = f"{labels[name]} ({reader.integer(one.members)})"
        axis.plot(
            one.curve["members_share"], one.curve["revenue_share"], color=colour, linestyle=dashes,
            label=label,
        )  # fmt: skip
        parts = [
            f"{reader.percent(top, 0)} → {reader.percent(share, 0)}"
            for top, share in zip(one.tops["top"], one.tops["share"], strict=True)
        ]
        said.append(_("{name}: {parts}", name=label, parts=", ".join(parts)))
    axis.set_xlabel(_("Share of customers or products, the first in front"))
    axis.set_ylabel(_("Share of known sales"))
    axis.set_xlim(0, 1)
    axis.set_ylim(0, 1.02)
    for one_axis in (axis.xaxis, axis.yaxis):
        style.value_axis(one_axis, unit="fraction", reader=reader)
    axis.grid()
    axis.legend(fontsize=9, loc="lower right")
    return style.finish(
        axis,
        title=title,
        alt=_("Curves of the share of known sales. {parts}.", parts=_("; ").join(said)),
        caption=_("Dots: if all brought the same. Identified customers only."),
    )


def concentration_table(found: Mapping[str, Concentration], *, lang: str | Reader) -> Table:
    """Show what the first customers and products bring, and what those of before bring now.

    Parameters
    ----------
    found
        What `revenue.concentration` returns, by what it is of: ``"customers"``, ``"products"``.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    labels = {"customers": _("Customers"), "products": _("Products")}
    parts = [
        one.tops.assign(what=labels[name], first=[reader.percent(top, 0) for top in one.tops.top])
        for name, one in found.items()
        if one.members
    ]
    columns = ["what", "first", "members", "share", "share_of_former"]
    rows = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    former = rows["share_of_former"].notna().any() if len(rows) else False
    return table(
        rows,
        lang=reader,
        id="revenue_concentration",
        caption=_("What the first customers and products bring"),
        columns=columns,
        hidden=[] if former else ["share_of_former"],
        names={
            "what": _("Of"),
            "first": _("The first"),
            "members": _("How many"),
            "share": _("Share of known sales"),
            "share_of_former": _("Share now of the first of before"),
        },
        units={
            "members": "count",
            **dict.fromkeys(("share", "share_of_former"), "fraction"),
        },
        notes=[
            _(
                "Known sales: those whose customer is known, in the rows of customers; whose "
                "product is known, in those of products."
            )
        ],
    )


# --- Stores -----------------------------------------------------------------------------


def network_table(rows: pd.DataFrame, *, lang: str | Reader) -> Table:
    """Show growth of the stores that were there, of openings, of closures and online.

    Parameters
    ----------
    rows
        What `revenue.network` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    return table(
        rows,
        lang=reader,
        id="revenue_network_table",
        caption=_("Growth like for like, openings and closures"),
        columns=[
            "group",
            "stores",
            "revenue_before",
            "revenue",
            "change",
            "growth",
            "contribution",
        ],
        names={
            "group": _("Sales of"),
            "stores": _("Stores"),
            "revenue_before": _("Before"),
            "revenue": _("Now"),
            "change": _("Change"),
            "growth": _("Growth"),
            "contribution": _("Contribution"),
        },
        units={
            "stores": "count",
            **dict.fromkeys(("revenue_before", "revenue", "change"), "currency"),
            "growth": "change",
            "contribution": "points",
        },
        row_labels={group: _(name) for group, name in STEPS.items()},
        kpis={"comparable": "like_for_like_growth"},
        whole=["revenue_before", "revenue", "change"],
        notes=[_("Contributions, in points of growth, add up to the growth of the whole.")],
    )


# --- Effects --------------------------------------------------------------------------------


def effect_table(rows: pd.DataFrame, *, lang: str | Reader) -> Table:
    """Show the part of each effect that every category, channel or brand has.

    Parameters
    ----------
    rows
        What `revenue.effects_by` returns; the largest changes first.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    keys = dimensions_of(rows, until="volume")
    order = rows["change"].abs().sort_values(ascending=False, kind="stable").index
    shown = rows.loc[order].reset_index(drop=True)
    effects = effects_told(shown)
    amounts = [*effects, "change", "mix_between", "mix_within"]
    return table(
        with_names(shown, keys, lang=reader),
        lang=reader,
        id="effects_by_" + "_".join(keys).lower(),
        caption=_(
            "Effects: {what}",
            what=" \u00b7 ".join(dimension_names(keys, lang=reader).values()),
        ),
        columns=[*keys, *amounts],
        hidden=["mix_between", "mix_within"],
        names={
            **dimension_names(keys, lang=reader),
            **{name: _(STEPS[name]) for name in effects},
            "change": _("Change"),
            "mix_between": _("Mix between them"),
            "mix_within": _("Mix within each"),
        },
        units={**dict.fromkeys(keys, "text"), **dict.fromkeys(amounts, "currency")},
        kpis={"volume": "volume_effect", "mix": "mix_effect", "price": "price_effect"},
        whole=amounts,
        shown=MOST_ROWS,
    )


@style.styled
def effect_levels(
    levels: pd.DataFrame | None,
    *,
    lang: str | Reader,
    lacks: Sequence[str] = (),
    ax: Axes | None = None,
) -> Axes:
    """Draw how the effects change with what is taken for one product.

    Parameters
    ----------
    levels
        What `revenue.effects_by_level` returns; None where the data lack units.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to draw.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("The same change, by what is taken for one product")
    if levels is None or levels.empty:
        nothing = why_nothing(_("Nothing to compare."), lacks, reader)
        return style.empty(style.axes(ax), title=title, message=nothing)
    axis = style.axes(ax, height=1.7 + 0.5 * max(len(levels), 2))
    effects = effects_told(levels)
    names = [_level_name(row, reader) for row in levels.to_dict("records")]
    # A level may be without products: what it does not know is a category, or a channel.
    words = {**STEPS, "unknown_products": N_("Unknown at that level")}
    said = []
    for place, row in enumerate(levels.to_dict("records")):
        sides = {True: 0.0, False: 0.0}
        for effect in effects:
            (colour, hatch), width = _LOOKS[effect], row[effect]
            axis.barh(
                place, width, left=sides[width >= 0], height=0.6, color=colour, hatch=hatch,
                edgecolor="white", linewidth=0.5,
                label=_(words[effect]) if place == 0 else None,
            )  # fmt: skip
            sides[width >= 0] += width
        parts = [f"{_(words[effect])} {reader.signed_money(row[effect])}" for effect in effects]
        said.append(_("{name}: {parts}", name=names[place], parts=", ".join(parts)))
    axis.axvline(0, color=style.INK, linewidth=0.8)
    axis.margins(x=0.04)
    axis.set_yticks(range(len(names)), names, fontsize=9)
    axis.set_ylim(len(names) - 0.5, -0.5)
    style.value_axis(axis.xaxis, unit="currency", reader=reader)
    axis.grid(axis="x")
    figure = axis.get_figure(root=True)
    if figure is not None:
        figure.legend(
            *axis.get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=9
        )
    return style.finish(
        axis,
        title=title,
        alt=_("Stacked bars of the effects. {parts}.", parts=_("; ").join(said)),
        caption=_("Every row adds up to the same change of net sales."),
    )


def _level_name(row: Mapping[Any, Any], reader: Reader) -> str:
    _ = reader.translate
    name = _(LEVELS.get(row["level"], row["level"]))
    return f"{name} ({reader.integer(row['rows'])})"


# --- Where growth comes from ----------------------------------------------------------------


@style.styled
def contribution_grid(
    rows: pd.DataFrame | None,
    *,
    lang: str | Reader,
    lacks: Sequence[str] = (),
    ax: Axes | None = None,
) -> Axes:
    """Draw what each cell of two dimensions adds to growth, in points.

    Parameters
    ----------
    rows
        What `revenue.mix` or `revenue.rolled_up` returns by two dimensions; None where the data
        lack one.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to draw.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("Where growth comes from, in points of growth")
    if rows is None or not rows["contribution"].notna().any():
        nothing = why_nothing(_("Nothing to compare."), lacks, reader)
        return style.empty(style.axes(ax), title=title, message=nothing)
    across, down = (str(name) for name in rows.columns[:2])
    named = with_names(rows, [across, down], lang=reader)
    grid = named.pivot_table(index=down, columns=across, values="contribution", aggfunc="sum")
    grid = grid.loc[grid.sum(axis=1).sort_values(ascending=False, kind="stable").index]
    grid = grid[grid.sum().sort_values(ascending=False, kind="stable").index].iloc[:MOST_ROWS]
    axis = style.axes(ax, height=1.6 + 0.36 * max(len(grid), 2))
    said = _grid_of_points(axis, grid, reader)
    return style.finish(
        axis,
        title=title,
        alt=_("Cells of contributions to growth: {parts}.", parts=_("; ").join(said)),
        caption=_(
            "A cell: its change over all net sales of the period before. All cells add up to the "
            "growth of the whole, {growth}.",
            growth=reader.change(math.fsum(rows["contribution"])),
        ),
    )


def _grid_of_points(ax: Axes, grid: pd.DataFrame, reader: Reader) -> list[str]:
    """Fill cells by their sign and size, written with their sign; say each row's largest."""
    values = grid.to_numpy("float64")
    most = float(np.nanmax(np.abs(values))) or 1.0
    norm = TwoSlopeNorm(0.0, -most * 1.1, most * 1.1)
    colours = LinearSegmentedColormap.from_list("signed", [style.BAD, "white", style.GOOD])
    ax.pcolormesh(
        np.ma.masked_invalid(values), cmap=colours, norm=norm, edgecolors="white", linewidth=1
    )
    for row, column in zip(*np.nonzero(~np.isnan(values)), strict=True):
        value = float(values[row, column])
        points = round(100 * value, 2)
        sign = "+" if points > 0 else ""
        ax.text(
            column + 0.5, row + 0.5, sign + reader.number(points, 2), ha="center", va="center",
            fontsize=9, color=style.label_colour(colours(norm(value))),
        )  # fmt: skip
    for one, names in ((ax.xaxis, grid.columns), (ax.yaxis, grid.index)):
        one.set_ticks([n + 0.5 for n in range(len(names))], [str(name) for name in names])
    ax.invert_yaxis()
    ax.xaxis.tick_top()
    ax.tick_params(labelsize=9)
    ax.spines[:].set_visible(False)
    return [f"{name} {reader.points(row.sum(), 2)}" for name, row in grid.iterrows()]


def source_table(found: Sources, *, lang: str | Reader) -> Table:
    """Show which customers growth comes from.

    Parameters
    ----------
    found
        What `revenue.by_customers` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    return table(
        found.kinds,
        lang=reader,
        id="revenue_customers_table",
        caption=_("Which customers change revenue"),
        columns=["kind", "customers", "revenue_before", "revenue", "change", "contribution"],
        names={
            "kind": _("Sales to"),
            "revenue_before": _("Before"),
            "revenue": _("Now"),
            "change": _("Change"),
            "contribution": _("Contribution"),
        },
        units={
            "customers": "count",
            **dict.fromkeys(("revenue_before", "revenue", "change"), "currency"),
            "contribution": "points",
        },
        row_labels={kind: _(name) for kind, name in STEPS.items()},
        whole=["revenue_before", "revenue", "change"],
        notes=[_("Contributions, in points of growth, add up to the growth of the whole.")],
    )


# --- Growth and noise -----------------------------------------------------------------------


@style.styled
def growth_dots(
    rates: pd.DataFrame | None,
    *,
    lang: str | Reader,
    lacks: Sequence[str] = (),
    overall: float | None = None,
    overall_of: Literal["whole", "comparable"] = "whole",
    ax: Axes | None = None,
) -> Axes:
    """Draw the growth of each segment, or of each year, with its interval.

    Parameters
    ----------
    rates
        What `revenue.growth_by` or `revenue.growth_of_years` returns; `MOST_ROWS` are drawn, those
        without an interval last. None where nothing is compared.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to draw.
    overall
        A growth rate to compare with, drawn as a line.
    overall_of
        Whose it is: ``"whole"``, of all together; ``"comparable"``, of the stores open in both
        periods.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if rates is None:
        nothing = why_nothing(_("No growth rate to show."), lacks, reader)
        return style.empty(style.axes(ax), title=_("Growth"), message=nothing)
    known = rates.dropna(subset=["growth"]) if len(rates) else rates
    is_years = "start" in rates.columns
    if not is_years and len(known):
        known = known.assign(bare=known["low"].isna()).sort_values("bare", kind="stable")
    rows = known.iloc[:MOST_ROWS]
    keys = [] if is_years else dimensions_of(rates, until="buyers")
    axis = style.axes(ax, height=intervals.height(len(rows)))
    title = (
        _("Growth on the year before, year by year")
        if is_years
        else _("Growth: {what}", what=" \u00b7 ".join(dimension_names(keys, lang=reader).values()))
    )
    if rows.empty:
        return style.empty(axis, title=title, message=_("No growth rate to show."))
    names = (
        [year_name(row, reader) for row in rows.to_dict("records")]
        if is_years
        else _names(rows, keys, reader)
    )
    holed = _holed(rows)
    low, high = (rows[end].mask(holed).tolist() for end in ("low", "high"))
    said = intervals.draw(
        axis, names=names, values=rows["growth"].tolist(), low=low, high=high, unit="fraction",
        reader=reader, reference=overall,
    )  # fmt: skip
    _clip(axis, rows, reader)
    axis.axvline(0, color=style.INK, linewidth=0.8)
    return style.finish(
        axis,
        title=title,
        alt=_("Dots of growth: {parts}.", parts=_("; ").join(said)),
        caption=" ".join(
            [
                *_growth_caption(rows, overall, overall_of, reader),
                *of_holed_dots(reader, any_holed=bool(holed.any())),
            ]
        ),
    )


def _holed(rates: pd.DataFrame) -> pd.Series[bool]:
    """Say of which years prices are missing for more of one of the two that are compared."""
    if "unpriced" not in rates.columns:
        return pd.Series(False, index=rates.index)
    return differ(rates["unpriced_before"], rates["unpriced"])


def _clip(ax: Axes, rows: pd.DataFrame, reader: Reader) -> None:
    """Keep a new or closed store, whose growth is extreme, from flattening all the others.

    Its growth is written at the edge that it lies beyond.
    """
    is_usual = rows["growth"].between(*_USUAL_GROWTH)
    usual = rows[is_usual]
    if usual.empty or len(usual) == len(rows):
        return
    ends = usual[["low", "high", "growth"]].to_numpy("float64")
    low, high = min(0.0, float(np.nanmin(ends))), max(0.0, float(np.nanmax(ends)))
    room = 0.06 * ((high - low) or 1.0)
    ax.set_xlim(low - room, high + room)
    for place, (growth, inside) in enumerate(zip(rows["growth"], is_usual, strict=True)):
        if not inside:
            right = growth > high
            shown = reader.change(growth, 0)
            ax.annotate(
                f"{shown} \u25b6" if right else f"\u25c0 {shown}",
                (high + room if right else low - room, place), fontsize=9, va="center",
                xytext=(-3 if right else 3, 0), textcoords="offset points",
                ha="right" if right else "left", color=style.MUTED,
            )  # fmt: skip


def _piece_of(rows: pd.DataFrame) -> str:
    """Return what moves as a whole in the intervals of years: months, weeks, or nothing told."""
    if "start" not in rows.columns:
        return ""
    start, end = (pd.Timestamp(rows[name].iloc[-1]).date() for name in ("start", "end"))
    before = [shift(bound, months=-MONTHS_A_YEAR) for bound in (start, end)]
    pieces = Pieces.of(Periods(start, end, *before))
    return pieces.piece if pieces.are_enough else ""


def _growth_caption(
    rows: pd.DataFrame, overall: float | None, overall_of: str, reader: Reader
) -> list[str]:
    _ = reader.translate
    said = [
        {
            "month": _("Bars: 95% interval, over customers and over months that move as a whole."),
            "week": _("Bars: 95% interval, over customers and over weeks that move as a whole."),
        }.get(_piece_of(rows), _("Bars: 95% interval, customers as the unit that was drawn."))
    ]
    if overall is not None and not is_absent(overall):
        share = reader.change(overall)
        said.append(
            _("Dashes: the stores open in both periods together, {share}.", share=share)
            if overall_of == "comparable"
            else _("Dashes: all together, {share}.", share=share)
        )
    if rows["low"].isna().any():
        said.append(_("Hollow: too few customers, or amounts too unlike, to tell."))
    usual = rows["growth"].between(*_USUAL_GROWTH)
    if usual.any() and not usual.all():
        said.append(_("At the edge: growth beyond the axis, as of what has just opened or closed."))
    return said


def year_name(row: Mapping[Any, Any], reader: Reader) -> str:
    """Return the year that a period is, or its dates where it is none of the calendar."""
    start, end = (pd.Timestamp(row[name]).date() for name in ("start", "end"))
    return str(start.year) if _is_year(start, end) else reader.date_range(start, end)


def growth_table(rates: pd.DataFrame, *, lang: str | Reader) -> Table:
    """Show the growth of each segment, or of each year, with its interval.

    Parameters
    ----------
    rates
        What `revenue.growth_by` or `revenue.growth_of_years` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    is_years = "start" in rates.columns
    keys = [] if is_years else dimensions_of(rates, until="buyers")
    name = (
        [year_name(row, reader) for row in rates.to_dict("records")]
        if is_years
        else row_names(rates, keys, lang=reader)
    )
    what = _("Year") if is_years else " \u00b7 ".join(dimension_names(keys, lang=reader).values())
    shown = rates.assign(
        segment_name=name,
        interval=intervals.column(rates, reader.change, reader) if len(rates) else [],
    )
    return table(
        shown,
        lang=reader,
        id="growth_of_years" if is_years else "growth_by_" + "_".join(keys).lower(),
        caption=_("Growth with its interval: {what}", what=what),
        columns=[
            "segment_name",
            "buyers",
            "revenue_before",
            "revenue",
            "growth",
            "interval",
            "low",
            "high",
        ],
        hidden=["low", "high"],
        names={
            "segment_name": what,
            "buyers": _("Customers (or orders without one)"),
            "revenue_before": _("Before"),
            "revenue": _("Now"),
            "growth": _("Growth"),
            "interval": _("95% interval"),
        },
        units={
            "segment_name": "text",
            "buyers": "count",
            **dict.fromkeys(("revenue_before", "revenue"), "currency"),
            "growth": "change",
            "interval": "interval",
            **dict.fromkeys(("low", "high"), "fraction"),
        },
        kpis={"growth": "revenue_growth"},
        whole=["revenue_before", "revenue"],
        shown=MOST_ROWS,
        notes=no_verdict_on(
            [label for label, is_one in zip(name, _holed(rates), strict=True) if is_one],
            of=len(rates),
            reader=reader,
        ),
    )


@style.styled
def growth_pieces(found: Growth | None, *, lang: str | Reader, ax: Axes | None = None) -> Axes:
    """Draw growth month by month, or week by week, around that of the period.

    Parameters
    ----------
    found
        What `revenue.growth` returns; None where nothing is compared.
    lang
        The reader, or a language.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    axis = style.axes(ax, height=3.2)
    of_weeks = found is not None and found.piece == "week"
    title = (
        _("Growth of each week, on that of the period before")
        if of_weeks
        else _("Growth of each month, on that of the period before")
    )
    if found is None:
        return style.empty(axis, title=title, message=_("Nothing to compare."))
    tick = style.short_day if of_weeks else style.short_month
    rows = found.pieces.dropna(subset=["growth"])
    if found.piece is None or rows.empty:
        return style.empty(axis, title=title, message=_("Too short a period for its months."))
    places = rows.index.to_numpy()
    caption = [_("Dashes: growth of the period.")]
    if found.low is not None and found.high is not None:
        axis.axhspan(found.low, found.high, color=style.GRID, alpha=0.7)
        caption.append(_("Grey band: its 95% interval."))
    caption.append(_("A week alone says little.") if of_weeks else _("A month alone says little."))
    if found.value is not None:
        axis.axhline(found.value, color=style.ACCENT, linestyle="--", linewidth=1.4)
    for place, growth in zip(places, rows["growth"], strict=True):
        axis.plot([place, place], [0, growth], color=style.REFERENCE, linewidth=1.2)
        colour, marker = (style.ACCENT, "o") if growth >= 0 else (style.BAD, "v")
        axis.plot(place, growth, color=colour, marker=marker, markersize=6.5)
    axis.axhline(0, color=style.INK, linewidth=0.8)
    at = list(found.pieces["start"])
    step = max(1, math.ceil(len(at) / 12))
    axis.set_xticks(
        range(0, len(at), step),
        [tick(day, reader, first=n == 0) for n, day in enumerate(at[::step])],
        fontsize=9,
    )
    style.value_axis(axis.yaxis, unit="fraction", reader=reader)
    axis.grid(axis="y")
    at_start = reader.date if of_weeks else partial(reader.month, short=True)
    parts = [
        f"{at_start(row['start'])} {reader.change(row['growth'])}"
        for row in rows.to_dict("records")
    ]
    return style.finish(
        axis,
        title=title,
        alt=_("Dots of growth: {parts}.", parts=_("; ").join(parts)),
        caption=" ".join(caption),
    )
