"""How often response curves and shares of a budget are right, where the truth is known.

``python benchmarks/response_curves.py > benchmarks/response_curves.md`` makes the committed table,
in some minutes. A shop spends on four channels week by week, more in good weeks than in bad ones
(the season has a curve of the year, and a peak that moves with Black Friday), and by 10 % more or
less for no reason. Clicks: each channel's own, a power of its spend. Sales: the whole shop's, on
which spend does nothing, or what the elasticities say. Errors follow themselves from week to week.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from marketing_kpi import channels
from marketing_kpi.spending.curves import black_friday

NAMES = ["a", "b", "c", "d"]
SPEND = np.array([1500.0, 1100.0, 600.0, 430.0])
FOLLOWS = np.array([0.5, 0.4, 0.3, 0.5])
CLICKS = np.array([950.0, 430.0, 150.0, 230.0])
SHOPS = 60


class Shop(NamedTuple):
    """Weeks of one simulated shop, with the elasticities that made them."""

    weeks: channels.Weeks
    truth: np.ndarray


def season(mondays: pd.DatetimeIndex) -> np.ndarray:
    """Return demand by week, around 1."""
    turn = 2 * np.pi * mondays.day_of_year.to_numpy() / 365.25
    curve = 1 + 0.12 * np.cos(turn - 6.0) + 0.06 * np.cos(2 * turn) + 0.05 * np.sin(3 * turn)
    for year in {*mondays.year}:
        away = (mondays - pd.Timestamp(black_friday(year))).days.to_numpy()
        curve = curve + 0.8 * ((away > -7) & (away <= 0)) + 0.4 * ((away > 0) & (away <= 7))
    return curve


def errors(rng: np.random.Generator, size: int, *, sd: float, rho: float) -> np.ndarray:
    """Draw errors that follow themselves."""
    new = rng.normal(0, sd * np.sqrt(1 - rho**2), size)
    made = np.empty(size)
    made[0] = rng.normal(0, sd)
    for place in range(1, size):
        made[place] = rho * made[place - 1] + new[place]
    return made


def shop(rng, *, weeks: int, truth, shared: bool, rho: float, move: float = 0.10) -> Shop:
    """Draw a shop: its weeks end with 2025."""
    mondays = pd.date_range(end="2025-12-22", periods=weeks, freq="7D", name="week")
    demand = season(mondays)
    wave = np.exp(rng.normal(0, move, (weeks, 4)))
    spend = SPEND * (1 + FOLLOWS * (demand[:, None] - 1)) * wave
    truth = np.asarray(truth, dtype=float)
    if shared:
        logs = (truth * np.log(spend / SPEND)).sum(axis=1)
        sales = 60_000 * demand * np.exp(logs + errors(rng, weeks, sd=0.07, rho=rho))
        result = pd.DataFrame({"all": sales}, index=mondays)
    else:
        noise = np.column_stack([errors(rng, weeks, sd=0.04, rho=rho) for _ in NAMES])
        result = rng.poisson(CLICKS * (spend / SPEND) ** truth * np.exp(noise))
        result = pd.DataFrame(result.astype(float), index=mondays, columns=NAMES)
    outcome = "net_sales" if shared else "clicks"
    return Shop(
        channels.Weeks(outcome, pd.DataFrame(spend, index=mondays, columns=NAMES), result), truth
    )


def judged(one: Shop, *, season: bool = True) -> dict[str, float]:
    """Return what a shop's curves and budget got right."""
    curves = channels.response_curves(one.weeks, season=season)
    table = curves.table.set_index("marketing_channel").loc[NAMES]
    held = ((table["low"] <= one.truth) & (one.truth <= table["high"])).to_numpy()
    said = table["verdict"].isin(["saturating", "proportional", "lower"]).to_numpy()
    found = channels.allocate(curves)
    rows = found.table.set_index("marketing_channel").loc[NAMES]
    logs = one.truth * np.log((rows["best"] / rows["now"]).to_numpy())
    result = table["result"].to_numpy()
    gain = result[0] * np.expm1(logs.sum()) if curves.shared else (result * np.expm1(logs)).sum()
    return {
        "together": float(held.all()),
        "effects": float(said[one.truth == 0].any()) if (one.truth == 0).any() else np.nan,
        "seen": float(said[one.truth > 0].mean()) if (one.truth > 0).any() else np.nan,
        "gain": float(found.low <= gain <= found.high),
        "said": float(found.verdict == "gain"),
        "worse": float(found.verdict == "gain" and gain <= 0),
    }


CASES = (
    ("clicks, b = .72", {"truth": [0.72] * 4, "shared": False}),
    ("clicks, b = .9 .7 .5 .3", {"truth": [0.9, 0.7, 0.5, 0.3], "shared": False}),
    ("sales, nothing", {"truth": [0.0] * 4, "shared": True}),
    ("sales, b = .3 .1 0 0", {"truth": [0.3, 0.1, 0.0, 0.0], "shared": True}),
)


def main() -> None:
    """Print the table."""
    print("# Response curves and budgets, where the truth is known\n")
    print(f"Seed 2026; {SHOPS} shops a line; nominal 95 %, all four channels together.\n")
    print(
        "| weeks | truth | errors | season | intervals hold | an effect seen where none is |"
        " effects seen | gain's interval holds | a gain said | and it was none |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    )
    for weeks in (104, 156):
        for name, made in CASES:
            for rho in (0.0, 0.5) if made["shared"] else (0.3,):
                for with_season in (True, False):
                    if not with_season and (rho or weeks == 104):
                        continue
                    rng = np.random.default_rng(2026)
                    rows = [
                        judged(shop(rng, weeks=weeks, rho=rho, **made), season=with_season)
                        for _ in range(SHOPS)
                    ]
                    shares = pd.DataFrame(rows).mean()
                    told = " | ".join("" if np.isnan(v) else f"{v:.2f}" for v in shares)
                    season_told = "taken out" if with_season else "left in"
                    print(f"| {weeks} | {name} | {rho} | {season_told} | {told} |", flush=True)


if __name__ == "__main__":
    main()
