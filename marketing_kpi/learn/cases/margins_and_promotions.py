"""Cases of lesson 08: margins on two bases, amounts shared out, break-even, promotions."""

from __future__ import annotations

import numpy as np
import pandas as pd

from marketing_kpi.learn.exercises import Case, Quantity
from marketing_kpi.margins import share_out

CHANNELS = ("app", "store", "web")
SHELF = ("boots", "coat", "scarf")
DAYS = 30


def _lines(rng: np.random.Generator, count: int) -> pd.DataFrame:
    data = pd.DataFrame({"line_id": [f"L{n}" for n in range(1, count + 1)]})
    data["quantity"] = rng.integers(1, 6, count)
    data["unit_cost"] = 5 * rng.integers(4, 20, count)
    data["list_price"] = (data.unit_cost * rng.uniform(1.7, 2.6, count)).round()
    data["unit_price"] = (data.list_price * rng.choice([0.7, 0.8, 1.0], count)).round()
    return data


def markup_of_a_shelf(rng: np.random.Generator) -> Case:
    """Markup of some lines together: sums, over the cost."""
    while True:
        data = _lines(rng, 8)
        sold = (data.quantity * data.unit_price).sum()
        cost = (data.quantity * data.unit_cost).sum()
        listed = (data.quantity * data.list_price).sum()
        each = float((data.unit_price / data.unit_cost - 1).mean())
        answer = float(sold / cost - 1)
        if abs(each - answer) > 0.01 and listed > sold * 1.03:
            break
    return Case(
        answer=answer,
        data=data,
        mistakes={
            "margin_for_markup": float((sold - cost) / sold),
            "mean_of_rates": each,
            "gross_for_net": float(listed / cost - 1),
        },
    )


def margin_by_channel(rng: np.random.Generator) -> Case:
    """Gross margin rate of each channel, at the price paid."""
    while True:
        data = pd.concat([_lines(rng, 5).assign(channel=name) for name in CHANNELS])
        data = data.sample(frac=1, random_state=rng, ignore_index=True)
        data["line_id"] = [f"L{n}" for n in range(1, len(data) + 1)]
        rows = data.assign(
            sold=data.quantity * data.unit_price,
            cost=data.quantity * data.unit_cost,
            listed=data.quantity * data.list_price,
            rate=1 - data.unit_cost / data.unit_price,
        )
        sums = rows.groupby("channel")[["sold", "cost", "listed"]].sum()
        answer = 1 - sums.cost / sums.sold
        means = rows.groupby("channel").rate.mean()
        at_list = 1 - sums.cost / sums.listed
        apart = [(answer - other).abs().max() for other in (means, at_list)]
        if min(apart) > 0.01:
            break
    return Case(
        answer=answer,
        data=data,
        mistakes={
            "markup_for_margin": sums.sold / sums.cost - 1,
            "mean_of_rates": means,
            "gross_for_net": at_list,
        },
    )


def discount_to_the_cent(rng: np.random.Generator) -> Case:
    """Parts of an order's discount by largest remainders."""
    while True:
        prices = pd.Series(rng.integers(20, 160, len(SHELF)) + 0.5, index=list(SHELF))
        discount = float(rng.integers(10, 40))
        parts = pd.Series(share_out(discount, list(prices)), index=prices.index)
        rounded = (discount * prices / prices.sum()).round(2)
        if abs(rounded.sum() - discount) > 0.005 and prices.nunique() == len(SHELF):
            break
    data = pd.DataFrame({"product": list(SHELF), "unit_price": prices.to_numpy()})
    return Case(
        answer=parts,
        data=data,
        mistakes={
            "cents_lost": rounded,
            "equal_parts": pd.Series(share_out(discount, [1.0] * len(SHELF)), index=prices.index),
            "prices_left": prices - parts,
        },
        values={"discount": Quantity(discount, "currency")},
    )


