"""What the revenue mix found, in sentences."""

from __future__ import annotations

import math

import pandas as pd

from marketing_kpi.growth.chance import verdict_of, widened
from marketing_kpi.kpis.extent import Gap
from marketing_kpi.kpis.intervals import Interval
from marketing_kpi.kpis.periods import Periods
from marketing_kpi.kpis.unpriced import differ
from marketing_kpi.plots import intervals
from marketing_kpi.plots.dimensions import value_name
from marketing_kpi.plots.revenue import STEPS, year_name
from marketing_kpi.plots.sentences.base import Sentence
from marketing_kpi.plots.sentences.holes import (
    missing_days,
    missing_prices,
    no_verdict_on,
    of_no_row,
)
from marketing_kpi.plots.sentences.seasons import of_another_season
from marketing_kpi.revenue import (
    CalendarEffect,
    Concentration,
    Effects,
    Growth,
    Sources,
    effects_told,
)
from marketing_kpi.text.locale import Reader, is_absent

_STILL_FIRST = 0.8
"""Share of what the first bring that those who were first before must bring to be still first."""

_MOST_NAMED = 5

_LONE_STORES = 5
"""Like-for-like stores under which a growth rate is that of a few managers and streets."""


def headline(
    found: Growth | None,
    *,
    channels: pd.DataFrame | None,
    effects: Effects | None,
    periods: Periods,
    gap: Gap | None = None,
    lang: str | Reader,
) -> Sentence:
    """Answer first: how much revenue grew, whether that is sure, where from, and what to do.

    Parameters
    ----------
    found
        What `revenue.growth` returns; None where there is no period to compare with, or the data
        do not cover it.
    channels
        What `revenue.mix` returns by channel, or by any one dimension; None without any.
    effects
        What `revenue.price_volume_mix` returns; None where the data lack units.
    periods
        The two periods.
    gap
        What `revenue.longest_gap` returns: days that the data may lack.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if found is None:
        return Sentence(_no_comparison(periods, reader))
    if found.value is None:
        return Sentence(_no_growth(found.revenue_before, reader))
    said = _(
        "Net sales from {now}: {revenue}, against {before} a period earlier, {growth}.",
        now=reader.date_range(periods.start, periods.end),
        revenue=reader.money(found.revenue, 0),
        before=reader.money(found.revenue_before, 0),
        growth=reader.change(found.value),
    )
    holes = missing_prices(found.unpriced, reader)
    doubts = [*of_another_season(periods, reader), *missing_days(gap, reader)]
    parts = [said, *(holes or [_is_sure(found, reader)]), *doubts]
    if channels is not None and len(channels):
        parts.append(_from_segments(channels, found, reader))
    if effects is not None:
        parts.append(_from_effects(effects, reader))
    if effects is not None and found.verdict != "cannot_tell":
        parts.append(_advice(effects, reader))
    return Sentence(" ".join(part for part in parts if part))


def _no_growth(revenue_before: float, reader: Reader) -> str:
    _ = reader.translate
    if revenue_before < 0:
        return _("Credits exceed what was bought in the period before: there is no growth to tell.")
    return _(
        "Net sales are 0 in the period before, nothing being sold or all of it credited: there is "
        "no growth to tell."
    )


def _no_comparison(periods: Periods, reader: Reader) -> str:
    _ = reader.translate
    if periods.previous_start is None:
        return _(
            "No period to compare with was given: this page shows what revenue is made of, not how "
            "it grew."
        )
    return _(
        "The data do not cover {before} and {now} from end to end: growth between a part and a "
        "whole says nothing, and is not shown.",
        before=reader.date_range(periods.previous_start, periods.previous_end),
        now=reader.date_range(periods.start, periods.end),
    )


def _is_sure(found: Growth, reader: Reader) -> str:
    _ = reader.translate
    if found.low is None:
        return _("Customers are too few, or their amounts too unlike, to tell growth from chance.")
    span = intervals.words(found.low, found.high, reader.change, reader)
    if found.verdict == "cannot_tell":
        return _(
            "Chance alone could account for it (95% interval: {span}): one cannot tell which way "
            "sales are moving.",
            span=span,
        )
    return _("That is more than noise (95% interval: {span}).", span=span)


def _from_segments(rows: pd.DataFrame, found: Growth, reader: Reader) -> str:
    _ = reader.translate
    if len(rows) < 2:
        return ""
    key = str(rows.columns[0])
    up = found.revenue >= found.revenue_before
    first = rows.sort_values("change", ascending=not up, kind="stable").iloc[0]
    total = found.revenue - found.revenue_before
    if not total or first["change"] / total <= 0:
        return ""
    name = value_name(first[key], key, lang=reader)
    if first["change"] / total > 1:
        return _(
            "{name} moved by {amount}, more than the whole: other segments went the other way.",
            name=name,
            amount=reader.signed_money(first["change"]),
        )
    return _(
        "{share} of the change comes from one segment: {name} ({amount}).",
        share=reader.percent(first["change"] / total, 0),
        name=name,
        amount=reader.signed_money(first["change"]),
    )


def _from_effects(effects: Effects, reader: Reader) -> str:
    _ = reader.translate
    parts = [
        f"{_(STEPS[name]).lower()} {reader.signed_money(getattr(effects, name))}"
        for name in effects_told(effects)
    ]
    return _("By product: {parts}.", parts=", ".join(parts))


def recognition(steps: pd.DataFrame, *, start: str, end: str, lang: str | Reader) -> Sentence:
    """Say what became of what was booked, and what the gap asks for.

    Parameters
    ----------
    steps
        What `revenue.recognition` returns.
    start, end
        The period, `end` exclusive.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    amounts = steps.set_index("step")["amount"]
    if not amounts["booked"]:
        return Sentence(_("No sales in the period."))
    period = reader.date_range(start, end)
    untold = _untold_steps(amounts, reader)
    if math.isnan(amounts["recognised"]):
        return Sentence(" ".join([_booked(amounts, period, reader), *untold]))
    gap = amounts["recognised"] - amounts["booked"]
    between = {
        name: amounts[name] for name in ("cancelled", "refunds", "allowances", "chargebacks")
    }
    moved = amounts["earlier"] + amounts["later"] + amounts["pending"]
    between["moved"] = moved
    between = {name: amount for name, amount in between.items() if not math.isnan(amount)}
    names = {**{name: _(STEPS[name]) for name in between if name in STEPS},
             "moved": _("Deliveries that change period")}  # fmt: skip
    first = min(between, key=lambda name: (between[name] * math.copysign(1, -gap or 1), name))
    first = max(between, key=lambda name: (abs(between[name]), name)) if gap == 0 else first
    said = _(
        "From {period}, {booked} were booked and {recognised} recognised: {share} of what was "
        "booked. The first cause of the gap: {first} ({amount}). Goods not received by the end "
        "of the period: {pending}.",
        period=period,
        booked=reader.money(amounts["booked"], 0),
        recognised=reader.money(amounts["recognised"], 0),
        share=reader.percent(amounts["recognised"] / amounts["booked"]),
        first=names[first].lower(),
        amount=reader.signed_money(between[first]),
        pending=reader.money(-(amounts["pending"] + amounts["later"]), 0),
    )
    return Sentence(" ".join([said, *untold]))


