"""Figures of stock: what `marketing_kpi.inventory` returns, drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from types import MappingProxyType

import pandas as pd
from matplotlib.axes import Axes

from marketing_kpi.baskets import LostSales, lost_by
from marketing_kpi.inventory import CLASSES, COVER_KPIS, STOCK_KPIS, ReorderPoints
from marketing_kpi.inventory import class_grid as grid_of
from marketing_kpi.kpis.formulas import steady
from marketing_kpi.plots import heat, intervals, style
from marketing_kpi.plots.dimensions import (
    dimension_names,
    dimensions_of,
    row_names,
    shortened,
    with_names,
)
from marketing_kpi.plots.retention import why_nothing
from marketing_kpi.plots.sentences.base import Sentence
from marketing_kpi.plots.sentences.inventory import (
    no_reorder_point,
    over_the_whole,
    sell_through,
    without_cost,
)
from marketing_kpi.plots.tables import Table, table
from marketing_kpi.text import counted
from marketing_kpi.text.locale import Reader
from marketing_kpi.text.messages import N_

MOST_DRAWN = 6
"""Gaps that the figure shows at each end; the bundle of a report holds all of them."""

MOST_SHOWN = 15
"""Rows that a table shows."""

LONGEST_NAME = 30
"""Characters of a product's name in a figure."""

PARTS: Mapping[str, str] = MappingProxyType(
    {
        "sellable": N_("Can be sold"),
        "reserved": N_("Reserved"),
        "damaged": N_("Damaged"),
        "other": N_("Kept for another reason"),
    }
)
"""What stock on hand is made of."""

PACES: Mapping[str, str] = MappingProxyType(
    {
        "slow": N_("Slow: under 2 units a lead time"),
        "medium": N_("Medium: 2 to 10 units"),
        "fast": N_("Fast: 10 units or more"),
        "all": N_("All"),
    }
)
"""How fast products go in a place."""

VERDICTS: Mapping[str, str] = MappingProxyType(
    {"kept": N_("Kept"), "not_kept": N_("Not kept"), "cannot_tell": N_("One cannot tell")}
)
"""Whether a reorder point buys the level of service that it promises."""

_UNITS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("stock_on_hand", "stock_sellable"), "count"),
        **dict.fromkeys(("stockout_rate", "sell_through_rate"), "fraction"),
        **dict.fromkeys(("days_of_inventory", "coverage_gap_days"), "number"),
        **dict.fromkeys(("inventory_turnover", "gmroi"), "ratio"),
    }
)
_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "stock_on_hand": N_("On hand at the close"),
        "stock_sellable": N_("Can be sold"),
        "stockout_rate": N_("Stock-out rate"),
        "days_of_inventory": N_("Days of inventory"),
        "coverage_gap_days": N_("Days above the target"),
        "inventory_turnover": N_("Turnover a year"),
        "sell_through_rate": N_("Sell-through"),
        "gmroi": N_("GMROI"),
    }
)


# --- What is there ----------------------------------------------------------------------------


