"""Figures and tables of customer lifetime value: what `marketing_kpi.clv` returns, shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from marketing_kpi import clv
from marketing_kpi.plots import intervals, style
from marketing_kpi.plots.dimensions import value_name
from marketing_kpi.plots.sentences import Sentence
from marketing_kpi.plots.sentences.clv import counted_as_lost, is_wide, unmatched
from marketing_kpi.plots.tables import Table, table
from marketing_kpi.rfm import box_name
from marketing_kpi.text.locale import ABSENT, Reader, is_absent
from marketing_kpi.text.messages import N_
from marketing_kpi.worth.acquisition import MOST_UNKNOWN

_COSTS: Mapping[str, str] = {
    "net_sales": N_("Net sales"),
    "net_sales_without_cost": N_("Of which at an unknown cost"),
    "gross_profit": N_("Gross profit"),
    "fulfilment_cost": N_("Delivery: transport, packaging, labour"),
    "payment_cost": N_("Payment fees"),
    "returns_cost": N_("Returns: handling and lost margin"),
    "marketing_cost": N_("Campaigns sent to them"),
    "profit": N_("Profit"),
}
_VERDICTS: Mapping[str, str] = {
    "pays_back": N_("Pays back"),
    "does_not": N_("Does not pay back"),
    "not_yet": N_("Not paid back yet"),
    "cannot_tell": N_("Cannot tell"),
    "nobody": N_("Nobody acquired"),
    "no_spend": N_("No known cost"),
}
_ENDS = ("ratio_low", "ratio_high")
_AFTER_ENDS = ("after_to_cac_low", "after_to_cac_high")
_MOST_LINES = 6
"""Channels whose payback a figure follows: more lines are illegible."""


def _group_name(value: Any, column: str, reader: Reader) -> str:
    _ = reader.translate
    if is_absent(value):
        return _("Not known")
    if (column, value) == ("group", "all"):
        return _("All customers")
    if column == "box":
        return box_name(str(value), lang=reader.lang)
    return value_name(value, column, lang=reader)


# --- Attrition ------------------------------------------------------------------------------


@style.styled
def attrition_rates(
    measured: pd.DataFrame,
    *,
    lang: str | Reader,
    overall: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the attrition rate of each group of customers, with its interval.

    Parameters
    ----------
    measured
        What `clv.attrition` returns, split by its first column.
    lang
        The reader, or a language.
    overall
        The rate of all together, drawn as a line.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("Attrition by group of customers")
    rows = measured.dropna(subset=["rate"]).sort_values("rate", ascending=False)
    axis = style.axes(ax, height=intervals.height(len(rows)))
    if rows.empty:
        message = _("The data do not cover the days that attrition reads.")
        return style.empty(axis, title=title, message=message)
    by = str(measured.columns[0])
    said = intervals.draw(
        axis,
        names=[
            _("{group} ({customers})", group=_group_name(row[by], by, reader), customers=count)
            for row, count in zip(
                rows.to_dict("records"), map(reader.integer, rows["active"]), strict=True
            )
        ],
        values=rows["rate"].tolist(),
        low=rows["low"].tolist(),
        high=rows["high"].tolist(),
        unit="fraction",
        reader=reader,
        reference=overall,
    )
    axis.set_xlim(left=0)
    return style.finish(
        axis,
        title=title,
        alt=_("Dots of the attrition rate: {parts}.", parts=_("; ").join(said)),
        caption=_(
            "Share of the customers active at the start (in brackets) who were lost by the end. "
            "Bars: 95% interval; dashes: all customers."
        ),
    )


@style.styled
def attrition_windows(
    measured: pd.DataFrame, *, lang: str | Reader, ax: Axes | None = None
) -> Axes:
    """Draw how the attrition rate depends on the days after which a customer counts as lost.

    Parameters
    ----------
    measured
        What `clv.attrition_by_window` returns.
    lang
        The reader, or a language.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("The same period, other activity windows")
    rows = measured.dropna(subset=["rate"])
    axis = style.axes(ax, height=intervals.height(len(rows)))
    if rows.empty:
        message = _("The data do not cover the days that attrition reads.")
        return style.empty(axis, title=title, message=message)
    said = intervals.draw(
        axis,
        names=[reader.days(days) for days in rows["activity_days"]],
        values=rows["rate"].tolist(),
        low=rows["low"].tolist(),
        high=rows["high"].tolist(),
        unit="fraction",
        reader=reader,
    )
    axis.set_xlim(left=0)
    return style.finish(
        axis,
        title=title,
        alt=_("Dots of the attrition rate by window: {parts}.", parts=_("; ").join(said)),
        caption=_(
            "A customer counts as active for so many days after an order. Each window also has "
            "other customers: those active at the start by its own rule."
        ),
    )


