"""Tables and figures of the overview: what `marketing_kpi.overview` returns, shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from marketing_kpi.data.model import TABLES
from marketing_kpi.kpis.dictionary import dictionary
from marketing_kpi.kpis.extent import Gap
from marketing_kpi.kpis.unpriced import Unpriced, differ
from marketing_kpi.plots import intervals, style
from marketing_kpi.plots.sentences import Sentence
from marketing_kpi.plots.sentences.holes import missing_days, missing_prices
from marketing_kpi.plots.tables import Table, table
from marketing_kpi.text.locale import ABSENT, Reader, is_absent
from marketing_kpi.text.messages import N_

_VERDICTS: Mapping[str, str] = {
    "worse": N_("Clearly worse"),
    "wrong_way": N_("Moved the wrong way; no interval"),
    "better": N_("Clearly better"),
}

_DOUBTS: Mapping[str, str] = {
    "partial": N_(
        "The data do not cover the whole period: the values are those of a part of it, and "
        "nothing is compared."
    ),
    "comparison": N_("The data do not cover both periods from end to end: nothing is compared."),
}

_NOT_COMPARED: Mapping[str, str] = {
    "empty": N_("nothing was ordered in the period"),
    "partial": N_("the data do not cover the whole period"),
    "comparison": N_("the data do not cover both periods from end to end"),
    "alone": N_("no comparison was asked for"),
    "": N_("no value in one of the periods"),
}

_SHORTAGES: Mapping[str, str] = {
    "history": N_("the data begin too late for the days it reads"),
    "ends": N_("the data end before the period does"),
}
_LACKING_DAYS: Mapping[str, str] = {
    "history": N_("earlier orders, from the first day that these KPIs read"),
    "ends": N_("orders until the end of the period"),
}

# How the change of a KPI is written that is not a share of what it was.
_DIFFERENCES: Mapping[str, Callable[..., str]] = {
    "fraction": Reader.points,
    "points": Reader.points,
    "index": Reader.difference,
}

_DOMAINS: Mapping[str, str] = {
    "sales": N_("Sales"),
    "visits": N_("Visits"),
    "margin": N_("Margin"),
    "customers": N_("Customers"),
    "retention": N_("Loyalty"),
    "returns": N_("Returns"),
    "marketing": N_("Marketing"),
    "inventory": N_("Inventory"),
    "fulfilment": N_("Fulfilment"),
    "voice": N_("Voice of the customer"),
    "finance": N_("Finance"),
}

_COLUMN = re.compile(r"\w+\.\w+")

_LONGEST_NAME = 32
_FEWEST_COMPARED = 2

# Told apart in grey too: plain, hatched one way, hatched the other way, light.
_LOOKS: Mapping[str, Mapping[str, Any]] = {
    "better": {"facecolor": style.GOOD},
    "worse": {"facecolor": style.BAD, "hatch": "////"},
    "cannot_tell": {"facecolor": style.REFERENCE, "hatch": "\\\\"},
    "neither": {"facecolor": style.GRID},
}
_LOOK_NAMES: Mapping[str, str] = {
    "better": N_("Better"),
    "worse": N_("Worse"),
    "cannot_tell": N_("Cannot tell"),
    "neither": N_("Neither good nor bad"),
}


def _kpi_names(ids: Sequence[str], reader: Reader) -> dict[str, str]:
    known = dictionary()
    return {id: known[id].name[reader.lang] if id in known else id for id in ids}


def _short_names(ids: Sequence[str], reader: Reader) -> list[str]:
    """Return names that fit beside a figure: a long one loses what is in brackets."""
    names = _kpi_names(ids, reader).values()
    return [name if len(name) <= _LONGEST_NAME else name.partition(" (")[0] for name in names]


def scorecard(scorecard: pd.DataFrame, *, lang: str | Reader) -> Table:
    """Show the scorecard: value, interval, comparison, change and months of each KPI.

    Parameters
    ----------
    scorecard
        What `overview.scorecard` returns. KPIs that cannot be computed have no row: they are named
        below, with why. Without a comparison, its columns are for other tools only.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    known = scorecard[scorecard["available"].astype(bool)]
    rows = known.to_dict("records")
    decimals = _decimals(known, reader)
    shown = known.assign(
        interval=[_spread(row, each, reader) for row, each in zip(rows, decimals, strict=True)],
        domain=[ABSENT if is_absent(row["domain"]) else _(_DOMAINS[row["domain"]]) for row in rows],
        not_compared=[_(_NOT_COMPARED[row["reason"]]) for row in rows],
    )
    compared = known["previous"].notna().any()
    ids = known["kpi"].tolist()
    of_domains = ["domain"] if known["domain"].notna().any() else []
    return table(
        shown,
        lang=reader,
        id="scorecard",
        caption=(
            _("KPIs of the period and of the comparison period")
            if compared
            else _("KPIs of the period")
        ),
        columns=[
            *("kpi", *of_domains, "unit", "value", "low", "high"),
            *("interval", "previous", "change", "trend"),
            *([] if compared else ["not_compared"]),
        ],
        names={
            "interval": _("95% interval"),
            "domain": _("Domain"),
            "not_compared": _("Why nothing is compared"),
        },
        units={"interval": "interval", "domain": "text", "not_compared": "text"},
        kpis={id: id for id in ids},
        row_units=known["unit"].tolist(),
        row_decimals=decimals,
        row_labels=_kpi_names(ids, reader),
        hidden=[
            *("unit", "low", "high"),
            *([] if compared else ["previous", "change", "not_compared"]),
        ],
        notes=_scorecard_notes(scorecard, reader),
    )