def stock_parts(parts: pd.DataFrame | None, *, lang: str | Reader) -> Table | Sentence:
    """Show what the stock of the last day is made of: what can be sold, and what keeps the rest.

    Parameters
    ----------
    parts
        What `inventory.closing_parts` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if parts is None:
        return Sentence(_("The stock does not say which units can be sold."))
    day = parts.attrs.get("day")
    caption = (
        _("What the stock is made of")
        if day is None
        else _("What the stock is made of, at the close of {day}", day=reader.date(day))
    )
    names = {"part": _("Part"), "units": _("Units"), "share": _("Share of the stock")}
    return table(
        parts.assign(part=[_(PARTS[part]) for part in parts["part"]]),
        lang=reader,
        id="stock_parts",
        caption=caption,
        columns=list(names),
        names=names,
        units={"part": "text", "units": "count", "share": "fraction"},
    )


@style.styled
def stock_by_month(
    months: pd.DataFrame | None, *, lang: str | Reader, ax: Axes | None = None
) -> Axes:
    """Draw the stock on hand and the sellable stock at the close of each month.

    Parameters
    ----------
    months
        What `inventory.levels` returns by month.
    lang
        The reader, or a language.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("Stock at the close of each month")
    axis = style.axes(ax)
    if months is None or "stock_on_hand" not in months:
        return style.empty(axis, title=title, message=_("No stock is on record."))
    rows = months.dropna(subset=["stock_on_hand"])
    if len(rows) < 2:
        return style.empty(axis, title=title, message=_("Too few months of stock to follow."))
    places = range(len(rows))
    axis.plot(places, rows["stock_on_hand"], color=style.ACCENT, marker="o", label=_("On hand"))
    if "stock_sellable" in rows:
        axis.plot(
            places, rows["stock_sellable"], color=style.BAD, linestyle="--", marker="s",
            markersize=4.5, label=_("Can be sold"),
        )  # fmt: skip
    firsts = [place == 0 for place in places]
    labels = [
        style.short_month(month, reader, first=first)
        for month, first in zip(rows["period"], firsts, strict=True)
    ]
    axis.set_xticks(places, labels)
    axis.set_ylim(bottom=0)
    style.value_axis(axis.yaxis, unit="count", reader=reader)
    axis.grid(axis="y")
    axis.legend(loc="lower left", fontsize=9)
    most = rows.iloc[int(rows["stock_on_hand"].argmax())]
    least = rows.iloc[int(rows["stock_on_hand"].argmin())]
    return style.finish(
        axis,
        title=title,
        alt=_(
            "Lines of {months}: the most on hand in {high}, {most}; the least in {low}, {least}.",
            months=reader.months(len(rows)),
            high=reader.month(most["period"]),
            most=counted.units(most["stock_on_hand"], reader),
            low=reader.month(least["period"]),
            least=reader.integer(least["stock_on_hand"]),
        ),
        caption=_("Stock does not add up over months: each point is a last day on record."),
    )


def stock_table(
    levels: pd.DataFrame | None, lost: LostSales | None = None, *, lang: str | Reader
) -> Table | Sentence:
    """Show the KPIs of stock by place, category, product or month.

    Parameters
    ----------
    levels
        What `inventory.levels` returns by a dimension or by month.
    lost
        What `baskets.lost_sales` returns, to show the units lost too; None without.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if levels is None:
        return Sentence(_("The data cannot split their stock so."))
    if levels.empty:
        return Sentence(_("No stock is on record."))
    kpis = [name for name in (*STOCK_KPIS, *COVER_KPIS) if name in levels]
    keys = dimensions_of(levels, until=kpis[0])
    shown, hidden = levels, []
    is_month = keys == ["period"]
    names = {"period": _("Month")} if is_month else dimension_names(keys, lang=reader)
    names |= {name: _(_NAMES[name]) for name in kpis}
    units = {**dict.fromkeys(keys, "month" if is_month else "text"), **_UNITS}
    if lost is not None and keys[0] in lost.cells:
        parts = lost_by(lost, by=keys[0])[[keys[0], "lost_units", "low", "high"]]
        parts[["lost_units", "low", "high"]] = parts[["lost_units", "low", "high"]].map(steady)
        shown = levels.merge(parts, on=keys[0], how="left")
        interval = intervals.column(shown, reader.integer, reader)
        shown = shown.assign(lost_interval=interval)
        names |= {"lost_units": _("Units lost"), "lost_interval": _("95% interval (units)")}
        names |= {"low": _("Low"), "high": _("High")}
        hidden = ["low", "high"]
        units |= {"lost_units": "count", "lost_interval": "interval"}
        units |= dict.fromkeys(hidden, "number")
    if not is_month:
        shown = with_names(shown, keys, lang=reader)
    return table(
        shown,
        lang=reader,
        id="stock_by_" + "_".join(keys),
        caption=_stock_caption(kpis, names[keys[0]], reader),
        notes=_stock_notes(levels, reader),
        columns=list(names),
        names=names,
        hidden=hidden,
        shown=MOST_SHOWN,
        units={name: unit for name, unit in units.items() if name in shown},
        kpis={**{name: name for name in kpis}, "lost_units": "lost_sales_units"},
    )


def _stock_caption(kpis: Sequence[str], dimension: str, reader: Reader) -> str:
    _ = reader.translate
    by = dimension.lower()
    if {*kpis} & {*COVER_KPIS}:
        return _("Stock, what it lacks and what it brings, by {dimension}", dimension=by)
    return _("Stock and what it lacks, by {dimension}", dimension=by)


def _stock_notes(levels: pd.DataFrame, reader: Reader) -> list[str]:
    if "sell_through_rate" not in levels:
        return []
    rates = levels["sell_through_rate"].dropna()
    return sell_through(None, reader) if rates.empty else over_the_whole(rates.max(), reader)


# --- Against the target -------------------------------------------------------------------------


@style.styled
def cover_gaps(covers: pd.DataFrame | None, *, lang: str | Reader, ax: Axes | None = None) -> Axes:
    """Draw which products, or groups, hold more or less money than their target wants.

    Parameters
    ----------
    covers
        What `inventory.cover` returns; the `MOST_DRAWN` largest at each end are drawn.
    lang
        The reader, or a language.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("Stock above and below its target")
    known = covers.dropna(subset=["gap_value"]) if covers is not None else pd.DataFrame()
    above = known[known["gap_value"] > 0].iloc[:MOST_DRAWN] if len(known) else known
    below = known[known["gap_value"] < 0].iloc[-MOST_DRAWN:] if len(known) else known
    rows = pd.concat([above, below])
    axis = style.axes(ax, height=intervals.height(len(rows)))
    if rows.empty:
        message = _("No product has a target and a cover to hold against it.")
        return style.empty(axis, title=title, message=message)
    key = "name" if "name" in rows else str(rows.columns[0])
    names = [shortened(name, LONGEST_NAME) for name in row_names(rows, [key], lang=reader)]
    money = partial(reader.signed_money, decimals=0)
    said = []
    for place, (name, value) in enumerate(zip(names, rows["gap_value"], strict=True)):
        axis.barh(place, value, height=0.62, linewidth=0.8, **style.change_look(value >= 0))
        axis.annotate(
            money(value), (value, place), xytext=(5 if value >= 0 else -5, 0),
            textcoords="offset points", va="center", ha="left" if value >= 0 else "right",
            fontsize=8.5,
        )  # fmt: skip
        said.append(f"{name} {money(value)}")
    axis.axvline(0, color=style.REFERENCE, linewidth=1)
    axis.set_yticks(range(len(names)), names, fontsize=8.5)
    axis.invert_yaxis()
    axis.margins(x=0.3)
    style.value_axis(axis.xaxis, unit="currency", reader=reader, ticks=4)
    axis.grid(axis="x")
    caption = [_("Average stock at cost, less what the target wants. Hatched: below it.")]
    if len(rows) < len(known):
        caption.append(
            _(
                "The largest gaps of {total}: {above} above the target, {below} below it.",
                total=reader.integer(len(known)),
                above=reader.integer(len(above)),
                below=reader.integer(len(below)),
            )
        )
    return style.finish(
        axis,
        title=title,
        alt=_("Bars of the stock above its target: {parts}.", parts=_("; ").join(said)),
        caption=" ".join(caption),
    )


