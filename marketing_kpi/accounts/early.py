"""What is given back for sales of before the data begin: the first period cannot hold it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import ibis.expr.types as ir

from marketing_kpi.kpis.extent import extent
from marketing_kpi.kpis.facts import FACTS, missing
from marketing_kpi.kpis.facts.base import attach
from marketing_kpi.kpis.periods import MONTHS_A_YEAR, midnight, shift
from marketing_kpi.worth.common import Period

if TYPE_CHECKING:
    from marketing_kpi.data.model import Data

_NEEDED = ("occurred_at", "order_id", "refunds_and_allowances", "lost_chargebacks")
_NAMES = ("refunds", "allowances", "chargebacks")


class Early(NamedTuple):
    """What a deduction lacks in a period with which, or shortly before which, the data begin.

    Attributes
    ----------
    begun
        The first day that the data tell about; null without any order.
    days
        How long after the sale it is given back, on average of the amount, right after the period
        and for as long; null where nothing is.
    cut
        The share of what is given back then, of sales on record, that is for sales as old
        as those that the data do not hold of the period; 0 to 1. Less what the period does hold of
        such: refunds of orders that are not on record, where later days have a smaller share.
    cut_amount
        That share of what is given back then, in the data's currency.
    """

    begun: dt.date | None = None
    days: float | None = None
    cut: float = 0.0
    cut_amount: float = 0.0


def early(data: Data, period: Period) -> dict[str, Early]:
    """Say, of each deduction given back, how much of it the beginning of the data cuts off.

    Where the data begin so many days before a period, what is given back in it for older sales is
    on no record. Right after it, and for as long, what is given back for sales as old is.

    Returns
    -------
    dict
        Of refunds, allowances and chargebacks; of each, nothing known where the data do not tell
        which order it is for.
    """
    begun, _last = extent(data, before=period.end)
    fact = FACTS["sales_and_deductions"]
    if begun is None or missing(fact, _NEEDED, data):
        return dict.fromkeys(_NAMES, Early(begun))
    kinds = [] if missing(fact, ["allowances"], data) else ["allowances"]
    rows = fact.build(data, {*_NEEDED, *kinds})
    rows = rows.filter(
        rows.refunds_and_allowances.notnull() | rows.lost_chargebacks.notnull(),
        rows.occurred_at >= midnight(period.start),
        rows.occurred_at < midnight(_as_long_after(period)),
    )
    rows = attach(rows, data.table("orders"), on=["order_id"], columns={"sold_at": "ordered_at"})
    rows = rows.mutate(sold_at=rows.sold_at.cast("timestamp"))
    lead = max(period.start - begun, dt.timedelta(0))
    is_after = rows.occurred_at >= midnight(period.end)
    oldest = is_after.ifelse(midnight(period.end - lead), midnight(period.start - lead))
    rows = rows.mutate(is_after=is_after, is_old=rows.sold_at < oldest)
    sums: dict[str, ir.Value] = {}
    for name, amount in zip(_NAMES, _amounts(rows), strict=True):
        sums |= {f"{name} {key}": total for key, total in _sums(rows, amount).items()}
    (found,) = data.connection.to_pyarrow(rows.aggregate(**sums)).to_pylist()
    return {name: _early(begun, found, name) for name in _NAMES}


def _as_long_after(period: Period) -> dt.date:
    """Return the end of the days right after a period: as many months, or as many days."""
    start, end = period
    months = (end.year - start.year) * MONTHS_A_YEAR + end.month - start.month
    return shift(end, months=months) if shift(start, months=months) == end else end + (end - start)


def _amounts(rows: ir.Table) -> tuple[ir.NumericValue, ...]:
    """Return what each row gives back: as a refund of a return, an allowance, a lost dispute."""
    back, lost = (rows[name].fill_null(0) for name in _NEEDED[2:])
    allowed = rows.allowances.fill_null(0) if "allowances" in rows.columns else back - back
    return tuple(amount.cast("float64") for amount in (back - allowed, allowed, lost))


def _sums(rows: ir.Table, amount: ir.NumericValue) -> dict[str, ir.Value]:
    """Return the sums of an amount, and of its days after the sale."""
    days = rows.occurred_at.date().delta(rows.sold_at.date(), unit="day")
    is_after, is_known = rows.is_after, rows.sold_at.notnull()
    return {
        "before": amount.sum(where=~is_after),
        "before unknown": amount.sum(where=~is_after & (~is_known | rows.is_old)),
        "after": amount.sum(where=is_after),
        "after unknown": amount.sum(where=is_after & ~is_known),
        "after known": amount.sum(where=is_after & is_known),
        "after old": amount.sum(where=is_after & is_known & rows.is_old),
        "after days": (amount * days).sum(where=is_after & is_known),
    }


def _early(begun: dt.date, sums: Mapping[str, Any], name: str) -> Early:
    def over(part: str, whole: str) -> float | None:
        divided, by = sums[f"{name} {part}"] or 0.0, sums[f"{name} {whole}"] or 0.0
        return divided / by if by > 0 else None

    unknown, unknown_after = over("before unknown", "before"), over("after unknown", "after")
    held = max((unknown or 0.0) - (unknown_after or 0.0), 0.0)
    cut = min(max((over("after old", "after known") or 0.0) - held, 0.0), 1.0)
    amount = cut * (sums[f"{name} after"] or 0.0)
    return Early(begun, over("after days", "after known"), cut, amount)
