"""Figures and tables of control-group tests: what `marketing_kpi.experiments` returns, drawn."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from marketing_kpi import experiments
from marketing_kpi.plots import intervals, style
from marketing_kpi.plots.sentences import experiments as words
from marketing_kpi.plots.sentences.base import Sentence
from marketing_kpi.plots.tables import Table, campaign_name, table
from marketing_kpi.text.locale import ABSENT, Reader, is_absent
from marketing_kpi.text.messages import N_
from marketing_kpi.trials.incremental import POWER
from marketing_kpi.trials.members import BEFORE_DAYS

_LINES = ((style.BAD, "-"), (style.MUTED, "--"), (style.ACCENT, "-."), (style.INK, ":"))
"""Colour and dashes of the lines of a figure, told apart in grey too."""

_VERDICTS: Mapping[str, str] = {
    "higher": N_("higher"),
    "lower": N_("lower"),
    "cannot_tell": N_("cannot tell"),
}


# --- The design -----------------------------------------------------------------------------


@style.styled
def power_curves(plans: pd.DataFrame, *, lang: str | Reader, ax: Axes | None = None) -> Axes:
    """Draw how probably a test finds a lift, by the share of the control.

    Parameters
    ----------
    plans
        What `experiments.plans`, or `power_table` with `customers`, returns.
    lang
        The reader, or a language.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    axis = style.axes(ax)
    title = _("How probably the test finds a lift")
    if plans.empty:
        return style.empty(axis, title=title, message=_("There is nothing to plan on."))
    said = []
    shares = list(dict.fromkeys(plans["control_share"]))
    for number, share in enumerate(shares):
        colour, dashes = _LINES[number % len(_LINES)]
        rows = plans[plans["control_share"] == share].sort_values("relative_lift")
        shown = reader.percent(share, decimals=0)
        axis.plot(rows["relative_lift"], rows["power"], color=colour, linestyle=dashes, label=shown)
        found = rows["detectable_lift"].iloc[0]
        said.append(
            _("{share} of control: {lift}", share=shown, lift=reader.change(found, decimals=0))
        )
    axis.axhline(POWER, color=style.REFERENCE, linewidth=1, linestyle=":")
    axis.set_ylim(0, 1.02)
    axis.set_xlabel(_("True relative lift"))
    axis.set_ylabel(_("Probability of finding it"))
    style.value_axis(axis.xaxis, unit="change", reader=reader)
    style.value_axis(axis.yaxis, unit="fraction", reader=reader)
    axis.grid()
    axis.legend(title=_("Share of control"), loc="lower right", fontsize=9, title_fontsize=9)
    return style.finish(
        axis,
        title=title,
        alt=_(
            "Lines rising with the lift. Smallest lift found four times in five, by share of the "
            "control: {parts}.",
            parts=_("; ").join(said),
        ),
        caption=_(
            "Dotted line: four times in five. Same customers and same outcome in every line; only "
            "the share left alone differs."
        ),
    )