def cover_table(covers: pd.DataFrame | None, *, lang: str | Reader) -> Table | Sentence:
    """Show the cover, the target, the money between both, turnover and GMROI.

    Parameters
    ----------
    covers
        What `inventory.cover` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    notes = without_cost(covers, reader)
    if covers is None or covers.empty:
        return Sentence(" ".join([_("No stock at cost can be held against sales."), *notes]))
    first = str(covers.columns[0])
    key = "name" if "name" in covers else first
    names = dimension_names([key], lang=reader) | {
        "average_stock": _("Average stock (at cost)"),
        "days_of_inventory": _("Days of inventory"),
        "target_days": _("Target (days)"),
        "coverage_gap_days": _("Days above the target"),
        "gap_value": _("Stock above the target"),
        "inventory_turnover": _("Turnover a year"),
        "gmroi": _("GMROI"),
    }
    names = {name: label for name, label in names.items() if name in covers}
    hidden = [first] if first != key else []
    kpis = ("days_of_inventory", "coverage_gap_days", "inventory_turnover", "gmroi")
    units = {
        **dict.fromkeys((key, first), "text"),
        **dict.fromkeys(("average_stock", "gap_value"), "currency"),
        "target_days": "number",
        **{name: _UNITS[name] for name in kpis},
    }
    return table(
        with_names(covers, [key], lang=reader),
        lang=reader,
        id=f"cover_by_{first}",
        caption=_(
            "Days of inventory against their target, by {dimension}",
            dimension=names[key].lower(),
        ),
        columns=[*names, *hidden],
        names={**names, **dimension_names(hidden, lang=reader)},
        hidden=hidden,
        shown=MOST_SHOWN,
        whole=[name for name in ("average_stock", "gap_value") if name in names],
        units={name: unit for name, unit in units.items() if name in covers},
        kpis={name: name for name in kpis if name in covers},
        notes=notes,
    )


# --- Classes ------------------------------------------------------------------------------------


@style.styled
def class_grid(
    classes: pd.DataFrame | None,
    *,
    lang: str | Reader,
    lacks: Sequence[str] = (),
    ax: Axes | None = None,
) -> Axes:
    """Draw how many products are in each pair of classes, and which part of sales they bring.

    Parameters
    ----------
    classes
        What `inventory.classify` returns.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to draw.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("Products and sales by class")
    axis = style.axes(ax, height=2.9)
    if classes is None or not classes["xyz"].notna().any():
        message = why_nothing(_("No product has enough weeks to be classed."), lacks, reader)
        return style.empty(axis, title=title, message=message)
    grid = grid_of(classes)
    shares = (
        grid.set_index(["abc", "xyz"])["share"]
        .unstack()
        .loc[list(CLASSES[2::-1]), list(CLASSES[3:])]
    )
    heat.draw(axis, shares, lambda _value: "", zero=None)
    said = []
    for place, row in enumerate(grid.to_dict("records")):
        products = _.n(
            "{n} product", "{n} products", int(row["products"]), n=reader.integer(row["products"])
        )
        share = reader.percent(row["share"], decimals=0)
        said.append(f"{row['abc']}{row['xyz']} {products}, {share}")
        axis.text(
            place % 3 + 0.5, 2 - place // 3 + 0.5, f"{products}\n{share}",
            ha="center", va="center", fontsize=9, color=_ink(row["share"], shares),
        )  # fmt: skip
    return style.finish(
        axis,
        title=title,
        alt=_(
            "Grid of classes, products and share of net sales: {parts}.", parts=_("; ").join(said)
        ),
        caption=_(
            "A brings the most sales, C the least; X has even weeks, Z uneven ones. Darker: a "
            "larger share of net sales."
        ),
    )