# --- What customers brought -----------------------------------------------------------------


def cltv_cohorts(cohorts: pd.DataFrame, *, lang: str | Reader) -> Table | Sentence:
    """Show what the customers who began together have brought in.

    Parameters
    ----------
    cohorts
        What `clv.by_cohort` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if cohorts.empty:
        return Sentence(_("No customers to show."))
    shown = ["cohort", "customers", "one_time", "revenue", "margin", "margin_median"]
    notes = [
        _("Everyone whose first order was seen counts, whether or not they ever came back. "
          "Older cohorts have had more time: compare them at the same age.")
    ]  # fmt: skip
    if (cohorts["revenue_without_cost"] > 0).any():
        notes.append(_("Goods of unknown cost add nothing to these margins."))
    return table(
        cohorts,
        lang=reader,
        id="cltv_cohorts",
        caption=_("What customers have brought in so far, by the quarter of their first order"),
        columns=[*shown, "months_observed", "revenue_without_cost"],
        names={
            "cohort": _("Quarter that began in"),
            "one_time": _("Ordered once"),
            "revenue": _("Revenue per customer"),
            "margin": _("Margin per customer"),
            "margin_median": _("Median margin"),
            "months_observed": _("Months observed"),
            "revenue_without_cost": _("Revenue of unknown cost"),
        },
        units={
            "cohort": "month",
            "one_time": "fraction",
            "revenue": "currency",
            "margin": "currency",
            "margin_median": "currency",
            "months_observed": "count",
            "revenue_without_cost": "fraction",
        },
        kpis={"revenue": "historical_cltv"},
        notes=notes,
    )


def simple_cltv(found: clv.Simple, *, lang: str | Reader) -> Table:
    """Show the four averages of the simple formula, and what they make.

    Parameters
    ----------
    found
        What `clv.simple` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    rows = [
        (_("Average order"), "currency", found.average_order_value),
        (_("Orders a year"), "ratio", found.yearly_frequency),
        (_("Gross margin rate"), "fraction", found.gross_margin_rate),
        (_("Lifespan in years"), "ratio", found.lifespan_years),
        (_("Simple CLTV, in margin"), "currency", found.cltv),
        (_("The same in revenue"), "currency", found.revenue),
    ]
    notes = [
        _(
            "The average order and the orders a year are those of identified customers; orders "
            "without a customer are not in them."
        )
    ]
    if not is_absent(found.low):
        spread = intervals.words(found.low, found.high, "currency", reader)
        notes.append(_("95% interval of the CLTV: {interval}.", interval=spread))
    if found.gross_margin_rate is None:
        notes.append(_("The data do not tell costs: give margin_rate, since revenue is no margin."))
    return table(
        pd.DataFrame(rows, columns=["part", "unit", "value"]),
        lang=reader,
        id="simple_cltv",
        caption=_("The simple formula: a product of averages"),
        columns=["part", "value", "unit"],
        names={"part": _("Part")},
        hidden=["unit"],
        row_units=[unit for _name, unit, _value in rows],
        kpis={
            rows[0][0]: "average_order_value",
            rows[1][0]: "purchase_frequency",
            rows[2][0]: "gross_margin_rate",
            rows[3][0]: "customer_lifespan",
            rows[4][0]: "simple_cltv",
        },
        notes=notes,
    )


