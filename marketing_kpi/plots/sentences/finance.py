"""What financial health found, in sentences: the answer first, and what to do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import pandas as pd

from marketing_kpi.finance import (
    CREDITED_GOODS,
    DEDUCTIONS,
    FEWEST_DECIDED,
    LARGE_CUT,
    Delays,
    Fighting,
    Gaps,
    Listed,
    PaidLess,
    share_of,
    step_shares,
)
from marketing_kpi.kpis.extent import Gap
from marketing_kpi.kpis.facts.finance import RETENTION_MONTHS
from marketing_kpi.kpis.periods import Periods
from marketing_kpi.kpis.unpriced import Unpriced
from marketing_kpi.plots import intervals
from marketing_kpi.plots.finance import (
    CAUSE_NAMES,
    STEP_NAMES,
    cause_name,
    is_length_of_base,
    is_rate_told,
)
from marketing_kpi.plots.retention import why_no_more, why_nothing
from marketing_kpi.plots.sentences.base import Sentence
from marketing_kpi.plots.sentences.holes import (
    above_list,
    added_to_list,
    missing_days,
    missing_prices,
    of_goods_back,
    off_whole_orders,
)
from marketing_kpi.plots.sentences.seasons import of_another_season
from marketing_kpi.text.locale import Reader

_EXPLAINED = ("timing", "manual_entry")

_LARGE_PART = 0.2
"""Share of net revenue from which other customers than last year's carry the year."""

_LARGE_LACK = 0.01
"""Share of the base year's net revenue from which deductions that it lacks are told."""


