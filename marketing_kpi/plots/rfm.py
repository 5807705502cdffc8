"""Figures of the RFM analysis: what `marketing_kpi.rfm` returns, drawn."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from textwrap import wrap

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from marketing_kpi import rfm
from marketing_kpi.errors import ConfigError, unknown
from marketing_kpi.plots import heat, style
from marketing_kpi.plots.sentences import rfm as sentences
from marketing_kpi.plots.tables import Table, table
from marketing_kpi.text.locale import Reader
from marketing_kpi.text.messages import N_

Box = tuple[float, float, float, float]
"""Left, bottom, width and height of a rectangle."""

_MEASURES = {"customers": N_("Customers by segment"), "net_sales": N_("Net sales by segment")}
_GRID_CHARACTERS = 60  # of a box's name, over the whole width of the grid
_MAP_WIDTH = 1.6  # how much wider than high the treemap is
_CLASS_NAMES = {"r": N_("Recency"), "f": N_("Frequency"), "m": N_("Amount")}


def squarify(sizes: Sequence[float], box: Box = (0.0, 0.0, 1.0, 1.0)) -> list[Box]:
    """Part a rectangle into rectangles of given relative areas, as square as can be.

    Parameters
    ----------
    sizes
        Positive numbers, the largest first.
    box
        The rectangle to part.

    References
    ----------
    Bruls, M., Huizing, K. and van Wijk, J. J. (2000). Squarified treemaps. Data Visualization
    2000, Springer.

    Examples
    --------
    >>> squarify([3, 1])
    [(0.0, 0.0, 0.75, 1.0), (0.75, 0.0, 0.25, 1.0)]
    """
    left, bottom, width, height = box
    if not sizes:
        return []
    scale = width * height / sum(sizes)
    areas = [size * scale for size in sizes]
    short = min(width, height)
    count = 1
    while count < len(areas) and _worst(areas[: count + 1], short) <= _worst(areas[:count], short):
        count += 1
    thick = sum(areas[:count]) / short
    placed: list[Box] = []
    at = 0.0
    for area in areas[:count]:
        length = area / thick
        upright = (left, bottom + at, thick, length)
        placed.append(upright if width >= height else (left + at, bottom, length, thick))
        at += length
    rest = (
        (left + thick, bottom, width - thick, height)
        if width >= height
        else (left, bottom + thick, width, height - thick)
    )
    return placed + squarify(sizes[count:], rest)


def _worst(areas: Sequence[float], short: float) -> float:
    """Return the worst ratio of sides of rectangles laid along a side of length `short`."""
    total = sum(areas)
    return max(short**2 * max(areas) / total**2, total**2 / (short**2 * min(areas)))


def _names(ids: Sequence[str], reader: Reader) -> list[str]:
    return [rfm.segment_name(segment, lang=reader.lang) for segment in ids]


@style.styled
def treemap(
    segments: pd.DataFrame,
    *,
    lang: str | Reader,
    ax: Axes | None = None,
    measure: str = "customers",
) -> Axes:
    """Draw the segments as rectangles, as large as what they hold.

    Parameters
    ----------
    segments
        What `rfm.by_segment` returns.
    lang
        The reader, or a language.
    ax
        Axes to draw in; new ones by default.
    measure
        ``"customers"`` or ``"net_sales"``: what the areas stand for.

    Raises
    ------
    ConfigError
        For another measure.
    """
    reader = Reader.of(lang)
    if measure not in _MEASURES:
        message, hint = unknown("measure", measure, _MEASURES)
        raise ConfigError(message, hint=hint)
    _ = reader.translate
    axis = style.axes(ax, height=4.0)
    title = _(_MEASURES[measure])
    rows = segments[segments[measure] > 0].sort_values(
        [measure, "segment"], ascending=[False, True]
    )
    if rows.empty:
        return style.empty(axis, title=title, message=_("No customers to show."))
    axis.set_axis_off()
    shares = [reader.percent(share, decimals=0) for share in rows[f"{measure}_share"]]
    names = _names(rows["segment"].tolist(), reader)
    boxes = squarify([float(size) for size in rows[measure]], (0.0, 0.0, _MAP_WIDTH, 1.0))
    for (x, y, width, height), name, share, box in zip(
        boxes, names, shares, rows["box"], strict=True
    ):
        fill = style.BOX_COLOURS.get(str(box), style.GRID)
        axis.add_patch(Rectangle((x, y), width, height, facecolor=fill, edgecolor="white", lw=2))
        _label(axis, (x, y, width, height), name, share, style.label_colour(fill))
    axis.set_xlim(0, _MAP_WIDTH)
    axis.set_ylim(1, 0)  # the largest in the upper left corner
    _box_legend(axis, reader)
    alt = _(
        "Treemap. {title}: {parts}.",
        title=title,
        parts=_("; ").join(f"{n} {s}" for n, s in zip(names, shares, strict=True)),
    )
    return style.finish(
        axis,
        title=title,
        alt=alt,
        caption=_("Areas are proportional; the colour is the box of the recency-frequency grid."),
    )


def _label(ax: Axes, box: Box, name: str, value: str, colour: str) -> None:
    """Write in a rectangle, as large as it fits, on more lines if need be; else nothing."""
    x, y, width, height = box
    per_point = _MAP_WIDTH / (style.WIDTH - 0.2) / 72
    longest_word = max(map(len, name.split()))
    wrapped = {tuple(wrap(name, limit)) for limit in range(longest_word, len(name) + 1)}
    for size in (10.0, 9.0, 8.0, 7.0):
        for lines in sorted(wrapped, key=len):
            text = [*lines, value]
            wide = max(map(len, text)) * size * 0.62 * per_point
            high = len(text) * size * 1.25 * per_point
            if wide <= width * 0.9 and high <= height * 0.94:
                ax.text(
                    x + width / 2, y + height / 2, "\n".join(text), ha="center", va="center",
                    color=colour, fontsize=size, linespacing=1.15,
                )  # fmt: skip
                return


def _box_legend(ax: Axes, reader: Reader) -> None:
    handles = [
        Rectangle((0, 0), 1, 1, facecolor=colour, label=rfm.box_name(box, lang=reader.lang))
        for box, colour in style.BOX_COLOURS.items()
    ]
    ax.legend(
        handles=handles, loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=len(handles),
        fontsize=9, handlelength=1, columnspacing=1.2, handletextpad=0.5,
    )  # fmt: skip


@style.styled
def recency_frequency(
    cells: pd.DataFrame, *, lang: str | Reader, classes: int = 5, ax: Axes | None = None
) -> Axes:
    """Draw the recency-frequency grid: customers in each cell, and the four boxes around them.

    Parameters
    ----------
    cells
        What `rfm.recency_frequency` returns.
    lang
        The reader, or a language.
    classes
        The number of classes that the scores were made with.
    ax
        Axes to draw in; new ones by default.

    Raises
    ------
    ConfigError
        When a cell is of a class above `classes`.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    axis = style.axes(ax, height=1.6 + 0.6 * max(classes, 5))
    title = _("Customers by recency and frequency")
    if cells.empty:
        return style.empty(axis, title=title, message=_("No customers to show."))
    if (highest := cells[["r", "f"]].max().max()) > classes:
        raise ConfigError(
            f"a class is {highest}, must be at most {classes}",
            hint="give the figure the number of classes that score was given",
        )
    every = range(1, classes + 1)
    counts = (
        cells.pivot_table(index="r", columns="f", values="customers", aggfunc="sum")
        .reindex(index=every, columns=every)
        .fillna(0)
    )
    heat.draw(axis, counts, reader.integer)
    best = reader.integer(classes)
    axis.set_xlabel(_("Frequency class ({best}: the most orders)", best=best))
    axis.set_ylabel(_("Recency class ({best}: the most recent)", best=best))
    totals = cells.groupby("box")["customers"].sum()
    _frame_boxes(axis, classes, reader)
    parts = [
        f"{rfm.box_name(box, lang=reader.lang)} {reader.integer(totals.get(box, 0))}"
        for box in rfm.BOXES
    ]
    return style.finish(
        axis,
        title=title,
        alt=_(
            "Grid of recency and frequency classes. Customers in the boxes: {parts}.",
            parts=_("; ").join(parts),
        ),
        caption=_("Lines part the four boxes; the middle class counts as high."),
    )


