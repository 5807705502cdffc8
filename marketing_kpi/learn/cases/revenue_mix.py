"""Cases of lesson 14: what counts when, the same stores, effects, and what is noise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from marketing_kpi.learn.exercises import Case

EFFECTS = ("volume", "mix", "price", "assortment")
CHANNELS = ("app", "marketplace", "store", "web")
SEGMENTS = ("bedding", "camping", "clothing", "kitchen", "luggage", "shoes")


def booked_in_december(rng: np.random.Generator) -> Case:
    """Orders booked in a month: cancelled ones in; frauds, tests and other months out."""
    kinds = ["usual"] * 5 + ["cancelled", "late", "early", "fraud", "test"]
    amounts = {"cancelled": 70, "late": 220, "early": 110, "fraud": 150, "test": 40}
    data = pd.DataFrame({"kind": kinds})
    day = pd.to_timedelta(rng.integers(1, 20, len(data)), unit="D")
    data["ordered_at"] = pd.Timestamp("2025-12-01") + day
    data.loc[data.kind == "early", "ordered_at"] = pd.Timestamp("2025-11-29")
    data["received_at"] = data.ordered_at + pd.Timedelta(days=4)
    data.loc[data.kind == "late", "ordered_at"] = pd.Timestamp("2025-12-30")
    data.loc[data.kind == "late", "received_at"] = pd.Timestamp("2026-01-03")
    status = {"cancelled": "cancelled", "fraud": "fraud"}
    data["status"] = [status.get(kind, "delivered") for kind in data.kind]
    data["is_test"] = data.kind == "test"
    usual = rng.integers(30, 120, len(data))
    fixed = [
        amounts.get(kind, 0) + int(extra % 20) for kind, extra in zip(data.kind, usual, strict=True)
    ]
    data["amount"] = np.where(data.kind == "usual", usual, fixed)
    data = data.drop(columns="kind").sample(frac=1, random_state=rng, ignore_index=True)
    data.insert(0, "order_id", [f"O{n}" for n in range(1, len(data) + 1)])
    december = data.ordered_at.dt.month == 12
    placed = (data.status != "fraud") & ~data.is_test
    valid = placed & (data.status != "cancelled")
    received = data.received_at.dt.month == 12
    return Case(
        answer=float(data.amount[december & placed].sum()),
        data=data,
        mistakes={
            "cancelled_out": float(data.amount[december & valid].sum()),
            "frauds_and_tests_in": float(data.amount[december].sum()),
            "when_received": float(data.amount[received & valid].sum()),
        },
    )


def recognised_in_december(rng: np.random.Generator) -> Case:
    """Revenue recognised in a month: received in it, less what is refunded in it."""
    ordered = ["12-03", "12-08", "12-12", "12-30", "11-28", "11-10"]
    receipt = ["12-06", "12-11", "12-15", "13-03", "12-02", "11-13"]
    refund = ["13-09", "12-20", "", "", "", "12-05"]
    least, room = np.array([90, 90, 90, 300, 100, 80]), np.array([50, 50, 50, 60, 40, 40])
    data = pd.DataFrame({"ordered_at": _days(ordered), "received_at": _days(receipt)})
    data["amount"] = least + rng.integers(0, room)
    data["refunded_at"] = _days(refund)
    data["refunded"] = np.array([60, 20, 0, 0, 0, 20]) + rng.integers(0, [20, 20, 1, 1, 1, 20])
    data = data.sample(frac=1, random_state=rng, ignore_index=True)
    received = data.received_at.dt.month == 12
    refunds = data.refunded[data.refunded_at.dt.month == 12].sum()
    gross = data.amount[received].sum()
    return Case(
        answer=float(gross - refunds),
        data=data,
        mistakes={
            "when_ordered": float(data.amount[data.ordered_at.dt.month == 12].sum() - refunds),
            "forgot_returns": float(gross),
            "refunds_of_its_sales": float(gross - data.refunded[received].sum()),
        },
    )


def _days(texts: Sequence[str]) -> pd.Series[pd.Timestamp]:
    """Return days of 2025 from months and days; month 13 is January of the next year."""
    given = pd.Series(list(texts), dtype="str")
    days = "2025-" + given.where(given != "")
    return pd.to_datetime(days.str.replace("2025-13", "2026-01"))


def same_stores(rng: np.random.Generator) -> Case:
    """Growth of the stores that were open throughout both years."""
    before = [900 + rng.integers(100), 300 + rng.integers(50), 200 + rng.integers(50), 100, 0,
              500 + rng.integers(40)]  # fmt: skip
    data = pd.DataFrame({"revenue_before": np.array(before, dtype=float)})
    opened = ["2016-04-01", "2019-09-01", "2021-02-01", "2024-08-01", "2025-03-01", "2018-05-01"]
    data["opened_on"] = pd.to_datetime(opened)
    data["closed_on"] = pd.to_datetime(pd.Series([*[pd.NaT] * 5, "2025-02-01"]))
    growth = np.array([-0.03, 0.10, 0.15]) + rng.uniform(-0.01, 0.01, 3)
    same = np.round(data.revenue_before[:3] * (1 + growth))
    later = [300 + rng.integers(10), 650 + rng.integers(50), 50 + rng.integers(10)]
    data["revenue"] = [*same, *later]
    data = data.sample(frac=1, random_state=rng, ignore_index=True)
    data.insert(0, "store_id", [f"S{n}" for n in range(1, len(data) + 1)])
    stays, there = data.closed_on.isna(), data.opened_on <= "2024-01-01"

    def grew(rows: pd.Series[bool]) -> float:
        return float(data.revenue[rows].sum() / data.revenue_before[rows].sum() - 1)

    alike = data[stays & there]
    return Case(
        answer=grew(stays & there),
        data=data,
        mistakes={
            "whole_network": grew(stays | ~stays),
            "opened_last_year": grew(stays & (data.revenue_before > 0)),
            "closed_kept": grew(there),
            "mean_of_rates": float((alike.revenue / alike.revenue_before - 1).mean()),
        },
    )


def four_effects(rng: np.random.Generator) -> Case:
    """Volume, mix, price and assortment of four products, one new and one dropped."""
    data = pd.DataFrame({"product": ["tent", "rope", "lamp", "stove"]})
    data["units_before"] = np.array([10, 30, 0, 8]) + rng.integers(0, [5, 5, 1, 4])
    data["price_before"] = [200.0, 20.0, 0.0, 50.0]
    data["units"] = np.array([16, 30, 5, 0]) + rng.integers(0, [5, 5, 5, 1])
    data["price"] = np.array([200.0, 20, 30, 0]) + rng.integers(1, 4) * np.array([-5, 1, 0, 0])
    both = data[(data.units_before > 0) & (data.units > 0)]
    old, new = both.units_before.sum(), both.units.sum()
    before = (both.units_before * both.price_before).sum()
    at_old_prices = (both.units * both.price_before).sum()
    now = (both.units * both.price).sum()
    volume = (new - old) * before / old
    others = data.drop(both.index)
    range_ = (others.units * others.price - others.units_before * others.price_before).sum()
    answer = pd.Series([volume, at_old_prices - before - volume, now - at_old_prices, range_])
    answer.index = list(EFFECTS)
    in_all = (data.units_before * data.price_before).sum() / data.units_before.sum()
    last = now / new
    at_new = (both.units_before * both.price).sum()
    return Case(
        answer=answer,
        data=data,
        mistakes={
            "all_products": answer.where(
                answer.index != "volume",
                (data.units.sum() - data.units_before.sum()) * in_all,
            ),
            "reverse_order": pd.Series(
                {
                    "volume": (new - old) * last,
                    "mix": now - at_new - (new - old) * last,
                    "price": at_new - before,
                    "assortment": range_,
                }
            ),
            "no_mix": pd.Series(
                {
                    "volume": at_old_prices - before,
                    "mix": 0.0,
                    "price": now - at_old_prices,
                    "assortment": range_,
                }
            ),
        },
    )


def segments_beyond_chance(rng: np.random.Generator) -> Case:
    """Segments that grow faster than all together by their whole interval."""
    overall, before = rng.uniform(0.06, 0.09), rng.integers(90, 110, len(SEGMENTS))
    # Growth above the overall rate and half-width of the interval; the last makes up for the rest.
    gaps, halves = [0.15, 0.08, 0.05, 0.03, -0.01], np.array([0.10, 0.05, 0.09, 0.20, 0.03, 0.06])
    gaps.append(-float(before[:-1] @ gaps) / before[-1])
    rates = overall + np.array(gaps)
    data = pd.DataFrame({"category": rng.permutation(SEGMENTS), "revenue_before": before})
    data["revenue"] = np.round(before * (1 + rates), 1)
    data["low"], data["high"] = np.round([rates - halves, rates + halves], 3)
    data = data.sort_values("category", ignore_index=True)
    growth = data.revenue / data.revenue_before - 1
    overall = data.revenue.sum() / data.revenue_before.sum() - 1

    def chosen(rows: pd.Series[bool]) -> frozenset[str]:
        return frozenset(data.category[rows])

    return Case(
        answer=chosen(data.low > overall),
        data=data,
        mistakes={
            "dots_alone": chosen(growth > overall),
            "held_against_zero": chosen(data.low > 0),
            "high_end": chosen(data.high > overall),
        },
        choices=SEGMENTS,
    )


def share_of_price(rng: np.random.Generator) -> Case:
    """Which part of the change is the price effect, product by product."""
    data = pd.DataFrame({"category": ["camping"] * 3 + ["kitchen"] * 3})
    data.insert(0, "product", ["tent", "lamp", "chair", "pan", "knife", "oven"])
    price = np.array([200, 30, 60, 40, 25, 0])
    before = np.array([20, 80, 30, 50, 60, 0]) + rng.integers(0, 5, 6)
    before[5] = 0
    more = np.array([30, -35, 5, 12, -6, 10]) + rng.integers(0, 4, 6)
    rise = 1 + np.append(rng.integers(1, 4, 5) / 100, 0)
    data["units_before"], data["revenue_before"] = before, (before * price).astype(float)
    data["units"] = before + more
    paid = np.round(price * rise, 2)
    paid[5] = 150
    data["revenue"] = np.round(data.units * paid, 2)
    change = data.revenue.sum() - data.revenue_before.sum()

    def price_effect(rows: pd.DataFrame) -> float:
        old = rows[rows.units_before > 0]
        return float((old.revenue - old.units * old.revenue_before / old.units_before).sum())

    measures = ["units_before", "revenue_before", "units", "revenue"]
    by_category = data.groupby("category")[measures].sum()
    whole = data[measures].sum().to_frame().T
    old = data[data.units_before > 0]
    return Case(
        answer=price_effect(data) / change,
        data=data,
        mistakes={
            "by_category": price_effect(by_category) / change,
            "mean_price": price_effect(whole) / change,
            "assortment_in_price": (price_effect(data) + data.revenue[data.units_before == 0].sum())
            / change,
            "wrong_denominator": price_effect(data) / old.revenue_before.sum(),
        },
    )


def channel_of_growth(rng: np.random.Generator) -> Case:
    """Channel that adds most to growth, once what was cancelled is taken off."""
    right, fastest, largest, hollow = (str(name) for name in rng.permutation(CHANNELS))
    # Booked before and now, then cancelled before and now.
    plan = {
        right: (400, 490, 10, 12),
        fastest: (60, 105, 2, 4),
        largest: (900, 930, 20, 25),
        hollow: (300, 440, 10, 100),
    }
    rows = [
        (name, *(amount + int(rng.integers(0, 5)) for amount in amounts))
        for name, amounts in plan.items()
    ]
    columns = ["channel", "booked_before", "booked", "cancelled_before", "cancelled"]
    data = pd.DataFrame(rows, columns=columns).sort_values("channel", ignore_index=True)
    before = data.booked_before - data.cancelled_before
    now = data.booked - data.cancelled

    def first(values: pd.Series[float]) -> str:
        return str(data.channel[int(np.argmax(values))])

    return Case(
        answer=first(now - before),
        data=data,
        mistakes={
            "cancelled_left_in": first(data.booked - data.booked_before),
            "fastest_rate": first(now / before),
            "largest_share": first(now),
        },
        choices=CHANNELS,
    )
