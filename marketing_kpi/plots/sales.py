"""Figures and tables of sales: what `marketing_kpi.sales` returns, drawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from marketing_kpi.kpis.unpriced import differ
from marketing_kpi.plots import bridges, intervals, style
from marketing_kpi.plots.dimensions import (
    dimension_name,
    dimension_names,
    dimensions_of,
    row_names,
    value_name,
    with_names,
)
from marketing_kpi.plots.retention import why_nothing
from marketing_kpi.plots.sentences.base import Sentence
from marketing_kpi.plots.sentences.holes import of_holed_dots
from marketing_kpi.plots.tables import Table, table
from marketing_kpi.sales import HOLES, Conversion, Prices, Season, Tree
from marketing_kpi.selling.chains import ALPHA
from marketing_kpi.text.locale import ABSENT, Reader, is_absent
from marketing_kpi.text.messages import N_

MOST_BRANCHES = 12
"""Rows that a figure of channels or products shows: those that moved most."""

MOST_STEPS = 12
"""Rows that a figure of steps shows: the smallest p first."""

LAST_MONTHS = 12
"""Months that a figure of the season shows, with those a year earlier."""

FACTORS: Mapping[str, str] = MappingProxyType(
    {
        "orders": N_("Orders"),
        "units_per_transaction": N_("Units per order"),
        "average_selling_price": N_("Price per unit"),
        "known_price_share": N_("Share of units with a known price"),
        "average_order_value": N_("Basket"),
        "known_amount_share": N_("Share of orders with a known amount"),
        "visitors": N_("Visitors"),
        "sessions_per_visitor": N_("Sessions per visitor"),
        "conversion_rate": N_("Conversion by session"),
    }
)
"""Short names of the factors of the tree of revenue."""

PARTS: Mapping[str, str] = MappingProxyType(
    {
        "list_price": N_("List prices"),
        "discount": N_("Discounts"),
        "price_paid": N_("Prices paid"),
        "price_unlisted": N_("Prices paid where the list price is unknown"),
        "assortment": N_("Products sold"),
        "credits": N_("Credits"),
    }
)
"""Names of what is behind the price of a unit."""

STEP_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "bounce_rate": N_("One page only"),
        "cart_rate": N_("Session to cart"),
        "checkout_rate": N_("Cart to checkout"),
        "order_rate": N_("Checkout to order"),
    }
)
"""Names of the steps of a visit."""

VERDICTS: Mapping[str, str] = MappingProxyType(
    {
        "higher": N_("Higher"),
        "lower": N_("Lower"),
        "cannot_tell": N_("Cannot tell"),
        "too_few": N_("Too few sessions"),
    }
)
"""What a search for steps out of line says of each."""

NO_PRODUCT = N_("No product of known id was sold in both periods: prices cannot be compared.")
"""What is said where no product can have its price compared."""

_UNITS = {
    "orders": "count",
    "units_per_transaction": "ratio",
    "average_selling_price": "currency",
    "known_price_share": "fraction",
    "average_order_value": "currency",
    "known_amount_share": "fraction",
    "visitors": "count",
    "sessions_per_visitor": "ratio",
    "conversion_rate": "fraction",
}
_WINDOWS = {
    "day": N_("A day"),
    "week": N_("A week"),
    "month": N_("A month"),
    "period": N_("The whole period"),
}
_NOT_KPIS = ("sessions_per_visitor", *HOLES)
_LONGEST_NAME = 26
_SMALLEST_P = 0.001


def factor_value(factor: str, value: Any, *, lang: str | Reader) -> str:
    """Return the level of a factor of the tree as it is written.

    >>> factor_value("conversion_rate", 0.0259, lang="en")
    '2.59%'
    """
    reader = Reader.of(lang)
    if factor == "conversion_rate":
        return reader.percent(value, decimals=2)
    return reader.unit(value, _UNITS[factor])


def rows_of(frame: pd.DataFrame) -> list[Any]:
    """Return the rows of a frame, their values as attributes."""
    return list(frame.itertuples())


# --- The tree of revenue --------------------------------------------------------------------


@style.styled
def tree_effects(
    tree: Tree, *, lang: str | Reader, lacks: Sequence[str] = (), ax: Axes | None = None
) -> Axes:
    """Draw net sales before and after, and what each factor added or took between them.

    Parameters
    ----------
    tree
        What `sales.shop_tree` or `sales.site_tree` returns.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to draw.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("What moved net sales")
    if tree.obstacle or tree.before is None or lacks:
        axis = style.axes(ax, height=1.6)
        nothing = _("Nothing to compare: the effects are not known.")
        return style.empty(axis, title=title, message=why_nothing(nothing, lacks, reader))
    factors = tree.factors
    axis = style.axes(ax, height=bridges.height(len(factors) + 2))
    before, after = (reader.money(amount, decimals=0) for amount in (tree.before, tree.after))
    levels = tree.before + factors["effect"].cumsum()
    effects = [
        bridges.Step(
            _(FACTORS[row.factor]), level, reader.signed_money(row.effect),
            interval=(row.low, row.high),
        )
        for row, level in zip(rows_of(factors), levels, strict=True)
    ]  # fmt: skip
    first = bridges.Step(_("Period compared with"), tree.before, before, is_total=True)
    last = bridges.Step(_("This period"), tree.after, after, is_total=True)
    bridges.draw(axis, [first, *effects, last], reader=reader, from_zero=False)
    return style.finish(
        axis,
        title=title,
        alt=_(
            "Bars from {before} to {after}: {parts}.",
            before=before,
            after=after,
            parts=_("; ").join(f"{step.name} {step.label}" for step in effects),
        ),
        caption=" ".join(
            [
                _("Effects by the logarithmic mean: they add up to the change, to the cent."),
                *bridges.beginning(axis, reader),
                _("Thin bars: 95% interval of each effect.")
                if _has_intervals(factors)
                else no_interval(reader),
                *_of_holes(factors["factor"], reader),
            ]
        ),
    )


