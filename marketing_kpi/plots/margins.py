"""Figures of margins and promotions: what `marketing_kpi.margins` returns, drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from marketing_kpi.margins import RATES, BreakEven
from marketing_kpi.plots import intervals, style
from marketing_kpi.plots.dimensions import dimension_names, row_names, shortened, with_names
from marketing_kpi.plots.retention import why_nothing
from marketing_kpi.plots.sentences.base import Sentence
from marketing_kpi.plots.tables import Table, table
from marketing_kpi.promotions.effects import Study
from marketing_kpi.text import counted
from marketing_kpi.text.locale import Reader, is_absent
from marketing_kpi.text.messages import N_

MOST_ROWS = 15
"""Rows that a figure or a table of margins shows; the bundle of a report holds all of them."""

STEP_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "net_sales": N_("Net sales (costs known)"),
        "goods": N_("Cost of goods sold"),
        "gross_profit": N_("Gross profit"),
        "fulfilment_cost": N_("Fulfilment"),
        "payment_cost": N_("Payment fees"),
        "promotion_cost": N_("Promotions, less supplier funding"),
        "contribution_margin": N_("Contribution margin"),
        "fixed_costs": N_("Fixed costs"),
        "result": N_("Result"),
    }
)
"""Names of the steps from net sales to the result."""

RATE_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "lift": N_("Lift: extra units / baseline"),
        "cannibalisation": N_("Cannibalisation: units lost / extra units"),
        "pull_forward": N_("Pulled forward: missing / expected after"),
    }
)
"""Names of the rates over all promotions."""

REASONS: Mapping[str, str] = MappingProxyType(
    {
        "not_sold": N_("no line was sold on it"),
        "whole_shop": N_(
            "more than half of the shop was on promotion: too little is left to compare with"
        ),
        "one_shelf": N_(
            "the categories concerned sell more than half of the units: too few other shelves are "
            "left to compare with"
        ),
        "no_category": N_("the categories of products are needed to compare with other shelves"),
        "overlap": N_(
            "another promotion, on the same products or on others of their categories, ran on some "
            "of the same days"
        ),
        "history": N_("fewer than twelve weeks of sales without a promotion"),
        "few": N_("too few units"),
    }
)
"""Why the data cannot tell what a promotion changed."""

VERDICTS: Mapping[str, str] = MappingProxyType(
    {"higher": N_("earned"), "lower": N_("lost"), "cannot_tell": N_("cannot tell")}
)
"""What a promotion did to the margin."""

_SHORT = {
    "net_sales": N_("Net sales"),
    "cost_of_goods_sold": N_("Cost of goods"),
    "gross_profit": N_("Gross profit"),
    "gross_margin_rate": N_("Margin on price"),
    "markup_rate": N_("Markup on cost"),
    "profit_share": N_("Share of gross profit"),
}
_PARTS = ("goods", "fulfilment_cost", "payment_cost", "promotion_cost", "fixed_costs", "result")
_CENT = 0.01
_LONGEST_NAME = 26
_SHADE = "#d9e6f2"


def promotion_name(row: Mapping[Any, Any] | pd.Series[Any]) -> str:
    """Return what a promotion is called: its name, or else its id."""
    return str(row["promotion_id"] if is_absent(row["name"]) else row["name"])


def _with_state(row: Mapping[Any, Any], reader: Reader) -> str:
    """Return what a promotion is called, and whether it still ran at the end of the data."""
    _ = reader.translate
    name = promotion_name(row)
    planned = (row["ends_on"] - row["starts_on"]).days + 1
    return _("{name} (still running)", name=name) if row["days"] < planned else name


def _place(day: Any) -> float:
    """Return where matplotlib draws a day: days since 1970."""
    return (pd.Timestamp(day) - pd.Timestamp(0)) / pd.Timedelta(days=1)


def _keys(frame: pd.DataFrame, known: Sequence[str]) -> list[str]:
    return [name for name in frame.columns if name not in known]


# --- Margins --------------------------------------------------------------------------------


@style.styled
def margin_rates(
    margins: pd.DataFrame, *, lang: str | Reader, lacks: Sequence[str] = (), ax: Axes | None = None
) -> Axes:
    """Draw the margin on price and that on cost of each row, side by side.

    Parameters
    ----------
    margins
        What `margins.margins_by` returns by one dimension; its first `MOST_ROWS` rows are drawn.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that nothing can be drawn.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("Margin on price and on cost")
    known = margins.dropna(subset=["gross_margin_rate"]) if len(margins) else margins
    shown = known.head(MOST_ROWS)
    axis = style.axes(ax, height=intervals.height(len(shown)) + 0.4)
    if shown.empty:
        message = why_nothing(_("No sale of a known cost."), lacks, reader)
        return style.empty(axis, title=title, message=message)
    keys = _keys(shown, [*RATES, "profit_share"])
    names = [shortened(name, _LONGEST_NAME) for name in row_names(shown, keys, lang=reader)]
    places = np.arange(len(shown))
    axis.hlines(
        places, shown["gross_margin_rate"], shown["markup_rate"], color=style.GRID, linewidth=2
    )
    axis.plot(
        shown["gross_margin_rate"], places, "o", color=style.ACCENT, markersize=7,
        label=_("on price (margin)"),
    )  # fmt: skip
    axis.plot(
        shown["markup_rate"], places, "D", markerfacecolor="white", markeredgecolor=style.BAD,
        markersize=6.5, label=_("on cost (markup)"),
    )  # fmt: skip
    axis.set_yticks(places, names, fontsize=9)
    axis.set_ylim(len(shown) - 0.5, -0.5)
    axis.set_xlim(left=min(0.0, float(shown["gross_margin_rate"].min()) * 1.05))
    style.value_axis(axis.xaxis, unit="fraction", reader=reader)
    axis.grid(axis="x")
    axis.legend(loc="upper center", bbox_to_anchor=(0.45, -0.1), ncols=2, fontsize=9)
    said = [
        _(
            "{name} {price} and {cost}",
            name=name,
            price=reader.percent(row.gross_margin_rate),
            cost=reader.percent(row.markup_rate),
        )
        for name, row in zip(names, shown.itertuples(), strict=True)
    ]
    return style.finish(
        axis,
        title=title,
        alt=_("Margin on price, then on cost: {rates}.", rates="; ".join(said)),
        caption=_(
            "The same profit, divided by what customers paid or by what the goods cost. From the "
            "highest gross profit down."
        ),
    )