def plan_table(
    plans: pd.DataFrame,
    *,
    lang: str | Reader,
    of: experiments.Comparison | None = None,
    id: str = "test_plans",
) -> Table | Sentence:
    """Show what plans need and find: a row a lift and share of the control.

    Parameters
    ----------
    plans
        As in `power_curves`.
    lang
        The reader, or a language.
    of
        The comparison that the plans were made of: it names the outcome, and numbers of customers
        far beyond its members are not written out. None: neither.
    id
        Name of the table on the page and in the exports.

    Returns
    -------
    Table or Sentence
        A sentence when there is nothing to plan on.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if plans.empty:
        return Sentence(_("There is nothing to plan on."))
    names = {
        "relative_lift": _("True relative lift"),
        "control_share": _("Share of control"),
        "power": _("Probability of finding it"),
        "needed": _("Customers needed"),
        "detectable_lift": _("Smallest lift found"),
        "total": _("Customers needed"),
    }
    caption = (
        _("What a test of as many customers finds, and what it would need")
        if of is None
        else _(
            "{outcome}: what a test of as many customers finds, and what it would need",
            outcome=words.outcome_name(of.outcome, reader),
        )
    )
    members = math.inf if of is None else of.control_n + of.treatment_n
    needed = [words.customers_needed(total, members, reader) for total in plans["total"]]
    return table(
        plans.assign(needed=needed),
        lang=reader,
        id=id,
        caption=caption,
        columns=[*names],
        names=names,
        units={
            "needed": "interval",
            "total": "count",
            "power": "fraction",
            "control_share": "fraction",
            **dict.fromkeys(("relative_lift", "detectable_lift"), "change"),
        },
        kpis={"detectable_lift": "minimum_detectable_effect"},
        hidden=["total"],
        notes=[_("Needed, and found, four times in five, with a p-value under 5%.")],
    )


def campaign_table(
    known: pd.DataFrame, *, lang: str | Reader, campaigns: Mapping[str, str] | None = None
) -> Table | Sentence:
    """Show the campaigns that have a control group.

    Parameters
    ----------
    known
        What `experiments.campaigns` returns.
    lang
        The reader, or a language.
    campaigns
        Names of campaigns by their ids, see `experiments.campaign_names`.

    Returns
    -------
    Table or Sentence
        A sentence when there is none.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if known.empty:
        return Sentence(
            _("No campaign of the data has a control group (members whose arm is called control).")
        )
    total = known["control_n"] + known["treatment_n"]
    names = {
        "campaign": _("Campaign"),
        "start": _("First contact"),
        "control_n": _("In the control"),
        "treatment_n": _("In the treatment"),
        "control_share": _("Share of control"),
    }
    return table(
        known.assign(
            campaign=[campaign_name(one, campaigns) for one in known["campaign_id"]],
            control_share=known["control_n"] / total,
        ),
        lang=reader,
        id="campaigns_with_control",
        caption=_("Campaigns with a control group"),
        columns=[*names, "campaign_id"],
        names=names,
        units={
            **dict.fromkeys(("campaign", "campaign_id"), "text"),
            "start": "date",
            "control_share": "fraction",
            **dict.fromkeys(("control_n", "treatment_n"), "count"),
        },
        hidden=["campaign_id"],
    )


# --- Can the arms be compared? --------------------------------------------------------------


