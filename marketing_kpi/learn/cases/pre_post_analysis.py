"""Cases of lesson 05: what would have happened anyway, and what an action added."""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from marketing_kpi.learn.exercises import Case, Quantity

DECISIONS = ("extend", "withdraw", "random_test")
WEEKS = 8  # on either side of the action


class _Rollout(NamedTuple):
    """What advisers add a week and store, what moves all stores, how stores differ, what they cost.

    Half the width of the 95 % interval is about 1.4 times `spread`, for six stores of each.
    """

    effect: float
    common: float
    spread: float
    cost: float
    decision: str


_ROLLOUTS = (
    _Rollout(1000.0, 400.0, 130.0, 220.0, "extend"),
    _Rollout(300.0, 1100.0, 90.0, 260.0, "withdraw"),
    _Rollout(720.0, 500.0, 420.0, 200.0, "random_test"),
)
_MISTAKES = {
    "extend": {"too_careful": "random_test", "against_the_data": "withdraw"},
    "withdraw": {"before_after": "extend", "no_end_to_testing": "random_test"},
    "random_test": {"estimate_only": "extend", "not_enough_is_no": "withdraw"},
}
_MARGIN_RATE = 0.4


def difference_of_changes(rng: np.random.Generator) -> Case:
    """Difference-in-differences of eight shops."""
    size, common = 4, int(rng.integers(8, 16))
    before = np.r_[rng.integers(120, 161, size=size), rng.integers(60, 91, size=size)]
    change = common + rng.integers(-4, 5, size=2 * size)
    change[:size] += int(rng.integers(30, 41))
    data = pd.DataFrame({"shop": list("ABCDEFGH"), "treated": [1] * size + [0] * size})
    data["before"], data["after"] = before, before + change
    of_treated, of_others = change[:size].mean(), change[size:].mean()
    levels = data.groupby("treated").after.mean()
    return Case(
        answer=of_treated - of_others,
        data=data,
        mistakes={
            "before_after": of_treated,
            "levels_afterwards": levels[1] - levels[0],
            "added_up": of_treated + of_others,
            "other_group": of_others,
            "sum_of_shops": size * (of_treated - of_others),
        },
    )


def beyond_the_season(rng: np.random.Generator) -> Case:
    """What two months sold beyond what the season did a year earlier, in percent."""
    months = pd.period_range("2024-06", "2025-09", freq="M").astype(str)
    autumn, growth = rng.uniform(1.15, 1.30), rng.uniform(1.08, 1.15)
    level = 100 * int(rng.integers(300, 500)) * rng.uniform(0.99, 1.01, size=len(months))
    is_autumn, is_second = months.str.endswith(("-08", "-09")), months.str.startswith("2025")
    sales = level * np.where(is_autumn, autumn, 1) * np.where(is_second, growth, 1)
    data = pd.DataFrame({"month": months, "sales": sales})
    added = rng.uniform(1.06, 1.12)  # more than the months differ by chance
    data.loc[data.month.isin(["2025-08", "2025-09"]), "sales"] *= added
    data["sales"] = data.sales.round(-2)
    spans = {f"{year}_{part}": data.month.isin([f"{year}-{m}" for m in pair]).to_numpy()
             for year in (2024, 2025) for part, pair in _PARTS.items()}  # fmt: skip
    sold = {name: float(data.sales[rows].sum()) for name, rows in spans.items()}
    before, after = sold["2025_before"], sold["2025_after"]
    was_before, was_after = sold["2024_before"], sold["2024_after"]
    return Case(
        answer=after - before * was_after / was_before,
        data=data,
        mistakes={
            "before_after": after - before,
            "year_on_year": after - was_after,
            "season_in_dollars": (after - before) - (was_after - was_before),
        },
    )


_PARTS = {"before": ("06", "07"), "after": ("08", "09")}