@style.styled
def discounted_years(years: pd.DataFrame, *, lang: str | Reader, ax: Axes | None = None) -> Axes:
    """Draw what a customer is worth as the horizon grows, at each bound of the retention.

    Parameters
    ----------
    years
        What `clv.discounted_by_year` returns.
    lang
        The reader, or a language.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("Discounted margin of a customer, by horizon")
    axis = style.axes(ax)
    if years.empty or years["total"].isna().all():
        message = _("Needs a margin per customer and a retention rate.")
        return style.empty(axis, title=title, message=message)
    at = years["year"].tolist()
    axis.fill_between(at, years["low"], years["high"], color=style.ACCENT, alpha=0.18, linewidth=0)
    axis.plot(at, years["total"], color=style.ACCENT, marker="o", markersize=4)
    limit = float(years["all_years"].iloc[0])
    axis.axhline(limit, color=style.REFERENCE, linestyle="--", linewidth=1.2)
    axis.set_xticks(at)
    axis.set_xlabel(_("Years counted beyond the first"))
    lowest = float(years["low"].min())
    axis.set_ylim(bottom=min(0.0, 1.1 * lowest))
    if lowest < 0:
        axis.axhline(0, color=style.INK, linewidth=1)
    style.value_axis(axis.yaxis, unit="currency", reader=reader)
    axis.grid(axis="y")
    last = years.iloc[-1]
    return style.finish(
        axis,
        title=title,
        alt=_(
            "Line: {first} with one year beyond the first, {last} with {years}; {limit} over all.",
            first=reader.money(years["total"].iloc[0]),
            last=reader.money(last["total"]),
            years=reader.integer(last["year"]),
            limit=reader.money(limit),
        ),
        caption=_(
            "The margin of the first year counts at once. Band: at the ends of the 95% interval "
            "of the retention rate. Dashes: all the years to come."
        ),
    )


# --- Profit ---------------------------------------------------------------------------------


def customer_costs(
    totals: pd.DataFrame, *, lang: str | Reader, unsure: clv.UnsureReturns | None = None
) -> Table | Sentence:
    """Show what all customers brought in and what serving them cost.

    Parameters
    ----------
    totals
        What `clv.cost_totals` returns.
    lang
        The reader, or a language.
    unsure
        What `clv.unsure_returns` returns: of how many returns it is not known whether the goods
        went back on the shelf.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    by_part = totals.set_index("part")["total"]
    if is_absent(by_part["profit"]):
        return Sentence(_("No customer's profit is known: the data do not tell costs."))
    unknown = [_(_COSTS[part]) for part in by_part.index if is_absent(by_part[part])]
    notes = []
    if unknown:
        notes.append(_("Not in the data, so not deducted: {parts}.", parts=", ".join(unknown)))
    at_unknown_cost = by_part["net_sales_without_cost"]
    lost = counted_as_lost(unsure, reader)
    if lost and by_part["returns_cost"]:
        notes.append(lost)
    if unknown and not at_unknown_cost and not lost:
        notes.append(_("The profit is the most that it can be."))
    if at_unknown_cost:
        notes.append(
            _(
                "{amount} of goods of unknown cost add nothing to the gross profit, nor to the "
                "profit: their margin is missing there.",
                amount=reader.money(at_unknown_cost, decimals=0),
            )
        )
    if left_out := int(totals["left_out"].iloc[0]):
        notes.append(
            _.n(
                "{count} customer, none of whose goods has a known cost, is in no amount.",
                "{count} customers, none of whose goods has a known cost, are in no amount.",
                left_out,
                count=reader.integer(left_out),
            )
        )
    is_shown = (totals["part"] != "net_sales_without_cost") | bool(at_unknown_cost)
    return table(
        totals[is_shown],
        lang=reader,
        id="customer_costs",
        caption=_("From net sales to profit, identified customers of the period"),
        columns=["part", "total", "per_customer"],
        names={"part": _("Part"), "total": _("Total"), "per_customer": _("Per customer")},
        units={"total": "currency", "per_customer": "currency"},
        row_labels={part: _(name) for part, name in _COSTS.items()},
        kpis={
            "net_sales": "net_sales",
            "gross_profit": "gross_profit",
            "profit": "customer_profitability",
        },
        notes=notes,
    )


