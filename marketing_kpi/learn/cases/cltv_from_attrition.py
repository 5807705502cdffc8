"""Cases of lesson 03: who leaves, what a customer is worth, and what to pay for one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from marketing_kpi import clv
from marketing_kpi.learn.exercises import Case, Quantity

# How many customers stayed, were lost, came back and had long been gone. More were lost than came
# back, and fewer were silent than active, so that each mistake gives a number of its own.
SPANS = ((6, 9), (5, 7), (3, 5), (1, 3))

# The customers of the lesson's demo shop, in weeks; the question tells these numbers.
PACE = {"r": 0.8, "alpha": 8.0, "a": 0.95, "b": 3.8}

# What a channel is like: margin rate, share still buying, revenue of these and of the others,
# cost of a customer. Each but the first is the best by one wrong measure.
CHANNELS = {
    "worth_it": (0.45, 0.6, 250.0, 120.0, 50.0),
    "thin_margin": (0.14, 0.6, 390.0, 180.0, 45.0),
    "few_survivors": (0.45, 0.2, 480.0, 20.0, 48.0),
    "cheap": (0.40, 0.4, 25.0, 10.0, 12.0),
}
CHANNEL_LABELS = ("search", "social", "affiliates", "marketplace")

# CLTV over CAC, with the ends of its interval: two channels pay back, one does not, and of three
# one cannot tell, though the estimate of two of these is above 1.
RATIOS = (
    (1.30, 1.10, 1.55), (1.70, 1.25, 2.20), (1.15, 0.90, 1.45),
    (1.40, 0.85, 2.00), (0.90, 0.70, 1.15), (0.60, 0.45, 0.80),
)  # fmt: skip
JUDGED = (*CHANNEL_LABELS, "email", "display")


def could_leave(rng: np.random.Generator) -> Case:
    """Customers active at the start of the year: those who can be lost."""
    stayed, lost, back, gone = (int(rng.integers(*span)) for span in SPANS)
    active = stayed + lost
    before = [
        *_days(rng, "2024-01-20", "2024-12-28", active),
        *_days(rng, "2023-01-10", "2023-11-30", back + gone),
    ]
    since = iter(_days(rng, "2025-01-10", "2025-12-20", stayed + back))
    returned = {*range(stayed), *range(active, active + back)}
    last = [next(since) if place in returned else day for place, day in enumerate(before)]
    data = pd.DataFrame({"last_before_2025": before, "last_of_all": last})
    return Case(
        answer=active,
        data=_numbered(rng, data),
        mistakes={
            "everyone": len(data),
            "active_at_the_end": stayed + back,
            "lost_only": lost,
            "silent": lost + gone,
        },
    )


def attrition_of_a_year(rng: np.random.Generator) -> Case:
    """Attrition of a year, read from orders."""
    stayed, lost, new = int(rng.integers(8, 12)), int(rng.integers(4, 7)), int(rng.integers(2, 4))
    known = [f"C{n}" for n in range(101, 101 + stayed + lost)]
    since = known[:stayed] + [f"C{n}" for n in range(201, 201 + new)]
    data = pd.concat(
        [
            _orders(rng, known, "2024-01-05", "2024-12-28"),
            _orders(rng, since, "2025-01-05", "2025-12-28"),
        ]
    ).sort_values("ordered_at", ignore_index=True)
    data.insert(0, "order_id", [f"O{n}" for n in range(1, len(data) + 1)])
    return Case(
        answer=lost / len(known),
        data=data,
        mistakes={
            "retention": stayed / len(known),
            "wrong_denominator": lost / (len(known) + new),
            "active_at_the_end": lost / len(since),
            "net_change": (lost - new) / len(known),
        },
    )


def simple_value(rng: np.random.Generator) -> Case:
    """Simple lifetime value from a year's orders and an attrition rate."""
    # Two orders a buyer at most, on average, and no more than 40 % of attrition: so a year's margin
    # per buyer is not the lifetime's margin per order.
    buyers, attrition = int(rng.integers(8, 13)), int(rng.integers(5, 9)) / 20
    times = [1, 2, 3, *rng.integers(1, 3, size=buyers - 3)]
    data = pd.DataFrame(
        {"customer_id": np.repeat([f"C{n}" for n in range(101, 101 + buyers)], times)}
    )
    data = data.sample(frac=1, random_state=rng, ignore_index=True)
    data.insert(0, "order_id", [f"O{n}" for n in range(1, len(data) + 1)])
    data["amount"] = rng.integers(40, 121, size=len(data)).astype(float)
    data["cost"] = (data.amount * rng.uniform(0.55, 0.65, size=len(data))).round(2)
    revenue, cost = data.amount.sum(), data.cost.sum()
    a_year = (revenue - cost) / buyers
    return Case(
        answer=a_year / attrition,
        data=data,
        mistakes={
            "revenue_for_margin": revenue / buyers / attrition,
            "one_year": a_year,
            "attrition_multiplied": a_year * attrition,
            "markup_for_margin": revenue / buyers * (revenue / cost - 1) / attrition,
            "orders_for_customers": (revenue - cost) / len(data) / attrition,
        },
        values={"attrition": Quantity(attrition, "fraction")},
    )