def _has_intervals(factors: pd.DataFrame) -> bool:
    """Say whether a factor that is not a fault of the data has an interval."""
    causes = factors[~factors["factor"].isin(HOLES)]
    return bool(causes["low"].notna().any())


def _of_holes(factors: Iterable[str], reader: Reader) -> list[str]:
    """Say what a share of known values is, where it is one of the factors."""
    _ = reader.translate
    if not {*factors} & {*HOLES}:
        return []
    return [
        _(
            "What is sold without a known price or amount is a fault of the data, not a cause in "
            "the shop."
        )
    ]


def tree_table(tree: Tree, *, lang: str | Reader, id: str = "revenue_tree") -> Table:
    """Show the factors of the tree in both periods, their change and their effect.

    Parameters
    ----------
    tree
        What `sales.shop_tree` or `sales.site_tree` returns.
    lang
        The reader, or a language.
    id
        Name of the table on the page and in the exports.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    factors = tree.factors
    names = {
        "factor": _("Factor"),
        "before_shown": _("Period compared with"),
        "after_shown": _("This period"),
        "change_shown": _("Change"),
        "effect_shown": _("Effect on net sales"),
    }
    numbers = ["before", "after", "change", "change_low", "change_high", "effect", "low", "high"]
    shown = factors.assign(
        before_shown=_levels(factors, "before", reader),
        after_shown=_levels(factors, "after", reader),
        change_shown=_bracketed(
            factors,
            "change",
            partial(intervals.change, reader=reader),
            reader,
            low="change_low",
            high="change_high",
        ),
        effect_shown=_bracketed(factors, "effect", partial(reader.money, decimals=0), reader),
    )
    compared = tree.obstacle is None
    columns = [*names] if compared else ["factor", "after_shown"]
    return table(
        shown,
        lang=reader,
        id=id,
        caption=(
            _("Factors of net sales, and what each did to their change (95% intervals in brackets)")
            if not compared or _has_intervals(factors)
            else _("Factors of net sales, and what each did to their change (no interval is known)")
        ),
        columns=[*columns, *numbers],
        names=names,
        units={
            "factor": "text",
            **dict.fromkeys(("before_shown", "after_shown"), "interval"),
            **dict.fromkeys(("change_shown", "effect_shown"), "interval"),
            **dict.fromkeys(("change", "change_low", "change_high"), "change"),
            **dict.fromkeys(("effect", "low", "high"), "currency"),
            **dict.fromkeys(("before", "after"), "number"),
        },
        row_labels={factor: _(FACTORS[factor]) for factor in factors["factor"]},
        kpis={factor: factor for factor in factors["factor"] if factor not in _NOT_KPIS},
        hidden=numbers,
        notes=[
            *(_of_verdicts(factors, reader) if compared and _has_intervals(factors) else []),
            *_of_holes(factors["factor"], reader),
        ],
    )


def _of_verdicts(factors: pd.DataFrame, reader: Reader) -> list[str]:
    """Say why a factor may have an interval that leaves 0 out, and no verdict all the same."""
    _ = reader.translate
    looked = int((~factors["factor"].isin(HOLES)).sum())
    return [
        _(
            "Each interval is of one factor by itself, as on the overview. The sentence above "
            "takes {level} instead of 95%, for {n} factors are looked at together: it may leave "
            "undecided what the overview says moved.",
            level=reader.percent(1 - ALPHA / looked),
            n=reader.integer(looked),
        )
    ]


def _bracketed(
    frame: pd.DataFrame,
    name: str,
    shown: intervals.Shown,
    reader: Reader,
    *,
    low: str = "low",
    high: str = "high",
) -> list[str]:
    """Return each value, with its interval in brackets where it has one."""
    write = shown if callable(shown) else lambda value: reader.unit(value, shown)
    spreads = intervals.column(frame, shown, reader, low=low, high=high, absent="")
    values = [ABSENT if is_absent(value) else write(value) for value in frame[name]]
    return [
        f"{value} ({spread})" if spread else value
        for value, spread in zip(values, spreads, strict=True)
    ]


def _levels(factors: pd.DataFrame, side: str, reader: Reader) -> list[str]:
    pairs = zip(factors["factor"], factors[side], strict=True)
    return [factor_value(factor, value, lang=reader) for factor, value in pairs]


def price_table(
    prices: Prices | None, *, lang: str | Reader, lacks: Sequence[str] = ()
) -> Table | Sentence:
    """Show what is behind the price of a unit: list prices, discounts and products sold.

    Parameters
    ----------
    prices
        What `sales.price_parts` returns.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to show.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if prices is None:
        return Sentence(why_nothing(_("No prices to compare."), lacks, reader))
    if not prices.products:
        return Sentence(_(NO_PRODUCT))
    names = {"part": _("Part"), "change": _("Change"), "effect": _("Effect on net sales")}
    return table(
        prices.parts,
        lang=reader,
        id="price_parts",
        caption=_("What is behind the price of a unit"),
        names=names,
        units={"part": "text", "change": "change", "effect": "currency"},
        row_labels={part: _(PARTS[part]) for part in prices.parts["part"]},
        whole=["effect"],
    )