@style.styled
def whale_curve(curve: pd.DataFrame, *, lang: str | Reader, ax: Axes | None = None) -> Axes:
    """Draw cumulated profit against customers, the most profitable first.

    Parameters
    ----------
    curve
        What `clv.whale_curve` returns.
    lang
        The reader, or a language.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("Cumulated profit, the most profitable customers first")
    axis = style.axes(ax)
    if curve.empty:
        message = _("No customer's profit is known: the data do not tell costs.")
        return style.empty(axis, title=title, message=message)
    shares = [0.0, *curve["customers_share"]]
    profits = [0.0, *curve["profit"]]
    axis.plot(shares, profits, color=style.ACCENT)
    top = curve.iloc[int(curve["profit"].to_numpy(dtype="float64").argmax())]
    axis.plot(top["customers_share"], top["profit"], marker="o", markersize=7, color=style.INK)
    axis.axhline(profits[-1], color=style.REFERENCE, linestyle="--", linewidth=1.2)
    axis.set_xlim(0, 1)
    axis.set_ylim(bottom=min(0.0, *profits))
    axis.set_xlabel(_("Share of customers"))
    style.value_axis(axis.xaxis, unit="fraction", reader=reader)
    style.value_axis(axis.yaxis, unit="currency", reader=reader)
    axis.grid()
    return style.finish(
        axis,
        title=title,
        alt=_(
            "Curve that rises to {top} with {share} of customers, then falls to {all}.",
            top=reader.money(top["profit"]),
            share=reader.percent(top["customers_share"], decimals=0),
            all=reader.money(profits[-1]),
        ),
        caption=_("From the dot on, each customer takes profit away. Dashes: the profit of all."),
    )


# --- Prediction -----------------------------------------------------------------------------


@style.styled
def holdout_by_frequency(
    compared: pd.DataFrame, *, lang: str | Reader, ax: Axes | None = None
) -> Axes:
    """Draw what customers bought in the holdout against what was foretold, by their past.

    Parameters
    ----------
    compared
        What `clv.by_frequency` returns.
    lang
        The reader, or a language.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("Held out: purchases foretold and made, per customer")
    axis = style.axes(ax)
    rows = compared.dropna(subset=["actual_mean", "predicted_mean"])
    if rows.empty:
        return style.empty(axis, title=title, message=_("No forecast could be checked."))
    places = list(range(len(rows)))
    axis.bar(
        places, rows["actual_mean"], width=0.62, color=style.GRID, edgecolor=style.MUTED,
        linewidth=0.6, label=_("Made"),
    )  # fmt: skip
    axis.plot(
        places, rows["predicted_mean"], color=style.ACCENT, marker="o", linestyle="none",
        label=_("Foretold, with 95% interval"),
    )  # fmt: skip
    known = rows["low"].notna().to_numpy()
    for place, row in zip(places, rows.to_dict("records"), strict=True):
        if known[place]:
            ends = [row["low"] / row["customers"], row["high"] / row["customers"]]
            axis.plot([place, place], ends, color=style.ACCENT, linewidth=1.6)
    most = int(compared["frequency"].max())
    names = [
        _("{count} or more", count=reader.integer(count))
        if count == most
        else reader.integer(count)
        for count in rows["frequency"]
    ]
    axis.set_xticks(places, names)
    axis.set_xlabel(_("Repeat purchases before"))
    axis.set_ylim(bottom=0)
    style.value_axis(axis.yaxis, unit="number", reader=reader)
    axis.grid(axis="y")
    axis.legend(loc="upper left", fontsize=9)
    parts = [
        _("{past}: {made} made, {foretold} foretold", past=name,
          made=reader.number(row["actual_mean"], decimals=2),
          foretold=reader.number(row["predicted_mean"], decimals=2))
        for name, row in zip(names, rows.to_dict("records"), strict=True)
    ]  # fmt: skip
    return style.finish(
        axis,
        title=title,
        alt=_("Bars and dots by repeat purchases before: {parts}.", parts=_("; ").join(parts)),
        caption=_(
            "The model read only what came before the days held out. For one right model in "
            "three, at least one of eight intervals misses."
        ),
    )


