"""The audit of opened data: what is missing, repeated, impossible or merely odd in it.

Whatever can be told from one row is counted in one aggregate a table; what needs other rows or
another table has a query of its own; rows are fetched only as examples of what was found.
Nothing is changed and nothing is dropped.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from itertools import pairwise
from types import MappingProxyType
from typing import Any, NamedTuple, get_args

import ibis
from ibis import _ as row
from ibis.expr import operations as ops
from ibis.expr import types as ir

from marketing_kpi.data.conform import line_value
from marketing_kpi.data.model import (
    DATE,
    DECIMAL,
    FLOAT,
    INTEGER,
    JSON,
    TABLES,
    TIMESTAMP,
    Column,
    Data,
    Finding,
    Level,
    Table,
)
from marketing_kpi.data.scales import SCALES
from marketing_kpi.data.words import is_known, remedy, says_refunded
from marketing_kpi.errors import DataError

LEVELS: tuple[Level, ...] = get_args(Level)
"""Levels of a finding, from the least to the most serious."""

FIRST_DAY = dt.date(1900, 1, 1)
LAST_DAY = dt.date(2100, 12, 31)
"""A date outside these is a typing error or a placeholder, whatever the business."""

EXAMPLES = 5
CENT = Decimal("0.01")
GAP_DAYS = 7
EXTREME_TIMES_MEDIAN = 1000
# Below this many customers a large share for one of them is ordinary.
CONCENTRATION_MIN_CUSTOMERS = 100
CONCENTRATION_SHARE = 0.05

_DAYS_AND_TIMES = (DATE, TIMESTAMP)
_NUMBERS = (DECIMAL, INTEGER, FLOAT)

# Finance books refunds and discounts with a sign of its own.
_MAY_BE_NEGATIVE = frozenset({("ledger", "amount")})
_ZERO_IS_ODD = frozenset(
    {
        ("orders", "amount"),
        ("order_lines", "quantity"),
        ("order_lines", "unit_price"),
        ("products", "list_price"),
        ("returns", "quantity"),
    }
)
# Without them a sale or a refund drops out of the figures.
_FIGURES_REST_ON = frozenset(
    {
        ("orders", "amount"),
        ("order_lines", "quantity"),
        ("order_lines", "unit_price"),
        ("returns", "refund_amount"),
    }
)
# An order away from any store, a line without promotion, a parcel still under way …
_EMPTY_HAS_A_MEANING = frozenset(
    {
        ("orders", "store_id"),
        ("orders", "recognised_at"),
        ("order_lines", "promotion_id"),
        ("stores", "closed_on"),
        ("sessions", "customer_id"),
        ("sessions", "order_id"),
        ("touchpoints", "customer_id"),
        ("touchpoints", "campaign_id"),
        ("campaign_members", "contacted_at"),
        ("marketing_spend", "campaign_id"),
        ("responses", "campaign_id"),
        ("purchase_orders", "received_at"),
        ("shipments", "picked_at"),
        ("shipments", "packed_at"),
        ("shipments", "shipped_at"),
        ("shipments", "delivered_at"),
    }
)
# Only what has happened; a promise or the end of a campaign may lie ahead.
_HAPPENED = frozenset(
    {
        ("orders", "ordered_at"),
        ("returns", "returned_at"),
        ("sessions", "started_at"),
        ("touchpoints", "at"),
        ("responses", "at"),
    }
)
# What an unknown value does to the figures, where that can be said.
_UNKNOWN = {
    ("orders", "status"): "unknown_statuses",
    ("orders", "channel"): "unknown_channels",
}
_ARM, _CONTROL = ("campaign_members", "arm"), "control"
# Told by a finding of its own, in better words than "no value".
_MISSING_TOLD_ELSEWHERE = frozenset({("orders", "customer_id"), ("returns", "order_id")})

# (table, column, table whose key it must be one of)
_REFERENCES = (
    ("orders", "customer_id", "contacts"),
    ("orders", "store_id", "stores"),
    ("order_lines", "order_id", "orders"),
    ("order_lines", "product_id", "products"),
    ("order_lines", "promotion_id", "promotions"),
    ("returns", "order_id", "orders"),
    ("returns", "customer_id", "contacts"),
    ("returns", "product_id", "products"),
    ("chargebacks", "order_id", "orders"),
    ("sessions", "customer_id", "contacts"),
    ("sessions", "order_id", "orders"),
    ("touchpoints", "customer_id", "contacts"),
    ("touchpoints", "campaign_id", "campaigns"),
    ("campaign_members", "campaign_id", "campaigns"),
    ("campaign_members", "customer_id", "contacts"),
    ("marketing_spend", "campaign_id", "campaigns"),
    ("responses", "customer_id", "contacts"),
    ("responses", "campaign_id", "campaigns"),
    ("stock", "product_id", "products"),
    ("purchase_orders", "product_id", "products"),
    ("shipments", "order_id", "orders"),
    ("surveys", "customer_id", "contacts"),
    ("category_spend", "customer_id", "contacts"),
    ("identities", "customer_id", "contacts"),
)


class TableSummary(NamedTuple):
    """What a table holds.

    Attributes
    ----------
    name
        Canonical name.
    rows
        Number of rows.
    present
        Canonical columns that it has, in the model's order.
    absent
        Canonical columns that it lacks.
    extra
        Columns that the model does not know, kept as filters and dimensions.
    first, last
        First and last day of its first date or time column; None when it has none.
    """

    name: str
    rows: int
    present: tuple[str, ...]
    absent: tuple[str, ...]
    extra: tuple[str, ...]
    first: dt.date | None
    last: dt.date | None


@dataclass(frozen=True)
class Quality:
    """What `check` found.

    Attributes
    ----------
    source
        Where the data come from, printable, without any secret.
    tables
        A summary a table, in the model's order.
    findings
        What reading found, then what the audit found.
    """

    source: str
    tables: tuple[TableSummary, ...]
    findings: tuple[Finding, ...]

    @property
    def worst(self) -> Level | None:
        """The most serious level among the findings; None when there is none."""
        return max((found.level for found in self.findings), key=LEVELS.index, default=None)

    def to_json(self) -> str:
        """Return everything as JSON text; the same data give the same text."""
        content = {
            "source": self.source,
            "worst": self.worst,
            "tables": [_plain(table._asdict()) for table in self.tables],
            "findings": [
                {
                    **_plain(_as_dict(found)),
                    "text": {lang: found.text(lang) for lang in ("fr", "en")},
                }
                for found in self.findings
            ],
        }
        return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


class _RowCheck(NamedTuple):
    """A check that looks at one row at a time."""

    code: str
    level: Level
    column: str | None
    predicate: ir.BooleanValue
    details: Mapping[str, JSON] = MappingProxyType({})
    examples: bool = True


def check(data: Data, *, as_of: str | dt.date | None = None) -> Quality:
    """Audit opened data: what is missing, repeated, contradictory, impossible or odd.

    Parameters
    ----------
    data
        Opened data.
    as_of
        Day from which (included) an event lies in the future; without it, the future is not
        looked for, since the day on which the data are read tells nothing of them, and a
        finding says so.

    Returns
    -------
    Quality
        The tables, and the findings: those of reading first, then those of the audit in the
        order of the tables. Levels: *error* (a key is missing or repeated: figures would be
        wrong), *suspicious* (to be looked at before the figures are used), *info*.

    Raises
    ------
    DataError
        `as_of` is not a day.

    Examples
    --------
    >>> import pandas as pd
    >>> from marketing_kpi import open_data
    >>> orders = pd.DataFrame({
    ...     "order_id": ["1", "2"], "customer_id": ["A", None],
    ...     "ordered_at": pd.to_datetime(["2025-01-02", "2025-01-03"]), "amount": [10.0, 0.0]})
    >>> quality = check(open_data({"orders": orders}), as_of="2026-01-01")
    >>> [(found.code, found.count) for found in quality.findings]
    [('zero_values', 1), ('unidentified_orders', 1)]
    """
    day = _as_day(as_of) if isinstance(as_of, str) else as_of
    present = [spec for name, spec in TABLES.items() if name in data.tables]
    summaries: list[TableSummary] = []
    found: list[Finding] = []
    for spec in present:
        summary, row_findings = _audit_rows(data, spec, as_of=day)
        summaries.append(summary)
        found.extend(row_findings)
        found.extend(_duplicates(data, spec, rows=summary.rows))
        found.extend(_orphans(data, spec, rows=summary.rows))
        if spec.name == "orders" and summary.rows:
            if day is None:
                found.append(Finding("future_not_sought", "info", "orders", "ordered_at"))
            found.extend(_audit_orders(data, rows=summary.rows))
        if spec.name == "shipments":
            found.extend(_delivered_before_ordered(data, rows=summary.rows))
    return Quality(data.source, tuple(summaries), (*data.findings, *found))


def _as_day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise DataError(
            f"as_of is '{text}', which is not a day", hint="write it as in 2026-01-01"
        ) from None


def _audit_rows(
    data: Data, spec: Table, *, as_of: dt.date | None
) -> tuple[TableSummary, list[Finding]]:
    """Count every one-row check of a table, and sum the table up, in one aggregate."""
    table = data.table(spec.name)
    checks = list(_row_checks(data, spec, as_of=as_of))
    time = next((c.name for c in _present(data, spec) if c.type in _DAYS_AND_TIMES), None)
    aggregates = {f"check_{i}": c.predicate.ifelse(1, 0).sum() for i, c in enumerate(checks)}
    if time is not None:
        aggregates |= {"first": table[time].min(), "last": table[time].max()}
    counted = _rows(data, table.aggregate(rows=table.count(), **aggregates))[0]
    summary = TableSummary(
        name=spec.name,
        rows=counted["rows"],
        present=tuple(column.name for column in _present(data, spec)),
        absent=tuple(name for name in spec.names if name not in table.columns),
        extra=tuple(name for name in table.columns if name not in spec.names),
        first=_day(counted.get("first")),
        last=_day(counted.get("last")),
    )
    if summary.rows == 0:
        return summary, [Finding("empty_table", "suspicious", spec.name, total=0)]
    return summary, [
        finding
        for i, one in enumerate(checks)
        if (count := int(counted[f"check_{i}"] or 0))
        for finding in _row_findings(data, spec, one, count=count, rows=summary.rows)
    ]


def _row_findings(
    data: Data, spec: Table, one: _RowCheck, *, count: int, rows: int
) -> Iterator[Finding]:
    if one.code == "unknown_values" and one.column is not None:
        find = _unknown_arms if (spec.name, one.column) == _ARM else _unknown_values
        yield from find(data, spec, one, one.column, count=count, rows=rows)
        return
    yield _row_finding(data, spec, one, count=count, rows=rows)


def _row_finding(data: Data, spec: Table, one: _RowCheck, *, count: int, rows: int) -> Finding:
    found = data.table(spec.name).filter(one.predicate)
    examples = _examples(data, found, spec) if one.examples else ()
    return Finding(one.code, one.level, spec.name, one.column, count, rows, examples, one.details)


def _unknown_values(
    data: Data, spec: Table, one: _RowCheck, column: str, *, count: int, rows: int
) -> Iterator[Finding]:
    """Say what values are unknown, and apart, which orders came back by their status."""
    table = data.table(spec.name)
    values = _most_frequent(data, table.filter(one.predicate), column)
    is_status = (spec.name, column) == ("orders", "status")
    back = {value: n for value, n in values.items() if is_status and says_refunded(value)}
    others = {value: n for value, n in values.items() if value not in back}
    if others:
        details: dict[str, JSON] = {
            **one.details,
            "values": dict(list(others.items())[:EXAMPLES]),
            "remedy": remedy(column, others, expected=spec.column(column).values),
        }
        code = _UNKNOWN.get((spec.name, column), "unknown_values")
        left = one.predicate & table[column].notin([*back])
        told = one._replace(code=code, predicate=left, details=details)
        yield _row_finding(data, spec, told, count=count - sum(back.values()), rows=rows)
    if back:
        yield from _refunded_orders(data, spec, one, back, rows=rows)


def _unknown_arms(
    data: Data, spec: Table, one: _RowCheck, column: str, *, count: int, rows: int
) -> Iterator[Finding]:
    """Say which arms are treatments of a name of their own, and apart, which words are unknown.

    Where no arm of a campaign is the control, one of its others may be.
    """
    table = data.table(spec.name)
    expected = spec.column(column).values
    with_control = table.filter(table[column] == _CONTROL).campaign_id
    beside = one.predicate & table.campaign_id.isin(with_control)
    named = _most_frequent(data, table.filter(beside), column)
    words = [value for value in named if is_known(column, value, expected=expected)]
    is_other = beside & table[column].notin(words)
    others = {value: n for value, n in named.items() if value not in words}
    apart = one.predicate & ~is_other.fill_null(False)
    values = _most_frequent(data, table.filter(apart), column)
    if others:
        told = one._replace(
            code="other_arms",
            level="info",
            predicate=is_other,
            details={"values": dict(list(others.items())[:EXAMPLES])},
        )
        yield _row_finding(data, spec, told, count=count - sum(values.values()), rows=rows)
    if values:
        details: dict[str, JSON] = {
            **one.details,
            "values": dict(list(values.items())[:EXAMPLES]),
            "remedy": remedy(column, values, expected=expected),
        }
        told = one._replace(code="unknown_arms", predicate=apart, details=details)
        yield _row_finding(data, spec, told, count=sum(values.values()), rows=rows)


def _refunded_orders(
    data: Data, spec: Table, one: _RowCheck, statuses: Iterable[str], *, rows: int
) -> Iterator[Finding]:
    """Say which orders came back by their status alone: no refund is known of them.

    Where no refund names its order, any of them may be theirs: nothing is said.
    """
    table = data.table(spec.name)
    unknown = table.status.isin([*statuses])
    if data.has("returns"):
        refunds = data.table("returns")
        has_orders = data.has("returns", "order_id")
        named = refunds.order_id.count() if has_orders else ibis.literal(0)
        counted = _rows(data, refunds.aggregate(rows=refunds.count(), named=named))[0]
        if counted["rows"] and not counted["named"]:
            return
        if counted["named"]:
            refunded = refunds.filter(refunds.order_id.notnull()).order_id
            unknown &= table.order_id.notin(refunded)
    values = _most_frequent(data, table.filter(unknown), "status")
    if values:
        told = one._replace(
            code="refunded_orders", predicate=unknown, details={"values": {**values}}
        )
        yield _row_finding(data, spec, told, count=sum(values.values()), rows=rows)


def _row_checks(data: Data, spec: Table, *, as_of: dt.date | None) -> Iterator[_RowCheck]:
    table = data.table(spec.name)
    for column in _present(data, spec):
        yield from _column_checks(spec, column, table[column.name], as_of=as_of)
    if spec.name == "orders":
        yield from _order_checks(data)
    if spec.name == "order_lines" and data.has("order_lines", "unit_cost", "unit_price"):
        yield _RowCheck(
            "cost_above_price", "suspicious", "unit_cost", table.unit_cost > table.unit_price
        )
    if spec.name == "returns" and data.has("returns", "order_id"):
        yield _RowCheck("refund_without_order", "info", "order_id", table.order_id.isnull())
    if spec.name == "category_spend" and data.has("category_spend", "month"):
        first = table.month.cast(DATE).day() == 1
        yield _RowCheck("not_first_of_month", "suspicious", "month", ~first)
    if spec.name == "surveys" and data.has("surveys", "question", "score"):
        off = [
            (table.question == question) & ~table.score.between(low, high)
            for question, (low, high) in SCALES.items()
        ]
        scales: list[JSON] = [f"{name} {low}-{high}" for name, (low, high) in SCALES.items()]
        yield _RowCheck(
            "scores_off_scale", "suspicious", "score", ibis.or_(*off), {"expected": scales}
        )


def _column_checks(
    spec: Table, column: Column, values: ir.Value, *, as_of: dt.date | None
) -> Iterator[_RowCheck]:
    place = (spec.name, column.name)
    if place not in _EMPTY_HAS_A_MEANING | _MISSING_TOLD_ELSEWHERE:
        yield _missing(column, place, values)
    if column.values:
        expected: list[JSON] = [*column.values]
        yield _RowCheck(
            "unknown_values",
            "suspicious",
            column.name,
            values.notin(column.values),
            {"expected": expected},
        )
    if column.type in _NUMBERS and place not in _MAY_BE_NEGATIVE:
        code = "negative_orders" if place == ("orders", "amount") else "negative_values"
        yield _RowCheck(code, "suspicious", column.name, _number(values) < 0)
    if place in _ZERO_IS_ODD:
        yield _RowCheck("zero_values", "suspicious", column.name, _number(values) == 0)
    if column.type in _DAYS_AND_TIMES:
        yield from _day_checks(place, values, as_of=as_of)


def _missing(column: Column, place: tuple[str, str], values: ir.Value) -> _RowCheck:
    if column.key:
        return _RowCheck("missing_keys", "error", column.name, values.isnull())
    if column.required:
        return _RowCheck("missing_values", "error", column.name, values.isnull())
    if place in _FIGURES_REST_ON:
        return _RowCheck("missing_values", "suspicious", column.name, values.isnull())
    return _RowCheck("missing_values", "info", column.name, values.isnull(), examples=False)


def _day_checks(
    place: tuple[str, str], values: ir.Value, *, as_of: dt.date | None
) -> Iterator[_RowCheck]:
    days = values.cast(DATE)
    outside = (days < FIRST_DAY) | (days > LAST_DAY)
    span: dict[str, JSON] = {"first_day": str(FIRST_DAY), "last_day": str(LAST_DAY)}
    yield _RowCheck("implausible_dates", "suspicious", place[1], outside, span)
    if as_of is not None and place in _HAPPENED:
        ahead = (days >= as_of) & (days <= LAST_DAY)
        yield _RowCheck("future_dates", "suspicious", place[1], ahead, {"as_of_day": str(as_of)})


def _order_checks(data: Data) -> Iterator[_RowCheck]:
    orders = data.table("orders")
    if data.has("orders", "customer_id"):
        nobody = orders.customer_id.isnull()
        yield _RowCheck("unidentified_orders", "info", "customer_id", nobody)
    if data.has("orders", "status"):
        for status, code in (("cancelled", "cancelled_orders"), ("fraud", "fraud_orders")):
            yield _RowCheck(code, "info", "status", orders.status == status)
    if data.has("orders", "is_test"):
        yield _RowCheck("test_orders", "info", "is_test", orders.is_test)


def _duplicates(data: Data, spec: Table, *, rows: int) -> Iterator[Finding]:
    """Look for repeated keys, then, among them or without a key, for exact copies of a row."""
    table = data.table(spec.name)
    if spec.key and data.has(spec.name, *spec.key):
        repeated = _repeats(data, table, spec.key)
        if not repeated:
            return
        groups = table.group_by(list(spec.key)).agg(n=row.count()).filter(row.n > 1)
        # Exact copies can only be where the key repeats, so only those rows are compared.
        table = table.semi_join(groups, [*spec.key])
        copies = _repeats(data, table, tuple(table.columns))
        if repeated > copies:
            column = spec.key[0] if len(spec.key) == 1 else None
            told = (repeated - copies, rows, _examples(data, table, spec))
            key = {"key": ", ".join(spec.key)}
            if spec.name == "identities":  # a household's or a firm's account is not wrong
                yield Finding("shared_accounts", "suspicious", spec.name, column, *told, key)
            else:
                yield Finding("duplicate_keys", "error", spec.name, column, *told, key)
    else:
        copies = _repeats(data, table, tuple(table.columns))
    if copies:
        whole = table.group_by(list(table.columns)).agg(copies=row.count()).filter(row.copies > 1)
        examples = _examples(data, whole, spec)
        yield Finding("duplicate_lines", "suspicious", spec.name, None, copies, rows, examples)


def _repeats(data: Data, table: ir.Table, columns: tuple[str, ...]) -> int:
    """Rows beyond the first of each group of rows that are equal in `columns`."""
    groups = table.group_by(list(columns)).agg(n=row.count())
    beyond = groups.filter(row.n > 1).aggregate(n=(row.n - 1).sum())
    return int(_rows(data, beyond)[0]["n"] or 0)


def _orphans(data: Data, spec: Table, *, rows: int) -> Iterator[Finding]:
    for child, column, parent in _REFERENCES:
        key = TABLES[parent].key[0]
        if child != spec.name or not data.has(child, column) or not data.has(parent, key):
            continue
        table = data.table(child)
        known = data.table(parent).select(known=key).distinct()
        lost = table.filter(row[column].notnull()).anti_join(known, table[column] == known.known)
        count = int(_rows(data, lost.aggregate(n=lost.count()))[0]["n"])
        if count:
            examples = _examples(data, lost, spec)
            details = {"parent": parent}
            yield Finding("orphans", "suspicious", child, column, count, rows, examples, details)


def _audit_orders(data: Data, *, rows: int) -> Iterator[Finding]:
    if not data.has("orders", "customer_id"):
        yield Finding("no_customers", "suspicious", "orders", "customer_id", rows, rows)
    yield from _amounts_against_lines(data, rows=rows)
    yield from _days_without_orders(data)
    if data.has("orders", "amount"):
        # Some engines have no median, and a mean says nothing of what is extreme.
        if data.connection.has_operation(ops.Median):
            yield from _extreme_amounts(data, rows=rows)
        if data.has("orders", "customer_id"):
            yield from _concentration(data)


def _amounts_against_lines(data: Data, *, rows: int) -> Iterator[Finding]:
    if not data.has("order_lines", "order_id"):
        return
    spec = TABLES["orders"]
    orders = data.table("orders")
    lines = data.table("order_lines")
    empty = orders.anti_join(lines, "order_id")
    count = int(_rows(data, empty.aggregate(n=empty.count()))[0]["n"])
    if count:
        examples = _examples(data, empty, spec)
        yield Finding("orders_without_lines", "suspicious", "orders", None, count, rows, examples)
    if not (data.has("orders", "amount") and data.has("order_lines", "quantity", "unit_price")):
        return
    sums = lines.group_by("order_id").agg(
        lines_amount=line_value(lines.quantity, lines.unit_price).sum()
    )
    both = orders.join(sums.rename(lines_order_id="order_id"), [("order_id", "lines_order_id")])
    above = row.amount - row.lines_amount
    different = both.drop("lines_order_id").filter(above.abs() > CENT)
    # Null where all differ the other way.
    found = different.aggregate(
        n=row.count(),
        largest=_number(above.abs()).max(),
        fewer=(above < 0).sum(),
        below=-_number(above).sum(where=above < 0),
        above=_number(above).sum(where=above > 0),
    )
    told = _rows(data, found)[0]
    if told["n"]:
        yield Finding(
            "amount_mismatch",
            "suspicious",
            "orders",
            "amount",
            int(told["n"]),
            rows,
            _examples(data, different, spec),
            {
                "fewer": int(told["fewer"]),
                "below": _json(told["below"] or 0.0),
                "more": int(told["n"] - told["fewer"]),
                "above": _json(told["above"] or 0.0),
                "largest": _json(told["largest"]),
            },
        )


def _days_without_orders(data: Data) -> Iterator[Finding]:
    days = data.table("orders").select(day=row.ordered_at.cast(DATE)).distinct()
    sane = days.filter(row.day.between(FIRST_DAY, LAST_DAY)).order_by("day")
    known = [one["day"] for one in _rows(data, sane)]
    one_day = dt.timedelta(days=1)
    gaps = [
        ((later - earlier).days - 1, earlier + one_day, later - one_day)
        for earlier, later in pairwise(known)
        if (later - earlier).days > GAP_DAYS
    ]
    if gaps:
        days_lost, first, last = max(gaps, key=lambda gap: gap[0])
        yield Finding(
            "days_without_orders",
            "suspicious",
            "orders",
            "ordered_at",
            sum(gap[0] for gap in gaps),
            None,
            (),
            {
                "days": days_lost,
                "first_day": str(first),
                "last_day": str(last),
                "gaps": len(gaps),
            },
        )


def _extreme_amounts(data: Data, *, rows: int) -> Iterator[Finding]:
    orders = data.table("orders")
    amounts = orders.select(amount=_number(orders.amount)).filter(row.amount > 0)
    told = _rows(data, amounts.aggregate(median=row.amount.median(), largest=row.amount.max()))[0]
    if told["median"] is None or told["largest"] <= EXTREME_TIMES_MEDIAN * told["median"]:
        return
    extreme = orders.filter(_number(orders.amount) > EXTREME_TIMES_MEDIAN * told["median"])
    count = int(_rows(data, extreme.aggregate(n=extreme.count()))[0]["n"])
    yield Finding(
        "extreme_values",
        "suspicious",
        "orders",
        "amount",
        count,
        rows,
        _examples(data, extreme, TABLES["orders"]),
        {
            "times": EXTREME_TIMES_MEDIAN,
            "median": _json(told["median"]),
            "largest": _json(told["largest"]),
        },
    )


def _concentration(data: Data) -> Iterator[Finding]:
    orders = data.table("orders").filter(row.customer_id.notnull())
    by_customer = orders.group_by("customer_id").agg(amount=_number(orders.amount).sum())
    told = _rows(data, by_customer.aggregate(n=row.count(), total=row.amount.sum()))[0]
    if told["n"] < CONCENTRATION_MIN_CUSTOMERS or not told["total"] or told["total"] < 0:
        return
    first = by_customer.order_by([ibis.desc("amount"), "customer_id"]).limit(1)
    best = _rows(data, first)[0]
    share = best["amount"] / told["total"]
    if share >= CONCENTRATION_SHARE:
        details = {"customer": best["customer_id"], "share": round(share, 6)}
        yield Finding(
            "concentrated_sales", "suspicious", "orders", "customer_id", 1, told["n"], (), details
        )


def _delivered_before_ordered(data: Data, *, rows: int) -> Iterator[Finding]:
    if not (data.has("shipments", "order_id", "delivered_at") and data.has("orders")):
        return
    shipments = data.table("shipments")
    orders = data.table("orders").select(ordered_id="order_id", ordered_at="ordered_at")
    both = shipments.join(orders, shipments.order_id == orders.ordered_id).drop("ordered_id")
    early = both.filter(row.delivered_at < row.ordered_at)
    count = int(_rows(data, early.aggregate(n=early.count()))[0]["n"])
    if count:
        examples = _examples(data, early, TABLES["shipments"])
        yield Finding(
            "delivered_before_ordered",
            "suspicious",
            "shipments",
            "delivered_at",
            count,
            rows,
            examples,
        )


def _present(data: Data, spec: Table) -> list[Column]:
    columns = data.table(spec.name).columns
    return [column for column in spec.columns if column.name in columns]


def _number(values: ir.Value) -> ir.FloatingValue:
    """Floats, so that comparisons behave alike whatever decimal the engine infers."""
    return values.cast(FLOAT)


def _most_frequent(data: Data, table: ir.Table, column: str) -> dict[str, int]:
    counts = table.group_by(column).agg(n=row.count())
    first = counts.order_by([ibis.desc("n"), column]).limit(_MOST_VALUES)
    return {str(one[column]): int(one["n"]) for one in _rows(data, first)}


# A column of states has a few values; of more, the first ones are enough to understand.
_MOST_VALUES = 20


def _examples(data: Data, table: ir.Table, spec: Table) -> tuple[dict[str, JSON], ...]:
    """The first rows by key, so that the same data always show the same examples."""
    order = [name for name in spec.key if name in table.columns] or list(table.columns)
    found = _rows(data, table.order_by(order).limit(EXAMPLES))
    return tuple({name: _json(value) for name, value in one.items()} for one in found)


def _rows(data: Data, table: ir.Table) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = data.connection.to_pyarrow(table).to_pylist()
    return rows


def _day(value: dt.datetime | dt.date | None) -> dt.date | None:
    return value.date() if isinstance(value, dt.datetime) else value


def _json(value: Any) -> JSON:
    """Return a cell as JSON can hold it: decimals as numbers, dates as ISO text."""
    if value is None or isinstance(value, bool | str | int):
        return value
    if isinstance(value, float | Decimal):
        number = float(value)
        if number != number or number in (float("inf"), float("-inf")):
            return None
        return int(number) if number.is_integer() and abs(number) < 2**53 else number
    if isinstance(value, dt.date | dt.datetime):
        return value.isoformat()
    return str(value)


def _plain(content: Mapping[str, Any]) -> dict[str, JSON]:
    return {name: _nested(value) for name, value in content.items()}


def _nested(value: Any) -> JSON:
    if isinstance(value, Mapping):
        return _plain(value)
    if isinstance(value, list | tuple):
        return [_nested(item) for item in value]
    return _json(value)


def _as_dict(found: Finding) -> dict[str, Any]:
    # Not `asdict`, which copies deeply and cannot copy a mapping proxy.
    return {one.name: getattr(found, one.name) for one in fields(found)}
