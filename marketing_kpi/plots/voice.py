"""Figures and tables of the customer's voice: what `marketing_kpi.voice` returns, drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from marketing_kpi import voice
from marketing_kpi.kpis.dictionary import Concept, dictionary
from marketing_kpi.plots import intervals, style
from marketing_kpi.plots.retention import why_nothing
from marketing_kpi.plots.sentences.base import Sentence
from marketing_kpi.plots.tables import Table, table
from marketing_kpi.text.locale import ABSENT, Reader, is_absent
from marketing_kpi.text.messages import N_
from marketing_kpi.worth.acquisition import MOST_UNKNOWN

FAMILIES = (
    "descriptive_profile",
    "relationship_history",
    "customer_journey",
    "sentiment_data",
    "value_data",
)
"""The five families of customer data: concepts of the dictionary."""

_KINDS = {
    "detractors": (N_("Detractors (0–6)"), "#c2570c"),
    "passives": (N_("Passives (7–8)"), "#d0d4d8"),
    "promoters": (N_("Promoters (9–10)"), "#08519c"),
}
_SCORES = {"nps": N_("Answers by score, from 0 to 10"), "csat": N_("Answers by score, from 1 to 5")}
MOST_ENGAGED = 10
"""Contacts that the table of engagement shows; the bundle of a report holds more."""

_LARGE_SHARE = 0.08  # the smallest part of a bar that has room for its percentage


def _score(value: Any, reader: Reader) -> str:
    return ABSENT if is_absent(value) else reader.number(value, decimals=0)


def _groups(frame: pd.DataFrame, by: str | None, reader: Reader) -> list[str]:
    _ = reader.translate
    if by is None or by not in frame:
        return [_("All")] * len(frame)
    return [_("unknown") if is_absent(value) else str(value) for value in frame[by]]


def _answered(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["answers"] > 0]


# --- NPS ------------------------------------------------------------------------------------


@style.styled
def nps_bars(
    scores: pd.DataFrame, *, lang: str | Reader, by: str | None = None, ax: Axes | None = None
) -> Axes:
    """Draw the shares of detractors, passives and promoters, with the score and its interval.

    Parameters
    ----------
    scores
        What `voice.nps` returns.
    lang
        The reader, or a language.
    by
        The column that names the groups; without it there is one row, for all.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    rows = _answered(scores)
    axis = style.axes(ax, height=1.5 + 0.42 * max(len(rows), 1))
    title = _("Who would recommend us")
    if rows.empty:
        return style.empty(axis, title=title, message=_("No answers to show."))
    places = range(len(rows))
    left = [0.0] * len(rows)
    for kind, (label, colour) in _KINDS.items():
        shares = [float(share) for share in rows[f"{kind}_share"]]
        axis.barh(places, shares, left=left, color=colour, height=0.66, label=_(label))
        for place, start, share in zip(places, left, shares, strict=True):
            if share >= _LARGE_SHARE:
                axis.text(
                    start + share / 2, place, reader.percent(share, decimals=0), ha="center",
                    va="center", fontsize=8.5, color=style.label_colour(colour),
                )  # fmt: skip
        left = [start + share for start, share in zip(left, shares, strict=True)]
    said = [_nps_text(row, reader) for row in rows.to_dict("records")]
    for place, text in zip(places, said, strict=True):
        axis.text(1.02, place, text, va="center", fontsize=9)
    names = _groups(rows, by, reader)
    counts = [reader.integer(n) for n in rows["answers"]]
    axis.set_yticks(places, [f"{n} ({c})" for n, c in zip(names, counts, strict=True)])
    axis.set_ylim(len(rows) - 0.4, -0.6)
    axis.set_xlim(0, 1.36)
    axis.set_xticks([])
    axis.spines[:].set_visible(False)
    axis.legend(loc="upper left", bbox_to_anchor=(-0.02, -0.01), ncols=3, fontsize=8.5,
                columnspacing=1.0, handlelength=1.2)  # fmt: skip
    parts = [f"{name} {text}" for name, text in zip(names, said, strict=True)]
    return style.finish(
        axis,
        title=title,
        alt=_(
            "Bars of detractors, passives and promoters, with the NPS: {parts}.",
            parts=_("; ").join(parts),
        ),
        caption=_(
            "At the right: NPS in points, with its 95% interval. Between brackets beside the name: "
            "the answers."
        ),
    )