def _scorecard_notes(scorecard: pd.DataFrame, reader: Reader) -> list[str]:
    """Say how to read the values, then which KPIs are not computed and why: each once."""
    _ = reader.translate
    able = scorecard["available"].astype(bool)
    reasons = set(scorecard[able]["reason"])
    notes = [_(doubt) for reason, doubt in _DOUBTS.items() if reason in reasons]
    notes += _days_without_orders(scorecard, reader)
    notes += missing_prices(_unpriced(scorecard), reader)
    absent = scorecard[~able].to_dict("records")
    if absent:
        names = _kpi_names([row["kpi"] for row in absent], reader)
        parts = [
            _("{kpi} – {reason}", kpi=names[row["kpi"]], reason=_why(row, reader)) for row in absent
        ]
        notes.append(_("Not computed: {kpis}.", kpis=_("; ").join(parts)))
    return notes


def _days_without_orders(scorecard: pd.DataFrame, reader: Reader) -> list[str]:
    """Say that nothing was ordered in the period, or for how long within it, where that is so."""
    _ = reader.translate
    if scorecard.empty:
        return []
    card = scorecard.iloc[0]
    if (scorecard["reason"] == "empty").any():
        if is_absent(card["last_order"]):
            return [_("No order before the end of the period.")]
        return [
            _("No order in the period: the last is of {day}.", day=reader.date(card["last_order"]))
        ]
    if is_absent(card["gap_start"]):
        return []
    return missing_days(Gap(card["gap_start"], card["gap_end"]), reader)


def _unpriced(scorecard: pd.DataFrame) -> Unpriced | None:
    """Return which share of what was sold has no known price, where a KPI rests on prices."""
    rows = scorecard.dropna(subset=["unpriced_before", "unpriced"])
    if rows.empty:
        return None
    row = rows.iloc[0]
    return Unpriced(row["unpriced_before"], row["unpriced"], row["unpriced_of"])


def _why(row: Mapping[Any, Any], reader: Reader) -> str:
    """Return why a KPI cannot be computed, in the words of the data model."""
    _ = reader.translate
    if row["reason"] in _SHORTAGES:
        return _(_SHORTAGES[row["reason"]])
    described = [_short_description(need, reader) for need in row["missing"].split(", ")]
    return _("missing: {columns}", columns=", ".join(dict.fromkeys(described)))


def _short_description(need: str, reader: Reader) -> str:
    """Return what a missing column holds, without what the model adds to that."""
    first = _COLUMN.findall(need)[0]
    described = _description(first, reader)
    if described is None:
        return need
    short = re.split(r"[\s\u00a0]*[,;:(]", described, maxsplit=1)[0]
    return short[:1].lower() + short[1:]


def _needs(columns: str, reader: Reader) -> str:
    """Return what is missing with its “or” and “with” in the reader's language."""
    _ = reader.translate
    if columns in _LACKING_DAYS:
        return _(_LACKING_DAYS[columns])
    return columns.replace(" or ", _(" or ")).replace(" with ", _(" with "))


