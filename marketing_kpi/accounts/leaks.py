"""What leaves gross sales on the way to net revenue, by root cause, the largest first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import pandas as pd

from marketing_kpi.accounts.steps import within
from marketing_kpi.errors import MissingDataError
from marketing_kpi.kpis.facts import FACTS, MONEY, missing
from marketing_kpi.worth.common import Period, collected

if TYPE_CHECKING:
    from marketing_kpi.data.model import Data

CAUSES = ("discount", "return", "allowance", "chargeback")
"""How revenue leaves; the fact `leaks` tells each amount's."""

FIRST_CAUSES = 0.8
"""Pareto's share: the causes that together make so much of the leakage come first."""

PROMOTION_UNKNOWN = "promotion_unknown"
"""Root of the discounts of data that do not tell promotions; null is outside any promotion."""

CREDITED_GOODS = "credited_goods"
"""Root of the discounts of lines of credits entered as orders: mostly below 0, for what is given
back of goods sold at a discount is less than their list price."""

_TOLD_BY = (
    ("sales", ("gross_sales", "net_sales"), ("discount",)),
    ("sales_and_deductions", ("refunds_and_allowances",), ("return", "allowance")),
    ("sales_and_deductions", ("lost_chargebacks",), ("chargeback",)),
)


def root_causes(data: Data, *, start: str | dt.date, end: str | dt.date) -> pd.DataFrame:
    """Say what revenue was lost to on its way from gross to net, by root cause.

    Parameters
    ----------
    data
        What `open_data` returns.
    start, end
        The first day of the period, and the day after its last.

    Returns
    -------
    pandas.DataFrame
        A row a cause and root, the largest amount first: ``cause`` (see `CAUSES`); ``root``, what
        is behind it: the promotion of a discount (`PROMOTION_UNKNOWN` where the data tell none of
        any line, `CREDITED_GOODS` where the order is a credit, `kpis.facts.is_credit`), the reason
        of the others, null where none is told; ``name``, the promotion's where it is known;
        ``times``, how many lines, returns or disputes; ``amount`` in the data's currency; ``share``
        of all amounts above 0, and ``cumulative`` with those before it; ``is_first``, whether it is
        among the fewest that make `FIRST_CAUSES` of the whole. A line sold above its list price
        lowers the amount of its root; a root whose amount is below 0 leaked nothing, and its shares
        are null. Causes that the data do not tell are left out.

    Raises
    ------
    ComputeError
        When `start` is not before `end`.
    MissingDataError
        When the data tell no deduction at all.

    Notes
    -----
    The amounts add up to the KPI `revenue_leakage` of the period where all causes are told.

    References
    ----------
    Juran, J. M. (1951). Quality-Control Handbook, McGraw-Hill: the vital few causes.

    Examples
    --------
    >>> import pandas as pd
    >>> from marketing_kpi.data.sources import open_data
    >>> day = pd.to_datetime(["2025-01-05"])
    >>> tables = {
    ...     "orders": pd.DataFrame({"order_id": ["1"], "ordered_at": day}),
    ...     "order_lines": pd.DataFrame({"order_id": ["1"], "line_id": ["1"], "quantity": [2],
    ...         "list_price": [60.0], "unit_price": [55.0]}),
    ...     "returns": pd.DataFrame({"return_id": ["r"], "order_id": ["1"], "line_id": ["1"],
    ...         "returned_at": day, "quantity": [1], "refund_amount": [30.0], "kind": ["return"],
    ...         "reason": ["defective"]}),
    ... }
    >>> with open_data(tables) as data:
    ...     found = root_causes(data, start="2025-01-01", end="2026-01-01")
    >>> found[["cause", "root", "amount", "cumulative"]].values.tolist()
    [['return', 'defective', 30.0, 0.75], ['discount', 'promotion_unknown', 10.0, 1.0]]
    """
    period = Period.of(start, end)
    require_a_cause(data)
    columns = {"occurred_at", "amount", "cause", "reason"}
    rows = within(FACTS["leaks"].build(data, columns), period)
    rows = rows.select("cause", "amount", root=rows.reason)
    if not missing(FACTS["sales"], ["gross_sales", "net_sales"], data):
        rows = ibis.union(rows.filter(rows.cause != "discount"), _by_promotion(data, period))
    sums = rows.group_by("cause", "root").aggregate(
        times=rows.count(), amount=rows.amount.sum().cast(MONEY)
    )
    return ranked(_named(collected(sums, ["cause", "root"]), data))