def _nps_text(row: Mapping[Any, Any], reader: Reader) -> str:
    shown = partial(_score, reader=reader)
    spread = intervals.words(row["low"], row["high"], shown, reader, absent="")
    return f"{shown(row['score'])} ({spread})" if spread else shown(row["score"])


@style.styled
def nps_over_time(
    scores: pd.DataFrame, *, lang: str | Reader, grain: str = "quarter", ax: Axes | None = None
) -> Axes:
    """Draw the net promoter score of each period with its interval.

    Parameters
    ----------
    scores
        What `voice.nps_by_period` returns.
    lang
        The reader, or a language.
    grain
        The periods: ``"month"``, ``"quarter"`` or ``"year"``.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    axis = style.axes(ax, height=3.4)
    title = _("NPS over time, with its 95% interval")
    rows = _answered(scores)
    if rows.empty:
        return style.empty(axis, title=title, message=_("No answers to show."))
    places = range(len(rows))
    axis.axhline(0, color=style.REFERENCE, linewidth=0.8)
    axis.vlines(places, rows["low"], rows["high"], color=style.ACCENT, linewidth=2, alpha=0.6)
    axis.plot(places, rows["score"], marker="o", color=style.ACCENT, linewidth=1)
    labels = [_period(value, grain, reader) for value in rows["period"]]
    step = max(1, -(-len(labels) // 8))
    axis.set_xticks(list(places)[::step], labels[::step], fontsize=8.5)
    axis.set_ylabel(_("NPS (points)"))
    style.value_axis(axis.yaxis, unit="index", reader=reader)
    axis.grid(axis="y")
    said = [_nps_text(row, reader) for row in rows.to_dict("records")]
    parts = [f"{label.replace(chr(10), ' ')} {t}" for label, t in zip(labels, said, strict=True)]
    return style.finish(
        axis,
        title=title,
        alt=_("NPS of each period: {parts}.", parts=_("; ").join(parts)),
        caption=_("Where intervals overlap widely, one cannot tell whether anything changed."),
    )


def _period(value: Any, grain: str, reader: Reader) -> str:
    _ = reader.translate
    first = pd.Timestamp(value)
    if grain == "year":
        return str(first.year)
    if grain == "month":
        return reader.month(first, short=True)
    return _("Q{quarter}\n{year}", quarter=str(first.quarter), year=str(first.year))


@style.styled
def answer_counts(
    counts: pd.DataFrame, *, question: voice.Question, lang: str | Reader, ax: Axes | None = None
) -> Axes:
    """Draw how many gave each score.

    Parameters
    ----------
    counts
        What `voice.score_counts` returns.
    question
        ``"nps"`` or ``"csat"``.
    lang
        The reader, or a language.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    axis = style.axes(ax, height=3.0)
    title = _(_SCORES[question])
    if not counts["answers"].sum():
        return style.empty(axis, title=title, message=_("No answers to show."))
    colours = [_score_colour(int(score), question) for score in counts["score"]]
    places = range(len(counts))
    bars = axis.bar(places, counts["share"], color=colours, width=0.78)
    shown = [reader.percent(share, decimals=0) for share in counts["share"]]
    axis.bar_label(bars, labels=shown, padding=2, fontsize=8.5)
    axis.set_xticks(places, [str(score) for score in counts["score"]])
    axis.set_yticks([])
    axis.spines["left"].set_visible(False)
    axis.margins(y=0.12)
    scores = [reader.integer(score) for score in counts["score"]]
    parts = [f"{score}{_(': ')}{share}" for score, share in zip(scores, shown, strict=True)]
    return style.finish(
        axis,
        title=title,
        alt=_("Share of the answers by score. {parts}.", parts=_("; ").join(parts)),
        caption=_caption(question, reader),
    )


