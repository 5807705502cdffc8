"""Cases of lesson 09: items that come back, customers who do, and what a fee would change."""

from __future__ import annotations

import numpy as np
import pandas as pd

from marketing_kpi.learn.exercises import Case, Quantity

CATEGORIES = ("bedding", "clothing", "kitchen")
PLACES = ("app", "store", "web")
HORIZON = 30
AGE = 2
MARGIN, PARCEL_COST, FEE = 0.45, 12, 5


def unit_return_rate(rng: np.random.Generator) -> Case:
    """Units that came back, of the units sold; some were repaid without coming back."""
    data = pd.DataFrame({"line_id": [f"L{n}" for n in range(1, 10)]})
    data["quantity"] = rng.integers(3, 6, len(data))
    data["price_paid"] = rng.integers(8, 20, len(data))
    data["units_returned"], data["units_repaid_only"] = 0, 0
    places = rng.permutation(len(data))
    back, repaid_only = places[:5], places[5:7]
    data.loc[back, "quantity"] = rng.integers(2, 4, len(back))
    data.loc[back, "price_paid"] = rng.integers(150, 250, len(back))
    data.loc[back, "units_returned"] = 1
    data.loc[repaid_only, "units_repaid_only"] = 1
    returned, sold, price = data.units_returned, data.quantity, data.price_paid
    repaid = returned + data.units_repaid_only
    return Case(
        answer=returned.sum() / sold.sum(),
        data=data,
        mistakes={
            "repaid_counted": repaid.sum() / sold.sum(),
            "lines_for_units": float((returned > 0).mean()),
            "by_value": (returned * price).sum() / (sold * price).sum(),
            "kept_below": returned.sum() / (sold - returned).sum(),
        },
    )


def value_return_rates(rng: np.random.Generator) -> Case:
    """Return rate by value of three categories, at the price paid."""
    data = pd.DataFrame({"category": np.repeat(CATEGORIES, 4)})
    data["quantity"] = rng.integers(2, 6, len(data))
    data["list_price"] = rng.integers(2, 12, len(data)) * 10
    discount = np.tile([0.0, 0.1, 0.3, 0.5], len(CATEGORIES))
    data["price_paid"] = data.list_price * (1 - discount)
    data["units_returned"] = np.tile([1, 0, 0, 2], len(CATEGORIES))
    data = data.sample(frac=1, random_state=rng, ignore_index=True)

    def rates(price: pd.Series[float] | float) -> pd.Series[float]:
        returned = (data.units_returned * price).groupby(data.category).sum()
        return returned / (data.quantity * price).groupby(data.category).sum()

    returned = (data.units_returned * data.price_paid).groupby(data.category).sum()
    return Case(
        answer=rates(data.price_paid),
        data=data,
        mistakes={
            "by_units": rates(1.0),
            "gross_for_net": rates(data.list_price),
            "wrong_denominator": returned / (data.quantity * data.price_paid).sum(),
        },
    )


def retained_customers(rng: np.random.Generator) -> Case:
    """Share of the customers of one year who ordered in the next."""
    both, left = int(rng.integers(6, 9)), int(rng.integers(2, 4))
    came = left + 1 + int(rng.integers(2, 4))
    kinds = ["both"] * both + ["left"] * left + ["cancelled"] + ["came"] * came
    names = rng.permutation([f"C{n}" for n in range(201, 201 + len(kinds))])
    rows = []
    for name, kind in zip(names, kinds, strict=True):
        if kind != "came":
            rows += [(name, 2024, "delivered")] * int(rng.integers(1, 3))
        if kind in ("both", "came"):
            rows += [(name, 2025, "delivered")] * int(rng.integers(1, 3))
        if kind == "cancelled":
            rows += [(name, 2025, "cancelled")]
    data = pd.DataFrame(rows, columns=["customer_id", "year", "status"])
    days = pd.to_timedelta(rng.integers(0, 365, len(data)), unit="D")
    data.insert(1, "ordered_at", pd.to_datetime(data.pop("year").astype(str) + "-01-01") + days)
    before = both + left + 1
    return Case(
        answer=both / before,
        data=data.sort_values("ordered_at", ignore_index=True),
        mistakes={
            "newcomers_in": (both + came) / before,
            "wrong_denominator": both / (both + came),
            "cancelled_left_in": (both + 1) / before,
            "attrition": (left + 1) / before,
        },
    )


def cohorts_that_reached_an_age(rng: np.random.Generator) -> Case:
    """Share of customers active two months on, in the cohorts whose month is over."""
    months = pd.period_range("2025-07", "2025-12", freq="M")
    sizes = np.array([60, 90, 150, 200, 240, 300]) + rng.integers(0, 20, len(months))
    rates = np.array([0.40, 0.30, 0.20, 0.12, 0.10, 1.0])  # only half of December is seen
    rows = [
        (str(cohort), str(cohort + age), age, int(size), round(size * by_age))
        for cohort, size, rate in zip(months, sizes, rates, strict=True)
        for age, by_age in enumerate([1, 1.2 * rate, rate, 0.9 * rate, 0.85 * rate, 0.8 * rate])
        if cohort + age <= months[-1]
    ]
    data = pd.DataFrame(rows, columns=["cohort", "month", "age", "customers", "active"])
    at_age = data[data.age == AGE]
    over = at_age[at_age.month < str(months[-1])]
    customers, active = over.customers.sum(), over.active.sum()
    earlier = data[(data.age == AGE - 1) & data.cohort.isin(over.cohort)]
    return Case(
        answer=active / customers,
        data=data,
        mistakes={
            "month_not_over": at_age.active.sum() / at_age.customers.sum(),
            "false_zeros": at_age.active.sum() / sizes.sum(),
            "mean_of_rates": (over.active / over.customers).mean(),
            "survivors": active / earlier.active.sum(),
        },
        values={
            "as_of": Quantity("2025-12-15", "date"),
            "this_month": Quantity(str(months[-1]), "label"),
            "age": Quantity(AGE),
        },
    )


