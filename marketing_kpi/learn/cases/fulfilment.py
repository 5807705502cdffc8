"""Cases of lesson 13: promises kept, time waited, work done, and what a carrier costs."""

from __future__ import annotations

import numpy as np
import pandas as pd

from marketing_kpi.learn.exercises import Case, Quantity

TODAY = pd.Timestamp("2025-04-01")
TARGET = 0.95
CARRIERS = ("alpha", "bravo", "delta", "echo", "golf")
STEPS = ("order_to_pick", "pick_to_pack", "pack_to_ship", "ship_to_delivery")


def share_on_time(rng: np.random.Generator) -> Case:
    """Share on time of the parcels due, of which some never came and some are promised later."""
    early, late, lost, later = (
        int(rng.integers(*ends)) for ends in ((9, 13), (3, 5), (2, 4), (4, 6))
    )
    size = early + late + lost + later
    days = pd.to_timedelta(rng.integers(0, 15, size), "D")
    promised = pd.Series(pd.Timestamp("2025-03-10") + days)
    promised.iloc[-later:] = TODAY + pd.to_timedelta(rng.integers(2, 6, later), "D")
    came = promised - pd.to_timedelta(rng.integers(0, 3, size), "D")
    came.iloc[early : early + late] += pd.Timedelta(days=4)
    came.iloc[-2:] = TODAY - pd.Timedelta(days=1)
    place = np.arange(size)
    never = (place >= early + late) & (place < size - 2)
    came = came.mask(never)
    data = pd.DataFrame({"promised_on": promised, "delivered_on": came})
    data = data.sample(frac=1, random_state=rng, ignore_index=True)
    data.insert(0, "parcel", range(1, size + 1))
    due = early + late + lost
    return Case(
        answer=early / due,
        data=data,
        mistakes={
            "delivered_only": early / (early + late),
            "tomorrow_counted": (early + 2) / size,
            "delivered_at_all": (early + late) / due,
        },
        values={"as_of": Quantity(str(TODAY.date()), "date")},
    )


def share_in_full_too(rng: np.random.Generator) -> Case:
    """Share on time and in full, where the same parcels often fail both."""
    size = 20
    on_time, in_full = np.full(size, True), np.full(size, True)
    both, only_late, only_short = (int(rng.integers(*ends)) for ends in ((1, 3), (2, 4), (1, 3)))
    on_time[: both + only_late] = False
    in_full[:both] = False
    in_full[both + only_late : both + only_late + only_short] = False
    data = pd.DataFrame({"on_time": on_time, "in_full": in_full})
    data = data.sample(frac=1, random_state=rng, ignore_index=True)
    data.insert(0, "parcel", range(1, size + 1))
    time, full = float(on_time.mean()), float(in_full.mean())
    return Case(
        answer=float((on_time & in_full).mean()),
        data=data,
        mistakes={
            "mean_of_both": (time + full) / 2,
            "either_is_enough": float((on_time | in_full).mean()),
            "in_full_of_on_time": float((on_time & in_full).sum() / on_time.sum()),
        },
    )


def carriers_that_missed(rng: np.random.Generator) -> Case:
    """Which carriers missed an agreement on the share delivered on time."""
    names = rng.permutation(CARRIERS)
    promised = rng.integers(4, 9, 5) * 200
    allowed = (promised * (1 - TARGET)).round().astype(int)
    # Two miss it, one of them only by what never came; two keep it, the largest with many late.
    lost = np.array([6, 2, 12, 2, 3])
    late = allowed + np.array([15, -9, -6, -12, -8]) - np.where([0, 0, 0, 1, 0], lost, 0)
    promised[3] = 2400
    late[3] = 2400 * (1 - TARGET) - 14
    data = pd.DataFrame(
        {"carrier": names, "promised": promised, "delivered_late": late, "never_came": lost}
    )
    data = data.sample(frac=1, random_state=rng, ignore_index=True)

    def of(rows: pd.Series[bool]) -> frozenset[str]:
        return frozenset(data.carrier[rows])

    kept = data.promised - data.delivered_late - data.never_came
    came = data.promised - data.never_came
    return Case(
        answer=of(kept / data.promised < TARGET),
        data=data,
        mistakes={
            "delivered_only": of((came - data.delivered_late) / came < TARGET),
            "most_late": frozenset(data.nlargest(2, "delivered_late").carrier),
        },
        values={"target": Quantity(TARGET, "fraction")},
        choices=CARRIERS,
    )


def shares_of_the_time(rng: np.random.Generator) -> Case:
    """Which share of the mean cycle time each step makes."""
    size = 12
    hours = {
        "order_to_pick": rng.gamma(2, 5, size),
        "pick_to_pack": rng.gamma(2, 1, size),
        "pack_to_ship": rng.gamma(2, 2, size),
        "ship_to_delivery": rng.gamma(9, 6, size),
    }
    data = pd.DataFrame({step: values.round(1) + 0.1 for step, values in hours.items()})
    data = data.round(1)
    means, medians = data.mean(), data.median()
    return Case(
        answer=means / means.sum(),
        data=data,
        mistakes={
            "of_medians": medians / medians.sum(),
            "medians_of_median": medians / data.sum(axis=1).median(),
            "hours": means,
        },
    )


def lines_an_hour(rng: np.random.Generator) -> Case:
    """Lines picked in an hour, over days of very different sizes."""
    lines = np.array([*rng.integers(300, 400, 4), *rng.integers(20, 40, 3)])
    hours = np.array([*rng.integers(9, 12, 4), *rng.integers(2, 4, 3)]) * 1.0
    data = pd.DataFrame({"lines": lines, "hours": hours})
    data["orders"] = (lines / 2.5).round().astype(int)
    data = data.sample(frac=1, random_state=rng, ignore_index=True)
    data.insert(0, "day", pd.date_range("2025-03-03", periods=7))
    return Case(
        answer=float(lines.sum() / hours.sum()),
        data=data,
        mistakes={
            "mean_of_days": float((lines / hours).mean()),
            "orders_for_lines": float(data.orders.sum() / hours.sum()),
            "inverted": float(hours.sum() / lines.sum()),
        },
    )


def carrier_to_choose(rng: np.random.Generator) -> Case:
    """Which carrier costs least, once a late parcel is paid for."""
    late_cost = int(rng.integers(14, 19))
    names = rng.permutation(CARRIERS[:3])  # the cheapest, the one to choose, the fastest
    data = pd.DataFrame({"carrier": names, "parcels": rng.integers(130, 170, 3) * 10})
    data["price"] = np.array([9.0, 9.6, 10.9]) + rng.integers(0, 9) / 10
    data["late"] = (np.array([0.14, 0.05, 0.02]) * data.parcels).round().astype(int)
    data["hours"] = np.array([71, 64, 48]) + rng.integers(0, 5, 3)
    data["late_cost"] = late_cost
    data = data.sample(frac=1, random_state=rng, ignore_index=True)
    data["whole"] = data.price + late_cost * data.late / data.parcels

    def best(column: str) -> str:
        return str(data.sort_values(column).carrier.iloc[0])

    return Case(
        answer=best("whole"),
        data=data.drop(columns="whole"),
        mistakes={"price_alone": best("price"), "speed_alone": best("hours")},
        values={"late_cost": Quantity(late_cost, "currency")},
        choices=CARRIERS[:3],
    )