# --- By channel and product -----------------------------------------------------------------


@style.styled
def branch_changes(
    branches: pd.DataFrame, *, lang: str | Reader, lacks: Sequence[str] = (), ax: Axes | None = None
) -> Axes:
    """Draw by how much each channel, category or product moved net sales.

    Parameters
    ----------
    branches
        What `sales.branches` returns; the `MOST_BRANCHES` largest changes are drawn.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to draw.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("Where net sales moved")
    if branches.empty or lacks:
        axis = style.axes(ax, height=1.6)
        nothing = _("Nothing to compare.")
        return style.empty(axis, title=title, message=why_nothing(nothing, lacks, reader))
    keys = dimensions_of(branches, until="before")
    rows = branches.iloc[:MOST_BRANCHES]
    statuses = {"new": _("new"), "gone": _("no longer sold"), "credits": _("credits alone")}
    names = [
        style.two_lines(name, _LONGEST_NAME)
        + (f"\n({statuses[status]})" if status in statuses else "")
        for name, status in zip(row_names(rows, keys, lang=reader), rows["status"], strict=True)
    ]
    has_three_lines = any(name.count("\n") > 1 for name in names)
    a_line = 0.12 * len(rows) if has_three_lines else 0
    axis = style.axes(ax, height=intervals.height(len(rows)) + 0.2 + a_line)
    said = []
    for place, row in enumerate(rows_of(rows)):
        rises = row.change >= 0
        axis.barh(place, row.change, height=0.62, linewidth=0.8, **style.change_look(rises))
        label = names[place].replace("\n", " ")
        said.append(f"{label} {reader.signed_money(row.change)}")
        axis.annotate(
            reader.signed_money(row.change), (row.change, place),
            xytext=(5 if rises else -5, 0), textcoords="offset points", va="center",
            ha="left" if rises else "right", fontsize=8.5,
        )  # fmt: skip
    axis.axvline(0, color=style.REFERENCE, linewidth=1)
    axis.set_yticks(range(len(names)), names, fontsize=8.5)
    axis.invert_yaxis()
    axis.margins(x=0.28)
    style.value_axis(axis.xaxis, unit="currency", reader=reader, ticks=4)
    axis.grid(axis="x")
    caption = [_("Change of net sales on the period compared with.")]
    if len(rows) < len(branches):
        caption.append(
            _(
                "The {shown} that moved most, of {total}.",
                shown=reader.integer(len(rows)),
                total=reader.integer(len(branches)),
            )
        )
    return style.finish(
        axis,
        title=title,
        alt=_("Bars of the change of net sales: {parts}.", parts=_("; ").join(said)),
        caption=" ".join(caption),
    )


def branch_table(
    branches: pd.DataFrame, *, lang: str | Reader, lacks: Sequence[str] = ()
) -> Table | Sentence:
    """Show net sales of both periods by channel or product, and what moved in each.

    Parameters
    ----------
    branches
        What `sales.branches` returns.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to show.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if branches.empty or lacks:
        return Sentence(why_nothing(_("Nothing to compare."), lacks, reader))
    keys = dimensions_of(branches, until="before")
    effects = {
        "orders_effect": _("Orders"),
        "units_effect": _("Units per order"),
        "known_price_effect": _("Known prices"),
        "price_effect": _("Price per unit"),
        "known_amount_effect": _("Known amounts"),
        "basket_effect": _("Basket"),
        "credits_effect": _("Credits"),
    }
    effects = {name: label for name, label in effects.items() if name in branches}
    names = {
        **dimension_names(keys, lang=reader),
        "after": _("This period"),
        "change": _("Change"),
        "growth_shown": _("Growth"),
        **effects,
    }
    others = ["before", "growth", "low", "high", "status"]
    shown = with_names(branches, keys, lang=reader).assign(
        growth_shown=_bracketed(
            branches, "growth", partial(intervals.change, reader=reader), reader
        )
    )
    money = ["before", "after", "change", *effects]
    return table(
        shown,
        lang=reader,
        id="sales_by_" + "_".join(keys),
        caption=_("Net sales, and what moved them (95% intervals in brackets)"),
        columns=[*names, *others],
        names=names,
        units={
            **dict.fromkeys((*keys, "status"), "text"),
            **dict.fromkeys(money, "currency"),
            **dict.fromkeys(("growth", "low", "high"), "change"),
            "growth_shown": "interval",
        },
        hidden=others,
        whole=money,
        shown=MOST_BRANCHES,
        notes=[
            _(
                "The last columns share out the change of each row; those of all rows do not add "
                "up to the effects on the whole, where sales also shift from one row to another."
            )
        ],
    )


