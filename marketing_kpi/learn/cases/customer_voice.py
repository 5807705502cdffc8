"""Cases of lesson 16: what customers say, spend elsewhere, and do in several channels."""

from __future__ import annotations

import numpy as np
import pandas as pd

from marketing_kpi.learn.exercises import Case, Quantity

MARGIN, OFFER = 0.4, 20


def recommendation_score(rng: np.random.Generator) -> Case:
    """Net promoter score of some fifty answers, zeros among them."""
    promoters, passives = int(rng.integers(30, 35)), int(rng.integers(12, 15))
    sixes, zeros = 4, int(rng.integers(2, 4))
    scores = [
        *rng.integers(9, 11, size=promoters), *rng.integers(7, 9, size=passives),
        *[6] * sixes, *rng.integers(1, 6, size=3), *[0] * zeros,
    ]  # fmt: skip
    data = pd.DataFrame({"score": rng.permutation(np.array(scores, dtype=int))})
    detractors, n = sixes + 3 + zeros, len(data)
    return Case(
        answer=100 * (promoters - detractors) / n,
        data=data,
        mistakes={
            "zeros_forgotten": 100 * (promoters - detractors + zeros) / n,
            "six_is_passive": 100 * (promoters - detractors + sixes) / n,
            "passives_out": 100 * (promoters - detractors) / (promoters + detractors),
            "promoters_alone": 100 * promoters / n,
        },
    )


def satisfaction_by_step(rng: np.random.Generator) -> Case:
    """Share of satisfied answers at each step of the journey."""
    lowest = int(rng.integers(0, 3))
    answers = []
    for place, step in enumerate(["order", "delivery", "service"]):
        fives, fours = (3, 4) if place == lowest else (6, int(rng.integers(6, 9)))
        scores = [5] * fives + [4] * fours + [3] * 3 + [2] * 2 + [1] * int(rng.integers(1, 4))
        answers += [(step, score) for score in scores]
    data = pd.DataFrame(answers, columns=["step", "score"])
    data = data.sample(frac=1, random_state=rng, ignore_index=True)
    score = data.score

    def mean(of: pd.Series[int]) -> pd.Series[float]:
        return of.astype(float).groupby(data.step).mean()

    satisfied, unhappy = (score >= 4).astype(int), (score <= 2).astype(int)
    return Case(
        answer=mean(satisfied),
        data=data,
        mistakes={
            "fives_alone": mean((score == 5).astype(int)),
            "threes_too": mean((score >= 3).astype(int)),
            "mean_score": mean(score) / 5,
            "unhappy_subtracted": mean(satisfied - unhappy),
        },
    )


def wallet_of_a_panel(rng: np.random.Generator) -> Case:
    """Share of wallet: a ratio of sums, with two small wallets that are all ours."""
    total = np.array([20, 30, *rng.integers(20, 60, size=6) * 10])
    share = np.array([1.0, 1.0, *rng.permutation([0.1, 0.1, 0.1, 0.1, 0.2, 0.2])])
    data = pd.DataFrame({"spent_in_all": total, "spent_with_us": total * share})
    data = data.sample(frac=1, random_state=rng, ignore_index=True)
    data.insert(0, "member_id", [f"M{n}" for n in range(1, len(data) + 1)])
    ours, everything = data.spent_with_us.sum(), data.spent_in_all.sum()
    return Case(
        answer=ours / everything,
        data=data,
        mistakes={
            "mean_of_shares": (data.spent_with_us / data.spent_in_all).mean(),
            "elsewhere_below": ours / (everything - ours),
            "elsewhere": 1 - ours / everything,
        },
    )


def largest_prize(rng: np.random.Generator) -> Case:
    """Category where reaching the best share would bring most."""
    names = rng.permutation(["camping", "clothing", "kitchen", "shoes"])
    # The best share; the lowest, on little spending; the prize; the largest spending.
    spent = np.array([50_000, 20_000, 60_000, 120_000]) + rng.integers(0, 40, 4) * 100
    share = np.array([0.30, 0.08, 0.15, 0.27])
    data = pd.DataFrame({"category": names, "spent_in_all": spent})
    data["spent_with_us"] = (spent * share).round(-1).astype(int)
    data = data.sample(frac=1, random_state=rng, ignore_index=True)
    by_category = data.set_index("category")
    shares = by_category.spent_with_us / by_category.spent_in_all
    prize = by_category.spent_in_all * (shares.max() - shares)
    return Case(
        answer=str(prize.idxmax()),
        data=data,
        mistakes={
            "lowest_share": str(shares.idxmin()),
            "spending_alone": str((by_category.spent_in_all - by_category.spent_with_us).idxmax()),
            "best_share": str(shares.idxmax()),
        },
        choices=tuple(sorted(map(str, names))),
    )


