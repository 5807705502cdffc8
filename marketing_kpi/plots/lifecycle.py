"""Figures and tables of the customer lifecycle: what `marketing_kpi.lifecycle` returns, shown."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import partial
from textwrap import wrap
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from marketing_kpi.lifecycle import Advice, Proposal
from marketing_kpi.plots import heat, intervals, style
from marketing_kpi.plots.dimensions import value_name
from marketing_kpi.plots.sentences import Sentence
from marketing_kpi.plots.sentences.lifecycle import REASONS
from marketing_kpi.plots.tables import Table, table
from marketing_kpi.stages.adviser import Limit
from marketing_kpi.stages.conversion import pooled
from marketing_kpi.stages.results import in_order
from marketing_kpi.stages.settings import (
    ABSENT,
    CUSTOMER_STAGES,
    DEFAULTS,
    FIRST_PURCHASE,
    RATES,
    STAGES,
    UNIDENTIFIED,
    Settings,
)
from marketing_kpi.text.locale import Reader, is_absent
from marketing_kpi.text.messages import N_

_COLOURS: Mapping[str, str] = {
    "lead_new": "#c7e0ee",
    "lead_active": "#74b3d8",
    "lead_cold": "#e3e6e8",
    "lead_inactive": "#f0f2f3",
    "first_time": "#74b3d8",
    "active": "#08519c",
    "defecting": "#d95f0e",
    "inactive": "#8a949c",
    FIRST_PURCHASE: "#c7e0ee",
    UNIDENTIFIED: "#f0f2f3",
}
_HATCHES: Mapping[str, str] = {
    "lead_active": "...",
    "lead_cold": "///",
    "first_time": "...",
    "defecting": "///",
    UNIDENTIFIED: "xxx",
}
_FOUND = (FIRST_PURCHASE, *CUSTOMER_STAGES, UNIDENTIFIED)
_LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
_RATE_COLOURS = (style.ACCENT, style.BAD, style.INK, style.MUTED, "#74b3d8")
_VERDICTS: Mapping[str, str] = {
    "higher": N_("Higher"),
    "lower": N_("Lower"),
    "cannot_tell": N_("Cannot tell"),
}
_LIMITS: Mapping[str, str] = {"active_days": "defecting", "defecting_days": "inactive"}
_WINDOWS: Mapping[str, str] = {
    "lead_conversion_rate": "lead_days",
    "repurchase_rate": "repurchase_days",
    "loyalty_rate": "loyalty_days",
    "defecting_winback_rate": "defecting_days",
    "inactive_winback_rate": "inactive_days",
}
_DAILY_COHORT = "loyalty_rate"  # follows each day the customers of one day, not of a window
_ROWS = 12  # shown of a table by month; a report's spreadsheets have them all
_MOST_CATEGORIES = 3  # shown a move
_MOST_SOURCES = 12  # drawn each by its name


def _interval(limit: Limit, reader: Reader) -> str:
    low, high = limit.proposed_interval or (None, None)
    return intervals.words(low, high, "days", reader)


def _reason(value: Any, reader: Reader) -> str | None:
    _ = reader.translate
    return None if is_absent(value) else _(REASONS[str(value)])


# --- The rules ------------------------------------------------------------------------------


def lifecycle_rules(
    settings: Settings, *, lang: str | Reader, filters: Mapping[str, Any] | None = None
) -> Table:
    """Show when a contact is in each stage, what each tier spends, and what the page counts.

    Parameters
    ----------
    settings
        The limits, windows and words.
    lang
        The reader, or a language.
    filters
        Column to the value, or list of values, that the page keeps.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    days = {
        "new": reader.days(settings.leads.new_days),
        "response": reader.days(settings.leads.active_days),
        "cold": reader.days(settings.leads.cold_days),
        "active": reader.days(settings.customers.active_days),
        "defecting": reader.days(settings.customers.defecting_days),
        "window": reader.days(settings.status.window_days),
    }
    said = {
        "lead_new": _("registered in the last {new}, no response since"),
        "lead_active": _("a response in the last {response}"),
        "lead_cold": _("neither new nor active; registered or last responded up to {cold} ago"),
        "lead_inactive": _("nothing for more than {cold}"),
        "first_time": _("one purchase, in the last {active}"),
        "active": _("several purchases, the last in the last {active}"),
        "defecting": _("last purchase more than {active} ago, up to {defecting}"),
        "inactive": _("last purchase more than {defecting} ago"),
    }
    rows = [(settings.term(id, reader), text.format(**days)) for id, text in said.items()]
    spent = _("spent {range} in the last {window}")
    rows += [
        (
            settings.term(id, reader),
            spent.format(range=settings.tier_range(id, reader), **days),
        )
        for id in settings.tiers
    ]
    return table(
        pd.DataFrame(rows, columns=["name", "rule"]),
        lang=reader,
        id="lifecycle_rules",
        caption=_("The rules of this page"),
        names={"name": _("Stage or status"), "rule": _("Who is in it")},
        units={"rule": "long_text"},
        notes=[*_counted(settings, reader), *_kept(filters or {}, reader)],
    )


def _counted(settings: Settings, reader: Reader) -> list[str]:
    """Say which purchases the settings count."""
    _ = reader.translate
    return [
        _("A purchase fully refunded counts all the same.")
        if settings.count_fully_refunded
        else _("A purchase fully refunded does not count."),
        _("Purchases of nobody known are in the revenue.")
        if settings.unidentified == "in"
        else _("Purchases of nobody known are left out of the revenue."),
    ]


