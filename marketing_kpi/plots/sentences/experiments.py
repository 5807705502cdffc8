"""What a control-group test found, in sentences: also that it found nothing, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from marketing_kpi import experiments
from marketing_kpi.plots import intervals
from marketing_kpi.plots.retention import why_nothing
from marketing_kpi.plots.sentences.base import Sentence
from marketing_kpi.plots.tables import campaign_name
from marketing_kpi.text.locale import Reader, is_absent
from marketing_kpi.text.messages import N_
from marketing_kpi.trials import comparison, design, members
from marketing_kpi.trials import incremental as worth
from marketing_kpi.trials.trial import MOST_SEGMENTS

OUTCOMES: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "bought": (N_("Conversion"), "fraction", "points"),
        "orders": (N_("Orders a head"), "ratio", "ratio"),
        "revenue": (N_("Net sales a head"), "currency", "currency"),
        "margin": (N_("Gross profit a head"), "currency", "currency"),
        "responded": (N_("Response"), "fraction", "points"),
    }
)
"""Name of an outcome, its unit, and that of a difference of two of its values."""

_KNOWN_BEFORE: Mapping[str, str] = MappingProxyType(
    {
        "orders_before": N_("Orders before"),
        "revenue_before": N_("Net sales before"),
        "region": N_("Region"),
    }
)

_SMALLEST_P = 0.001
_NARROWER = 0.01  # the share of its width that an interval has to lose to be called narrower
_UNEVEN = 0.05
_HALF = 0.5  # from which a reader sees 1: what rounds to 0 has no sign

REACH = 100
"""Times the members of a test beyond which another one is out of reach: the number says no more."""


def outcome_name(outcome: str, reader: Reader) -> str:
    """Return the name of an outcome; one that is not known is shown as it is."""
    named = OUTCOMES.get(outcome)
    return reader.translate(named[0]) if named else outcome


def outcome_value(value: Any, outcome: str, reader: Reader) -> str:
    """Return a value of an outcome in its unit."""
    return reader.unit(value, OUTCOMES.get(outcome, ("", "ratio", "ratio"))[1])


def lift_unit(outcome: str) -> str:
    """Return the unit of a difference of two values of an outcome."""
    return OUTCOMES.get(outcome, ("", "ratio", "ratio"))[2]


def known_before(rows: pd.DataFrame, reader: Reader) -> list[str]:
    """Return the names of the rows of a balance table: column, value of a group, arm of several."""
    several = rows["arm"].nunique() > 1
    return [
        _known_before(row, reader) + (f" ({row['arm']})" if several else "")
        for row in rows.to_dict("records")
    ]


def column_name(name: str, reader: Reader) -> str:
    """Return the name of a column of members; one that is not known is shown as it is."""
    return reader.translate(_KNOWN_BEFORE[name]) if name in _KNOWN_BEFORE else name


def _known_before(row: Mapping[Any, Any], reader: Reader) -> str:
    shown = column_name(str(row["column"]), reader)
    colon = reader.translate(": ")
    return shown if is_absent(row["value"]) else f"{shown}{colon}{group(row['value'], reader)}"


def group(value: Any, reader: Reader) -> str:
    """Return the name of a group of members: yes or no, else the value as it is.

    >>> group(True, Reader.of("en")), group("QC", Reader.of("en")), group(1, Reader.of("en"))
    ('yes', 'QC', '1')
    """
    _ = reader.translate
    if is_absent(value):
        return _("unknown")
    if isinstance(value, bool | np.bool_):
        return _("yes") if value else _("no")
    return str(value)


def p_value(value: float, reader: Reader) -> str:
    """Return a p-value in words.

    >>> p_value(0.0004, Reader.of("en")), p_value(0.0312, Reader.of("en"))
    ('p < 0.001', 'p = 0.031')
    """
    sign = "<" if value < _SMALLEST_P else "="
    return f"p {sign} {reader.number(max(value, _SMALLEST_P), decimals=3)}"


def customers_needed(total: float, members: float, reader: Reader) -> str:
    """Return how many customers a test needs; beyond `REACH` times those of a test, that it is.

    >>> customers_needed(8_334_583, 3_667, Reader.of("en"))
    'more than 366,700'
    """
    _ = reader.translate
    most = REACH * members
    return reader.integer(total) if total <= most else _("more than {n}", n=reader.integer(most))


def notes(ids: Iterable[str], known: Mapping[str, str], reader: Reader) -> list[str]:
    """Return what results note, in words."""
    return [reader.translate(known[name]) for name in ids]


def _said(*parts: str) -> Sentence:
    return Sentence(" ".join(part for part in parts if part))


# --- What was tested, and can it be compared ------------------------------------------------


def trial(
    found: experiments.Trial, *, lang: str | Reader, campaigns: Mapping[str, str] | None = None
) -> Sentence:
    """Say which campaign was tested on whom and when, or what is missing to compare its arms.

    Parameters
    ----------
    found
        What `experiments.trial` returns.
    lang
        The reader, or a language.
    campaigns
        Names of campaigns by their ids, see `experiments.campaign_names`; what is missing is said
        of ids, which the data have to be mended by.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if found.problem:
        return _said(_problem(found, reader), _with_control(found, reader))
    window = found.window
    assert window is not None  # a trial without a problem has one
    control, treated = window.control_n, window.treated_n
    said = _(
        "Campaign {campaign}: {treated} customers in the treatment, {control} in the control "
        "({share} of all). What both did is counted over the same days: {days}.",
        campaign=campaign_name(found.campaign, campaigns),
        treated=reader.integer(treated),
        control=reader.integer(control),
        share=reader.percent(control / (control + treated)),
        days=reader.date_range(window.start, window.end),
    )
    several = ""
    if len(found.treatments) > 1:
        several = _(
            "It has several treatments ({names}); the details are of {one}, and the parameter "
            "treatment chooses another.",
            names=", ".join(found.treatments),
            one=str(found.treatment),
        )
    return _said(
        said,
        several,
        *_left_out(window, reader),
        *notes(window.notes, members.NOTES, reader),
        _uncosted(found, reader),
    )


