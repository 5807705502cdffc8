"""What looks like a fault of the data: missing prices, missing days, prices that lines lack."""

from __future__ import annotations

from collections.abc import Sequence

from marketing_kpi.accounts.whole_orders import PaidLess
from marketing_kpi.kpis.extent import Gap
from marketing_kpi.kpis.unpriced import Unpriced
from marketing_kpi.text.locale import Reader


def missing_prices(found: Unpriced | None, reader: Reader) -> list[str]:
    """Say that sales moved in part because prices are missing for more of one of the periods."""
    if found is None or not found.differs:
        return []
    _ = reader.translate
    shares = {"now": reader.percent(found.now), "before": reader.percent(found.before)}
    if found.of == "orders":
        return [
            _(
                "Amounts are missing for {now} of orders now, {before} before: the change of sales "
                "is partly that, a fault of the data. Complete them before you conclude.",
                **shares,
            )
        ]
    return [
        _(
            "Prices are missing for {now} of units now, {before} before: the change of sales is "
            "partly that, a fault of the data. Complete them before you conclude.",
            **shares,
        )
    ]


_FEW = 3


def no_verdict_on(names: Sequence[str], *, of: int, reader: Reader) -> list[str]:
    """Say of which changes missing prices leave no verdict, out of so many that are shown."""
    if not names:
        return []
    _ = reader.translate
    named = len(names) <= _FEW
    which = (
        _("; ").join(names)
        if named
        else _("{n} of {all}", n=reader.integer(len(names)), all=reader.integer(of))
    )
    return [
        _(
            "Prices are missing for more of one of the two periods than of the other ({which}): "
            "these changes are partly that, a fault of the data, and no verdict is given on them.",
            which=which,
        )
    ]


def of_holed_dots(reader: Reader, *, any_holed: bool) -> list[str]:
    """Say, under a figure, why the change of some dots has no interval."""
    _ = reader.translate
    if not any_holed:
        return []
    return [
        _(
            "Hollow, without a bar: prices are missing for more of one of the two periods than of "
            "the other."
        )
    ]


def missing_days(gap: Gap | None, reader: Reader) -> list[str]:
    """Say on which days nothing was ordered, and what that does if the shop was open."""
    if gap is None:
        return []
    _ = reader.translate
    return [
        _(
            "Days without any order, {dates}: if the shop was open, the data lack these days, and "
            "the values that hold them are too low.",
            dates=reader.date_range(gap.first, gap.after),
        )
    ]


def of_no_row(reader: Reader) -> str:
    """Say that missing prices leave no verdict on the growth of any row."""
    _ = reader.translate
    return _(
        "As prices are missing for more of one period than of the other, of no row can it be said "
        "that it grew or fell."
    )


def added_to_list(amount: float, reader: Reader) -> list[str]:
    """Say by how much net sales exceed those at list price, and the two reasons that this has."""
    if not amount > 0:
        return []
    _ = reader.translate
    return [
        _(
            "Net sales exceed the same sales at list price by {amount}: prices paid above the "
            "list, or credits for goods that had been sold at a discount.",
            amount=reader.money(amount, decimals=0),
        )
    ]


def of_goods_back(amount: float, reader: Reader) -> list[str]:
    """Say what the discounts of credits, mostly below 0, come to; nothing where they are 0."""
    _ = reader.translate
    if amount < 0:
        return [
            _(
                "Goods given back by credits had been sold at a discount, of {amount} in all.",
                amount=reader.money(-amount, decimals=0),
            )
        ]
    if amount > 0:
        return [
            _(
                "Credits gave back {amount} more than the list price of their goods.",
                amount=reader.money(amount, decimals=0),
            )
        ]
    return []


def off_whole_orders(found: PaidLess | None, reader: Reader) -> list[str]:
    """Say what was taken off whole orders, which prices of lines do not tell."""
    if found is None:
        return []
    _ = reader.translate
    return [
        _(
            "Orders paid less than their lines add up to: {orders}, by {amount} in all. That is a "
            "discount on the whole order, such as a voucher (or a tax that the amounts of orders "
            "leave out), and is not in these figures.",
            orders=reader.integer(found.orders),
            amount=reader.money(found.amount, decimals=0),
        )
    ]


def above_list(amount: float, reader: Reader) -> list[str]:
    """Say by how much prices paid exceed list prices in all; nothing where they do not."""
    _ = reader.translate
    if not amount > 0:
        return []
    return [
        _(
            "Prices paid are above list prices, by {amount} in all: check that list prices are up "
            "to date.",
            amount=reader.money(amount, decimals=0),
        )
    ]
