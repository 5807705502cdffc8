"""What the analyses of sales found, in sentences: the answer first, then what to do."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from marketing_kpi.growth.chance import verdict_of, widened
from marketing_kpi.kpis.extent import Gap
from marketing_kpi.kpis.intervals import Interval
from marketing_kpi.kpis.periods import Periods
from marketing_kpi.kpis.unpriced import TOLERATED, Unpriced, differ
from marketing_kpi.plots.dimensions import value_name
from marketing_kpi.plots.retention import why_nothing
from marketing_kpi.plots.sales import (
    FACTORS,
    NO_PRODUCT,
    PARTS,
    STEP_NAMES,
    factor_value,
    names_aside,
    no_interval,
    rows_of,
    step_name,
)
from marketing_kpi.plots.sentences.base import Sentence
from marketing_kpi.plots.sentences.holes import (
    missing_days,
    missing_prices,
    no_verdict_on,
    of_no_row,
)
from marketing_kpi.plots.sentences.seasons import of_another_season
from marketing_kpi.sales import HOLES, Conversion, Prices, Season, Tree
from marketing_kpi.text import counted
from marketing_kpi.text.locale import Reader, is_absent
from marketing_kpi.text.messages import N_

NEARLY_ALL = 0.8
"""Share of net sales whose prices moved the same way, from which none is left to compare with."""

_MOST_NAMED = 5

_TO_DO = {
    "orders": N_("Look next at which channels brought or lost these orders."),
    "units_per_transaction": N_(
        "Look next at what a basket holds: items offered together, free-delivery threshold."
    ),
    "average_selling_price": N_(
        "Look next at what is behind the price: list prices, discounts, products sold or credits."
    ),
    "average_order_value": N_("Look next at what a basket holds, at what price, and at credits."),
    "visitors": N_("Look next at which channels bring fewer or more people."),
    "sessions_per_visitor": N_("Look next at what brings people back: e-mails, wish lists."),
    "conversion_rate": N_("Look next at the funnel, step by step and device by device."),
}


def answer(
    tree: Tree,
    *,
    lang: str | Reader,
    periods: Periods,
    gap: Gap | None = None,
    lacks: Sequence[str] = (),
) -> Sentence:
    """Say how much was sold, how that compares, which factor moved it, and where to look next.

    Parameters
    ----------
    tree
        What `sales.shop_tree` or `sales.site_tree` returns.
    lang
        The reader, or a language.
    periods
        The two periods.
    gap
        What `sales.longest_gap` returns: days that the data may lack.
    lacks
        What the data lack, so that nothing can be said.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if lacks:
        return Sentence(why_nothing("", lacks, reader))
    period = reader.date_range(periods.start, periods.end)
    amount = reader.money(tree.after, decimals=0)
    if tree.obstacle or tree.before is None:
        said = _("From {period}, net sales are {amount}.", period=period, amount=amount)
        return Sentence(" ".join([said, _obstacle(tree, reader), *missing_days(gap, reader)]))
    grown = reader.change(tree.after / tree.before - 1)
    spread = ""
    if not (is_absent(tree.change_low) or is_absent(tree.change_high)):
        spread = _(
            " (95% interval: {low} to {high})",
            low=reader.change(tree.change_low),
            high=reader.change(tree.change_high),
        )
    said = _(
        "From {period}, net sales are {amount}: {change} on the period compared with{spread}.",
        period=period,
        amount=amount,
        change=grown,
        spread=spread,
    )
    doubts = [*of_another_season(periods, reader), *missing_days(gap, reader)]
    return Sentence(" ".join([said, *doubts, *_movers(tree, reader)]))


def _obstacle(tree: Tree, reader: Reader) -> str:
    _ = reader.translate
    return {
        "no_comparison": _("No period to compare with was asked for."),
        "not_recorded": _(
            "The data do not cover the whole of both periods: no comparison would be fair."
        ),
    }.get(tree.obstacle or "", _nothing_sold(tree, reader))


def _nothing_sold(tree: Tree, reader: Reader) -> str:
    _ = reader.translate
    if tree.after < 0 or (tree.before or 0.0) < 0:
        return _("Credits exceed what was bought in one of the periods: nothing to compare.")
    return _(
        "Net sales are 0 in one of the periods, nothing being sold or all of it credited: nothing "
        "to compare."
    )