def _frame_boxes(ax: Axes, classes: int, reader: Reader) -> None:
    """Part the four boxes and write their names on their upper edges."""
    diagonal = pd.DataFrame({"r": range(1, classes + 1), "f": range(1, classes + 1)})
    low = int((rfm.segment(diagonal, classes=classes)["box"] == "lost").sum())
    ax.axhline(low, color=style.INK, linewidth=1.5)
    ax.axvline(low, color=style.INK, linewidth=1.5)
    left, right = low / 2, (low + classes) / 2
    places = {
        "new": (left, classes), "best": (right, classes), "lost": (left, low),
        "at_risk": (right, low),
    }  # fmt: skip
    for box, (x, y) in places.items():
        room = low if x == left else classes - low
        lines = wrap(rfm.box_name(box, lang=reader.lang), int(_GRID_CHARACTERS * room / classes))
        ax.text(
            x, y, "\n".join(lines), ha="center", va="center", clip_on=False, linespacing=1.1,
            fontsize=8.5, fontweight="bold",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
        )  # fmt: skip


@style.styled
def segment_sales(segments: pd.DataFrame, *, lang: str | Reader, ax: Axes | None = None) -> Axes:
    """Compare each segment's share of sales with its share of customers.

    Parameters
    ----------
    segments
        What `rfm.by_segment` returns.
    lang
        The reader, or a language.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    axis = style.axes(ax, height=1.2 + 0.36 * max(len(segments), 3))
    title = _("Share of sales by segment")
    rows = segments.dropna(subset=["net_sales_share"])
    if rows.empty:
        return style.empty(axis, title=title, message=_("No customers to show."))
    places = range(len(rows))
    names = _names(rows["segment"].tolist(), reader)
    sales, customers = rows["net_sales_share"].tolist(), rows["customers_share"].tolist()
    colours = [style.BOX_COLOURS.get(str(box), style.GRID) for box in rows["box"]]
    axis.barh(places, sales, color=colours, height=0.7)
    axis.plot(
        customers, places, linestyle="none", marker="D", markersize=6, color="white",
        markeredgecolor=style.INK, label=_("Share of customers"),
    )  # fmt: skip
    widest = max(*sales, *customers)
    end = widest * 1.24  # the values stand in a column of their own, past every bar and diamond
    for place, share in zip(places, sales, strict=True):
        axis.text(end, place, reader.percent(share), ha="right", va="center", fontsize=9)
    axis.set_yticks(places, names)
    axis.invert_yaxis()
    axis.set_xlim(min(0, *sales), end)
    style.value_axis(axis.xaxis, unit="fraction", reader=reader)
    axis.spines["bottom"].set_visible(False)
    axis.grid(axis="x")
    axis.legend(loc="upper right", bbox_to_anchor=(1.0, -0.06), fontsize=9)
    parts = [f"{n} {reader.percent(s)}" for n, s in zip(names, sales, strict=True)]
    return style.finish(
        axis,
        title=title,
        alt=_("Bars of the share of sales by segment: {parts}.", parts=_("; ").join(parts)),
        caption=_("Bars: share of sales. Diamonds: share of customers."),
    )


@style.styled
def concentration(
    curve: pd.DataFrame,
    *,
    lang: str | Reader,
    top: rfm.TopShare | None = None,
    as_of: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the share of sales made by the best customers, from none of them to all.

    Parameters
    ----------
    curve
        What `rfm.concentration` returns.
    lang
        The reader, or a language.
    top
        What `rfm.top_share` returns, to mark on the curve.
    as_of
        The day of the analysis, where all the orders before it were counted.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    axis = style.axes(ax, height=4.0)
    title = _("Share of sales of the best customers")
    if curve["net_sales_share"].dropna().empty:
        return style.empty(axis, title=title, message=_("No customers to show."))
    customers = [0.0, *curve["customers_share"]]
    axis.plot([0, 1], [0, 1], color=style.REFERENCE, linestyle="--", linewidth=1.2)
    axis.annotate(
        _("if all spent the same"), (0.5, 0.5), xytext=(8, -14), textcoords="offset points",
        color=style.MUTED, fontsize=9,
    )  # fmt: skip
    axis.plot(customers, [0.0, *curve["net_sales_share"]], color=style.ACCENT)
    alt, caption = _("Curve of the share of sales against the share of customers, best first."), ""
    if top is not None and top.value is not None:
        said = _mark_top(axis, top, reader)
        alt, caption = f"{alt} {said}", said
    if as_of is not None:
        over = _("All orders before {day}.", day=reader.date(as_of))
        caption = f"{caption} {over}".strip()
    axis.set_xlabel(_("Share of customers, the best first"))
    axis.set_ylabel(_("Share of sales"))
    axis.set_xlim(0, 1)
    axis.set_ylim(0, max(1.02, curve["net_sales_share"].max()))
    for one in (axis.xaxis, axis.yaxis):
        style.value_axis(one, unit="fraction", reader=reader)
    axis.grid()
    return style.finish(axis, title=title, alt=alt, caption=caption)


def _mark_top(ax: Axes, top: rfm.TopShare, reader: Reader) -> str:
    """Mark the share of the top customers, with its interval, and return it in words."""
    if top.value is None:
        return ""
    _ = reader.translate
    label = _(
        "{share} of customers: {value} of sales",
        share=reader.percent(top.share, decimals=0),
        value=reader.percent(top.value),
    )
    words = f"{label}."
    if top.low is not None and top.high is not None:
        ax.plot([top.share] * 2, [top.low, top.high], color=style.INK, linewidth=1.5)
        interval = _(
            "95% interval: {low} to {high}.",
            low=reader.percent(top.low),
            high=reader.percent(top.high),
        )
        words = f"{words} {interval}"
    ax.plot([top.share], [top.value], marker="o", markersize=7, color=style.INK)
    ax.annotate(
        label, (top.share, top.value), xytext=(12, -14), textcoords="offset points",
        fontsize=9.5, fontweight="bold", bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
    )  # fmt: skip
    return words


@style.styled
def migration(
    moves: pd.DataFrame,
    *,
    lang: str | Reader,
    window: rfm.Window | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw where the customers of each segment went between two dates.

    Parameters
    ----------
    moves
        What `rfm.migration` returns.
    lang
        The reader, or a language.
    window
        What `rfm.window` returns, where both dates were summarised over it; nothing is shown when
        the data do not allow the comparison, and `sentences.rfm.migration` says why.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    order = [s.id for s in rfm.SEGMENTS] + [rfm.UNSCORED, rfm.ABSENT]
    rows = [segment for segment in order if segment in set(moves["before"])]
    columns = [segment for segment in order if segment in set(moves["after"])]
    axis = style.axes(ax, height=1.9 + 0.36 * max(len(rows), 3), width=style.WIDTH + 1.2)
    title = _("Where customers moved")
    if moves.empty:
        return style.empty(axis, title=title, message=_("No customers to show."))
    if obstacle := sentences.obstacle(window, reader):
        return style.empty(axis, title=title, message=obstacle, is_said=True)
    shares = moves.pivot_table(index="before", columns="after", values="share", aggfunc="sum")
    shares = shares.reindex(index=rows[::-1], columns=columns).fillna(0)
    heat.draw(axis, shares, partial(reader.percent, decimals=0))
    axis.set_xticklabels(_names(columns, reader), rotation=40, ha="right", rotation_mode="anchor")
    axis.set_yticklabels(_names(rows[::-1], reader))
    axis.set_xlabel(_("After"))
    axis.set_ylabel(_("Before"))
    stayed = moves.loc[moves["before"] == moves["after"]]
    parts = [
        f"{rfm.segment_name(segment, lang=reader.lang)} {reader.percent(share, decimals=0)}"
        for segment, share in zip(stayed["before"], stayed["share"], strict=True)
    ]
    return style.finish(
        axis,
        title=title,
        alt=_(
            "Migration table. Share that stayed in each segment: {parts}.",
            parts=_("; ").join(parts),
        ),
        caption=_("Each row says where the customers of a segment are after, in percent of it."),
    )


@style.styled
def score_counts(counts: pd.DataFrame, *, lang: str | Reader, ax: Axes | None = None) -> Axes:
    """Draw how many customers each recency, frequency and monetary class holds.

    Parameters
    ----------
    counts
        What `rfm.score_counts` returns.
    lang
        The reader, or a language.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    axis = style.axes(ax, height=3.4)
    title = _("Customers by score")
    if counts.empty:
        return style.empty(axis, title=title, message=_("No customers to show."))
    classes = range(1, int(counts["class"].max()) + 1)
    looks = {"r": (style.ACCENT, ""), "f": (style.LIGHT, ""), "m": (style.GRID, "///")}
    parts = []
    for place, (letter, (colour, hatch)) in enumerate(looks.items()):
        held = counts[counts["score"] == letter].set_index("class")["customers"]
        heights = [int(held.get(number, 0)) for number in classes]
        name = _(_CLASS_NAMES[letter])
        axis.bar(
            [number + (place - 1) * 0.27 for number in classes], heights, width=0.25,
            color=colour, hatch=hatch, edgecolor=style.MUTED, linewidth=0.5, label=name,
        )  # fmt: skip
        parts.append(f"{name} {', '.join(reader.integer(height) for height in heights)}")
    axis.set_xticks(list(classes), [reader.integer(number) for number in classes])
    axis.set_xlabel(_("Class (the highest is the best)"))
    axis.set_ylabel(_("Customers"))
    style.value_axis(axis.yaxis, unit="count", reader=reader)
    axis.grid(axis="y")
    axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=3, fontsize=9)
    return style.finish(
        axis,
        title=title,
        alt=_("Bars of customers by class, from 1 up: {parts}.", parts=_("; ").join(parts)),
        caption=_("Customers with equal values share a class, so that classes may differ in size."),
    )


