"""What RFM found, in sentences."""

from __future__ import annotations

import pandas as pd

from marketing_kpi import rfm
from marketing_kpi.plots.sentences.base import Sentence
from marketing_kpi.text.locale import Reader

LONG_IDLE_DAYS = 60
"""Days without any order before the day of the analysis that are worth a warning; a convention."""


def summary(
    summary: pd.DataFrame, *, lang: str | Reader, as_of: str, left_out: rfm.LeftOut | None = None
) -> Sentence:
    """Say how many customers a summary has, and their medians.

    Parameters
    ----------
    summary
        What `rfm.summary` returns.
    lang
        The reader, or a language.
    as_of
        The day of the analysis.
    left_out
        What `rfm.left_out` returns: with it, orders of nobody known are not taken for no orders.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if summary.empty and left_out is not None and left_out.orders:
        return Sentence(
            _(
                "The data do not say who ordered ({orders} orders before {day}): no segmentation "
                "is possible.",
                orders=reader.integer(left_out.orders),
                day=reader.date(as_of),
            )
        )
    if summary.empty:
        return Sentence(_("No customer had ordered before {day}.", day=reader.date(as_of)))
    idle = int(summary["recency_days"].min())
    late = (
        _(
            "The last order of the data lies {days} before that day: everyone looks less recent "
            "than they were.",
            days=reader.days(idle),
        )
        if idle > LONG_IDLE_DAYS
        else ""
    )
    medians = summary[["recency_days", "frequency", "monetary"]].astype("float64").median()
    text = _.n(
        "Before {day}, {customers} customer had ordered. Medians: last order {recency} ago, "
        "orders: {frequency}, amount: {monetary}.",
        "Before {day}, {customers} customers had ordered. Medians: last order {recency} ago, "
        "orders: {frequency}, amount: {monetary}.",
        len(summary),
        day=reader.date(as_of),
        customers=reader.integer(len(summary)),
        recency=reader.days(medians["recency_days"]),
        frequency=reader.number(medians["frequency"], decimals=0),
        monetary=reader.money(medians["monetary"]),
    )
    return Sentence(f"{text} {late}".strip())


def top_share(top: rfm.TopShare, *, lang: str | Reader, as_of: str | None = None) -> Sentence:
    """Say which part of the sales the best customers make, and how sure that is.

    Parameters
    ----------
    top
        What `rfm.top_share` returns.
    lang
        The reader, or a language.
    as_of
        The day of the analysis, where all the orders before it were counted.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if not top.customers:
        return Sentence(_("No customers to show."))
    if top.value is None:
        return Sentence(_("The share of the best customers needs sales above 0."))
    said = _(
        "The best {share} of customers ({top} of {customers}) make {value} of the sales to "
        "identified customers",
        share=reader.percent(top.share, decimals=0),
        top=reader.integer(top.top_customers),
        customers=reader.integer(top.customers),
        value=reader.percent(top.value),
    )
    over = _(", over all their orders before {day}", day=reader.date(as_of)) if as_of else ""
    said = f"{said}{over}."
    if top.low is None or top.high is None:
        return Sentence(f"{said} " + _("No interval can be given for these customers."))
    sure = _(
        "95% interval: {low} to {high}.", low=reader.percent(top.low), high=reader.percent(top.high)
    )
    return Sentence(f"{said} {sure}")


def left_out(found: rfm.LeftOut, *, lang: str | Reader, shares: bool = True) -> Sentence:
    """Say what the orders without a known customer weigh.

    Parameters
    ----------
    found
        What `rfm.left_out` returns.
    lang
        The reader, or a language.
    shares
        Whether shares of sales follow: they are of the sales to identified customers.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if not found.orders:
        return Sentence(_("Every order has a known customer."))
    text = _(
        "Orders without a known customer are left out: {orders} ({orders_share} of orders, "
        "{amount_share} of sales).",
        orders=reader.integer(found.orders),
        orders_share=reader.percent(found.orders_share),
        amount_share=reader.percent(found.amount_share),
    )
    of_whom = _("The shares below are of the sales to identified customers.") if shares else ""
    return Sentence(f"{text} {of_whom}".strip())


def largest_segment(segments: pd.DataFrame, *, lang: str | Reader) -> Sentence:
    """Say which segment sells the most, and what to do with it.

    Parameters
    ----------
    segments
        What `rfm.by_segment` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if segments.empty:
        return Sentence(_("No customers to show."))
    known = segments.dropna(subset=["net_sales_share"])
    if known.empty:
        return Sentence(_("Shares of sales need sales above 0."))
    first = known.sort_values(["net_sales_share", "segment"], ascending=[False, True]).iloc[0]
    action = next((s.action(reader.lang) for s in rfm.SEGMENTS if s.id == first["segment"]), "")
    said = _(
        "The segment “{segment}” buys the most: {sales} of the sales to identified "
        "customers, with {customers} of them.",
        segment=rfm.segment_name(first["segment"], lang=reader.lang),
        sales=reader.percent(first["net_sales_share"]),
        customers=reader.percent(first["customers_share"]),
    )
    return Sentence(f"{said} {action}".strip())


