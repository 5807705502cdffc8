"""Journeys: the touches of a person in order of time, up to an order or without one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from marketing_kpi.data.keeping import keeping
from marketing_kpi.errors import ComputeError, DataError
from marketing_kpi.kpis.facts.base import attach
from marketing_kpi.kpis.facts.touches import conversions as read_conversions
from marketing_kpi.kpis.facts.touches import source_of
from marketing_kpi.kpis.facts.touches import touches as read_touches
from marketing_kpi.kpis.frames import engine, in_arrow, records, require
from marketing_kpi.kpis.periods import Periods, day, midnight

if TYPE_CHECKING:
    from collections.abc import Iterator

    from marketing_kpi.data.model import Data

LOOKBACK_DAYS = 30
"""Days before an order in which touches count, unless told."""

DIRECT = "direct"
"""Channel of those who came by themselves."""

MOST_PATHS = 5_000
"""Rows of `Journeys.paths`: the most travelled; credits are made from all."""

SECONDS_A_DAY = 86_400

AMOUNTS = ("revenue", "margin")
"""What orders bring, in the data's currency, where it is told."""

OUTCOMES = ("conversions", *AMOUNTS)
"""What journeys end in, and models share out."""

Channel: TypeAlias = str | None
"""A marketing channel; None: not known."""


@dataclass(frozen=True, eq=False)
class Journeys:
    """The journeys of a period.

    Attributes
    ----------
    paths
        A row a path, the `MOST_PATHS` most travelled first: path (tuple of channels in order of
        time; None: a channel that is not known), touches (its length), is_direct (whether it has no
        other channel than `direct`), journeys (how many took it), conversions (orders that ended
        them), revenue (net sales of these, in the data's currency; null where no amount is told).
    distinct_paths
        Different paths in all, those beyond `MOST_PATHS` too.
    channels
        Channels met, by name; None, last, for touches whose channel is not known.
    journeys, conversions, revenue
        Of all paths: journeys with an order and without, orders, their net sales (None: not told).
    without_touch, revenue_without_touch
        Orders before which no touch was found, in none of the paths: nobody can credit them.
    start, end
        The first day of the period and the day after its last.
    lookback_days
        Days before an order in which touches count.
    source
        Table of the touches: touchpoints, or sessions where there are none.
    direct
        Name of the channel of those who came by themselves.
    touches
        A row a touch, in the engine: journey (a number), person (text), place (from 0), length (of
        the journey), channel (place in `channels`), before (channel of the touch before it, -1 for
        the first), is_direct (whether its channel is `direct`), age_days (before the order; null
        without one), ended_at, truncated (whether the look-back cut touches off); and of its
        journey: journeys (1), conversions, revenue, margin (of the lines whose cost is known).
    """

    paths: pd.DataFrame
    distinct_paths: int
    channels: tuple[Channel, ...]
    journeys: int
    conversions: int
    revenue: float | None
    without_touch: int
    revenue_without_touch: float | None
    start: dt.date
    end: dt.date
    lookback_days: int
    source: str
    direct: str
    touches: ir.Table

    def __repr__(self) -> str:
        return (
            f"Journeys: {self.journeys} on {self.distinct_paths} paths,"
            f" {self.conversions} conversions ({self.without_touch} more without a touch)"
        )