def headline(
    steps: pd.DataFrame,
    *,
    lang: str | Reader,
    start: str | dt.date,
    end: str | dt.date,
    less: PaidLess | None = None,
    lacks: Sequence[str] = (),
) -> Sentence:
    """Say what is left of gross sales, and what takes most of the rest.

    Parameters
    ----------
    steps
        What `finance.bridge` returns.
    lang
        The reader, or a language.
    start, end
        The period, `end` exclusive.
    less
        What `finance.paid_less` returns of the period: discounts on whole orders, which no step
        holds.
    lacks
        What the data lack for a whole bridge; see `finance.lacks_bridge`.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    period = reader.date_range(start, end)
    amounts = steps.set_index("step")["amount"] if len(steps) else pd.Series(dtype="float64")
    if not amounts.notna().any():
        return Sentence(why_nothing(_("Nothing was sold in the period."), lacks, reader))
    gross, net = (amounts.get(step) for step in ("gross_sales", "net_revenue"))
    if pd.isna(gross) or pd.isna(net) or not (gross > 0 or "unlisted" in amounts):
        told = {"period": period, "sales": reader.money(amounts["net_sales"], decimals=0)}
        said = (
            _("From {period}, sales net of discounts are {sales}.", **told)
            if pd.isna(net)
            else _(
                "From {period}, sales net of discounts are {sales}, of which {net} of net revenue "
                "is left.",
                **told,
                net=reader.money(net, decimals=0),
            )
        )
        rest = [why_no_more(lacks, reader)] if lacks else []
        return Sentence(" ".join([said, *off_whole_orders(less, reader), *rest]))
    shares = step_shares(steps)
    left = _left_of_gross(amounts, shares, period, reader)
    taken = _most_taken(amounts, shares, 0.0 if less is None else less.amount, reader)
    return Sentence(" ".join([*left, *taken, *off_whole_orders(less, reader)]))


def _left_of_gross(
    amounts: pd.Series[float], shares: Mapping[str, float | None], period: str, reader: Reader
) -> list[str]:
    """Say what is left of sales at list price, and how much is sold at a price that is unknown."""
    _ = reader.translate
    told = {"period": period, "gross": reader.money(amounts["gross_sales"], decimals=0)}
    told["net"] = reader.money(amounts["net_revenue"], decimals=0)
    unpriced = [
        _(
            "Of {amount} of these list prices, the price paid is not known.",
            amount=reader.money(-amounts["unpriced"], decimals=0),
        )
        for step in shares
        if step == "unpriced"
    ]
    if "unlisted" in shares:
        left = _(
            "From {period}, {gross} at list price, and {unlisted} of sales whose list price is not "
            "known ({share} of net sales), left {net} of net revenue.",
            **told,
            unlisted=reader.money(amounts["unlisted"], decimals=0),
            share=reader.percent(shares["unlisted"]),
        )
    elif unpriced:
        left = _("From {period}, {gross} at list price left {net} of net revenue.", **told)
    else:
        kept = reader.percent(shares["net_revenue"])
        left = _(
            "From {period}, {gross} at list price left {net} of net revenue: {kept} of it.",
            **told,
            kept=kept,
        )
    return [left, *unpriced]


def _most_taken(
    amounts: pd.Series[float], shares: Mapping[str, float | None], off_orders: float, reader: Reader
) -> list[str]:
    """Say which step takes most of what is not left, and that prices paid are above the list.

    Nothing is said of a step that takes less than was taken off whole orders.
    """
    _ = reader.translate
    taken = -amounts[[*DEDUCTIONS]]
    said = added_to_list(-taken["discounts"], reader)
    if not taken.max() > off_orders:
        return said
    most = str(taken.idxmax())
    told = {"step": _(STEP_NAMES[most]).lower(), "amount": reader.money(taken[most], decimals=0)}
    told["share"] = reader.percent(shares[most])
    if most != "discounts" and "unlisted" in shares:
        goes = _(
            "Most of what is taken off goes to one step: {step}, {amount} ({share} of net sales).",
            **told,
        )
    elif said:
        goes = _(
            "Most of what is taken off goes to one step: {step}, {amount} ({share} of list "
            "prices).",
            **told,
        )
    else:
        goes = _(
            "Most of the rest goes to one step: {step}, {amount} ({share} of list prices).", **told
        )
    return [*said, goes]


def moved(
    change: pd.DataFrame,
    rates: pd.DataFrame | None = None,
    *,
    unpriced: Unpriced | None = None,
    listed: Listed | None = None,
    gap: Gap | None = None,
    periods: Periods,
    lang: str | Reader,
) -> Sentence:
    """Say whether net revenue moved with sales or with what is taken off them.

    Parameters
    ----------
    change
        What `finance.bridge_change` returns.
    rates
        What `finance.rate_changes` returns for the same periods: which changes chance alone does
        not explain, and which are in part that the data begin with the period before, or shortly
        before it. None leaves that out.
    unpriced
        What `finance.unpriced` returns for the same periods: where prices are missing for more of
        one of them, nothing is said of chance.
    listed
        What `finance.listed` returns for the same periods: where list prices are known for another
        share of sales, discounts are not compared.
    gap
        What `finance.longest_gap` returns: days that the data may lack.
    periods
        The two periods.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    rows: dict[str, Any] = {row["step"]: row for row in change.to_dict("records")}
    if not rows or pd.isna(rows["net_revenue"]["rate_after"]):
        return Sentence(_("There is no period to compare with."))
    holes = _unpriced_deductions(unpriced, reader)
    said = [
        _total_moved(rows["net_revenue"], reader),
        *_partly_listed(listed, pd.notna(rows["discounts"]["by_rate"]), reader),
        *holes,
        *of_another_season(periods, reader),
        *missing_days(gap, reader),
    ]
    compared = [step for step in DEDUCTIONS if rows[step]["by_rate"] < 0]
    if not compared:
        return Sentence(" ".join(said))
    worst = min(compared, key=lambda step: rows[step]["by_rate"])
    cut = _cut_rate(worst, rows, rates)
    said.append(_rose_most(worst, rows, share_of(change), reader))
    if not holes and (cut is None or cut["step"] != worst):
        said += _by_chance(worst, rates, reader)
    return Sentence(" ".join([*said, *_cut_short(cut, periods, reader)]))


