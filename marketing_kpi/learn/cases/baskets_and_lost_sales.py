"""Cases of lesson 11: affinity, discounts, pairs among many, missed units, stock to add."""

from __future__ import annotations

import numpy as np
import pandas as pd

from marketing_kpi.learn.exercises import Case, Quantity

CANDIDATES = ("attach_rate", "delivery_days", "lost_sales", "page_views")
PRODUCTS = ("boots", "kettle", "lamp", "tent")
FALSE_SHARE = 0.05


def candidate_scores(rng: np.random.Generator) -> Case:
    """Priority scores of four candidate KPIs."""
    data = pd.DataFrame({"kpi": CANDIDATES})
    for mark in ("impact", "confidence", "ease"):
        data[mark] = rng.permutation([3, 5, 7, 9]) - rng.integers(0, 2)
    marks = data.set_index("kpi")
    return Case(
        answer=marks.prod(axis=1),
        data=data,
        mistakes={
            "added_up": marks.sum(axis=1),
            "averaged": marks.mean(axis=1),
            "without_ease": marks.impact * marks.confidence,
        },
    )


def lift_of_a_pair(rng: np.random.Generator) -> Case:
    """Lift of tents and mats, a basket of which holds the tent on two lines."""
    both, tents, mats = int(rng.integers(5, 8)), int(rng.integers(2, 5)), int(rng.integers(2, 5))
    others = int(rng.integers(8, 12))
    baskets = (
        [["tent", "mat"]] * (both - 1) + [["tent", "tent", "mat"]]
        + [["tent"]] * tents + [["mat", "cup"]] * mats + [["cup"]] * others
    )  # fmt: skip
    places = rng.permutation(len(baskets))
    rows = [(f"O{n + 1}", item) for n, place in enumerate(places) for item in baskets[place]]
    data = pd.DataFrame(rows, columns=["order_id", "product_id"])
    n, with_tent, with_mat = len(baskets), both + tents, both + mats
    lines = data.product_id.value_counts()
    return Case(
        answer=both * n / (with_tent * with_mat),
        data=data,
        mistakes={
            "support": both / n,
            "confidence": both / with_tent,
            "lines_for_baskets": (both + 1) * len(data) / (lines["tent"] * lines["mat"]),
        },
    )


def taken_by_promotions(rng: np.random.Generator) -> Case:
    """Share of the list price that promotions took, of two kinds of discounts."""
    # the dearest lines are cut the most, so that no average of percentages can be right
    promoted = pd.DataFrame({"list_price": [20, 40, 100, 150], "cut": [0.1, 0.2, 0.4, 0.5]})
    others = pd.DataFrame({"list_price": rng.integers(3, 13, 6) * 10, "cut": 0.0})
    others.loc[:1, "cut"] = [0.1, 0.5]
    promoted["promotion_id"], others["promotion_id"] = "PR1", ""
    data = pd.concat([promoted, others]).sample(frac=1, random_state=rng, ignore_index=True)
    data.insert(0, "quantity", rng.integers(1, 4, len(data)))
    data["price_paid"] = data.list_price * (1 - data.pop("cut"))
    gross = data.quantity * data.list_price
    given = gross - data.quantity * data.price_paid
    on_promotion = data.promotion_id != ""
    taken = given[on_promotion].sum()
    return Case(
        answer=taken / gross.sum(),
        data=data,
        mistakes={
            "all_discounts": given.sum() / gross.sum(),
            "net_for_gross": taken / (gross - given).sum(),
            "wrong_denominator": taken / gross[on_promotion].sum(),
            "mean_of_rates": float((given / gross)[on_promotion].mean()),
        },
    )


def pairs_to_keep(rng: np.random.Generator) -> Case:
    """Pairs kept by Benjamini and Hochberg, among all those of a shop's products."""
    products = int(rng.integers(20, 23))
    tested = products * (products - 1) // 2
    p_values = np.array([8e-5, 3e-4, 6e-4, 4e-3, 0.012, 0.042, 0.046, 0.2])
    p_values = p_values * rng.uniform(0.96, 1.04, len(p_values))
    data = pd.DataFrame({"pair": [f"P{n}" for n in range(1, len(p_values) + 1)]})
    data["p_value"] = rng.permutation(p_values.round(6))
    data["products_of_the_shop"] = products

    def kept(of: int) -> frozenset[str]:
        ranked = data.sort_values("p_value", ignore_index=True)
        passes = ranked.p_value <= FALSE_SHARE * (ranked.index + 1) / of
        return frozenset(ranked.pair[: 1 + np.flatnonzero(passes).max()])

    return Case(
        answer=kept(tested),
        data=data,
        mistakes={
            "uncorrected": frozenset(data.pair[data.p_value < FALSE_SHARE]),
            "shown_only": kept(len(data)),
            "bonferroni": frozenset(data.pair[data.p_value < FALSE_SHARE / tested]),
        },
        values={"products": Quantity(products)},
        choices=tuple(data.pair),
    )


def units_missed(rng: np.random.Generator) -> Case:
    """Units missed in a stock-out that fell on busy days."""
    data = pd.DataFrame({"day": pd.date_range("2025-05-05", periods=14)})
    busy = data.day.dt.day_of_week >= 5
    data["others_sold"] = rng.integers(36, 44, len(data)) * np.where(busy, 3, 1)
    data["in_stock"] = data.index < 11  # out from a Friday to the Sunday
    data["sold"] = np.where(data.in_stock, (data.others_sold / 10).round().astype(int), 0)
    here, out = data[data.in_stock], data[~data.in_stock]
    return Case(
        answer=here.sold.sum() / here.others_sold.sum() * out.others_sold.sum(),
        data=data,
        mistakes={
            "every_day": data.sold.mean() * len(out),
            "not_comparable": here.sold.mean() * len(out),
            "share_of_every_day": data.sold.sum() / data.others_sold.sum() * out.others_sold.sum(),
        },
    )


def where_to_add_stock(rng: np.random.Generator) -> Case:
    """The product whose lost margin is most above what the stock to prevent it costs."""
    names = rng.permutation(PRODUCTS)
    kinds = {  # days out, units lost, price, margin rate, yearly cost of the stock
        "days": (60, 20, 20, 0.5, 90),
        "units": (20, 90, 10, 0.4, 300),
        "revenue": (25, 30, 120, 0.15, 450),
        "gain": (15, 40, 60, 0.5, 400),
    }
    data = pd.DataFrame(
        [kinds[kind] for kind in kinds],
        columns=["days_out", "lost_units", "average_price", "margin_rate", "stock_cost"],
        index=names,
    )
    data["lost_units"] += rng.integers(0, 4, len(data))
    data["stock_cost"] += rng.integers(0, 20, len(data))
    data = data.rename_axis("product").reset_index().sort_values("product", ignore_index=True)
    by_name = data.set_index("product")
    revenue = by_name.lost_units * by_name.average_price
    return Case(
        answer=str((revenue * by_name.margin_rate - by_name.stock_cost).idxmax()),
        data=data,
        mistakes={
            "by_days": str(by_name.days_out.idxmax()),
            "by_units": str(by_name.lost_units.idxmax()),
            "by_revenue": str(revenue.idxmax()),
        },
        choices=tuple(sorted(PRODUCTS)),
    )