def _booked(amounts: pd.Series[float], period: str, reader: Reader) -> str:
    _ = reader.translate
    booked = reader.money(amounts["booked"], 0)
    if math.isnan(amounts["cancelled"]):
        return _("From {period}, {booked} were booked.", period=period, booked=booked)
    return _(
        "From {period}, {booked} were booked; known to be cancelled since: {cancelled}.",
        period=period,
        booked=booked,
        cancelled=reader.percent(-amounts["cancelled"] / amounts["booked"]),
    )


def _untold_steps(amounts: pd.Series[float], reader: Reader) -> list[str]:
    _ = reader.translate
    unknown = [_(STEPS[name]).lower() for name in amounts.index[amounts.isna()]]
    return [_("The data do not tell: {unknown}.", unknown=", ".join(unknown))] if unknown else []


def mix(rows: pd.DataFrame, *, lang: str | Reader) -> Sentence:
    """Say which known segment weighs most, which gained or lost most share, what is unknown.

    Parameters
    ----------
    rows
        What `revenue.mix` returns by one dimension.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    known = rows.dropna(subset=["share"])
    if len(known) < 2:
        return Sentence(_("One segment only: there is no mix to show."))
    key = str(rows.columns[0])
    unknown = [
        _("Unknown: {share} of net sales.", share=reader.percent(share))
        for share in known.loc[known[key].isna(), "share"]
    ]
    known = known.dropna(subset=[key])
    first = known.sort_values("share", ascending=False, kind="stable").iloc[0]
    if known["share_before"].isna().all() or len(known) < 2:
        said = _(
            "First: {first}, {share} of net sales.",
            first=value_name(first[key], key, lang=reader),
            share=reader.percent(first["share"]),
        )
        return Sentence(" ".join([said, *unknown]))
    said = _(
        "First: {first}, {share} of net sales.",
        first=value_name(first[key], key, lang=reader),
        share=reader.percent(first["share"]),
    )
    return Sentence(" ".join([said, *_shifted(known, key, reader), *unknown]))


def _shifted(known: pd.DataFrame, key: str, reader: Reader) -> list[str]:
    """Name the segment that gained most share, where one did, and the one that lost most."""
    _ = reader.translate
    moved = known.assign(points=known["share"] - known["share_before"])
    ordered = moved.sort_values("points", kind="stable")
    loser, winner = ordered.iloc[0], ordered.iloc[-1]
    up = {
        "winner": value_name(winner[key], key, lang=reader),
        "up": reader.points(winner["points"]),
    }
    down = {
        "loser": value_name(loser[key], key, lang=reader),
        "down": reader.points(loser["points"]),
    }
    said = [_("Gains most share: {winner} ({up}).", **up)] if winner["points"] > 0 else []
    if not loser["points"] < 0:
        return said
    if is_absent(loser["growth"]):
        return [*said, _("Loses most share: {loser} ({down}).", **down)]
    growth = reader.change(loser["growth"])
    return [
        *said,
        _("Loses most share: {loser} ({down}), with sales at {growth}.", **down, growth=growth),
    ]


def concentration(
    customers: Concentration | None, products: Concentration | None, *, lang: str | Reader
) -> Sentence:
    """Say how much rests on the first customers and products, and how far that lasts.

    Parameters
    ----------
    customers, products
        What `revenue.concentration` returns; None where the data do not tell.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    parts = []
    if customers is not None and customers.members:
        top = customers.tops.set_index("top").loc[0.2]
        parts.append(
            _(
                "The first 20% of identified customers ({members}) bring {share} of what these "
                "spend; the very first, {largest}.",
                members=reader.integer(top["members"]),
                share=reader.percent(top["share"]),
                largest=reader.percent(customers.largest),
            )
        )
        if not is_absent(top["share_of_former"]):
            former = reader.percent(top["share_of_former"])
            changes = top["share_of_former"] < _STILL_FIRST * top["share"]
            parts.append(
                _(
                    "Those who were first in the period before bring {former} now: who is first "
                    "changes, and yesterday's list of the best is no plan for tomorrow.",
                    former=former,
                )
                if changes
                else _(
                    "Those who were first in the period before bring {former} now: the first "
                    "mostly stay the same.",
                    former=former,
                )
            )
    if products is not None and products.members and products.half is not None:
        parts.append(
            _.n(
                "Half of sales rest on {n} product of {members}: keep it in stock first.",
                "Half of sales rest on {n} products of {members}: keep these in stock first.",
                products.half,
                n=reader.integer(products.half),
                members=reader.integer(products.members),
            )
        )
    return Sentence(" ".join(parts) or _("The data do not tell customers or products."))