def permutation_of_stores(rng: np.random.Generator) -> Case:
    """The p-value that eight stores give, over all the ways to choose four of them."""
    change = rng.uniform(-30, 60, size=8).round(2)
    ways = [np.isin(range(8), way) for way in combinations(range(8), 4)]
    gaps = np.array([change[way].mean() - change[~way].mean() for way in ways])
    # From the fourth largest gap on: with the largest two, a mistake gives another's share.
    place = np.argsort(-gaps)[int(rng.integers(3, 12))]
    seen, far = gaps[place], np.abs(gaps) >= gaps[place] - 1e-9
    data = pd.DataFrame({"store": [f"S{n:02}" for n in range(1, 9)]})
    data["treated"], data["change"] = ways[place].astype(int), change
    return Case(
        answer=float(far.mean()),
        data=data,
        mistakes={
            "one_direction": float((far & (gaps > 0)).mean()),
            "without_the_real_one": float((np.abs(gaps) > seen + 1e-9).mean()),
            "one_way_in_all": 1 / len(gaps),
        },
    )


def training_of_the_worst(rng: np.random.Generator) -> Case:
    """Effect of training five stores drawn among the ten worst of thirty."""
    worst, others = 10, 20
    before = 1000 * np.r_[rng.integers(40, 56, size=worst), rng.integers(62, 101, size=others)]
    steady = rng.permutation(np.repeat(np.arange(-2, 3), others // 5))
    change = 1000 * np.r_[rng.integers(12, 15, size=worst), steady]
    trained = np.arange(worst + others) < worst // 2
    change[trained] += 1000 * int(rng.integers(5, 8))
    data = pd.DataFrame({"before": before, "after": before + change, "trained": trained})
    data = data.sample(frac=1, random_state=rng, ignore_index=True)
    data.insert(0, "store", [f"S{n:02}" for n in range(1, len(data) + 1)])
    recovery, alike = change[trained].mean(), change[worst // 2 : worst].mean()
    return Case(
        answer=float(recovery - alike),
        data=data,
        mistakes={
            "whole_recovery": float(recovery),
            "recovery_of_the_others": float(alike),
            "all_other_stores": float(recovery - change[~trained].mean()),
        },
    )


def what_placebos_leave(rng: np.random.Generator) -> Case:
    """What is left of an effect once what the method finds by itself is taken out."""
    announced, lean = 100 * int(rng.integers(60, 81)), 100 * int(rng.integers(14, 23))
    apart = 100 * np.r_[rng.integers(-9, 10, size=16), [-32, -29, 28, 36]]
    found = rng.permutation(lean + apart).astype(float)
    dates = pd.date_range("2024-01-01", periods=len(found), freq="2W-MON")
    return Case(
        answer=float(announced - found.mean()),
        data=pd.DataFrame({"date": dates, "effect": found}),
        mistakes={
            "other_way": float(announced + found.mean()),
            "sizes_only": float(announced - np.abs(found).mean()),
            "largest_placebo": float(announced - found.max()),
        },
        values={"announced": Quantity(announced, "currency")},
    )


def advisers_everywhere(rng: np.random.Generator) -> Case:
    """Whether to extend advisers to all stores, given what they cost."""
    plan = _ROLLOUTS[int(rng.integers(len(_ROLLOUTS)))]
    scale, size = float(rng.uniform(0.9, 1.1)), 6
    steps = np.linspace(-1, 1, size)
    differ = np.r_[rng.permutation(steps), rng.permutation(steps)] * 1.5 * plan.spread
    change = plan.common + differ + plan.effect * (np.arange(2 * size) < size)
    level = rng.uniform(11_500, 12_500, size=2 * size)  # alike: dollars and percent agree
    rows = [
        {"store_id": f"S{store:02}", "treated": int(store <= size), "week": week + 1,
         "after": week >= WEEKS, "net_sales": sold}
        for store, moved in enumerate(change, start=1)
        for week, sold in enumerate(_weeks(rng, level[store - 1], scale * moved))
    ]  # fmt: skip
    return Case(
        answer=plan.decision,
        data=pd.DataFrame(rows).round({"net_sales": 2}),
        mistakes=_MISTAKES[plan.decision],
        values={
            "cost": Quantity(5.0 * round(scale * plan.cost / 5), "currency"),
            "margin_rate": Quantity(_MARGIN_RATE, "fraction"),
        },
        choices=DECISIONS,
    )


def _weeks(rng: np.random.Generator, level: float, moved: float) -> npt.NDArray[np.float64]:
    """Return a store's weeks before and after, whose means differ by `moved` exactly."""
    noise = rng.normal(0, 400, size=(2, WEEKS))
    noise -= noise.mean(axis=1, keepdims=True)
    return np.concatenate([level + noise[0], level + moved + noise[1]])