def _kept(filters: Mapping[str, Any], reader: Reader) -> list[str]:
    """Say what the filters of a page keep; nothing without filters."""
    _ = reader.translate
    parts = []
    for name, wanted in filters.items():
        values = wanted if isinstance(wanted, list | tuple) else [wanted]
        shown = [_("Not known") if is_absent(value) else str(value) for value in values]
        parts.append(f"{name} = {', '.join(shown)}")
    return (
        [_("This page is filtered. It keeps: {kept}.", kept=_("; ").join(parts))] if parts else []
    )


# --- Who stands where -----------------------------------------------------------------------


@style.styled
def stage_shares(stages: pd.DataFrame, *, lang: str | Reader, settings: Settings = DEFAULTS,
                 ax: Axes | None = None) -> Axes:  # fmt: skip
    """Draw which part of the contacts and of the spending each stage holds.

    Parameters
    ----------
    stages
        What `lifecycle.by_stage` returns.
    lang
        The reader, or a language.
    settings
        The words of the stages.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("Contacts and spending by stage")
    axis = style.axes(ax, height=1.6 + 0.36 * max(len(stages), 3))
    if stages.empty:
        return style.empty(axis, title=title, message=_("No contact to show."))
    names = [settings.term(id, reader) for id in stages["stage"]]
    looks = {
        "contacts_share": (-0.2, style.ACCENT, "", _("Share of contacts")),
        "spend_share": (0.2, style.GRID, "///", _("Share of spending")),
    }
    for column, (shift, colour, hatch, label) in looks.items():
        values = stages[column].astype("Float64").to_numpy("float64", na_value=0.0)
        places = [place + shift for place in range(len(stages))]
        axis.barh(
            places, values, height=0.38, color=colour, hatch=hatch, edgecolor=style.MUTED,
            linewidth=0.5, label=label,
        )  # fmt: skip
        for place, value in zip(places, stages[column], strict=True):
            if not is_absent(value):
                axis.annotate(
                    reader.percent(value, decimals=0), (value, place), xytext=(4, 0),
                    textcoords="offset points", va="center", fontsize=8.5,
                )  # fmt: skip
    axis.set_yticks(range(len(stages)), names)
    axis.invert_yaxis()
    axis.set_xlim(0, 1.12 * max(0.05, *stages[["contacts_share", "spend_share"]].max().fillna(0)))
    style.value_axis(axis.xaxis, unit="fraction", reader=reader)
    axis.grid(axis="x")
    below = -0.28 / (0.3 + 0.36 * max(len(stages), 3))
    axis.legend(loc="upper center", bbox_to_anchor=(0.4, below), ncols=2, fontsize=9)
    parts = [
        _("{name}: {contacts} of contacts, {spend} of spending", name=name,
          contacts=reader.percent(row["contacts_share"], decimals=0),
          spend=reader.percent(row["spend_share"], decimals=0))
        for name, row in zip(names, stages.to_dict("records"), strict=True)
    ]  # fmt: skip
    return style.finish(
        axis,
        title=title,
        alt=_("Bars by stage: {parts}.", parts=_("; ").join(parts)),
        caption=_("Spending of the last {days}.", days=reader.days(settings.status.window_days)),
    )


def _held(
    rows: pd.DataFrame, key: str, *, lang: str | Reader, settings: Settings, id: str, caption: str,
    name: str,
) -> Table | Sentence:  # fmt: skip
    """Show contacts, spend and average spend of each stage or status."""
    reader = Reader.of(lang)
    _ = reader.translate
    if rows.empty:
        return Sentence(_("No contact to show."))
    return table(
        rows,
        lang=reader,
        id=id,
        caption=caption,
        columns=[key, "contacts", "contacts_share", "spend", "spend_share", "average_spend"],
        names={
            key: name,
            "contacts": _("Contacts"),
            "contacts_share": _("Share of contacts"),
            "spend": _("Spending"),
            "spend_share": _("Share of spending"),
            "average_spend": _("Average spending"),
        },
        units={
            "contacts": "count",
            "contacts_share": "fraction",
            "spend": "currency",
            "spend_share": "fraction",
            "average_spend": "currency",
        },
        row_labels={id: settings.term(id, reader) for id in rows[key]},
    )


def stage_table(
    stages: pd.DataFrame, *, lang: str | Reader, settings: Settings = DEFAULTS
) -> Table | Sentence:
    """Show how many contacts each stage holds and what they spent.

    Parameters
    ----------
    stages
        What `lifecycle.by_stage` returns.
    lang
        The reader, or a language.
    settings
        The words of the stages.
    """
    _ = Reader.of(lang).translate
    return _held(
        stages, "stage", lang=lang, settings=settings, id="lifecycle_stages",
        caption=_("Contacts by stage"), name=_("Stage"),
    )  # fmt: skip


def status_table(
    statuses: pd.DataFrame, *, lang: str | Reader, settings: Settings = DEFAULTS
) -> Table | Sentence:
    """Show how many customers each buyer status holds and what they spent.

    Parameters
    ----------
    statuses
        What `lifecycle.by_status` returns.
    lang
        The reader, or a language.
    settings
        The words of the tiers.
    """
    _ = Reader.of(lang).translate
    return _held(
        statuses, "status", lang=lang, settings=settings, id="buyer_status",
        caption=_("Customers by status"), name=_("Status"),
    )  # fmt: skip


@style.styled
def stage_status(pairs: pd.DataFrame, *, lang: str | Reader, settings: Settings = DEFAULTS,
                 ax: Axes | None = None) -> Axes:  # fmt: skip
    """Draw what the customers of each stage and status spent.

    Parameters
    ----------
    pairs
        What `lifecycle.stage_status` returns.
    lang
        The reader, or a language.
    settings
        The words of stages and tiers.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("Spending by stage and status")
    axis = style.axes(ax, height=3.2)
    grid = pairs.pivot_table(index="stage", columns="status", values="spend", aggfunc="sum")
    if not len(pairs) or grid.empty:
        return style.empty(axis, title=title, message=_("No spending to show."))
    grid = grid.reindex(
        index=[id for id in CUSTOMER_STAGES if id in grid.index],
        columns=[id for id in settings.tiers if id in grid.columns],
    ).astype("float64")
    total = float(grid.sum().sum())
    if not total:
        return style.empty(axis, title=title, message=_("No spending to show."))
    shares = grid.fillna(0) / total
    heat.draw(axis, shares, partial(reader.percent, decimals=0))
    axis.invert_yaxis()
    axis.set_xticklabels(
        ["\n".join(wrap(settings.term(id, reader), 10)) for id in grid.columns], fontsize=9
    )
    axis.set_yticklabels([settings.term(id, reader) for id in grid.index])
    parts = [
        f"{settings.term(stage, reader)}, {settings.term(tier, reader)} "
        f"{reader.percent(shares.loc[stage, tier], decimals=0)}"
        for stage in grid.index
        for tier in grid.columns
        if shares.loc[stage, tier] >= 0.01
    ]
    return style.finish(
        axis,
        title=title,
        alt=_("Grid of the share of spending: {parts}.", parts=_("; ").join(parts)),
        caption=_(
            "In percent of all spending of the last {days}.",
            days=reader.days(settings.status.window_days),
        ),
    )