def _caption(question: str, reader: Reader) -> str:
    _ = reader.translate
    if question == "nps":
        return _("Blue: promoters (9 and 10). Grey: passives (7 and 8). Orange: detractors.")
    return _("Blue: satisfied (4 and 5). Orange: the others.")


def _score_colour(score: int, question: str) -> str:
    if question == "csat":
        return _KINDS["promoters" if score >= voice.SATISFIED else "detractors"][1]
    if score >= voice.PROMOTER:
        return _KINDS["promoters"][1]
    return _KINDS["detractors" if score <= voice.DETRACTOR else "passives"][1]


def nps_table(
    scores: pd.DataFrame, *, lang: str | Reader, by: str | None = None, id: str = "nps"
) -> Table | Sentence:
    """Show the net promoter score of each group.

    Parameters
    ----------
    scores
        What `voice.nps` returns.
    lang
        The reader, or a language.
    by
        The column that names the groups; without it there is one row, for all.
    id
        Name of the table on the page and in the exports.

    Returns
    -------
    Table or Sentence
        A sentence when nobody answered.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    rows = _answered(scores)
    if rows.empty:
        return Sentence(_("No answers to show."))
    shown = rows.assign(
        group=_groups(rows, by, reader),
        interval=intervals.column(rows, partial(_score, reader=reader), reader),
    )
    names = {
        "group": _("Group"),
        "answers": _("Answers"),
        "promoters": _("Promoters"),
        "passives": _("Passives"),
        "detractors": _("Detractors"),
        "score": _("NPS"),
        "interval": _("95% interval"),
        "low": _("Low"),
        "high": _("High"),
    }
    return table(
        shown,
        lang=reader,
        id=id,
        caption=_("Net promoter score by group"),
        columns=[*names],
        names=names,
        units={"group": "text", "score": "index", "interval": "interval"},
        kpis={"score": "net_promoter_score"},
        hidden=["low", "high"],
        notes=[_("Under {n} people, no interval is given.", n=str(voice.FEWEST_ANSWERS))]
        if rows["low"].isna().any()
        else [],
    )


def csat_table(shares: pd.DataFrame, *, lang: str | Reader) -> Table | Sentence:
    """Show the share of satisfied customers, with its interval.

    Parameters
    ----------
    shares
        What `voice.csat` returns without groups.
    lang
        The reader, or a language.

    Returns
    -------
    Table or Sentence
        A sentence when nobody answered.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    rows = _answered(shares)
    if rows.empty:
        return Sentence(_("No answers to show."))
    names = {
        "group": _("Group"),
        "answers": _("Answers"),
        "satisfied": _("Satisfied (4 or 5)"),
        "share": _("Customer satisfaction (CSAT)"),
        "interval": _("95% interval"),
        "low": _("Low"),
        "high": _("High"),
    }
    return table(
        rows.assign(
            group=_groups(rows, None, reader), interval=intervals.column(rows, "fraction", reader)
        ),
        lang=reader,
        id="csat",
        caption=_("Satisfied customers"),
        columns=[*names],
        names=names,
        units={
            "group": "text",
            "satisfied": "count",
            "interval": "interval",
            **dict.fromkeys(("share", "low", "high"), "fraction"),
        },
        kpis={"share": "customer_satisfaction"},
        hidden=["low", "high"],
    )


# --- Share of wallet ------------------------------------------------------------------------