def _cut_rate(
    worst: str, rows: Mapping[str, Any], rates: pd.DataFrame | None
) -> Mapping[Hashable, Any] | None:
    """Return the rate that rose in part as the data begin: `worst`, or one of some weight."""
    if rates is None or rates.empty:
        return None
    cost = {step: -rows[step]["by_rate"] for step in DEDUCTIONS if rows[step]["by_rate"] < 0}
    large = [step for step in cost if cost[step] >= LARGE_CUT * sum(cost.values())]
    cut = [
        row for row in rates.to_dict("records") if row["is_cut"] and row["step"] in {worst, *large}
    ]
    return max(cut, key=lambda row: cost[row["step"]], default=None)


def _cut_short(row: Mapping[Hashable, Any] | None, periods: Periods, reader: Reader) -> list[str]:
    """Say that the period before lacks what was given back for sales of before the data begin."""
    if row is None:
        return []
    _ = reader.translate
    assert periods.previous_start is not None  # there is a change to speak of
    begun = row["begun"].date()
    lead = (periods.previous_start - begun).days
    begin = (
        _(
            "The data begin on {day}, {lead} before the period compared with: what was given back "
            "in it for older sales is not in them.",
            day=reader.date(begun),
            lead=reader.days(lead),
        )
        if lead > 0
        else _(
            "The data begin on {day}, with the period compared with: what was given back in it for "
            "earlier sales is not in them.",
            day=reader.date(begun),
        )
    )
    return [
        begin,
        _(
            "Right after it, for as long, {share} of this deduction ({step}), which comes {delay} "
            "after the sale on average, was for sales as old: the rise is partly or wholly that, "
            "and no verdict is given on it.",
            share=reader.percent(row["cut"], decimals=0),
            step=_(STEP_NAMES[row["step"]]).lower(),
            delay=reader.days(round(row["days"])),
        ),
    ]


def _total_moved(net: Mapping[str, Any], reader: Reader) -> str:
    """Say by how much net revenue moved, and for which of the two reasons where it can be told."""
    _ = reader.translate
    total = reader.signed_money(net["after"] - net["before"])
    if pd.isna(net["by_rate"]):
        return _("Net revenue moved by {total}.", total=total)
    return _(
        "Net revenue moved by {total}: {volume} because sales moved, {rate} because another share "
        "of them was taken off.",
        total=total,
        volume=reader.signed_money(net["by_volume"]),
        rate=reader.signed_money(net["by_rate"]),
    )


def _partly_listed(listed: Listed | None, compared: bool, reader: Reader) -> list[str]:
    """Say for which share of sales list prices are known, and what that leaves to say."""
    _ = reader.translate
    if listed is None or listed == (1, 1) or None in listed:
        return []
    shares = {"now": reader.percent(listed.now), "before": reader.percent(listed.before)}
    if compared:
        return [
            _(
                "List prices are known for {now} of net sales now, {before} before: what discounts "
                "on the others changed counts as sales moved.",
                **shares,
            )
        ]
    return [
        _(
            "List prices are known for {now} of net sales now, {before} before: discounts cannot "
            "be compared, a fault of the data. Complete them before you conclude.",
            **shares,
        )
    ]


def _rose_most(step: str, rows: Mapping[str, Any], of: str, reader: Reader) -> str:
    """Say which deduction rose most as a share of sales, of those that can be compared."""
    _ = reader.translate
    row = rows[step]
    told = {
        "step": _(STEP_NAMES[step]).lower(),
        "before": reader.percent(row["rate_before"], decimals=2),
        "after": reader.percent(row["rate_after"], decimals=2),
        "amount": reader.money(-row["by_rate"], decimals=0),
    }
    if pd.isna(rows["discounts"]["by_rate"]):
        return _(
            "Of what is given back, what rose most: {step}, from {before} to {after} of net sales, "
            "which cost {amount}.",
            **told,
        )
    if of == "net_sales" and step != "discounts":
        return _(
            "What rose most: {step}, from {before} to {after} of net sales, which cost {amount}.",
            **told,
        )
    return _(
        "What rose most: {step}, from {before} to {after} of gross sales, which cost {amount}.",
        **told,
    )