def _by_promotion(data: Data, period: Period) -> ir.Table:
    """Return the discounts with their promotion, which the lines sold tell and `leaks` may not."""
    told = set() if missing(FACTS["sales"], ["promotion_id"], data) else {"promotion_id"}
    read = {"ordered_at", "bought", "gross_sales", "net_sales", *told}
    lines = FACTS["sales"].build(data, read)
    lines = within(lines.mutate(occurred_at=lines.ordered_at.cast("timestamp")), period)
    amount = (lines.gross_sales - lines.net_sales).cast(MONEY)
    promotion = lines.promotion_id if told else ibis.literal(PROMOTION_UNKNOWN)
    root = lines.bought.ifelse(promotion, ibis.literal(CREDITED_GOODS))
    rows = lines.select(cause=ibis.literal("discount"), amount=amount, root=root)
    return rows.filter(rows.amount != 0)


def require_a_cause(data: Data) -> None:
    """Refuse data that tell neither discounts, nor refunds, nor disputes."""
    if absent := lacks_causes(data):
        raise MissingDataError(
            f"no leak can be told: {', '.join(absent)} is not in these data",
            hint=f"these data have: {', '.join(data.tables)}",
        )


def lacks_causes(data: Data) -> list[str]:
    """Return what the data lack to tell any leak, as ``table.column``; empty where they tell one.

    Examples
    --------
    >>> import pandas as pd
    >>> from marketing_kpi.data.sources import open_data
    >>> orders = pd.DataFrame({"order_id": ["1"], "ordered_at": pd.to_datetime(["2025-01-05"])})
    >>> "returns.refund_amount" in lacks_causes(open_data({"orders": orders}))
    True
    """
    lacking = [missing(FACTS[fact], columns, data) for fact, columns, _causes in _TOLD_BY]
    return [] if not all(lacking) else list(dict.fromkeys(n for names in lacking for n in names))


def untold_causes(data: Data) -> list[str]:
    """Return which of `CAUSES` the data do not tell: `root_causes` is silent on them.

    Examples
    --------
    >>> import pandas as pd
    >>> from marketing_kpi.data.sources import open_data
    >>> orders = pd.DataFrame({"order_id": ["1"], "ordered_at": pd.to_datetime(["2025-01-05"])})
    >>> untold_causes(open_data({"orders": orders})) == [*CAUSES]
    True
    """
    return [
        cause
        for fact, columns, causes in _TOLD_BY
        if missing(FACTS[fact], columns, data)
        for cause in causes
    ]


def _named(found: pd.DataFrame, data: Data) -> pd.DataFrame:
    if not data.has("promotions", "promotion_id", "name"):
        return found.assign(name=None)
    names = data.promotions.select("promotion_id", "name").to_pandas()
    known = names.drop_duplicates("promotion_id").set_index("promotion_id")["name"]
    is_discount = found["cause"] == "discount"
    name = found["root"].map(known).where(is_discount).astype(object)
    return found.assign(name=name.where(name.notna(), None))


def ranked(found: pd.DataFrame) -> pd.DataFrame:
    """Return causes with their shares, the largest amount first; see `root_causes`."""
    rows = found.sort_values(
        ["amount", "cause", "root"], ascending=[False, True, True], kind="stable"
    )
    rows = rows.reset_index(drop=True)
    cents = (rows["amount"] * 10_000).round()  # whole numbers add up exactly
    lost = cents.where(cents >= 0)
    total = lost.sum()
    share = lost / total if total > 0 else lost * float("nan")
    cumulative = lost.cumsum() / total if total > 0 else share
    is_first = (cumulative - share < FIRST_CAUSES) & (cents > 0)
    root = rows["root"].astype(object)
    rows = rows.assign(
        root=root.where(root.notna(), None), share=share, cumulative=cumulative, is_first=is_first
    )
    return rows[[*_COLUMNS]]


_COLUMNS: Sequence[str] = (
    "cause", "root", "name", "times", "amount", "share", "cumulative", "is_first",
)  # fmt: skip
