"""Figures of financial health: what `marketing_kpi.finance` returns, drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from marketing_kpi.finance import (
    CREDITED_GOODS,
    DEDUCTIONS,
    FEWEST_DECIDED,
    PROMOTION_UNKNOWN,
    Fighting,
    Gaps,
    share_of,
    step_shares,
)
from marketing_kpi.plots import bridges, intervals, style
from marketing_kpi.plots.dimensions import RETURN_REASONS, dimension_name, shortened, with_names
from marketing_kpi.plots.retention import why_nothing
from marketing_kpi.plots.sentences.base import Sentence
from marketing_kpi.plots.tables import Table, table
from marketing_kpi.text.locale import ABSENT, Reader, is_absent
from marketing_kpi.text.messages import N_

MOST_CAUSES = 12
"""Root causes that a figure shows; the others are one bar, and the table has them all."""

WIDEST_RATE = 0.5
"""Width of an interval from which a rate is not told: it might be any of half of them all."""

STEP_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "gross_sales": N_("Gross sales"),
        "unpriced": N_("Listed, price paid unknown"),
        "discounts": N_("Discounts"),
        "unlisted": N_("Sold, list price unknown"),
        "net_sales": N_("Net sales"),
        "refunds": N_("Refunds of returns"),
        "allowances": N_("Allowances"),
        "chargebacks": N_("Lost chargebacks"),
        "net_revenue": N_("Net revenue"),
        "revenue": N_("Net revenue"),
    }
)
"""Names of the steps of the bridge and of the accounts of a ledger."""

YEAR_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "before": N_("Net revenue, year before"),
        "churn": N_("Customers who bring nothing any more"),
        "contraction": N_("Customers who bring less"),
        "expansion": N_("Customers who bring more"),
        "other_customers": N_("Customers without revenue the year before"),
        "unidentified": N_("Sales without a customer"),
        "now": N_("Net revenue, this year"),
    }
)
"""Names of the steps from one year's net revenue to the next."""

CAUSE_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "discount": N_("Discount"),
        "return": N_("Return"),
        "allowance": N_("Allowance"),
        "chargeback": N_("Chargeback"),
    }
)
"""Names of the ways in which revenue leaves."""

DISPUTE_REASONS: Mapping[str, str] = MappingProxyType(
    {
        **RETURN_REASONS,
        "not_received": N_("Not received"),
        "fraudulent": N_("Fraudulent payment"),
        "duplicate": N_("Charged twice"),
    }
)
"""Names of usual reasons for a dispute; another one is shown as it is."""

GAP_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "timing": N_("Timing: given back in {month}"),
        "manual_entry": N_("Entered by hand on revenue alone"),
        "not_in_data": N_("In the ledger, not in the data"),
        "not_in_ledger": N_("In the data, not in the ledger"),
        "untold": N_("Accounts missing to explain it"),
    }
)
"""What a gap shows of its reason."""

_BAR = 0.62
_LEVELS = ("gross_sales", "net_sales", "net_revenue")  # steps that are amounts, and no changes


def cause_name(cause: str, root: Any, name: Any, *, lang: str | Reader) -> str:
    """Return the name of a root cause: how revenue leaves, and what is behind it.

    >>> cause_name("return", "defective", None, lang="en")
    'Return – Defective'
    """
    _ = Reader.of(lang).translate
    way = _(CAUSE_NAMES.get(cause, cause))
    if not pd.isna(name):
        return f"{way} \u2013 {name}"
    if cause == "discount" and root == PROMOTION_UNKNOWN:
        return f"{way} \u2013 {_('promotion not known')}"
    if cause == "discount" and root == CREDITED_GOODS:
        return f"{way} \u2013 {_('goods given back')}"
    if pd.isna(root):
        nothing = _("outside promotions") if cause == "discount" else _("reason not stated")
        return f"{way} \u2013 {nothing}"
    return f"{way} \u2013 {_(DISPUTE_REASONS.get(str(root), str(root)))}"


# --- Waterfalls -----------------------------------------------------------------------------