def stage_status_table(
    pairs: pd.DataFrame, *, lang: str | Reader, settings: Settings = DEFAULTS
) -> Table | Sentence:
    """Show how many customers each stage and status holds and what they spent.

    Parameters
    ----------
    pairs
        What `lifecycle.stage_status` returns.
    lang
        The reader, or a language.
    settings
        The words of stages and tiers.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    keys = ["stage", "status"]
    if pairs.empty:
        return Sentence(_("No contact to show."))
    return table(
        _worded(in_order(pairs, keys, settings=settings), keys, settings, reader),
        lang=reader,
        id="stages_and_statuses",
        caption=_("Customers by stage and status"),
        columns=["stage", "status", "contacts", "spend", "spend_share", "average_spend"],
        names={
            "stage": _("Stage"),
            "status": _("Status"),
            "contacts": _("Contacts"),
            "spend": _("Spending"),
            "spend_share": _("Share of spending"),
            "average_spend": _("Average spending"),
        },
        units={
            "contacts": "count",
            "spend": "currency",
            "spend_share": "fraction",
            "average_spend": "currency",
        },
    )


def stage_engagement(
    classes: pd.DataFrame, *, lang: str | Reader, settings: Settings = DEFAULTS
) -> Table | Sentence:
    """Show how engaged the contacts of each stage are, by the first letter of the eRFM score.

    Parameters
    ----------
    classes
        What `lifecycle.by_engagement` returns.
    lang
        The reader, or a language.
    settings
        The words of the stages, and how many classes there are.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if classes.empty:
        return Sentence(_("The data record neither responses nor visits: no engagement to rank."))
    names = {f"e{n}": f"e = {n}" for n in range(1, settings.classes + 1)}
    shares = classes.assign(e=[f"e{n}" for n in classes["e"]]).pivot_table(
        index="stage", columns="e", values="share", aggfunc="sum"
    )
    wide = shares.reindex(columns=list(names)).astype("float64").fillna(0.0)
    wide.insert(0, "contacts", classes.groupby("stage")["contacts"].sum())
    notes = [
        _("e ranks all contacts by their responses and visits, the recent ones counting more: "
          "{best} for the most engaged. With r, f and m, which rank customers by their "
          "purchases, it makes the eRFM score.", best=reader.integer(settings.classes))
    ]  # fmt: skip
    if (lowest := int(classes["e"].min())) > 1:
        notes.append(
            _("Nobody has e = 1, and that is no lack: equal engagement gives an equal class, and "
              "the many contacts who showed none share e = {lowest}.",
              lowest=reader.integer(lowest))
        )  # fmt: skip
    return table(
        in_order(wide.reset_index(), ["stage"]),
        lang=reader,
        id="engagement_by_stage",
        caption=_("Engagement of the contacts of each stage"),
        names={"stage": _("Stage"), "contacts": _("Contacts"), **names},
        units={"contacts": "count", **dict.fromkeys(names, "fraction")},
        row_labels={id: settings.term(id, reader) for id in wide.index},
        notes=notes,
    )


def _worded(
    rows: pd.DataFrame, columns: Sequence[str], settings: Settings, reader: Reader
) -> pd.DataFrame:
    """Put the words of stages and tiers in place of their ids."""
    return rows.assign(
        **{name: [settings.term(str(id), reader) for id in rows[name]] for name in columns}
    )


def _latest_first(rows: pd.DataFrame, stages: Sequence[str], settings: Settings) -> pd.DataFrame:
    """Sort rows from the last period to the first, and by stage within each."""
    ordered = in_order(rows, stages, settings=settings)
    return ordered.sort_values("period", ascending=False, kind="stable")