@style.styled
def arm_balance(rows: pd.DataFrame, *, lang: str | Reader, ax: Axes | None = None) -> Axes:
    """Draw how far apart the arms were before the campaign, in standard deviations.

    Parameters
    ----------
    rows
        What `experiments.balance` returns.
    lang
        The reader, or a language.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    known = rows.dropna(subset=["standardised_difference"])
    axis = style.axes(ax, height=intervals.height(len(known)))
    title = _("Were the arms alike before the campaign?")
    if known.empty:
        return style.empty(
            axis,
            title=title,
            message=_("The data tell nothing of the members before the campaign."),
        )
    names = words.known_before(known, reader)
    axis.axvline(0, color=style.REFERENCE, linewidth=1)
    said = []
    for place, (name, row) in enumerate(zip(names, known.to_dict("records"), strict=True)):
        even = bool(row["is_balanced"])
        axis.plot(
            row["standardised_difference"], place, marker="o" if even else "D", markersize=7,
            color=style.ACCENT if even else style.BAD,
        )  # fmt: skip
        said.append(f"{name} {reader.number(row['standardised_difference'], decimals=2)}")
    # Round ends, so that the ticks have one decimal.
    reach = 0.2 * max(2, math.ceil(6 * float(known["standardised_difference"].abs().max())))
    axis.set_xlim(-reach, reach)
    axis.set_yticks(range(len(names)), names, fontsize=9)
    axis.set_ylim(len(names) - 0.5, -0.5)
    style.value_axis(axis.xaxis, unit="number", reader=reader)
    axis.set_xlabel(_("Treatment less control, in standard deviations"))
    axis.grid(axis="x")
    return style.finish(
        axis,
        title=title,
        alt=_(
            "Differences of the arms before the campaign, in standard deviations: {parts}.",
            parts=_("; ").join(said),
        ),
        caption=_(
            "Blue dots: no more than chance makes, all looked at together. Orange diamonds: more. "
            "The smaller the control, the further chance takes the dots from 0."
        ),
    )


def balance_table(
    rows: pd.DataFrame, *, lang: str | Reader, before_days: int = BEFORE_DAYS
) -> Table | Sentence:
    """Show what the arms were before the campaign.

    Parameters
    ----------
    rows
        What `experiments.balance` returns.
    lang
        The reader, or a language.
    before_days
        As in `experiments.members`.

    Returns
    -------
    Table or Sentence
        A sentence when nothing is known of the members before.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if rows.empty:
        return Sentence(_("The data tell nothing of the members before the campaign."))

    def shown(row: Mapping[Any, Any], column: str) -> str:
        unit = "currency" if row["column"] == "revenue_before" else "ratio"
        return reader.unit(row[column], unit if is_absent(row["value"]) else "fraction")

    records = rows.to_dict("records")
    frame = rows.assign(
        name=words.known_before(rows, reader),
        in_control=[shown(row, "control_mean") for row in records],
        in_treatment=[shown(row, "treatment_mean") for row in records],
        p=_p_values(rows["p_adjusted"], reader),
    )
    names = {
        "name": _("Before the campaign"),
        "in_control": _("In the control"),
        "in_treatment": _("In the treatment"),
        "standardised_difference": _("Difference (standard deviations)"),
        "p": _("p-value (corrected)"),
        "control_mean": _("Mean of the control"),
        "treatment_mean": _("Mean of the treatment"),
        "p_adjusted": _("p-value (corrected)"),
    }
    return table(
        frame,
        lang=reader,
        id="arms_before",
        caption=_("Members of both arms before the campaign: means, or shares"),
        columns=[*names],
        names=names,
        units={
            **dict.fromkeys(("in_control", "in_treatment", "p"), "interval"),
            "standardised_difference": "ratio",
            "p_adjusted": "number",
        },
        hidden=["control_mean", "treatment_mean", "p_adjusted"],
        notes=[
            _(
                "Orders and net sales before are those of the {days} before the first contact.",
                days=reader.days(before_days),
            )
        ],
    )