@style.styled
def net_bridge(steps: pd.DataFrame, *, lang: str | Reader, ax: Axes | None = None) -> Axes:
    """Draw the way from gross sales to net revenue as a waterfall.

    Parameters
    ----------
    steps
        What `finance.bridge` returns; steps that are unknown are left out, and named.
    lang
        The reader, or a language.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("From gross sales to net revenue")
    known = steps.dropna(subset=["amount", "level"])
    axis = style.axes(ax, height=bridges.height(len(known)))
    if known.empty or not known["level"].any():
        return style.empty(axis, title=title, message=_("Nothing was sold in the period."))
    shares = step_shares(steps)
    drawn, said = [], []
    for row in known.to_dict("records"):
        name = _(STEP_NAMES[row["step"]])
        label = reader.money(row["amount"], decimals=0)
        share = shares[row["step"]]
        if row["step"] in DEDUCTIONS and row["amount"] > 0:
            label = reader.signed_money(row["amount"])
        if share is not None:
            label += f" ({reader.percent(abs(share))})"
        said.append(f"{name} {reader.money(row['amount'])}")
        drawn.append(bridges.Step(name, row["level"], label, row["step"] in _LEVELS))
    bridges.draw(axis, drawn, reader=reader, from_zero=True)
    missing = [_(STEP_NAMES[step]) for step in steps["step"] if step not in set(known["step"])]
    caption = [_("Each amount at its own date."), _shares_of(known, reader)]
    if missing:
        caption.append(_("Not told by the data: {names}.", names=", ".join(missing)))
    return style.finish(
        axis,
        title=title,
        alt=_("Waterfall: {parts}.", parts=_("; ").join(said)),
        caption=" ".join(caption),
    )


def _shares_of(known: pd.DataFrame, reader: Reader) -> str:
    """Say what the shares in the waterfall are shares of."""
    _ = reader.translate
    if share_of(known) == "net_sales":
        return _(
            "In brackets: of the list prices for gross sales and discounts, of net sales for the "
            "rest, since the list price of some sales is not known."
        )
    if known.iloc[0]["step"] == "gross_sales" and "unpriced" in set(known["step"]):
        return _("In brackets: share of the list prices of lines whose price paid is known.")
    return _("In brackets: share of the first bar.")


@style.styled
def revenue_years(steps: pd.DataFrame, *, lang: str | Reader, ax: Axes | None = None) -> Axes:
    """Draw the way from last year's net revenue to this year's, by what customers did.

    Parameters
    ----------
    steps
        What `finance.year_on_year` returns.
    lang
        The reader, or a language.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("From last year's net revenue to this year's")
    axis = style.axes(ax, height=bridges.height(len(steps)))
    if steps.empty:
        return style.empty(axis, title=title, message=_("The data do not reach back two years."))
    drawn, said = [], []
    for row in steps.to_dict("records"):
        name, is_total = _(YEAR_NAMES[row["step"]]), row["step"] in ("before", "now")
        amount = reader.money(row["amount"], decimals=0)
        said.append(f"{name} {amount}")
        label = amount if is_total else reader.signed_money(row["amount"])
        drawn.append(bridges.Step(name, row["level"], label, is_total))
    bridges.draw(axis, drawn, reader=reader, from_zero=True)
    return style.finish(
        axis,
        title=title,
        alt=_("Waterfall: {parts}.", parts=_("; ").join(said)),
        caption=_(
            "Last year's customers are those whose net revenue then was above 0. Bars between the "
            "two years: this year less the year before, 12 months each; each amount at its own "
            "date."
        ),
    )


# --- Root causes ----------------------------------------------------------------------------