def margin_table(
    margins: pd.DataFrame, *, lang: str | Reader, id: str = "margins", lacks: Sequence[str] = ()
) -> Table | Sentence:
    """Show margins on price and on cost, a row a cell.

    Parameters
    ----------
    margins
        What `margins.margins_by` returns.
    lang
        The reader, or a language.
    id
        Name of the table in the exports.
    lacks
        What the data lack, so that nothing can be shown.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if margins.empty:
        return Sentence(why_nothing(_("No sale of a known cost."), lacks, reader))
    keys = _keys(margins, [*RATES, "profit_share"])
    names = {name: _(label) for name, label in _SHORT.items()} | dimension_names(keys, lang=reader)
    money = ("net_sales", "cost_of_goods_sold", "gross_profit")
    units = dict.fromkeys(money, "currency")
    units |= dict.fromkeys(("gross_margin_rate", "markup_rate", "profit_share"), "fraction")
    units |= dict.fromkeys(keys, "text")
    left = margins["net_sales"] - margins["cost_of_goods_sold"] - margins["gross_profit"]
    apart = int((left.abs() >= _CENT).sum())
    notes = [
        _(
            "Gross profit and its rates are of the lines sold whose price and cost are both known; "
            "net sales and cost of goods each count what is known. Rows where their difference is "
            "therefore not the gross profit: {n} of {all}.",
            n=reader.integer(apart),
            all=reader.integer(len(margins)),
        )
    ]
    return table(
        with_names(margins, keys, lang=reader),
        lang=reader,
        id=id,
        caption=_("Margins, from the highest gross profit down"),
        units=units,
        names=names,
        kpis={kpi: kpi for kpi in RATES},
        columns=[*keys, *RATES, "profit_share"],
        shown=MOST_ROWS,
        notes=notes if apart else [],
        whole=money,
    )


@style.styled
def sales_split(levels: pd.DataFrame, *, lang: str | Reader, ax: Axes | None = None) -> Axes:
    """Draw where each 100 of net sales go.

    Parameters
    ----------
    levels
        What `margins.levels` returns.
    lang
        The reader, or a language.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("Where 100 of net sales go")
    rates = pd.Series(dtype="float64") if levels.empty else levels.set_index("step")["rate"]
    known = [step for step in _PARTS if step in rates.index and not pd.isna(rates[step])]
    axis = style.axes(ax, height=intervals.height(len(known)))
    if not known:
        return style.empty(axis, title=title, message=_("No sale of a known cost."))
    values = [100 * (rates[step] if step == "result" else -rates[step]) for step in known]
    names = [_(STEP_NAMES[step]) for step in known]
    for place, (step, value) in enumerate(zip(known, values, strict=True)):
        is_left = step == "result"
        axis.barh(place, value, height=0.62, **style.change_look(is_left))
        axis.annotate(
            reader.number(value, decimals=1), (max(value, 0), place), xytext=(4, 0),
            textcoords="offset points", va="center", fontsize=9,
        )  # fmt: skip
    axis.set_yticks(range(len(known)), names, fontsize=9)
    axis.set_ylim(len(known) - 0.5, -0.5)
    axis.set_xlim(min(0, *values) * 1.1, max(values) * 1.15)
    axis.axvline(0, color=style.REFERENCE, linewidth=0.8)
    style.value_axis(axis.xaxis, unit="number", reader=reader)
    axis.grid(axis="x")
    said = [
        f"{name} {reader.number(value, decimals=1)}"
        for name, value in zip(names, values, strict=True)
    ]
    caption = _("Net sales of the lines whose costs are known. Hatched: costs; full: what is left.")
    if "promotion_cost" in known and rates["promotion_cost"] > 0:
        caption += " " + _(
            "A negative cost is money received: suppliers paid more than the promotions cost."
        )
    return style.finish(
        axis,
        title=title,
        alt=_("Of 100 of net sales: {parts}.", parts="; ".join(said)),
        caption=caption,
    )