@style.styled
def holdout_tracking(tracked: pd.DataFrame, *, lang: str | Reader, ax: Axes | None = None) -> Axes:
    """Draw the cumulated repeat purchases of the cohort week by week, foretold and made.

    Parameters
    ----------
    tracked
        What `clv.tracking` returns.
    lang
        The reader, or a language.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("Cumulated repeat purchases, week by week")
    axis = style.axes(ax)
    if tracked.empty or tracked["predicted_total"].isna().all():
        return style.empty(axis, title=title, message=_("No forecast could be checked."))
    weeks = tracked["week"].tolist()
    axis.plot(weeks, tracked["actual_total"], color=style.INK, label=_("Made"))
    axis.plot(
        weeks, tracked["predicted_total"], color=style.ACCENT, linestyle="--", label=_("Foretold")
    )
    held = tracked.loc[tracked["held_out"], "week"]
    if len(held):
        axis.axvline(held.iloc[0] - 0.5, color=style.REFERENCE, linewidth=1.2)
    axis.set_xlabel(_("Week"))
    axis.set_ylim(bottom=0)
    style.value_axis(axis.yaxis, unit="count", reader=reader)
    axis.grid(axis="y")
    axis.legend(loc="upper left", fontsize=9)
    last = tracked.iloc[-1]
    return style.finish(
        axis,
        title=title,
        alt=_(
            "Two lines that end at {made} made and {foretold} foretold, after {weeks} weeks.",
            made=reader.integer(last["actual_total"]),
            foretold=reader.integer(round(last["predicted_total"])),
            weeks=reader.integer(last["week"]),
        ),
        caption=_("Right of the upright line: weeks that the model had not seen."),
    )


@style.styled
def alive_counts(counts: pd.DataFrame, *, lang: str | Reader, ax: Axes | None = None) -> Axes:
    """Draw how many customers the model takes for active, from unlikely to nearly sure.

    Parameters
    ----------
    counts
        What `clv.alive_counts` returns.
    lang
        The reader, or a language.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("Customers by probability of being active")
    axis = style.axes(ax, height=3.2)
    if counts.empty:
        return style.empty(axis, title=title, message=_("No customers to show."))
    middles = [(low + high) / 2 for low, high in zip(counts["low"], counts["high"], strict=True)]
    width = float(counts["high"].iloc[0] - counts["low"].iloc[0])
    axis.bar(middles, counts["customers"], width=0.92 * width, color=style.ACCENT)
    axis.set_xlim(0, 1)
    axis.set_xlabel(_("Probability that the customer is still active"))
    style.value_axis(axis.xaxis, unit="fraction", reader=reader)
    style.value_axis(axis.yaxis, unit="count", reader=reader)
    axis.grid(axis="y")
    shown = zip(intervals.column(counts, "fraction", reader), counts["customers"], strict=True)
    parts = [f"{spread} {reader.integer(customers)}" for spread, customers in shown]
    return style.finish(
        axis,
        title=title,
        alt=_("Bars of customers by probability: {parts}.", parts=_("; ").join(parts)),
        caption=_("Who bought once only cannot have left under this model: they stand at 100%."),
    )