@style.styled
def leak_pareto(
    causes: pd.DataFrame,
    *,
    lang: str | Reader,
    lacks: Sequence[str] = (),
    ax: Axes | None = None,
) -> Axes:
    """Draw what revenue was lost to, the largest first, with the cumulative share.

    Parameters
    ----------
    causes
        What `finance.root_causes` returns; amounts below 0 leaked nothing, and are not drawn.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to draw.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("What revenue is lost to, the largest first")
    lost = causes[causes["amount"] > 0] if len(causes) else causes
    most = MOST_CAUSES if len(lost) > MOST_CAUSES + 1 else len(lost)
    rows = lost.iloc[:most]
    axis = style.axes(ax, height=1.3 + 0.33 * max(len(rows) + 1, 3))
    if lost.empty:
        return style.empty(
            axis, title=title, message=why_nothing(_("Nothing was lost."), lacks, reader)
        )
    names = [cause_name(r.cause, r.root, r.name, lang=reader) for r in _records(rows)]
    amounts, firsts = rows["amount"].tolist(), rows["is_first"].tolist()
    labels = [
        f"{reader.money(a, decimals=0)} \u00b7 {reader.percent(c, decimals=0)}"
        for a, c in zip(amounts, rows["cumulative"], strict=True)
    ]
    rest = lost.iloc[most:]
    if len(rest):
        names.append(_("The {count} others", count=reader.integer(len(rest))))
        amounts.append(rest["amount"].sum())
        firsts.append(False)
        labels.append(reader.money(amounts[-1], decimals=0))
    for place, (amount, is_first) in enumerate(zip(amounts, firsts, strict=True)):
        axis.barh(place, amount, height=_BAR, color=style.ACCENT if is_first else style.LIGHT)
        axis.annotate(
            labels[place], (amount, place), xytext=(4, 0), textcoords="offset points",
            va="center", fontsize=8.5,
        )  # fmt: skip
    axis.set_yticks(range(len(names)), [shortened(name) for name in names], fontsize=8.5)
    axis.set_ylim(len(names) - 0.5, -0.5)
    axis.set_xlim(0, 1.45 * max(amounts))
    style.value_axis(axis.xaxis, unit="currency", reader=reader, ticks=4)
    said = [f"{name} {label}" for name, label in zip(names, labels, strict=True)]
    caption = [
        _(
            "Amount, and cumulative share of all that was lost. Dark: the fewest causes that make "
            "80% of it."
        )
    ]
    roots = causes.loc[causes["amount"] < 0, "root"]
    if (roots != CREDITED_GOODS).any():
        caption.append(_("Not drawn: what was sold above its list price."))
    if (roots == CREDITED_GOODS).any():
        caption.append(_("Not drawn: what goods given back by credits had been discounted by."))
    return style.finish(
        axis,
        title=title,
        alt=_("Bars of amounts with the cumulative share: {parts}.", parts=_("; ").join(said)),
        caption=" ".join(caption),
    )


def _records(frame: pd.DataFrame) -> list[Any]:
    return list(frame[["cause", "root", "name"]].itertuples(index=False, name="Cause"))


# --- Revenue retention ----------------------------------------------------------------------

RETENTION_RATES: Mapping[str, str] = MappingProxyType(
    {
        "net_retention": N_("Net revenue retention"),
        "gross_retention": N_("Gross revenue retention"),
        "expansion_rate": N_("Brought more"),
        "contraction_rate": N_("Brought less"),
        "churn_rate": N_("Bring nothing any more"),
    }
)
"""Names of the rates of revenue retention; the last three are what the first two are made of."""


@style.styled
def retention_rates(found: pd.DataFrame, *, lang: str | Reader, ax: Axes | None = None) -> Axes:
    """Draw net and gross revenue retention, and what makes them, with their intervals.

    Parameters
    ----------
    found
        What `finance.revenue_retention` returns without a dimension.
    lang
        The reader, or a language.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("What last year's customers bring this year")
    axis = style.axes(ax, height=intervals.height(len(RETENTION_RATES)))
    if found.empty:
        return style.empty(axis, title=title, message=_("The data do not reach back two years."))
    row = found.iloc[0]
    said = intervals.draw(
        axis,
        names=[_(name) for name in RETENTION_RATES.values()],
        values=[row[rate] for rate in RETENTION_RATES],
        low=[row[f"{rate}_low"] for rate in RETENTION_RATES],
        high=[row[f"{rate}_high"] for rate in RETENTION_RATES],
        unit="fraction",
        reader=reader,
        reference=1.0,
    )
    axis.set_xlim(left=min(0.0, *axis.get_xlim()))
    return style.finish(
        axis,
        title=title,
        alt=_("Dots of shares of last year's net revenue: {parts}.", parts=_("; ").join(said)),
        caption=_(
            "Shares of what these customers brought last year. Bars: 95% interval, customers as "
            "the unit that was drawn. Dashes: 100%."
        ),
    )