def network(rows: pd.DataFrame, found: Growth | None, *, lang: str | Reader) -> Sentence:
    """Say growth like for like, with its interval, beside what openings and closures weigh.

    Parameters
    ----------
    rows
        What `revenue.network` returns.
    found
        What `revenue.growth` returns of the comparable stores; None without any.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    groups = rows.set_index("group")
    if "comparable" not in groups.index or is_absent(groups["growth"].get("comparable")):
        return Sentence(_("No store was open throughout both periods."))
    same = groups.loc["comparable"]
    parts = [
        _(
            "Like for like, sales of the stores open in both periods ({stores}) changed by "
            "{growth}.",
            stores=reader.integer(same["stores"]),
            growth=reader.change(same["growth"]),
        )
    ]
    if found is not None and (holes := missing_prices(found.unpriced, reader)):
        parts.extend(holes)
    elif found is not None and found.low is not None:
        span = intervals.words(found.low, found.high, reader.change, reader)
        parts.append(
            _("Chance alone could account for that (95% interval: {span}).", span=span)
            if found.verdict == "cannot_tell"
            else _("95% interval: {span}.", span=span)
        )
    if same["stores"] < _LONE_STORES:
        parts.append(_("So few stores hang on their managers and streets: read each alone."))
    stores = groups.drop(index="no_store", errors="ignore")
    before = math.fsum(stores["revenue_before"])
    moved = stores.drop(index="comparable")["change"]
    if len(moved) and before > 0:
        parts.append(
            _(
                "Sales of all stores together changed by {all}: openings and closures weigh "
                "{moved}.",
                all=reader.change(math.fsum(stores["change"]) / before),
                moved=reader.signed_money(math.fsum(moved)),
            )
        )
    if "no_store" in groups.index:
        parts.append(
            _(
                "All that has no known store, such as sales online and credits entered without "
                "one: {growth}.",
                growth=reader.change(groups["growth"]["no_store"]),
            )
        )
    return Sentence(" ".join(parts))


def calendar(found: CalendarEffect, *, lang: str | Reader) -> Sentence:
    """Say what the days of the week alone did to growth, and what is not in it.

    Parameters
    ----------
    found
        What `revenue.calendar_effect` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if found.share is None or found.effect is None:
        return Sentence(_("The days of the week of both periods cannot be compared."))
    if not (found.days["days"] != found.days["days_before"]).any():
        return Sentence(_("Both periods have the same days of the week: no calendar effect."))
    said = _(
        "The calendar alone ({before}, then {now}, and other days of the week): {effect}, {points} "
        "of growth.",
        before=reader.days(found.days["days_before"].sum()),
        now=reader.integer(found.days["days"].sum()),
        effect=reader.signed_money(found.effect),
        points=reader.points(found.share, 2),
    )
    return Sentence(said + " " + _("Movable feasts, holidays and closures are not in it."))