def _movers(tree: Tree, reader: Reader) -> list[str]:
    """Name the factor that moved most beyond chance, the others, and those one cannot tell."""
    _ = reader.translate
    factors = tree.factors[~tree.factors["factor"].isin(HOLES)]
    unsure = factors["verdict"] == "cannot_tell"
    sure = factors[~unsure]
    sure = sure.loc[sure["effect"].abs().sort_values(ascending=False, kind="stable").index]
    said = missing_prices(_unpriced(tree), reader)
    if factors["change_low"].isna().all():
        untold = _("Which of the factors moved by more than chance, one cannot tell.")
        return [*said, no_interval(reader), untold]
    if sure.empty:
        said.append(_("Of no factor can one say that it moved more than chance would."))
    else:
        first = sure.iloc[0]
        said.append(
            _(
                "What moved most beyond chance: {factor} ({change}), worth {effect} of a change of "
                "{total}.",
                factor=_lower(_(FACTORS[first["factor"]])),
                change=reader.change(first["change"]),
                effect=reader.signed_money(first["effect"]),
                total=reader.signed_money(tree.after - (tree.before or 0.0)),
            )
        )
    if moved := rows_of(sure.iloc[1:]):
        parts = [
            f"{_lower(_(FACTORS[row.factor]))} {reader.signed_money(row.effect)}" for row in moved
        ]
        said.append(_("Also moved: {parts}.", parts=_("; ").join(parts)))
    if unsure.any():
        names = _("; ").join(_lower(_(FACTORS[name])) for name in factors.loc[unsure, "factor"])
        said.append(_("Not to be told from chance: {names}.", names=names))
    said += _apart_from_0(factors[unsure], of=len(factors), reader=reader)
    if not tree.pieces:
        said.append(
            _(
                "The period is too short to see whether weeks moved as a whole, by weather or "
                "rivals: that chance is left out."
            )
        )
    if len(sure):
        moved_most = [*sure["factor"]]
        said += _in_basket(tree, reader) if "average_order_value" in moved_most else []
        said.append(_(_TO_DO[moved_most[0]]))
    return said


def _apart_from_0(unsure: pd.DataFrame, *, of: int, reader: Reader) -> list[str]:
    """Say which factors have an interval that leaves 0 out by itself, and no verdict all the same.

    A verdict allows for all factors being looked at; those of `overview.attention` do not.
    """
    _ = reader.translate
    apart = unsure[(unsure["change_low"] > 0) | (unsure["change_high"] < 0)]
    if apart.empty:
        return []
    names = _("; ").join(_lower(_(FACTORS[name])) for name in apart["factor"])
    return [
        _(
            "By itself, the 95% interval leaves 0 out: {names}. Of {n} factors looked at together, "
            "one does so too often by chance for a verdict; the overview, which looks at each "
            "indicator by itself, may give one.",
            names=names,
            n=reader.integer(of),
        )
    ]


def _in_basket(tree: Tree, reader: Reader) -> list[str]:
    """Say which part of the change of the average order is that of credits."""
    _ = reader.translate
    before, now = tree.credits
    if not (before or now):
        return []
    return [
        _(
            "Credits entered as orders lower the basket: {before} before, {now} now.",
            before=reader.signed_money(before),
            now=reader.signed_money(now),
        )
    ]


def _unpriced(tree: Tree | None) -> Unpriced | None:
    """Return which share of what was sold has no known price, where not all has one."""
    if tree is None or tree.obstacle:
        return None
    for row in rows_of(tree.factors):
        if row.factor in HOLES:
            of_units = row.factor == "known_price_share"
            return Unpriced(1 - row.before, 1 - row.after, "units" if of_units else "orders")
    return None


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


