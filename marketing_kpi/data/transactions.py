"""Flat extracts: one row a sale line (or an order), sales and returns mixed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Mapping as MappingType
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING, Any

from marketing_kpi.data.conform import line_value
from marketing_kpi.data.mapping import (
    ATTRIBUTES,
    LEAVE_MARK,
    LINE_AMOUNT,
    LINE_VALUE,
    ORIGINAL_ORDER,
    RETURN_MARK,
    LeaveOut,
    Mapping,
    Returns,
)
from marketing_kpi.data.marked_returns import sales_marked
from marketing_kpi.data.model import DECIMAL, EXACT_PRICE, STRING, TABLES, Finding, Level, shown
from marketing_kpi.data.order_numbers import differing_lines
from marketing_kpi.data.reading import PART
from marketing_kpi.data.rules import is_filled, is_marked, rules_without_rows
from marketing_kpi.data.store import quote
from marketing_kpi.data.totals import (
    amounts_of_orders,
    codes_of_totals,
    lines_of_totals,
    orders_of_totals,
    without_codes,
)
from marketing_kpi.data.unread import unread_columns
from marketing_kpi.errors import MappingError, SourceError

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from marketing_kpi.data.model import JSON
    from marketing_kpi.data.store import Store


def with_constants(flat: ir.Table, mapping: Mapping, types: MappingType[str, str]) -> ir.Table:
    """Return the rows with the columns that the mapping says are the same everywhere."""
    import ibis

    constants = {
        name: ibis.literal(value).cast(types.get(name, STRING))
        for name, value in mapping.constants.items()
    }
    return flat.mutate(**constants) if constants else flat


def of_a_sale(flat: ir.Table) -> list[str]:
    """Return the columns of which at least one is filled in whatever is a sale."""
    known = ("order_id", "ordered_at", "quantity", "unit_price", LINE_AMOUNT, "amount")
    return [name for name in known if name in flat.columns]


def is_blank(flat: ir.Table) -> ir.BooleanValue:
    """Return whether a row says nothing of a sale: formatted cells under a table, for instance."""
    return reduce(and_, (_is_empty(flat[name]) for name in of_a_sale(flat)))


def _is_empty(column: ir.Value) -> ir.BooleanValue:
    """Whether a cell is blank; formulas filled down write 0 where there is nothing."""
    return (column == 0).fill_null(True) if column.type().is_numeric() else column.isnull()


def blank_rows(rows: ir.Table, where: str) -> list[Finding]:
    """Count the rows that say nothing of a sale."""
    told = rows.aggregate(n=is_blank(rows).sum(), total=rows.count()).to_pyarrow().to_pylist()[0]
    if not told["n"]:
        return []
    return [Finding("blank_rows", "info", where, None, int(told["n"]), told["total"])]


def duplicates(store: Store, relation: str, action: str, where: str) -> list[Finding]:
    """Count the rows of a stored table that copy another in every column; drop them if asked."""
    columns = ", ".join(quote(name) for name in store.types(relation) if name != PART)
    # A hash of 64 bits keeps what is counted small; two rows share one by chance about once
    # in 10^19 pairs.
    groups = (
        f"SELECT hash({columns}) AS same, count(*) AS n, min(rowid) AS first "
        f"FROM {quote(relation)} GROUP BY same HAVING n > 1"
    )
    counted = store.rows(f"SELECT coalesce(sum(n - 1), 0)::BIGINT AS copies FROM ({groups})")[0]
    if not counted["copies"]:
        return []
    total = store.rows(f"SELECT count(*) AS n FROM {quote(relation)}")[0]["n"]
    examples = store.rows(
        f"SELECT * FROM {quote(relation)} WHERE rowid IN "
        f"(SELECT first FROM ({groups}) ORDER BY first LIMIT {_EXAMPLES}) ORDER BY rowid"
    )
    if action == "drop":
        store.execute(
            f"DELETE FROM {quote(relation)} WHERE rowid NOT IN "
            f"(SELECT min(rowid) FROM {quote(relation)} GROUP BY hash({columns}))"
        )
    level: Level = "dropped" if action == "drop" else "suspicious"
    code = "duplicate_rows_dropped" if action == "drop" else "duplicate_rows"
    return [Finding(code, level, where, None, counted["copies"], total, shown(examples))]


def in_several_parts(
    store: Store, relation: str, read: Sequence[str], copies: Sequence[Finding], where: str
) -> Iterator[Finding]:
    """Count the rows that another part has too, but for columns that are not read.

    Parameters
    ----------
    store, relation
        Where the rows are, with the part that each is of.
    read
        The columns that are read, without the number of the line.
    copies
        What was said of rows that are the same in every column.
    where
        What to call the extract in findings.
    """
    columns = ", ".join(map(quote, read))
    of_part = (
        f"SELECT hash({columns}) AS same, count(*) AS n FROM {quote(relation)} "
        f"GROUP BY same, {quote(PART)}"
    )
    groups = f"SELECT sum(n) - max(n) AS n FROM ({of_part}) GROUP BY same HAVING count(*) > 1"
    row = store.rows(f"SELECT coalesce(sum(n), 0)::BIGINT AS n FROM ({groups})")[0]
    told = sum(found.count for found in copies if found.code == "duplicate_rows")
    if row["n"] > told:
        total = store.rows(f"SELECT count(*) AS n FROM {quote(relation)}")[0]["n"]
        yield Finding("rows_of_several_parts", "suspicious", where, None, row["n"], total)


@dataclass(frozen=True)
class Split:
    """The canonical tables of a flat extract, and what splitting it set apart."""

    tables: dict[str, ir.Table]
    findings: tuple[Finding, ...]


def _computed(_: str, rows: ir.Table) -> ir.Table:
    """Return the rows as they are: made anew by every query that reads them."""
    return rows


def split(
    flat: ir.Table,
    mapping: Mapping,
    *,
    where: str,
    dropped_before: int = 0,
    keep: Callable[[str, ir.Table], ir.Table] = _computed,
) -> Split:
    """Return orders, order_lines and returns from rows whose columns are canonical.

    Sales are rows that are no return, not left out, with a quantity above zero and a price that
    is not below it. Returns go to `returns`, at their own date, with a positive refund. Where
    rows have the amount of the line, that is what was paid, to the last decimal.

    Parameters
    ----------
    flat
        A row a line (or an order), as `mapping` says; every column has its canonical type.
    mapping
        The rule for returns and rows to leave out.
    where
        What to call the source in findings.
    dropped_before
        Rows of the source that reading left out, for the balance of the rows.
    keep
        Stores, under a name, what many queries will read, and returns it; without it every query
        makes it anew.

    Raises
    ------
    MappingError
        Lines lack a quantity or a price.
    SourceError
        No row is a sale.
    """
    flat, findings = _valued(_numbered(flat, mapping), mapping, where)
    flat, noticed = _dated(flat, mapping, where)
    findings += [*noticed, *_parts_missing(flat, mapping, where)]
    flat = keep("rows", _with_roles(flat, mapping))
    findings += rules_without_rows(flat, mapping, where=where)
    parts = _parts(flat)
    kept = ["sale", "amount_only"] + ["zero_price"] * (mapping.zero_price == "keep")
    sold = sum(parts[role].rows for role in kept if role in parts)
    if not sold:
        raise SourceError(
            f"{where}: no row is a sale ({_described(parts)})",
            hint="check what the mapping calls a return and what it leaves out",
        )
    findings += _findings(flat, parts, mapping, where)
    total = sum(part.rows for part in parts.values())
    findings += _sales_marked(flat, mapping, total, where)
    totals = sum(found.count for found in findings if found.code == "totals_of_orders")
    findings.append(_balance(parts, sold, dropped_before + totals, where))
    sales = flat.filter(flat[_ROLE].isin(kept))
    findings += unread_columns(sales, mapping, where=where)
    findings += orders_of_totals(sales, where=where)
    if mapping.kind == "lines":
        findings += differing_lines(sales, _of_orders(sales)[2:], mapping, where=where)
        findings += lines_of_totals(sales, where=where)
        findings += amounts_of_orders(sales, where=where)
        findings += codes_of_totals(sales, mapping, where=where)
    tables = {"orders": _orders(sales)}
    if mapping.kind == "lines":
        tables = {"orders": keep("orders", _orders_of(sales)), "order_lines": _lines(sales)}
    if "return" in parts:
        tables["returns"] = _returns(flat.filter(flat[_ROLE] == "return"), mapping.kind)
    described = flat.filter(flat[_ROLE].isin([*kept, "return"]))
    findings += _changing(described)
    tables |= {name: keep(name, table) for name, table in _attributes(described).items()}
    return Split(tables, tuple(findings))


_ROLE = "row_role"
_SOLD = ("sale", "zero_price", "amount_only")
_LINE = "line_id"
# What only serves to tell what a row is.
_OF_RULES = (RETURN_MARK, LEAVE_MARK, ORIGINAL_ORDER)
_GIVEN_PRICE = "given_unit_price"
_EXAMPLES = 5
_LITTLE_SHARE = 0.001
_LITTLE_CHANGED = 0.01
# Of these, what was true of an earlier sale matters; of the others (a name, a consent), the last.
_PAST_MATTERS = {
    "products": ("category", "brand", "list_price", "unit_cost"),
    "contacts": ("region", "acquisition_channel", "registered_at"),
}
# Of products, what the model also has of each line.
_OF_LINES = ("list_price", "unit_cost")
_MANY_SHARE = 0.2
_MOST_SHARE = 0.5


@dataclass(frozen=True)
class _Part:
    """The rows of one role: how many, and the sum of their values where they have one."""

    rows: int
    value: float


def _numbered(flat: ir.Table, mapping: Mapping) -> ir.Table:
    """Return the rows with the day in the number of their order, where numbers begin again."""
    if not mapping.is_numbered_by_day:
        return flat
    return flat.mutate(order_id=flat.order_id + " " + flat.ordered_at.strftime("%Y-%m-%d"))


def _dated(flat: ir.Table, mapping: Mapping, where: str) -> tuple[ir.Table, list[Finding]]:
    """Return the lines with the date of their order, where only some of its lines have it."""
    import ibis

    if mapping.kind != "lines" or mapping.is_numbered_by_day:
        return flat, []
    lacks = flat.order_id.notnull() & flat.ordered_at.isnull()
    lacks = lacks & ~_left_out(flat, mapping.leave_out)
    if not flat.aggregate(n=lacks.sum()).to_pyarrow().to_pylist()[0]["n"]:
        return flat, []
    orders = flat.group_by("order_id").aggregate(
        undated=lacks.sum(),
        missing=flat[LINE_VALUE].sum(where=lacks),
        dated=flat.ordered_at.count(),
        known=flat[LINE_VALUE].sum(where=flat.ordered_at.notnull()),
    )
    partly = orders.filter((orders.undated > 0) & (orders.dated > 0))
    # A line that is worth all the others of its ticket is their total, and no sale.
    is_total = (partly.missing == partly.known) & (partly.known != 0)
    told = partly.aggregate(
        n=partly.undated.sum(),
        several=(partly.dated > 1).sum(),
        totals=((partly.dated > 1) & is_total).sum(),
        amount=partly.missing.sum(),
        total=flat.count().as_scalar(),
    )
    counted = told.to_pyarrow().to_pylist()[0]
    if not counted["n"]:
        return flat, []
    if (counted["totals"] or 0) > _MOST_SHARE * counted["several"]:
        totals = partly.filter(is_total).select(total_of="order_id")
        sales, left = _without_totals(flat, lacks, totals, where)
        dated, noticed = _dated(sales, mapping, where)
        return dated, [*left, *noticed]
    columns = [flat[name] for name in _SHOWN if name in flat.columns]
    first = flat.filter(lacks).semi_join(partly, "order_id").select(flat[_LINE], *columns)
    examples = first.order_by(["order_id", _LINE]).limit(_EXAMPLES).to_pyarrow().to_pylist()
    dated = flat.ordered_at.min().over(ibis.window(group_by=flat.order_id))
    details: dict[str, JSON] = {"amount": float(counted["amount"] or 0)}
    codes = _undated_codes(flat, lacks)
    if codes:
        details["remedy"] = without_codes(codes)
    found = Finding(
        "dates_of_order" if codes else "dates_of_first_line",
        "suspicious",
        where,
        "ordered_at",
        int(counted["n"]),
        counted["total"],
        shown(examples),
        details,
    )
    return flat.mutate(ordered_at=lacks.ifelse(dated, flat.ordered_at)), [found]


def _undated_codes(flat: ir.Table, lacks: ir.BooleanValue) -> list[str]:
    """Return the codes of which no line has a date: those of totals, where a code tells them."""
    if "product_id" not in flat.columns:
        return []
    of_products = flat.filter(flat.product_id.notnull()).group_by("product_id")
    each = of_products.aggregate(undated=lacks.sum(), dated=flat.ordered_at.count())
    only = each.filter((each.undated > 0) & (each.dated == 0))
    first = only.order_by(only.undated.desc(), "product_id").limit(_EXAMPLES)
    return [row["product_id"] for row in first.to_pyarrow().to_pylist()]


def _without_totals(
    flat: ir.Table, lacks: ir.BooleanValue, totals: ir.Table, where: str
) -> tuple[ir.Table, list[Finding]]:
    """Leave out the undated lines of orders of which they are the total."""
    found = flat.filter(lacks).semi_join(totals, [("order_id", "total_of")])
    row = (
        found.aggregate(n=found.count(), amount=found[LINE_VALUE].sum()).to_pyarrow().to_pylist()[0]
    )
    joined = flat.left_join(totals, [("order_id", "total_of")])
    is_total = joined.total_of.notnull() & joined.ordered_at.isnull()
    kept = joined.filter(~is_total).drop("total_of")
    details: dict[str, JSON] = {"amount": float(row["amount"] or 0)}
    total = int(flat.count().to_pyarrow().as_py())
    return kept, [Finding("totals_of_orders", "dropped", where, None, row["n"], total, (), details)]


def _parts_missing(flat: ir.Table, mapping: Mapping, where: str) -> Iterator[Finding]:
    """Say of how many rows a part of the order's number is missing, and left out of it."""
    for name, source in mapping.shared_parts.items():
        lacks = flat.order_id.notnull() & flat[name].isnull()
        row = flat.aggregate(n=lacks.sum(), total=flat.count()).to_pyarrow().to_pylist()[0]
        if row["n"]:
            details: dict[str, JSON] = {"part": source}
            count, total = int(row["n"]), row["total"]
            yield Finding(
                "number_part_missing", "suspicious", where, "order_id", count, total, (), details
            )