def effects(found: Effects, *, revenue_before: float, lang: str | Reader) -> Sentence:
    """Say what each effect adds to growth, in points.

    Parameters
    ----------
    found
        What `revenue.price_volume_mix` returns.
    revenue_before
        Net sales of the period before.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if revenue_before <= 0:
        return Sentence(_no_growth(revenue_before, reader))
    parts = ", ".join(
        f"{_(STEPS[name]).lower()} {reader.points(getattr(found, name) / revenue_before)}"
        for name in effects_told(found)
    )
    said = [_("In points of growth: {parts}.", parts=parts)]
    if found.unknown_products:
        said.append(
            _(
                "Sales of unknown products are in none of the other effects: they have no price "
                "that could be compared."
            )
        )
    if found.credits:
        said.append(
            _(
                "Credits are in none of the other effects: they give money back for what was sold "
                "before, and move no price."
            )
        )
    return Sentence(" ".join(said))


def _advice(effects: Effects, reader: Reader) -> str:
    """Return what the largest effect asks for."""
    _ = reader.translate
    amounts = {name: getattr(effects, name) for name in effects_told(effects)}
    first = max(amounts, key=lambda name: abs(amounts[name]))
    advice = {
        ("volume", True): _("More units were sold: look which channels and customers bring them."),
        ("volume", False): _("Units are missing: go back to traffic, conversion and stock-outs."),
        ("price", True): _("Prices carry it: watch units of the products that rose most."),
        ("price", False): _("Prices took it: hold discounts against the units they brought."),
        ("mix", True): _("Dearer products carry it: check that they earn as much as they sell."),
        ("mix", False): _("Sales moved to cheaper products: look at display and stock-outs."),
        ("assortment", True): _("New products carry it: see what they took from the old ones."),
        ("assortment", False): _("Dropped products weigh: see what replaced them, if anything."),
        ("credits", True): _("Fewer credits carry it: see whether returns are entered elsewhere."),
        ("credits", False): _("Credits took it: see why money is given back, and on what."),
    }
    unknown = _("Most of it is of unknown products: find which these are before you act on prices.")
    return unknown if first == "unknown_products" else advice[first, amounts[first] >= 0]


def levels(found: pd.DataFrame, *, lang: str | Reader) -> Sentence:
    """Say how far the mix effect depends on what is taken for one product.

    Parameters
    ----------
    found
        What `revenue.effects_by_level` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if len(found) < 2:
        return Sentence(_("One level only: nothing to compare."))
    low, high = found["mix"].min(), found["mix"].max()
    return Sentence(
        _(
            "The same change gives a mix effect from {low} to {high}, and a price effect from "
            "{price_low} to {price_high}, by what is taken for one product. Name the level with "
            "the figure, and keep it from one report to the next.",
            low=reader.signed_money(low),
            high=reader.signed_money(high),
            price_low=reader.signed_money(found["price"].min()),
            price_high=reader.signed_money(found["price"].max()),
        )
    )


