"""Rules: credit by the place or the time of a touch in its journey, whatever others did."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from marketing_kpi.attribution.journeys import OUTCOMES, Held
from marketing_kpi.errors import ComputeError

RULES = ("first", "last", "last_non_direct", "linear", "time_decay", "position")
"""Models that share each order among the touches of its own journey."""


def rule_credits(
    held: Held,
    rows: ir.Table,
    *,
    rules: Sequence[str],
    half_life_days: float,
    position: Sequence[float],
) -> ir.Table:
    """Return a row a group and channel: what each rule credits it with.

    Parameters
    ----------
    held
        Journeys.
    rows
        Their touches, with `part`: the group that a journey is in.
    rules
        Of `RULES`.
    half_life_days
        Days in which the weight of a touch halves, for ``time_decay``.
    position
        Shares of the first touch, those between and the last, for ``position``.

    Returns
    -------
    ibis.Table
        part, channel; and for each rule and each of `OUTCOMES` its credit, as ``rule__what``.
    """
    rows = rows.filter(rows.conversions > 0)
    own = ibis.window(group_by=rows.journey)
    if "last_non_direct" in rules:
        others = rows.is_direct.ifelse(ibis.null("int32"), rows.place)
        rows = rows.mutate(last_other=others.max().over(own).fill_null(rows.length - 1))
    if "time_decay" in rules:
        if not held.dated:
            raise ComputeError(
                "time_decay needs to know when each touch was",
                hint="add days_before to the paths: a tuple of days before the order",
            )
        weight = ibis.literal(2.0) ** (-rows.age_days / half_life_days)
        rows = rows.mutate(weight=weight)
        rows = rows.mutate(whole=rows.weight.sum().over(own))
    shares = {name: _share(rows, name, position) for name in rules}
    return rows.group_by("part", "channel").aggregate(
        **{
            f"{name}__{what}": (share * rows[what]).sum()
            for name, share in shares.items()
            for what in OUTCOMES
        }
    )


def _share(rows: ir.Table, rule: str, position: Sequence[float]) -> ir.FloatingValue:
    """Return the share of its journey's order that a touch gets."""
    if rule == "first":
        return (rows.place == 0).cast("int32").cast("float64")
    if rule == "last":
        return (rows.place == rows.length - 1).cast("int32").cast("float64")
    if rule == "last_non_direct":
        return (rows.place == rows.last_other).cast("int32").cast("float64")
    if rule == "linear":
        return 1 / rows.length.cast("float64")
    if rule == "time_decay":
        # a journey whose touches all lie ages back weighs nothing that numbers can hold
        return ibis.ifelse(rows.whole > 0, rows.weight / rows.whole, 1 / rows.length)
    return _by_position(rows, *position)


def _by_position(rows: ir.Table, first: float, middle: float, last: float) -> ir.FloatingValue:
    """Return the share by position; of two touches, first and last share what is between them."""
    is_first, is_last = rows.place == 0, rows.place == rows.length - 1
    ends = first + last
    of_two = (first / ends, last / ends) if ends else (0.5, 0.5)
    return ibis.cases(
        (rows.length == 1, 1.0),
        (rows.length == 2, is_first.ifelse(*of_two)),
        (is_first, first),
        (is_last, last),
        else_=middle / (rows.length - 2).cast("float64").nullif(0),
    )