def _left_out(window: experiments.Window, reader: Reader) -> Iterator[str]:
    """Say how many of the campaign are in neither group."""
    _ = reader.translate
    if window.without_arm:
        yield _.n(
            "{n} member has no arm in the data.",
            "{n} members have no arm in the data.",
            window.without_arm,
            n=reader.integer(window.without_arm),
        )
    if window.without_customer:
        yield _.n(
            "{n} row of the campaign names no customer.",
            "{n} rows of the campaign name no customer.",
            window.without_customer,
            n=reader.integer(window.without_customer),
        )


def _uncosted(found: experiments.Trial, reader: Reader) -> str:
    """Say that costs are missing, where they are why there is no gross profit."""
    if not found.uncosted:
        return ""
    return reader.translate.n(
        "The cost of {n} order line of the members in these days is not known: no gross profit is "
        "told until it is. Give it, or a gross margin rate as the parameter margin_rate.",
        "The cost of {n} order lines of the members in these days is not known: no gross profit is "
        "told until it is. Give it, or a gross margin rate as the parameter margin_rate.",
        found.uncosted,
        n=reader.integer(found.uncosted),
    )


def _problem(found: experiments.Trial, reader: Reader) -> str:
    _ = reader.translate
    if found.problem == "lacking":
        need = _(
            "A test needs to know who was drawn into which arm: the table campaign_members, a row "
            "a customer drawn, with campaign_id, customer_id, arm (control for those left alone) "
            "and contacted_at."
        )
        return f"{why_nothing('', found.lacks, reader)} {need}"
    problems = {
        "unknown_campaign": _("No member of a campaign {campaign} is in the data."),
        "one_arm": _(
            "Campaign {campaign} has one arm only: without customers left alone, nothing tells "
            "what the others would have done anyway."
        ),
        "no_control": _(
            "Campaign {campaign} has the arms {names}, and none of them is called control: in the "
            "column arm, write control for the customers left alone."
        ),
        "no_start": _(
            "Nothing tells when campaign {campaign} began: give campaign_members.contacted_at or "
            "campaigns.starts_on."
        ),
        "in_both_arms": _(
            "Some members of campaign {campaign} are listed in several arms: find out how they "
            "came there, and leave them out. Until then its arms cannot be compared."
        ),
        "unknown_members": _(
            "The members of campaign {campaign}, or those of one of its arms, have no order in the "
            "data, at any time: customer ids are probably written otherwise in campaign_members "
            "than in orders. Until they are alike, nothing can be compared."
        ),
        "outside_data": _(
            "The data have no order in the days of campaign {campaign} ({days}): the orders go "
            "from {first} to {last}. Give those of these days: without them, nothing tells what "
            "the members did."
        ),
        "unknown_treatment": _(
            "Campaign {campaign} has no treatment of the name given. The parameter treatment "
            "takes one of: {names}."
        ),
    }
    said = problems[str(found.problem)]
    window = found.window
    days = {} if window is None else {
        "days": reader.date_range(window.start, window.end),
        "first": reader.date(window.first_day),
        "last": reader.date(window.last_day),
    }  # fmt: skip
    return said.format(campaign=found.campaign, names=", ".join(found.treatments), **days)