def customers(found: Sources, *, lang: str | Reader, whole: Growth | None = None) -> Sentence:
    """Say what new customers bring against what is lost, and who cannot be told apart.

    Parameters
    ----------
    found
        What `revenue.by_customers` returns.
    whole
        What `revenue.growth` returns of all together: only a growth that is more than noise has
        a source.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    kinds = found.kinds.set_index("kind")["change"]
    if not len(kinds):
        return Sentence(_("No sales in either period."))
    known = {name: float(kinds.get(name, 0.0)) for name in ("new", "silent", "kept")}
    came = known["new"] + float(kinds.get("other", 0.0))
    parts = [
        _(
            "Customers who were not there in the period before bring {came}, of which {new} from "
            "new ones; those who buy no more took {lost} with them; those of both periods change "
            "by {kept}.",
            came=reader.signed_money(came),
            new=reader.signed_money(known["new"]),
            lost=reader.money(-known["silent"], 0),
            kept=reader.signed_money(known["kept"]),
        )
    ]
    grew = whole is not None and whole.verdict == "grew"
    if grew and came + known["silent"] > 0 >= known["kept"]:
        parts.append(_("Growth is bought anew in every period: look at retention."))
    if "unidentified" in kinds.index:
        parts.append(
            _(
                "Orders without a customer ({amount}) may be of any of these.",
                amount=reader.signed_money(kinds["unidentified"]),
            )
        )
    parts.append(
        _(
            "The data begin on {day}: an old customer last seen before then passes for new unless "
            "their registration says otherwise.",
            day=reader.date(found.since),
        )
    )
    return Sentence(" ".join(parts))


def noise(found: Growth, years: pd.DataFrame, *, lang: str | Reader) -> Sentence:
    """Say what is growth and what is noise, and what the years before it allow to say.

    Parameters
    ----------
    found
        What `revenue.growth` returns.
    years
        What `revenue.growth_of_years` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if found.value is None:
        return Sentence(_no_growth(found.revenue_before, reader))
    if found.low is None or found.customers_low is None:
        return Sentence(
            _(
                "Growth is {growth}; with so few customers in one of the periods, chance cannot "
                "be told from change.",
                growth=reader.change(found.value),
            )
        )
    parts = [
        _(
            "Growth is {growth}. Other customers might have come, with other baskets: {customers} "
            "(95% interval).",
            growth=reader.change(found.value),
            customers=intervals.words(
                found.customers_low, found.customers_high, reader.change, reader
            ),
        ),
        _months(found, reader),
        _years(years, reader),
    ]
    return Sentence(" ".join(part for part in parts if part))


def _months(found: Growth, reader: Reader) -> str:
    _ = reader.translate
    if found.months_error is None:
        return _("The period is too short to see whether months or weeks moved as a whole.")
    of_weeks = found.piece == "week"
    if not found.months_error:
        return (
            _("Weeks vary no more than the luck of orders: it stays at that.")
            if of_weeks
            else _("Months vary no more than the luck of orders: it stays at that.")
        )
    span = intervals.words(found.low, found.high, reader.change, reader)
    return (
        _(
            "Weeks also moved as a whole, by weather, rivals or campaigns: with that, {span}.",
            span=span,
        )
        if of_weeks
        else _(
            "Months also moved as a whole, by weather, rivals or campaigns: with that, {span}.",
            span=span,
        )
    )