def _valued(flat: ir.Table, mapping: Mapping, where: str) -> tuple[ir.Table, list[Finding]]:
    """Add the line id (a number within the order, by content) and the row's value."""
    import ibis

    findings: list[Finding] = []
    if mapping.kind == "lines":
        flat, findings = _with_price(flat, where)
    elif "amount" not in flat.columns:
        raise MappingError(
            f"{where}: columns does not say which column is 'amount'",
            hint="with kind: orders, a row is an order and needs its amount",
        )
    else:
        flat = flat.mutate(**{LINE_VALUE: flat.amount})
    if _LINE not in flat.columns:
        order = [flat[name] for name in flat.columns]
        number = ibis.row_number().over(group_by=flat.order_id, order_by=order) + 1
        flat = flat.mutate(**{_LINE: number.cast("string")})
    return flat, findings


def _with_price(flat: ir.Table, where: str) -> tuple[ir.Table, list[Finding]]:
    """Add the value of each line, and the unit price where only its amount is there."""
    if "quantity" not in flat.columns:
        raise MappingError(
            f"{where}: columns does not say which column is 'quantity'",
            hint="where every line is one unit, write constants: {quantity: '1'}",
        )
    priced, amounts = "unit_price" in flat.columns, LINE_AMOUNT in flat.columns
    if not priced and not amounts:
        raise MappingError(
            f"{where}: columns says neither which column is 'unit_price' nor '{LINE_AMOUNT}'",
            hint=f"give the unit price, or the amount of the line as {LINE_AMOUNT}",
        )
    if not amounts:
        return flat.mutate(**{LINE_VALUE: line_value(flat.quantity, flat.unit_price)}), []
    findings: list[Finding] = []
    value = flat[LINE_AMOUNT]
    if priced:
        findings = _amount_over_price(flat, where)
        value = value.coalesce(line_value(flat.quantity, flat.unit_price))
        free = "list_price" not in flat.columns
        flat = flat.mutate(**{LINE_VALUE: value}).rename(
            {"list_price" if free else _GIVEN_PRICE: "unit_price"}
        )
    else:
        flat = flat.mutate(**{LINE_VALUE: value})
    # A refund may be written with both signs negative: the price has none. It has more decimals
    # than money, so that quantity × price gives the amount of the line back.
    price = (flat[LINE_VALUE].abs() / flat.quantity.abs().nullif(0)).cast(EXACT_PRICE)
    negative = (flat[LINE_VALUE] < 0) & (flat.quantity > 0)
    return flat.mutate(unit_price=negative.ifelse(-price, price)).drop(LINE_AMOUNT), findings