def assortment_table(
    found: pd.DataFrame | None, *, lang: str | Reader, lacks: Sequence[str] = ()
) -> Table | Sentence:
    """Show what products introduced, dropped and kept brought, by category.

    Parameters
    ----------
    found
        What `sales.assortment` returns.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to show.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if found is None or found.empty:
        return Sentence(why_nothing(_("No assortment to compare."), lacks, reader))
    key = str(found.columns[0])
    names = {
        key: dimension_name(key, lang=reader),
        "products_new": _("New products"),
        "products_gone": _("No longer sold"),
        "change": _("Change"),
        "new": _("From new products"),
        "gone": _("From those no longer sold"),
        "kept": _("From products kept"),
        "kept_rate": _("Growth of products kept"),
        **({"unknown": _("Of unknown products")} if found["unknown"].any() else {}),
        **({"credits": _("Credits")} if found["credits"].any() else {}),
    }
    amounts = ("change", "new", "gone", "kept", "unknown", "credits")
    money = [name for name in amounts if name in names]
    return table(
        with_names(found, [key], lang=reader),
        lang=reader,
        id="assortment",
        caption=_("What the assortment did to net sales"),
        columns=[*names],
        names=names,
        units={
            key: "text",
            **dict.fromkeys(money, "currency"),
            **dict.fromkeys(("products_new", "products_gone"), "count"),
            "kept_rate": "change",
        },
        whole=money,
    )


# --- The season -----------------------------------------------------------------------------


@style.styled
def season_lines(found: Season, *, lang: str | Reader, ax: Axes | None = None) -> Axes:
    """Draw the last twelve months, and the same months a year earlier.

    Parameters
    ----------
    found
        What `sales.season` returns.
    lang
        The reader, or a language.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("Net sales by month, and a year earlier")
    axis = style.axes(ax)
    rows = found.months.iloc[-LAST_MONTHS:]
    if len(rows) < 2:
        return style.empty(axis, title=title, message=_("Too few whole months to follow."))
    places = range(len(rows))
    axis.plot(places, rows["value"], color=style.ACCENT, marker="o", label=_("This year"))
    if rows["previous"].notna().any():
        axis.plot(
            places, rows["previous"], color=style.BAD, linestyle="--", marker="s", markersize=4.5,
            label=_("A year earlier"),
        )  # fmt: skip
    first = True
    labels = []
    for month in rows["period"]:
        labels.append(style.short_month(month, reader, first=first))
        first = False
    axis.set_xticks(places, labels)
    axis.set_ylim(bottom=0)
    style.value_axis(axis.yaxis, unit="currency", reader=reader)
    axis.grid(axis="y")
    axis.legend(loc="lower right", fontsize=9)
    best = rows.iloc[int(rows["value"].argmax())]
    return style.finish(
        axis,
        title=title,
        alt=_(
            "Lines of {months}, {first} to {last}; the highest, {best}, at {most}.",
            months=reader.months(len(rows)),
            first=reader.money(rows["value"].iloc[0], decimals=0),
            last=reader.money(rows["value"].iloc[-1], decimals=0),
            best=reader.month(best["period"]),
            most=reader.money(best["value"], decimals=0),
        ),
        caption=_("Whole months only. A month is set against the same month, not the one before."),
    )


def no_interval(reader: Reader) -> str:
    """Say why no interval is known."""
    _ = reader.translate
    return _(
        "No interval is known: customers are too few, their amounts too unlike, or credits nearly "
        "what was bought."
    )