_OTHERS_MAY_DO = {"unknown_campaign", "one_arm", "no_control", "no_start", "outside_data"}


def _with_control(found: experiments.Trial, reader: Reader) -> str:
    """Say which campaigns could be looked at instead."""
    _ = reader.translate
    if found.problem not in _OTHERS_MAY_DO:
        return ""
    others = [str(name) for name in found.known["campaign_id"] if name != found.campaign]
    if not others:
        return _("No campaign of the data has a control group that could be looked at instead.")
    return _(
        "Campaigns with a control group: {names}. The parameter campaign takes one of them.",
        names=", ".join(others),
    )


def segments(found: experiments.Trial, *, lang: str | Reader) -> Sentence | None:
    """Say why the members are not parted by the column that was asked for.

    Parameters
    ----------
    found
        What `experiments.trial` returns.
    lang
        The reader, or a language.

    Returns
    -------
    Sentence or None
        None when they are, and when no column was asked for.
    """
    _ = Reader.of(lang).translate
    if found.by_problem is None:
        return None
    named = {"column": str(found.by)}
    if found.by_problem == "many_values":
        return Sentence(
            _(
                "The column {column} has more than {n} values: each would hold too few members to "
                "compare.",
                n=str(MOST_SEGMENTS),
                **named,
            )
        )
    if found.by_problem == "reserved_column":
        return Sentence(
            _(
                "The results have a column {column} of their own: rename that of the data to part "
                "the members by it.",
                **named,
            )
        )
    if found.by_problem == "no_values":
        return Sentence(_("The column {column} is empty: it parts no members.", **named))
    if not found.by_columns:
        return Sentence(_("The data have no column that parts the members ({column}).", **named))
    return Sentence(
        _(
            "Neither campaign_members nor contacts has a column {column}. The parameter by takes "
            "one of: {names}.",
            names=", ".join(found.by_columns),
            **named,
        )
    )


def split(
    check: experiments.SplitCheck, *, lang: str | Reader, control: str = "control"
) -> Sentence:
    """Say whether the arms have the sizes that were meant.

    Parameters
    ----------
    check
        What `experiments.split_check` returns.
    lang
        The reader, or a language.
    control
        The name of the control.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    share = reader.percent(check.shares.get(control))
    if check.expected is None:
        said = _(
            "The control holds {share} of the members. Nothing says what was meant: give it as "
            "the parameter expected_control_share, and the split is tested.",
            share=share,
        )
        return Sentence(said)
    total = sum(check.counts.values())
    values = {
        "share": share,
        "meant": reader.percent(check.expected[control] / total if total else None),
        "p": "" if check.p_value is None else p_value(check.p_value, reader),
    }
    if check.verdict == "differs":
        said = _(
            "The control holds {share} of the members, and {meant} was meant: chance alone hardly "
            "ever does that ({p}). Members were lost or added after the draw. Find out why before "
            "you believe anything below.",
            **values,
        )
    else:
        said = _(
            "The control holds {share} of the members, and {meant} was meant: chance is enough to "
            "explain the difference ({p}).",
            **values,
        )
    return _said(said, *notes(check.notes, design.NOTES, reader))


def balance(rows: pd.DataFrame, *, lang: str | Reader) -> Sentence:
    """Say whether the arms were alike before the campaign.

    Parameters
    ----------
    rows
        What `experiments.balance` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if rows["p_value"].isna().all():
        return Sentence(_("The data tell nothing of the members before the campaign."))
    apart = rows[~rows["is_balanced"].astype(bool)]
    if apart.empty:
        return Sentence(
            _(
                "Before the campaign, no difference between the arms is larger than chance makes "
                "({n} looked at, together).",
                n=reader.integer(rows["p_value"].notna().sum()),
            )
        )
    names = known_before(apart, reader)
    return Sentence(
        _(
            "Before the campaign, the arms differ by more than chance makes: {names}. The draw was "
            "not random, or members were lost after it.",
            names="; ".join(names),
        )
    )