def _amount_over_price(flat: ir.Table, where: str) -> list[Finding]:
    """Say that lines have an amount beside their price, and in how many the two disagree."""
    product = line_value(flat.quantity, flat.unit_price)
    differs = (flat[LINE_AMOUNT].abs() - product.abs()).abs() > _SMALLEST_DIFFERENCE
    row = flat.aggregate(n=differs.sum(), total=flat.count()).to_pyarrow().to_pylist()[0]
    code = "price_is_list_price" if "list_price" not in flat.columns else "price_set_aside"
    level: Level = "suspicious" if row["n"] else "info"
    return [Finding(code, level, where, "unit_price", int(row["n"] or 0), row["total"])]


# Half a cent: what rounding a line to the cent can make of quantity × price.
_SMALLEST_DIFFERENCE = Decimal("0.0051")


def _with_roles(flat: ir.Table, mapping: Mapping) -> ir.Table:
    """Add what each row is; a line cancelled within an order that stands is no sale."""
    import ibis

    flat = flat.mutate(**{_ROLE: _role(flat, mapping)})
    if mapping.kind != "lines" or "status" not in flat.columns:
        return flat
    is_sold = flat[_ROLE].isin(_SOLD)
    is_void = flat.status.isin(["cancelled", "fraud"]).fill_null(False)
    # Where the status of orders that stand is written, a blank one says nothing: some exports
    # give it on the first line of an order only.
    stands = is_sold & ~is_void
    if flat.filter(flat.status.notnull() & ~is_void).limit(1).count().to_pyarrow().as_py():
        stands = stands & flat.status.notnull()
    stands = stands.any().over(ibis.window(group_by=flat.order_id))
    role = (is_sold & is_void & stands).ifelse("cancelled_line", flat[_ROLE])
    return flat.mutate(**{_ROLE: role})