def journeys(
    data: Data,
    *,
    periods: Periods | None = None,
    start: str | dt.date | None = None,
    end: str | dt.date | None = None,
    lookback_days: int = LOOKBACK_DAYS,
    conversions: str | Sequence[str] = "online",
    kinds: Sequence[str] | None = None,
    direct: str = DIRECT,
) -> Journeys:
    """Put the touches of each person in order, up to each order and, without one, to the last.

    Parameters
    ----------
    data
        What `open_data` returns, with touchpoints, or the sessions that stand in for them.
    periods
        What `mk.periods` returns; its start and end are taken.
    start, end
        First day and the day after the last, in place of `periods`.
    lookback_days
        Days before an order in which touches count, 1 or more.
    conversions
        Orders that end a journey: ``"online"`` (those of the sales channels web and app, and those
        that name none), ``"all"``, or a list of sales channels.
    kinds
        Kinds of touch that count, such as ``["click", "visit"]``; None: all.
    direct
        Name of the channel of those who came by themselves.

    Returns
    -------
    Journeys
        See its attributes.

    Raises
    ------
    MissingDataError
        When the data lack touches, their channel, or what ties them to orders.
    ComputeError
        When the period, the look-back or the conversions are none.

    Notes
    -----
    A person is a customer where one is known: of the touch itself, or the only one that its visitor
    was ever seen as. Valid orders that are no credits convert. Each touch belongs to the first
    order of its person that follows it, and to no other; the touches less than `lookback_days`
    before that order are its journey. The touches before these, and those that no order follows,
    make journeys without an order, cut into lengths of `lookback_days` from their end: so journeys
    with an order and without are made by one rule, and no touch is lost or counted twice. Journeys
    that end in the period count. A journey without an order may still be under way at its end.

    Touches of one moment stand in the order of `KINDS`, then of their channel's name: neither
    their ids nor their rows have a say. Orders that a person placed at one moment end one journey.

    Examples
    --------
    >>> from marketing_kpi.data.sources import open_data
    >>> touches = pd.DataFrame({
    ...     "touchpoint_id": list("123"), "customer_id": list("aab"),
    ...     "at": pd.to_datetime(["2025-05-01", "2025-05-03", "2025-05-04"]),
    ...     "marketing_channel": ["display", "email", "email"]})
    >>> orders = pd.DataFrame({"order_id": ["1"], "customer_id": ["a"], "amount": [40.0],
    ...     "ordered_at": pd.to_datetime(["2025-05-03 10:00"])})
    >>> found = journeys(open_data({"touchpoints": touches, "orders": orders}),
    ...                  start="2025-05-01", end="2025-06-01")
    >>> found.paths[["path", "journeys", "conversions", "revenue"]]
                   path  journeys  conversions  revenue
    0  (display, email)         1            1     40.0
    1          (email,)         1            0      0.0
    """
    first, last = days_of(periods, start, end)
    found, _ = journeys_and_orders(
        data, start=first, end=last, lookback_days=lookback_days, conversions=conversions,
        kinds=kinds, direct=direct,
    )  # fmt: skip
    return found


def journeys_and_orders(
    data: Data,
    *,
    start: dt.date,
    end: dt.date,
    lookback_days: int,
    conversions: str | Sequence[str],
    kinds: Sequence[str] | None,
    direct: str,
) -> tuple[Journeys, ir.Table]:
    """Return what `journeys` does, and the orders of the period that can end a journey."""
    check_lookback(lookback_days)
    source = source_of(data)
    # the look-back before a journey is read too: it tells what the look-back cuts off
    begin = start - dt.timedelta(days=2 * lookback_days)
    told = read_conversions(data, which=conversions, start=begin, end=end, with_margin=True)
    told = data.keep(told)
    seen = read_touches(data, kinds=kinds)
    seen = seen.filter(seen["at"] >= midnight(begin), seen["at"] < midnight(end))
    known = assembled(
        data, seen, told, start=start, end=end, lookback_days=lookback_days, direct=direct
    )
    orders = told.filter(told["at"] >= midnight(start))
    found = _summarised(known, orders, source=source.table, start=start, end=end,
                        lookback_days=lookback_days, direct=direct)  # fmt: skip
    return found, orders


class Held(NamedTuple):
    """What credits are made of."""

    touches: ir.Table  # as `Journeys.touches`; those of paths in hand lack person and ended_at
    channels: tuple[Channel, ...]
    dated: bool  # whether the age of every touch before an order is known
    by_person: bool


def assembled(
    data: Data,
    seen: ir.Table,
    told: ir.Table,
    *,
    start: dt.date,
    end: dt.date,
    lookback_days: int,
    direct: str,
) -> Held:
    """Make journeys of touches (person, at, rank, channel) and orders (person, at, amounts)."""
    seen = data.keep(seen)
    channels = sorted_channels(seen.select("channel").distinct().to_pandas()["channel"])
    closing = _closing(told)
    rows = data.keep(_parted(_with_next(seen, closing, lookback_days), lookback_days))
    rows = _ordered(rows, closing, channels, direct, start=start, end=end)
    (known,) = records(told.aggregate(**{name: told[name].count() for name in AMOUNTS}))
    # where nobody tells an amount, not even nothing is known
    untold = {name: ibis.null("float64") for name in AMOUNTS if not known[name]}
    rows = rows.mutate(**untold) if untold else rows
    return Held(data.keep(rows), channels, dated=True, by_person=True)