def overlap(
    rows: pd.DataFrame, *, lang: str | Reader, campaigns: Mapping[str, str] | None = None
) -> Sentence:
    """Say which other campaigns the members were in at the same time.

    Parameters
    ----------
    rows
        What `experiments.overlap` returns.
    lang
        The reader, or a language.
    campaigns
        Names of campaigns by their ids, see `experiments.campaign_names`.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if rows.empty:
        return Sentence(
            _("No other campaign whose members are known shares days with this one's window.")
        )
    uneven = rows[rows["p_value"] < _UNEVEN / len(rows)]
    if uneven.empty:
        return Sentence(
            _(
                "Other campaigns at the same time: {n}. Both arms were in them alike, so the "
                "effect below is what this one adds to the others.",
                n=reader.integer(len(rows)),
            )
        )
    return Sentence(
        _(
            "These campaigns reached one arm more than the other at the same time: {names}. Their "
            "effect is mixed with that of this one.",
            names=", ".join(campaign_name(one, campaigns) for one in uneven["campaign_id"]),
        )
    )


# --- Did it work ----------------------------------------------------------------------------


def compared(found: experiments.Comparison, *, lang: str | Reader) -> Sentence:
    """Say what a comparison found: both values, the lift, how sure it is, and what to note.

    Parameters
    ----------
    found
        What `experiments.compare` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    remarks = notes(found.notes, comparison.NOTES, reader)
    name = outcome_name(found.outcome, reader)
    if found.absolute_lift is None:
        return _said(_("{outcome}: nothing can be compared.", outcome=name), *remarks)
    unit = lift_unit(found.outcome)
    said = _(
        "{outcome}: {treatment} in the treatment, {control} in the control, a difference of "
        "{lift}.",
        outcome=name,
        treatment=outcome_value(found.treatment_value, found.outcome, reader),
        control=outcome_value(found.control_value, found.outcome, reader),
        lift=reader.unit(found.absolute_lift, unit),
    )
    return _said(said, _sureness(found, unit, reader), _verdict(found, reader), *remarks)


def _sureness(found: experiments.Comparison, unit: str, reader: Reader) -> str:
    _ = reader.translate
    if found.absolute_low is None or found.p_value is None:
        return ""
    return _(
        "Interval at {level}: {interval} ({p}).",
        level=reader.percent(1 - found.alpha, decimals=0),
        interval=intervals.words(found.absolute_low, found.absolute_high, unit, reader),
        p=p_value(found.p_value, reader),
    )


def _verdict(found: experiments.Comparison, reader: Reader) -> str:
    _ = reader.translate
    relative = _relative(found, reader)
    if found.verdict == "higher":
        return _("The campaign raised it{relative}.", relative=relative)
    if found.verdict == "lower":
        return _("The campaign lowered it{relative}.", relative=relative)
    return _(
        "One cannot tell whether the campaign changed it: that is not to say that it did nothing."
    )


def _relative(found: experiments.Comparison, reader: Reader) -> str:
    """Return the relative lift between brackets, as far as it is known."""
    _ = reader.translate
    low, high = found.relative_low, found.relative_high
    if is_absent(found.relative_lift) or is_absent(low) or is_absent(high):
        return ""
    return _(
        " ({lift}, or {interval})",
        lift=reader.change(found.relative_lift, decimals=0),
        interval=intervals.words(low, high, lambda value: reader.change(value, decimals=0), reader),
    )


