"""The ledger against what the data say: each month and account, and why the two differ."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

import ibis
import ibis.expr.types as ir
import pandas as pd

from marketing_kpi.accounts.steps import (
    ACCOUNTS,
    DEDUCTIONS,
    accounts,
    rows_of,
    tells_one_price,
    within,
)
from marketing_kpi.errors import ComputeError, MissingDataError
from marketing_kpi.kpis.facts import FACTS, MONEY, missing
from marketing_kpi.kpis.periods import Periods, shift
from marketing_kpi.worth.common import Period, answer, check

if TYPE_CHECKING:
    from marketing_kpi.data.model import Data

TOLERANCE = 0.005
"""Half a cent: sums of amounts in cents differ by less when they are equal."""

REASONS = ("timing", "manual_entry", "not_in_data", "not_in_ledger", "untold")
"""What a gap shows of its reason; see `gaps`."""

SalesAt = Literal["recognised", "ordered"]
"""When sales count in a reconciliation: when their revenue is recognised, or when ordered."""

_LATEST = 2  # months within which an entry made late is given back
_FACTS: dict[SalesAt, str] = {"recognised": "recognised", "ordered": "sales_and_deductions"}
_CLOSER = 10  # times as close to one date of sales as to the other: a convention
_FEWEST_MONTHS = 3  # of fewer, being closer shows no rule; agreeing to the cent does


def reconciliation(
    data: Data, *, start: str | dt.date, end: str | dt.date, at: SalesAt = "recognised"
) -> pd.DataFrame | ir.Table:
    """Hold the ledger against what the orders, returns and disputes say, by month and account.

    Parameters
    ----------
    data
        What `open_data` returns, with a ledger.
    start, end
        The first day of the period and the day after its last, both the first of a month.
    at
        When sales count: ``"recognised"``, when their revenue is, or ``"ordered"``, at the date of
        the order; see `gaps`. What is given back counts at its own date.

    Returns
    -------
    pandas.DataFrame or ibis.expr.types.Table
        A row a month and account: ``month``, ``account`` (see `ACCOUNTS`), ``ledger`` (what
        finance says; null where it says nothing), ``ours`` (null where the data do not tell the
        account), ``gap``, the first less the second. Deductions are positive, so that a gap of
        one lowers revenue by as much; those that a ledger writes below 0, all months taken
        together, are read with the other sign. Discounts below 0 may be prices paid above the
        list: they are read with the sign by which more months agree, with the ledger's own
        revenue and with the data. A month with a line that tells only one of its two
        prices, paid and at list, tells neither gross sales nor discounts. pandas when the tables
        came as pandas, else lazy.

    Raises
    ------
    ComputeError
        When a bound cuts a month, or `at` is none of these.
    MissingDataError
        When the data lack a ledger, or net sales and when they are recognised, or tell none of its
        accounts; see `lacks_books`.

    Notes
    -----
    ``gap = ledger - ours``; that of the account revenue is the KPI `reconciliation_gap`. A gap of
    one account and month, given back by the next, is a matter of dates; one that stays is not.

    Examples
    --------
    >>> import pandas as pd
    >>> from marketing_kpi.data.sources import open_data
    >>> tables = {
    ...     "orders": pd.DataFrame({
    ...         "order_id": ["1"], "amount": [90.0],
    ...         "ordered_at": pd.to_datetime(["2025-01-30"]),
    ...         "recognised_at": pd.to_datetime(["2025-02-02"]),
    ...     }),
    ...     "returns": pd.DataFrame({
    ...         "return_id": ["r"], "order_id": ["1"], "refund_amount": [20.0],
    ...         "returned_at": pd.to_datetime(["2025-02-10"]), "kind": ["return"],
    ...     }),
    ...     "ledger": pd.DataFrame({
    ...         "month": pd.to_datetime(["2025-02-01"]), "account": ["refunds"], "amount": [15.0],
    ...     }),
    ... }
    >>> with open_data(tables) as data:
    ...     found = reconciliation(data, start="2025-01-01", end="2025-03-01")
    >>> found[found.account == "refunds"][["ledger", "ours", "gap"]].values.tolist()
    [[15.0, 20.0, -5.0]]
    """
    if at not in get_args(SalesAt):
        raise ComputeError(f"at == {at!r}, must be one of: {', '.join(get_args(SalesAt))}")
    period = Period.of(start, end)
    for name, bound in zip(("start", "end"), period, strict=True):
        if bound.day != 1:
            raise ComputeError(
                f"{name} == {bound} cuts a month, and the ledger is only known by month",
                hint="start and end on the first day of a month",
            )
    if not data.has("ledger", "month", "account", "amount"):
        raise MissingDataError(
            "ledger.month, ledger.account or ledger.amount is not in these data",
            hint=f"these data have: {', '.join(data.tables)}",
        )
    ours, told = _ours_by_account(data, period, at)
    both = ibis.union(_ledger_by_account(data, period, ours), ours)
    found = both.group_by("month", "account").aggregate(
        ledger=both.ledger.sum(), ours=both.ours.sum(), untold=both.untold.max()
    )
    is_nothing = found.account.isin(told) & (found.untold == 0)
    nothing = is_nothing.ifelse(ibis.literal(0, MONEY), None)
    found = found.mutate(ours=ibis.coalesce(found.ours.cast(MONEY), nothing)).drop("untold")
    found = found.mutate(gap=found.ledger - found.ours)
    return answer(data, found.order_by("month", "account"), ["month", "account"])


def _ours_by_account(data: Data, period: Period, at: SalesAt) -> tuple[ir.Table, list[str]]:
    rows = within(rows_of(_FACTS[at], data), period)
    rows = rows.mutate(month=rows.occurred_at.truncate("M").date())
    made = _told_of(rows)
    if not made:
        absent = ", ".join(missing(FACTS["books"], ["recognised"], data))
        raise MissingDataError(
            "no account of a ledger can be made from these data", hint=f"they lack {absent}"
        )
    if "gross_sales" in made:
        is_told = tells_one_price(rows) == 0
        made |= {name: is_told.ifelse(made[name], None) for name in ACCOUNTS[:2]}
    wide = rows.group_by("month").aggregate(**made)
    tall = [
        wide.select(
            month=wide.month,
            account=ibis.literal(name),
            ledger=ibis.null(MONEY),
            ours=wide[name],
            untold=wide[name].isnull().cast("int32"),
        )
        for name in made
    ]
    return (ibis.union(*tall) if len(tall) > 1 else tall[0]), [*made]


def _told_of(rows: ir.Table) -> dict[str, ir.Value]:
    """Return the accounts of a ledger that rows tell."""
    return {name: made for name, made in accounts(rows).items() if name in ACCOUNTS}


def _ledger_by_account(data: Data, period: Period, ours: ir.Table) -> ir.Table:
    ledger = data.table("ledger")
    month = ledger.month.cast("timestamp").truncate("M").date()
    rows = ledger.select(
        month=month,
        account=ledger.account,
        ledger=ledger.amount.cast(MONEY),
        ours=ibis.null(MONEY),
        untold=ibis.literal(0, "int32"),
    )
    # A ledger whose accounts add up to revenue by themselves writes deductions below 0.
    is_below = rows.ledger.sum().over(ibis.window(group_by="account")) < 0
    is_turned = is_below & rows.account.isin(DEDUCTIONS[1:])
    rows = rows.mutate(ledger=is_turned.ifelse(-rows.ledger, rows.ledger))
    signed = rows.cross_join(_sign_of_discounts(rows, ours))
    is_turned = (signed.account == "discounts") & signed.writes_below
    rows = signed.mutate(ledger=is_turned.ifelse(-signed.ledger, signed.ledger))
    rows = rows.drop("writes_below").filter(rows.account.isin(ACCOUNTS))
    return rows.filter(rows.month >= period.start, rows.month < period.end)


def _sign_of_discounts(rows: ir.Table, ours: ir.Table) -> ir.Table:
    """Return one row: whether a ledger, its other deductions above 0, writes discounts below."""
    names = ("gross_sales", "revenue", "discounts")
    each = rows.group_by("month").aggregate(
        **{name: rows.ledger.sum(where=rows.account == name) for name in names},
        given_back=rows.ledger.sum(where=rows.account.isin(DEDUCTIONS[1:])),
    )
    theirs = ours.filter(ours.account == "discounts").select(at=ours.month, ours=ours.ours)
    each = each.left_join(theirs, each.month == theirs["at"])
    left = each.gross_sales - each.given_back.fill_null(0) - each.revenue

    def agree(one: ir.NumericValue, other: ir.NumericValue) -> ir.IntegerValue:
        apart = (one - other).cast("float64").abs()
        return (apart <= TOLERANCE).fill_null(False).cast("int32")

    below = agree(-each.discounts, left) + agree(-each.discounts, each.ours)
    above = agree(each.discounts, left) + agree(each.discounts, each.ours)
    votes = each.aggregate(votes=(below - above).sum(), total=each.discounts.sum())
    writes_below = (votes.votes > 0) | ((votes.votes == 0) & (votes.total < 0))
    return votes.select(writes_below=writes_below.fill_null(False))


class Gaps(NamedTuple):
    """What a reconciliation found.

    Attributes
    ----------
    months, compared
        Of how many months both sides tell something, and how many pairs of month and account.
    agreeing
        Of these, those that differ by no more than the tolerance.
    one_sided
        Months of each account that only one side tells: nothing can be said of them.
    found
        A row a gap to explain, in order of time: ``month``, ``account``, ``ledger``, ``ours``,
        ``gap`` (ledger less ours; of revenue, what its accounts do not bring about),
        ``on_revenue`` (by how much the ledger's revenue differs for it: that of a deduction, with
        the sign turned), ``reason`` (see `gaps`), ``other_month`` (timing: the month that gives
        it back, or that it gives back; else null).
    net
        What the gaps together do to the ledger's revenue.
    revenue
        A row a month: ``month``, ``gap`` of the account revenue, null where one side is silent.
    by_date
        How many figures of a ledger that books sales at the date of the order differ from the data
        at the date of recognition, and agree at the date of the order; 0 of any other ledger.
    at
        The date of sales at which all of this holds the ledger against the data.
    """

    months: int
    compared: int
    agreeing: int
    one_sided: dict[str, int]
    found: pd.DataFrame
    net: float
    revenue: pd.DataFrame
    by_date: int = 0
    at: SalesAt = "recognised"


def gaps(
    reconciled: pd.DataFrame | ir.Table,
    *,
    ordered: pd.DataFrame | ir.Table | None = None,
    months: Sequence[tuple[dt.date, dt.date]] | None = None,
    tolerance: float = TOLERANCE,
) -> Gaps:
    """List where the ledger and the data differ, each with the reason that the figures show.

    Parameters
    ----------
    reconciled
        What `reconciliation` returns.
    ordered
        What it returns of the same period with ``at="ordered"``. A ledger that agrees with it to
        the cent wherever it does not with `reconciled`, or that is ten times as close to it over
        three months or more, books sales at the date of the order: it is held against the data at
        that date. None leaves that out.
    months
        The months to tell of, as `compared_months` returns them; by default all that are there.
        The others only show where a gap is given back.
    tolerance
        Difference, in the data's currency, that is none.

    Returns
    -------
    Gaps
        Each gap once: revenue differs wherever one of its deductions does, and that is not listed
        again; what is left of revenue's gap without them is. Reasons: ``timing``, where the same
        account gives the same amount back within two months; ``manual_entry``, where the ledger's
        revenue is not what its own accounts make, so that the amount was entered on revenue
        alone; ``not_in_data``, where the ledger has more of an account than the data;
        ``not_in_ledger``, where it has less; ``untold``, where revenue differs and the accounts
        to explain it are not told on both sides. Only the first two are explanations: the others
        say on which side to look.

    Raises
    ------
    ComputeError
        When `tolerance` is below 0.

    Notes
    -----
    Two unlike gaps of one amount and opposite signs, in one account and within two months, look
    like timing: read the entries before you close it.

    Examples
    --------
    >>> import pandas as pd
    >>> months = pd.to_datetime(["2025-06-01", "2025-07-01"] * 2)
    >>> rows = pd.DataFrame({"month": months, "account": ["refunds"] * 2 + ["revenue"] * 2,
    ...     "ledger": [60.0, 90.0, 940.0, 910.0], "ours": [80.0, 70.0, 920.0, 930.0]})
    >>> found = gaps(rows.assign(gap=rows.ledger - rows.ours)).found
    >>> found[["account", "gap", "on_revenue", "reason"]].values.tolist()
    [['refunds', -20.0, 20.0, 'timing'], ['refunds', 20.0, -20.0, 'timing']]
    """
    check("tolerance", tolerance)
    rows = recognised = _executed(reconciled)
    at: SalesAt = "recognised"
    if ordered is not None and _books_when_ordered(recognised, _executed(ordered), tolerance):
        rows, at = _executed(ordered), "ordered"
    both = rows.dropna(subset=["ledger", "ours"])
    roots = [root for month in _by_month(both) for root in _roots(month, tolerance)]
    found = pd.DataFrame(_with_timing(roots, tolerance), columns=[*_ROOT])
    rows, both, found = (_of_months(frame, months) for frame in (rows, both, found))
    apart = both[both["gap"].abs() > tolerance]
    dated = _side_by_side(_of_months(recognised, months), rows)
    by_date = (dated["gap"].abs() > tolerance) & (dated["gap_ordered"].abs() <= tolerance)
    times = rows.loc[rows["gap"].isna(), "account"].value_counts().to_dict()
    found = found.astype({"month": "datetime64[us]", "account": rows["account"].dtype})
    found = found.merge(rows[["month", "account", "ledger", "ours"]], on=["month", "account"])
    found["other_month"] = pd.to_datetime(found["other_month"])
    sign = found["account"].isin(DEDUCTIONS).map({True: -1.0, False: 1.0}).astype("float64")
    found = found.assign(on_revenue=sign * found["gap"].astype("float64"))
    return Gaps(
        months=int(both["month"].nunique()),
        compared=len(both),
        agreeing=len(both) - len(apart),
        one_sided={name: times[name] for name in ACCOUNTS if name in times},
        found=found[[*_COLUMNS]],
        net=round(float(found["on_revenue"].sum()), 4),
        revenue=rows.loc[rows["account"] == "revenue", ["month", "gap"]].reset_index(drop=True),
        by_date=int(by_date.sum()),
        at=at,
    )


def _books_when_ordered(recognised: pd.DataFrame, ordered: pd.DataFrame, tolerance: float) -> bool:
    """Say whether a ledger books sales at the date of the order, not when revenue is recognised."""
    both = _side_by_side(recognised, ordered)
    apart = both[(both["gap"] - both["gap_ordered"]).abs() > tolerance]
    if apart.empty:
        return False
    if (apart["gap_ordered"].abs() <= tolerance).all():
        return True
    closer = _CLOSER * apart["gap_ordered"].abs().sum() <= apart["gap"].abs().sum()
    return bool(closer) and apart["month"].nunique() >= _FEWEST_MONTHS


def _side_by_side(recognised: pd.DataFrame, ordered: pd.DataFrame) -> pd.DataFrame:
    """Return the figures that both tell: the gap when recognised, and when ordered."""
    both = recognised.merge(ordered, on=["month", "account"], suffixes=("", "_ordered"))
    return both.dropna(subset=["gap", "gap_ordered"])


_COLUMNS = (
    "month", "account", "ledger", "ours", "gap", "on_revenue", "reason", "other_month",
)  # fmt: skip
_ROOT = ("month", "account", "gap", "reason", "other_month")
_Root = dict[str, Any]


def _of_months(
    frame: pd.DataFrame, months: Sequence[tuple[dt.date, dt.date]] | None
) -> pd.DataFrame:
    """Return the rows of some spans of months; all without any."""
    if months is None:
        return frame
    at = pd.to_datetime(frame["month"])
    within = [(at >= pd.Timestamp(start)) & (at < pd.Timestamp(end)) for start, end in months]
    return frame[pd.concat(within, axis=1).any(axis=1)] if within else frame.iloc[:0]


def _executed(reconciled: pd.DataFrame | ir.Table) -> pd.DataFrame:
    frame = reconciled if isinstance(reconciled, pd.DataFrame) else reconciled.to_pandas()
    amounts = dict.fromkeys(("ledger", "ours", "gap"), "float64")
    frame = frame.astype({**amounts, "month": "datetime64[us]"})
    # Money is counted in ten-thousandths; floats of it are a hair off.
    return frame.assign(gap=(frame["ledger"] - frame["ours"]).round(4))


def _by_month(both: pd.DataFrame) -> Iterator[tuple[pd.Timestamp, dict[str, float]]]:
    """Yield each month with the gap of each account, in order of time."""
    for month in sorted(both["month"].unique()):
        rows = both[both["month"] == month]
        yield pd.Timestamp(month), dict(zip(rows["account"], rows["gap"], strict=True))


def _roots(month: tuple[pd.Timestamp, dict[str, float]], tolerance: float) -> Iterator[_Root]:
    """Yield the gaps of a month that are not the mere consequence of another one."""
    at, gap = month
    for account in sorted(gap.keys() - {"revenue"}):
        if abs(gap[account]) > tolerance:
            reason = "not_in_data" if gap[account] > 0 else "not_in_ledger"
            yield dict(zip(_ROOT, (at, account, gap[account], reason, None), strict=True))
    if "revenue" in gap:
        taken = math.fsum(gap.get(account, 0.0) for account in DEDUCTIONS)
        rest = round(gap["revenue"] - gap.get("gross_sales", 0.0) + taken, 4)
        if abs(rest) > tolerance:
            reason = "manual_entry" if gap.keys() >= {*ACCOUNTS} else "untold"
            yield dict(zip(_ROOT, (at, "revenue", rest, reason, None), strict=True))


def _with_timing(roots: Sequence[_Root], tolerance: float) -> Sequence[_Root]:
    """Pair each gap with the first later one that gives it back."""
    paired = [dict(root) for root in roots]
    for place, root in enumerate(paired):
        latest = root["month"] + pd.DateOffset(months=_LATEST)
        for later in paired[place + 1 :]:
            gives_back = (
                root["other_month"] is None
                and later["other_month"] is None
                and later["account"] == root["account"]
                and root["month"] < later["month"] <= latest
                and abs(root["gap"] + later["gap"]) <= tolerance
            )
            if gives_back:
                root |= {"reason": "timing", "other_month": later["month"]}
                later |= {"reason": "timing", "other_month": root["month"]}
    return paired


def whole_months(start: str | dt.date, end: str | dt.date) -> tuple[dt.date, dt.date] | None:
    """Return the whole months of a period, which a ledger can be held against; None without any.

    >>> [str(bound) for bound in whole_months("2025-01-15", "2025-04-15")]
    ['2025-02-01', '2025-04-01']
    """
    period = Period.of(start, end)
    first = period.start.replace(day=1)
    if first < period.start:
        first = shift(first, months=1)
    last = period.end.replace(day=1)
    return (first, last) if first < last else None


def compared_months(periods: Periods) -> list[tuple[dt.date, dt.date]]:
    """Return the whole months of a period and of the one it is compared with, in order of time.

    Periods that touch are one span, and a month that lies in both of them is whole.

    >>> from marketing_kpi.kpis.periods import periods
    >>> spans = compared_months(periods(as_of="2025-12-11", period="45 days"))
    >>> [[str(bound) for bound in span] for span in spans]
    [['2024-11-01', '2024-12-01'], ['2025-11-01', '2025-12-01']]
    """
    now, (before, until) = (periods.start, periods.end), periods[2:]
    if before is None or until is None:
        spans = [now]
    elif until >= periods.start:
        spans = [(before, periods.end)]
    else:
        spans = [(before, until), now]
    return [months for span in spans if (months := whole_months(*span)) is not None]


def lacks_books(data: Data) -> list[str]:
    """Return what the data lack to be held against a ledger, as ``table.column``.

    Net sales when recognised, and an account of the ledger; without disputes, say, the others are
    compared.
    """
    needed = missing(FACTS["books"], ["occurred_at", "ledger_revenue"], data)
    needed += missing(FACTS["recognised"], ["net_sales"], data)
    if needed or _told_of(rows_of("recognised", data)):
        return needed
    return missing(FACTS["books"], ["recognised"], data)
