"""What margins and promotions found, in sentences."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import pandas as pd

from marketing_kpi.kpis.extent import Gap
from marketing_kpi.margins import KNOWN_ENOUGH, RATES, BreakEven
from marketing_kpi.plots.margins import promotion_name
from marketing_kpi.plots.retention import why_nothing
from marketing_kpi.plots.sentences.base import Sentence
from marketing_kpi.plots.sentences.holes import missing_days
from marketing_kpi.promotions.effects import Study
from marketing_kpi.text import counted
from marketing_kpi.text.locale import Reader, is_absent
from marketing_kpi.text.messages import N_

_COUNTED: Mapping[str, str] = MappingProxyType(
    {
        "fulfilment_cost": N_("parcels"),
        "payment_cost": N_("payment fees of orders"),
        "promotion_cost": N_("promotions"),
    }
)


def kept(
    whole: pd.DataFrame,
    *,
    lang: str | Reader,
    start: str,
    end: str,
    gap: Gap | None = None,
    lacks: Sequence[str] = (),
) -> Sentence:
    """Say what sales leave once goods are paid: in money, on price and on cost.

    Parameters
    ----------
    whole
        What `margins.margins_by` returns without dimensions: one row.
    lang
        The reader, or a language.
    start, end
        The period, `end` exclusive.
    gap
        What `margins.longest_gap` returns of that period: days that the data may lack.
    lacks
        What the data lack, so that nothing can be said; see `margins.lacking`.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if lacks:
        return Sentence(why_nothing("", lacks, reader))
    period = reader.date_range(start, end)
    if whole.empty or pd.isna(whole["gross_margin_rate"].iloc[0]):
        return Sentence(_("From {period}, no sale of a known cost.", period=period))
    row = whole.iloc[0]
    costed = row["gross_profit"] / row["gross_margin_rate"] if row["gross_margin_rate"] else None
    is_partial = costed is not None and costed < 0.995 * row["net_sales"]
    said = _(
        "From {period}, net sales of {sales} leave a gross profit of {profit}: a margin of {price} "
        "on price, which is a markup of {cost} on cost.",
        period=period,
        sales=reader.money(costed if is_partial else row["net_sales"], decimals=0),
        profit=reader.money(row["gross_profit"], decimals=0),
        price=reader.percent(row["gross_margin_rate"]),
        cost=reader.percent(row["markup_rate"]),
    )
    days = missing_days(gap, reader)
    if costed is None or not is_partial:
        return Sentence(" ".join([said, *days]))
    left_out = _(
        "These are the sales whose cost is known; that of {share} of the {all} of net sales is "
        "not, and they are left out.",
        share=reader.percent(1 - costed / row["net_sales"]),
        all=reader.money(row["net_sales"], decimals=0),
    )
    return Sentence(" ".join([said, left_out, *days]))