def parts(found: experiments.Comparison, *, lang: str | Reader) -> Sentence:
    """Say the two parts of an amount a head: how many buy, and what a buyer spends.

    Parameters
    ----------
    found
        What `experiments.compare` returns of an amount that is mostly 0.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if found.conversion is None or found.basket is None:
        return Sentence(
            _(
                "Most members bought, or nothing can be compared: the amount a head is not taken "
                "apart."
            )
        )
    said = [
        _part(_("Share who buy"), found.conversion, "fraction", "points", reader),
        _part(_("Spent by a buyer"), found.basket, "currency", "currency", reader),
    ]
    caution = _(
        "The campaign may change who buys: the buyers of both arms need not be the same kind of "
        "people, and a smaller amount of theirs need not be a loss."
    )
    return _said(*said, _few_baskets(found, reader), caution)


def _few_baskets(found: experiments.Comparison, reader: Reader) -> str:
    """Say on how few buyers the spending of a buyer rests; nothing where they are enough."""
    _ = reader.translate
    control, treated = found.control_buyers, found.treatment_buyers
    if control is None or treated is None or min(control, treated) >= comparison.ENOUGH_BUYERS:
        return ""
    if treated < control:
        return _.n(
            "What a treated buyer spends rests on {n} buyer: one big basket more or less moves it, "
            "and no verdict is given on it.",
            "What a treated buyer spends rests on {n} buyers: one big basket more or less moves "
            "it, and no verdict is given on it.",
            treated,
            n=reader.integer(treated),
        )
    return _.n(
        "What a buyer of the control spends rests on {n} buyer: one big basket more or less moves "
        "it, and no verdict is given on it.",
        "What a buyer of the control spends rests on {n} buyers: one big basket more or less moves "
        "it, and no verdict is given on it.",
        control,
        n=reader.integer(control),
    )


def _part(name: str, part: experiments.Part, unit: str, lift: str, reader: Reader) -> str:
    _ = reader.translate
    said = _(
        "{name}: {control}, then {treatment} with the campaign",
        name=name,
        control=reader.unit(part.control_value, unit),
        treatment=reader.unit(part.treatment_value, unit),
    )
    spread = intervals.words(part.low, part.high, lift, reader, absent="")
    shown = _("; difference: {interval}.", interval=spread) if spread else "."
    return f"{said}{shown}"


def narrowed(
    plain: experiments.Comparison, adjusted: experiments.Comparison, *, lang: str | Reader
) -> Sentence:
    """Say what a covariate changes in the interval of an outcome.

    Parameters
    ----------
    plain, adjusted
        What `experiments.compare` returns without and with ``covariate=``.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    widths = [
        None if is_absent(one.absolute_low) or is_absent(one.absolute_high)
        else one.absolute_high - one.absolute_low  # type: ignore[operator]
        for one in (plain, adjusted)
    ]  # fmt: skip
    if widths[0] is None or widths[1] is None or adjusted.absolute_lift is None:
        return Sentence(_("There is no interval that a covariate could narrow."))
    unit = lift_unit(plain.outcome)
    values = {
        "lift": reader.unit(adjusted.absolute_lift, unit),
        "interval": intervals.words(adjusted.absolute_low, adjusted.absolute_high, unit, reader),
        "change": reader.percent(abs(1 - widths[1] / widths[0]), decimals=0),
    }
    if widths[1] <= (1 - _NARROWER) * widths[0]:
        said = _(
            "With what customers bought before taken out, the difference is {lift} ({interval}): "
            "an interval {change} narrower, at no cost.",
            **values,
        )
    else:
        said = _(
            "With what customers bought before taken out, the difference is {lift} ({interval}): "
            "the past tells too little here to narrow the interval.",
            **values,
        )
    return Sentence(said)


def would_take(
    found: experiments.WouldTake, compared: experiments.Comparison, *, lang: str | Reader
) -> Sentence:
    """Say what the test could find, and what it would have taken to find a lift that matters.

    Parameters
    ----------
    found
        What `experiments.would_take` returns.
    compared
        The comparison that it was made of.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    name = outcome_name(compared.outcome, reader)
    if found.absolute_lift is None:
        return Sentence(_("{outcome}: nothing to plan another test on.", outcome=name))
    could = _("{outcome}: no rise is large enough for a test of this size.", outcome=name)
    if found.detectable is not None:
        could = _(
            "{outcome}: a test of this size finds, four times in five, a rise of {lift} "
            "({relative}) or more.",
            outcome=name,
            lift=reader.unit(found.detectable, lift_unit(compared.outcome)),
            relative=reader.change(found.detectable_relative, decimals=0),
        )
    if found.power is None or found.same_share is None or found.equal_halves is None:
        return Sentence(could)
    members = compared.control_n + compared.treatment_n
    needs = _(
        "It would have found a rise of {lift} with a probability of {power}. To find that one four "
        "times in five, it would have taken {same} customers with the same share of control, or "
        "{halves} in two equal halves.",
        lift=reader.percent(found.relative_lift, decimals=0),
        power=reader.percent(found.power, decimals=0),
        same=customers_needed(found.same_share.total, members, reader),
        halves=customers_needed(found.equal_halves.total, members, reader),
    )
    return _said(could, needs)


def corrected(rows: pd.DataFrame, *, lang: str | Reader, by: str | None = None) -> Sentence:
    """Say how many comparisons of several stand once their number is allowed for.

    Parameters
    ----------
    rows
        What `experiments.compare_all` returns.
    lang
        The reader, or a language.
    by
        The column of the segments; None: the comparisons are of several outcomes.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if rows.empty or rows["p_value"].isna().all():
        return Sentence(_("No comparison could be made."))
    stand = int((rows["verdict"] != "cannot_tell").sum())
    alone = int((rows["p_value"] < _UNEVEN).sum())
    said = _(
        "Comparisons: {n}. Under 5% if each were the only one: {alone}. After the correction for "
        "their number: {stand}.",
        n=reader.integer(len(rows)),
        alone=reader.integer(alone),
        stand=reader.integer(stand),
    )
    segments = notes(["segments"], comparison.NOTES, reader) if by else []
    return _said(said, *segments)