def overlap_table(
    rows: pd.DataFrame, *, lang: str | Reader, campaigns: Mapping[str, str] | None = None
) -> Table | Sentence:
    """Show the campaigns that members were in at the same time, and say whether that matters.

    Parameters
    ----------
    rows
        What `experiments.overlap` returns.
    lang
        The reader, or a language.
    campaigns
        Names of campaigns by their ids, see `experiments.campaign_names`.

    Returns
    -------
    Table or Sentence
        The sentence that says so when there is none.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if rows.empty:
        return words.overlap(rows, lang=reader, campaigns=campaigns)
    names = {
        "campaign": _("Campaign"),
        "start": _("First contact"),
        "days_shared": _("Days shared"),
        "control_share": _("Of the control"),
        "treatment_share": _("Of the treatment"),
        "p": _("p-value"),
        "p_value": _("p-value"),
    }
    return table(
        rows.assign(
            campaign=[campaign_name(one, campaigns) for one in rows["campaign_id"]],
            p=_p_values(rows["p_value"], reader),
        ),
        lang=reader,
        id="campaigns_at_once",
        caption=_("Campaigns that reached members at the same time"),
        columns=[*names, "campaign_id"],
        names=names,
        units={
            **dict.fromkeys(("campaign", "campaign_id"), "text"),
            "start": "date",
            "days_shared": "count",
            "p": "interval",
            "p_value": "number",
            **dict.fromkeys(("control_share", "treatment_share"), "fraction"),
        },
        hidden=["p_value", "campaign_id"],
        notes=[str(words.overlap(rows, lang=reader, campaigns=campaigns))],
    )


# --- Did it work? ---------------------------------------------------------------------------


@style.styled
def lifts(
    rows: pd.DataFrame, *, lang: str | Reader, by: str = "outcome", ax: Axes | None = None
) -> Axes:
    """Draw lifts with their intervals: relative ones, or those of one outcome in its own unit.

    Parameters
    ----------
    rows
        What `experiments.compare_all` returns, or a frame of comparisons.
    lang
        The reader, or a language.
    by
        The column that names the rows; those of other columns than ``"outcome"`` have one outcome.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    one = by != "outcome" and rows["outcome"].nunique() == 1
    value = "absolute_lift" if one else "relative_lift"
    known = rows.dropna(subset=[value])
    axis = style.axes(ax, height=intervals.height(len(known)))
    named = words.outcome_name(str(rows["outcome"].iloc[0]), reader) if one else ""
    title = (
        _("{outcome}: what the campaign changed", outcome=named)
        if one
        else _("What the campaign changed, relative to the control")
    )
    if known.empty:
        return style.empty(axis, title=title, message=_("No comparison could be made."))
    low, high = (f"{value.removesuffix('lift')}{end}" for end in ("low", "high"))
    axis.axvline(0, color=style.REFERENCE, linewidth=1)
    said = intervals.draw(
        axis,
        names=_row_names(known, by, reader),
        values=known[value].tolist(),
        low=known[low].tolist(),
        high=known[high].tolist(),
        unit=words.lift_unit(str(known["outcome"].iloc[0])) if one else "fraction",
        reader=reader,
    )
    if not one:
        style.value_axis(axis.xaxis, unit="change", reader=reader)
    open_ends = _(" Hollow dots: the interval has no end on one side.")
    unbounded = bool(known[[low, high]].isna().any(axis=None))
    return style.finish(
        axis,
        title=title,
        alt=_("Lifts with their intervals: {parts}.", parts=_("; ").join(said)),
        caption=_("A bar that touches 0 does not let one tell.") + (open_ends if unbounded else ""),
    )


def _row_names(rows: pd.DataFrame, by: str, reader: Reader) -> list[str]:
    several = "treatment" in rows and rows["treatment"].nunique() > 1
    names = [
        words.outcome_name(str(value), reader) if by == "outcome" else words.group(value, reader)
        for value in rows[by]
    ]
    if not several:
        return names
    return [f"{name} ({arm})" for name, arm in zip(names, rows["treatment"], strict=True)]