def spread(margins: pd.DataFrame, *, lang: str | Reader) -> Sentence | None:
    """Say which row brings most profit, and which keeps least of each sale; None for one row.

    Parameters
    ----------
    margins
        What `margins.margins_by` returns by one dimension.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    keys = [name for name in margins.columns if name not in (*RATES, "profit_share")]
    known = margins.dropna(subset=["gross_margin_rate", *keys]) if len(margins) else margins
    if len(known) < 2:
        return None
    key, first = keys[0], known.iloc[0]
    shown = known["gross_margin_rate"].map(reader.percent)
    least = known.sort_values("gross_margin_rate").iloc[0]
    rate = reader.percent(least["gross_margin_rate"])
    if alike := int((shown == rate).sum()) - 1:
        most = _(
            "{first} brings most: {profit}, {share} of the gross profit.",
            first=first[key],
            profit=reader.money(first["gross_profit"], decimals=0),
            share=reader.percent(first["profit_share"]),
        )
        return Sentence(f"{most} {_least_kept(alike + 1, len(known), rate, reader)}")
    said = _(
        "{first} brings most: {profit}, {share} of the gross profit. {least} keeps least of each "
        "sale: {rate}.",
        first=first[key],
        profit=reader.money(first["gross_profit"], decimals=0),
        share=reader.percent(first["profit_share"]),
        least=least[key],
        rate=rate,
    )
    advice = _("Before any discount there, look at what it leaves: its margin is the thinnest.")
    return Sentence(f"{said} {advice}")


def _least_kept(alike: int, rows: int, rate: str, reader: Reader) -> str:
    """Say what several rows that keep least, as the figures are shown, keep of each sale."""
    _ = reader.translate
    if alike == rows:
        return _("All keep as much of each sale: {rate}.", rate=rate)
    return _(
        "Those that keep least of each sale, {n} of {rows}, keep {rate}.",
        n=reader.integer(alike),
        rows=reader.integer(rows),
        rate=rate,
    )


def steps(
    levels: pd.DataFrame, *, lang: str | Reader, unknown: pd.DataFrame | None = None
) -> Sentence:
    """Say what is left after variable costs, and after fixed ones.

    Parameters
    ----------
    levels
        What `margins.levels` returns.
    lang
        The reader, or a language.
    unknown
        What `margins.unknown_costs` returns for the same period: the parcels, fees and promotions
        whose cost is not known are told.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    table = levels.set_index("step")
    amount, rate = table["amount"], table["rate"]
    doubts = _not_costed(unknown, reader)
    if is_absent(amount["contribution_margin"]) or is_absent(rate["contribution_margin"]):
        why = _(
            "The data do not tell all variable costs: the contribution margin stays unknown, "
            "and it is lower than the gross profit."
        )
        return Sentence(" ".join([why, *doubts]))
    left = _(
        "Once delivery, payments and promotions are paid, {margin} are left, {rate} of net sales "
        "on average.",
        margin=reader.money(amount["contribution_margin"], decimals=0),
        rate=reader.percent(rate["contribution_margin"]),
    )
    said = " ".join([left, *doubts])
    if is_absent(amount["fixed_costs"]):
        why = _(
            "No result is told: fixed costs are known by month, and not for all days of the period."
        )
        return Sentence(f"{said} {why}")
    if is_absent(amount["result"]):
        why = _(
            "No result is told: fixed costs are those of the whole shop, and the cost of part of "
            "its sales is not known."
        )
        return Sentence(f"{said} {why}")
    after = _(
        "After fixed costs, the result is {result}.",
        result=reader.money(amount["result"], decimals=0),
    )
    return Sentence(f"{said} {after}")


def _not_costed(unknown: pd.DataFrame | None, reader: Reader) -> list[str]:
    """Say how many parcels, fees and promotions have no known cost; nothing where all have."""
    if unknown is None:
        return []
    _ = reader.translate
    rows = unknown.set_index("what")
    costs = rows.drop(index="net_sales")
    costs = costs[costs["unknown"] > 0]
    if costs.empty:
        return []
    named = [
        _(
            "{cost} ({n} of {all})",
            cost=_(_COUNTED[str(cost)]),
            n=reader.integer(row["unknown"]),
            all=reader.integer(row["all"]),
        )
        for cost, row in costs.iterrows()
    ]
    sales, left_out = float(rows["all"]["net_sales"]), float(rows["unknown"]["net_sales"])
    return [
        _(
            "Costs that the data do not tell, and that are in none of these amounts: {costs}.",
            costs=", ".join(named),
        ),
        _(
            "Only sales whose costs are all known count here: {counted} of net sales out of {all}. "
            "An empty cost is not known; where there is none, the data have to say 0.",
            counted=reader.money(sales - left_out, decimals=0),
            all=reader.money(sales, decimals=0),
        ),
    ]