def level_table(levels: pd.DataFrame, *, lang: str | Reader) -> Table:
    """Show the steps from net sales to the result, in money and of net sales.

    Parameters
    ----------
    levels
        What `margins.levels` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    notes = []
    amounts = levels.set_index("step")["amount"]
    if amounts.drop("result").isna().any():
        notes = [_("A dash: the data do not tell that cost, nor any margin after it.")]
    elif amounts.isna().any():
        notes = [_("No result: fixed costs are those of all sales, and some have no known cost.")]
    return table(
        levels,
        lang=reader,
        id="margin_levels",
        caption=_("From net sales to the result"),
        units={"step": "text", "amount": "currency", "rate": "fraction"},
        names={"step": _("Step"), "amount": _("Amount"), "rate": _("Of net sales")},
        row_labels={step: _(name) for step, name in STEP_NAMES.items()},
        kpis={
            "goods": "cost_of_goods_sold",
            "gross_profit": "gross_profit",
            "contribution_margin": "contribution_margin",
        },
        notes=notes,
        whole=("amount",),
    )


def contribution_table(
    parts: pd.DataFrame,
    *,
    lang: str | Reader,
    id: str = "contribution",
    lacks: Sequence[str] = (),
) -> Table | Sentence:
    """Show net sales, the variable costs that were shared out and what they leave.

    Parameters
    ----------
    parts
        What `margins.contribution_by` returns.
    lang
        The reader, or a language.
    id
        Name of the table in the exports.
    lacks
        What the data lack, so that nothing can be shown.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if parts.empty:
        return Sentence(why_nothing(_("No sale of a known cost."), lacks, reader))
    money = ["net_sales", "cost", "fulfilment_cost", "payment_cost", "promotion_cost"]
    money.append("contribution_margin")
    keys = _keys(parts, ["allocated", *money, "contribution_margin_rate"])
    shown = with_names(parts, keys, lang=reader)
    for key in keys:
        shown[key] = shown[key].where(parts["allocated"], _("Not allocated"))
    names = {
        "net_sales": _("Net sales"),
        "cost": _("Cost of goods"),
        "fulfilment_cost": _("Fulfilment"),
        "payment_cost": _("Fees"),
        "promotion_cost": _("Promotions"),
        "contribution_margin": _("Contribution"),
        "contribution_margin_rate": _("Of net sales"),
        **dimension_names(keys, lang=reader),
    }
    units = dict.fromkeys(money, "currency") | dict.fromkeys(keys, "text")
    return table(
        shown,
        lang=reader,
        id=id,
        caption=_("Contribution, each cost shared out to the lines that caused it"),
        units={**units, "contribution_margin_rate": "fraction"},
        names=names,
        kpis={k: k for k in ("contribution_margin", "contribution_margin_rate")},
        columns=[*keys, *money, "contribution_margin_rate"],
        shown=MOST_ROWS,
        whole=money,
    )