@style.styled
def year_on_year(found: Season, *, lang: str | Reader, ax: Axes | None = None) -> Axes:
    """Draw the change of each month on the same month a year earlier, with its interval.

    Parameters
    ----------
    found
        What `sales.season` returns.
    lang
        The reader, or a language.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("Change on the same month a year earlier")
    rows = found.months.iloc[-LAST_MONTHS:].dropna(subset=["change"])
    axis = style.axes(ax, height=intervals.height(max(len(rows), 3)))
    if rows.empty:
        nothing = _("No month has the same month a year earlier in the data.")
        return style.empty(axis, title=title, message=nothing)
    holed = differ(rows["unpriced_before"], rows["unpriced"])
    low, high = (rows[end].mask(holed).tolist() for end in ("low", "high"))
    said = intervals.draw(
        axis, names=[reader.month(month, short=True) for month in rows["period"]],
        values=rows["change"].tolist(), low=low, high=high, unit="fraction", reader=reader,
        reference=0.0,
    )  # fmt: skip
    bars = no_interval(reader)
    if rows["low"].notna().any():
        bars = _(
            "Bars: 95% interval, customers as the unit of chance. A bar that touches the dashes "
            "does not let you tell a rise from a fall."
        )
    return style.finish(
        axis,
        title=title,
        alt=_("Dots of the change by month: {parts}.", parts=_("; ").join(said)),
        caption=" ".join([bars, *of_holed_dots(reader, any_holed=bool(holed.any()))]),
    )


# --- Visits ---------------------------------------------------------------------------------


def traffic_table(
    found: pd.DataFrame, *, lang: str | Reader, lacks: Sequence[str] = ()
) -> Table | Sentence:
    """Show how many came and how good their visits were, each rate with its interval.

    Parameters
    ----------
    found
        What `sales.traffic` returns.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to show.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if found.empty:
        return Sentence(why_nothing(_("No visits to show."), lacks, reader))
    keys = dimensions_of(found, until="sessions")
    return _traffic_by(found, keys, reader) if keys else _traffic_in_all(found, reader)


_QUALITY: Mapping[str, str] = MappingProxyType(
    {
        "pages_per_session": N_("Pages per session"),
        "bounce_rate": N_("One page only"),
        "cart_rate": N_("With a cart"),
        "conversion_rate": N_("With an order"),
        "visitor_conversion": N_("Visitors who order"),
        "revenue_per_visitor": N_("Revenue per visitor"),
    }
)
_BY_CELL = ("bounce_rate", "conversion_rate", "revenue_per_visitor")


def _traffic_in_all(found: pd.DataFrame, reader: Reader) -> Table:
    """Show one row a KPI of all sessions."""
    _ = reader.translate
    row = found.iloc[0]
    counts = [
        ("sessions", reader.integer(row["sessions"]), row["sessions"], None, None),
        ("visitors", reader.integer(row["visitors"]), row["visitors"], None, None),
    ]
    told = [name for name in _QUALITY if not is_absent(row[name])]
    rates = [
        (
            name, reader.unit(row[name], _unit_of(name)), row[name], row[f"{name}_low"],
            row[f"{name}_high"],
        )
        for name in told
    ]  # fmt: skip
    frame = pd.DataFrame([*counts, *rates], columns=["kpi", "shown", "value", "low", "high"])
    spreads = [
        intervals.words(row.low, row.high, _unit_of(row.kpi), reader) for row in rows_of(frame)
    ]
    names = {"kpi": _("KPI"), "shown": _("Value"), "interval": _("95% interval")}
    labels = {"sessions": _("Sessions"), "visitors": _("Visitors")}
    labels |= {name: _(_QUALITY[name]) for name in told}
    return table(
        frame.assign(interval=spreads),
        lang=reader,
        id="traffic",
        caption=_("Visits and their quality"),
        columns=[*names, "value", "low", "high"],
        names=names,
        units={
            "kpi": "text",
            **dict.fromkeys(("shown", "interval"), "interval"),
            **dict.fromkeys(("value", "low", "high"), "number"),
        },
        row_labels=labels,
        kpis={name: name for name in labels if name != "visitor_conversion"},
        hidden=["value", "low", "high"],
    )


def _traffic_by(found: pd.DataFrame, keys: Sequence[str], reader: Reader) -> Table:
    """Show a row a cell; what does not fit a page goes to other tools."""
    _ = reader.translate
    told = [name for name in _QUALITY if found[name].notna().any()]
    shown = [name for name in _BY_CELL if name in told]
    ends = [f"{name}{end}" for name in told for end in ("", "_low", "_high")]
    names = {
        **dimension_names(keys, lang=reader),
        "sessions": _("Sessions"),
        "visitors": _("Visitors"),
        **{f"{name}_shown": _(_QUALITY[name]) for name in shown},
    }
    return table(
        found.assign(
            **{
                f"{name}_shown": _bracketed(
                    found, name, _unit_of(name), reader, low=f"{name}_low", high=f"{name}_high"
                )
                for name in shown
            },
            **{key: [value_name(v, key, lang=reader) for v in found[key]] for key in keys},
        ),
        lang=reader,
        id="traffic_by_" + "_".join(keys),
        caption=_("Visits and their quality (95% intervals in brackets)"),
        columns=[*names, *ends],
        names=names,
        units={
            **dict.fromkeys(keys, "text"),
            **dict.fromkeys(("sessions", "visitors"), "count"),
            **dict.fromkeys((f"{name}_shown" for name in shown), "interval"),
            **{end: _unit_of(end) for end in ends},
        },
        kpis={
            **{name: name for name in ("sessions", "visitors")},
            **{f"{name}_shown": name for name in shown},
        },
        hidden=ends,
    )