def _closing(told: ir.Table) -> ir.Table:
    """Return the moments of orders, each with what it brings: orders of one moment are one."""
    closing = told.filter(told.person.notnull())
    closing = closing.group_by("person", "at").aggregate(
        conversions=closing.count(),
        **{name: closing[name].sum().cast("float64") for name in AMOUNTS},
    )
    return closing.cast({"at": "timestamp"})


def _ordered(
    rows: ir.Table,
    closing: ir.Table,
    channels: Sequence[Channel],
    direct: str,
    *,
    start: dt.date,
    end: dt.date,
) -> ir.Table:
    """Return `Journeys.touches`."""
    rows = _placed(_coded(rows, channels, direct), _ended(rows, closing, start=start, end=end))
    return rows.select(
        *("journey", "person", "place", "length", "channel", "before", "is_direct", "ended_at"),
        age_days=rows.is_order.ifelse(rows.age_days, ibis.null("float64")),
        truncated=rows.is_order & rows.truncated,
        journeys=ibis.literal(1.0),
        **{name: rows.is_order.ifelse(rows[name], 0).cast("float64") for name in OUTCOMES},
    )


def _with_next(seen: ir.Table, closing: ir.Table, lookback_days: int) -> ir.Table:
    """Add to each touch what its journey is measured back from, and whether that is an order.

    The anchor is the person's next order, else the last touch; truncated, whether the order has
    touches beyond the look-back. Few persons have orders: only their touches are put in order.
    """
    # engines tell moments of several precisions apart, where tables are put one below the other
    seen, nothing = seen.cast({"at": "timestamp"}), ibis.null("timestamp")
    both = ibis.union(
        seen.semi_join(closing, "person").select(
            "person", "at", "channel", "rank", closes=nothing, is_order=ibis.literal(0, "int8")
        ),
        closing.select(
            "person", "at", channel=ibis.null("string"), rank=ibis.null(seen["rank"].type()),
            closes=closing["at"], is_order=ibis.literal(1, "int8"),
        ),
    )  # fmt: skip
    following = ibis.window(
        group_by=both.person, order_by=[both["at"], both.is_order], preceding=0, following=None
    )
    both = both.mutate(closes=both.closes.min().over(following))
    buyers = both.filter(both.is_order == 0).drop("is_order")
    is_beyond = _block(_age_days(buyers["at"], before=buyers.closes), lookback_days) == 1
    stretch = ibis.window(group_by=[buyers.person, buyers.closes])
    buyers = buyers.mutate(truncated=is_beyond.cast("int32").max().over(stretch) > 0)
    others = seen.anti_join(closing, "person").select("person", "at", "channel", "rank")
    others = others.mutate(closes=nothing, truncated=ibis.null("boolean"))
    rows = ibis.union(buyers, others)
    last = seen.group_by("person").aggregate(last=seen["at"].max())
    rows = attach(rows, last, on=["person"], columns={"last": "last"})
    return rows.select(
        "person", "at", "channel", "rank", "truncated",
        closes=rows.closes.notnull(), anchor=ibis.coalesce(rows.closes, rows["last"]),
    )  # fmt: skip


def _age_days(moment: ir.TimestampValue, *, before: ir.TimestampValue) -> ir.FloatingValue:
    seconds = before.epoch_seconds() - moment.epoch_seconds()
    return seconds.cast("float64") / SECONDS_A_DAY


def _block(age_days: ir.FloatingValue, lookback_days: int) -> ir.IntegerValue:
    return (age_days / lookback_days).floor().cast("int32")


def _parted(rows: ir.Table, lookback_days: int) -> ir.Table:
    """Cut what leads to an order, or to none, into look-backs from its end: `block`, from 0 on.

    Adds age_days and is_order (whether the block ends in the order).
    """
    age = _age_days(rows["at"], before=rows.anchor)
    rows = rows.mutate(age_days=age, block=_block(age, lookback_days))
    return rows.mutate(is_order=rows.closes & (rows.block == 0)).drop("closes")


_JOURNEY = ("person", "anchor", "block")
"""What tells journeys apart."""