def lift_table(
    rows: pd.DataFrame, *, lang: str | Reader, by: str = "outcome", id: str = "lifts"
) -> Table | Sentence:
    """Show comparisons: both arms, the lift with its interval, p-value and verdict.

    Parameters
    ----------
    rows, by
        As in `lifts`.
    lang
        The reader, or a language.
    id
        Name of the table on the page and in the exports.

    Returns
    -------
    Table or Sentence
        A sentence without comparisons.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if rows.empty:
        return Sentence(_("No comparison could be made."))
    records = rows.to_dict("records")
    p = "p_adjusted" if "p_adjusted" in rows else "p_value"
    hidden = {
        "control_value": _("Value of the control"),
        "treatment_value": _("Value of the treatment"),
        "absolute_lift": _("Absolute lift"),
        "absolute_low": _("Low"),
        "absolute_high": _("High"),
    }
    # The dictionary's lifts are those of conversion.
    kpis = {"interval": "absolute_lift", "relative_lift": "relative_lift"}
    names = {
        "name": _("Outcome") if by == "outcome" else words.column_name(by, reader),
        "control_n": _("Customers in the control"),
        "in_control": _("Control"),
        "in_treatment": _("Treatment"),
        "interval": _("Absolute lift, and its interval"),
        "relative_lift": _("Relative lift"),
        "p": _("p-value (corrected)") if p == "p_adjusted" else _("p-value"),
        "shown_verdict": _("Verdict"),
        **hidden,
    }
    frame = rows.assign(
        name=_row_names(rows, by, reader),
        in_control=[_value(row, "control_value", reader) for row in records],
        in_treatment=[_value(row, "treatment_value", reader) for row in records],
        interval=[_difference(row, reader) for row in records],
        p=_p_values(rows[p], reader),
        shown_verdict=[_(_VERDICTS[row["verdict"]]) for row in records],
    )
    return table(
        frame,
        lang=reader,
        id=id,
        caption=_lift_caption(rows, by, reader),
        columns=[*names],
        names=names,
        units={
            "name": "text",
            **dict.fromkeys(("in_control", "in_treatment", "interval", "p"), "interval"),
            "relative_lift": "change",
            **dict.fromkeys(hidden, "number"),
        },
        kpis=kpis if "bought" in set(rows["outcome"]) else {},
        hidden=[*hidden],
        notes=[
            _("p-values, intervals and verdicts allow for the number of comparisons of the table.")
        ]
        if p == "p_adjusted" and len(rows) > 1
        else [],
    )


def _p_values(values: pd.Series[Any], reader: Reader) -> list[str]:
    """Return p-values as the sentences beside their table write them."""
    return [
        ABSENT if is_absent(value) else words.p_value(value, reader).removeprefix("p ").lstrip("= ")
        for value in values
    ]


def _lift_caption(rows: pd.DataFrame, by: str, reader: Reader) -> str:
    _ = reader.translate
    outcomes = [words.outcome_name(str(name), reader) for name in rows["outcome"].unique()]
    if by == "outcome" or len(outcomes) > 1:
        return _("What the treatment changed, against the control")
    return _(
        "{outcome}: what the treatment changed, against the control, by {column}",
        outcome=outcomes[0],
        column=words.column_name(by, reader).lower(),
    )


def _value(row: Mapping[Any, Any], column: str, reader: Reader) -> str:
    return words.outcome_value(row[column], str(row["outcome"]), reader)


def _difference(row: Mapping[Any, Any], reader: Reader) -> str:
    _ = reader.translate
    unit = words.lift_unit(str(row["outcome"]))
    shown = reader.unit(row["absolute_lift"], unit)
    spread = intervals.words(row["absolute_low"], row["absolute_high"], unit, reader, absent="")
    return f"{shown} ({spread})" if spread else shown


def method_table(found: experiments.Comparison, *, lang: str | Reader) -> Table | Sentence:
    """Show the interval of the verdict beside Welch's test and the permutations.

    Parameters
    ----------
    found
        What `experiments.compare` returns of a mean.
    lang
        The reader, or a language.

    Returns
    -------
    Table or Sentence
        A sentence for a rate, which none of them fits, and without an interval.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if found.welch_p is None:
        return Sentence(_("There is no mean to compare."))
    unit = words.lift_unit(found.outcome)
    made = [
        (_("Hall (the verdict's)"), found.absolute_low, found.absolute_high, found.p_value),
        (_("Welch (the textbooks')"), found.welch_low, found.welch_high, found.welch_p),
        (_("Permutation of the members"), None, None, found.permutation_p),
    ]
    rows = [row for row in made if row[3] is not None]
    frame = pd.DataFrame(rows, columns=["method", "low", "high", "p_value"])
    names = {
        "method": _("Method"),
        "interval": _("Interval of the difference"),
        "p": _("p-value"),
        "low": _("Low"),
        "high": _("High"),
        "p_value": _("p-value"),
    }
    return table(
        frame.assign(
            interval=intervals.column(frame, unit, reader), p=_p_values(frame["p_value"], reader)
        ),
        lang=reader,
        id="methods",
        caption=_(
            "Three methods. Outcome: {outcome}", outcome=words.outcome_name(found.outcome, reader)
        ),
        columns=[*names],
        names=names,
        units={
            "method": "text",
            **dict.fromkeys(("interval", "p"), "interval"),
            **dict.fromkeys(("low", "high", "p_value"), "number"),
        },
        hidden=["low", "high", "p_value"],
    )