@style.styled
def lead_sources(sources: pd.DataFrame, *, lang: str | Reader, settings: Settings = DEFAULTS,
                 ax: Axes | None = None) -> Axes:  # fmt: skip
    """Draw the leads of each source by stage.

    Parameters
    ----------
    sources
        What `lifecycle.leads_by_source` returns.
    lang
        The reader, or a language.
    settings
        The words of the stages.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("Leads by source and stage")
    by = str(sources.columns[0]) if len(sources.columns) else "source"
    if sources.empty:
        return style.empty(style.axes(ax), title=title, message=_("No lead to show."))
    named = sources.assign(
        source=[
            _("Not known") if is_absent(v) else value_name(v, "channel", lang=reader)
            for v in sources[by]
        ]
    )
    grid = named.pivot_table(index="source", columns="stage", values="contacts", aggfunc="sum")
    grid = grid.reindex(columns=[id for id in STAGES if id in grid.columns]).fillna(0)
    grid = _largest(grid, reader)
    axis = style.axes(ax, height=1.7 + 0.32 * len(grid))
    _stacked(axis, grid, settings, reader, horizontal=True)
    style.value_axis(axis.xaxis, unit="count", reader=reader)
    axis.grid(axis="x")
    parts = [
        f"{source} {reader.integer(total)}" for source, total in grid.sum(axis=1)[::-1].items()
    ]
    return style.finish(
        axis,
        title=title,
        alt=_("Stacked bars of leads by source: {parts}.", parts=_("; ").join(parts)),
    )


def _largest(grid: pd.DataFrame, reader: Reader) -> pd.DataFrame:
    """Sort the rows of a grid from the smallest up, below them the sum of those over so many."""
    _ = reader.translate
    ranked = grid.loc[grid.sum(axis=1).sort_values(kind="stable").index]
    over = len(ranked) - _MOST_SOURCES
    if over <= 1:  # one more takes no more room under its own name
        return ranked
    others = ranked.iloc[:over].sum().to_frame(_("Others")).T
    return pd.concat([others, ranked.iloc[over:]])


def _stacked(
    ax: Axes, grid: pd.DataFrame, settings: Settings, reader: Reader, *, horizontal: bool
) -> None:
    """Stack the columns of a grid, a bar a row, told apart by colour and by hatch."""
    places, base = range(len(grid)), pd.Series(0.0, index=grid.index)
    for id in grid.columns:
        look: dict[str, Any] = {
            "color": _COLOURS.get(str(id), style.GRID), "hatch": _HATCHES.get(str(id), ""),
            "edgecolor": style.MUTED, "linewidth": 0.4, "label": settings.term(str(id), reader),
        }  # fmt: skip
        if horizontal:
            ax.barh(places, grid[id], left=base, height=0.7, **look)
        else:
            ax.bar(places, grid[id], bottom=base, width=0.9, **look)
        base = base + grid[id]
    if horizontal:
        ax.set_yticks(places, [str(name) for name in grid.index])
    ax.legend(loc="upper center", bbox_to_anchor=(0.45, -0.16), ncols=3, fontsize=8.5)


# --- Revenue --------------------------------------------------------------------------------


@style.styled
def stage_revenue(revenue: pd.DataFrame, *, lang: str | Reader, share: bool = False,
                  known_from: dt.date | None = None, settings: Settings = DEFAULTS,
                  ax: Axes | None = None) -> Axes:  # fmt: skip
    """Draw revenue month by month, by the stage in which each order finds its buyer.

    Parameters
    ----------
    revenue
        What `lifecycle.revenue_by_stage` returns, by month.
    lang
        The reader, or a language.
    share
        Whether to draw shares of each month's revenue instead of amounts.
    known_from
        ``stages`` of what `lifecycle.known_from` returns; months before it are noted.
    settings
        The words of the stages.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("Share of revenue by stage") if share else _("Revenue by stage")
    axis = style.axes(ax, height=3.9)
    values = "net_sales_share" if share else "net_sales"
    known = revenue.dropna(subset=[values])
    if known.empty:
        return style.empty(axis, title=title, message=_("No order in the period."))
    grid = known.astype({values: "float64"}).pivot_table(
        index="period", columns="stage", values=values, aggfunc="sum"
    )
    grid = grid.reindex(columns=[id for id in _FOUND if id in grid.columns]).fillna(0)
    _stacked(axis, grid, settings, reader, horizontal=False)
    _month_ticks(axis, list(enumerate(grid.index)), reader)
    style.value_axis(axis.yaxis, unit="fraction" if share else "currency", reader=reader)
    axis.grid(axis="y")
    totals = known.groupby("stage")["net_sales"].sum().astype("float64")
    shown = totals.reindex(grid.columns) / totals.sum()
    parts = [
        f"{settings.term(str(id), reader)} {reader.percent(part, decimals=0)}"
        for id, part in shown.items()
    ]
    when = _("The stage is the one that the buyer had at the start of the day of the order.")
    is_late = known_from is not None and grid.index.min() < pd.Timestamp(known_from)
    late = [_("Until {day}, old customers look like first-time ones: the data begin too late.",
              day=reader.date(known_from))] if is_late else []  # fmt: skip
    return style.finish(
        axis,
        title=title,
        alt=_("Stacked bars by month; over all of them: {parts}.", parts=_("; ").join(parts)),
        caption=" ".join([when, *late]),
    )


def revenue_table(
    revenue: pd.DataFrame, *, lang: str | Reader, settings: Settings = DEFAULTS
) -> Table | Sentence:
    """Show revenue month by month, by the stage in which each order finds its buyer.

    Parameters
    ----------
    revenue
        What `lifecycle.revenue_by_stage` returns, by month.
    lang
        The reader, or a language.
    settings
        The words of the stages.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if revenue.empty:
        return Sentence(_("No order in the period."))
    return table(
        _worded(_latest_first(revenue, ["stage"], settings), ["stage"], settings, reader),
        lang=reader,
        id="revenue_by_stage",
        caption=_("Revenue by stage, month by month"),
        columns=["period", "stage", "orders", "net_sales", "net_sales_share", "average_order"],
        names={
            "stage": _("Stage"),
            "orders": _("Orders"),
            "net_sales_share": _("Share of the month"),
            "average_order": _("Average order"),
        },
        units={"orders": "count", "net_sales": "currency", "average_order": "currency"},
        shown=_ROWS,
    )


@style.styled
def stage_orders(orders: pd.DataFrame, *, lang: str | Reader, settings: Settings = DEFAULTS,
                 ax: Axes | None = None) -> Axes:  # fmt: skip
    """Draw the average order by the stage in which it finds its buyer, with its interval.

    Parameters
    ----------
    orders
        What `lifecycle.average_order_by_stage` returns.
    lang
        The reader, or a language.
    settings
        The words of the stages.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("Average order by stage")
    rows = orders.dropna(subset=["average_order"]).sort_values(
        "stage", key=lambda column: column.map({id: n for n, id in enumerate(_FOUND)})
    )
    axis = style.axes(ax, height=intervals.height(len(rows)))
    if rows.empty:
        return style.empty(axis, title=title, message=_("No order in the period."))
    said = intervals.draw(
        axis,
        names=[settings.term(id, reader) for id in rows["stage"]],
        values=rows["average_order"].astype(float).tolist(),
        low=rows["low"].tolist(),
        high=rows["high"].tolist(),
        unit="currency",
        reader=reader,
    )
    return style.finish(
        axis,
        title=title,
        alt=_("Dots of the average order: {parts}.", parts=_("; ").join(said)),
        caption=_("Bars: 95% interval, buyers as the unit that was drawn; none under 30 buyers."),
    )


