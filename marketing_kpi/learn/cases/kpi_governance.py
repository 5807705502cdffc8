"""Cases of lesson 17: definitions, versions, sources, and one person across systems."""

from __future__ import annotations

import numpy as np
import pandas as pd

from marketing_kpi.learn.exercises import Case, Quantity

MAJOR = ("formula", "window", "filters", "unit")
MINOR = ("dimension_added", "synonym_added", "source_added")
PATCH = ("text_reworded", "typo_mended")
MISSED_COST, WRONG_COST = 3, 40


def valid_average(rng: np.random.Generator) -> Case:
    """The average order value of valid orders, among cancelled ones, tests and fraud."""
    status = ["delivered"] * 7 + ["cancelled", "fraud", "delivered"]
    amounts = np.concatenate([rng.integers(6, 10, 7) * 10, [150, 400, 1]]).astype(float)
    orders = pd.DataFrame({"order_id": [f"o{n}" for n in range(1, 11)], "amount": amounts})
    orders["status"] = status
    orders["is_test"] = [False] * 9 + [True]
    data = orders.sample(frac=1, random_state=rng, ignore_index=True)
    valid = data[data.status.eq("delivered") & ~data.is_test]
    return Case(
        answer=float(valid.amount.mean()),
        data=data,
        mistakes={
            "cancelled_left_in": float(data[data.status.ne("fraud") & ~data.is_test].amount.mean()),
            "fraud_left": float(data[data.status.ne("cancelled") & ~data.is_test].amount.mean()),
            "tests_left": float(data[data.status.eq("delivered")].amount.mean()),
            "wrong_denominator": float(valid.amount.sum() / len(data)),
        },
    )


def part_of_the_definition(rng: np.random.Generator) -> Case:
    """What of a published change comes from the definition."""
    before = int(rng.integers(80, 90))
    happened, redefined = int(rng.integers(2, 5)), -int(rng.integers(7, 12))
    old = [before, before + happened]
    new = [before + redefined + 1, before + happened + redefined]
    data = pd.DataFrame({"definition": ["old", "new"]})
    data["last_year"], data["this_year"] = [old[0], new[0]], [old[1], new[1]]
    return Case(
        answer=float(redefined),
        data=data,
        mistakes={
            "published": float(new[1] - old[0]),
            "happened": float(happened),
            "of_last_year": float(new[0] - old[0]),
            "sign": float(-redefined),
        },
    )


def major_changes(rng: np.random.Generator) -> Case:
    """Which changes of an entry ask for a major version."""
    major = frozenset(rng.choice(MAJOR, 2, replace=False))
    minor = frozenset(rng.choice(MINOR, 2, replace=False))
    patch = frozenset(rng.choice(PATCH, 1))
    names = rng.permutation(sorted(major | minor | patch))
    data = pd.DataFrame({"change": names})
    data["trial_before"] = rng.integers(70, 90, len(data)).astype(float)
    moves = rng.choice([-6.0, -2.0, 3.0], len(data))
    data["trial_after"] = data.trial_before + np.where(data.change.isin(major), moves, 0.0)
    return Case(
        answer=major,
        data=data,
        mistakes={
            "additions_too": major | minor,
            "everything": major | minor | patch,
            "other_group": minor,
        },
        choices=tuple(names),
    )


def freshness(rng: np.random.Generator) -> Case:
    """How many hours each KPI waits for, given what its sources take."""
    hours = {"pos": 24, "ecommerce": 1, "erp": 48, "wms": 6, "crm": 12}
    reads = {
        "conversion_rate": ["ecommerce", "crm"],
        "contribution_margin": ["ecommerce", "erp", "wms"],
        "stock_sellable": ["wms", "ecommerce"],
        "repeat_rate": ["pos", "ecommerce", "crm"],
    }
    late = {system: value + int(rng.integers(0, 4)) for system, value in hours.items()}
    rows = [(kpi, system, late[system]) for kpi, systems in reads.items() for system in systems]
    data = pd.DataFrame(rows, columns=["kpi", "system", "latency_hours"])
    data = data.sample(frac=1, random_state=rng, ignore_index=True)
    by_kpi = data.groupby("kpi").latency_hours
    return Case(
        answer=by_kpi.max().astype(float),
        data=data,
        mistakes={
            "mean_of_sources": by_kpi.mean().astype(float),
            "fastest": by_kpi.min().astype(float),
            "added_up": by_kpi.sum().astype(float),
        },
    )


def repeat_rate_of_persons(rng: np.random.Generator) -> Case:
    """The share of persons who came back, from orders under accounts of several systems."""
    # Nine persons: three who come back within one account, three across two accounts, three once.
    accounts = [(f"p{n}", f"{'web' if n % 2 else 'pos'}-{n}") for n in range(1, 10)]
    across = [(f"p{n}", f"app-{n}") for n in (4, 5, 6)]
    pairs = [*accounts, *accounts[:3], *across]
    extra = int(rng.integers(0, 3))
    pairs += [accounts[0]] * extra
    data = pd.DataFrame(pairs, columns=["person", "account"])
    data.insert(0, "order_id", [f"o{n}" for n in rng.permutation(len(data)) + 1])
    data = data.sort_values("order_id", ignore_index=True)
    of_person, of_account = data.groupby("person").size(), data.groupby("account").size()
    return Case(
        answer=float((of_person >= 2).mean()),
        data=data,
        mistakes={
            "accounts_for_persons": float((of_account >= 2).mean()),
            "half_matched": float((of_account >= 2).sum() / len(of_person)),
            "orders_for_customers": float((of_person >= 2).sum() / len(data)),
        },
    )


def cheaper_matching(rng: np.random.Generator) -> Case:
    """Which of three ways of matching costs least, wrong matches and missed ones together."""
    cautious_wins = bool(rng.integers(0, 2))
    data = pd.DataFrame({"rule": ["exact_email", "name_and_postcode", "same_household"]})
    missed = [300, 200, 100] if cautious_wins else [900, 350, 100]
    wrong = [2, 30, 110] if cautious_wins else [4, 14, 110]
    data["missed"] = np.array(missed) + rng.integers(0, 20, 3)
    data["wrong"] = np.array(wrong) + rng.integers(0, 3, 3)
    rules = data.set_index("rule")
    answer = str((rules.missed * MISSED_COST + rules.wrong * WRONG_COST).idxmin())
    slips = {
        "fewest_errors": str((rules.missed + rules.wrong).idxmin()),
        "fewest_wrong": str(rules.wrong.idxmin()),
    }
    return Case(
        answer=answer,
        data=data,
        mistakes={kind: rule for kind, rule in slips.items() if rule != answer},
        values={
            "missed_cost": Quantity(MISSED_COST, "currency"),
            "wrong_cost": Quantity(WRONG_COST, "currency"),
        },
        choices=tuple(data.rule),
    )