def boxes(segments: pd.DataFrame, *, lang: str | Reader) -> Sentence:
    """Say how many customers each of the four boxes holds, and how long ago they ordered.

    Parameters
    ----------
    segments
        What `rfm.by_segment` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    weighted = segments.assign(days=segments["customers"] * segments["average_recency_days"])
    if segments.empty:
        return Sentence(_("No customers to show."))
    held = weighted.groupby("box")[["customers", "customers_share", "days"]].sum()
    parts = []
    for box in rfm.BOXES:
        customers = int(held["customers"].get(box, 0))
        part = _(
            "{box}: {customers} ({share})",
            box=rfm.box_name(box, lang=reader.lang),
            customers=reader.integer(customers),
            share=reader.percent(held["customers_share"].get(box, 0.0), decimals=0),
        )
        if customers:
            days = reader.days(round(held["days"][box] / customers))
            part += _(", last order {days} ago on average", days=days)
        parts.append(part)
    return Sentence(_("Customers by box. {parts}.", parts=_("; ").join(parts)))


def ties(segments: pd.DataFrame, *, classes: int, lang: str | Reader) -> Sentence:
    """Say which frequency classes equal numbers of orders leave empty, and which segments.

    Parameters
    ----------
    segments
        What `rfm.segment` returns.
    classes
        The number of classes that the scores were made with.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    held = set(segments["f"].dropna().astype(int))
    if not held:
        return Sentence(_("No customers to show."))
    empty = [reader.integer(n) for n in range(1, classes + 1) if n not in held]
    if not empty:
        return Sentence(_("Every frequency class holds customers."))
    said = _(
        "No customer is in frequency class {classes}: customers with as many orders as each other "
        "share a class, and too many of them do.",
        classes=", ".join(empty),
    )
    named = set(segments["segment"].dropna())
    without = [s.name(reader.lang) for s in rfm.SEGMENTS if s.id not in named]
    if not without:
        return Sentence(said)
    return Sentence(
        f"{said} " + _("Segments without customers: {segments}.", segments=", ".join(without))
    )


def obstacle(window: rfm.Window | None, reader: Reader) -> str:
    """Return why two dates cannot be compared over a window; empty when they can."""
    _ = reader.translate
    if window is None or window.last_order is None:
        return ""
    if not window.reaches_end:
        return _(
            "The data end on {day}, before the period does: the two dates cannot be compared.",
            day=reader.date(window.last_order),
        )
    if not window.is_long_enough:
        return _("Segments of two dates need a longer history to be compared.")
    return ""


def migration(
    moves: pd.DataFrame, *, lang: str | Reader, window: rfm.Window | None = None
) -> Sentence:
    """Say how many customers left the best segments, how many joined them and from where.

    Parameters
    ----------
    moves
        What `rfm.migration` returns.
    lang
        The reader, or a language.
    window
        What `rfm.window` returns, where both dates were summarised over it (`since`).
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if moves.empty:
        return Sentence(_("No customers to show."))
    if found := obstacle(window, reader):
        return Sentence(found)
    best = {segment.id for segment in rfm.SEGMENTS if segment.box == "best"}
    was, is_now = moves["before"].isin(best), moves["after"].isin(best)
    came = moves["before"] == rfm.ABSENT
    groups = (was & is_now, was & ~is_now, ~was & ~came & is_now, came & is_now)
    kept, left, joined, new = (int(moves.loc[group, "customers"].sum()) for group in groups)
    text = _(
        "Of {before} customers in the box of the best, {left} left it and {kept} stayed. "
        "Joined it: {joined} from elsewhere, {new} without an order at the first date.",
        before=reader.integer(kept + left),
        left=reader.integer(left),
        kept=reader.integer(kept),
        joined=reader.integer(joined),
        new=reader.integer(new),
    )
    if window is None:
        return Sentence(text)
    days = reader.days(window.days)
    over = _("Each date counts the orders of the {days} before it.", days=days)
    return Sentence(f"{over} {text}")
