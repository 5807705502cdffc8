"""What is left of each customer's gross profit once the customer is served."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import ibis
import ibis.expr.types as ir
import pandas as pd

from marketing_kpi.data.model import Data
from marketing_kpi.kpis.curves import best_first
from marketing_kpi.kpis.facts import FACTS, MONEY, missing
from marketing_kpi.kpis.facts.service import (
    COSTS,
    IN_DOUBT,
    TELL_GOODS,
    has_goods,
    has_labour,
    of_unknown_cost,
    returned,
)
from marketing_kpi.kpis.formulas import ratio
from marketing_kpi.kpis.frames import Frame, money, require, same_kind
from marketing_kpi.kpis.periods import midnight
from marketing_kpi.worth.common import Period, answer, require_columns


def lacking_costs(data: Data) -> Mapping[str, tuple[str, ...]]:
    """Say which costs of serving customers these data cannot tell.

    Parameters
    ----------
    data
        What `open_data` returns.

    Returns
    -------
    mapping
        From a column of `profitability` (``gross_profit``, ``fulfilment_cost``, ``payment_cost``,
        ``returns_cost``, ``marketing_cost``: null there), or a part of one (``labour``,
        ``handling``: counted as nothing there), to what the data lack for it, as
        ``table.column``; so too ``restocking``: without it all goods returned count as lost, and
        returns_cost is the most that it can be; and ``goods_returned``: the same holds of returns
        whose goods are of unknown cost. Empty when they have it all.

    Examples
    --------
    >>> from marketing_kpi.data.sources import open_data
    >>> orders = pd.DataFrame({"order_id": ["1"], "customer_id": ["a"], "payment_fee": [0.3],
    ...                        "ordered_at": pd.to_datetime(["2025-01-02"]), "amount": [20.0]})
    >>> lacking_costs(open_data({"orders": orders}))["fulfilment_cost"]
    ('shipments.order_id', 'shipments.transport_cost')
    """
    service = FACTS["service"]
    lacking = {name: tuple(missing(service, [name], data)) for name in ("gross_profit", *COSTS)}
    if not lacking["fulfilment_cost"] and not has_labour(data):
        lacking["labour"] = _absent(data, "labour.day", "labour.cost", "shipments.shipped_at")
    if not lacking["returns_cost"]:
        lacking["handling"] = _absent(data, "returns.handling_cost")
        lacking["restocking"] = _absent(data, "returns.restocked")
        lacking["goods_returned"] = _untold_of_goods(data)
    return MappingProxyType({name: columns for name, columns in lacking.items() if columns})


def _absent(data: Data, *columns: str) -> tuple[str, ...]:
    return tuple(column for column in columns if not data.has(*column.split(".")))


def _untold_of_goods(data: Data) -> tuple[str, ...]:
    """Return what returns lack to lead to the cost of their goods; nothing where all lead there."""
    absent = _absent(data, *(f"returns.{name}" for name in TELL_GOODS))
    if not absent:
        return ()
    rows = returned(data)
    unknown = (rows.customer_id.notnull() & of_unknown_cost(rows)).any()
    return absent if data.connection.to_pyarrow(unknown).as_py() else ()


def profitability(
    data: Data, *, start: str | dt.date, end: str | dt.date
) -> pd.DataFrame | ir.Table:
    """Say what each customer brought in during a period and what serving them cost.

    Parameters
    ----------
    data
        What `open_data` returns.
    start, end
        First day of the period, and the day after its last. Each amount counts at its own date.

    Returns
    -------
    pandas.DataFrame or ibis.Table
        A row an identified customer who bought, returned or was contacted: customer_id; net_sales
        and net_sales_without_cost, the part that gross_profit says nothing of; gross_profit;
        fulfilment_cost (transport, packaging, and an equal part of the month's labour for each
        parcel), payment_cost (fees), returns_cost (handling, and what refunds take away: the
        margin of goods back in stock, all of others and of allowances, nothing of a line whose
        cost is not known; the cost of goods of an unknown line is that of their product, else as
        great a part of the refund as all goods of the order cost of its sales), marketing_cost (an
        equal part of each campaign's cost for each customer it contacted);
        cost_to_serve, their sum; profit; returns_in_doubt, the part of returns_cost that is not
        there if the returned goods of which the data do not say whether they are back
        in stock are so (see `unsure_returns`), and all that goods of unknown cost take away. In
        the data's currency.

        A cost that the data cannot tell is null, never 0: `lacking_costs` names it, cost_to_serve
        is then only what is known, and profit the most that it can be, save where the data do not
        say what is back in stock: all returned counts as lost. profit is null where no line of the
        customer has a known cost. pandas where all tables came as pandas, sorted by customer_id.

    Notes
    -----
    What cannot be traced to a customer is not in it: newsletters and media, rents, salaries. So a
    profit above 0 does not say that the customer pays for those.

    Examples
    --------
    >>> from marketing_kpi.data.sources import open_data
    >>> orders = pd.DataFrame({"order_id": ["1"], "customer_id": ["a"], "payment_fee": [0.3],
    ...                        "ordered_at": pd.to_datetime(["2025-01-02"])})
    >>> lines = pd.DataFrame({"order_id": ["1"], "line_id": ["1"], "quantity": [1.0],
    ...                       "unit_price": [20.0], "unit_cost": [12.0]})
    >>> data = open_data({"orders": orders, "order_lines": lines})
    >>> found = profitability(data, start="2025-01-01", end="2026-01-01")
    >>> found[["customer_id", "gross_profit", "payment_cost", "profit"]]
      customer_id  gross_profit  payment_cost  profit
    0           a           8.0           0.3     7.7
    """
    return answer(data, profits(data, Period.of(start, end)), ["customer_id"])


def known_costs(data: Data) -> tuple[str, ...]:
    """Return the costs of serving customers that the data tell, of `COSTS`."""
    return tuple(name for name in COSTS if not missing(FACTS["service"], [name], data))


def profits(data: Data, period: Period) -> ir.Table:
    """Return what `profitability` does, lazily."""
    service = FACTS["service"]
    require_columns(data, "service", ["customer_id", "net_sales"])
    wanted = ("net_sales", "costed_sales", "gross_profit", *COSTS, IN_DOUBT)
    told = [name for name in wanted if not missing(service, [name], data)]
    events = service.build(data, {"occurred_at", *service.event_columns(told)})
    at = events.occurred_at
    events = events.filter(at >= midnight(period.start), at < midnight(period.end))
    assert service.summarise is not None
    customers = service.summarise(events, [], {"customer_id", *told})
    customers = customers.mutate(**{name: ibis.null(MONEY) for name in wanted if name not in told})
    known = [customers[name] for name in COSTS if name in told]
    cost = sum(known[1:], known[0]) if known else ibis.null(MONEY)
    return customers.select(
        "customer_id",
        "net_sales",
        (customers.net_sales - customers.costed_sales).name("net_sales_without_cost"),
        "gross_profit",
        *COSTS,
        cost_to_serve=cost,
        profit=customers.gross_profit - (cost if known else 0),
        returns_in_doubt=customers[IN_DOUBT].fill_null(0).cast(MONEY),
    )


class UnsureReturns(NamedTuple):
    """The returns of which the data do not say whether the goods are back in stock.

    Attributes
    ----------
    unsure
        How many; where the data say it of none, all.
    returns
        All returns of goods of identified customers.
    """

    unsure: int
    returns: int


def unsure_returns(data: Data, *, start: str | dt.date, end: str | dt.date) -> UnsureReturns:
    """Count the returns of which it is not known whether the goods are back in stock.

    In `profitability` they count as lost: returns_in_doubt says what hangs on it.

    Parameters
    ----------
    data
        What `open_data` returns; without returns, there are none.
    start, end
        First day of the period, and the day after its last, of the returns.

    Examples
    --------
    >>> from marketing_kpi.data.sources import open_data
    >>> orders = pd.DataFrame({"order_id": ["1"], "customer_id": ["a"],
    ...                        "ordered_at": pd.to_datetime(["2025-01-02"]), "amount": [20.0]})
    >>> back = pd.DataFrame({"return_id": ["1", "2"], "order_id": ["1", "1"],
    ...                      "returned_at": pd.to_datetime(["2025-01-09"] * 2),
    ...                      "refund_amount": [5.0, 5.0], "restocked": [True, None]})
    >>> data = open_data({"orders": orders, "returns": back})
    >>> unsure_returns(data, start="2025-01-01", end="2026-01-01")
    UnsureReturns(unsure=1, returns=2)
    """
    period = Period.of(start, end)
    if missing(FACTS["service"], ["returns_cost"], data):
        return UnsureReturns(0, 0)
    rows = returned(data)
    at = rows.occurred_at
    rows = rows.filter(
        rows.customer_id.notnull(), at >= midnight(period.start), at < midnight(period.end)
    )
    goods = rows.filter(has_goods(rows))
    counts = goods.aggregate(unsure=goods.is_back.isnull().sum().fill_null(0), all=goods.count())
    (row,) = counts.to_pyarrow().to_pylist()
    return UnsureReturns(int(row["unsure"]), int(row["all"]))


class Unprofitable(NamedTuple):
    """The customers who cost more than they bring.

    Attributes
    ----------
    customers
        Customers whose profit is known.
    unprofitable
        Those among them whose profit is below 0.
    share
        unprofitable / customers; null without customers.
    loss
        What those lost together, as an amount of at least 0, in the data's currency.
    profit
        What all customers left together; null without customers.
    profit_without
        What the others left: profit + loss; null without customers. Not what the shop would earn
        by sending them away: shared costs would stay.
    unknown
        Customers whose profit is not known.
    silent, silent_loss
        Of the unprofitable, those who bought nothing in the period, and what they cost: returns
        of earlier orders, messages that brought none. The others lose on what they buy.
    doubtful
        Of the unprofitable, those who also bought goods whose cost is not known: these left some
        margin too, which is not counted.
    """

    customers: int
    unprofitable: int
    share: float | None
    loss: float
    profit: float | None
    profit_without: float | None
    unknown: int
    silent: int
    silent_loss: float
    doubtful: int


def unprofitable(profits: Frame) -> Unprofitable:
    """Count the customers who cost more than they bring, and what they lose.

    Parameters
    ----------
    profits
        What `profitability` returns.

    Examples
    --------
    >>> profits = pd.DataFrame({"net_sales": [90.0, 50.0, 80.0, 20.0],
    ...                         "net_sales_without_cost": [0.0, 0.0, 0.0, 20.0],
    ...                         "profit": [30.0, -10.0, 60.0, None]})
    >>> unprofitable(profits)[:4]
    (3, 1, 0.3333333333333333, 10.0)
    """
    read = ["net_sales", "net_sales_without_cost", "profit"]
    require(profits, read, "profits")

    def query(rows: ir.Table) -> ir.Table:
        exact = rows.select(
            profit=money(rows.profit),
            sales=money(rows.net_sales),
            unknown=money(rows.net_sales_without_cost),
        )
        profit = exact.profit
        silent = (profit < 0) & (exact.sales == 0)
        return exact.aggregate(
            customers=profit.count(),
            rows=exact.count(),
            unprofitable=(profit < 0).sum().fill_null(0),
            loss=(-profit.sum(where=profit < 0)).cast("float64").fill_null(0.0),
            profit=profit.sum().cast("float64"),
            silent=silent.sum().fill_null(0),
            silent_loss=(-profit.sum(where=silent)).cast("float64").fill_null(0.0),
            doubtful=((profit < 0) & (exact.unknown > 0)).sum().fill_null(0),
        )

    if isinstance(profits, ir.Table):
        found = query(profits).execute().iloc[0]
    else:
        found = same_kind(profits[read], query).iloc[0]
    customers, below, loss = int(found.customers), int(found.unprofitable), float(found.loss)
    total = float(found.profit) if customers else None
    return Unprofitable(
        customers=customers,
        unprofitable=below,
        share=below / customers if customers else None,
        loss=loss,
        profit=total,
        profit_without=None if total is None else total + loss,
        unknown=int(found.rows) - customers,
        silent=int(found.silent),
        silent_loss=float(found.silent_loss),
        doubtful=int(found.doubtful),
    )


def whale_curve(profits: Frame, *, points: int = 100) -> Frame:
    """Draw the curve of cumulated profit, the most profitable customers first.

    Parameters
    ----------
    profits
        What `profitability` returns; customers whose profit is not known are left out.
    points
        How many points at most, above 0.

    Returns
    -------
    pandas.DataFrame or ibis.Table
        customers_share and profit_share, both cumulated from the most profitable customer on, and
        profit, the cumulated amount; sorted by customers_share (pandas). profit_share is of the
        profit of all, and rises above 1 before unprofitable customers take the rest back; null
        where all together leave nothing or lose. (0, 0) is not in it, (1, 1) is.

    Examples
    --------
    >>> whale_curve(pd.DataFrame({"profit": [30.0, -20.0, 90.0, 0.0]}))
       customers_share  profit_share  profit
    0             0.25           0.9    90.0
    1             0.50           1.2   120.0
    2             0.75           1.2   120.0
    3             1.00           1.0   100.0
    """
    require(profits, ["profit"], "profits")

    def curve(rows: ir.Table) -> ir.Table:
        steps = best_first(rows.profit, points=points)
        return steps.select(
            "customers_share",
            profit_share=ratio(steps.gained, steps.total),
            profit=steps.gained.cast("float64"),
        )

    if isinstance(profits, ir.Table):
        return curve(profits)
    result = same_kind(profits[["profit"]], curve)
    return result.sort_values("customers_share").reset_index(drop=True)