def attention(
    attention: pd.DataFrame, *, lang: str | Reader, scorecard: pd.DataFrame | None = None
) -> Table | Sentence:
    """Show the KPIs that moved clearly, or the wrong way.

    Parameters
    ----------
    attention
        What `overview.attention` returns; the KPIs of which one cannot tell are for `undecided`.
    lang
        The reader, or a language.
    scorecard
        The scorecard that was judged: with it, KPIs that are compared and that nothing is said of
        are not taken for KPIs without a comparison.

    Returns
    -------
    Table or Sentence
        A sentence when there is nothing to show.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    compared = attention if scorecard is None else scorecard
    if not _are_compared(compared).any():
        return Sentence(_nothing_compared(compared, reader))
    judged = attention[attention["verdict"].isin(list(_VERDICTS))]
    if judged.empty:
        return Sentence(_("No KPI moved clearly."))
    rows = judged.to_dict("records")
    shown = judged.assign(
        verdict=[_(_VERDICTS[row["verdict"]]) for row in rows],
        change_interval=[_change_spread(row, reader) for row in rows],
        decision=[_decision(row, reader) for row in rows],
    )
    return _change_table(
        shown,
        reader,
        id="attention",
        caption=_("What moved clearly, or the wrong way"),
        names={"verdict": _("Reading"), "decision": _("When it moves")},
        columns=["kpi", "verdict", "change", "change_interval", "decision"],
        notes=[
            _(
                "Of KPIs that had not moved at all, about one in twenty would be here by chance: "
                "check before acting."
            )
        ],
    )


def _nothing_compared(card: pd.DataFrame, reader: Reader) -> str:
    """Say why no KPI of a scorecard is compared, as the rows that can be computed tell it."""
    _ = reader.translate
    able = card[card["available"].astype(bool)]
    if card.empty:
        return _("Nothing is compared.")
    if able.empty:
        return _("Nothing is compared: none of these KPIs can be computed.")
    reason = _(_NOT_COMPARED[able["reason"].iloc[0]])
    return _("Nothing is compared: {reason}.", reason=reason)


def undecided(
    attention: pd.DataFrame, *, lang: str | Reader, scorecard: pd.DataFrame | None = None
) -> Table | Sentence | None:
    """Show the KPIs whose change could be chance: its interval includes 0.

    Parameters
    ----------
    attention
        What `overview.attention` returns.
    lang
        The reader, or a language.
    scorecard
        The scorecard that was judged: with it, the KPIs that were compared and are in no table are
        named: those without a good and a bad direction, and those without an interval that did not
        move the wrong way.

    Returns
    -------
    Table, Sentence or None
        A sentence when there is nothing to show; nothing where nothing is compared, which
        `attention` says.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    notes = _without_verdict(attention, scorecard, reader)
    if attention.empty:
        return Sentence(" ".join(notes)) if notes else None
    unclear = attention[attention["verdict"] == "cannot_tell"]
    if unclear.empty:
        none = [] if (attention["verdict"] == "unpriced").all() else [
            _("No interval of a change includes 0.")
        ]  # fmt: skip
        return Sentence(" ".join([*none, *notes]))
    rows = unclear.to_dict("records")
    return _change_table(
        unclear.assign(change_interval=[_change_spread(row, reader) for row in rows]),
        reader,
        id="undecided",
        caption=_("One cannot tell: the interval of the change includes 0"),
        names={},
        columns=["kpi", "change", "change_interval"],
        notes=notes,
    )


def _are_compared(scorecard: pd.DataFrame) -> pd.Series[bool]:
    return scorecard["value"].notna() & scorecard["previous"].notna()


def _without_verdict(
    attention: pd.DataFrame, scorecard: pd.DataFrame | None, reader: Reader
) -> list[str]:
    """Name the KPIs that are compared and of which no table speaks, by why that is."""
    _ = reader.translate
    unpriced = attention[attention["verdict"] == "unpriced"]
    card = attention.iloc[:0] if scorecard is None else scorecard
    rest = card[_are_compared(card) & ~card["kpi"].isin(attention["kpi"])]
    is_judged = rest["direction"] != "contextual"
    told = (
        (
            N_(
                "No verdict, for prices are missing for more of one period than of the other: "
                "{kpis}."
            ),
            unpriced,
        ),
        (
            N_("No interval and no alarm, for the change is good or small: {kpis}."),
            rest[is_judged],
        ),
        (
            N_("Not judged, for a rise is neither good nor bad by itself: {kpis}."),
            rest[~is_judged],
        ),
    )
    return [
        _(sentence, kpis=_("; ").join(_kpi_names(rows["kpi"].tolist(), reader).values()))
        for sentence, rows in told
        if len(rows)
    ]


