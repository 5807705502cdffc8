"""Cases of lesson 06: stages, moves, conversion, engagement, and whom to call."""

from __future__ import annotations

import numpy as np
import pandas as pd

from marketing_kpi.learn.exercises import Case, Quantity

AS_OF = pd.Timestamp("2026-01-01")
ACTIVE_DAYS = 90
DEFECTING_DAYS = 365
POINTS = {"click": 3, "visit": 2, "open": 1}
HALF_LIFE = 30
EQUAL_AGE = 60


def defecting_customers(rng: np.random.Generator) -> Case:
    """Customers silent for longer than an active one, not as long as an inactive one."""
    active = [*rng.integers(5, ACTIVE_DAYS - 5, size=2), ACTIVE_DAYS]
    silent = [*rng.integers(ACTIVE_DAYS + 5, DEFECTING_DAYS - 5, size=3), DEFECTING_DAYS]
    gone = [*rng.integers(DEFECTING_DAYS + 15, 700, size=2)]
    data = pd.DataFrame({"silence_days": [*active, *silent, *gone]}, dtype=int)
    data["purchases"] = [1, *rng.integers(2, 6, size=2), 1, *rng.integers(2, 6, size=4), 1]
    data = data.sample(frac=1, random_state=rng, ignore_index=True)
    data.insert(0, "customer_id", list("ABCDEFGHI"))
    days = data.silence_days

    def chosen(rows: pd.Series[bool]) -> frozenset[str]:
        return frozenset(data.customer_id[rows])

    defecting = (days > ACTIVE_DAYS) & (days <= DEFECTING_DAYS)
    return Case(
        answer=chosen(defecting),
        data=data,
        mistakes={
            "limits_exchanged": chosen((days >= ACTIVE_DAYS) & (days < DEFECTING_DAYS)),
            "inactive_too": chosen(days > ACTIVE_DAYS),
            "once_left_out": chosen(defecting & (data.purchases > 1)),
            "still_active": chosen(days <= ACTIVE_DAYS),
        },
        values={
            "active_days": Quantity(ACTIVE_DAYS, "days"),
            "defecting_days": Quantity(DEFECTING_DAYS, "days"),
        },
    )


def stages_at_the_end(rng: np.random.Generator) -> Case:
    """Contacts of each stage at the end of a month, from the moves of that month."""
    moves = [
        ("absent", "first_time", 30, 60), ("absent", "active", 3, 9),
        ("first_time", "first_time", 60, 90), ("first_time", "active", 10, 25),
        ("first_time", "defecting", 30, 50), ("active", "active", 400, 600),
        ("active", "defecting", 90, 140), ("defecting", "defecting", 700, 900),
        ("defecting", "active", 60, 85), ("defecting", "inactive", 30, 55),
        ("inactive", "inactive", 900, 1200), ("inactive", "active", 10, 25),
    ]  # fmt: skip
    data = pd.DataFrame([move[:2] for move in moves], columns=["before", "after"])
    data["contacts"] = [int(rng.integers(low, high)) for *_, low, high in moves]
    known = data[data.before != "absent"]
    stayed = known[known.before == known.after]
    return Case(
        answer=data.groupby("after").contacts.sum(),
        data=data.sample(frac=1, random_state=rng, ignore_index=True),
        mistakes={
            "at_the_start": known.groupby("before").contacts.sum(),
            "newcomers_forgotten": known.groupby("after").contacts.sum(),
            "stayers_alone": stayed.groupby("after").contacts.sum(),
        },
    )


def repurchase_of_newcomers(rng: np.random.Generator) -> Case:
    """Share of the first-time buyers of the last 90 days who bought again."""
    once, twice, older, gone = int(rng.integers(3, 6)), int(rng.integers(2, 5)), 3, 2
    names = iter(rng.permutation([f"C{n}" for n in range(101, 102 + once + twice + older + gone)]))
    rows: list[tuple[str, int, str]] = []

    def buys(low: int, high: int, status: str = "delivered") -> tuple[int, str]:
        return int(rng.integers(low, high)), status

    histories = [
        *([buys(1, ACTIVE_DAYS)] for _ in range(once)),
        [buys(40, ACTIVE_DAYS), buys(1, 40, "cancelled")],
        *([buys(45, ACTIVE_DAYS), buys(1, 45)] for _ in range(twice)),
        *([buys(120, 400), buys(1, ACTIVE_DAYS)] for _ in range(older)),
        *([buys(120, 400)] for _ in range(gone)),
    ]
    for history in histories:
        name = str(next(names))
        rows += [(name, days, status) for days, status in history]
    data = pd.DataFrame(rows, columns=["customer_id", "days", "status"])
    data.insert(1, "ordered_at", AS_OF - pd.to_timedelta(data.pop("days"), unit="D"))
    data = data.sort_values("ordered_at", ignore_index=True)
    newcomers = once + 1 + twice
    return Case(
        answer=twice / newcomers,
        data=data,
        mistakes={
            "cancelled_left_in": (twice + 1) / newcomers,
            "old_customers": (twice + older) / (newcomers + older),
            "wrong_denominator": twice / (newcomers + older + gone),
        },
        values={
            "as_of": Quantity("2026-01-01", "date"),
            "window": Quantity(ACTIVE_DAYS, "days"),
        },
    )