def _unpriced_deductions(unpriced: Unpriced | None, reader: Reader) -> list[str]:
    """Say what missing prices do to sales, and to the share of them that is taken off."""
    _ = reader.translate
    if not (holes := missing_prices(unpriced, reader)):
        return []
    rates = _(
        "What is given back counts with or without the price of its sale: the more prices are "
        "missing, the higher the rates look."
    )
    return [*holes, rates]


def _by_chance(step: str, rates: pd.DataFrame | None, reader: Reader) -> list[str]:
    """Say whether chance alone explains the change of a rate; nothing where it is not known."""
    _ = reader.translate
    if rates is None or rates.empty:
        return []
    (row,) = rates[rates["step"] == step].to_dict("records")
    if pd.isna(row["low"]):
        return [_("Too few customers to tell whether that is more than chance.")]
    spread = intervals.words(
        row["low"], row["high"], lambda change: reader.points(change, decimals=2), reader
    )
    if row["is_told"]:
        return [
            _("Chance alone does not explain it (95% interval: {spread}): look for the cause.",
              spread=spread)
        ]  # fmt: skip
    return [
        _("Chance alone may explain it (95% interval: {spread}): wait before you act.",
          spread=spread)
    ]  # fmt: skip


def causes(
    found: pd.DataFrame,
    *,
    lang: str | Reader,
    less: PaidLess | None = None,
    lacks: Sequence[str] = (),
    untold: Sequence[str] = (),
) -> Sentence:
    """Say how few root causes make most of what is lost, and which comes first.

    Parameters
    ----------
    found
        What `finance.root_causes` returns.
    lang
        The reader, or a language.
    less
        What `finance.paid_less` returns of the period: discounts on whole orders, which are no
        root cause.
    lacks
        What the data lack, so that nothing can be said; see `finance.lacks_causes`.
    untold
        Causes that the data do not tell; see `finance.untold_causes`.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    names = [_(CAUSE_NAMES[cause]).lower() for cause in untold]
    rest = [_("The data do not tell: {unknown}.", unknown=", ".join(names))] if names else []
    rest = [*off_whole_orders(less, reader), *rest]
    if lacks or found.empty or not found["is_first"].any():
        nothing = _("Nothing was lost to what the data tell.") if names else _("Nothing was lost.")
        if less is not None:
            nothing = _("Nothing was lost beside discounts on whole orders.")
        return Sentence(
            why_nothing(nothing, lacks, reader) if lacks else " ".join([nothing, *rest])
        )
    where = _("to what the data tell") if names else _("between gross and net")
    where = where if less is None else _("beside discounts on whole orders")
    said = [*_largest(found[found["amount"] > 0], where, reader)]
    return Sentence(" ".join([*said, *_given_and_returned(found, untold, reader), *rest]))


def _largest(lost: pd.DataFrame, where: str, reader: Reader) -> Iterator[str]:
    """Say how few root causes make most of what is lost, unless it takes all, and the first."""
    _ = reader.translate
    first = lost[lost["is_first"]]
    row = lost.iloc[0]
    total = reader.money(lost["amount"].sum(), decimals=0)
    told = {"cause": cause_name(row["cause"], row["root"], row["name"], lang=reader)}
    told["amount"] = reader.money(row["amount"], decimals=0)
    if len(lost) == 1:
        yield _("The {total} lost {where} have one root cause: {cause}.", total=total, where=where,
                cause=told["cause"])  # fmt: skip
        return
    if len(first) == len(lost):
        yield _(
            "The {total} lost {where} come from {all} root causes, none of which is small.",
            total=total,
            where=where,
            all=reader.integer(len(lost)),
        )
    else:
        yield _(
            "{share} of the {total} lost {where} comes from the largest root causes: {first} of "
            "{all}.",
            where=where,
            first=reader.integer(len(first)),
            all=reader.integer(len(lost)),
            share=reader.percent(first["cumulative"].iloc[-1], decimals=0),
            total=total,
        )
    yield _("The first of them: {cause}, {amount}.", **told)


def _given_and_returned(
    found: pd.DataFrame, untold: Sequence[str], reader: Reader
) -> Iterator[str]:
    """Say what discounts and returns took, where the data tell it, and how to judge them."""
    _ = reader.translate
    is_back = (found["cause"] == "discount") & (found["root"] == CREDITED_GOODS)
    lost = found[~is_back].groupby("cause")["amount"].sum()
    if lost.get("discount", 0.0) < 0:
        yield from above_list(-lost["discount"], reader)
    elif lost.get("discount", 0.0) > 0:
        yield _(
            "Discounts: {discounts}. A discount may have made the sale: judge it by what it "
            "brought.",
            discounts=reader.money(lost["discount"], decimals=0),
        )
    yield from of_goods_back(float(found.loc[is_back, "amount"].sum()), reader)
    if "return" not in untold:
        yield _(
            "Returns: {returns}. A return is worth mending at its reason.",
            returns=reader.money(lost.get("return", 0.0), decimals=0),
        )


def retention(
    found: pd.DataFrame, years: pd.DataFrame, *, lang: str | Reader, lacks: Sequence[str] = ()
) -> Sentence:
    """Say what last year's customers bring this year, and what carries the rest.

    Parameters
    ----------
    found
        What `finance.revenue_retention` returns without a dimension.
    years
        What `finance.year_on_year` returns.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that nothing can be said; see `finance.lacks_kept`.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if found.empty or years.empty:
        nothing = _("The data do not reach back two years.")
        return Sentence(why_nothing(nothing, lacks, reader))
    row = found.iloc[0]
    said = _(
        "Last year's customers ({customers}) bring {net} of what they brought then{net_interval}. "
        "Without those who bring more, {gross}{gross_interval}. {kept} of them still bring "
        "something.",
        customers=reader.integer(row["customers"]),
        net=reader.percent(row["net_retention"]),
        net_interval=_between(row, "net_retention", reader),
        gross=reader.percent(row["gross_retention"]),
        gross_interval=_between(row, "gross_retention", reader),
        kept=reader.percent(row["kept_share"]),
    )
    before = years.iloc[0].to_dict()
    lack = _lacking_share(before)
    base = _base_cut_short(before, lack, reader)
    now = years.set_index("step")["now"]
    if not now["now"] > 0:
        return Sentence(" ".join([said, *base]))
    share = now["other_customers"] / now["now"]
    parts = [
        said,
        *base,
        _(
            "Customers who brought nothing the year before make {share} of this year's net "
            "revenue ({amount}).",
            share=reader.percent(share),
            amount=reader.money(now["other_customers"], decimals=0),
        ),
    ]
    if row["net_retention_high"] < 1 - lack and share >= _LARGE_PART:
        parts.append(
            _("What last year's customers no longer bring has to be won again from others.")
        )
    return Sentence(" ".join(parts))