def _role(flat: ir.Table, mapping: Mapping) -> ir.StringValue:
    import ibis

    quantity = flat.quantity if mapping.kind == "lines" else flat.amount
    price = flat.unit_price if mapping.kind == "lines" else flat.amount
    # Only the amount of a line has a value where there is no quantity.
    amount_only = (quantity.fill_null(0) == 0) & (flat[LINE_VALUE] > 0)
    return ibis.cases(
        (_left_out(flat, mapping.leave_out), "left_out"),
        (flat.order_id.isnull() | flat.ordered_at.isnull(), "incomplete"),
        (_is_return(flat, mapping.returns, quantity), "return"),
        (amount_only, "amount_only"),
        (flat[LINE_VALUE].isnull(), "unpriced"),
        (quantity < 0, "negative_quantity"),
        ((price < 0) | (flat[LINE_VALUE] < 0), "negative_price"),
        (price == 0, "zero_price"),
        (quantity == 0, "zero_quantity"),
        else_="sale",
    )


def _any_of(conditions: Sequence[ir.BooleanValue]) -> ir.BooleanValue:
    import ibis

    whole: ir.BooleanValue = ibis.literal(False)
    for condition in conditions:
        whole = whole | condition.fill_null(False)
    return whole


def _left_out(flat: ir.Table, rule: LeaveOut) -> ir.BooleanValue:
    conditions = [flat.order_id.startswith(prefix) for prefix in rule.order_prefix]
    if rule.product_id:
        conditions.append(flat.product_id.isin([code.strip() for code in rule.product_id]))
    if rule.column is not None and rule.filled:
        conditions.append(is_filled(flat[LEAVE_MARK]))
    elif rule.column is not None:
        conditions.append(is_marked(flat[LEAVE_MARK], rule.values))
    return _any_of(conditions)