# --- What it was worth ----------------------------------------------------------------------


def incremental(
    found: experiments.Incremental,
    *,
    lang: str | Reader,
    is_cost_known: bool = True,
    sharing: int = 1,
) -> Sentence:
    """Say what a campaign added and whether it repaid its cost.

    Parameters
    ----------
    found
        What `experiments.incremental` returns.
    lang
        The reader, or a language.
    is_cost_known
        Whether the cost it was given is that of the campaign; else nothing is said of it.
    sharing
        How many treatments the cost of the campaign was shared among, by their customers; of more
        than one it is said, since nothing tells that a customer of each cost the same.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    said = _(
        "Over its {treated} treated customers, the campaign changed the number of buyers by "
        "{customers}, and net sales by {revenue}.",
        treated=reader.integer(found.treated),
        customers=_amount(found.customers, reader, "count"),
        revenue=_amount(found.revenue, reader, "currency"),
    )
    margin = (
        ""
        if found.margin.value is None
        else _(
            "Gross profit changed by {margin}.", margin=_amount(found.margin, reader, "currency")
        )
    )
    if "no_margin" in found.notes:
        margin = _(
            "Give the cost of all that was bought, or a gross margin rate as the parameter "
            "margin_rate."
        )
    if not is_cost_known:
        unknown = _(
            "What the campaign cost is not known: give it as the parameter cost (0 if nothing) to "
            "learn whether it paid for itself."
        )
        remarks = [name for name in found.notes if name != "no_cost"]
        return _said(said, margin, unknown, *notes(remarks, worth.NOTES, reader))
    shared = (
        _(
            "That cost is a part of the campaign's, shared among its {n} treatments by their "
            "customers; where one cost more a head than another, give its own as the parameter "
            "cost.",
            n=reader.integer(sharing),
        )
        if sharing > 1 and found.cost
        else ""
    )
    remarks = notes(found.notes, worth.NOTES, reader)
    return _said(said, margin, *_return(found, reader), shared, *remarks)


def _amount(amount: experiments.Amount, reader: Reader, unit: str) -> str:
    def written(value: Any) -> str:
        if unit == "currency":
            return reader.signed_money(value)
        sign = "+" if value is not None and value >= _HALF else ""
        return sign + reader.unit(value, unit, decimals=0)

    _ = reader.translate
    if amount.low is None or amount.high is None:
        return written(amount.value)
    return _(
        "{value} (interval: {interval})",
        value=written(amount.value),
        interval=intervals.words(amount.low, amount.high, written, reader),
    )


def _return(found: experiments.Incremental, reader: Reader) -> Sequence[str]:
    _ = reader.translate
    if found.paid_probability is None:
        return []
    said = _(
        "It cost {cost}. Probability that it paid for itself: {probability}.",
        cost=reader.money(found.cost, decimals=0),
        probability=reader.percent(found.paid_probability, decimals=0),
    )
    verdicts = {
        "paid": _("It paid for itself."),
        "lost": _("It did not pay for itself."),
        "cannot_tell": _("One cannot tell whether it paid for itself."),
    }
    taken = ""
    if found.verdict == "cannot_tell" and found.needed_for_break_even is not None:
        taken = _(
            "To find an effect that just repays that cost, four times in five, it would have taken "
            "{n} customers with the same share of control.",
            n=_for_break_even(found, reader),
        )
    verdict = verdicts[found.verdict] if found.cost > 0 else ""
    return [said, verdict, taken]


def _for_break_even(found: experiments.Incremental, reader: Reader) -> str:
    size = found.needed_for_break_even
    assert size is not None  # it is only asked where there is one
    members = found.treated * size.total / size.treatment_n  # the share of control is the same
    return customers_needed(size.total, members, reader)