def _unit_of(name: str) -> str:
    if name.startswith("pages"):
        return "ratio"
    return "currency" if name.startswith("revenue") else "fraction"


@style.styled
def funnel_bars(
    found: pd.DataFrame, *, lang: str | Reader, lacks: Sequence[str] = (), ax: Axes | None = None
) -> Axes:
    """Draw how many sessions reach each step of the funnel, and the share that goes on.

    Parameters
    ----------
    found
        What `sales.funnel` returns.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to draw.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("From the visit to the order")
    if found.empty or not found["entered"].iloc[0]:
        axis = style.axes(ax, height=1.6)
        nothing = _("No visits to show.")
        return style.empty(axis, title=title, message=why_nothing(nothing, lacks, reader))
    axis = style.axes(ax, height=3.2)
    names = [_("Sessions"), _("Cart"), _("Checkout"), _("Order")]
    counts = [int(found["entered"].iloc[0]), *found["passed"].astype(int)]
    axis.barh(range(len(counts)), counts, height=0.55, color=style.ACCENT)
    for place, count in enumerate(counts):
        axis.annotate(
            reader.integer(count), (count, place), xytext=(5, 0), textcoords="offset points",
            va="center", fontsize=9.5,
        )  # fmt: skip
    said = []
    for place, row in enumerate(rows_of(found)):
        share = reader.percent(row.rate)
        text = _("{share} go on, {lost} lost", share=share, lost=reader.integer(row.lost))
        axis.annotate(
            f"\u2193 {text}", (max(counts) * 0.34, place + 0.5), va="center", fontsize=9,
            color=style.MUTED,
        )  # fmt: skip
        said.append(f"{_(STEP_NAMES[row.step])} {share}")
    axis.set_yticks(range(len(names)), names)
    axis.invert_yaxis()
    axis.margins(x=0.16)
    style.value_axis(axis.xaxis, unit="count", reader=reader)
    axis.grid(axis="x")
    return style.finish(
        axis,
        title=title,
        alt=_(
            "Bars, from sessions ({sessions}) to orders ({orders}): {parts}.",
            sessions=reader.integer(counts[0]),
            orders=reader.integer(counts[-1]),
            parts=_("; ").join(said),
        ),
        caption=_(
            "Sessions of which the step is known. An order is a valid one: neither cancelled, nor "
            "fraudulent, nor a test."
        ),
    )


def funnel_table(
    found: pd.DataFrame, *, lang: str | Reader, lacks: Sequence[str] = ()
) -> Table | Sentence:
    """Show the steps of the funnel with their rates and what is lost at each.

    Parameters
    ----------
    found
        What `sales.funnel` returns.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to show.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if found.empty:
        return Sentence(why_nothing(_("No visits to show."), lacks, reader))
    names = {
        "step": _("Step"),
        "entered": _("Sessions at the step"),
        "passed": _("Go on"),
        "lost": _("Sessions lost"),
        "loss_share": _("Share of all losses"),
        "rate": _("Rate"),
        "interval": _("95% interval"),
    }
    return table(
        found.assign(interval=intervals.column(found, "fraction", reader)),
        lang=reader,
        id="funnel",
        caption=_("The purchase funnel, step by step"),
        columns=[*names, "low", "high"],
        names=names,
        units={
            "step": "text",
            **dict.fromkeys(("entered", "passed", "lost"), "count"),
            **dict.fromkeys(("rate", "loss_share", "low", "high"), "fraction"),
            "interval": "interval",
        },
        row_labels={step: _(STEP_NAMES[step]) for step in found["step"]},
        kpis={step: step for step in ("cart_rate", "checkout_rate")},
        hidden=["low", "high"],
    )