def _change_table(
    rows: pd.DataFrame,
    reader: Reader,
    *,
    id: str,
    caption: str,
    names: Mapping[str, str],
    columns: Sequence[str],
    notes: Sequence[str],
) -> Table:
    """Show a KPI a row with its change and the interval of that."""
    _ = reader.translate
    ids = rows["kpi"].tolist()
    ends = {"change_low": _("Low"), "change_high": _("High")}
    units = {
        "decision": "long_text",
        "change_interval": "interval",
        **dict.fromkeys(ends, "change"),
    }
    return table(
        rows,
        lang=reader,
        id=id,
        caption=caption,
        columns=[*columns, "unit", *ends],
        hidden=["unit", *ends],
        names={**names, **ends, "change_interval": _("95% interval of the change")},
        units={name: unit for name, unit in units.items() if name in {*columns, *ends}},
        kpis={kpi: kpi for kpi in ids},
        row_units=rows["unit"].tolist(),
        row_decimals=_decimals(rows, reader),
        row_labels=_kpi_names(ids, reader),
        notes=notes,
    )


def _decimals(rows: pd.DataFrame, reader: Reader) -> list[int | None]:
    """Return the decimals at which each KPI looks as different as it is from the comparison."""
    names = ["value", "previous", "unit"]
    return [reader.apart(*each) for each in rows[names].itertuples(index=False, name=None)]


def _spread(row: Mapping[Any, Any], decimals: int | None, reader: Reader) -> str:
    shown = partial(reader.unit, unit=row["unit"], decimals=decimals)
    return intervals.words(row["low"], row["high"], shown, reader)


def _change_spread(row: Mapping[Any, Any], reader: Reader) -> str:
    decimals = reader.apart(row["value"], row["previous"], row["unit"])
    shown: intervals.Shown
    if row["unit"] not in _DIFFERENCES:
        shown = partial(intervals.change, reader=reader)
    elif decimals is None:
        shown = partial(_DIFFERENCES[row["unit"]], reader)
    else:
        shown = partial(_DIFFERENCES[row["unit"]], reader, decimals=decimals)
    return intervals.words(row["change_low"], row["change_high"], shown, reader)


def _decision(row: Mapping[Any, Any], reader: Reader) -> str:
    """Return what the dictionary says to do; a dash where nothing calls for it."""
    if row["verdict"] not in {"worse", "wrong_way"}:
        return ABSENT
    return dictionary().kpi(row["kpi"]).decision[reader.lang]


def lacking(lacking: pd.DataFrame | Sequence[str], *, lang: str | Reader) -> Table | Sentence:
    """Show what the data lack, and the KPIs that this costs.

    Parameters
    ----------
    lacking
        What `overview.lacking` returns, or the names of missing columns (``table.column``).
    lang
        The reader, or a language.

    Returns
    -------
    Table or Sentence
        A sentence when nothing is lacking.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    frame = (
        lacking
        if isinstance(lacking, pd.DataFrame)
        else pd.DataFrame({"missing": list(lacking), "kpis": [[] for _each in lacking]})
    )
    if frame.empty:
        return Sentence(_("The data have all that these KPIs read."))
    names = _kpi_names([id for ids in frame["kpis"] for id in ids], reader)
    shown = pd.DataFrame(
        {
            "missing": [_needs(name, reader) for name in frame["missing"]],
            "what": [_description(name, reader) for name in frame["missing"]],
            "kpis": [", ".join(names[id] for id in ids) or None for ids in frame["kpis"]],
        }
    )
    columns = {"missing": _("Not in the data"), "what": _("What it is")}
    caption = _("What the data lack")
    if shown["kpis"].notna().any():
        columns["kpis"] = _("KPIs not computed")
        caption = _("What the data lack, and the KPIs that cannot be computed without it")
    return table(
        shown,
        lang=reader,
        id="lacking",
        caption=caption,
        columns=list(columns),
        names=columns,
        units={name: "long_text" for name in ("kpis",) if name in columns},
    )


def _description(name: str, reader: Reader) -> str | None:
    """Return what the data model says of ``table.column``, where it knows it."""
    for part in name.replace(" with ", " or ").split(" or "):
        table_name, _, column = part.partition(".")
        if table_name in TABLES and column in TABLES[table_name].names:
            return TABLES[table_name].column(column).description[reader.lang]
    return None


def kpi_table(frame: pd.DataFrame, *, lang: str | Reader) -> Table | Sentence:
    """Show KPIs by a dimension.

    Parameters
    ----------
    frame
        Dimensions, then a column a KPI, named by its id (what `compute` or
        `overview.by_channel` returns).
    lang
        The reader, or a language.

    Returns
    -------
    Table or Sentence
        A sentence when there is no KPI, no row, or fewer than two known values to compare.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    known = dictionary()
    kpis = [name for name in frame.columns if name in known]
    names = _kpi_names(kpis, reader)
    dimension = str(frame.columns[0])
    by = _(_DIMENSIONS.get(dimension, dimension))
    if not kpis:
        return Sentence(_("The data lack what these KPIs read."))
    if frame.empty:
        return Sentence(_("No order in the period."))
    if frame[dimension].nunique() < _FEWEST_COMPARED:
        return Sentence(
            _("Nothing to compare by {dimension}: the data know fewer than two.", dimension=by)
        )
    caption = _("KPIs by {dimension}", dimension=by)
    return table(
        frame,
        lang=reader,
        id=f"kpis_by_{dimension}",
        caption=caption,
        names=names,
        units={id: known.kpi(id).unit for id in kpis},
        kpis={id: id for id in kpis},
    )