def move_categories(moves: pd.DataFrame, *, lang: str | Reader,
                    settings: Settings = DEFAULTS) -> Table | Sentence:  # fmt: skip
    """Show what contacts buy when a purchase moves them to another stage.

    The largest categories of each move are shown; other tools get all of them, after these.

    Parameters
    ----------
    moves
        What `lifecycle.categories_at_moves` returns.
    lang
        The reader, or a language.
    settings
        The words of the stages.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    by = str(moves.columns[2])
    if not moves[by].notna().any():
        return Sentence(_("Too few purchases of known categories moved a contact in the period."))
    rows = _largest_first(moves, by)
    named = rows.assign(
        move=[
            _("{before} → {after}", before=settings.term(row["before"], reader),
              after=settings.term(row["after"], reader))
            for row in rows.to_dict("records")
        ],
        interval=intervals.column(rows, "ratio", reader),
        **{by: [_("Not known") if is_absent(value) else value for value in rows[by]]},
    )  # fmt: skip
    return table(
        named,
        lang=reader,
        id="categories_at_moves",
        caption=_("What is bought at each move"),
        columns=[
            "move", by, "orders", "net_sales", "net_sales_share", "share_of_all", "index", "low",
            "high", "interval",
        ],
        hidden=["low", "high"],
        names={
            "move": _("Move"),
            by: _("Category") if by == "category" else by,
            "orders": _("Orders"),
            "net_sales_share": _("Share of the move"),
            "share_of_all": _("Share of all purchases"),
            "index": _("Index"),
            "interval": _("95% interval"),
        },
        units={
            by: "text",
            "orders": "count",
            "net_sales": "currency",
            "net_sales_share": "fraction",
            "share_of_all": "fraction",
            "index": "ratio",
            "low": "ratio",
            "high": "ratio",
            "interval": "interval",
        },
        shown=int((rows["place"] < _MOST_CATEGORIES).sum()),
        notes=[
            _("Index above 1: bought more than usual at this move. That goes with the move; it "
              "need not be its cause."),
            _standing_out(named, by, reader),
        ],
    )  # fmt: skip


def _largest_first(moves: pd.DataFrame, by: str) -> pd.DataFrame:
    """Sort the categories of moves: the largest of every move, then the others; add their place."""
    order = {id: place for place, id in enumerate(_FOUND)}
    placed = moves.assign(
        _before=moves["before"].map(order), _after=moves["after"].map(order)
    ).sort_values(
        ["_before", "_after", "net_sales_share", by],
        ascending=[True, True, False, True], kind="stable",
    )  # fmt: skip
    placed["place"] = placed.groupby(["before", "after"]).cumcount()
    shown = placed["place"] < _MOST_CATEGORIES
    return pd.concat([placed[shown], placed[~shown]]).drop(columns=["_before", "_after"])


def _standing_out(named: pd.DataFrame, by: str, reader: Reader) -> str:
    """Say which categories of a move are bought more than usual, beyond chance."""
    _ = reader.translate
    compared = named.dropna(subset=["low"])
    if compared.empty:
        return _("Too few buyers to say whether a category stands out at a move.")
    above = compared[compared["low"] > 1].sort_values("index", ascending=False, kind="stable")
    if above.empty:
        return _("No category stands out at a move: chance would explain what differs.")
    strongest = [
        f"{row[by]} ({row['move']})" for row in above.head(_MOST_CATEGORIES).to_dict("records")
    ]
    return _(
        "Whole interval above 1: {found} of {compared} compared, where chance alone puts about "
        "one in forty. The highest: {names}.",
        found=reader.integer(len(above)),
        compared=reader.integer(len(compared)),
        names=_("; ").join(strongest),
    )


# --- Flows ----------------------------------------------------------------------------------


@style.styled
def stage_flows(moves: pd.DataFrame, *, lang: str | Reader, settings: Settings = DEFAULTS,
                ax: Axes | None = None) -> Axes:  # fmt: skip
    """Draw where the contacts of each stage are one period later, over all periods.

    Parameters
    ----------
    moves
        What `lifecycle.flows` returns.
    lang
        The reader, or a language.
    settings
        The words of the stages.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("From one month to the next")
    axis = style.axes(ax, height=4.4)
    if moves.empty:
        return style.empty(axis, title=title, message=_("No contact to show."))
    counts = moves.pivot_table(index="before", columns="after", values="contacts", aggfunc="sum")
    counts = counts.reindex(
        index=[id for id in (*STAGES, ABSENT) if id in counts.index],
        columns=[id for id in STAGES if id in counts.columns],
    ).fillna(0)
    shares = counts.div(counts.sum(axis=1), axis=0)
    heat.draw(axis, shares, partial(reader.percent, decimals=0))
    axis.invert_yaxis()
    axis.set_xticklabels(
        [settings.term(id, reader) for id in counts.columns], rotation=40, ha="right",
        rotation_mode="anchor", fontsize=9,
    )  # fmt: skip
    axis.set_yticklabels([settings.term(id, reader) for id in counts.index], fontsize=9)
    axis.set_xlabel(_("At its end"))
    axis.set_ylabel(_("At the start of the month"))
    parts = [
        f"{settings.term(id, reader)} {reader.percent(shares.loc[id, id], decimals=0)}"
        for id in counts.index
        if id in counts.columns
    ]
    return style.finish(
        axis,
        title=title,
        alt=_("Grid. Share that stays in each stage for a month: {parts}.",
              parts=_("; ").join(parts)),
        caption=_("Each row adds up to 100%: all months together."),
    )  # fmt: skip


