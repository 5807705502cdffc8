"""Whether the 95 % intervals of fulfilment hold what they should, where days are good and bad.

``python benchmarks/fulfilment_coverage.py`` writes fulfilment_coverage.md beside it.
"""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pandas as pd

from marketing_kpi import fulfilment
from marketing_kpi.dispatch.chance import equality, rate_interval, ratio_interval
from marketing_kpi.kpis.intervals import wilson

RATE, PARCELS, PACE = 0.93, 20, 38.0
BAD = 0.10  # share of bad days
FATES = ("each parcel on its own", "bad days", "bad spells of 4 days")
DAYS = (7, 28, 91, 365)
AS_OF = pd.Timestamp("2025-12-31")


def bad_days(rng: np.random.Generator, days: int, fate: str) -> np.ndarray:
    """Return which days are bad: none, single days, or spells of them."""
    if fate == FATES[0]:
        return np.zeros(days, dtype=bool)
    if fate == FATES[1]:
        return rng.random(days) < BAD
    return np.repeat(rng.random(days // 4 + 2) < BAD, 4)[rng.integers(0, 4) :][:days]


def promises(rng: np.random.Generator, days: int, fate: str) -> tuple[np.ndarray, np.ndarray]:
    """Draw the parcels of each day, and those on time; 93 % of them in the long run."""
    count = rng.poisson(PARCELS, days)
    good = RATE + BAD * 0.25 if fate != FATES[0] else RATE
    bad = bad_days(rng, days, fate)
    return rng.binomial(count, np.where(bad, good - 0.25, good)), count


def rates(rng: np.random.Generator) -> list[str]:
    """Try the intervals of a share, with parcels and with days as the unit."""
    lines = [
        "| the fate of parcels | days | parcel as the unit | day as the unit |",
        "|---|---|---|---|",
    ]
    for fate in FATES:
        for days in DAYS:
            held = np.zeros(2)
            size = 1000
            for _ in range(size):
                good, count = promises(rng, days, fate)
                ends = wilson(good.sum() / count.sum(), count.sum()), rate_interval(good, count)
                held += [low <= RATE <= high for low, high in ends]
            lines.append(f"| {fate} | {days} | {held[0] / size:.3f} | {held[1] / size:.3f} |")
    return lines


def paces(rng: np.random.Generator) -> list[str]:
    """Try the interval of units an hour."""
    lines = ["| days | units an hour |", "|---|---|"]
    for days in DAYS:
        held, size = 0, 2000
        for _ in range(size):
            units = rng.poisson(50, days)
            hours = units / PACE * rng.gamma(60, 1 / 60, days)
            low, high = ratio_interval(hours, units)
            held += low <= PACE <= high
        lines.append(f"| {days} | {held / size:.3f} |")
    return lines


def waits(rng: np.random.Generator, days: int, fate: str) -> pd.DataFrame:
    """Draw orders and when they come: gamma waits of 76 hours, half as long again on bad days."""
    count = rng.poisson(PARCELS, days)
    day = np.repeat(np.arange(days), count)
    slow = bad_days(rng, days, fate)[day]
    hours = rng.gamma(8, 9.5, len(day)) * np.where(slow, 1.5, 1.0)
    placed = AS_OF - pd.to_timedelta((days - day) * 24 - rng.uniform(0, 24, len(day)), "h")
    parcels = pd.DataFrame({"order_id": range(len(day)), "ordered_at": placed})
    return parcels.assign(delivered_at=placed + pd.to_timedelta(hours, "h"))


def true_quantiles(fate: str) -> dict[str, float]:
    """Return the median and the 90th percentile of the hours in the long run."""
    rng = np.random.default_rng(1)
    hours = rng.gamma(8, 9.5, 2_000_000)
    if fate != FATES[0]:
        hours *= np.where(rng.random(len(hours)) < BAD, 1.5, 1.0)
    return {"median": float(np.quantile(hours, 0.5)), "p90": float(np.quantile(hours, 0.9))}


def times(rng: np.random.Generator) -> list[str]:
    """Try the intervals of the hours from order to delivery, some of them not over yet."""
    lines = ["| the fate of parcels | days | median | 90th percentile | delivered alone, median |",
             "|---|---|---|---|---|"]  # fmt: skip
    for fate in FATES:
        truth = true_quantiles(fate)
        for days in (28, 91):
            held, naive, size = np.zeros(2), 0.0, 120
            for _ in range(size):
                parcels = waits(rng, days, fate)
                row = fulfilment.order_cycle_time(parcels, as_of=AS_OF.date()).iloc[0]
                held += [row[f"{n}_low"] <= truth[n] <= row[f"{n}_high"] for n in truth]
                came = parcels[parcels["delivered_at"] < AS_OF]
                hours = (came["delivered_at"] - came["ordered_at"]) / pd.Timedelta(hours=1)
                naive += (hours.median() - truth["median"]) / size
            share = held / size
            lines.append(f"| {fate} | {days} | {share[0]:.3f} | {share[1]:.3f} | {naive:+.1f} h |")
    return lines


def tests(rng: np.random.Generator) -> list[str]:
    """Try the test between groups that do not differ."""
    lines = ["| the fate of parcels | days | groups | found to differ |", "|---|---|---|---|"]
    for fate in FATES:
        for days, groups in ((91, 2), (91, 5), (365, 5)):
            found, size = 0, 1000
            for _ in range(size):
                bad = bad_days(rng, days, fate)[:, None]
                count = rng.poisson(PARCELS / groups, (days, groups))
                good = rng.binomial(count, np.where(bad, 0.70, 0.95))
                share = good.sum(axis=0) / count.sum(axis=0)
                pulls = (good - share * count) / count.sum(axis=0)
                p_value = equality(share, pulls, (count > 0).sum(axis=0)).p_value
                found += p_value is not None and p_value < 0.05
            lines.append(f"| {fate} | {days} | {groups} | {found / size:.3f} |")
    return lines


def main() -> None:
    """Write the tables."""
    rng = np.random.default_rng(13)
    text = "\n".join(
        [
            "# Intervals of fulfilment: how often they hold the truth",
            "",
            "Written by `python benchmarks/fulfilment_coverage.py`. Aim: 0.950. Some 20 parcels a "
            "day; on bad days, one in ten, a quarter of the parcels more are late, or they take "
            "half as long again.",
            "",
            "## Share on time",
            "",
            *rates(rng),
            "",
            "## Units an hour",
            "",
            "Hours of a day with a noise of 13 %.",
            "",
            *paces(rng),
            "",
            "## Hours from order to delivery",
            "",
            "The last orders are still under way; the last column is by how much the median of the "
            "delivered ones alone is off. 120 draws a row: a share of 0.95 is known within 0.04.",
            "",
            *times(rng),
            "",
            "## Groups that do not differ, found to differ (aim: 0.050)",
            "",
            "Groups share their days, good and bad.",
            "",
            *tests(rng),
            "",
        ]
    )
    Path(__file__).with_suffix(".md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