def visits(
    tree: Tree | None,
    *,
    lang: str | Reader,
    sessions: int | None = None,
    lacks: Sequence[str] = (),
) -> Sentence:
    """Write the net sales of visits as a product of factors; say what cannot be compared.

    Parameters
    ----------
    tree
        What `sales.site_tree` returns: of the sessions whose visitor is known.
    sessions
        All sessions of the period, as `sales.traffic` counts them: those whose visitor is not
        known are said to be left out. None says nothing of them.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that nothing can be said.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if tree is None or lacks or not tree.after:
        return Sentence(why_nothing(_("No visits to show."), lacks, reader))
    parts = [
        f"{factor_value(row.factor, row.after, lang=reader)} ({_lower(_(FACTORS[row.factor]))})"
        for row in rows_of(tree.factors)
    ]
    brought = {
        "amount": reader.money(tree.after, decimals=0),
        "product": " \u00d7 ".join(parts),
    }
    if sessions is not None and (anonymous := sessions - _sessions_of(tree)) > 0:
        known = _(
            "The visits of this period whose visitor is known brought {amount}: {product}.",
            **brought,
        )
        others = _.n(
            "Left out: {n} session of an unknown visitor, and what it brought.",
            "Left out: {n} sessions of unknown visitors, and what they brought.",
            anonymous,
            n=reader.integer(anonymous),
        )
        said = f"{known} {others}"
    else:
        said = _("The visits of this period brought {amount}: {product}.", **brought)
    if tree.obstacle == "not_recorded":
        why = _(
            "Visits are not recorded for the whole of both periods: whether visitors or conversion "
            "moved cannot be said. Orders, units and prices are compared above, over all sales."
        )
        return Sentence(f"{said} {why}")
    if tree.obstacle:
        return Sentence(f"{said} {_obstacle(tree, reader)}")
    return Sentence(" ".join([said, *_movers(tree, reader)]))


def _sessions_of(tree: Tree) -> int:
    """Return how many sessions the tree of visits counts."""
    level = tree.factors.set_index("factor")["after"]
    return round(float(level["visitors"] * level["sessions_per_visitor"]))


def prices(found: Prices | None, *, lang: str | Reader, lacks: Sequence[str] = ()) -> Sentence:
    """Say what is behind the price of a unit, and what a price rise cannot tell.

    Parameters
    ----------
    found
        What `sales.price_parts` returns.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that nothing can be said.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if found is None:
        return Sentence(why_nothing(_("No prices to compare."), lacks, reader))
    if not found.products:
        return Sentence(_(NO_PRODUCT))
    parts = [
        f"{_lower(_(PARTS[row.part]))} {reader.change(row.change)} "
        f"({reader.signed_money(row.effect)})"
        for row in rows_of(found.parts)
    ]
    behind = _("Behind the price of a unit: {parts}.", parts=_("; ").join(parts))
    compared = _.n(
        "Prices are compared on the one product sold in both periods ({share} of purchases).",
        "Prices are compared on the {n} products sold in both periods ({share} of purchases).",
        found.products,
        n=reader.integer(found.products),
        share=reader.percent(found.share, decimals=0),
    )
    apart = [*_unlisted(found, reader), *_outside(found, reader), *_credited(found, reader)]
    return Sentence(" ".join([behind, compared, *apart, *_moved(found, reader)]))


def _unlisted(found: Prices, reader: Reader) -> list[str]:
    """Say for how much of what is compared the list price is not known."""
    _ = reader.translate
    if found.listed is None or found.listed > 1 - TOLERATED:
        return []
    said = _(
        "List prices are known for {share} of these sales: the other lines are taken to have that "
        "of their product.",
        share=reader.percent(found.listed, decimals=0),
    )
    return [said]


def _outside(found: Prices, reader: Reader) -> list[str]:
    """Say how much is sold of products that are not known, and so in no price index."""
    _ = reader.translate
    if not found.unknown:
        return []
    said = _(
        "{share} of net sales are of unknown products: they are in no price compared, and what "
        "they changed is in the products sold.",
        share=reader.percent(found.unknown, decimals=0),
    )
    return [said]


def _credited(found: Prices, reader: Reader) -> list[str]:
    """Say how much credits gave back: they are in no price compared."""
    _ = reader.translate
    if not (found.credited_before or found.credited):
        return []
    said = _(
        "Credits gave back {before} of what was bought before, {now} now: they are in no price "
        "compared.",
        before=reader.percent(found.credited_before),
        now=reader.percent(found.credited),
    )
    return [said]