def days_to_break_even(rng: np.random.Generator) -> Case:
    """Days of average sales that pay a month's fixed costs."""
    sales = float(1000 * rng.integers(40, 90))
    goods = round(sales * rng.uniform(0.46, 0.54))
    fulfilment = round(sales * rng.uniform(0.06, 0.10))
    fees = round(sales * rng.uniform(0.02, 0.03))
    margin = sales - goods - fulfilment - fees
    fixed = round(margin * rng.uniform(0.55, 0.9))
    data = pd.DataFrame({
        "line": ["net_sales", "cost_of_goods_sold", "fulfilment", "payment_fees", "fixed_costs"],
        "amount": [sales, goods, fulfilment, fees, fixed],
    })  # fmt: skip
    return Case(
        answer=fixed / margin * DAYS,
        data=data,
        mistakes={
            "gross_margin": fixed / (sales - goods) * DAYS,
            "sales_for_margin": fixed / sales * DAYS,
            "inverted": margin / fixed * DAYS,
        },
        values={"days": Quantity(DAYS, "count")},
    )


def promotions_that_lost(rng: np.random.Generator) -> Case:
    """Promotions of which the data say that they lost margin."""
    kinds = {"lost": (-3, -1), "maybe_lost": (-3, 1), "maybe_earned": (-1, 3), "earned": (1, 3)}
    rows = []
    for low, high in (kinds["lost"], kinds["lost"], *kinds.values()):
        ends = 1000 * (np.array([low, high]) + rng.uniform(-0.4, 0.4, 2))
        rows.append((ends.mean(), *ends))
    data = pd.DataFrame(rows, columns=["margin", "low", "high"]).round(-1)
    names = [f"PR{n:02d}" for n in sorted(rng.choice(np.arange(10, 60), len(data), replace=False))]
    data = data.sample(frac=1, random_state=rng, ignore_index=True)
    data.insert(0, "promotion", names)

    def chosen(rows: pd.Series[bool]) -> frozenset[str]:
        return frozenset(data.promotion[rows])

    return Case(
        answer=chosen(data.high < 0),
        data=data,
        mistakes={
            "estimate_only": chosen(data.margin < 0),
            "low_end": chosen(data.low < 0),
            "earned": chosen(data.low > 0),
        },
        choices=tuple(names),
    )


def worth_of_a_promotion(rng: np.random.Generator) -> Case:
    """Incremental margin of a promotion, with what it displaced."""
    baseline = int(rng.integers(150, 260))
    sold = round(baseline * rng.uniform(1.9, 2.4))
    data = pd.DataFrame({
        "units": ["promoted", "substitutes", "weeks_after"],
        "expected": [baseline, int(rng.integers(200, 300)), int(rng.integers(150, 260))],
    })  # fmt: skip
    lost, missing = int(rng.integers(30, 70)), int(rng.integers(30, 60))
    data["observed"] = [sold, data.expected[1] - lost, data.expected[2] - missing]
    usual = float(rng.integers(38, 52))
    other, reduced = usual + float(rng.integers(-6, 7)), usual - float(rng.integers(14, 18))
    data["margin_expected"] = [usual, other, usual]
    data["margin_observed"] = [reduced, other, usual]
    cost, funding = float(50 * rng.integers(12, 25)), float(50 * rng.integers(4, 11))
    change = data.observed * data.margin_observed - data.expected * data.margin_expected
    answer = change.sum() - cost + funding
    return Case(
        answer=float(answer),
        data=data,
        mistakes={
            "nothing_displaced": float(change[0] - cost + funding),
            "baseline_forgotten": float(sold * reduced + change[1:].sum() - cost + funding),
            "discount_twice": float(answer - sold * (usual - reduced)),
            "usual_margin": float((sold - baseline) * usual + change[1:].sum() - cost + funding),
        },
        values={"cost": Quantity(cost, "currency"), "funding": Quantity(funding, "currency")},
    )