def _lacking_share(before: Mapping[Hashable, Any]) -> float:
    """Return which share of the base year's net revenue lies in deductions that it lacks."""
    return float(before["cut_amount"] / before["amount"]) if before["amount"] > 0 else 0.0


def _base_cut_short(before: Mapping[Hashable, Any], share: float, reader: Reader) -> list[str]:
    """Say that the base year lacks what was given back for sales of before the data begin."""
    if share < _LARGE_LACK:
        return []
    _ = reader.translate
    return [
        _(
            "The data begin on {day}: what was given back in the base year for earlier sales is "
            "not in them, and what customers brought then looks higher. This year, {amount} was "
            "given back for sales as old, {share} of the base year's net revenue: net retention "
            "looks lower by about that share of itself.",
            day=reader.date(before["begun"]),
            amount=reader.money(before["cut_amount"], decimals=0),
            share=reader.percent(share),
        )
    ]


def _between(row: Any, rate: str, reader: Reader) -> str:
    _ = reader.translate
    spread = intervals.words(row[f"{rate}_low"], row[f"{rate}_high"], "fraction", reader, absent="")
    return _(" (95% interval: {spread})", spread=spread) if spread else ""


def cohorts(found: pd.DataFrame, *, lang: str | Reader) -> Sentence:
    """Say how retention differs by month of entry, and why that is no praise of the late ones.

    Parameters
    ----------
    found
        What `finance.revenue_retention` returns by cohort.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if len(found) < 2:
        return Sentence(_("Too few months of entry to compare."))
    first, last = found.iloc[0], found.iloc[-1]
    said = _(
        "Net retention goes from {first} for those who entered in {start} to {last} for those of "
        "{end}.",
        first=reader.percent(first["net_retention"], decimals=0),
        start=reader.month(first["cohort"]),
        last=reader.percent(last["net_retention"], decimals=0),
        end=reader.month(last["cohort"]),
    )
    length = _(
        "Most of that is the length of their base: a whole year for the first, weeks for the last."
    )
    advice = _("Compare each month with the same month of another year.")
    base = [length] if is_length_of_base(found) else []
    return Sentence(" ".join([said, *_between_ends(found, reader), *base, advice]))


def _between_ends(found: pd.DataFrame, reader: Reader) -> list[str]:
    """Say how far months of entry lie from the first and the last, and which are cut."""
    _ = reader.translate
    rates = found["net_retention"].astype("float64").round(2)
    ends = rates.iloc[[0, -1]]
    said = []
    if rates.min() < ends.min() or rates.max() > ends.max():
        low, high = (found.iloc[int(place)] for place in rates.agg(["argmin", "argmax"]))
        said.append(
            _(
                "Over all months of entry, it is {low} ({low_month}) to {high} ({high_month}).",
                low=reader.percent(low["net_retention"], decimals=0),
                low_month=reader.month(low["cohort"]),
                high=reader.percent(high["net_retention"], decimals=0),
                high_month=reader.month(high["cohort"]),
            )
        )
    if len(found) > RETENTION_MONTHS:
        said.append(
            _(
                "The base year begins within a month: of the first and the last it holds only a "
                "part."
            )
        )
    return said


def disputes(
    months: pd.DataFrame,
    ripe: pd.DataFrame,
    delays: Delays | None,
    *,
    lang: str | Reader,
    lacks: Sequence[str] = (),
) -> Sentence:
    """Say which share of orders is disputed, of the months that are ripe, and how long one waits.

    Parameters
    ----------
    months
        What `finance.chargebacks_by` returns by month.
    ripe
        What it returns, without a dimension, for the ripe months; empty where none is.
    delays
        What `finance.dispute_delays` returns; None where the data cannot tell.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that nothing can be said; see `finance.lacks_disputes`.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if months.empty:
        return Sentence(why_nothing(_("No order in the period."), lacks, reader))
    young = int((~months["ripe"]).sum())
    if ripe.empty:
        said = [_("No month is ripe yet: disputes of all of them may still come.")]
    else:
        said = [_disputed(ripe.iloc[0], young, reader)]
    if delays is not None and delays.disputes and delays.within is not None:
        said.append(
            _(
                "A dispute comes {median} after the order (median), at the latest {longest}; "
                "{within} come within the {ripe} after which a month is called ripe.",
                median=reader.days(delays.median_days),
                longest=reader.days(delays.longest_days),
                within=reader.percent(delays.within, decimals=0),
                ripe=reader.days(delays.ripe_days),
            )
        )
    return Sentence(" ".join(said))