@style.styled
def wallet_shares(
    prize: pd.DataFrame, *, by: str, lang: str | Reader, ax: Axes | None = None
) -> Axes:
    """Draw the share of wallet of each group with its interval, and the target.

    Parameters
    ----------
    prize
        What `voice.size_of_prize` returns.
    by
        The column that names the groups.
    lang
        The reader, or a language.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    known = prize.dropna(subset=["share"])
    axis = style.axes(ax, height=1.4 + 0.38 * max(len(known), 2))
    title = _("Share of wallet, and what there is to win")
    if known.empty:
        return style.empty(axis, title=title, message=_("No panel spending to show."))
    places = range(len(known))
    names = _groups(known, by, reader)
    shares = [float(share) for share in known["share"]]
    axis.barh(places, shares, color=style.ACCENT, height=0.62, alpha=0.75)
    axis.hlines(places, known["low"], known["high"], color=style.INK, linewidth=1.5)
    end = max([*shares, *known["high"].dropna(), *known["target"].dropna()]) * 1.5
    prizes = [reader.money(value, decimals=0) for value in known["prize"]]
    for place, text in zip(places, prizes, strict=True):
        axis.text(end, place, text, ha="right", va="center", fontsize=9)
    target = known["target"].dropna()
    if not target.empty:
        axis.axvline(float(target.iloc[0]), color=style.BAD, linestyle="--", linewidth=1.3)
    axis.set_yticks(places, names)
    axis.invert_yaxis()
    axis.set_xlim(0, end)
    style.value_axis(axis.xaxis, unit="fraction", reader=reader)
    axis.grid(axis="x")
    axis.spines["bottom"].set_visible(False)
    parts = [
        _("{name}: {share}, prize {prize}", name=n, share=reader.percent(s), prize=p)
        for n, s, p in zip(names, shares, prizes, strict=True)
    ]
    return style.finish(
        axis,
        title=title,
        alt=_("Bars of the share of wallet: {parts}.", parts=_("; ").join(parts)),
        caption=_(
            "Bars: share of wallet; thin lines: 95% interval; dashed line: the target. At the "
            "right: what reaching the target is worth."
        ),
    )


def prize_table(prize: pd.DataFrame, *, by: str, lang: str | Reader) -> Table | Sentence:
    """Show the size of the prize of each group.

    Parameters
    ----------
    prize
        What `voice.size_of_prize` returns.
    by
        The column that names the groups.
    lang
        The reader, or a language.

    Returns
    -------
    Table or Sentence
        A sentence when the panel has no spending.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    known = prize.dropna(subset=["share"])
    if known.empty:
        return Sentence(_("No panel spending to show."))

    money = partial(reader.money, decimals=0)
    shown = known.assign(
        group=_groups(known, by, reader),
        interval=intervals.column(known, partial(reader.percent, decimals=0), reader),
        prize_interval=intervals.column(known, money, reader, low="prize_low", high="prize_high"),
    )
    names = {
        "group": _("Group"),
        "spend_total": _("Panel spending"),
        "our_sales": _("With us"),
        "share": _("Share of wallet"),
        "interval": _("95% interval"),
        "gap": _("Gap to target"),
        "prize": _("Prize"),
        "prize_interval": _("95% interval of the prize"),
        **dict.fromkeys(("low", "prize_low"), _("Low")),
        **dict.fromkeys(("high", "prize_high"), _("High")),
    }
    money_columns = ("spend_total", "our_sales", "prize", "prize_low", "prize_high")
    return table(
        shown,
        lang=reader,
        id="size_of_prize",
        caption=_("Size of the prize: what reaching the target share is worth"),
        columns=[*names],
        names=names,
        units={
            "group": "text",
            "share": "fraction",
            "gap": "points",
            "interval": "interval",
            "prize_interval": "interval",
            **dict.fromkeys(("low", "high"), "fraction"),
            **dict.fromkeys(money_columns, "currency"),
        },
        whole=money_columns,
        kpis={"share": "share_of_wallet"},
        hidden=["low", "high", "prize_low", "prize_high"],
    )


# --- Engagement -----------------------------------------------------------------------------