def _is_return(flat: ir.Table, rule: Returns, quantity: ir.NumericValue) -> ir.BooleanValue:
    conditions = [flat.order_id.startswith(prefix) for prefix in rule.order_prefix]
    if rule.negative_quantity:
        conditions.append(quantity < 0)
    if rule.column is not None:
        conditions.append(is_marked(flat[RETURN_MARK], rule.values))
    return _any_of(conditions)


def _parts(flat: ir.Table) -> dict[str, _Part]:
    grouped = flat.group_by(_ROLE).aggregate(n=flat.count(), value=flat[LINE_VALUE].sum())
    return {
        row[_ROLE]: _Part(row["n"], float(row["value"] or 0))
        for row in grouped.to_pyarrow().to_pylist()
    }


def _described(parts: MappingType[str, _Part]) -> str:
    return ", ".join(f"{role}: {part.rows}" for role, part in sorted(parts.items())) or "no row"


# What rows of each role are called in findings, at which level, in the order they are told.
_TOLD: MappingType[str, tuple[str, Level]] = {
    "incomplete": ("rows_incomplete", "dropped"),
    "left_out": ("rows_left_out", "dropped"),
    "return": ("rows_return", "info"),
    "cancelled_line": ("rows_cancelled", "dropped"),
    "unpriced": ("rows_unpriced", "dropped"),
    "negative_quantity": ("rows_negative_quantity", "dropped"),
    "negative_price": ("rows_negative_price", "dropped"),
    "zero_price": ("rows_zero_price", "suspicious"),
    "zero_quantity": ("rows_zero_quantity", "dropped"),
    "amount_only": ("unpriced_lines", "suspicious"),
}
_SHOWN = ("order_id", "ordered_at", "product_id", "quantity", "unit_price", "amount")