def _years(years: pd.DataFrame, reader: Reader) -> str:
    _ = reader.translate
    known = years.dropna(subset=["growth"])
    if len(known) < 2:
        return _(
            "No earlier year to compare with: whether such a growth is usual here, the data "
            "cannot tell."
        )
    last, before = known.iloc[-1], known.iloc[-2]
    is_holed = differ(known["unpriced_before"], known["unpriced"])
    said = _(
        "Year on year, sales of this period changed by {now}, and those of the same period a year "
        "earlier by {before}.",
        now=reader.change(last["growth"]),
        before=reader.change(before["growth"]),
    )
    holed = [year_name(row, reader) for row in known[is_holed].to_dict("records")]
    if is_holed.iloc[-2:].any():
        return " ".join([said, *no_verdict_on(holed, of=len(known), reader=reader)])
    if any(is_absent(one[end]) for one in (last, before) for end in ("low", "high")):
        return said
    # Both rates share a year, which pulls them apart: only intervals that do not meet tell.
    is_apart = last["low"] > before["high"] or last["high"] < before["low"]
    rest = (
        _("The two differ by more than chance.")
        if is_apart
        else _("Their intervals meet: one cannot tell that growth sped up or slowed.")
    )
    few = (
        _("With {n} rates, how much years differ of themselves cannot be estimated.", n=len(known))
        if len(known) < 5
        else _(
            "Over {n} years, rates went from {low} to {high}.",
            n=len(known),
            low=reader.change(known["growth"].min()),
            high=reader.change(known["growth"].max()),
        )
    )
    return f"{said} {rest} {few}"


def apart(rates: pd.DataFrame, *, whole: Growth | None, lang: str | Reader) -> Sentence:
    """Say which segments grow otherwise than all together, and which grew or fell for sure.

    What moves a month as a whole is common to the segments: it does not set one apart from the
    whole, and it does move each, so that it is added to the interval of a growth that is sure.

    Parameters
    ----------
    rates
        What `revenue.growth_by` returns, by one dimension.
    whole
        What `revenue.growth` returns of all together.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    known = rates.dropna(subset=["low", "high"]) if len(rates) else rates
    if known.empty or whole is None or whole.value is None:
        nothing = _(
            "No growth rate to compare: customers are too few, or credits nearly what was bought."
        )
        return Sentence(nothing)
    overall = whole.value
    key = str(rates.columns[0])
    kinds = {"above": known["low"] > overall, "below": known["high"] < overall}
    named = {
        kind: ", ".join(value_name(value, key, lang=reader) for value in known[key][chosen])
        for kind, chosen in kinds.items()
    }
    rest = len(known) - sum(int(chosen.sum()) for chosen in kinds.values())
    none = _("no segment")
    parts = [
        _(
            "By their whole interval, above the growth of all together: {above}; below it: "
            "{below}. One cannot tell: {rest}.",
            above=named["above"] or none,
            below=named["below"] or none,
            rest=reader.integer(rest),
        ),
        _sure(known, whole, reader),
        *_without_interval(rates, key, reader),
        _(
            "Of so many compared, {chance} or so stand apart by chance alone.",
            chance=reader.number(0.05 * len(known)),
        ),
    ]
    return Sentence(" ".join(parts))


def _without_interval(rates: pd.DataFrame, key: str, reader: Reader) -> list[str]:
    """Name the segments that are in none of the counts, and why."""
    _ = reader.translate
    bare = rates.loc[rates["low"].isna() | rates["high"].isna(), key]
    if bare.empty:
        return []
    shown = [value_name(value, key, lang=reader) for value in bare[:_MOST_NAMED]]
    rest = ["…"] if len(bare) > len(shown) else []
    return [
        _(
            "Not counted, since they have no interval: {names} (too few customers, amounts too "
            "unlike, credits nearly what was bought, or nothing sold before).",
            names=", ".join([*shown, *rest]),
        )
    ]


def _sure(rates: pd.DataFrame, whole: Growth, reader: Reader) -> str:
    _ = reader.translate
    if whole.unpriced and whole.unpriced.differs:
        return of_no_row(reader)
    verdicts = [
        verdict_of(
            widened(row["growth"], Interval(row["low"], row["high"]), error=whole.months_error,
                    pieces=len(whole.pieces))
        )
        for row in rates.to_dict("records")
    ]  # fmt: skip
    counts = {
        "up": reader.integer(verdicts.count("grew")),
        "down": reader.integer(verdicts.count("fell")),
        "all": reader.integer(len(rates)),
    }
    if whole.months_error is None:
        return _(
            "By their own intervals, what moves months or weeks as a whole left out: {up} of {all} "
            "grew, {down} fell.",
            **counts,
        )
    if whole.piece == "week":
        return _(
            "By their own intervals, weeks that move as a whole included: {up} of {all} grew, "
            "{down} fell.",
            **counts,
        )
    return _(
        "By their own intervals, months that move as a whole included: {up} of {all} grew, {down} "
        "fell.",
        **counts,
    )