@style.styled
def conversion_windows(
    found: Conversion | None,
    *,
    lang: str | Reader,
    lacks: Sequence[str] = (),
    ax: Axes | None = None,
) -> Axes:
    """Draw conversion by session and by visitor over windows of rising length.

    Parameters
    ----------
    found
        What `sales.conversions` returns.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to draw.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("Two conversion rates, by the window they count in")
    if found is None or not found.sessions:
        axis = style.axes(ax, height=1.6)
        nothing = _("No visits to show.")
        return style.empty(axis, title=title, message=why_nothing(nothing, lacks, reader))
    axis = style.axes(ax, height=3.4)
    rows = found.windows
    places = np.arange(len(rows))
    pairs = (
        ("by_session", _("By session"), style.ACCENT, -0.19, None),
        ("by_visitor", _("By visitor"), style.LIGHT, 0.19, "///"),
    )
    for column, label, colour, shift, hatch in pairs:
        axis.bar(
            places + shift, rows[column].fillna(0), width=0.36, color=colour, label=label,
            hatch=hatch, edgecolor="white", linewidth=0,
        )  # fmt: skip
        for place, value in zip(places, rows[column], strict=True):
            axis.annotate(
                reader.percent(value), (place + shift, value), xytext=(0, 3),
                textcoords="offset points", ha="center", fontsize=8.5,
            )  # fmt: skip
    names = [_(_WINDOWS[window]) for window in rows["window"]]
    axis.set_xticks(places, names)
    axis.set_ylim(0, float(rows[["by_session", "by_visitor"]].max().max()) * 1.32 or 1)
    style.value_axis(axis.yaxis, unit="fraction", reader=reader)
    axis.grid(axis="y")
    axis.legend(loc="upper left", fontsize=9, ncols=2)
    said = [
        f"{name} {reader.percent(row.by_session)}, {reader.percent(row.by_visitor)}"
        for name, row in zip(names, rows_of(rows), strict=True)
    ]
    return style.finish(
        axis,
        title=title,
        alt=_("Bars by session, by visitor: {parts}.", parts=_("; ").join(said)),
        caption=_(
            "A visitor counts once in each window: the longer it is, the more visits each has to "
            "order in. Sessions whose visitor is known."
        ),
    )


def site_conversion_table(
    found: Conversion | None, *, lang: str | Reader, lacks: Sequence[str] = ()
) -> Table | Sentence:
    """Show conversion by session and by visitor side by side, with what each divides.

    Parameters
    ----------
    found
        What `sales.conversions` returns.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to show.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if found is None or not found.sessions:
        return Sentence(why_nothing(_("No visits to show."), lacks, reader))
    rows = [
        ("by_session", found.sessions, found.orders, *found.by_session),
        ("by_visitor", found.visitors, found.buyers, *found.by_visitor),
    ]
    frame = pd.DataFrame(rows, columns=["way", "counted", "ordered", "rate", "low", "high"])
    names = {
        "way": _("Counted by"),
        "counted": _("In all"),
        "ordered": _("With an order"),
        "rate": _("Conversion"),
        "interval": _("95% interval"),
    }
    return table(
        frame.assign(interval=intervals.column(frame, _precise(reader), reader)),
        lang=reader,
        id="conversions",
        caption=_("Conversion by session and by visitor"),
        columns=[*names, "low", "high"],
        names=names,
        units={
            "way": "text",
            **dict.fromkeys(("counted", "ordered"), "count"),
            **dict.fromkeys(("rate", "low", "high"), "fraction"),
            "interval": "interval",
        },
        row_labels={"by_session": _("Session"), "by_visitor": _("Visitor")},
        kpis={"by_session": "conversion_rate"},
        hidden=["low", "high"],
    )


def _precise(reader: Reader) -> Any:
    return lambda value: reader.percent(value, decimals=2)