@style.styled
def predicted_by_group(
    totals: pd.DataFrame,
    *,
    lang: str | Reader,
    is_margin: bool = True,
    fit: clv.BgNbd | None = None,
    amounts: clv.GammaGamma | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw what a customer of each group is expected to bring, with its interval.

    Parameters
    ----------
    totals
        What `clv.total_value` returns, by a group.
    lang
        The reader, or a language.
    is_margin
        Whether the amounts are margin, or revenue for want of a margin rate.
    fit, amounts
        The models of purchases and of their value that foretell them: where one of them cannot be
        used, nothing is drawn.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = (
        _("Margin expected of a customer, by group")
        if is_margin
        else _("Revenue expected of a customer, by group")
    )
    rows = totals.dropna(subset=["cltv_mean"]).sort_values("cltv_mean", ascending=False)
    rows, left_out = _told(rows, "cltv_mean_low", "cltv_mean_high")
    axis = style.axes(ax, height=intervals.height(len(rows)))
    if rows.empty or not _foretell(fit, amounts):
        return style.empty(axis, title=title, message=_("Nothing could be foretold."))
    by = str(totals.columns[0])
    said = intervals.draw(
        axis,
        names=[_group_name(value, by, reader) for value in rows[by]],
        values=rows["cltv_mean"].tolist(),
        low=rows["cltv_mean_low"].tolist(),
        high=rows["cltv_mean_high"].tolist(),
        unit="currency",
        reader=reader,
    )
    lowest = min(0.0, *rows["cltv_mean"], *rows["cltv_mean_low"].dropna())
    axis.set_xlim(left=1.05 * lowest)
    bars = _("Bars: 95% interval of the average, not of what one customer will do.")
    too_wide = _("Groups of which too little is known are left out.") if left_out else ""
    return style.finish(
        axis,
        title=title,
        alt=_("Dots of the expected value: {parts}.", parts=_("; ").join(said)),
        caption=f"{bars} {too_wide}".strip(),
    )


def _foretell(*models: clv.BgNbd | clv.GammaGamma | None) -> bool:
    return all(model is None or model.foretells for model in models)


def _told(rows: pd.DataFrame, low: str, high: str) -> tuple[pd.DataFrame, int]:
    """Return the rows whose interval tells something, and how many others there are."""
    ends = zip(rows[low], rows[high], strict=True)
    kept = rows[[not is_wide(*each) for each in ends]]
    return kept, len(rows) - len(kept)


def predicted_table(
    predicted: pd.DataFrame,
    *,
    lang: str | Reader,
    most: int = 10,
    is_margin: bool = True,
    fit: clv.BgNbd | None = None,
    amounts: clv.GammaGamma | None = None,
) -> Table | Sentence:
    """Show the customers who are expected to bring the most.

    Parameters
    ----------
    predicted
        What `clv.predict` returns.
    lang
        The reader, or a language.
    most
        How many customers are shown.
    is_margin
        Whether the amounts are margin, or revenue for want of a margin rate.
    fit, amounts
        The models of purchases and of their value that foretell them: where one of them cannot be
        used, nobody is shown.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    known = predicted.dropna(subset=["cltv"])
    if known.empty or not _foretell(fit, amounts):
        return Sentence(_("Nothing could be foretold."))
    known, left_out = _told(known, "low", "high")
    if known.empty:
        return Sentence(_("Too little is known of each customer to foretell an amount."))
    notes = [
        _("The interval is that of the expectation: what the customer will do differs far more.")
    ]
    if left_out:
        notes.append(
            _.n(
                "{count} customer of whom too little is known is left out.",
                "{count} customers of whom too little is known are left out.",
                left_out,
                count=reader.integer(left_out),
            )
        )
    first = known.sort_values(["cltv", "customer_id"], ascending=[False, True]).head(most)
    return table(
        first.assign(interval=intervals.column(first, "currency", reader)),
        lang=reader,
        id="predicted_customers",
        caption=(
            _("The customers expected to bring the most margin")
            if is_margin
            else _("The customers expected to bring the most revenue")
        ),
        columns=["customer_id", "purchases", "value", "cltv", "low", "high", "interval"],
        hidden=["low", "high"],
        names={
            "purchases": _("Expected purchases"),
            "value": _("Expected value of one"),
            "cltv": _("Expected margin") if is_margin else _("Expected revenue"),
            "interval": _("95% interval"),
        },
        units={
            "purchases": "number",
            "value": "currency",
            "cltv": "currency",
            "low": "currency",
            "high": "currency",
            "interval": "interval",
        },
        kpis={"cltv": "predicted_cltv"} if is_margin else {},
        notes=notes,
    )


# --- Acquisition ----------------------------------------------------------------------------


def acquisition_table(found: pd.DataFrame, *, lang: str | Reader) -> Table | Sentence:
    """Show what customers are worth against what they cost, channel by channel.

    Parameters
    ----------
    found
        What `clv.acquisition` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if found.empty or not found["new_customers"].sum():
        return Sentence(_("No customer was acquired in the period."))
    rows = found.to_dict("records")
    is_to_date = bool((found["basis"] == "historical").all())
    is_after = not found["after_service"].isna().all()
    has_unknown = bool((found["revenue_without_cost"] > 0).any())
    repaid_later = (found["cltv_to_cac"] > 1) & found["payback_months"].isna()
    decides = ("after_to_cac", *_AFTER_ENDS) if is_after else ("cltv_to_cac", *_ENDS)
    notes = [
        _("The reading is after what is known of the costs of returns and service.")
        if is_after
        else _("The reading is before returns and service, whose costs the data do not tell."),
        _("Per customer acquired, those who never came back included. Whoever would have come "
          "anyway counts as acquired: what a channel adds takes a control group."),
    ]  # fmt: skip
    if has_unknown:
        notes.append(
            _("Goods of unknown cost add nothing to the margin: nothing is concluded of a channel "
              "that sold over {share} of them.", share=reader.percent(MOST_UNKNOWN, decimals=0))
        )  # fmt: skip
    if is_to_date and repaid_later.any():
        notes.append(
            _("The months to payback are looked for in the time that all the customers of a "
              "channel were followed: some were paid back later than that.")
        )  # fmt: skip
    shown = found.assign(
        group=_channel_names(found, reader),
        decides=[_ratio([row[name] for name in decides], reader) for row in rows],
        reading=[_(_VERDICTS[row["verdict"]]) for row in rows],
    )
    hidden = ["after_service", "after_to_cac", *_ENDS, *_AFTER_ENDS]
    hidden += [] if is_after else ["cltv_to_cac"]
    return table(
        shown,
        lang=reader,
        id="acquisition",
        caption=_("What acquired customers are worth, and what they cost"),
        columns=[
            "group", "reading", "new_customers", "spend", "cac", "cltv", "cltv_to_cac", "decides",
            "payback_months", "after_service", "after_to_cac", *_ENDS, *_AFTER_ENDS,
        ],
        hidden=hidden,
        names={
            "group": _("Acquisition channel"),
            "new_customers": _("New customers"),
            "spend": _("Spent"),
            "cac": _("CAC"),
            "cltv": _("CLTV to date") if is_to_date else _("CLTV"),
            "after_service": _("After returns and service"),
            "cltv_to_cac": _("CLTV / CAC"),
            "decides": _("The same after service") if is_after else _("CLTV / CAC"),
            "payback_months": _("Paid back after (months)"),
            "reading": _("Reading"),
        },
        units={
            "new_customers": "count",
            "spend": "currency",
            "cac": "currency",
            "cltv": "currency",
            "after_service": "currency",
            "decides": "interval",
            "cltv_to_cac": "ratio",
            "after_to_cac": "ratio",
            **dict.fromkeys((*_ENDS, *_AFTER_ENDS), "ratio"),
            "payback_months": "count",
        },
        kpis={
            "cac": "customer_acquisition_cost",
            "cltv_to_cac" if is_after else "decides": "cltv_to_cac",
            "payback_months": "cac_payback_months",
        },
        whole=["spend"],
        notes=notes,
    )  # fmt: skip


def acquisition_averages(found: pd.DataFrame, *, lang: str | Reader) -> Table | None:
    """Show what the averages of `acquisition_table` hide, channel by channel.

    Parameters
    ----------
    found
        What `clv.acquisition` returns.
    lang
        The reader, or a language.

    Returns
    -------
    Table or None
        None where nobody was acquired, or nothing is known of what it would show.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    told = ["below_cac", "margin_median", "revenue_to_cac"]
    if found.empty or not found["new_customers"].sum() or found[told].isna().all(axis=None):
        return None
    has_unknown = bool((found["revenue_without_cost"] > 0).any())
    return table(
        found.assign(group=_channel_names(found, reader)),
        lang=reader,
        id="acquisition_averages",
        caption=_("Behind the averages of each channel"),
        columns=["group", *told, "revenue_without_cost"],
        hidden=[] if has_unknown else ["revenue_without_cost"],
        names={
            "group": _("Acquisition channel"),
            "below_cac": _("Below their cost, before service"),
            "margin_median": _("Median margin so far"),
            "revenue_to_cac": _("If revenue were taken for margin"),
            "revenue_without_cost": _("Revenue of unknown cost"),
        },
        units={
            "below_cac": "fraction",
            "margin_median": "currency",
            "revenue_to_cac": "ratio",
            "revenue_without_cost": "fraction",
        },
    )  # fmt: skip


def _channel_names(found: pd.DataFrame, reader: Reader) -> list[str]:
    """Return the names of channels; as they are spelled where two could be one."""
    by = str(found.columns[0])
    raw = unmatched(found) & found[by].notna()
    return [
        str(value) if is_raw else _group_name(value, by, reader)
        for value, is_raw in zip(found[by], raw, strict=True)
    ]


def _ratio(parts: Sequence[Any], reader: Reader) -> str:
    """Return a ratio and its interval, with the digits that tell on which side of 1 they lie."""
    _ = reader.translate
    if is_absent(parts[0]):
        return ABSENT
    value, low, high = (reader.unit(part, "ratio") for part in parts)
    if is_absent(parts[1]) or is_absent(parts[2]):
        return value
    return _("{value} ({low} to {high})", value=value, low=low, high=high)


@style.styled
def payback_curve(
    months: pd.DataFrame,
    *,
    lang: str | Reader,
    cac: Mapping[Any, float | None] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the margin of acquired customers, month by month, over what it cost to win them.

    Parameters
    ----------
    months
        What `clv.payback` returns.
    lang
        The reader, or a language.
    cac
        What a customer of each group cost; the margin is divided by it. Groups without one are
        left out.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("Margin to date over the cost of acquisition")
    axis = style.axes(ax, height=3.9)
    by = str(months.columns[0])
    paid = {key: cost for key, cost in (cac or {}).items() if not is_absent(cost) and cost}
    known = months.dropna(subset=["margin"])
    groups = _largest(known, by, list(paid))
    if not groups:
        message = _("No channel has customers, a margin and a cost that are known.")
        return style.empty(axis, title=title, message=message)
    looks = ("-", "--", "-.", ":")
    said = []
    lowest = 0.0
    for place, group in enumerate(groups):
        rows = known[known[by] == group]
        ratio = rows["margin"] / paid[group]
        name = _group_name(group, by, reader)
        colour = (style.ACCENT, style.BAD, style.MUTED)[place % 3]
        axis.plot(
            rows["month"], ratio, color=colour, linestyle=looks[place % len(looks)], label=name
        )
        lowest = min(lowest, float(ratio.min()))
        said.append(f"{name} {reader.number(ratio.iloc[-1])}")
    axis.axhline(1, color=style.INK, linewidth=1)
    axis.set_ylim(bottom=min(0.0, 1.1 * lowest))
    axis.set_xlabel(_("Months since the first order"))
    style.value_axis(axis.yaxis, unit="ratio", reader=reader)
    style.value_axis(axis.xaxis, unit="count", reader=reader)
    axis.grid(axis="y")
    axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=3, fontsize=9)
    caption = _(
        "Margin before returns and service. At 1, the customers of a channel have repaid what it "
        "cost to win them."
    )
    unknown = known.loc[known[by].isin(groups), "revenue_without_cost"].max()
    if unknown > 0:
        least = _(
            "Goods of unknown cost, up to {share} of revenue, add nothing: the lines are too low.",
            share=reader.percent(unknown),
        )
        caption = f"{caption} {least}"
    return style.finish(
        axis,
        title=title,
        alt=_("Lines of margin over cost; at the last month: {parts}.", parts=_("; ").join(said)),
        caption=caption,
    )


def _largest(months: pd.DataFrame, by: str, known: Sequence[Any]) -> list[Any]:
    """Return the groups with the most customers, of those whose cost is known."""
    first = months[months["month"] == 0]
    ranked = first[first[by].isin(known)].sort_values(["customers", by], ascending=[False, True])
    return ranked[by].head(_MOST_LINES).tolist()