@style.styled
def engagement_counts(counts: pd.DataFrame, *, lang: str | Reader, ax: Axes | None = None) -> Axes:
    """Draw how many contacts have how many engagement points.

    Parameters
    ----------
    counts
        What `voice.engagement_counts` returns.
    lang
        The reader, or a language.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    axis = style.axes(ax, height=3.0)
    title = _("Contacts by engagement points")
    if not counts["contacts"].sum():
        return style.empty(axis, title=title, message=_("No interactions to show."))
    labels = [_class_of_points(row, reader) for row in counts.to_dict("records")]
    places = range(len(counts))
    bars = axis.bar(places, counts["share"], color=style.ACCENT, width=0.8)
    shown = [reader.percent(share, decimals=0) for share in counts["share"]]
    axis.bar_label(bars, labels=shown, padding=2, fontsize=8.5)
    axis.set_xticks(places, labels, fontsize=8.5)
    axis.set_xlabel(_("Points"))
    axis.set_yticks([])
    axis.spines["left"].set_visible(False)
    axis.margins(y=0.12)
    parts = [f"{label}{_(': ')}{share}" for label, share in zip(labels, shown, strict=True)]
    return style.finish(
        axis,
        title=title,
        alt=_("Share of the contacts by points. {parts}.", parts=_("; ").join(parts)),
        caption=_("Points: interactions, weighted by kind and halved with each half-life."),
    )


def engagement_table(scores: pd.DataFrame, *, lang: str | Reader) -> Table | Sentence:
    """Show the most engaged contacts, with their points and their percentile.

    Parameters
    ----------
    scores
        What `voice.engagement` returns.
    lang
        The reader, or a language.

    Returns
    -------
    Table or Sentence
        A sentence without contacts.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if scores.empty:
        return Sentence(_("No interactions to show."))
    return table(
        scores.sort_values(["points", "customer_id"], ascending=[False, True]),
        lang=reader,
        id="engagement",
        caption=_("The most engaged contacts"),
        columns=["customer_id", "points", "percentile", "last_interaction"],
        names={
            "points": _("Points"),
            "percentile": _("Engagement score (percentile)"),
            "last_interaction": _("Last interaction"),
        },
        units={"points": "number", "percentile": "number", "last_interaction": "date"},
        kpis={"percentile": "engagement_score"},
        shown=MOST_ENGAGED,
    )


def _class_of_points(row: Mapping[Any, Any], reader: Reader) -> str:
    _ = reader.translate
    if is_absent(row["over"]):
        return reader.integer(0)
    if is_absent(row["up_to"]):
        return _("over {low}", low=style.compact_number(row["over"], reader))
    low, high = (style.compact_number(row[name], reader) for name in ("over", "up_to"))
    return _("{low} to {high}", low=low, high=high)


# --- Omnichannel ----------------------------------------------------------------------------