def _ink(share: float, shares: pd.DataFrame) -> str:
    """Return the colour of a text that is read on the cell of a share."""
    import matplotlib as mpl

    most = float(shares.to_numpy().max()) or 1.0
    return style.label_colour(mpl.colormaps[style.SEQUENTIAL]((share / most / 1.1) ** 0.5))


def class_table(
    classes: pd.DataFrame | None, *, lang: str | Reader, lacks: Sequence[str] = ()
) -> Table | Sentence:
    """Show each product's sales, weeks and classes, and the variation that chance alone gives.

    Parameters
    ----------
    classes
        What `inventory.classify` returns.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to show.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if classes is None or classes.empty:
        return Sentence(why_nothing(_("No product has enough weeks to be classed."), lacks, reader))
    key = "name" if "name" in classes else "product_id"
    names = dimension_names([key], lang=reader) | {
        "net_sales": _("Net sales"),
        "cumulative": _("Cumulative share"),
        "abc": _("ABC"),
        "weekly_units": _("Units a week"),
        "variation": _("Variation of weeks"),
        "chance": _("By chance alone"),
        "xyz": _("XYZ"),
    }
    hidden = ["product_id"] if key == "name" else []
    return table(
        classes,
        lang=reader,
        id="abc_xyz",
        caption=_("Products by class, the largest sales first"),
        columns=[*names, *hidden],
        names={**names, **dimension_names(hidden, lang=reader)},
        hidden=hidden,
        shown=MOST_SHOWN,
        whole=["net_sales"],
        units={
            **dict.fromkeys((key, "abc", "xyz", "product_id"), "text"),
            "net_sales": "currency",
            "cumulative": "fraction",
            "weekly_units": "number",
            **dict.fromkeys(("variation", "chance"), "ratio"),
        },
    )


# --- When to order ------------------------------------------------------------------------------


@style.styled
def service_bought(
    paces: pd.DataFrame | None,
    *,
    lang: str | Reader,
    lacks: Sequence[str] = (),
    ax: Axes | None = None,
) -> Axes:
    """Draw the service level that the formula's reorder points buy, against the one promised.

    Parameters
    ----------
    paces
        What `inventory.service_by_pace` returns.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to draw.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("Service level that the reorder points buy")
    rows = pd.DataFrame() if paces is None else paces
    axis = style.axes(ax, height=intervals.height(len(rows)))
    if rows.empty:
        nothing = no_reorder_point(None, reader)
        return style.empty(axis, title=title, message=why_nothing(nothing, lacks, reader))
    level = rows.attrs["level"]
    said = intervals.draw(
        axis, names=[_(PACES[pace]) for pace in rows["pace"]],
        values=rows["service_level"].tolist(), low=rows["low"].tolist(),
        high=rows["high"].tolist(), unit="fraction", reader=reader, reference=level,
    )  # fmt: skip
    return style.finish(
        axis,
        title=title,
        alt=_(
            "Dots of the service level, for {level} promised: {parts}.",
            level=reader.percent(level),
            parts=_("; ").join(said),
        ),
        caption=_(
            "Cycles without a stock-out, on average over products and places. Bars: 95% interval. "
            "Dashed: the level promised."
        ),
    )