def flow_table(
    moves: pd.DataFrame, *, lang: str | Reader, settings: Settings = DEFAULTS
) -> Table | Sentence:
    """Show how many contacts go from each stage to each stage in each month.

    The last month is shown whole; other tools get all of them.

    Parameters
    ----------
    moves
        What `lifecycle.flows` returns, by month.
    lang
        The reader, or a language.
    settings
        The words of the stages.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    stages = ["before", "after"]
    if moves.empty:
        return Sentence(_("No contact to show."))
    return table(
        _worded(_latest_first(moves, stages, settings), stages, settings, reader),
        lang=reader,
        id="flows_by_month",
        caption=_("From stage to stage, month by month"),
        columns=["period", "before", "after", "contacts", "share"],
        names={
            "before": _("At the start of the month"),
            "after": _("At its end"),
            "contacts": _("Contacts"),
            "share": _("Share of those at the start"),
        },
        units={"before": "text", "after": "text", "contacts": "count", "share": "fraction"},
        shown=int((moves["period"] == moves["period"].max()).sum()),
    )


@style.styled
def stage_trend(moves: pd.DataFrame, *, lang: str | Reader, settings: Settings = DEFAULTS,
                ax: Axes | None = None) -> Axes:  # fmt: skip
    """Draw how many customers each stage holds at the end of each period.

    Parameters
    ----------
    moves
        What `lifecycle.flows` returns.
    lang
        The reader, or a language.
    settings
        The words of the stages.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("Customers by stage, month after month")
    axis = style.axes(ax, height=3.8)
    held = moves[moves["after"].isin(CUSTOMER_STAGES)]
    if held.empty:
        return style.empty(axis, title=title, message=_("No contact to show."))
    grid = held.pivot_table(index="period", columns="after", values="contacts", aggfunc="sum")
    grid = grid.reindex(columns=[id for id in CUSTOMER_STAGES if id in grid.columns]).fillna(0)
    parts = []
    for place, id in enumerate(grid.columns):
        name = settings.term(id, reader)
        axis.plot(
            range(len(grid)), grid[id], label=name, linestyle=_LINES[place],
            color=_COLOURS[id],
        )  # fmt: skip
        ends = reader.integer(grid[id].iloc[0]), reader.integer(grid[id].iloc[-1])
        parts.append(_("{name}: from {first} to {last}", name=name, first=ends[0], last=ends[1]))
    _month_ticks(axis, list(enumerate(grid.index)), reader)
    axis.set_ylim(bottom=0)
    style.value_axis(axis.yaxis, unit="count", reader=reader)
    axis.grid(axis="y")
    axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2, fontsize=9)
    return style.finish(
        axis,
        title=title,
        alt=_("Lines of customers by stage. {parts}.", parts=_("; ").join(parts)),
        caption=_("At the end of each month."),
    )


