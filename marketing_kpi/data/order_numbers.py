"""Whether the number of an order names one order, told by how the numbers lie in an extract.

Tills begin at 1 again every day, month or year, and stores number alike: what has one number is
then several orders, and counts as one. Sound orders look much the same when their lines come on
different days (late deliveries, layaways, subscriptions) or from different stores. No single count
tells the two apart, so these are asked, and an error is only told where all agree:

- *Long*: two uses of one number lie half of the extract apart on average where numbers begin again
  once, and a third of it where they come at random; an order delivered in parts lasts less.
- *No new numbers*: where numbers begin again, later days hold hardly a new one. Even when the
  second of two years sells twice as much as the first, a third of the tickets falls on such days;
  of orders delivered in two parts, only those that follow the last order of the extract do.
- *Customers*: two orders that share a number nearly always have different customers. Where they
  have not, the customer is an account of the house (or one a till), and not who orders: an account
  has many numbers, and those of each account begin at the same one. Subscribers have one number,
  and the orders of clients are numbered for all of them together.
- *Far apart*: where not enough begins again to be seen by day (a part of the tills), some orders
  last longer than partial deliveries do, and a good part of the extract.
- *Even steps*: lines of one number, one product and about one amount, a week or a month apart each
  time, are of a contract, whoever numbers it.
- *Stores*: orders of several stores and one customer are each one order, which the stores deliver;
  so are those whose lines have one time of the day.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Mapping as MappingType
from typing import TYPE_CHECKING

from marketing_kpi.data.mapping import LINE_VALUE
from marketing_kpi.data.model import Finding, Level, shown
from marketing_kpi.data.words import written

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from marketing_kpi.data.mapping import Mapping
    from marketing_kpi.data.model import JSON

# Of fewer, nothing is judged: orders of several lines, and tickets (an order on a day).
_FEWEST_ORDERS, _FEWEST_TICKETS = 10, 30
# What hardly ever happens, what few and nearly all do, and a good part of the whole.
_HARDLY_ANY, _FEW, _NEARLY_ALL, _A_THIRD, _HALF = 0.01, 0.2, 0.8, 1 / 3, 0.5
# Partial deliveries may be weeks apart.
_FAR_APART_DAYS = 31
_NUMBERS_OF_AN_ACCOUNT = 5
# Tills begin again every day; the lines of a contract lie farther apart, one month like another.
_SHORTEST_STEP, _FEWEST_STEPS, _EVEN = 6, 2, 1.25
_ONE_AMOUNT = 1.5

# Who may number orders from 1, and whose an order is alone.
_OWNERS = ("store_id", "customer_id")
_LINES = "lines_of_order"
_DAYS_APART = "days_apart"
_EXAMPLES = 5
_Counted = MappingType[str, int]


def differing_lines(
    sales: ir.Table, names: Sequence[str], mapping: Mapping, *, where: str
) -> Iterator[Finding]:
    """Say what differs from line to line of an order: its day, and the columns of orders.

    Parameters
    ----------
    sales
        A row a sale line.
    names
        Its columns that are of the order, beside its number and its time.
    mapping
        How the number of an order is made.
    where
        What to call the source in findings.
    """
    counted = _counted(sales, names)
    if _are_used_again(counted):
        counted |= _contracts(sales)
    if counted["several_days"]:
        yield _several_days(sales, counted, mapping, where)
    shared_by = _shared_by(counted, mapping)
    for name in names:
        if name == shared_by:
            yield _numbers_shared(sales, counted, name, mapping, where)
        elif counted[name]:
            code = "several_texts" if sales[name].type().is_string() else "several_values"
            count, total = counted[name], counted["orders"]
            yield Finding(code, "suspicious", where, name, count, total, details={"orders": total})


def _counted(sales: ir.Table, names: Sequence[str]) -> dict[str, int]:
    """Count the orders, those whose lines differ, and, if days do, how the numbers lie."""
    extremes = {f"least_{name}": sales[name].min() for name in names}
    extremes |= {f"greatest_{name}": sales[name].max() for name in names}
    orders = sales.group_by("order_id").aggregate(
        **extremes,
        **{_LINES: sales.count(), _DAYS_APART: _days_apart(sales.ordered_at)},
        first=sales.ordered_at.min(),
        last=sales.ordered_at.max(),
    )
    apart = orders[_DAYS_APART]
    far = apart > _FAR_APART_DAYS
    whole = orders["last"].max().date().delta(orders["first"].min().date(), unit="day")
    counts = {name: _differ(orders, name).sum() for name in names}
    counts |= _by_customer_and_store(orders, names)
    counted = _row(
        orders.aggregate(
            orders=orders.count(),
            several_lines=(orders[_LINES] > 1).sum(),
            several_days=(apart > 0).sum(),
            longest=apart.max(),
            days_apart_in_all=apart.sum(),
            far_apart=far.sum(),
            days_far_apart=apart.sum(where=far),
            days_of_extract=whole,
            **counts,
        )
    )
    if "customer_id" in names:
        counted |= _accounts(orders)
    if counted["several_days"]:
        counted |= _tickets(sales)
    if counted["several_days"] and "customer_id" in names:
        counted |= _begin_alike(orders)
    return counted


def _row(counts: ir.Table) -> dict[str, int]:
    return {name: int(n or 0) for name, n in counts.to_pyarrow().to_pylist()[0].items()}


def _days_apart(moments: ir.TimestampColumn) -> ir.IntegerScalar:
    return moments.max().date().delta(moments.min().date(), unit="day")


def _differ(orders: ir.Table, name: str) -> ir.BooleanColumn:
    return orders[f"least_{name}"] != orders[f"greatest_{name}"]


def _has_time(moments: ir.TimestampColumn) -> ir.BooleanColumn:
    return moments != moments.truncate("D")


def _by_customer_and_store(orders: ir.Table, names: Sequence[str]) -> dict[str, ir.Scalar]:
    """Count the orders of several days, or stores, by whether they have several customers."""
    counts: dict[str, ir.Scalar] = {}
    several_days = orders[_DAYS_APART] > 0
    if "store_id" in names:
        of_stores = _differ(orders, "store_id")
        counts["stores_of_several_days"] = (of_stores & several_days).sum()
        at_once = (orders["first"] == orders["last"]) & _has_time(orders["first"])
        counts["stores_at_once"] = (of_stores & at_once).sum()
    if "customer_id" in names:
        differ = _differ(orders, "customer_id")
        counts["one_customer"] = (~differ & several_days).sum()
        counts["several_customers"] = (differ & several_days).sum()
    if {"store_id", "customer_id"} <= {*names}:
        of_stores = _differ(orders, "store_id")
        counts["one_customer_of_stores"] = (~differ & of_stores).sum()
        counts["several_customers_of_stores"] = (differ & of_stores).sum()
    return counts


def _accounts(orders: ir.Table) -> dict[str, int]:
    """Count the customers, their orders and those of the greatest one."""
    known = orders.filter(~_differ(orders, "customer_id"))
    each = known.group_by("least_customer_id").aggregate(n=known.count())
    return _row(
        each.aggregate(accounts=each.count(), of_the_greatest=each.n.max(), of_all=each.n.sum())
    )


def _begin_alike(orders: ir.Table) -> dict[str, int]:
    """Count the customers whose least number is the same one, whichever most of them have.

    The number of an order is the last one in its identifier; the first one where the last is of
    something else (a till, a year), which several orders of a customer share.
    """
    known = orders.filter(~_differ(orders, "customer_id"))
    known = known.mutate(
        first_number=known.order_id.re_extract(r"^\D*(\d+)", 1).try_cast("float64"),
        last_number=known.order_id.re_extract(r"(\d+)\D*$", 1).try_cast("float64"),
    )
    last = known.last_number
    each = known.group_by("least_customer_id").aggregate(
        begin=(last.nunique() == known.count()).ifelse(last.min(), known.first_number.min())
    )
    numbered = each.filter(each.begin.notnull())
    alike = numbered.group_by("begin").aggregate(n=numbered.count())
    return _row(alike.aggregate(begin_alike=alike.n.max()))


def _tickets(sales: ir.Table) -> dict[str, int]:
    """Count the tickets (an order on a day), and those of days that hold hardly a new number."""
    tickets = sales.select("order_id", day=sales.ordered_at.date()).distinct()
    begun = tickets.group_by("order_id").aggregate(day=tickets.day.min())
    new = begun.group_by("day").aggregate(new=begun.count())
    seen = tickets.group_by("day").aggregate(seen=tickets.count())
    days = seen.left_join(new, "day")
    few = days.new.fill_null(0) < _FEW * days.seen
    return _row(days.aggregate(tickets=days.seen.sum(), seen_before=days.seen.sum(where=few)))


def _contracts(sales: ir.Table) -> dict[str, int]:
    """Count the orders of one product and about one amount whose lines lie evenly apart."""
    import ibis

    if "product_id" not in sales.columns:
        return {}
    lines = sales.select(
        "order_id", "product_id", value=sales[LINE_VALUE], day=sales.ordered_at.date()
    )
    of_order = ibis.window(group_by="order_id", order_by="day")
    steps = lines.mutate(step=lines.day.delta(lines.day.lag().over(of_order), unit="day"))
    orders = steps.group_by("order_id").aggregate(
        steps=steps.step.count(),
        shortest=steps.step.min(),
        longest=steps.step.max(),
        least=steps.value.min(),
        greatest=steps.value.max(),
        first_code=steps.product_id.min(),
        last_code=steps.product_id.max(),
    )
    is_even = (orders.shortest >= _SHORTEST_STEP) & (orders.longest <= _EVEN * orders.shortest)
    is_one = orders.first_code == orders.last_code
    is_one = is_one & (orders.greatest <= _ONE_AMOUNT * orders.least)
    told = is_even & is_one & (orders.steps >= _FEWEST_STEPS)
    return _row(orders.aggregate(contracts=told.fill_null(False).sum()))


def _are_used_again(counted: _Counted) -> bool:
    """Whether the same numbers must name several orders, on different days."""
    several = counted["several_days"]
    if not several or counted.get("contracts", 0) > _HALF * several:
        return False
    is_long = counted["days_apart_in_all"] > _A_THIRD * several * counted["days_of_extract"]
    begin_again = (
        counted["tickets"] >= _FEWEST_TICKETS
        and is_long
        and counted["seen_before"] > _A_THIRD * counted["tickets"]
    )
    if _have_one_customer(counted, several, ""):
        return begin_again and _are_accounts(counted)
    return begin_again or _are_far_apart(counted)


def _are_accounts(counted: _Counted) -> bool:
    """Whether the customers are accounts of the house."""
    have_many = counted["of_all"] >= _NUMBERS_OF_AN_ACCOUNT * counted["accounts"]
    return have_many and counted["begin_alike"] > _NEARLY_ALL * counted["accounts"]


def _are_far_apart(counted: _Counted) -> bool:
    """Whether too many orders last longer than partial deliveries do."""
    far = counted["far_apart"]
    is_long = counted["days_far_apart"] > _A_THIRD * far * counted["days_of_extract"]
    return far > _HARDLY_ANY * counted["orders"] and is_long


def _have_one_customer(counted: _Counted, orders: int, which: str) -> bool:
    """Whether orders that look like several are each of one customer, as far as that is known."""
    one = counted.get(f"one_customer{which}", 0)
    several = counted.get(f"several_customers{which}", 0)
    return one + several > _HALF * orders and several <= _HARDLY_ANY * (one + several)


def _several_days(sales: ir.Table, counted: _Counted, mapping: Mapping, where: str) -> Finding:
    """Say that lines of an order fall on different days: late lines, or a number used again."""
    used_again = _are_used_again(counted)
    code = "numbers_used_again" if used_again else "several_days"
    level: Level = "error" if used_again else "suspicious"
    column = "order_id" if used_again else "ordered_at"
    orders = sales.group_by("order_id").aggregate(
        first_day=sales.ordered_at.min().date(),
        last_day=sales.ordered_at.max().date(),
        **{_DAYS_APART: _days_apart(sales.ordered_at)},
    )
    furthest = orders.filter(orders[_DAYS_APART] > 0).order_by(
        orders[_DAYS_APART].desc(), "order_id"
    )
    details: dict[str, JSON] = {
        "orders": counted["orders"],
        "longest": counted["longest"],
        "remedy": _numbered_also_by(mapping, mapping.columns["ordered_at"][:1]),
    }
    examples = shown(furthest.drop(_DAYS_APART).limit(_EXAMPLES).to_pyarrow().to_pylist())
    count, total = counted["several_days"], counted["orders"]
    return Finding(code, level, where, column, count, total, examples, details)


def _shared_by(counted: _Counted, mapping: Mapping) -> str | None:
    """Return whose orders have the same numbers, if many of those of several lines are so.

    Numbers used again on other days explain both: the day is to be mended first.
    """
    several = counted["several_lines"]
    if several < _FEWEST_ORDERS or _are_used_again(counted):
        return None
    for name in _OWNERS:
        mixed = counted.get(name, 0)
        if mixed > _FEW * several:
            is_split = name == "store_id" and _are_split(counted, mixed, mapping)
            return None if is_split else name
    return None


def _are_split(counted: _Counted, mixed: int, mapping: Mapping) -> bool:
    """Whether orders of several stores are each one order, which several stores deliver.

    Their lines have one time of the day, at which two tills would hardly reach the same number. Or
    they are of one customer; where that is nearly always the same one, the days tell: two stores
    do not reach a number on the same day.
    """
    if counted["stores_at_once"] > _NEARLY_ALL * mixed:
        return True
    if not _have_one_customer(counted, mixed, "_of_stores"):
        return False
    if counted["of_the_greatest"] <= _NEARLY_ALL * counted["of_all"]:
        return True
    days_tell = counted["days_of_extract"] > 0 and not mapping.is_numbered_by_day
    return days_tell and counted["stores_of_several_days"] <= _NEARLY_ALL * mixed


def _numbers_shared(
    sales: ir.Table, counted: _Counted, owner: str, mapping: Mapping, where: str
) -> Finding:
    """Say that stores (or customers) have orders of the same number, which count as one."""
    orders = sales.group_by("order_id").aggregate(first=sales[owner].min(), last=sales[owner].max())
    mixed = orders.filter(orders["first"] != orders["last"]).order_by("order_id").limit(_EXAMPLES)
    total = counted["several_lines"]
    details: dict[str, JSON] = {
        "orders": total,
        "owner": owner,
        "remedy": _numbered_also_by(mapping, mapping.columns.get(owner, (owner,))),
    }
    count, examples = counted[owner], shown(mixed.to_pyarrow().to_pylist())
    return Finding("numbers_shared", "error", where, "order_id", count, total, examples, details)


def _numbered_also_by(mapping: Mapping, parts: Sequence[str]) -> str:
    """Return the line of the mapping that makes source columns a part of the number of orders."""
    # At the end: returns and rows to leave out are known by how the number begins.
    sources = [*mapping.columns["order_id"], *parts]
    return f"order_id: [{', '.join(map(written, sources))}]"