def _moved(found: Prices, reader: Reader) -> list[str]:
    """Say whose prices moved: of nearly all, nothing is left to compare with."""
    _ = reader.translate
    if not found.raised + found.lowered:
        return []
    if max(found.raised, found.lowered) >= NEARLY_ALL:
        return [
            _(
                "Prices of nearly all products moved together: these data cannot say how many "
                "sales that cost or saved. To know, change the prices of some products only, drawn "
                "at random."
            )
        ]
    shares = {"raised": found.raised, "lowered": found.lowered}
    written = {name: reader.percent(value, decimals=0) for name, value in shares.items()}
    if "list_price" in set(found.parts["part"]):
        said = _(
            "List prices rose on {raised} of these sales and fell on {lowered}: the products whose "
            "price did not move that way can serve as a comparison.",
            **written,
        )
    else:
        said = _(
            "Prices paid rose on {raised} of these sales and fell on {lowered}: the products whose "
            "price did not move that way can serve as a comparison.",
            **written,
        )
    return [said]


def branches(
    found: pd.DataFrame,
    *,
    whole: Tree | None,
    lang: str | Reader,
    lacks: Sequence[str] = (),
) -> Sentence:
    """Say where net sales moved most, and where beyond what chance alone does.

    What moves months as a whole is common to the rows: it is added to the interval of each, or
    said to be left out where the period is too short to see it.

    Parameters
    ----------
    found
        What `sales.branches` returns.
    whole
        What `sales.shop_tree` returns of all together; None where the data lack something.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that nothing can be said.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if found.empty or lacks:
        return Sentence(why_nothing(_("Nothing to compare."), lacks, reader))
    key = str(found.columns[0])
    first, total = found.iloc[0], found["change"].sum()
    said = _(
        "The largest change: {name}, {change} of {total} in all.",
        name=value_name(first[key], key, lang=reader),
        change=reader.signed_money(first["change"]),
        total=reader.signed_money(total),
    )
    came = {status: int((found["status"] == status).sum()) for status in ("new", "gone")}
    parts = [said, *_grown(found, whole, reader)]
    if any(came.values()):
        parts.append(
            _(
                "Sold in one period only: {new} new, {gone} no longer sold.",
                new=reader.integer(came["new"]),
                gone=reader.integer(came["gone"]),
            )
        )
    if credited := int((found["status"] == "credits").sum()):
        parts.append(
            _(
                "Credits alone, nothing bought in either period: {n}.",
                n=reader.integer(credited),
            )
        )
    return Sentence(" ".join(parts))


def _grown(found: pd.DataFrame, whole: Tree | None, reader: Reader) -> list[str]:
    """Name the rows that grew or shrank; count those of which one cannot tell, or too little."""
    _ = reader.translate
    unpriced = _unpriced(whole)
    if unpriced and unpriced.differs:
        return [of_no_row(reader)]
    told = found.dropna(subset=["low", "high"])
    if told.empty:
        return _untold(found, reader)
    verdicts = pd.Series(_verdicts(told, whole), told.index)
    counts = {
        "up": _named(told[verdicts == "grew"], reader),
        "down": _named(told[verdicts == "fell"], reader),
        "rest": reader.integer((verdicts == "cannot_tell").sum()),
    }
    is_short = whole is None or whole.months_error is None
    said = [
        _(
            "By its whole 95% interval, what moves months or weeks as a whole left out, growing: "
            "{up}; shrinking: {down}; one cannot tell: {rest}.",
            **counts,
        )
        if is_short
        else _(
            "By its whole 95% interval, what moves months or weeks as a whole included, growing: "
            "{up}; shrinking: {down}; one cannot tell: {rest}.",
            **counts,
        )
    ]
    said += _untold(found, reader)
    return [*said, *([_by_chance(len(told), reader)] if len(told) > 4 else [])]


def _untold(found: pd.DataFrame, reader: Reader) -> list[str]:
    """Count the rows sold in both periods of which no interval tells anything, and say why."""
    _ = reader.translate
    untold = found[(found["status"] == "both") & found[["low", "high"]].isna().any(axis="columns")]
    said = []
    if few := int(untold["growth"].notna().sum()):
        said.append(
            _(
                "Without an interval, for too few buyers or too unlike amounts: {n}.",
                n=reader.integer(few),
            )
        )
    if credited := int(untold["growth"].isna().sum()):
        said.append(
            _(
                "Without a growth rate, credits having taken back all that was bought in a "
                "period: {n}.",
                n=reader.integer(credited),
            )
        )
    return said


def _named(rows: pd.DataFrame, reader: Reader) -> str:
    """Return how many rows, and the names of the first."""
    if rows.empty:
        return reader.integer(0)
    key = str(rows.columns[0])
    names = [value_name(value, key, lang=reader) for value in rows[key].iloc[:_MOST_NAMED]]
    more = ["\u2026"] if len(rows) > _MOST_NAMED else []
    return f"{reader.integer(len(rows))} ({', '.join([*names, *more])})"


def _verdicts(told: pd.DataFrame, whole: Tree | None) -> list[str]:
    """Return what the growth of each row allows to say, months that move as a whole included."""
    error, pieces = (whole.months_error, whole.pieces) if whole else (None, 0)
    return [
        verdict_of(widened(row.growth, Interval(row.low, row.high), error=error, pieces=pieces))
        for row in rows_of(told)
    ]


def _by_chance(compared: int, reader: Reader) -> str:
    """Say how many 95% intervals would exclude 0 where nothing moved."""
    _ = reader.translate
    return _(
        "Were all at a standstill, about {chance} would lie apart by chance alone.",
        chance=reader.number(0.05 * compared, decimals=1),
    )


def season(found: Season, *, lang: str | Reader) -> Sentence:
    """Say how the last months stand against the same months a year earlier.

    Parameters
    ----------
    found
        What `sales.season` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    rows = found.months.iloc[-12:]
    told = rows.dropna(subset=["change"])
    if told.empty:
        return Sentence(
            _(
                "Whole months in the data: {months}. None has the same month a year earlier, and a "
                "trend cannot be told from the season.",
                months=reader.integer(len(found.months)),
            )
        )
    is_holed = differ(told["unpriced_before"], told["unpriced"])
    sure = told[~is_holed].dropna(subset=["low", "high"])
    up, down = int((sure["low"] > 0).sum()), int((sure["high"] < 0).sum())
    said = _(
        "Months compared with the same month a year earlier: {months}. Above it by more than the "
        "luck of who buys: {up}; below: {down}; one cannot tell: {rest}.",
        months=reader.integer(len(told)),
        up=reader.integer(up),
        down=reader.integer(down),
        rest=reader.integer(len(told) - up - down),
    )
    if len(sure):
        said += " " + _by_chance(len(sure), reader)
    holed = [reader.month(month) for month in told["period"][is_holed]]
    said = " ".join([said, *no_verdict_on(holed, of=len(told), reader=reader)])
    last = told.iloc[-1]
    recent = _(
        "The last one, {month}: {change} on a year earlier",
        month=reader.month(last["period"]),
        change=reader.change(last["change"]),
    )
    if not is_absent(last["on_month"]) and not is_absent(last["season"]):
        recent += _(
            ", {on_month} on the month before; such a month makes {season} of an average one",
            on_month=reader.change(last["on_month"]),
            season=reader.percent(last["season"], decimals=0),
        )
    return Sentence(f"{said} {recent}.")


