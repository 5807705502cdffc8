"""Daily conversion rates over two years in one query, against counting day by day in pandas.

``python benchmarks/lifecycle_history.py > benchmarks/lifecycle_history.md`` makes the committed
table. It makes a shop, times the history of the four rates that orders alone give, of two years and
of one day, and the same counts of some days made one by one in pandas, which must agree. It then
says how often `last_30_days` finds a change in
shops where there is none: 2.5 % each way is what its intervals promise.
"""

from __future__ import annotations

import argparse
import datetime as dt
import resource
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

import marketing_kpi as mk
from marketing_kpi.stages import conversion
from marketing_kpi.stages.settings import Settings

END = pd.Timestamp("2026-01-01")
DAYS = 3 * 365
YEARS = 730
SAMPLE = 10
"""Days counted one by one; the loop's time is theirs times 730 / 10."""


def shop(customers: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return orders of customers who arrive evenly, buy at their own pace and leave."""
    arrival = rng.uniform(-2 * 365, DAYS, customers)
    pace = rng.gamma(1.2, 1 / 60, customers)
    stay = rng.exponential(500, customers)
    ends = np.minimum(arrival + stay, DAYS)
    more = rng.poisson(np.maximum(pace * (ends - arrival), 0))
    who = np.repeat(np.arange(customers), more + 1)
    when = rng.uniform(arrival[who], ends[who])
    when[np.cumsum(more + 1) - (more + 1)] = arrival
    kept = when >= 0
    return pd.DataFrame(
        {
            "order_id": np.arange(len(who)).astype(str),
            "customer_id": who.astype(str),
            "ordered_at": (END - pd.Timedelta(days=DAYS) + pd.to_timedelta(when, "D")).astype(
                "datetime64[us]"
            ),
            "amount": 20.0,
        }
    )[kept]


def one_day(orders: pd.DataFrame, as_of: pd.Timestamp) -> dict[str, tuple[int, int]]:
    """Return (converted, eligible) of each rate as of a day, counted in pandas."""
    before = orders[orders["day"] < as_of]
    days = before.groupby("customer_id")["day"]
    first, count, last = days.min(), days.size(), days.max()
    new = first >= as_of - pd.Timedelta(days=90)
    then = as_of - pd.Timedelta(days=90)
    earlier = before[before["day"] <= then].groupby("customer_id")["day"]
    regular = (earlier.size() > 1) & (earlier.max() == then)
    found = {
        "repurchase_rate": (int((count[new] > 1).sum()), int(new.sum())),
        "loyalty_rate": (int((last[regular.index[regular]] > then).sum()), int(regular.sum())),
    }
    gaps = before.drop_duplicates(["customer_id", "day"]).sort_values(["customer_id", "day"])
    following = gaps.groupby("customer_id")["day"].shift(-1)
    for rate, limit, window in (
        ("defecting_winback_rate", 90, 90),
        ("inactive_winback_rate", 365, 275),
    ):
        became = gaps["day"] + pd.Timedelta(days=limit)
        silent = (following.isna() | (following > became)) & (became < as_of)
        silent &= became >= as_of - pd.Timedelta(days=window)
        found[rate] = (int(following[silent].notna().sum()), int(silent.sum()))
    return found


def speed(customers: int) -> None:
    """Time the history in the engine, and some of its days in pandas."""
    orders = shop(customers, np.random.default_rng(7))
    start = END - pd.Timedelta(days=YEARS)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "orders.parquet"
        orders.to_parquet(path, index=False)
        with mk.open_data(str(path)) as data:
            began, worked = time.perf_counter(), time.process_time()
            history = conversion.conversion_history(data, start=start.date(), end=END.date())
            seconds, work = time.perf_counter() - began, time.process_time() - worked
            worked = time.process_time()
            eve = END - pd.Timedelta(days=1)
            conversion.conversion_history(data, start=eve.date(), end=END.date())
            day = time.process_time() - worked
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    orders["day"] = orders["ordered_at"].dt.normalize()
    every = np.linspace(0, YEARS - 1, SAMPLE).astype(int)
    worked = time.process_time()
    expected = [one_day(orders, start + pd.Timedelta(days=int(n) + 1)) for n in every]
    loop = (time.process_time() - worked) * YEARS / SAMPLE
    for place, counts in zip(every, expected, strict=True):
        row = history.iloc[place]
        for rate, (converted, eligible) in counts.items():
            found = row[f"{rate}_converted"], row[f"{rate}_eligible"]
            if not pd.isna(found[1]) and found != (converted, eligible):
                sys.exit(f"{rate} on {row['day']}: {found}, counted {converted, eligible}")
    print("| customers | orders | asked | processor seconds | times one day | seconds | peak GiB |")
    print("|---|---|---|---|---|---|---|")
    asked = f"| {customers:,} | {len(orders):,} |"
    print(f"{asked} one day, in the engine | {day:.2f} | 1.0 | | |")
    print(f"{asked} {YEARS} days, in one query | {work:.2f} | {work / day:.1f} | {seconds:.2f} | "
          f"{peak:.2f} |")  # fmt: skip
    print(f"{asked} {YEARS} days, one by one in pandas | {loop:.0f} | {loop / day:.0f} | | |")
    print(f"\nOf the {YEARS}, {SAMPLE} days were counted in pandas, whose memory the peak has too: "
          "the frame of the shop.\n")  # fmt: skip


def false_alarms(shops: int, customers: int) -> None:
    """Count the changes found in shops whose customers never change, all of them in one table."""
    orders = shop(shops * customers, np.random.default_rng(11))
    end = END.date()
    with mk.open_data({"orders": orders}) as data:
        for rate, rows in conversion.cohorts(data, settings=Settings()).items():
            length = dt.timedelta(days=30)
            query = conversion._days_of_customers(rows, end - length, end)
            days = data.connection.to_pandas(query)
            days["shop"] = days.pop("customer_id").astype("int64") // customers
            found = [conversion._change(_moments(part)) for _, part in days.groupby("shop")]
            told = [change for change in found if change.reason is None]
            alarms = sum(change.verdict != "cannot_tell" for change in told)
            print(f"- {rate}: {alarms} of {len(told)} shops ({alarms / max(len(told), 1):.1%})")


def _moments(days: pd.DataFrame) -> dict[str, int]:
    """Return the sums of one shop as the engine gives them."""
    values = days[[*conversion._DAYS]]
    products = values.T @ values
    return {
        "customers": len(days),
        "buyers": int((days["converted"] + days["converted_before"] > 0).sum()),
        **values.sum().to_dict(),
        **{f"{a} {b}": products.loc[a, b] for a in products for b in products},
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=210_000, help="of the timed shop")
    parser.add_argument("--shops", type=int, default=400, help="without a change")
    parser.add_argument("--shop-customers", type=int, default=2_000, help="of each of those")
    given = parser.parse_args()
    print("# Daily conversion rates over two years\n\nBy `lifecycle_history.py`.\n")
    speed(given.customers)
    if given.shops:
        print("## Changes found in shops where nothing changes; the intervals promise 5 %\n")
        false_alarms(given.shops, given.shop_customers)
