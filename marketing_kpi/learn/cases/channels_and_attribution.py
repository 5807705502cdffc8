"""Cases of lesson 10: who is credited, what a customer costs, what the next dollar brings."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from marketing_kpi.learn.exercises import Case, Quantity

CHANNELS = ("display", "email", "paid_search", "social")
PATHS = (
    ("paid_search", "email", "direct"),
    ("social", "email"),
    ("email", "paid_search"),
    ("paid_search", "direct"),
    ("email", "social", "direct"),
)


def credit_of_email(rng: np.random.Generator) -> Case:
    """Revenue credited to e-mail by the last non-direct touch."""
    places = rng.permutation(len(PATHS))
    revenue = rng.permutation([41, 67, 83, 102, 158]) + rng.integers(0, 5)
    journeys = [PATHS[place] for place in places]
    data = pd.DataFrame({"path": [" > ".join(path) for path in journeys], "revenue": revenue})

    def credited(pick: Callable[[tuple[str, ...]], str]) -> float:
        return float(sum(r for p, r in zip(journeys, revenue, strict=True) if pick(p) == "email"))

    linear = sum(r / len(p) for p, r in zip(journeys, revenue, strict=True) if "email" in p)
    return Case(
        answer=credited(lambda path: [one for one in path if one != "direct"][-1]),
        data=data,
        mistakes={
            "first_touch": credited(lambda path: path[0]),
            "every_journey": float(
                sum(r for p, r in zip(journeys, revenue, strict=True) if "email" in p)
            ),
            "linear_rule": float(linear),
        },
    )


def linear_credit(rng: np.random.Generator) -> Case:
    """Orders that the linear model gives to each channel."""
    paths = (("display", "email", "social"), ("email", "email", "display"), ("social", "display"))
    orders = rng.permutation([11, 17, 23]) + rng.integers(0, 5, 3)
    data = pd.DataFrame({"path": [" > ".join(path) for path in paths], "orders": orders})
    each = data.assign(channel=pd.Series([list(path) for path in paths])).explode("channel")
    size = each.groupby(level=0).channel.transform("size")
    different = each.groupby(level=0).channel.transform("nunique")
    once = each.reset_index().drop_duplicates(["index", "channel"])

    def summed(part: pd.Series) -> pd.Series:
        return part.groupby(each.channel.to_numpy()).sum()

    last = pd.Series({"display": orders[1] + orders[2], "email": 0, "social": orders[0]})
    return Case(
        answer=summed(each.orders / size),
        data=data,
        mistakes={
            "each_channel_once": (once.orders / different.to_numpy()[once.index])
            .groupby(once.channel.to_numpy())
            .sum(),
            "not_shared": summed(each.orders.astype(float)),
            "last_touch": last.astype(float),
        },
    )


def cost_of_a_new_customer(rng: np.random.Generator) -> Case:
    """What a new customer of the channels paid for cost."""
    rows = [
        ("paid_search", "acquisition", int(rng.integers(60, 80)) * 100, int(rng.integers(40, 50))),
        ("social", "acquisition", int(rng.integers(30, 45)) * 100, int(rng.integers(20, 28))),
        ("email", "retention", int(rng.integers(12, 20)) * 100, int(rng.integers(8, 12))),
        ("organic_search", None, 0, int(rng.integers(55, 70))),
        ("direct", None, 0, int(rng.integers(30, 40))),
    ]
    data = pd.DataFrame(rows, columns=["channel", "purpose", "spend", "new_customers"])
    data = data.sample(frac=1, random_state=rng, ignore_index=True)
    acquiring = data.purpose == "acquisition"
    spend, new = data.spend[acquiring].sum(), data.new_customers[acquiring].sum()
    paid = data.spend > 0
    return Case(
        answer=float(spend / new),
        data=data,
        mistakes={
            "wrong_denominator": float(spend / data.new_customers.sum()),
            "all_spend": float(data.spend.sum() / data.new_customers[paid].sum()),
            "mean_of_costs": float((data.spend / data.new_customers)[acquiring].mean()),
        },
    )


def channels_that_pay(rng: np.random.Generator) -> Case:
    """Channels whose credited margin covers the spend."""
    rate = float(rng.choice([0.4, 0.45, 0.5]))
    roas = np.array([0.7, 1.6, 1 / rate + 0.5, 1 / rate + 2.0]) + rng.uniform(0, 0.1, 4).round(2)
    spend = rng.integers(20, 60, 4) * 100
    data = pd.DataFrame({"channel": rng.permutation(CHANNELS), "spend": spend})
    data["revenue"] = (roas * spend).round()
    data = data.sample(frac=1, random_state=rng, ignore_index=True)
    ratio = data.revenue / data.spend

    def those(told: pd.Series) -> frozenset[str]:
        return frozenset(data.channel[told])

    return Case(
        answer=those(ratio * rate > 1),
        data=data,
        mistakes={
            "on_revenue": those(ratio > 1),
            "best_only": those(ratio == ratio.max()),
            "other_group": those(ratio * rate < 1),
        },
        values={"rate": Quantity(rate, "fraction")},
        choices=CHANNELS,
    )


def cost_of_the_next_click(rng: np.random.Generator) -> Case:
    """What one more click costs on a channel that saturates."""
    spend, clicks = int(rng.integers(30, 60)) * 50, int(rng.integers(400, 800))
    elasticity = float(rng.choice([0.4, 0.5, 0.6]))
    average = spend / clicks
    return Case(
        answer=average / elasticity,
        mistakes={
            "average_cost": average,
            "times_elasticity": average * elasticity,
            "inverted": elasticity / average,
        },
        values={
            "spend": Quantity(spend, "currency"),
            "clicks": Quantity(clicks, "count"),
            "elasticity": Quantity(elasticity, "ratio"),
        },
    )


def credit_beyond_the_test(rng: np.random.Generator) -> Case:
    """Orders credited to a mailing that it did not add."""
    treated, control = int(rng.integers(18, 24)) * 500, 1000
    base = int(rng.integers(60, 80))
    bought = round(treated * (base + int(rng.integers(10, 18))) / control)
    added = bought - treated * base / control
    credited = round(added * float(rng.choice([2.5, 3.0, 3.5])))
    return Case(
        answer=float(credited - added),
        mistakes={
            "arms_subtracted": float(credited - (bought - base)),
            "all_of_it": float(credited),
            "none_of_it": float(credited - bought),
            "what_it_added": float(added),
        },
        values={
            "treated": Quantity(treated, "count"),
            "bought": Quantity(bought, "count"),
            "control": Quantity(control, "count"),
            "base": Quantity(base, "count"),
            "credited": Quantity(credited, "count"),
        },
    )


def where_to_add(rng: np.random.Generator) -> Case:
    """The channel whose next dollar brings most, beyond doubt."""
    best, famous, steep = rng.permutation(CHANNELS)[:3]
    nudge = rng.uniform(0, 0.2)
    rows = [
        (best, 5.0 + nudge, 0.60, 0.52, 0.68),
        (famous, 9.0 + nudge, 0.12, 0.05, 0.19),
        (steep, 1.6 + nudge, 0.90, 0.78, 1.02),
    ]
    data = pd.DataFrame(rows, columns=["channel", "roas", "elasticity", "low", "high"]).round(2)
    data = data.sample(frac=1, random_state=rng, ignore_index=True)
    choices = tuple(sorted({*data.channel, "cannot_tell"}))
    return Case(
        answer=str(best),
        data=data,
        mistakes={"average_return": str(famous), "elasticity_alone": str(steep)},
        choices=choices,
    )