@style.styled
def omnichannel_bars(
    customers: pd.DataFrame,
    *,
    lang: str | Reader,
    lacks: Sequence[str] = (),
    ax: Axes | None = None,
) -> Axes:
    """Draw the net sales of a customer by the number of sales channels.

    Parameters
    ----------
    customers
        What `voice.omnichannel` returns.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that there is nothing to draw; see `voice.lacks`.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    axis = style.axes(ax, height=3.2)
    title = _("Net sales a customer, by number of channels")
    known = customers.dropna(subset=["net_sales_per_customer"])
    if known.empty:
        nothing = why_nothing(_("No customers to show."), lacks, reader)
        return style.empty(axis, title=title, message=nothing)
    places = range(len(known))
    sales = [float(value) for value in known["net_sales_per_customer"]]
    axis.bar(places, sales, color=style.ACCENT, width=0.6, alpha=0.75)
    axis.vlines(
        places, known["net_sales_low"], known["net_sales_high"], color=style.INK, linewidth=1.5
    )
    shown = [reader.money(value, decimals=0) for value in sales]
    tops = known["net_sales_high"].fillna(known["net_sales_per_customer"])
    for place, top, text in zip(places, tops, shown, strict=True):
        axis.annotate(text, (place, top), xytext=(0, 3), textcoords="offset points", ha="center",
                      fontsize=9)  # fmt: skip
    labels = [_channels(row, reader) for row in known.to_dict("records")]
    axis.set_xticks(places, labels)
    style.value_axis(axis.yaxis, unit="currency", reader=reader)
    axis.grid(axis="y")
    axis.margins(y=0.12)
    axis.set_ylim(bottom=min(0.0, *sales))
    parts = [f"{n.replace(chr(10), ', ')}{_(': ')}{s}" for n, s in zip(labels, shown, strict=True)]
    return style.finish(
        axis,
        title=title,
        alt=_("Bars of net sales a customer. {parts}.", parts=_("; ").join(parts)),
        caption=_(
            "Thin lines: 95% interval. This is a comparison, not an effect: who orders more often "
            "has more occasions to use two channels."
        ),
    )


def _channels(row: Mapping[Any, Any], reader: Reader) -> str:
    _ = reader.translate
    count = int(row["channels"])
    name = reader.translate.n(
        "{count} channel", "{count} channels", count, count=reader.integer(count)
    )
    return f"{name}\n{reader.percent(row['share'], decimals=0)}"


@style.styled
def omnichannel_gap(
    gap: voice.OmnichannelGap, *, lang: str | Reader, ax: Axes | None = None
) -> Axes:
    """Draw what customers of several channels spend more or less: all, then at equal orders.

    Parameters
    ----------
    gap
        What `voice.omnichannel_gap` returns.
    lang
        The reader, or a language.
    ax
        Axes to draw in; new ones by default.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    axis = style.axes(ax, height=2.2)
    title = _("Several channels or one: the difference in net sales a customer")
    found = [
        (_("All customers"), gap.gap, gap.low, gap.high),
        (_("As many orders"), gap.equal_gap, gap.equal_low, gap.equal_high),
    ]
    known = [row for row in found if row[1] is not None]
    if not known:
        return style.empty(axis, title=title, message=_("Too few customers to compare."))
    places = range(len(known))
    labels, centres, lows, highs = zip(*known, strict=True)
    axis.axvline(0, color=style.REFERENCE, linewidth=1)
    axis.hlines(places, lows, highs, color=style.ACCENT, linewidth=2.5)
    axis.plot(centres, places, linestyle="none", marker="o", color=style.ACCENT)
    money = partial(reader.money, decimals=0)
    shown = [money(value) for value in centres]
    for place, centre, text in zip(places, centres, shown, strict=True):
        axis.annotate(text, (centre, place), xytext=(0, 8), textcoords="offset points",
                      ha="center", fontsize=9)  # fmt: skip
    axis.set_yticks(places, labels)
    axis.set_ylim(len(known) - 0.5, -0.6)
    axis.margins(x=0.12)
    style.value_axis(axis.xaxis, unit="currency", reader=reader)
    axis.grid(axis="x")
    axis.spines["left"].set_visible(False)
    parts = [
        f"{label}{_(': ')}{text} ({intervals.words(low, high, money, reader)})"
        for label, text, low, high in zip(labels, shown, lows, highs, strict=True)
    ]
    return style.finish(
        axis,
        title=title,
        alt=_("Difference in net sales a customer. {parts}.", parts=_("; ").join(parts)),
        caption=_(
            "Net sales a customer, those of several channels less those of one, with the 95% "
            "interval; 0 is no difference."
        ),
    )