def break_even(result: BreakEven, *, lang: str | Reader) -> Sentence:
    """Say what must be sold to pay the fixed costs, after how many days, and what to make of it.

    Parameters
    ----------
    result
        What `margins.break_even` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    doubts = _doubts(result, reader)
    if result.rate is None:
        return Sentence(" ".join([*doubts, _("No sale of a known cost.")]))
    if result.revenue is None or result.days is None or result.safety is None:
        never = _("Sales leave nothing to pay fixed costs: no volume, however large, breaks even.")
        return Sentence(" ".join([*doubts, never]))
    said = [
        *doubts,
        _(
            "The shop must sell {revenue} to pay its fixed costs of {fixed}: {days} of average "
            "sales out of {period}.",
            revenue=reader.money(result.revenue, decimals=0),
            fixed=reader.money(result.fixed_costs, decimals=0),
            days=reader.days(round(result.days)),
            period=reader.integer(result.period_days),
        ),
    ]
    if result.safety < 0:
        said.append(
            _(
                "It did not: sales would have to be {share} higher.",
                share=reader.percent(-result.safety),
            )
        )
        return Sentence(" ".join(said))
    if result.reached_on is not None:
        said.append(
            _("With its season, it got there on {day}.", day=reader.date(result.reached_on))
        )
    said.append(
        _(
            "Sales could fall by {share} before a loss; a fixed expense of {step} would raise the "
            "threshold by {more}.",
            share=reader.percent(result.safety),
            step=reader.money(10_000, decimals=0),
            more=reader.money(10_000 * result.revenue / result.fixed_costs, decimals=0),
        )
        if result.fixed_costs
        else _("Sales could fall by {share} before a loss.", share=reader.percent(result.safety))
    )
    return Sentence(" ".join(said))


def _doubts(result: BreakEven, reader: Reader) -> list[str]:
    """Say which months count where not all do, and what share of sales has known costs."""
    _ = reader.translate
    said = []
    if len(result.months) < result.asked_months:
        said.append(
            _(
                "Months whose fixed costs are known: {known} of {asked}, the only ones that count "
                "here: {months}.",
                known=reader.integer(len(result.months)),
                asked=reader.integer(result.asked_months),
                months=", ".join(reader.month(month) for month in result.months) or "–",
            )
        )
    if result.costed_share < KNOWN_ENOUGH:
        said.append(
            _(
                "Only {share} of net sales have costs that are all known: the others are taken to "
                "leave as much.",
                share=reader.percent(result.costed_share),
            )
        )
    return said


def promotions(study: Study | None, *, lang: str | Reader, lacks: Sequence[str] = ()) -> Sentence:
    """Say what the promotions of the period changed in the margin, and what to do.

    Parameters
    ----------
    study
        What `margins.promotions` returns; None where the data lack what it needs.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that nothing can be said.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if lacks:
        return Sentence(why_nothing("", lacks, reader))
    if study is None or study.promotions.empty:
        return Sentence(_("No promotion began in the period."))
    rows = study.promotions
    told = rows[rows["reason"].isna()]
    if told.empty:
        none = _("None of the promotions of the period can be measured; see below why.")
        return Sentence(" ".join([none, *_uncounted(study, reader)]))
    said = [
        _(
            "Promotions of the period: {all}, of which {told} can be measured.",
            all=reader.integer(len(rows)),
            told=reader.integer(len(told)),
        )
    ]
    if len(study.total):
        said.append(_together(study, reader))
    counts = told["verdict"].value_counts()
    said.append(
        _(
            "Taken one by one, by their whole interval: earned {higher}, lost {lower}; for "
            "{unsure}, one cannot tell.",
            higher=reader.integer(counts.get("higher", 0)),
            lower=reader.integer(counts.get("lower", 0)),
            unsure=reader.integer(counts.get("cannot_tell", 0)),
        )
    )
    return Sentence(" ".join([*said, *_uncounted(study, reader)]))


def _together(study: Study, reader: Reader) -> str:
    _ = reader.translate
    total = study.total.iloc[0]
    about = {
        "margin": reader.money(total["margin"], decimals=0),
        "low": reader.money(total["low"], decimals=0),
        "high": reader.money(total["high"], decimals=0),
    }
    if total["verdict"] == "lower":
        return _cost(study, about, reader)
    if total["verdict"] == "higher":
        return _(
            "Together they earned the shop margin: {margin} (95% interval: {low} to {high}).",
            **about,
        )
    left_out = _left_out(study, reader)
    if total["low"] > 0 and _of_unknown(study, "pulled"):
        said = _(
            "Together their effect on the margin is {margin} (95% interval: {low} to {high}) "
            "before what customers bought ahead: one cannot tell whether they earned or lost.",
            **about,
        )
        return f"{said}{left_out}"
    if total["low"] > 0:
        said = _(
            "Together their effect on the margin is {margin} (95% interval: {low} to {high}) "
            "before all that they cost: one cannot tell whether they earned or lost.",
            **about,
        )
        return f"{said}{left_out}"
    said = _(
        "Together their effect on the margin is {margin} (95% interval: {low} to {high}): one "
        "cannot tell whether they earned or lost.",
        **about,
    )
    advice = _("Next time, leave some stores out of the promotion, and compare.")
    return f"{said}{left_out} {advice}"


def _of_unknown(study: Study, name: str) -> int:
    """Return how many of the promotions that are measured have an unknown `pulled` or `cost`."""
    told = study.promotions[study.promotions["reason"].isna()]
    return int(told[name].isna().sum())