def _disputed(row: Any, young: int, reader: Reader) -> str:
    """Say how many orders of ripe months are disputed, and which rate that makes if it tells."""
    _ = reader.translate
    counts = {name: reader.integer(row[name]) for name in ("orders", "disputed")}
    if not is_rate_told(row["low"], row["high"]):
        return _(
            "Orders of ripe months: {orders}, of which disputed: {disputed}, too few to tell a "
            "rate. Young months, not counted: {young}.",
            **counts,
            young=reader.integer(young),
        )
    return _(
        "Orders of ripe months: {orders}, of which disputed: {disputed}, that is {rate} (95% "
        "interval: {spread}). Young months, not counted: {young}.",
        **counts,
        rate=reader.percent(row["rate"], decimals=2),
        spread=intervals.words(row["low"], row["high"], _two_decimals(reader), reader),
        young=reader.integer(young),
    )


def _two_decimals(reader: Reader) -> Any:
    return lambda share: reader.percent(share, decimals=2)


def outcomes(whole: pd.DataFrame, *, lang: str | Reader) -> Sentence:
    """Say how many disputes are won, with the interval, and how many are still open.

    Parameters
    ----------
    whole
        What `finance.dispute_outcomes` returns without a dimension.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    row = whole.iloc[0] if len(whole) else None
    if row is None or not row["disputes"]:
        return Sentence(_("No payment was disputed in the period."))
    rest = _without_outcome(row, reader)
    if pd.isna(row["win_rate"]):
        waiting = _("No dispute is decided yet; open: {open}.", open=reader.integer(row["open"]))
        return Sentence(" ".join([waiting, *rest]))
    told = {
        "decided": reader.integer(row["won"] + row["lost"]),
        "won": reader.integer(row["won"]),
        "lost": reader.money(row["amount_lost"], decimals=0),
        "open": reader.integer(row["open"]),
        "amount": reader.money(row["amount_open"], decimals=0),
    }
    if not is_rate_told(row["low"], row["high"]):
        said = _(
            "Disputes decided: {decided}, of which won: {won}, too few to tell how many are won. "
            "Lost: {lost}. Still open: {open}, for {amount}.",
            **told,
        )
    else:
        said = _(
            "Disputes decided: {decided}, of which won: {won}, that is {rate} (95% interval: "
            "{spread}). Lost: {lost}. Still open: {open}, for {amount}.",
            **told,
            rate=reader.percent(row["win_rate"]),
            spread=intervals.words(row["low"], row["high"], "fraction", reader),
        )
    return Sentence(" ".join([said, *rest]))


def _without_outcome(row: Any, reader: Reader) -> list[str]:
    """Say of how many disputes the data do not tell what came."""
    _ = reader.translate
    if not row["unknown"]:
        return []
    return [
        _(
            "Outcome not told by the data: {unknown}, for {amount}.",
            unknown=reader.integer(row["unknown"]),
            amount=reader.money(row["amount_unknown"], decimals=0),
        )
    ]


def fighting(found: Fighting | None, *, lang: str | Reader) -> Sentence:
    """Say whether fighting disputes pays, and from which amount on.

    Parameters
    ----------
    found
        What `finance.fighting` returns; None where the data cannot tell.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if found is None or not found.decided + found.without_amount:
        return Sentence(_("No dispute is decided yet: what fighting them is worth is unknown."))
    untold = _(
        "Disputes decided whose amount is not known, left out: {n}.",
        n=reader.integer(found.without_amount),
    )
    if not found.decided:
        return Sentence(untold)
    said = [
        _(
            "Had all disputes decided ({decided}) been fought at {cost} each, {recovered} would "
            "have come back for {spent}: {gain}.",
            decided=reader.integer(found.decided),
            cost=reader.money(found.cost),
            recovered=reader.money(found.recovered, decimals=0),
            spent=reader.money(found.cost * found.decided, decimals=0),
            gain=reader.signed_money(found.gain),
        ),
        _verdict(found, reader),
    ]
    if found.decided >= FEWEST_DECIDED and found.break_even is not None:
        spread = intervals.words(
            found.break_even_low,
            found.break_even_high,
            partial(reader.money, decimals=0),
            reader,
            absent="",
        )
        said.append(
            _(
                "Worth its cost from {amount} on{spread}: fight those above {high}, refund those "
                "under {low} at once ({below} of those decided), and try out those in between.",
                amount=reader.money(found.break_even, decimals=0),
                spread=_(" (95% interval: {spread})", spread=spread) if spread else "",
                high=reader.money(found.break_even_high, decimals=0),
                low=reader.money(found.break_even_low, decimals=0),
                below=reader.integer(found.below),
            )
        )
    said.append(
        _("The data do not tell which disputes were fought: one given up counts as lost, so that "
          "more may be won than it seems.")
    )  # fmt: skip
    if found.without_amount:
        said.append(untold)
    return Sentence(" ".join(said))