def two_waves(rng: np.random.Generator) -> Case:
    """Whether a score has changed between two waves, by the interval of the change."""
    is_large, rises = bool(rng.integers(0, 2)), bool(rng.integers(0, 2))
    # Promoters, passives and detractors of the lower and of the higher wave.
    low, high = ([160, 110, 130], [230, 110, 60]) if is_large else ([20, 12, 10], [22, 11, 8])
    counts = {"before": low if rises else high, "after": high if rises else low}
    scores = {1: (9, 11), 0: (7, 9), -1: (0, 7)}
    data = pd.DataFrame(
        [
            (wave, int(rng.integers(*scores[kind])))
            for wave, sizes in counts.items()
            for kind, size in zip((1, 0, -1), sizes, strict=True)
            for _ in range(size)
        ],
        columns=["wave", "score"],
    )
    seen = "rose" if rises else "fell"
    opposite = "fell" if rises else "rose"
    return Case(
        answer=seen if is_large else "cannot_tell",
        data=data.sample(frac=1, random_state=rng, ignore_index=True),
        mistakes={
            "waves_exchanged": opposite,
            "margin_misread": "cannot_tell" if is_large else seen,
        },
        choices=("rose", "fell", "cannot_tell"),
    )


def gap_at_equal_orders(rng: np.random.Generator) -> Case:
    """What customers of two channels spend more, at an equal number of orders."""
    # Orders, customers of one channel and of two, what the second spend more.
    strata = [(2, 12, 3, 30), (3, 7, 6, -5), (4, 3, 9, -20)]
    data = pd.DataFrame(
        [
            (orders, channels, 80 * orders + extra + int(rng.integers(-6, 7)))
            for orders, single, several, gap in strata
            for channels, size, extra in ((1, single, 0), (2, several, gap))
            for _ in range(size)
        ],
        columns=["orders", "channels", "net_sales"],
    )
    data = data.sample(frac=1, random_state=rng, ignore_index=True)
    data.insert(0, "customer_id", [f"C{n}" for n in range(301, 301 + len(data))])
    groups = data.groupby(["orders", "channels"]).net_sales
    mean, size = groups.mean().unstack(), groups.size().unstack()
    gap = mean[2] - mean[1]
    raw = data.groupby("channels").net_sales.mean()
    return Case(
        answer=float((gap * size[2]).sum() / size[2].sum()),
        data=data,
        mistakes={
            "all_together": float(raw[2] - raw[1]),
            "equal_weights": float(gap.mean()),
            "weighted_by_everyone": float((gap * size.sum(axis=1)).sum() / size.sum().sum()),
        },
    )


def offer_for_the_app(rng: np.random.Generator) -> Case:
    """What an offer for a first order on the app gained by customer, from a test."""
    extra = int(rng.choice([5, 40]))  # loses money, or earns
    users, offered, control = int(rng.integers(12, 16)), 40, 25
    data = pd.DataFrame({"offered": [True] * offered + [False] * control})
    data["used_it"] = [True] * users + [False] * (offered + control - users)
    data["net_sales"] = 150 + rng.integers(-5, 6, len(data))
    data.loc[data.offered, "net_sales"] += extra - 90 * users // offered
    data.loc[data.used_it, "net_sales"] += 90
    data = data.sample(frac=1, random_state=rng, ignore_index=True)
    with_offer, without = data[data.offered], data[~data.offered].net_sales.mean()
    added = with_offer.net_sales.mean() - without
    cost = OFFER * with_offer.used_it.mean()
    used = data[data.used_it].net_sales.mean()
    return Case(
        answer=float(MARGIN * added - cost),
        data=data,
        mistakes={
            "no_control": float(MARGIN * with_offer.net_sales.mean() - cost),
            "sales_for_margin": float(added - cost),
            "users_alone": float(MARGIN * (used - without) - OFFER),
            "cost_forgotten": float(MARGIN * added),
            "everyone_paid": float(MARGIN * added - OFFER),
        },
        values={"margin": Quantity(MARGIN, "fraction"), "offer": Quantity(OFFER, "currency")},
    )