def funnel(found: pd.DataFrame, *, lang: str | Reader, lacks: Sequence[str] = ()) -> Sentence:
    """Say at which step most sessions are lost, and why that alone decides nothing.

    Parameters
    ----------
    found
        What `sales.funnel` returns.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that nothing can be said.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    told = found.dropna(subset=["rate"]) if len(found) else found
    if told.empty:
        return Sentence(why_nothing(_("No visits to show."), lacks, reader))
    most = told.iloc[int(told["lost"].argmax())]
    said = _(
        "The step that loses most: {step}, with {lost}, {share} of all losses ({rate} go on).",
        step=_lower(_(STEP_NAMES[most["step"]])),
        lost=counted.sessions(most["lost"], reader),
        share=reader.percent(most["loss_share"], decimals=0),
        rate=reader.percent(most["rate"]),
    )
    later = told[told["step"] != "cart_rate"]
    if len(later):
        worst = later.iloc[int(later["lost"].argmax())]
        said += " " + _(
            "Among people who had filled a cart: {step}, with {lost} lost.",
            step=_lower(_(STEP_NAMES[worst["step"]])),
            lost=counted.sessions(worst["lost"], reader),
        )
    rule = _(
        "Nearly every shop loses most at the first step. One tenth more at any step makes one "
        "tenth more orders: begin where a rate is out of line, or cheapest to mend."
    )
    beside = int(told["beside"].sum())
    rest = (
        _("Orders placed without these steps: {orders}.", orders=reader.integer(beside))
        if beside
        else ""
    )
    return Sentence(f"{said} {rule} {rest}".strip())


def conversion(
    found: Conversion | None, *, lang: str | Reader, lacks: Sequence[str] = ()
) -> Sentence:
    """Say both conversion rates, and what makes them differ.

    Parameters
    ----------
    found
        What `sales.conversions` returns.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that nothing can be said.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if found is None or not found.sessions or not found.visitors:
        return Sentence(why_nothing(_("No visits to show."), lacks, reader))
    said = _(
        "Of 100 sessions, {by_session} end in an order; of 100 visitors, {by_visitor} order.",
        by_session=reader.number(100 * (found.by_session[0] or 0.0), decimals=1),
        by_visitor=reader.number(100 * (found.by_visitor[0] or 0.0), decimals=1),
    )
    if found.buyers:
        said += " " + _(
            "They differ because a visitor comes {visits} times on average, and who orders does "
            "so {orders} times: {by_session} × {visits} / {orders} = {by_visitor}.",
            visits=reader.number(found.sessions / found.visitors, decimals=2),
            orders=reader.number(found.orders / found.buyers, decimals=2),
            by_session=reader.percent(found.by_session[0], decimals=2),
            by_visitor=reader.percent(found.by_visitor[0], decimals=2),
        )
    if found.anonymous:
        said += " " + _(
            "Sessions without a known visitor, left out here: {sessions}.",
            sessions=reader.integer(found.anonymous),
        )
    return Sentence(said)