# --- Break-even -----------------------------------------------------------------------------


@style.styled
def break_even_lines(
    result: BreakEven | None,
    *,
    lang: str | Reader,
    lacks: Sequence[str] = (),
    ax: Axes | None = None,
) -> Axes:
    """Draw sales against all costs: they cross at the break-even revenue.

    Parameters
    ----------
    result
        What `margins.break_even` returns; None where the data lack what it needs, or else where
        the period cuts a month.
    lang
        The reader, or a language.
    lacks
        What the data lack.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("Sales and costs: the break-even revenue")
    axis = style.axes(ax)
    if result is None or result.rate is None:
        why = (
            _("The period cuts a month, and fixed costs are only known by whole months.")
            if result is None
            else _("No sale of a known cost.")
        )
        return style.empty(axis, title=title, message=why_nothing(why, lacks, reader))
    wanted = max(result.net_sales, result.revenue or 0.0)
    sales = np.array([0.0, 1.12 * wanted])
    costs = result.fixed_costs + (1 - result.rate) * sales
    axis.plot(sales, sales, color=style.ACCENT, label=_("Net sales"))
    axis.plot(sales, costs, color=style.BAD, linestyle="--", label=_("All costs"))
    axis.axhline(result.fixed_costs, color=style.REFERENCE, linewidth=1.2, linestyle=":",
                 label=_("Fixed costs"))  # fmt: skip
    axis.fill_between(sales, costs, sales, where=[True, True], color=style.GRID, alpha=0.5)
    money = reader.money
    alt = [
        _(
            "Fixed costs of {fixed}; each 100 of sales leave {rate} to pay them.",
            fixed=money(result.fixed_costs, decimals=0),
            rate=reader.number(100 * result.rate, decimals=1),
        )
    ]
    if result.revenue is not None:
        axis.plot(result.revenue, result.revenue, "o", color=style.INK, markersize=8)
        axis.annotate(
            _("break-even\n{revenue}", revenue=money(result.revenue, decimals=0)),
            (result.revenue, result.revenue), xytext=(-8, 8), textcoords="offset points",
            ha="right", va="bottom", fontsize=9,
        )  # fmt: skip
        alt.append(_("They cross at {revenue}.", revenue=money(result.revenue, decimals=0)))
    axis.plot(result.net_sales, result.net_sales, "s", markerfacecolor="white",
              markeredgecolor=style.ACCENT, markersize=8)  # fmt: skip
    axis.annotate(
        _("sold\n{sales}", sales=money(result.net_sales, decimals=0)),
        (result.net_sales, result.net_sales), xytext=(-8, 8), textcoords="offset points",
        ha="right", va="bottom", fontsize=9,
    )  # fmt: skip
    alt.append(_("Sold in the period: {sales}.", sales=money(result.net_sales, decimals=0)))
    axis.set_xlim(0, 1.25 * wanted)
    axis.set_ylim(bottom=0)
    style.value_axis(axis.xaxis, unit="currency", reader=reader, ticks=4)
    style.value_axis(axis.yaxis, unit="currency", reader=reader)
    axis.set_xlabel(_("Net sales of the period"))
    axis.grid(axis="y")
    axis.legend(loc="upper left", fontsize=9)
    return style.finish(
        axis,
        title=title,
        alt=" ".join(alt),
        caption=_(
            "Grey: the loss on the left of the crossing, the profit on its right. Variable costs "
            "are taken in proportion to sales, which holds near today's sales."
        ),
    )


@style.styled
def break_even_calendar(
    result: BreakEven | None,
    *,
    lang: str | Reader,
    lacks: Sequence[str] = (),
    ax: Axes | None = None,
) -> Axes:
    """Draw the contribution as it adds up day by day, against the fixed costs of the period.

    Parameters
    ----------
    result
        What `margins.break_even` returns; None where the data lack what it needs.
    lang
        The reader, or a language.
    lacks
        What the data lack.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("The day on which fixed costs are paid")
    axis = style.axes(ax)
    if result is None or result.by_day.empty or result.rate is None:
        message = why_nothing(_("No sale of a known cost."), lacks, reader)
        return style.empty(axis, title=title, message=message, is_said=True)
    days = result.by_day
    axis.plot(days["day"], days["contribution"], color=style.ACCENT,
              label=_("Contribution so far"))  # fmt: skip
    ends = [days["day"].iloc[0], days["day"].iloc[-1]]
    axis.plot(ends, [0, days["contribution"].iloc[-1]], color=style.REFERENCE, linestyle=":",
              label=_("at an even pace"))  # fmt: skip
    axis.axhline(result.fixed_costs, color=style.BAD, linestyle="--", label=_("Fixed costs"))
    said = _("The contribution had not paid the fixed costs by the end.")
    if result.reached_on is not None:
        at = _place(result.reached_on)
        axis.plot(at, result.fixed_costs, "o", color=style.INK, markersize=8)
        axis.annotate(
            reader.date(result.reached_on), (at, result.fixed_costs), xytext=(6, -8),
            textcoords="offset points", ha="left", va="top", fontsize=9,
        )  # fmt: skip
        said = _("The contribution reaches them on {day}.", day=reader.date(result.reached_on))
    style.value_axis(axis.yaxis, unit="currency", reader=reader)
    months = pd.date_range(ends[0].replace(day=1), ends[1], freq="MS")
    months = months[:: max(1, len(months) // 6)]
    labels = [style.short_month(m, reader, first=n == 0) for n, m in enumerate(months)]
    axis.set_xticks([_place(month) for month in months], labels)
    axis.grid(axis="y")
    axis.legend(loc="upper left", fontsize=9)
    fixed = reader.money(result.fixed_costs, decimals=0)
    return style.finish(
        axis,
        title=title,
        alt=f"{_('Fixed costs of the period: {fixed}.', fixed=fixed)} {said}",
        caption=_(
            "Contribution of the months whose fixed costs are known, added up from the first day. "
            "Dotted: the even pace that the break-even point in days supposes."
        ),
    )


# --- Promotions -----------------------------------------------------------------------------


@style.styled
def promotion_track(
    study: Study | None,
    *,
    lang: str | Reader,
    promotion: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw what the products of a promotion sold, week by week, and what they would have sold.

    Parameters
    ----------
    study
        What `margins.promotions` returns; None where the data lack what it needs.
    lang
        The reader, or a language.
    promotion
        Its id; by default the one with the most extra units.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("A promotion, week by week")
    axis = style.axes(ax)
    told = None if study is None else study.promotions.dropna(subset=["extra"])
    if study is None or told is None or told.empty:
        message = _("No promotion of the period can be measured.")
        return style.empty(axis, title=title, message=message, is_said=True)
    ranked = told.sort_values("extra", ascending=False)
    asked = ranked if promotion is None else told[told["promotion_id"] == promotion]
    chosen = asked.iloc[0]
    weeks = study.tracks[study.tracks["promotion_id"] == chosen["promotion_id"]]
    axis.axvspan(
        chosen["starts_on"], chosen["ends_on"] + pd.Timedelta(days=1), color=_SHADE, zorder=0
    )
    middle = weeks["week"] + pd.Timedelta(days=3)
    axis.fill_between(middle, weeks["low"].clip(lower=0), weeks["high"], color=style.GRID)
    axis.plot(middle, weeks["baseline"], color=style.REFERENCE, linestyle="--",
              label=_("would have sold"))  # fmt: skip
    looks: dict[str, Any] = {
        "reference": {"marker": "o", "color": style.ACCENT},
        "promotion": {"marker": "D", "color": style.BAD},
        "after": {"marker": "s", "markerfacecolor": "white", "color": style.BAD},
        "other": {"marker": "o", "markerfacecolor": "white", "color": style.REFERENCE},
    }
    names = {
        "reference": _("sold, ordinary weeks"),
        "promotion": _("sold, promotion"),
        "after": _("sold, weeks after"),
        "other": _("sold, another promotion"),
    }
    for kind, look in looks.items():
        these = (weeks["kind"] == kind).to_numpy()
        if these.any():
            axis.plot(middle[these], weeks["units"][these], linestyle="", markersize=6.5,
                      label=names[kind], **look)  # fmt: skip
    style.value_axis(axis.yaxis, unit="count", reader=reader)
    axis.set_ylim(bottom=0)
    axis.set_ylabel(_("Units a week"))
    months = pd.date_range(weeks["week"].min(), weeks["week"].max(), freq="MS")
    labels = [style.short_month(m, reader, first=n == 0) for n, m in enumerate(months)]
    axis.set_xticks([_place(month) for month in months], labels)
    axis.grid(axis="y")
    axis.legend(loc="upper center", bbox_to_anchor=(0.45, -0.13), ncols=2, fontsize=8.5)
    return style.finish(
        axis,
        title=promotion_name(chosen),
        alt=_(
            "{name}: {units} sold in {days}, where {baseline} would have been ({low} to {high}).",
            name=promotion_name(chosen),
            units=counted.units(chosen["units"], reader),
            days=reader.days(chosen["days"]),
            baseline=reader.integer(chosen["baseline"]),
            low=reader.integer(chosen["baseline_low"]),
            high=reader.integer(chosen["baseline_high"]),
        ),
        caption=_(
            "Blue ground: the days of the promotion. Grey band: 95% interval of what a week would "
            "have sold. Only ordinary weeks serve to learn it."
        ),
    )


@style.styled
def promotion_margins(study: Study | None, *, lang: str | Reader, ax: Axes | None = None) -> Axes:
    """Draw the incremental margin of each promotion with its interval.

    Parameters
    ----------
    study
        What `margins.promotions` returns; None where the data lack what it needs.
    lang
        The reader, or a language.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("What each promotion changed in the margin")
    known = pd.DataFrame() if study is None else study.promotions.dropna(subset=["margin"])
    known = known.head(MOST_ROWS)
    axis = style.axes(ax, height=intervals.height(len(known)))
    if known.empty:
        message = _("No promotion of the period can be measured in money.")
        return style.empty(axis, title=title, message=message, is_said=True)
    names = [shortened(promotion_name(row), _LONGEST_NAME) for row in known.to_dict("records")]
    said = intervals.draw(
        axis, names=names, values=known["margin"].tolist(), low=known["margin_low"].tolist(),
        high=known["margin_high"].tolist(), unit="currency", reader=reader, reference=0.0,
    )  # fmt: skip
    caption = _(
        "Margin observed, less what it would have been, less what substitutes and the weeks after "
        "lost, less its cost, plus supplier funding. Bars: 95% intervals. Halo left out."
    )
    return style.finish(
        axis,
        title=title,
        alt=_("Incremental margin, with its 95% interval: {margins}.", margins="; ".join(said)),
        caption=" ".join([caption, *_left_out(known, reader)]),
    )


def promotion_table(study: Study | None, *, lang: str | Reader) -> Table | Sentence:
    """Show what each promotion changed in the margin, and the lift that it had and needed.

    Parameters
    ----------
    study
        What `margins.promotions` returns; None where the data lack what it needs.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if study is None or study.promotions.empty:
        return Sentence(_("No promotion began in the period."))
    rows = study.promotions.reset_index(drop=True)
    margin = _said(rows, "margin", partial(reader.money, decimals=0), reader)
    shown = rows.assign(
        promotion=[_with_state(row, reader) for row in rows.to_dict("records")],
        margin_said=margin,
        verdict=[_(VERDICTS[str(verdict)]) for verdict in rows["verdict"]],
    )
    money = ["margin", "margin_low", "margin_high", "cost", "supplier_funding"]
    hidden = ["promotion_id", *money]
    return table(
        shown,
        lang=reader,
        id="promotions",
        caption=_("What each promotion changed in the margin (95% intervals)"),
        units={
            **dict.fromkeys(("promotion", "verdict", "promotion_id"), "text"),
            "margin_said": "interval", "lift": "fraction", "needed_lift": "fraction",
            **dict.fromkeys(money, "currency"),
        },
        names={
            "promotion": _("Promotion"), "margin_said": _("Incremental margin"),
            "verdict": _("Verdict"), "lift": _("Lift over baseline"),
            "needed_lift": _("Lift needed"),
        },
        kpis={"margin_said": "promotion_incremental_margin"},
        columns=["promotion", "margin_said", "verdict", "lift", "needed_lift", *hidden],
        hidden=hidden,
        notes=[*_not_told(rows, reader), *_left_out(rows, reader)],
    )  # fmt: skip


def promotion_unit_table(study: Study | None, *, lang: str | Reader) -> Table | None:
    """Show the units that each measured promotion moved; None where there is none.

    Parameters
    ----------
    study
        What `margins.promotions` returns; None where the data lack what it needs.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    told = pd.DataFrame() if study is None else study.promotions.dropna(subset=["extra"])
    if told.empty:
        return None
    rows = told.reset_index(drop=True)
    moved = ("extra", "lost", "pulled")
    words = {f"{name}_said": _said(rows, name, "count", reader) for name in moved}
    ends = [f"{name}{end}" for name in moved for end in ("", "_low", "_high")]
    names = {
        "promotion": _("Promotion"), "starts_on": _("From"), "baseline": _("Baseline"),
        "extra_said": _("Extra units"), "lost_said": _("Lost by substitutes"),
        "pulled_said": _("Missing afterwards"), "days": _("Days"), "units": _("Units sold"),
    }  # fmt: skip
    hidden = ["promotion_id", "days", "units", *ends, "cannibalisation"]
    promotion = [_with_state(row, reader) for row in rows.to_dict("records")]
    shown = rows.assign(promotion=promotion, **words)
    shown[["baseline", *ends]] = shown[["baseline", *ends]].round()
    return table(
        shown,
        lang=reader,
        id="promotion_units",
        caption=_("What each promotion moved, in units (95% intervals)"),
        units={
            **dict.fromkeys(("promotion", "promotion_id"), "text"), "starts_on": "date",
            **dict.fromkeys(("baseline", "days", "units", *ends), "count"),
            **dict.fromkeys(words, "interval"), "cannibalisation": "fraction",
        },
        names=names,
        columns=["promotion", "starts_on", "baseline", *words, *hidden],
        hidden=hidden,
    )  # fmt: skip


def _said(rows: pd.DataFrame, name: str, unit: intervals.Shown, reader: Reader) -> list[str]:
    """Return an estimate with its interval, in words; a dash where there is none."""
    write = unit if callable(unit) else lambda value: reader.unit(round(value), unit)
    spreads = intervals.column(rows, write, reader, low=f"{name}_low", high=f"{name}_high")
    return [
        reader.unit(None, "count") if pd.isna(value) else f"{write(value)} ({spread})"
        for value, spread in zip(rows[name], spreads, strict=True)
    ]


def _not_told(rows: pd.DataFrame, reader: Reader) -> list[str]:
    """Say why promotions cannot be measured, a sentence a reason."""
    _ = reader.translate
    return [
        _(
            "{name}: the data cannot tell, {reason}.",
            name=", ".join(promotion_name(row) for row in these.to_dict("records")),
            reason=_(REASONS[str(reason)]),
        )
        for reason, these in rows[rows["reason"].notna()].groupby("reason", sort=False)
    ]


def _left_out(rows: pd.DataFrame, reader: Reader) -> list[str]:
    """Name the promotions of unknown cost, or of which what was bought ahead is unknown."""
    _ = reader.translate
    known = rows[rows["margin"].notna()]
    ahead, uncosted = (
        ", ".join(promotion_name(row) for row in known[known[name].isna()].to_dict("records"))
        for name in ("pulled", "cost")
    )
    said = []
    if ahead:
        said.append(
            _(
                "{name}: what customers bought ahead is not known and is left out; it can only "
                "lower the margin, so that a loss can be told and a gain cannot.",
                name=ahead,
            )
        )
    if uncosted:
        said.append(
            _(
                "{name}: its cost is not known and is left out; it can only lower the margin, so "
                "that a loss can be told and a gain cannot.",
                name=uncosted,
            )
        )
    return said


@style.styled
def promotion_rates(study: Study | None, *, lang: str | Reader, ax: Axes | None = None) -> Axes:
    """Draw lift, cannibalisation and pull-forward over all promotions of the period.

    Of the halo only a range is known (`Study.together`), not a value to draw.

    Parameters
    ----------
    study
        What `margins.promotions` returns; None where the data lack what it needs.
    lang
        The reader, or a language.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("All promotions together, in units")
    known = pd.DataFrame() if study is None else study.together.dropna(subset=["value"])
    axis = style.axes(ax, height=intervals.height(len(known)))
    if known.empty:
        message = _("No promotion of the period can be measured.")
        return style.empty(axis, title=title, message=message, is_said=True)
    names = [_(RATE_NAMES[rate]).replace(_(": "), "\n") for rate in known["rate"]]
    said = intervals.draw(
        axis, names=names, values=known["value"].tolist(), low=known["low"].tolist(),
        high=known["high"].tolist(), unit="fraction", reader=reader, reference=0.0,
    )  # fmt: skip
    return style.finish(
        axis,
        title=title,
        alt=_("Over all promotions, with 95% intervals: {rates}.", rates="; ".join(said)),
        caption=_(
            "Totals over totals. Where several promotions are measured, they say more together "
            "than one: the bars are shorter than in the table."
        ),
    )