def _ended(rows: ir.Table, closing: ir.Table, *, start: dt.date, end: dt.date) -> ir.Table:
    """Return a row a journey that ended in the period: journey (a number), length, its outcomes."""
    each = rows.group_by(*_JOURNEY, "is_order").aggregate(
        length=rows.count().cast("int32"), last=rows["at"].max()
    )
    each = each.mutate(ended_at=each.is_order.ifelse(each.anchor, each["last"]))
    each = each.filter(each.ended_at >= midnight(start), each.ended_at < midnight(end))
    orders = closing.rename(anchor="at").mutate(is_order=ibis.literal(True))
    each = attach(
        each, orders, on=["person", "anchor", "is_order"], columns={name: name for name in OUTCOMES}
    )
    return each.drop("is_order", "last").mutate(journey=ibis.row_number())


def _placed(rows: ir.Table, journeys: ir.Table) -> ir.Table:
    """Add to each touch its journey, its place in it, and the channel before."""
    there = journeys.rename({f"{name}_there": name for name in _JOURNEY})
    rows = rows.inner_join(there, [rows[name] == there[f"{name}_there"] for name in _JOURNEY])
    in_time = ibis.window(group_by=rows.journey, order_by=[rows["at"], rows["rank"], rows.channel])
    return rows.mutate(
        place=ibis.row_number().over(in_time).cast("int32"),
        before=rows.channel.lag().over(in_time).fill_null(-1).cast("int16"),
    )


def _coded(rows: ir.Table, channels: Sequence[Channel], direct: str) -> ir.Table:
    """Replace channels by their places, which engines compare faster, and add is_direct."""
    codes = {name: code for code, name in enumerate(channels) if name is not None}
    unknown = len(channels) - 1
    code = rows.channel.cases(*codes.items(), else_=unknown) if codes else ibis.literal(unknown)
    is_direct = (rows.channel == direct).fill_null(False)
    return rows.mutate(is_direct=is_direct, channel=code.cast("int16"))


def sorted_channels(names: pd.Series) -> tuple[Channel, ...]:
    """Return channels by name, each once; None, last, where one is not known."""
    known = sorted({str(name) for name in names.dropna()})
    return (*known, None) if names.isna().any() else tuple(known)


def _summarised(
    known: Held,
    orders: ir.Table,
    *,
    source: str,
    start: dt.date,
    end: dt.date,
    lookback_days: int,
    direct: str,
) -> Journeys:
    """Group equal paths, and count what has none."""
    rows = known.touches
    each = rows.group_by("journey").aggregate(
        path=_in_order(rows, len(known.channels)).collect().sort(),
        **{name: rows[name].max() for name in _OF_A_JOURNEY},
    )
    grouped = each.group_by("path").aggregate(**{name: each[name].sum() for name in _OF_A_JOURNEY})
    with keeping(grouped) as table:
        (sums,) = records(
            table.aggregate(
                paths=table.count(), **{name: table[name].sum() for name in _OF_A_JOURNEY}
            )
        )
        shown = table.order_by([ibis.desc("journeys"), ibis.desc("conversions"), "path"])
        paths = _named(shown.limit(MOST_PATHS), known.channels, direct)
    (all_of,) = records(orders.aggregate(n=orders.count(), revenue=orders.revenue.sum()))
    untouched = None
    if all_of["revenue"] is not None:
        untouched = float(all_of["revenue"]) - (sums["revenue"] or 0.0)
    conversions = round(sums["conversions"] or 0)
    return Journeys(
        paths=paths,
        distinct_paths=sums["paths"],
        channels=known.channels,
        journeys=round(sums["journeys"] or 0),
        conversions=conversions,
        revenue=sums["revenue"],
        without_touch=all_of["n"] - conversions,
        revenue_without_touch=untouched,
        start=start,
        end=end,
        lookback_days=lookback_days,
        source=source,
        direct=direct,
        touches=rows,
    )


_OF_A_JOURNEY = ("journeys", "conversions", "revenue")


def _in_order(rows: ir.Table, channels: int) -> ir.IntegerValue:
    """Return the place of a touch and its channel as one number: engines sort these faster."""
    return rows.place.cast("int64") * channels + rows.channel