def _verdict(found: Fighting, reader: Reader) -> str:
    _ = reader.translate
    if found.low is None or found.high is None:
        return _("Too few are decided to give an interval of the gain.")
    spread = intervals.words(found.low, found.high, "currency", reader)
    if found.low > 0:
        return _("That pays: the gain of one lies within {spread} (95% interval).", spread=spread)
    if found.high < 0:
        return _("That loses: the gain of one lies within {spread} (95% interval).", spread=spread)
    return _(
        "Whether it pays to fight all cannot be told: the gain of one lies within {spread} (95% "
        "interval).",
        spread=spread,
    )


def books(found: Gaps | None, *, lang: str | Reader, lacks: Sequence[str] = ()) -> Sentence:
    """Say how far the ledger and the data agree, and which gaps are left to ask about.

    Parameters
    ----------
    found
        What `finance.gaps` returns; None where the data cannot tell, or the period holds no whole
        month (`finance.compared_months` returns none).
    lang
        The reader, or a language.
    lacks
        What the data lack, so that nothing can be said; see `finance.lacks_books`.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if found is None:
        nothing = _("The period holds no whole month, and a ledger is kept by the month.")
        return Sentence(why_nothing(nothing, lacks, reader))
    if not found.compared:
        nothing = _("The ledger and the data tell no account of the same month.")
        return Sentence(why_nothing(nothing, lacks, reader))
    said = [
        *_at_date_of_order(found, reader),
        _(
            "Over {months}, figures of the ledger that agree with the data to the cent: {agreeing} "
            "of {compared}.",
            months=reader.months(found.months),
            agreeing=reader.integer(found.agreeing),
            compared=reader.integer(found.compared),
        ),
    ]
    rows = found.found
    if len(rows):
        explained = rows["reason"].isin(_EXPLAINED)
        still = rows[~explained]
        said.append(
            _(
                "Gaps: {gaps}; the figures show the reason of {explained}. To ask finance about: "
                "{open}, for {amount} of revenue in all.",
                gaps=reader.integer(len(rows)),
                explained=reader.integer(explained.sum()),
                open=reader.integer(len(still)),
                amount=reader.signed_money(float(still["on_revenue"].sum())),
            )
        )
    if found.one_sided:
        of_each = [
            f"{_(STEP_NAMES[name]).lower()} {reader.integer(times)}"
            for name, times in found.one_sided.items()
        ]
        said.append(
            _(
                "Figures told on one side only, and so not compared: {count} ({of_each}).",
                count=reader.integer(sum(found.one_sided.values())),
                of_each=", ".join(of_each),
            )
        )
    return Sentence(" ".join(said))


def _at_date_of_order(found: Gaps, reader: Reader) -> list[str]:
    """Say that the ledger books sales when ordered, and what that explains."""
    if found.at != "ordered":
        return []
    _ = reader.translate
    said = _(
        "The ledger books sales at the date of the order; these data, when their revenue is "
        "recognised. Here it is held against the data at the date of the order."
    )
    if not found.by_date:
        return [said]
    explained = _(
        "Figures that differ at the date of recognition for that reason alone: {n}.",
        n=reader.integer(found.by_date),
    )
    return [said, explained]