def still_waiting(rng: np.random.Generator) -> Case:
    """Kaplan-Meier share of customers without a second purchase after 30 days."""
    early = np.sort(rng.choice(np.arange(3, HORIZON - 1), size=6, replace=False))
    first_five = rng.permutation([True, True, False, False, False])
    data = pd.DataFrame({"days": early, "bought": [*first_five, True]})
    late = {"days": rng.integers(HORIZON + 5, 90, 4), "bought": [True, True, True, False]}
    data = pd.concat([data, pd.DataFrame(late)]).sample(frac=1, random_state=rng)
    data.insert(0, "customer_id", list("ABCDEFGHIJ"))
    data = data.reset_index(drop=True)
    steps = data[data.bought & (data.days <= HORIZON)].groupby("days").size()
    followed = pd.Series([(data.days >= day).sum() for day in steps.index], steps.index)
    share = float(np.prod(1 - steps / followed))
    finished = data[data.bought]
    return Case(
        answer=share,
        data=data,
        mistakes={
            "never_counted_out": 1 - steps.sum() / len(data),
            "waiting_left_out": float((finished.days > HORIZON).mean()),
            "other_group": 1 - share,
        },
        values={"horizon": Quantity(HORIZON, "days")},
    )


def channel_that_causes_returns(rng: np.random.Generator) -> Case:
    """Channel whose sales come back most, wherever the items are brought."""
    worst, larger = map(str, rng.permutation(["web", "app"]))
    # Units sold, then brought back to the channel that sold, and to the store.
    plan = {worst: (60, 5, 12), larger: (200, 9, 15), "store": (120, 6, 0)}
    rows = []
    for channel, (sold, home, store) in plan.items():
        for category in CATEGORIES:
            row: dict[str, str | int] = {"sold_in": channel, "category": category}
            row["units_sold"] = sold + int(rng.integers(0, 8))
            row |= {f"back_to_{place}": 0 for place in PLACES}
            row |= {"back_to_store": store} if channel != "store" else {}
            rows.append(row | {f"back_to_{channel}": home + int(rng.integers(0, 2))})
    data = pd.DataFrame(rows).sample(frac=1, random_state=rng, ignore_index=True)
    back = [f"back_to_{place}" for place in PLACES]
    by_channel = data.groupby("sold_in")[["units_sold", *back]].sum()
    brought = pd.Series({place: data[f"back_to_{place}"].sum() for place in PLACES})
    caused = by_channel[back].sum(axis=1)
    return Case(
        answer=str((caused / by_channel.units_sold).idxmax()),
        data=data,
        mistakes={
            "where_brought": str((brought / by_channel.units_sold).idxmax()),
            "most_units": str(caused.idxmax()),
        },
        choices=PLACES,
    )


def fee_for_returns(rng: np.random.Generator) -> Case:
    """What a fee for returns adds to what a customer brings, from a test on two groups."""
    is_harmless = bool(rng.integers(0, 2))
    free = _tested(rng, "free", customers=30, sales=200, returned=40, parcels=15)
    fee_sales, fee_returned = (198, 15) if is_harmless else (140, 20)
    paid = _tested(rng, "fee", customers=24, sales=fee_sales, returned=fee_returned, parcels=7)
    data = pd.concat([free, paid]).sample(frac=1, random_state=rng, ignore_index=True)
    fee = FEE * (data.group == "fee")
    service = data.parcels_back * (fee - PARCEL_COST)

    def added(brought: pd.Series[float]) -> float:
        mean = brought.groupby(data.group).mean()
        return float(mean["fee"] - mean["free"])

    kept = data.net_sales - data.value_returned
    total = (MARGIN * kept + service).groupby(data.group).sum()
    return Case(
        answer=added(MARGIN * kept + service),
        data=data,
        mistakes={
            "returns_alone": added(service),
            "sales_for_margin": added(kept + service),
            "forgot_returns": added(MARGIN * data.net_sales + service),
            "totals": float(total["fee"] - total["free"]),
        },
        values={
            "margin": Quantity(MARGIN, "fraction"),
            "parcel_cost": Quantity(PARCEL_COST, "currency"),
            "fee": Quantity(FEE, "currency"),
        },
    )


def _tested(
    rng: np.random.Generator, group: str, *, customers: int, sales: int, returned: int, parcels: int
) -> pd.DataFrame:
    """Return the customers of a group, with what they bring on average."""
    came_back = np.zeros(customers, dtype=int)
    came_back[:parcels] = 1
    value = came_back * returned * customers // parcels
    net_sales = sales + value // 4 + rng.integers(-20, 21, customers)
    return pd.DataFrame(
        {"group": group, "net_sales": net_sales, "value_returned": value, "parcels_back": came_back}
    )