def engagement_points(rng: np.random.Generator) -> Case:
    """Points of four contacts, each act halved with every half-life."""
    owners = [*"ABCD" * 3]
    data = pd.DataFrame({"customer_id": owners, "kind": rng.choice(list(POINTS), len(owners))})
    data["days_ago"] = rng.integers(1, 13, len(data)) * 10
    data = data.sample(frac=1, random_state=rng, ignore_index=True)
    weight = data.kind.map(POINTS)

    def points(worth: pd.Series[float]) -> pd.Series[float]:
        return worth.groupby(data.customer_id).sum()

    return Case(
        answer=points(weight * 0.5 ** (data.days_ago / HALF_LIFE)),
        data=data,
        mistakes={
            "no_ageing": points(weight.astype(float)),
            "straight_line": points(weight * (1 - data.days_ago / (2 * HALF_LIFE)).clip(lower=0)),
            "unweighted": points(0.5 ** (data.days_ago / HALF_LIFE)),
        },
        values={
            "click_points": Quantity(POINTS["click"]),
            "visit_points": Quantity(POINTS["visit"]),
            "open_points": Quantity(POINTS["open"]),
            "half_life": Quantity(HALF_LIFE, "days"),
        },
    )


def best_source_at_equal_age(rng: np.random.Generator) -> Case:
    """Source whose leads buy most within 60 days, among those observed that long."""
    young, steady, late = map(str, rng.permutation(["contest", "newsletter", "store"]))
    jitter = int(rng.integers(0, 3))
    leads = [
        *_leads(rng, young, (1, EQUAL_AGE), [0] * 60),
        *_leads(rng, young, (EQUAL_AGE + 60, 180), [1] * (11 + jitter) + [0] * (9 - jitter)),
        *_leads(rng, steady, (EQUAL_AGE + 60, 180), [1] * (23 + jitter) + [0] * (37 - jitter)),
        *_leads(rng, late, (EQUAL_AGE + 60, 180), [1] * 17 + [2] * (16 + jitter) + [0] * 27),
    ]
    data = pd.DataFrame(leads, columns=["source", "registered_days_ago", "bought_after_days"])
    data = data.sample(frac=1, random_state=rng, ignore_index=True)
    in_time = data.bought_after_days <= EQUAL_AGE
    observed = data.registered_days_ago >= EQUAL_AGE
    return Case(
        answer=_best(in_time[observed], data.source),
        data=data,
        mistakes={
            "young_counted": _best(in_time, data.source),
            "unequal_age": _best(data.bought_after_days.notna(), data.source),
        },
        values={"age": Quantity(EQUAL_AGE, "days")},
        choices=("contest", "newsletter", "store"),
    )


def cell_to_call(rng: np.random.Generator) -> Case:
    """Cell of stage and status where a call adds most margin, a control group beside it."""
    best, large = map(str, rng.permutation(["defecting_platinum", "defecting_gold"]))
    without = {"defecting_platinum": 0.28, "defecting_gold": 0.26}
    margin = {"defecting_platinum": 110, "defecting_gold": 70}
    much = {"defecting_platinum": 0.14, "defecting_gold": 0.18}
    little = {"defecting_platinum": 0.08, "defecting_gold": 0.10}
    # Customers, share who return with a call and without, margin of one who returns.
    cells = {
        "active_platinum": (250, 0.85, 0.83, 120),
        best: (120, without[best] + much[best], without[best], margin[best]),
        large: (900, without[large] + little[large], without[large], margin[large]),
        "inactive_platinum": (150, 0.12, 0.07, 170),
        "defecting_silver": (300, 0.44, 0.24, 40),
    }
    data = pd.DataFrame.from_dict(
        cells, orient="index", columns=["customers", "with_call", "without_call", "margin"]
    )
    data["customers"] += rng.integers(0, 20, len(data))
    data["margin"] += rng.integers(-2, 3, len(data))
    data = data.rename_axis("cell").sample(frac=1, random_state=rng)
    added_margin = (data.with_call - data.without_call) * data.margin
    return Case(
        answer=str(added_margin.idxmax()),
        data=data.reset_index(),
        mistakes={
            "forgot_control": str((data.with_call * data.margin).idxmax()),
            "largest_lift": str((data.with_call - data.without_call).idxmax()),
            "highest_margin": str(data.margin.idxmax()),
            "whole_cell": str((added_margin * data.customers).idxmax()),
        },
        values={"calls": Quantity(100), "call_cost": Quantity(4, "currency")},
        choices=tuple(sorted(cells)),
    )


def _leads(
    rng: np.random.Generator, source: str, ages: tuple[int, int], bought: list[int]
) -> list[tuple[str, int, float]]:
    """Return leads of a source: 0 has not bought, 1 has in time, 2 has later."""
    after = {1: (1, EQUAL_AGE + 1), 2: (EQUAL_AGE + 1, EQUAL_AGE + 60)}
    return [
        (source, int(rng.integers(*ages)), float(rng.integers(*after[one])) if one else np.nan)
        for one in bought
    ]


def _best(converted: pd.Series[bool], source: pd.Series[str]) -> str:
    return str(converted.groupby(source).mean().idxmax())
