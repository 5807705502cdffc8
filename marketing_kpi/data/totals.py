"""Lines of an order that are no sale of anything: its totals, its taxes, its payments.

Tills export them among the products, and then the sales count two or three times. Their words tell
some of them; the others are told by what they are worth: the same part of their order each time
(subtotals and taxes), or the order and its taxes (totals and payments). Products are neither: most
have a price, whatever else is on the ticket.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from collections.abc import Mapping as MappingType
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from marketing_kpi.data.mapping import LINE_AMOUNT, LINE_VALUE, Mapping
from marketing_kpi.data.model import FLOAT, Finding
from marketing_kpi.data.words import (
    is_code_of_total,
    names_a_payment,
    names_a_tip,
    names_a_total,
    written,
)

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from marketing_kpi.data.model import JSON

# Of fewer orders, a part that is the same each time may be so by chance.
_FEWEST_ORDERS = 10
_MOST, _NEARLY_ALL = 0.5, 0.8
# A word alone says little of what hardly any order has: "Total" is a yogurt too.
_OFTEN = 0.05
# Kinds of payment are judged together, down to this share each.
_SELDOM = 0.01
_FEWEST_OF_A_KIND = 3
# What costs twice as much on one ticket as on another has no price of its own.
_TWICE = 2
_A_PENNY = 0.011
# Of the orders that are called totals.
_MOST_NUMBERS, _SHOWN = 10_000, 5
_ROUNDED = 0.01
# The highest tax on sales is 27 % (Hungary).
_WITH_TAXES = 1.27
# Of all that an order holds, its total is a part that varies as the taxes do.
_ABOUT = _WITH_TAXES**0.5
_NAME = "products.name"
_CODED, _UNCODED = "=", "?"


def lines_of_totals(sales: ir.Table, *, where: str) -> Iterator[Finding]:
    """Say in how many orders of three lines or more one line is worth all the others."""
    each = sales.group_by("order_id").aggregate(
        lines=sales.count(), greatest=sales[LINE_VALUE].max(), whole=sales[LINE_VALUE].sum()
    )
    longer = each.filter(each.lines > _TWICE)
    is_doubled = (longer.greatest > 0) & (longer.greatest * _TWICE == longer.whole)
    row = longer.aggregate(n=longer.count(), doubled=is_doubled.sum()).to_pyarrow().to_pylist()[0]
    doubled = int(row["doubled"] or 0)
    if doubled > max(_MOST * row["n"], 1):
        yield Finding("lines_of_totals", "suspicious", where, None, doubled, row["n"])


def orders_of_totals(sales: ir.Table, *, where: str) -> Iterator[Finding]:
    """Say which orders have a number that is a word for totals: those of a day, or of the file."""
    called = sales.filter(sales.order_id.re_search("(?i)tota"))
    each = called.group_by("order_id").aggregate(n=called.count(), amount=called[LINE_VALUE].sum())
    rows = each.order_by("order_id").limit(_MOST_NUMBERS).to_pyarrow().to_pylist()
    told = [row for row in rows if names_a_total(row["order_id"])]
    orders = int(sales.order_id.nunique().to_pyarrow().as_py())
    # Where most orders are called so, it is how they are numbered.
    if told and len(told) <= _MOST * orders:
        names: list[JSON] = [row["order_id"] for row in told[:_SHOWN]]
        details: dict[str, JSON] = {
            "names": names,
            "amount": float(sum(row["amount"] for row in told)),
            "remedy": f"leave_out: {{order_prefix: [{', '.join(map(written, map(str, names)))}]}}",
        }
        yield Finding(
            "orders_of_totals", "suspicious", where, "order_id", len(told), orders, (), details
        )


def amounts_of_orders(sales: ir.Table, *, where: str) -> Iterator[Finding]:
    """Say in how many orders of several lines all have one amount: that of the order, no doubt.

    Where all that is sold has one price they have too; but then each product has its own.
    """
    import ibis

    code = sales.product_id if "product_id" in sales.columns else ibis.literal("")
    lines = sales.select("order_id", "quantity", value=sales[LINE_VALUE].cast(FLOAT), code=code)
    # The least and the greatest are kept in little memory, whereas distinct values are all kept.
    each = lines.group_by("order_id").aggregate(
        differs=_varies(lines.code) | _varies(lines.quantity),
        is_same=(lines.value.min() == lines.value.max()) & (lines.value.min() > 0),
    )
    several = each.filter(each.differs)
    row = several.aggregate(n=several.count(), same=several.is_same.sum()).to_pyarrow().to_pylist()
    count, total = int(row[0]["same"] or 0), row[0]["n"]
    if count < max(_NEARLY_ALL * total, _FEWEST_ORDERS):
        return
    # Prices show in some orders as well as in all.
    first = several.filter(several.is_same).order_by("order_id").limit(_MOST_NUMBERS)
    if _has_prices(lines.semi_join(first, "order_id")):
        return
    yield Finding("amounts_of_orders", "suspicious", where, LINE_AMOUNT, count, total)


def _varies(column: ir.Column) -> ir.BooleanValue:
    return (column.min() != column.max()).fill_null(False)


def _has_prices(lines: ir.Table) -> bool:
    """Whether most lines are of products that do not cost twice as much in another order."""
    priced = lines.mutate(price=lines.value / lines.quantity.cast(FLOAT).nullif(0))
    each = priced.group_by("code").aggregate(
        n=priced.count(), is_priced=priced.price.max() <= _TWICE * priced.price.min()
    )
    row = each.aggregate(n=each.n.sum(), priced=each.n.sum(where=each.is_priced))
    told = row.to_pyarrow().to_pylist()[0]
    return bool((told["priced"] or 0) > _MOST * told["n"])


@dataclass(frozen=True)
class _Group:
    """The lines of one code; without a code, of one name; or the payments of all kinds.

    Attributes
    ----------
    keys
        What its lines are known by here.
    codes, names
        Their product codes, and the names of those that have none.
    lines, orders, amount
        How many, of how many orders, and what they are worth.
    is_priced
        Whether all have about the same unit price.
    is_named
        Whether a word says that they are totals or taxes.
    is_payment
        Whether a word says that they may be payments.
    is_tip
        Whether a word says that they are tips, which are often the same part of what was sold.
    """

    keys: tuple[str, ...]
    codes: tuple[str, ...]
    names: tuple[str, ...]
    lines: int
    orders: int
    amount: float
    is_priced: bool
    is_named: bool
    is_payment: bool
    is_tip: bool


def codes_of_totals(sales: ir.Table, mapping: Mapping, *, where: str) -> Iterator[Finding]:
    """Say which lines are totals, taxes or payments: by their name, or their part of the order."""
    if "product_id" not in sales.columns:
        return
    keyed = _keyed(sales)
    row = keyed.aggregate(
        n=keyed.count(), orders=keyed.order_id.nunique(), amount=keyed.value.sum()
    )
    counted = row.to_pyarrow().to_pylist()[0]
    groups = _groups(keyed, counted["orders"], counted["amount"] or 0)
    if counted["orders"] >= _FEWEST_ORDERS:
        found = _parts_of_orders(keyed, groups)
        more = _other_payments(keyed, found)
        found += [_group([row], counted["orders"], counted["amount"] or 0) for row in more]
    else:
        found = _named(groups, counted["amount"] or 0)
    for is_coded in (True, False):
        told = [group for group in found if bool(group.codes) is is_coded]
        if told:
            yield _told(told, mapping, counted["n"], where)


def _named(groups: Sequence[_Group], amount: float) -> list[_Group]:
    """Return the groups of too few orders to judge that a word tells: totals, and payments of all.

    The payments are worth all that the orders hold besides, with or without its taxes.
    """
    totals = [group for group in groups if group.is_named]
    left = amount - sum(group.amount for group in totals)
    payments = [
        group
        for group in groups
        if group.is_payment
        and group not in totals
        and 1 - _ROUNDED <= group.amount / max(left - group.amount, _A_PENNY) <= _WITH_TAXES
    ]
    return totals + payments


def _told(groups: Sequence[_Group], mapping: Mapping, total: int, where: str) -> Finding:
    details: dict[str, JSON] = {"amount": sum(group.amount for group in groups)}
    codes = sorted(code for group in groups for code in group.codes)
    if codes:
        details["remedy"] = without_codes(codes)
    else:
        names = sorted(name for group in groups for name in group.names)
        details["names"] = [name or "–" for name in names]
        details["remedy"] = _without_names(mapping, [name for name in names if name])
    code = "codes_of_totals" if codes else "uncoded_totals"
    count = sum(group.lines for group in groups)
    return Finding(code, "suspicious", where, "product_id", count, total, (), details)


def without_codes(codes: Sequence[str]) -> str:
    """Return the line of the mapping that leaves products out."""
    return f"leave_out: {{product_id: [{', '.join(map(written, codes))}]}}"


def _without_names(mapping: Mapping, names: Sequence[str]) -> str:
    """Return the line of the mapping that leaves out the lines of some names."""
    if not names:
        return "leave_out: {column: …, values: […]}"
    [source] = mapping.columns.get(_NAME, ("…",))[:1]
    return f"leave_out: {{column: {written(source)}, values: [{', '.join(map(written, names))}]}}"


def _keyed(sales: ir.Table) -> ir.Table:
    """Return the order, the key, the name, the value and the unit price of each line."""
    import ibis

    name = sales[_NAME] if _NAME in sales.columns else ibis.null("string")
    value = sales[LINE_VALUE].cast(FLOAT)
    code = sales.product_id
    return sales.select(
        order_id=sales.order_id,
        key=code.notnull().ifelse(
            ibis.literal(_CODED) + code, ibis.literal(_UNCODED) + name.fill_null("")
        ),
        name=name,
        value=value,
        price=sales.unit_price.cast(FLOAT).coalesce(value),
    )


def _groups(keyed: ir.Table, orders: int, amount: float) -> list[_Group]:
    """Return the groups of lines that more than a few orders have, or that have their names.

    A total of a day, or of the file, is a line in a few hundreds, and as much as all the others.
    """
    each = _by_key(keyed)
    is_known = (each.orders > _SELDOM * orders) | (each.amount > _OFTEN * amount)
    known = each.filter(is_known).order_by("key").to_pyarrow().to_pylist()
    payments = [row for row in known if row["orders"] > _SELDOM * orders and _is_payment(row)]
    others = [_group([row], orders, amount) for row in known if row not in payments]
    groups = [
        group
        for group in others
        if group.orders > _OFTEN * orders or (group.is_named and group.amount > _OFTEN * amount)
    ]
    return [*groups, _group(payments, orders, amount)] if payments else groups


def _by_key(keyed: ir.Table) -> ir.Table:
    """Return what the lines of each key are worth, and of how many orders they are."""
    # By key and order first: to count distinct orders at once takes much more memory.
    of_order = keyed.group_by(["key", "order_id"]).aggregate(
        name=keyed.name.max(),
        lines=keyed.count(),
        amount=keyed.value.sum(),
        least=keyed.price.min(),
        greatest=keyed.price.max(),
    )
    return of_order.group_by("key").aggregate(
        name=of_order.name.max(),
        lines=of_order.lines.sum(),
        orders=of_order.count(),
        amount=of_order.amount.sum(),
        least=of_order.least.min(),
        greatest=of_order.greatest.max(),
    )


def _is_payment(row: MappingType[str, Any]) -> bool:
    return names_a_payment(row["key"][1:]) or names_a_payment(row["name"] or "")


def _group(rows: Sequence[MappingType[str, Any]], orders: int, amount: float) -> _Group:
    is_priced = max(row["greatest"] for row in rows) <= _TWICE * min(row["least"] for row in rows)
    of_orders = sum(row["orders"] for row in rows)
    worth = sum(row["amount"] for row in rows)
    # What is called a total and has a price is a product; unless every order has it, or it is
    # worth several orders.
    is_small = worth * orders <= _TWICE * amount * of_orders
    is_product = is_priced and of_orders <= _NEARLY_ALL * orders and is_small
    return _Group(
        keys=tuple(row["key"] for row in rows),
        codes=tuple(row["key"][1:] for row in rows if row["key"].startswith(_CODED)),
        names=tuple(row["key"][1:] for row in rows if row["key"].startswith(_UNCODED)),
        lines=sum(row["lines"] for row in rows),
        orders=of_orders,
        amount=worth,
        is_priced=is_priced,
        is_named=any(
            is_code_of_total(row["key"][1:])
            or (names_a_total(row["name"] or "") and not is_product)
            for row in rows
        ),
        is_payment=_is_payment(rows[0]),
        is_tip=all(names_a_tip(row["key"][1:]) or names_a_tip(row["name"] or "") for row in rows),
    )


def _parts_of_orders(keyed: ir.Table, groups: Sequence[_Group]) -> list[_Group]:
    """Return the groups that have the name of a total, or are worth what one is.

    Of what the order is worth without any of them, they are the same part each time, or the whole
    with or without its taxes. Which these are is not known at first; but a total is also about the
    same part of all that its order holds, totals included.
    """
    judged = [group for group in groups if group.is_named or not (group.is_priced or group.is_tip)]
    named = {n for n, group in enumerate(judged) if group.is_named}
    if not judged:
        return []
    parts = _by_order(keyed, judged)
    found = named | _of_the_same_share(parts)
    while found:
        rest = _without(parts, found)
        if _is_nothing(rest):
            found = found - _what_was_sold(judged, found)
            rest = _without(parts, found)
        kept = named | (found & _worth_a_total(rest, judged))
        if kept == found:
            break
        found = kept
    return [judged[n] for n in sorted(found)]


def _other_payments(keyed: ir.Table, found: Sequence[_Group]) -> list[dict[str, Any]]:
    """Return the seldom kinds of payment: what orders that none of those found pays are paid by.

    They are worth the rest of such an order, and hardly any other order has them.
    """
    if not any(group.is_payment for group in found):
        return []
    keys = [key for group in found for key in group.keys]
    paid = keyed.filter(keyed.key.isin(keys)).select("order_id").distinct()
    unpaid = keyed.anti_join(paid, "order_id")
    wholes = unpaid.group_by("order_id").aggregate(whole=unpaid.value.sum())
    parts = unpaid.group_by(["order_id", "key"]).aggregate(part=unpaid.value.sum())
    both = parts.inner_join(wholes, "order_id")
    rest = both.whole - both.part
    is_rest = both.part.between(rest - _A_PENNY, rest * _WITH_TAXES + _A_PENNY)
    each = both.group_by("key").aggregate(n=both.count(), so=is_rest.sum())
    told = each.filter((each.so >= _NEARLY_ALL * each.n) & (each.so >= _FEWEST_OF_A_KIND))
    known = _by_key(keyed.semi_join(told, "key")).inner_join(told, "key")
    seldom = known.filter(known.n > _MOST * known.orders).order_by("key")
    rows: list[dict[str, Any]] = seldom.to_pyarrow().to_pylist()
    return rows


def _by_order(keyed: ir.Table, groups: Sequence[_Group]) -> ir.Table:
    """Return what the lines of each group are worth in each order that has some, and the whole."""
    numbers = [(key, n) for n, group in enumerate(groups) for key in group.keys]
    grouped = keyed.mutate(number=keyed.key.cases(*numbers))
    grouped = grouped.filter(grouped.number.notnull())
    parts = grouped.group_by(["order_id", "number"]).aggregate(part=grouped.value.sum())
    wholes = keyed.group_by("order_id").aggregate(whole=keyed.value.sum())
    return parts.inner_join(wholes, "order_id")


def _of_the_same_share(parts: ir.Table) -> set[int]:
    """Return the groups that are about the same part of nearly all their orders, never alone."""
    shared = parts.mutate(base=(parts.part < parts.whole - _A_PENNY).ifelse(parts.whole, None))
    expected = _expected(shared)
    near = shared.part.between(expected / _ABOUT, expected * _ABOUT)
    return _nearly_always(shared, near)


def _without(parts: ir.Table, found: Collection[int]) -> ir.Table:
    """Return the parts that were found, with what their order is worth without any of them."""
    kept = parts.filter(parts.number.isin(sorted(found)))
    out = kept.group_by("order_id").aggregate(out=kept.part.sum())
    both = kept.inner_join(out, "order_id")
    rest = both.whole - both.out
    return both.mutate(base=(rest > _A_PENNY).ifelse(rest, None)).drop("out")


def _is_nothing(rest: ir.Table) -> bool:
    """Whether nothing is left of most orders."""
    row = rest.aggregate(n=rest.count(), left=rest.base.count()).to_pyarrow().to_pylist()[0]
    return bool(row["left"] <= (1 - _MOST) * row["n"])


def _what_was_sold(groups: Sequence[_Group], found: Collection[int]) -> set[int]:
    """Return which group was sold, where the others are totals of it: worth what the total is.

    Rather one that has a code than one that has none, and the one without the taxes.
    """
    greatest = max(groups[n].amount for n in found)
    like = [n for n in found if groups[n].amount * _WITH_TAXES >= greatest * (1 - _ROUNDED)]
    sold = [n for n in like if not groups[n].is_named]
    return set(sorted(sold, key=lambda n: (not groups[n].codes, groups[n].amount))[:1])


def _worth_a_total(rest: ir.Table, groups: Sequence[_Group]) -> set[int]:
    """Return the groups that are, of the rest, the same part or the whole and its taxes."""
    expected = _expected(rest)
    same = (rest.part - expected).abs() <= _A_PENNY + _ROUNDED * expected
    # What has no code may hold several totals.
    uncoded = [n for n, group in enumerate(groups) if not group.codes]
    is_part = (rest.part <= _WITH_TAXES * rest.base + _A_PENNY) | rest.number.isin(uncoded)
    whole = rest.part.between(
        rest.base / _WITH_TAXES - _A_PENNY, rest.base * _WITH_TAXES + _A_PENNY
    )
    return _nearly_always(rest, same & is_part) | _nearly_always(rest, whole)


def _expected(parts: ir.Table) -> ir.FloatingValue:
    """Return what each part would be if its group were always the same share of its base."""
    based = parts.filter(parts.base.notnull())
    sums = based.group_by("number").aggregate(part=based.part.sum(), base=based.base.sum())
    rows = sums.to_pyarrow().to_pylist()
    shares = [(row["number"], row["part"] / row["base"]) for row in rows if row["base"] > 0]
    return parts.base * parts.number.cases(*shares) if shares else parts.base * 0


def _nearly_always(parts: ir.Table, is_so: ir.BooleanValue) -> set[int]:
    each = parts.group_by("number").aggregate(n=parts.count(), so=is_so.fill_null(False).sum())
    return {
        row["number"]
        for row in each.to_pyarrow().to_pylist()
        if row["so"] >= max(_NEARLY_ALL * row["n"], _FEWEST_ORDERS)
    }