def steps(found: pd.DataFrame, *, lang: str | Reader, lacks: Sequence[str] = ()) -> Sentence:
    """Say which steps are out of line, what the worst would bring, and how many were looked at.

    Parameters
    ----------
    found
        What `sales.out_of_line` returns.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that nothing can be said.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    tested = found.dropna(subset=["p"]) if len(found) else found
    if tested.empty:
        return Sentence(why_nothing(_("Too few visits to compare steps."), lacks, reader))
    looked = reader.integer(len(tested))
    apart = tested[tested["verdict"].isin(["higher", "lower"])]
    if apart.empty:
        none = _(
            "No step can be told from the others: of {looked} of a device or channel with the "
            "rest, none differs beyond chance once their number is allowed for.",
            looked=counted.comparisons(len(tested), reader),
        )
        return Sentence(" ".join([none, *_smallest_gap(tested, reader)]))
    said = _(
        "Compared: {looked}. Apart from the rest once their number is allowed for: {apart}. The "
        "surest: {first}, {rate} against {rest}.",
        looked=looked,
        apart=reader.integer(len(apart)),
        first=step_name(apart.iloc[0].to_dict(), lang=reader),
        rate=reader.percent(apart.iloc[0]["rate"]),
        rest=reader.percent(apart.iloc[0]["rest"]),
    )
    return Sentence(f"{said} {_worth(tested, reader)}")


def _smallest_gap(tested: pd.DataFrame, reader: Reader) -> list[str]:
    """Say under which gap even the comparison of most visits tells nothing from chance."""
    _ = reader.translate
    known = tested.dropna(subset=["entered", "low", "high"])
    if known.empty:
        return []
    row = known.sort_values("entered", ascending=False, kind="stable").iloc[0]
    said = _(
        "Even where most visits were compared ({step}), a gap under {gap} points would not show.",
        step=step_name(row.to_dict(), lang=reader),
        gap=reader.number(100 * (row["high"] - row["low"]) / 2, decimals=1),
    )
    return [said]


def _of_channels(rows: pd.DataFrame) -> pd.Series[bool]:
    """Return which rows are of channels: they lead to the same pages, and bring other people."""
    return rows["dimension"].astype("string").str.endswith("channel").fillna(False).astype(bool)


def _worth(tested: pd.DataFrame, reader: Reader) -> str:
    """Say what the most costly step is worth, first of those that pages can mend."""
    _ = reader.translate
    apart = tested[tested["verdict"].isin(["higher", "lower"])]
    worse = apart.dropna(subset=["orders"]).sort_values("orders", ascending=False, kind="stable")
    own = worse[~_of_channels(worse)]
    if own.empty:
        none = _("Of no device can one say that it is below the others at a step of the funnel.")
        unsure = tested[(tested["verdict"] == "cannot_tell") & (tested["step"] != "bounce_rate")]
        none = " ".join([none, *_smallest_gap(unsure[~_of_channels(unsure)], reader)])
        if worse.empty:
            return none
        channels = _(
            "Channels differ ({step} most), but lead to the same pages: look at whom each one "
            "brings, and what it promises.",
            step=step_name(worse.iloc[0].to_dict(), lang=reader),
        )
        return f"{none} {channels}"
    row = own.iloc[0]
    amount = ""
    if not is_absent(row["revenue"]):
        amount = _(", some {amount}", amount=reader.money(row["revenue"], decimals=1, compact=True))
    without = ""
    if row["set_aside"]:
        names = names_aside(row["set_aside"], str(row["dimension"]), lang=reader)
        without = _(" (set aside: {names})", names=names)
    said = _(
        "What costs most: {step}; at the rate of the rest{without}, it would bring {orders} more "
        "(95% interval: {low} to {high}){amount}.",
        step=step_name(row.to_dict(), lang=reader),
        without=without,
        orders=counted.orders(row["orders"], reader),
        low=reader.integer(row["orders_low"]),
        high=reader.integer(row["orders_high"]),
        amount=amount,
    )
    check = _(
        "Go through that step yourself before you mend it: other people may come that way, who "
        "would order less on any page."
    )
    return f"{said} {check}"


def assortment(
    found: pd.DataFrame | None, *, lang: str | Reader, lacks: Sequence[str] = ()
) -> Sentence:
    """Say what products introduced and dropped did, and which category lags.

    Parameters
    ----------
    found
        What `sales.assortment` returns.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that nothing can be said.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if found is None or found.empty:
        return Sentence(why_nothing(_("No assortment to compare."), lacks, reader))
    said = _(
        "New products ({new_count}): {new}. No longer sold ({gone_count}): {gone}. Products sold "
        "in both periods: {kept}.",
        new_count=reader.integer(found["products_new"].sum()),
        new=reader.signed_money(found["new"].sum()),
        gone_count=reader.integer(found["products_gone"].sum()),
        gone=reader.signed_money(found["gone"].sum()),
        kept=reader.signed_money(found["kept"].sum()),
    )
    if found["unknown"].any():
        unknown = reader.signed_money(found["unknown"].sum())
        said += " " + _("Of unknown products: {unknown}.", unknown=unknown)
    if found["credits"].any():
        said += " " + _("Credits: {credits}.", credits=reader.signed_money(found["credits"].sum()))
    key = str(found.columns[0])
    known = found.dropna(subset=["kept_rate"])
    if len(known) < 2:
        return Sentence(said)
    ends = [known.iloc[int(place)] for place in known["kept_rate"].agg(["argmin", "argmax"])]
    names = [value_name(one[key], key, lang=reader) for one in ends]
    rates = [reader.change(one["kept_rate"]) for one in ends]
    spread = _(
        "By row, products kept went from {low} ({last}) to {high} ({first}): of {rows} rows one is "
        "always last, if only by chance; nothing here says that it lags.",
        low=rates[0],
        last=names[0],
        high=rates[1],
        first=names[1],
        rows=reader.integer(len(known)),
    )
    return Sentence(f"{said} {spread}")