_DIMENSIONS: Mapping[str, str] = {
    "channel": N_("channel"),
    "region": N_("region"),
    "period": N_("month"),
    "category": N_("category"),
}


@style.styled
def kpi_by_month(frame: pd.DataFrame, *, lang: str | Reader, ax: Axes | None = None) -> Axes:
    """Draw a KPI month by month, beside the same months of the comparison period.

    Parameters
    ----------
    frame
        What `overview.by_month` returns.
    lang
        The reader, or a language.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    axis = style.axes(ax)
    if frame[["value", "previous"]].isna().all(axis=None):
        return style.empty(axis, title=_("Month by month"), message=_("No month to show."))
    id, unit = frame["kpi"].iloc[0], frame["unit"].iloc[0]
    [name] = _short_names([id], reader)
    title = _("{kpi} by month", kpi=name)
    places = range(len(frame))
    values = frame["value"].astype("float64").tolist()
    previous = frame["previous"].astype("Float64").to_numpy("float64", na_value=float("nan"))
    compared = bool((previous == previous).any())
    if compared:
        axis.plot(
            places, previous, color=style.REFERENCE, linestyle="--", linewidth=1.5,
            label=_("Comparison period"),
        )  # fmt: skip
    axis.plot(places, values, color=style.ACCENT, marker="o", markersize=4, label=_("This period"))
    parts = [place for place, whole in enumerate(frame["whole"]) if not whole]
    axis.plot(
        parts, [values[place] for place in parts], color=style.ACCENT, marker="o", markersize=6,
        markerfacecolor="white", linestyle="none",
    )  # fmt: skip
    axis.set_xticks(
        list(places),
        [
            style.short_month(day, reader, first=place == 0)
            for place, day in enumerate(frame["period"])
        ],
    )
    axis.margins(y=0.08)
    if unit != "fraction":
        axis.set_ylim(bottom=min([0.0, *(v for v in [*values, *previous] if v == v)]))
    style.value_axis(axis.yaxis, unit=unit, reader=reader)
    axis.grid(axis="y")
    if compared:
        axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2, fontsize=9)
    hollow = _("A hollow point is a month of which the period holds only some days.")
    return style.finish(
        axis,
        title=title,
        alt=_month_alt(frame[frame["whole"]], title, unit, reader),
        caption=hollow if parts else "",
    )


def _month_alt(frame: pd.DataFrame, title: str, unit: str, reader: Reader) -> str:
    """Return the first, the lowest, the highest and the last whole month in words."""
    _ = reader.translate
    known = frame.dropna(subset=["value"])
    if known.empty:
        return title
    values = known["value"].to_numpy(dtype="float64")
    lowest, highest = known.iloc[values.argmin()], known.iloc[values.argmax()]
    first, last = known.iloc[0], known.iloc[-1]
    return _(
        "Line: {title}. From {first} in {first_month} to {last} in {last_month}; lowest {low} in "
        "{low_month}, highest {high} in {high_month}.",
        title=title,
        first=reader.unit(first["value"], unit),
        first_month=reader.month(first["period"]),
        last=reader.unit(last["value"], unit),
        last_month=reader.month(last["period"]),
        low=reader.unit(lowest["value"], unit),
        low_month=reader.month(lowest["period"]),
        high=reader.unit(highest["value"], unit),
        high_month=reader.month(highest["period"]),
    )


@style.styled
def changes(scorecard: pd.DataFrame, *, lang: str | Reader, ax: Axes | None = None) -> Axes:
    """Draw the change of each KPI against the comparison period, with its interval.

    Parameters
    ----------
    scorecard
        What `overview.scorecard` returns; rows whose change is relative are drawn, differences
        belong to another scale and are left out. Nothing is shown where nothing is
        compared: `attention` says so.
    lang
        The reader, or a language.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    relative = ~scorecard["unit"].isin(list(_DIFFERENCES))
    rows = scorecard[relative & scorecard["change"].notna()]
    axis = style.axes(ax, height=1.5 + 0.42 * max(len(rows), 3))
    title = _("Change since the comparison period")
    if rows.empty:
        is_said = bool(scorecard["change"].isna().all())
        return style.empty(axis, title=title, message=_("No change to draw."), is_said=is_said)
    places = list(range(len(rows)))
    names = _short_names(rows["kpi"].tolist(), reader)
    values = rows["change"].astype("float64").tolist()
    records = rows.to_dict("records")
    holed = differ(rows["unpriced_before"], rows["unpriced"])
    looks = [
        "cannot_tell" if moved else _look(row) for row, moved in zip(records, holed, strict=True)
    ]
    for place, value, look in zip(places, values, looks, strict=True):
        axis.barh(place, value, height=0.6, edgecolor="white", linewidth=0, **_LOOKS[look])
    ends = [*values]
    for place, row in zip(places, records, strict=True):
        low, high = row["change_low"], row["change_high"]
        if not is_absent(low) and not is_absent(high):
            axis.plot([low, high], [place, place], color=style.INK, linewidth=1.4)
            ends += [low, high]
        edge = max(row["change"], 0.0 if is_absent(high) else high, 0.0)
        axis.annotate(
            reader.change(row["change"]), (edge, place), xytext=(6, 0), va="center", fontsize=9,
            textcoords="offset points",
        )  # fmt: skip
    axis.axvline(0, color=style.INK, linewidth=0.8)
    axis.set_yticks(places, names)
    axis.invert_yaxis()
    room = 0.22 * (max(*ends, 0) - min(*ends, 0))
    axis.set_xlim(min(*ends, 0) - 0.05 * room, max(*ends, 0) + room)
    style.value_axis(axis.xaxis, unit="change", reader=reader, ticks=4)
    axis.spines[["bottom", "left"]].set_visible(False)
    axis.grid(axis="x")
    _change_legend(axis, looks, intervals=len(ends) > len(values), reader=reader)
    parts = [f"{name} {reader.change(value)}" for name, value in zip(names, values, strict=True)]
    return style.finish(
        axis,
        title=title,
        alt=_("Bars of the change of each KPI: {parts}.", parts=_("; ").join(parts)),
        caption=_("A total was counted, not estimated, and has no interval here."),
    )