def _findings(
    flat: ir.Table, parts: MappingType[str, _Part], mapping: Mapping, where: str
) -> Iterator[Finding]:
    total = sum(part.rows for part in parts.values())
    sold = sum(parts[role].value for role in _SOLD if role in parts)
    for role, (code, level) in _TOLD.items():
        if role not in parts:
            continue
        if role == "zero_price" and mapping.zero_price == "drop":
            code, level = "rows_zero_price_dropped", "dropped"
        if role == "incomplete" and _with_quantity(flat, mapping) > _MANY_SHARE * total:
            code, level = "many_rows_incomplete", "error"
        if role == "amount_only" and parts[role].value <= _LITTLE_SHARE * sold:
            level = "info"
        details: dict[str, JSON] = {"amount": parts[role].value} if code in _WITH_AMOUNT else {}
        examples = _examples(flat, role)
        yield Finding(code, level, where, None, parts[role].rows, total, examples, details)


def _sales_marked(flat: ir.Table, mapping: Mapping, total: int, where: str) -> Iterator[Finding]:
    """Say which sales the column that marks returns makes returns of."""
    column = mapping.returns.column
    if column is None:
        return
    mark = Returns(column=column, values=mapping.returns.values)
    is_marked = (flat[_ROLE] == "return") & _is_return(flat, mark, flat[LINE_VALUE])
    sold = flat.filter(flat[_ROLE].isin(_SOLD))
    yield from sales_marked(flat.filter(is_marked), sold, mapping, total=total, where=where)