@style.styled
def step_differences(
    found: pd.DataFrame, *, lang: str | Reader, lacks: Sequence[str] = (), ax: Axes | None = None
) -> Axes:
    """Draw by how much each device or channel differs from the rest at each step.

    Parameters
    ----------
    found
        What `sales.out_of_line` returns; the `MOST_STEPS` smallest p are drawn.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to draw.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("Steps that differ from the rest of the visits")
    tested = found.dropna(subset=["difference"]) if len(found) else found
    if tested.empty:
        axis = style.axes(ax, height=1.6)
        nothing = _("Too few visits to compare steps.")
        return style.empty(axis, title=title, message=why_nothing(nothing, lacks, reader))
    rows = tested.iloc[:MOST_STEPS]
    axis = style.axes(ax, height=intervals.height(len(rows)) + 0.2)
    names = [style.two_lines(step_name(row, lang=reader), 30) for row in rows.to_dict("records")]
    said = []
    for place, (name, row) in enumerate(zip(names, rows_of(rows), strict=True)):
        apart = row.verdict in ("higher", "lower")
        axis.plot([row.low, row.high], [place, place], color=style.ACCENT, linewidth=2.2)
        axis.plot(
            row.difference, place, marker="o", markersize=6.5, markeredgecolor=style.ACCENT,
            color=style.ACCENT if apart else "white",
        )  # fmt: skip
        said.append(f"{name} {reader.points(row.difference)}".replace("\n", " "))
    axis.axvline(0, color=style.REFERENCE, linestyle="--", linewidth=1.2)
    axis.set_yticks(range(len(names)), names, fontsize=8.5)
    axis.set_ylim(len(names) - 0.5, -0.5)
    style.value_axis(axis.xaxis, unit="points", reader=reader)
    axis.grid(axis="x")
    caption = [
        _(
            "Difference from the other sessions, less those already set aside, in points, with its "
            "95% interval. Filled: apart after correction for all that was looked at; hollow: one "
            "cannot tell."
        ),
        *set_aside(rows, lang=reader),
    ]
    if len(rows) < len(tested):
        caption.append(
            _(
                "Shown: the {shown} surest of {total}.",
                shown=reader.integer(len(rows)),
                total=reader.integer(len(tested)),
            )
        )
    return style.finish(
        axis,
        title=title,
        alt=_("Dots of the difference from the rest: {parts}.", parts=_("; ").join(said)),
        caption=" ".join(caption),
    )


def step_name(row: Mapping[Any, Any], *, lang: str | Reader) -> str:
    """Return a cell and its step, as a reader names them.

    >>> step_name({"dimension": "device", "value": "app", "step": "cart_rate"}, lang="en")
    'App · Session to cart'
    """
    reader = Reader.of(lang)
    value = value_name(row["value"], str(row["dimension"]), lang=reader)
    return f"{value} \u00b7 {reader.translate(STEP_NAMES[row['step']])}"


def set_aside(found: pd.DataFrame, *, lang: str | Reader) -> list[str]:
    """Return a sentence on which cells the rest leaves out at each step; none where it does not.

    Parameters
    ----------
    found
        Rows of what `sales.out_of_line` returns: those that are shown.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    longest: dict[tuple[str, str], tuple[object, ...]] = {}
    for row in rows_of(found):
        cell = (str(row.dimension), str(row.step))
        longest[cell] = max(longest.get(cell, ()), row.set_aside, key=len)
    named = [
        _(
            "{step} ({names})",
            step=reader.translate(STEP_NAMES[step]),
            names=names_aside(values, dimension, lang=reader),
        )
        for (dimension, step), values in longest.items()
        if values
    ]
    if not named:
        return []
    said = _(
        "The rest of a row leaves out the sessions of those found apart before it. Set aside, in "
        "this order: {parts}.",
        parts=_("; ").join(named),
    )
    return [said]


def names_aside(values: Sequence[object], dimension: str, *, lang: str | Reader) -> str:
    """Return the names of the cells that a rest leaves out.

    >>> names_aside(("app", None), "device", lang="en")
    'App, Unknown'
    """
    return ", ".join(value_name(value, dimension, lang=lang) for value in values)


def step_table(
    found: pd.DataFrame, *, lang: str | Reader, lacks: Sequence[str] = ()
) -> Table | Sentence:
    """Show each device or channel at each step: its rate, that of the rest, and the verdict.

    Parameters
    ----------
    found
        What `sales.out_of_line` returns.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to show.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if found.empty:
        return Sentence(why_nothing(_("Too few visits to compare steps."), lacks, reader))
    names = {
        "cell": _("Where"),
        "entered": _("Sessions at the step"),
        "rate": _("Rate"),
        "rest": _("Rate of the rest, those set aside left out"),
        "difference": _("Difference"),
        "interval": _("95% interval"),
        "p_shown": _("Corrected p"),
        "verdict": _("Verdict"),
    }
    others = ["dimension", "value", "step", "set_aside", "low", "high", "p", "p_adjusted"]
    return table(
        found.assign(
            cell=[step_name(row, lang=reader) for row in found.to_dict("records")],
            interval=intervals.column(found, reader.points, reader),
            set_aside=[
                names_aside(row.set_aside, str(row.dimension), lang=reader)
                for row in rows_of(found)
            ],
            verdict=[_(VERDICTS[verdict]) for verdict in found["verdict"]],
            p_shown=[_p_value(p, reader) for p in found["p_adjusted"]],
        ),
        lang=reader,
        id="steps_out_of_line",
        caption=_(
            "Each step by device and channel, against the other sessions less those set aside"
        ),
        columns=[*names, *others],
        names=names,
        units={
            **dict.fromkeys(("cell", "verdict", "dimension", "value", "step", "set_aside"), "text"),
            "entered": "count",
            **dict.fromkeys(("rate", "rest"), "fraction"),
            **dict.fromkeys(("difference", "low", "high"), "points"),
            **dict.fromkeys(("p", "p_adjusted"), "ratio"),
            **dict.fromkeys(("interval", "p_shown"), "interval"),
        },
        hidden=others,
        shown=MOST_STEPS,
        notes=set_aside(found.iloc[:MOST_STEPS], lang=reader),
    )


def _p_value(p: Any, reader: Reader) -> str:
    if is_absent(p):
        return ABSENT
    sign = "< " if p < _SMALLEST_P else ""
    return sign + reader.number(max(p, _SMALLEST_P), decimals=3)