# --- What was it worth? ---------------------------------------------------------------------


@style.styled
def incremental_amounts(
    found: experiments.Incremental | None,
    *,
    lang: str | Reader,
    is_cost_known: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw the net sales and the gross profit that a campaign added, beside its cost.

    Parameters
    ----------
    found
        What `experiments.incremental` returns; None where nothing can be compared.
    lang
        The reader, or a language.
    is_cost_known
        Whether the cost is that of the campaign; else it is not drawn.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    amounts = (
        {} if found is None else {_("Net sales"): found.revenue, _("Gross profit"): found.margin}
    )
    known = {name: one for name, one in amounts.items() if one.value is not None}
    axis = style.axes(ax, height=intervals.height(len(known)))
    title = _("What the campaign added, in all")
    if found is None or not known:
        message = _("There are no amounts to compare.")
        return style.empty(axis, title=title, message=message, is_said=True)
    axis.axvline(0, color=style.REFERENCE, linewidth=1)
    said = intervals.draw(
        axis,
        names=[*known],
        values=[one.value for one in known.values()],
        low=[one.low for one in known.values()],
        high=[one.high for one in known.values()],
        unit="currency",
        reader=reader,
        reference=found.cost if is_cost_known else None,
    )
    if is_cost_known:
        line = Line2D([], [], color=style.REFERENCE, linestyle="--", linewidth=1.2)
        line.set_label(_("Cost of the campaign"))
        axis.legend(handles=[line], loc="upper center", bbox_to_anchor=(0.5, -0.2), fontsize=9)
    cost = _(" Dashed line: what the campaign cost, {cost}.", cost=reader.money(found.cost))
    return style.finish(
        axis,
        title=title,
        alt=_("Amounts added, with their intervals: {parts}.", parts=_("; ").join(said)),
        caption=_(
            "Over all treated customers, against what the control tells they would have done."
        )
        + (cost if is_cost_known else ""),
    )


def worth_table(
    found: experiments.Incremental, *, lang: str | Reader, is_cost_known: bool = True
) -> Table:
    """Show what a campaign added and what it returned, with intervals.

    Parameters
    ----------
    found
        What `experiments.incremental` returns.
    lang
        The reader, or a language.
    is_cost_known
        Whether the cost is that of the campaign; else what depends on it is left out.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    nothing = experiments.Amount()
    rows: Sequence[tuple[str, str, experiments.Amount, str]] = [
        ("customers", _("Incremental buyers"), found.customers, "count"),
        ("orders", _("Incremental orders"), found.orders, "count"),
        ("incremental_revenue", _("Incremental net sales"), found.revenue, "currency"),
        ("margin", _("Incremental gross profit"), found.margin, "currency"),
    ]
    if is_cost_known:
        probability = experiments.Amount(found.paid_probability)
        per_order = found.cost_per_order if found.cost > 0 else nothing
        rows = [
            *rows,
            ("cost", _("Cost of the campaign"), experiments.Amount(found.cost), "currency"),
            ("incremental_roi", _("Incremental ROI"), found.roi, "fraction"),
            ("cost_per_order", _("Cost of an incremental order"), per_order, "currency"),
            ("paid", _("Probability that it paid for itself"), probability, "fraction"),
        ]
    kept = [row for row in rows if row[2] != nothing]
    frame = pd.DataFrame(
        [
            {
                "what": name,
                "value": amount.value,
                "shown": reader.unit(amount.value, unit, decimals=_decimals(amount, unit)),
                "interval": _ends(amount, unit, reader),
                "low": amount.low,
                "high": amount.high,
            }
            for name, _label, amount, unit in kept
        ]
    )
    names = {
        "what": _("What the campaign brought"),
        "shown": _("Value"),
        "interval": _("Interval"),
        "value": _("Value"),
        "low": _("Low"),
        "high": _("High"),
    }
    has_return = "incremental_roi" in {row[0] for row in kept}
    return table(
        frame,
        lang=reader,
        id="worth",
        caption=_("What the campaign was worth"),
        columns=[*names],
        names=names,
        units={
            **dict.fromkeys(("shown", "interval"), "interval"),
            **dict.fromkeys(("value", "low", "high"), "number"),
        },
        row_units=[unit for _id, _label, _amount, unit in kept],
        row_labels={name: label for name, label, _amount, _unit in kept},
        kpis={name: name for name in ("incremental_revenue", "incremental_roi")},
        hidden=["value", "low", "high"],
        notes=[_("An ROI of 0% just repays the campaign.")] if has_return else [],
    )


_WHOLE_FROM: Mapping[str, float] = {"currency": 100.0, "fraction": 1.0}
"""From this value or end of an interval on, a row is written without decimals, by its unit."""


def _decimals(amount: experiments.Amount, unit: str) -> int | None:
    """Return 0 for an amount whose interval is far wider than its decimals, else None."""
    known = [abs(value) for value in amount if value is not None]
    largest = max(known, default=0.0)
    return 0 if largest >= _WHOLE_FROM.get(unit, math.inf) else None


def _ends(amount: experiments.Amount, unit: str, reader: Reader) -> str | None:
    """Return an interval in words, also one that has no upper end."""
    _ = reader.translate

    def written(value: Any) -> str:
        return reader.unit(value, unit, decimals=_decimals(amount, unit))

    if is_absent(amount.low):
        return None
    if is_absent(amount.high):
        return _("{low} or more", low=written(amount.low))
    return intervals.words(amount.low, amount.high, written, reader)


# --- What goes wrong ------------------------------------------------------------------------


@style.styled
def false_alarms(
    rows: pd.DataFrame, *, lang: str | Reader, alpha: float = 0.05, ax: Axes | None = None
) -> Axes:
    """Draw how often a campaign without effect looks like one, with each look or segment.

    Parameters
    ----------
    rows
        What `experiments.peeking` or `experiments.best_segment` returns.
    lang
        The reader, or a language.
    alpha
        The level that one test promises.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    axis = style.axes(ax)
    peeked = "ever_significant" in rows
    if peeked:
        x, label, title = "day", _("Days"), _("Looking every day, for an effect that is not there")
        shown = {
            "ever_significant": _("stops at the first success"),
            "significant": _("looks on that day only"),
        }
    else:
        x, label = "segments", _("Segments")
        title = _("Looking for the best segment, of a campaign without effect")
        shown = {"any_significant": _("as if each were alone"), "any_after_holm": _("after Holm")}
    said = []
    for (column, name), (colour, dashes) in zip(shown.items(), (_LINES[0], _LINES[2]), strict=True):
        axis.plot(rows[x], rows[column], color=colour, linestyle=dashes, label=name,
                  marker="" if peeked else "o")  # fmt: skip
        said.append(f"{name} {reader.percent(rows[column].iloc[-1], decimals=0)}")
    axis.axhline(alpha, color=style.REFERENCE, linewidth=1, linestyle=":")
    axis.set_ylim(0, 1.1 * max(rows[name].max() for name in shown))
    axis.set_xlabel(label)
    axis.set_ylabel(_("Campaigns that seem to work"))
    style.value_axis(axis.xaxis, unit="count", reader=reader)
    style.value_axis(axis.yaxis, unit="fraction", reader=reader)
    axis.grid(axis="y")
    axis.legend(loc="upper left", fontsize=9)
    return style.finish(
        axis,
        title=title,
        alt=_(
            "False alarms ({what}: {n}): {parts}.",
            what=label.lower(),
            n=reader.integer(rows[x].iloc[-1]),
            parts=_("; ").join(said),
        ),
        caption=_("Dotted line: what one test promises. Simulated campaigns that change nothing."),
    )