@style.styled
def retention_cohorts(cohorts: pd.DataFrame, *, lang: str | Reader, ax: Axes | None = None) -> Axes:
    """Draw net and gross revenue retention by the month in which customers entered the base.

    Parameters
    ----------
    cohorts
        What `finance.revenue_retention` returns by cohort.
    lang
        The reader, or a language.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("Revenue retention by month of entry into the base")
    axis = style.axes(ax)
    if cohorts.empty:
        return style.empty(axis, title=title, message=_("The data do not reach back two years."))
    looks = (
        ("net_retention", style.ACCENT, "o", "-"),
        ("gross_retention", style.BAD, "s", "--"),
    )
    places = np.arange(len(cohorts))
    said = []
    for rate, colour, marker, dashes in looks:
        axis.fill_between(
            places, cohorts[f"{rate}_low"], cohorts[f"{rate}_high"], color=colour, alpha=0.16,
            linewidth=0,
        )  # fmt: skip
        label = _(RETENTION_RATES[rate])
        axis.plot(
            places, cohorts[rate], color=colour, marker=marker, markersize=4, linestyle=dashes,
            label=label,
        )  # fmt: skip
        first, last = cohorts.iloc[0], cohorts.iloc[-1]
        said.append(
            _(
                "{rate}: {first} in {start}, {last} in {end}",
                rate=label,
                first=reader.percent(first[rate]),
                start=reader.month(first["cohort"]),
                last=reader.percent(last[rate]),
                end=reader.month(last["cohort"]),
            )
        )
    axis.axhline(1, color=style.REFERENCE, linestyle=":", linewidth=1.2)
    names = [style.short_month(m, reader, first=n == 0) for n, m in enumerate(cohorts["cohort"])]
    axis.set_xticks(places, names)
    style.value_axis(axis.yaxis, unit="fraction", reader=reader)
    axis.set_ylim(bottom=0)
    axis.grid(axis="y")
    axis.legend(loc="upper left", fontsize=9)
    caption = [_("Month in which each customer first counted in the base year.")]
    if is_length_of_base(cohorts):
        caption.append(
            _(
                "Late entrants have a short base and a whole year after it: their rate is high by "
                "construction."
            )
        )
    caption.append(_("Bands: 95% interval."))
    return style.finish(
        axis,
        title=title,
        alt=_("Two lines by month of entry. {parts}.", parts=_("; ").join(said)),
        caption=" ".join(caption),
    )


_HALF_A_YEAR = 6


def is_length_of_base(cohorts: pd.DataFrame) -> bool:
    """Say whether the length of the base may be what sets late months of entry above early ones.

    Parameters
    ----------
    cohorts
        What `finance.revenue_retention` returns by cohort, two rows at least.
    """
    first, last = cohorts.iloc[0], cohorts.iloc[-1]
    begins, ends = (pd.Timestamp(row["cohort"]) for row in (first, last))
    months = 12 * (ends.year - begins.year) + ends.month - begins.month
    return bool(months >= _HALF_A_YEAR and last["net_retention"] > first["net_retention"])


# --- Disputes -------------------------------------------------------------------------------


@style.styled
def disputes_by_month(
    months: pd.DataFrame,
    *,
    lang: str | Reader,
    overall: float | None = None,
    lacks: Sequence[str] = (),
    ax: Axes | None = None,
) -> Axes:
    """Draw the chargeback rate by month of order; months still young are hollow.

    Parameters
    ----------
    months
        What `finance.chargebacks_by` returns by month.
    lang
        The reader, or a language.
    overall
        The rate of all ripe months together, drawn as a line.
    lacks
        What the data lack, so that there is nothing to draw.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("Chargeback rate by month of order")
    axis = style.axes(ax)
    if months.empty:
        nothing = _("No order in the period.")
        return style.empty(axis, title=title, message=why_nothing(nothing, lacks, reader))
    said = []
    for place, row in enumerate(months.to_dict("records")):
        colour = style.ACCENT if row["ripe"] else style.REFERENCE
        axis.plot(
            [place, place], [row["low"], row["high"]], color=colour, linewidth=2,
            linestyle="-" if row["ripe"] else ":",
        )  # fmt: skip
        axis.plot(
            place, row["rate"], marker="o", markersize=6, markeredgecolor=colour,
            color=colour if row["ripe"] else "white", clip_on=False, zorder=3,
        )  # fmt: skip
        young = "" if row["ripe"] else _(" (young)")
        rate = reader.percent(row["rate"], decimals=2)
        said.append(f"{reader.month(row['month'], short=True)} {rate}{young}")
    if overall is not None and not pd.isna(overall):
        axis.axhline(overall, color=style.REFERENCE, linestyle="--", linewidth=1.2)
    step = 1 if len(months) <= 13 else 3
    shown = range(0, len(months), step)
    axis.set_xticks(
        list(shown),
        [style.short_month(months["month"].iloc[n], reader, first=n == 0) for n in shown],
    )
    style.value_axis(axis.yaxis, unit="fraction", reader=reader)
    axis.set_ylim(bottom=0)
    axis.grid(axis="y")
    caption = [
        _("Bars: Wilson's 95% interval. Hollow: young months, whose disputes are still coming.")
    ]
    if overall is not None and not pd.isna(overall):
        share = reader.percent(overall, decimals=2)
        caption.append(_("Dashes: ripe months together, {share}.", share=share))
    return style.finish(
        axis,
        title=title,
        alt=_("Dots of the share of orders disputed: {parts}.", parts=_("; ").join(said)),
        caption=" ".join(caption),
    )