def _change_legend(ax: Axes, looks: Sequence[str], *, intervals: bool, reader: Reader) -> None:
    """Say what the bars and the lines that are there mean; a notebook shows no caption."""
    _ = reader.translate
    handles: list[Artist] = [
        Patch(edgecolor="white", linewidth=0, label=_(_LOOK_NAMES[look]), **style_of)
        for look, style_of in _LOOKS.items()
        if look in looks
    ]
    if intervals:
        handles.append(Line2D([], [], color=style.INK, linewidth=1.4, label=_("95% interval")))
    below = 0.7 / max(len(looks), 3)  # under the ticks, whose distance is a part of the height
    ax.legend(
        handles=handles, loc="upper center", bbox_to_anchor=(0.35, -below), ncols=2, fontsize=9
    )


def _look(row: Mapping[Any, Any]) -> str:
    """Say whether a change is good, bad, perhaps chance, or neither good nor bad."""
    signs = {"higher_is_better": 1.0, "lower_is_better": -1.0}
    sign = signs.get(row["direction"], 0.0)
    low, high = row["change_low"], row["change_high"]
    if not is_absent(low) and not is_absent(high) and low <= 0 <= high:
        return "cannot_tell"
    if sign * row["change"] == 0:
        return "neither"
    return "better" if sign * row["change"] > 0 else "worse"