def _with_quantity(flat: ir.Table, mapping: Mapping) -> int:
    """Return how many incomplete rows may be sales; totals of a ticket give no quantity."""
    quantity = flat.quantity if mapping.kind == "lines" else flat.amount
    lacks = (flat[_ROLE] == "incomplete") & (quantity != 0)
    return int(flat.aggregate(n=lacks.sum()).to_pyarrow().to_pylist()[0]["n"] or 0)


_WITH_AMOUNT = ("rows_cancelled", "rows_left_out", "rows_negative_price", "unpriced_lines")


def _balance(parts: MappingType[str, _Part], sold: int, dropped_before: int, where: str) -> Finding:
    """Say where every row of the source went: rows read = sold + returned + left out."""
    read = sum(part.rows for part in parts.values()) + dropped_before
    returned = parts["return"].rows if "return" in parts else 0
    details: dict[str, JSON] = {
        "read": read, "sold": sold, "returned": returned, "left": read - sold - returned,
    }  # fmt: skip
    return Finding("rows_read", "info", where, None, details=details)


def _of_orders(sales: ir.Table) -> list[str]:
    """Return the columns of lines that are their order's: order_id and ordered_at, then others."""
    first = ["order_id", "ordered_at"]
    # An amount of the source is of the line, whatever it means: that of the order is made.
    hidden = {*first, "amount"}
    others = [name for name in TABLES["orders"].names if name not in hidden]
    return first + [name for name in others if name in sales.columns]


def _examples(flat: ir.Table, role: str) -> tuple[dict[str, JSON], ...]:
    columns = [flat[name] for name in _SHOWN if name in flat.columns]
    rows = flat.filter(flat[_ROLE] == role).select(flat[_LINE].name("line_id"), *columns)
    return shown(rows.limit(_EXAMPLES).to_pyarrow().to_pylist())


def _lines(sales: ir.Table) -> ir.Table:
    in_orders = _of_orders(sales)
    hidden = {*in_orders, _ROLE, LINE_VALUE, *_OF_RULES, *_dotted(sales)}
    canonical = [name for name in TABLES["order_lines"].names if name in sales.columns]
    extra = [name for name in sales.columns if name not in {*hidden, *canonical}]
    return sales.select(*canonical, *extra)


def _orders_of(sales: ir.Table) -> ir.Table:
    """Return the orders of lines."""
    return sales.group_by("order_id").aggregate(
        ordered_at=sales.ordered_at.min(),
        # The greatest of an order's values: the same one in whatever order its rows come.
        **{name: sales[name].max() for name in _of_orders(sales)[2:]},
        amount=sales[LINE_VALUE].sum().cast(DECIMAL),
    )


def _orders(sales: ir.Table) -> ir.Table:
    return sales.drop(_ROLE, LINE_VALUE, _LINE, *_present(sales, *_OF_RULES))


def _present(table: ir.Table, *names: str) -> list[str]:
    return [name for name in names if name in table.columns]


def _dotted(table: ir.Table) -> list[str]:
    return [name for name in table.columns if name.split(".")[0] in ATTRIBUTES and "." in name]