def omnichannel_table(
    customers: pd.DataFrame, *, lang: str | Reader, lacks: Sequence[str] = ()
) -> Table | Sentence:
    """Show the customers by the number of sales channels.

    Parameters
    ----------
    customers
        What `voice.omnichannel` returns.
    lang
        The reader, or a language.
    lacks
        As in `omnichannel_bars`.

    Returns
    -------
    Table or Sentence
        A sentence without customers.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if customers.empty:
        return Sentence(why_nothing(_("No customers to show."), lacks, reader))

    money = partial(reader.money, decimals=0)
    shown = customers.assign(
        sales_interval=intervals.column(
            customers, money, reader, low="net_sales_low", high="net_sales_high"
        ),
        margin_interval=intervals.column(
            customers, money, reader, low="margin_low", high="margin_high"
        ),
    )
    with_margin = bool(customers["margin_per_customer"].notna().any())
    has_unknown = bool((customers["revenue_without_cost"] > 0).any())
    notes = []
    if has_unknown:
        most = reader.percent(MOST_UNKNOWN, decimals=0)
        notes.append(
            _("Sales of unknown cost add nothing to the margin, which is not given where they are "
              "over {share} of the sales.", share=most)
        )  # fmt: skip
    names = {
        "channels": _("Channels"),
        "customers": _("Customers"),
        "share": _("Share of customers"),
        "orders_per_customer": _("Orders a customer"),
        "net_sales_per_customer": _("Net sales a customer"),
        "sales_interval": _("95% interval"),
    }
    if with_margin:
        names |= {
            "margin_per_customer": _("Gross margin a customer"),
            "margin_interval": _("95% interval of the margin"),
        }
    if has_unknown:
        names["revenue_without_cost"] = _("Revenue of unknown cost")
    units = {
        "orders_per_customer": "number",
        "net_sales_per_customer": "currency",
        "sales_interval": "interval",
        "margin_per_customer": "currency",
        "margin_interval": "interval",
        **dict.fromkeys(("low", "high", "revenue_without_cost"), "fraction"),
        **dict.fromkeys(
            ("net_sales_low", "net_sales_high", "margin_low", "margin_high"), "currency"
        ),
    }
    ends = ["low", "high", "net_sales_low", "net_sales_high"]
    ends += ["margin_low", "margin_high"] if with_margin else []
    names |= {name: _("Low") if name.endswith("low") else _("High") for name in ends}
    return table(
        shown,
        lang=reader,
        id="omnichannel",
        caption=_("Customers by number of sales channels"),
        columns=[*names],
        names=names,
        units={name: unit for name, unit in units.items() if name in names},
        whole=[name for name, unit in units.items() if unit == "currency" and name in names],
        hidden=ends,
        notes=notes,
    )


def omnichannel_share_table(gap: voice.OmnichannelGap, *, lang: str | Reader) -> Table | Sentence:
    """Show the share of omnichannel customers, with its interval.

    Parameters
    ----------
    gap
        What `voice.omnichannel_gap` returns.
    lang
        The reader, or a language.

    Returns
    -------
    Table or Sentence
        A sentence without customers.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if gap.share is None:
        return Sentence(_("No customers to show."))
    kpi = "omnichannel_share"
    row = {"kpi": kpi, "value": gap.share, "low": gap.share_low, "high": gap.share_high}
    frame = pd.DataFrame([row])
    names = {
        "kpi": _("KPI"),
        "value": _("Value"),
        "interval": _("95% interval"),
        "low": _("Low"),
        "high": _("High"),
    }
    return table(
        frame.assign(interval=intervals.column(frame, "fraction", reader)),
        lang=reader,
        id=kpi,
        caption=_("Customers of two sales channels or more"),
        columns=[*names],
        names=names,
        units={"interval": "interval", **dict.fromkeys(("value", "low", "high"), "fraction")},
        row_labels={kpi: dictionary().kpi(kpi).name[reader.lang]},
        kpis={kpi: kpi},
        hidden=["low", "high"],
    )


# --- The five families ----------------------------------------------------------------------


def families(*, lang: str | Reader) -> Table:
    """Show the five families of customer data, in the dictionary's words.

    Parameters
    ----------
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    return concepts(
        FAMILIES, lang=reader, id="families", caption=_("The five families of customer data")
    )


def concepts(
    ids: Sequence[str],
    *,
    lang: str | Reader,
    id: str,
    caption: str | None = None,
    text: str = "definition",
) -> Table:
    """Show concepts of the dictionary and one of their texts.

    Parameters
    ----------
    ids
        Concepts of the dictionary.
    lang
        The reader, or a language.
    id
        Name of the table on the page and in the exports.
    caption
        What the table holds, in the reader's language; by default what the text is.
    text
        ``"definition"``, ``"example"``, ``"why"`` or ``"confusion"``.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    heads = {
        "definition": _("What belongs in it"),
        "example": _("Example"),
        "why": _("Why it matters"),
        "confusion": _("What people confuse it with"),
    }
    entries = [dictionary()[one] for one in ids]
    frame = pd.DataFrame(
        {
            "name": [entry.name[reader.lang] for entry in entries],
            "text": [
                getattr(entry, text)[reader.lang] for entry in entries if isinstance(entry, Concept)
            ],
        }
    )
    return table(
        frame,
        lang=reader,
        id=id,
        caption=caption or heads[text],
        names={"name": _("Term"), "text": heads[text]},
        units={"text": "long_text"},
    )