@style.styled
def fighting_gain(found: Fighting, *, lang: str | Reader, ax: Axes | None = None) -> Axes:
    """Draw what fighting a dispute is expected to bring, by its amount.

    Parameters
    ----------
    found
        What `finance.fighting` returns.
    lang
        The reader, or a language.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("What fighting a dispute brings, by its amount")
    axis = style.axes(ax)
    if found.break_even is None or found.win_rate is None:
        return style.empty(axis, title=title, message=_("No dispute has been won so far."))
    if found.decided < FEWEST_DECIDED:
        few = _("Too few disputes are decided to tell from which amount on fighting them pays.")
        return style.empty(axis, title=title, message=few)
    rate, low, high = found.win_rate, found.win_low or 0.0, found.win_high or 1.0
    far = 2 * (found.break_even_high or 2 * found.break_even)
    amounts = np.linspace(0, far or 1.0, 50)
    axis.fill_between(
        amounts, low * amounts - found.cost, high * amounts - found.cost, color=style.ACCENT,
        alpha=0.18, linewidth=0,
    )  # fmt: skip
    axis.plot(amounts, rate * amounts - found.cost, color=style.ACCENT)
    axis.axhline(0, color=style.INK, linewidth=0.9)
    axis.plot([found.break_even], [0], marker="o", color=style.BAD, markersize=7)
    axis.annotate(
        _("worth it from {amount}", amount=reader.money(found.break_even, decimals=0)),
        (found.break_even, 0), xytext=(8, -16), textcoords="offset points", fontsize=9.5,
        fontweight="bold",
    )  # fmt: skip
    axis.set_xlabel(_("Amount disputed"))
    axis.set_ylabel(_("Expected gain"))
    axis.set_xlim(0, far or 1.0)
    style.value_axis(axis.xaxis, unit="currency", reader=reader)
    style.value_axis(axis.yaxis, unit="currency", reader=reader)
    axis.tick_params(axis="x", pad=8)  # or the first amount touches the lowest gain
    axis.grid(axis="both")
    spread = intervals.words(
        found.break_even_low, found.break_even_high, partial(reader.money, decimals=0), reader
    )
    return style.finish(
        axis,
        title=title,
        alt=_(
            "Rising line, with a band: fighting brings more than it costs from {amount} "
            "({spread}) on.",
            amount=reader.money(found.break_even, decimals=0),
            spread=spread,
        ),
        caption=_(
            "Win rate × amount, less {cost} a dispute. Band: 95% interval of the win rate.",
            cost=reader.money(found.cost),
        ),
    )


# --- The ledger -----------------------------------------------------------------------------


@style.styled
def ledger_gaps(
    found: Gaps, *, lang: str | Reader, lacks: Sequence[str] = (), ax: Axes | None = None
) -> Axes:
    """Draw by how much the ledger's revenue differs from the data's, month by month.

    Parameters
    ----------
    found
        What `finance.gaps` returns.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to draw.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("Ledger less data: revenue, month by month")
    axis = style.axes(ax, height=3.0)
    rows = found.revenue
    if rows["gap"].isna().all():
        nothing = (
            _("In no month do both the ledger and the data tell revenue: no bar to draw.")
            if found.compared
            else _("The ledger and the data tell no account of the same month.")
        )
        return style.empty(axis, title=title, message=why_nothing(nothing, lacks, reader))
    places = np.arange(len(rows))
    rises, falls = rows["gap"] > 0, rows["gap"] < 0
    axis.bar(places[rises], rows["gap"][rises], width=0.7, color=style.ACCENT)
    axis.bar(
        places[falls], rows["gap"][falls], width=0.7, facecolor="white", edgecolor=style.BAD,
        hatch="/////",
    )  # fmt: skip
    axis.axhline(0, color=style.INK, linewidth=0.9)
    step = max(1, -(-len(rows) // 12))
    ticks = rows["month"].iloc[::step]
    years = ticks.dt.year != ticks.dt.year.shift()
    axis.set_xticks(
        range(0, len(rows), step),
        [
            style.short_month(month, reader, first=is_first)
            for month, is_first in zip(ticks, years, strict=True)
        ],
    )
    style.value_axis(axis.yaxis, unit="currency", reader=reader)
    axis.grid(axis="y")
    apart = rows[rows["gap"].abs() > 0]
    said = [f"{reader.month(r.month)} {reader.money(r.gap)}" for r in apart.itertuples()]
    parts = _("; ").join(said) if said else _("no gap")
    caption = [_("Solid: the ledger has more. Hatched: it has less. No bar: both agree.")]
    if silent := int(rows["gap"].isna().sum()):
        count = reader.integer(silent)
        caption.append(
            _("Months that one side alone tells, without a bar either: {count}.", count=count)
        )
    return style.finish(
        axis,
        title=title,
        alt=_("Bars of the gap by month: {parts}.", parts=parts),
        caption=" ".join(caption),
    )


# --- Tables ---------------------------------------------------------------------------------


def bridge_table(change: pd.DataFrame, *, lang: str | Reader) -> Table | Sentence:
    """Show the steps of two periods, as shares of gross sales, and what moved net revenue.

    Parameters
    ----------
    change
        What `finance.bridge_change` returns.
    lang
        The reader, or a language.

    Returns
    -------
    Table or Sentence
        A sentence when there is no row.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if change.empty:
        return Sentence(_("There is no period to compare with."))
    of_gross = share_of(change) == "gross_sales"
    return table(
        change,
        lang=reader,
        id="gross_to_net",
        caption=_("From gross to net, and what moved it"),
        columns=["step", "before", "after", "rate_before", "rate_after", "by_volume", "by_rate"],
        whole=["before", "after", "by_volume", "by_rate"],
        names={
            "step": _("Step"),
            "before": _("Before"),
            "after": _("Now"),
            "rate_before": _("Share of gross, before") if of_gross else _("Share, before"),
            "rate_after": _("Share of gross, now") if of_gross else _("Share, now"),
            "by_volume": _("Moved by sales"),
            "by_rate": _("Moved by the rate"),
        },
        units={
            "step": "text",
            **dict.fromkeys(("before", "after", "by_volume", "by_rate"), "currency"),
            **dict.fromkeys(("rate_before", "rate_after"), "fraction"),
        },
        notes=_bridge_notes(change, reader),
        row_labels={step: _(name) for step, name in STEP_NAMES.items()},
        kpis={
            "gross_sales": "gross_sales",
            "discounts": "discount_rate",
            "allowances": "allowances",
            "net_revenue": "net_revenue",
        },
    )  # fmt: skip


def _bridge_notes(change: pd.DataFrame, reader: Reader) -> list[str]:
    """Say what the shares are of, and what the parts add up to or why they are not there."""
    _ = reader.translate
    notes = []
    if share_of(change) == "net_sales":
        notes.append(
            _("Shares: of the list prices for gross sales and discounts, of net sales for the "
              "rest, since the list price of some sales is not known.")
        )  # fmt: skip
    by_rate = change.set_index("step")["by_rate"]
    if by_rate[["discounts", "net_revenue"]].notna().all():
        notes.append(
            _("The last two columns say by how much net revenue moved; but for the last row they "
              "add up to its change.")
        )  # fmt: skip
    else:
        notes.append(
            _("The last two columns say by how much net revenue moved; they are empty where list "
              "prices are known for too few sales, or not for the same share of them in both "
              "periods.")
        )  # fmt: skip
    return notes


def leak_table(
    causes: pd.DataFrame, *, lang: str | Reader, lacks: Sequence[str] = ()
) -> Table | Sentence:
    """Show every root cause, the largest first.

    Parameters
    ----------
    causes
        What `finance.root_causes` returns.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to show.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if causes.empty:
        return Sentence(why_nothing(_("Nothing was lost."), lacks, reader))
    names = [cause_name(r.cause, r.root, r.name, lang=reader) for r in _records(causes)]
    return table(
        causes.assign(cause_name=names),
        lang=reader,
        id="revenue_leaks",
        caption=_("What revenue is lost to"),
        columns=["cause_name", "times", "amount", "share", "cumulative"],
        shown=MOST_CAUSES,
        whole=["amount"],
        names={
            "cause_name": _("Root cause"),
            "times": _("Lines, returns or disputes"),
            "share": _("Share of what is lost"),
            "cumulative": _("Cumulative share"),
        },
        units={"cause_name": "text", "times": "count", "cumulative": "fraction"},
        kpis={"amount": "revenue_leakage"},
    )


def retention_table(cohorts: pd.DataFrame, *, lang: str | Reader) -> Table | Sentence:
    """Show revenue retention by cohort, or by another dimension, with its breakdown.

    Parameters
    ----------
    cohorts
        What `finance.revenue_retention` returns with a dimension.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if cohorts.empty:
        return Sentence(_("The data do not reach back two years."))
    key = str(cohorts.columns[0])
    named = cohorts if key == "cohort" else with_names(cohorts, [key], lang=reader)
    ends = [
        f"{rate}_{end}" for rate in ("net_retention", "gross_retention") for end in ("low", "high")
    ]
    money = ["before", "expansion", "contraction", "churn", "now"]
    return table(
        named,
        lang=reader,
        id=f"revenue_retention_by_{key}",
        caption=_("Revenue retention: who brings as much, more, less or nothing"),
        columns=[
            key, "customers", "net_retention", "gross_retention", *money, *ends, "kept_share",
        ],
        hidden=[*ends, "kept_share"],
        whole=money,
        shown=13,
        names={
            key: _("Month of entry") if key == "cohort" else dimension_name(key, lang=reader),
            "kept_share": _("Customers who still bring something"),
            "before": _("Year before"),
            "expansion": _("More"),
            "contraction": _("Less"),
            "churn": _("No longer"),
            "now": _("This year"),
            "net_retention": _("Net retention"),
            "gross_retention": _("Gross retention"),
        },
        units={
            key: "month" if key == "cohort" else "text",
            "kept_share": "fraction",
            **dict.fromkeys(money, "currency"),
            **dict.fromkeys(("net_retention", "gross_retention", *ends), "fraction"),
        },
        kpis={
            "net_retention": "net_revenue_retention",
            "gross_retention": "gross_revenue_retention",
        },
    )  # fmt: skip


def dispute_table(
    outcomes: pd.DataFrame, *, lang: str | Reader, lacks: Sequence[str] = ()
) -> Table | Sentence:
    """Show what came of disputes by reason: won, lost, open, with the interval of the win rate.

    Parameters
    ----------
    outcomes
        What `finance.dispute_outcomes` returns with a dimension.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to show.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if outcomes.empty:
        nothing = _("No payment was disputed in the period.")
        return Sentence(why_nothing(nothing, lacks, reader))
    key = str(outcomes.columns[0])
    names = [
        _("Not stated") if pd.isna(value) else _(DISPUTE_REASONS.get(str(value), str(value)))
        for value in outcomes[key]
    ]
    spread = [_win_interval(row, reader) for row in outcomes.to_dict("records")]
    return table(
        outcomes.assign(**{key: names}, win_interval=spread),
        lang=reader,
        id=f"disputes_by_{key}",
        caption=_("What came of the disputes"),
        columns=[
            key, "disputes", "won", "lost", "open", "unknown", "win_rate", "win_interval",
            "amount_lost", "amount", "low", "high",
        ],
        hidden=["amount", "low", "high", *([] if outcomes["unknown"].any() else ["unknown"])],
        whole=["amount", "amount_lost"],
        names={
            key: _("Reason for the dispute"),
            "disputes": _("Disputes"),
            "won": _("Won"),
            "lost": _("Lost"),
            "open": _("Open"),
            "unknown": _("Outcome not told"),
            "win_rate": _("Win rate"),
            "win_interval": _("95% interval"),
            "amount": _("Amount disputed"),
            "amount_lost": _("Amount lost"),
        },
        units={
            key: "text",
            **dict.fromkeys(("disputes", "won", "lost", "open", "unknown"), "count"),
            **dict.fromkeys(("win_rate", "low", "high"), "fraction"),
            "win_interval": "interval",
            "amount_lost": "currency",
        },
        kpis={"win_rate": "chargeback_win_rate"},
    )  # fmt: skip


def _win_interval(row: Mapping[Any, Any], reader: Reader) -> str:
    _ = reader.translate
    if is_absent(row["low"]):
        return _("none decided")
    if not is_rate_told(row["low"], row["high"]):
        return _("too few to tell")
    return intervals.words(row["low"], row["high"], "fraction", reader)


def is_rate_told(low: Any, high: Any) -> bool:
    """Say whether the interval of a rate is narrower than `WIDEST_RATE`.

    Of one dispute won, the rate of all may be anything from 21 to 100 %:

    >>> is_rate_told(0.21, 1.0), is_rate_told(0.19, 0.55)
    (False, True)
    """
    return not (is_absent(low) or is_absent(high)) and bool(high - low < WIDEST_RATE)


def gap_table(found: Gaps, *, lang: str | Reader, lacks: Sequence[str] = ()) -> Table | Sentence:
    """List the gaps between the ledger and the data, each with what it shows of its reason.

    Parameters
    ----------
    found
        What `finance.gaps` returns.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to show.

    Returns
    -------
    Table or Sentence
        A sentence when there is no gap.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    rows = found.found
    if rows.empty:
        return Sentence(why_nothing(_("No gap to explain."), lacks, reader))
    shown = rows.assign(
        account=[_(STEP_NAMES[account]) for account in rows["account"]],
        reason=[
            _(GAP_REASONS[row["reason"]], month=_month(row["other_month"], reader))
            for row in rows.to_dict("records")
        ],
    )
    of_revenue = _(
        "Gap to explain: ledger less data; of net revenue, what the gaps of the other accounts "
        "leave of it."
    )
    return table(
        shown,
        lang=reader,
        id="ledger_gaps",
        caption=_("Gaps between the ledger and the data"),
        columns=["month", "account", "ledger", "ours", "gap", "on_revenue", "reason"],
        names={
            "month": _("Month"),
            "account": _("Account"),
            "ledger": _("Ledger"),
            "ours": _("Data"),
            "gap": _("Gap to explain"),
            "on_revenue": _("Effect on revenue"),
            "reason": _("What the figures show"),
        },
        units={
            "month": "month",
            "account": "text",
            **dict.fromkeys(("ledger", "ours", "gap", "on_revenue"), "currency"),
            "reason": "text",
        },
        kpis={"on_revenue": "reconciliation_gap"},
        notes=[of_revenue] if (rows["account"] == "revenue").any() else [],
    )


def _month(month: Any, reader: Reader) -> str:
    return ABSENT if pd.isna(month) else reader.month(month)