def _left_out(study: Study, reader: Reader) -> str:
    """Say of how many promotions the cost, or what was bought ahead, is unknown."""
    _ = reader.translate
    all_ = reader.integer(int(study.promotions["reason"].isna().sum()))
    said = ""
    if unknown := _of_unknown(study, "pulled"):
        said += " " + _(
            "For {n} of these {all}, what customers bought ahead is not known, since the weeks "
            "after are not over or held another promotion: this figure leaves it out, and it can "
            "only lower it.",
            n=reader.integer(unknown),
            all=all_,
        )
    if unknown := _of_unknown(study, "cost"):
        said += " " + _(
            "For {n} of these {all}, the data do not tell the cost: this figure leaves it out, and "
            "it can only lower it.",
            n=reader.integer(unknown),
            all=all_,
        )
    return said


def _uncounted(study: Study, reader: Reader) -> list[str]:
    """Say how many lines sold tell no quantity; nothing where all do."""
    _ = reader.translate
    if not study.uncounted:
        return []
    return [
        _(
            "Lines sold without a known quantity: {n} of {all}; they count as no unit.",
            all=reader.integer(study.lines),
            n=reader.integer(study.uncounted),
        )
    ]


def _cost(study: Study, about: dict[str, str], reader: Reader) -> str:
    """Say a loss, which halo would undo it, and what to do where the data rule that halo out."""
    _ = reader.translate
    said = _(
        "Together they cost the shop margin: {margin} (95% interval: {low} to {high}), leaving out "
        "what they may have brought on other shelves.",
        **about,
    )
    left_out = _left_out(study, reader)
    said += left_out
    advice = _(
        "Offer smaller discounts, on products without close neighbours, or ask suppliers for more."
    )
    needed = float(study.total["needed_halo"].iloc[0])
    rates = study.together.set_index("rate")
    low, high = float(rates["low"]["halo"]), float(rates["high"]["halo"])
    if math.isnan(needed):
        return f"{said} {advice}"
    units = counted.units(needed, reader, decimals=2)
    undone = (
        _(
            "To lose nothing, they needed at least {units} of other categories with each extra "
            "unit",
            units=units,
        )
        if left_out
        else _(
            "They would have lost nothing had {units} of other categories come with each extra "
            "unit",
            units=units,
        )
    )
    if math.isnan(high):
        return f"{said} {undone}{_(', which these data cannot measure.')}"
    ends = {
        "low": reader.number(low, decimals=2),
        "high": reader.number(high, decimals=2),
    }
    if high < needed:
        kept_out = _(
            "; more than the data allow ({low} to {high}), even had each extra unit come in an "
            "order of its own.",
            **ends,
        )
        return f"{said} {undone}{kept_out} {advice}"
    allowed = _(
        ", which the data do not rule out: they allow {low} to {high}, since nothing tells which "
        "orders the promotions brought. Before cutting discounts, leave some stores out of the "
        "next promotion, and compare.",
        **ends,
    )
    return f"{said} {undone}{allowed}"


def track(study: Study | None, *, lang: str | Reader) -> Sentence | None:
    """Say what the promotion with the most extra units did; None where none can be measured.

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
    row = told.sort_values("extra", ascending=False).iloc[0]
    said = _(
        "{name} sold {extra} more than without it (95% interval: {low} to {high}): a lift of "
        "{lift}.",
        name=promotion_name(row),
        extra=counted.units(row["extra"], reader),
        low=reader.integer(row["extra_low"]),
        high=reader.integer(row["extra_high"]),
        lift=reader.percent(row["lift"], decimals=0),
    )
    if pd.isna(row["needed_lift"]):
        return Sentence(said)
    about = {
        "needed": reader.percent(row["needed_lift"], decimals=0),
        "low": reader.percent(row["lift_low"], decimals=0),
        "high": reader.percent(row["lift_high"], decimals=0),
    }
    if row["lift_low"] <= row["needed_lift"] <= row["lift_high"]:
        said += " " + _(
            "To earn as much on these products at its lower price it needed {needed}: its lift is "
            "between {low} and {high}, so one cannot tell whether it had that.",
            **about,
        )
        return Sentence(said)
    if row["lift"] < row["needed_lift"]:
        said += " " + _(
            "To earn as much on these products at its lower price it needed {needed}: it fell "
            "short.",
            **about,
        )
        return Sentence(said)
    said += " " + _(
        "To earn as much on these products at its lower price it needed {needed}: it had that. "
        "What substitutes and the weeks after lost, and its cost, come off it.",
        **about,
    )
    return Sentence(said)