def _named(paths: ir.Table, channels: Sequence[Channel], direct: str) -> pd.DataFrame:
    """Return the paths with their channels' names."""
    rows = records(paths)
    named = [tuple(channels[code % len(channels)] for code in row["path"]) for row in rows]
    table = pd.DataFrame({"path": pd.Series(named, dtype="object")})
    table["touches"] = pd.Series([len(path) for path in named], dtype="int64")
    table["is_direct"] = pd.Series([set(path) == {direct} for path in named], dtype="bool")
    for name in ("journeys", "conversions"):
        table[name] = pd.Series([round(row[name]) for row in rows], dtype="int64")
    table["revenue"] = pd.Series([row["revenue"] for row in rows], dtype="float64")
    return table


def days_of(
    periods: Periods | None, start: str | dt.date | None, end: str | dt.date | None
) -> tuple[dt.date, dt.date]:
    """Return the first day and the day after the last, of periods or of two days."""
    if (periods is None) == (start is None and end is None):
        raise ComputeError("journeys need a period", hint="either periods=…, or start=… and end=…")
    if periods is not None:
        return periods.start, periods.end
    if start is None or end is None:
        raise ComputeError("journeys need both start and end")
    first, last = day(start, name="start"), day(end, name="end")
    if first >= last:
        raise ComputeError(f"start == {first}, must be before end == {last}")
    return first, last


def check_lookback(lookback_days: int) -> None:
    """Refuse a look-back that is no whole number of days."""
    if isinstance(lookback_days, bool) or not isinstance(lookback_days, int) or lookback_days < 1:
        raise ComputeError(f"lookback_days == {lookback_days!r}, must be a whole number, 1 or more")


# --- Paths in hand --------------------------------------------------------------------------


@contextmanager
def held(found: Journeys | pd.DataFrame, *, direct: str) -> Iterator[Held]:
    """Yield the touches of journeys, or of paths given by hand, in an engine."""
    if isinstance(found, Journeys):
        yield Held(found.touches, found.channels, dated=True, by_person=True)
        return
    require(found, ["path", "conversions"], "journeys")
    rows = _rows_of(found)
    channels = sorted_channels(rows["channel"])
    with engine() as connection:
        table = connection.create_table("touches", in_arrow(_with_places(rows, channels, direct)))
        yield Held(table, channels, dated="days_before" in found, by_person=False)


def _rows_of(paths: pd.DataFrame) -> pd.DataFrame:
    """Return a row a touch of paths given by hand, checked."""
    for path in paths["path"]:
        if isinstance(path, str) or not isinstance(path, Sequence) or not path:
            raise DataError(
                f"path == {path!r}, must be a tuple of channels, one or more",
                hint="for instance ('display', 'email')",
            )
    given = pd.DataFrame({"channel": [list(path) for path in paths["path"]]})
    given["length"] = [len(path) for path in paths["path"]]
    for name in (*OUTCOMES, "journeys"):
        if name in paths:
            given[name] = paths[name].to_numpy("float64", na_value=np.nan)
    for name in AMOUNTS:
        given[name] = given.get(name, np.nan)
    if "journeys" not in given:
        given["journeys"] = given["conversions"].clip(lower=1)
    counts = given[["conversions", "journeys"]]
    if not (np.isfinite(counts) & (counts >= 0)).all(axis=None):
        raise DataError("conversions and journeys of a path must be known, and 0 or more")
    exploded = ["channel"]
    given["age_days"] = np.nan
    if "days_before" in paths:
        given["age_days"] = [list(ages) for ages in paths["days_before"]]
        if [len(ages) for ages in given["age_days"]] != given["length"].tolist():
            raise DataError("days_before must have a number for each channel of its path")
        exploded.append("age_days")
    given["journey"] = range(len(given))
    rows = given.explode(exploded, ignore_index=True)
    rows["channel"] = rows["channel"].astype("object")
    return rows.astype({"age_days": "float64"})


def _with_places(rows: pd.DataFrame, channels: Sequence[Channel], direct: str) -> pd.DataFrame:
    """Add what `Journeys.touches` tells of each touch, and channels by their places."""
    by_journey = rows.groupby("journey")
    codes = {name: code for code, name in enumerate(channels)}
    known = rows["channel"].where(rows["channel"].notna(), None)
    table = rows.assign(
        place=by_journey.cumcount(),
        channel=[codes[name] for name in known],
        is_direct=known == direct,
        truncated=False,
    )
    table["before"] = table.groupby("journey")["channel"].shift(fill_value=-1)
    return table