def _attributes(rows: ir.Table) -> dict[str, ir.Table]:
    """Return products and contacts from the columns that describe them, at their last value.

    Rows are sales and returns: what was only ever returned is a product too. A sale says more
    than a return.
    """
    return {
        table: known.group_by(key).aggregate(
            **{column: _latest(known, name) for column, name in columns.items()}
        )
        for table, key, columns, known in _describing(rows)
    }


def _describing(rows: ir.Table) -> Iterator[tuple[str, str, dict[str, str], ir.Table]]:
    """Yield each table that rows describe: its key, its columns by name, the rows with a key."""
    for table, key in ATTRIBUTES.items():
        named = {
            name.partition(".")[2]: name for name in rows.columns if name.startswith(f"{table}.")
        }
        if named:
            yield table, key, named, rows.filter(rows[key].notnull())


def _changing(rows: ir.Table) -> Iterator[Finding]:
    """Tell of what the columns that describe products and contacts say more than one thing.

    Their last value stands for all that was sold: of a name or a consent that is right, of a cost
    or a region it moves the past. What a line may have of its own, and has, moves nothing.
    """
    for table, key, columns, known in _describing(rows):
        ends = {f"least_{column}": known[name].min() for column, name in columns.items()}
        ends |= {f"greatest_{column}": known[name].max() for column, name in columns.items()}
        each = known.group_by(key).aggregate(**ends)
        differ = {
            column: (each[f"least_{column}"] != each[f"greatest_{column}"]).fill_null(False)
            for column in columns
        }
        sums = {f"of_{column}": differs.sum() for column, differs in differ.items()}
        (told,) = each.aggregate(known=each.count(), **sums).to_pyarrow().to_pylist()
        for column, differs in differ.items():
            if not (count := told[f"of_{column}"]):
                continue
            is_little = count < _LITTLE_CHANGED * told["known"]
            may_be_of_lines = table == "products" and column in _OF_LINES
            own = known[column] if may_be_of_lines and column in rows.columns else None
            matters = column in _PAST_MATTERS[table] and (own is None or _is_lacking(known, own))
            level: Level = "suspicious" if matters and not is_little else "info"
            of_lines = may_be_of_lines and own is None
            some = each.filter(differs).order_by(key).limit(_EXAMPLES)
            some = some.select(key, f"least_{column}", f"greatest_{column}").to_pyarrow()
            details: dict[str, JSON] = {"known": told["known"], "key": key}
            details |= {"remedy": f"columns: {{{column}: …}}"} if of_lines else {}
            code = "several_of_lines" if of_lines else "several_over_time"
            yield Finding(
                code, level, table, column, int(count), told["known"],
                shown(some.to_pylist()), details,
            )  # fmt: skip


def _is_lacking(rows: ir.Table, column: ir.Value) -> bool:
    (told,) = rows.aggregate(lacks=column.isnull().any()).to_pyarrow().to_pylist()
    return bool(told["lacks"])


def _latest(rows: ir.Table, name: str) -> ir.Value:
    # The value itself breaks ties of time, so that row order never matters.
    key = (
        (rows[_ROLE] == "return").ifelse("0 ", "1 ")
        + rows.ordered_at.cast("string")
        + rows[name].cast("string")
    )
    return rows[name].argmax(key)


def _returns(rows: ir.Table, kind: str) -> ir.Table:
    import ibis

    columns: dict[str, Any] = {
        "return_id": rows.order_id + "-" + rows[_LINE],
        "order_id": ibis.null("string"),
        "returned_at": rows.ordered_at,
        "refund_amount": rows[LINE_VALUE].abs(),
        "kind": ibis.literal("return"),
    }
    columns |= {name: rows[name] for name in _present(rows, "customer_id", "product_id", "channel")}
    if ORIGINAL_ORDER in rows.columns:
        columns["order_id"] = rows[ORIGINAL_ORDER]
    if kind == "lines":
        columns["quantity"] = rows.quantity.abs()
    names = [name for name in TABLES["returns"].names if name in columns]
    return rows.select(**{name: columns[name] for name in names})