def segment_table(segments: pd.DataFrame, *, lang: str | Reader, as_of: str | None = None) -> Table:
    """Show what each segment holds: customers, sales and averages.

    Parameters
    ----------
    segments
        What `rfm.by_segment` returns.
    lang
        The reader, or a language.
    as_of
        The day of the analysis, where all the orders before it were counted.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    caption = _("RFM segments: customers and sales")
    if as_of is not None:
        caption += _(", over all their orders before {day}", day=reader.date(as_of))
    return table(
        segments,
        lang=reader,
        id="rfm_segments",
        caption=caption,
        columns=[
            "segment", "customers", "customers_share", "net_sales", "net_sales_share",
            "average_recency_days", "average_frequency", "average_monetary",
        ],
    )  # fmt: skip


def segment_actions(segments: pd.DataFrame, *, lang: str | Reader) -> Table:
    """Show what to do with the customers of each segment.

    Parameters
    ----------
    segments
        What `rfm.by_segment` returns: its rows say which segments to speak of.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    actions = {segment.id: segment.action(reader.lang) for segment in rfm.SEGMENTS}
    known = segments[segments["segment"].isin(list(actions))]
    return table(
        known.assign(action=known["segment"].map(actions)),
        lang=reader,
        id="rfm_actions",
        caption=_("What to do with each segment"),
        columns=["segment", "customers", "action"],
    )