def service_table(
    paces: pd.DataFrame | None, *, lang: str | Reader, lacks: Sequence[str] = ()
) -> Table | Sentence:
    """Show what the formula's reorder points buy, and what would keep the level.

    Parameters
    ----------
    paces
        What `inventory.service_by_pace` returns.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to show.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if paces is None or paces.empty:
        nothing = no_reorder_point(None, reader)
        return Sentence(why_nothing(nothing, lacks, reader))
    names = {
        "pace": _("Pace"),
        "points": _("Products in places"),
        "safety_stock": _("Safety stock (units)"),
        "service_level": _("Service level bought"),
        "interval": _("95% interval"),
        "verdict": _("Promise"),
        "change": _("Units to add"),
        "low": _("Low"),
        "high": _("High"),
    }
    shown = paces.assign(
        pace=[_(PACES[pace]) for pace in paces["pace"]],
        verdict=[_(VERDICTS[verdict]) for verdict in paces["verdict"]],
        interval=intervals.column(paces, "fraction", reader),
    )
    return table(
        shown,
        lang=reader,
        id="service_by_pace",
        caption=_(
            "What the reorder points buy, for {level} promised",
            level=reader.percent(paces.attrs["level"]),
        ),
        columns=list(names),
        names=names,
        hidden=["low", "high"],
        units={
            **dict.fromkeys(("pace", "verdict"), "text"),
            **dict.fromkeys(("points", "safety_stock", "change"), "count"),
            **dict.fromkeys(("service_level", "low", "high"), "fraction"),
            "interval": "interval",
        },
        kpis={"safety_stock": "safety_stock"},
        notes=[
            _("Units to add: what brings every reorder point to the level, of demand as recorded.")
        ],
    )


def reorder_table(
    found: ReorderPoints | None, *, lang: str | Reader, lacks: Sequence[str] = ()
) -> Table | Sentence:
    """Show the reorder point of each product and place, and what it buys.

    Parameters
    ----------
    found
        What `inventory.reorder_points` returns.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to show.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if found is None or found.points.empty:
        nothing = no_reorder_point(found, reader)
        return Sentence(why_nothing(nothing, lacks, reader))
    key = "name" if "name" in found.points else "product_id"
    names = dimension_names([key, "location_id"], lang=reader) | {
        "mean_demand": _("Units a day"),
        "mean_lead_time": _("Lead time (days)"),
        "safety_stock": _("Safety stock (units)"),
        "reorder_point": _("Reorder point (units)"),
        "service_level": _("Service level bought"),
        "interval": _("95% interval"),
        "needed": _("Point that keeps the level"),
        "verdict": _("Promise"),
    }
    hidden = {"sd_demand": _("Standard deviation of demand")}
    hidden |= {"sd_lead_time": _("Standard deviation of lead times")}
    hidden |= {"low": _("Low"), "high": _("High")}
    if key == "name":
        hidden |= dimension_names(["product_id"], lang=reader)
    points = found.points.assign(
        verdict=[_(VERDICTS[verdict]) for verdict in found.points["verdict"]],
        interval=intervals.column(found.points, "fraction", reader),
    )
    return table(
        points,
        lang=reader,
        id="reorder_points",
        caption=_(
            "Reorder points for a service level of {level}, the most sold first",
            level=reader.percent(found.level),
        ),
        columns=[*names, *hidden],
        names={**names, **hidden},
        hidden=list(hidden),
        shown=MOST_SHOWN,
        units={
            **dict.fromkeys((key, "product_id", "location_id", "verdict"), "text"),
            **dict.fromkeys(("mean_demand", "sd_demand", "sd_lead_time"), "ratio"),
            "mean_lead_time": "number",
            "safety_stock": "number",
            **dict.fromkeys(("reorder_point", "needed"), "count"),
            **dict.fromkeys(("service_level", "low", "high"), "fraction"),
            "interval": "interval",
        },
        kpis={"safety_stock": "safety_stock", "reorder_point": "reorder_point"},
    )