def discounted_value(rng: np.random.Generator) -> Case:
    """Discounted value of a customer over three years, acquisition deducted."""
    margin, acquisition = 10 * int(rng.integers(8, 16)), 10 * int(rng.integers(6, 15))
    retention, discount = int(rng.integers(12, 17)) / 20, int(rng.integers(6, 13)) / 100
    kept = retention / (1 + discount)
    years = {
        "answer": sum(kept**t for t in (1, 2, 3)),
        "counted_from_now": sum(kept**t for t in (0, 1, 2)),
        "not_discounted": sum(retention**t for t in (1, 2, 3)),
        "not_retained": sum(1 / (1 + discount) ** t for t in (1, 2, 3)),
        "no_horizon": retention / (1 + discount - retention),
    }
    worth = {kind: margin * factor - acquisition for kind, factor in years.items()}
    return Case(
        answer=worth.pop("answer"),
        mistakes={**worth, "acquisition_left_out": margin * years["answer"]},
        values={
            "margin": Quantity(margin, "currency"),
            "retention": Quantity(retention, "fraction"),
            "discount": Quantity(discount, "fraction"),
            "acquisition": Quantity(acquisition, "currency"),
        },
    )


def silence_that_worries(rng: np.random.Generator) -> Case:
    """Which of six customers has most probably left, by the BG/NBD model."""
    observed = 52.0
    frequency = [int(rng.integers(13, 19)), 1, *rng.integers(2, 6, size=4)]
    silence = [int(rng.integers(15, 19)), int(rng.integers(24, 29)), *rng.integers(3, 13, size=4)]
    data = pd.DataFrame({"frequency": frequency, "recency": observed - np.array(silence, float)})
    data["T"] = observed
    data = _numbered(rng, data)
    leaving = clv.p_alive(data, **PACE)
    names = list(data.customer_id)
    return Case(
        answer=names[int(leaving.argmin())],
        data=data,
        mistakes={
            "longest_silence": names[int((data["T"] - data.recency).argmax())],
            "most_alive": names[int(leaving.argmax())],
        },
        choices=tuple(names),
    )


def channels_that_pay(rng: np.random.Generator) -> Case:
    """Channels whose customers have repaid what they cost, as far as intervals tell."""
    cac = 5.0 * rng.integers(4, 17, size=len(RATIOS))
    worth = np.array(RATIOS) * cac[:, None] * rng.uniform(0.98, 1.02, size=(len(RATIOS), 1))
    data = pd.DataFrame(worth.round(2), columns=["cltv", "low", "high"])
    data.insert(0, "cac", cac)
    data.insert(0, "channel", list(map(str, rng.permutation(JUDGED))))
    data = data.sample(frac=1, random_state=rng, ignore_index=True)

    def chosen(rows: pd.Series[bool]) -> frozenset[str]:
        return frozenset(data.channel[rows])

    return Case(
        answer=chosen(data.low > data.cac),
        data=data,
        mistakes={
            "estimate_only": chosen(data.cltv > data.cac),
            "upper_end": chosen(data.high > data.cac),
            "do_not": chosen(data.high < data.cac),
            "cannot_tell": chosen((data.low <= data.cac) & (data.high >= data.cac)),
        },
        choices=JUDGED,
    )


def channel_to_feed(rng: np.random.Generator) -> Case:
    """The channel whose customers have repaid most of what they cost, in margin."""
    labels = dict(zip(CHANNELS, map(str, rng.permutation(CHANNEL_LABELS)), strict=True))
    won = [_won(rng, labels[kind], shape[:4]) for kind, shape in CHANNELS.items()]
    data = pd.concat(won).sample(frac=1, random_state=rng, ignore_index=True)
    data.insert(0, "customer_id", [f"C{n}" for n in range(101, 101 + len(data))])
    spent = {
        labels[kind]: 10 * round(len(one) * shape[-1] * rng.uniform(0.97, 1.03) / 10)
        for (kind, shape), one in zip(CHANNELS.items(), won, strict=True)
    }
    cac = pd.Series(spent) / data.channel.value_counts()
    ratios = data.groupby("channel")[["revenue", "margin"]].mean().div(cac, axis=0)
    kept = data[data.still_buys].groupby("channel").margin.mean() / cac
    return Case(
        answer=str(ratios.margin.idxmax()),
        data=data,
        mistakes={
            "revenue_for_margin": str(ratios.revenue.idxmax()),
            "survivors_only": str(kept.idxmax()),
            "lowest_cost": str(cac.idxmin()),
        },
        values={f"spent_{name}": Quantity(amount, "currency") for name, amount in spent.items()},
        choices=CHANNEL_LABELS,
    )


def _won(rng: np.random.Generator, channel: str, shape: Sequence[float]) -> pd.DataFrame:
    """Return the customers that a channel won; the share still buying is exact."""
    rate, share, of_stayed, of_left = shape
    customers = 5 * int(rng.integers(3, 6))
    stays = np.arange(customers) < round(share * customers)
    revenue = np.where(stays, of_stayed, of_left) * rng.uniform(0.9, 1.1, size=customers)
    data = pd.DataFrame({"channel": channel, "still_buys": stays, "revenue": revenue.round(2)})
    data["margin"] = (data.revenue * rate).round(2)
    return data


def _days(rng: np.random.Generator, first: str, last: str, size: int) -> list[pd.Timestamp]:
    days = pd.date_range(first, last)
    return list(days[rng.integers(0, len(days), size=size)])


def _orders(
    rng: np.random.Generator, customers: Sequence[str], first: str, last: str
) -> pd.DataFrame:
    """Return one or two orders of each customer between two days."""
    owners = np.repeat(list(customers), rng.integers(1, 3, size=len(customers)))
    return pd.DataFrame({"customer_id": owners, "ordered_at": _days(rng, first, last, len(owners))})


def _numbered(rng: np.random.Generator, data: pd.DataFrame) -> pd.DataFrame:
    """Return the rows in any order, each with a customer's id."""
    data = data.sample(frac=1, random_state=rng, ignore_index=True)
    data.insert(0, "customer_id", [f"C{n}" for n in range(101, 101 + len(data))])
    return data