def _month_ticks(ax: Axes, months: Sequence[tuple[int, Any]], reader: Reader) -> None:
    """Label some of the months, given with their place on the axis; the year where it changes."""
    shown = months[:: max(1, -(-len(months) // 8))]
    years = [None, *(day.year for _, day in shown)]
    ax.set_xticks(
        [place for place, _ in shown],
        [
            style.short_month(day, reader, first=day.year != before)
            for (_, day), before in zip(shown, years, strict=False)
        ],
    )


# --- Conversion -----------------------------------------------------------------------------


def conversion_table(
    rates: pd.DataFrame, *, lang: str | Reader, settings: Settings = DEFAULTS
) -> Table:
    """Show the conversion rates of the day, with their intervals.

    Parameters
    ----------
    rates
        What `lifecycle.conversion` returns.
    lang
        The reader, or a language.
    settings
        The windows and the words of the rates; windows other than the dictionary's are noted.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    rows = rates.to_dict("records")
    named = {id: settings.term(id, reader) for id in rates["rate"]}
    absent = [
        _("{kpi} – {reason}", kpi=named[row["rate"]], reason=_reason(row["reason"], reader))
        for row in rows
        if not is_absent(row["reason"])
    ]
    return table(
        rates.assign(interval=intervals.column(rates, "fraction", reader)),
        lang=reader,
        id="conversion_rates",
        caption=_("Conversion rates at the end of the period"),
        columns=["rate", "eligible", "converted", "value", "low", "high", "interval"],
        hidden=["low", "high"],
        names={
            "rate": _("Rate"),
            "eligible": _("Could convert"),
            "converted": _("Converted"),
            "value": _("Rate"),
            "interval": _("95% interval"),
        },
        units={
            "eligible": "count",
            "converted": "count",
            "value": "fraction",
            "low": "fraction",
            "high": "fraction",
            "interval": "interval",
        },
        row_labels=named,
        kpis={id: id for id in rates["rate"]},
        notes=[
            *([_("Not computed: {kpis}.", kpis=_("; ").join(absent))] if absent else []),
            *_windows(settings, reader),
        ],
    )


def _windows(settings: Settings, reader: Reader) -> list[str]:
    """Say which days the rates read where they are not those of the dictionary."""
    _ = reader.translate
    differ = [
        f"{settings.term(id, reader)} {reader.days(getattr(settings.rates, window))}"
        for id, window in _WINDOWS.items()
        if getattr(settings.rates, window) != getattr(DEFAULTS.rates, window)
    ]
    differ += [
        _("{stage} after {days}", stage=settings.term(stage, reader),
          days=reader.days(getattr(settings.customers, limit)))
        for limit, stage in _LIMITS.items()
        if getattr(settings.customers, limit) != getattr(DEFAULTS.customers, limit)
    ]  # fmt: skip
    said = _("Other days than those of the dictionary: {days}.", days=_("; ").join(differ))
    return [said] if differ else []


@style.styled
def conversion_lines(history: pd.DataFrame, *, lang: str | Reader, settings: Settings = DEFAULTS,
                     ax: Axes | None = None) -> Axes:  # fmt: skip
    """Draw the conversion rates at the end of each day.

    The loyalty rate follows each day the customers of another one: its last days are drawn
    together, as `lifecycle.last_30_days` takes them.

    Parameters
    ----------
    history
        What `lifecycle.conversion_history` returns.
    lang
        The reader, or a language.
    settings
        The words of the rates, and over how many days loyalty is drawn.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("Conversion rates, day after day")
    axis = style.axes(ax, height=4.2)
    known = {id: history[id] for id in RATES if id in history and history[id].notna().any()}
    if _DAILY_COHORT in known:
        known[_DAILY_COHORT] = pooled(history, _DAILY_COHORT, days=settings.rates.recent_days)
    pooled_over = {_DAILY_COHORT: reader.days(settings.rates.recent_days)}
    known = {id: rate for id, rate in known.items() if rate.notna().any()}
    if not known:
        message = _("The data do not cover the days that these rates read.")
        return style.empty(axis, title=title, message=message)
    parts = []
    days = pd.to_datetime(history["day"])
    for place, (id, rate) in enumerate(known.items()):
        name = settings.term(id, reader)
        axis.plot(
            range(len(days)), rate.astype("Float64").to_numpy("float64", na_value=float("nan")),
            color=_RATE_COLOURS[place], label=name, linestyle=_LINES[place], linewidth=1.6,
        )  # fmt: skip
        last = reader.percent(rate.dropna().iloc[-1])
        if id in pooled_over:
            last = _("{rate} over the last {days}", rate=last, days=pooled_over[id])
        parts.append(f"{name} {last}")
    _month_ticks(axis, [(at, day) for at, day in enumerate(days) if day.day == 1], reader)
    axis.set_ylim(bottom=0)
    style.value_axis(axis.yaxis, unit="fraction", reader=reader)
    axis.grid(axis="y")
    axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=1, fontsize=9)
    shared = _("Each day looks back over a window, so that neighbouring days share most customers.")
    drawn_over = [
        _("“{rate}” has other customers every day: it is drawn over the last {days}.",
          rate=settings.term(id, reader), days=over_days)
        for id, over_days in pooled_over.items()
        if id in known
    ]  # fmt: skip
    return style.finish(
        axis,
        title=title,
        alt=_("Lines of the daily rates; on the last day: {parts}.", parts=_("; ").join(parts)),
        caption=" ".join([shared, *drawn_over]),
    )


def recent_rates(
    recent: pd.DataFrame, *, lang: str | Reader, settings: Settings = DEFAULTS
) -> Table:
    """Show the rates of the last days against those of as many before.

    Parameters
    ----------
    recent
        What `lifecycle.last_30_days` returns.
    lang
        The reader, or a language.
    settings
        The words of the rates, and how many days are held against as many.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    rows = recent.to_dict("records")
    shown = recent.assign(
        interval=intervals.column(recent, "points", reader),
        reading=[
            _reason(row["reason"], reader) or _(_VERDICTS[str(row["verdict"])]) for row in rows
        ],
    )  # fmt: skip
    return table(
        shown,
        lang=reader,
        id="recent_rates",
        caption=_("The last {days} against the {days} before",
                  days=reader.days(settings.rates.recent_days)),
        columns=["rate", "value", "previous", "change", "low", "high", "interval", "reading"],
        hidden=["low", "high"],
        names={
            "rate": _("Rate"),
            "value": _("Last days"),
            "previous": _("Days before"),
            "interval": _("95% interval of the change"),
            "reading": _("Reading"),
        },
        units={
            "value": "fraction",
            "previous": "fraction",
            "change": "points",
            "low": "points",
            "high": "points",
            "interval": "interval",
        },
        row_labels={id: settings.term(id, reader) for id in recent["rate"]},
        kpis={id: id for id in recent["rate"]},
    )  # fmt: skip


# --- Adviser --------------------------------------------------------------------------------


@style.styled
def return_curve(proposal: Proposal, *, lang: str | Reader, settings: Settings = DEFAULTS,
                 ax: Axes | None = None) -> Axes:  # fmt: skip
    """Draw by when customers who come back have done so, with the limits of the stages.

    Parameters
    ----------
    proposal
        `proposal` of what `lifecycle.advise` returns.
    lang
        The reader, or a language.
    settings
        The words of the stages.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    title = _("Of those who come back, who has come by when")
    axis = style.axes(ax)
    if proposal.median_days is None:
        message = _("Too few customers came back to say when they usually do.")
        return style.empty(axis, title=title, message=message)
    axis.step(
        [0, *proposal.curve["days"]], [0, *proposal.curve["returned"]], where="post",
        color=style.ACCENT,
    )  # fmt: skip
    parts = []
    for limit in proposal.limits:
        axis.axvline(limit.current, color=style.REFERENCE, linestyle="--", linewidth=1.2)
        if limit.proposed is not None:
            axis.axvline(limit.proposed, color=style.BAD, linewidth=1.4)
            stage = settings.term(_LIMITS[limit.id], reader)
            parts.append(_("{stage} after {days}", stage=stage, days=reader.days(limit.proposed)))
    axis.plot([], [], color=style.REFERENCE, linestyle="--", label=_("Current limits"))
    if parts:
        axis.plot([], [], color=style.BAD, label=_("Proposed limits"))
    axis.set_ylim(0, 1.02)
    axis.set_xlim(left=0)
    axis.set_xlabel(_("Days since the last purchase"))
    style.value_axis(axis.xaxis, unit="count", reader=reader)
    style.value_axis(axis.yaxis, unit="fraction", reader=reader)
    axis.grid()
    axis.legend(loc="lower right", fontsize=9)
    return style.finish(
        axis,
        title=title,
        alt=_(
            "Rising curve: half have come back by {median}. Proposed: {parts}.",
            median=reader.days(proposal.median_days),
            parts=_("; ").join(parts) or _("nothing"),
        ),
        caption=_(
            "Kaplan-Meier: customers who have not come back yet count for as long as they were "
            "watched. Among those who come back at all within {days}.",
            days=reader.days(proposal.horizon_days),
        ),
    )


def limit_table(proposal: Proposal, *, lang: str | Reader, settings: Settings = DEFAULTS) -> Table:
    """Show the current and the proposed limits of the stages, and why.

    Parameters
    ----------
    proposal
        `proposal` of what `lifecycle.advise` returns.
    lang
        The reader, or a language.
    settings
        The words of the stages.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    rows = [
        (
            _("{stage} after", stage=settings.term(_LIMITS[limit.id], reader)),
            limit.current,
            limit.current_share,
            limit.proposed,
            limit.share,
            _interval(limit, reader),
            limit.still_return,
            _reason(limit.reason, reader),
        )
        for limit in proposal.limits
    ]
    names = {
        "limit": _("Limit"),
        "current": _("Now (days)"),
        "current_share": _("Returns within it"),
        "proposed": _("Proposed (days)"),
        "share": _("Returns aimed at"),
        "interval": _("95% interval"),
        "still": _("Still come back"),
        "reason": _("Why not"),
    }
    return table(
        pd.DataFrame(rows, columns=list(names)),
        lang=reader,
        id="stage_limits",
        caption=_("After how many days should silence worry?"),
        names=names,
        units={
            "current": "count",
            "current_share": "fraction",
            "proposed": "count",
            "share": "fraction",
            "interval": "interval",
            "still": "fraction",
        },
        notes=[
            _("Still come back: of those silent up to the proposed limit, the share who come back "
              "later, within {days} of the purchase.", days=reader.days(proposal.horizon_days))
        ] if proposal.horizon_days is not None else [],
    )  # fmt: skip


def tier_table(proposal: Proposal, *, lang: str | Reader,
               settings: Settings = DEFAULTS) -> Table | Sentence:  # fmt: skip
    """Show the current and the proposed tiers, and whom they hold.

    Parameters
    ----------
    proposal
        `proposal` of what `lifecycle.advise` returns.
    lang
        The reader, or a language.
    settings
        The words of the tiers.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if proposal.tiers.empty:
        return Sentence(_("No spending to show."))
    notes = [
        _("The limits aim at half as many customers in each tier as in the one below; round "
          "numbers only come near it.")
        if proposal.tiers_reason is None
        else _("No tiers are proposed: {reason}.", reason=_reason(proposal.tiers_reason, reader)),
        _("Of the customers who spent in the last {days}; the table by status counts all of them.",
          days=reader.days(settings.status.window_days)),
    ]  # fmt: skip
    return table(
        proposal.tiers,
        lang=reader,
        id="proposed_tiers",
        caption=_("Tiers of spending, now and proposed"),
        columns=[
            "tier", "current_up_to", "current_customers_share", "current_spend_share", "up_to",
            "customers_share", "spend_share",
        ],
        names={
            "tier": _("Status"),
            "current_up_to": _("Now up to"),
            "current_customers_share": _("Customers now"),
            "current_spend_share": _("Spending now"),
            "up_to": _("Proposed up to"),
            "customers_share": _("Customers then"),
            "spend_share": _("Spending then"),
        },
        units={
            "current_up_to": "currency",
            "current_customers_share": "fraction",
            "current_spend_share": "fraction",
            "up_to": "currency",
            "customers_share": "fraction",
            "spend_share": "fraction",
        },
        row_labels={id: settings.term(id, reader) for id in proposal.tiers["tier"]},
        notes=notes,
    )  # fmt: skip


def advice_moves(advice: Advice, *, lang: str | Reader,
                 settings: Settings = DEFAULTS) -> Table | Sentence:  # fmt: skip
    """Show which contacts would change stage or status if the proposal were accepted.

    Parameters
    ----------
    advice
        What `lifecycle.advise` returns.
    lang
        The reader, or a language.
    settings
        The words of stages and tiers.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if not advice.proposal.proposes:
        return Sentence(_("Nothing is proposed."))
    both = pd.concat(
        [advice.stages.assign(what=_("Stage")), advice.statuses.assign(what=_("Status"))],
        ignore_index=True,
    )
    moved = both[both["before"] != both["after"]]
    if moved.empty:
        return Sentence(_("Nobody would change stage or status."))
    named = moved.assign(
        **{end: [settings.term(id, reader) for id in moved[end]] for end in ("before", "after")}
    )
    return table(
        named,
        lang=reader,
        id="advice_moves",
        caption=_("Who would move if the proposal were accepted"),
        columns=["what", "before", "after", "contacts"],
        names={
            "what": _("What changes"),
            "before": _("Now"),
            "after": _("Then"),
            "contacts": _("Contacts"),
        },
        units={"before": "text", "after": "text", "contacts": "count"},
    )
