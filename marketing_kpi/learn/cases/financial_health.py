"""Cases of lesson 15: what is left of sales, what leaks, what stays, disputes and the ledger."""

from __future__ import annotations

import numpy as np
import pandas as pd

from marketing_kpi.learn.exercises import Case, Quantity

LEAKS = ("black_friday", "winter_sale", "changed_mind", "defective", "late_parcel", "not_received")
MOST = 0.8
RIPE_DAYS = 120
TODAY = pd.Timestamp("2026-01-01")
COST = 20


def net_of_a_month(rng: np.random.Generator) -> Case:
    """Net revenue of a month, from its sales and what was given back."""
    sold = pd.DataFrame({"kind": "sale", "quantity": rng.integers(1, 4, 6)})
    sold["list_price"] = rng.integers(4, 12, 6) * 10
    sold["price_paid"] = sold.list_price - np.array([10, 0, 20, 0, 5, 0])
    amounts = rng.permutation([12, 17, 23, 31])
    given = pd.DataFrame({"kind": ["return", "allowance", "dispute lost", "dispute open"]})
    given["amount"] = amounts + np.array([30, 0, 50, 90])
    data = pd.concat([sold, given]).sample(frac=1, random_state=rng, ignore_index=True)
    by_kind = data.groupby("kind").amount.sum()
    net_sales = float((sold.quantity * sold.price_paid).sum())
    gross = float((sold.quantity * sold.list_price).sum())
    given_back = by_kind["return"] + by_kind["allowance"] + by_kind["dispute lost"]
    net = net_sales - given_back
    return Case(
        answer=float(net),
        data=data,
        mistakes={
            "open_taken_off": float(net - by_kind["dispute open"]),
            "allowance_left": float(net + by_kind["allowance"]),
            "gross_for_net": float(gross - given_back),
            "nothing_given_back": net_sales,
        },
    )


def deduction_rates(rng: np.random.Generator) -> Case:
    """Each deduction as a share of gross sales."""
    gross = int(rng.integers(40, 60)) * 1000
    discounts = round(gross * rng.uniform(0.12, 0.2))
    refunds = round(gross * rng.uniform(0.06, 0.1))
    allowances, chargebacks = round(gross * 0.02), round(gross * rng.uniform(0.01, 0.015))
    names = ["gross_sales", "discounts", "refunds", "allowances", "chargebacks"]
    values = [gross, discounts, refunds, allowances, chargebacks]
    data = pd.DataFrame({"account": names, "amount": values})
    deductions = data.set_index("account").amount.drop("gross_sales")
    return Case(
        answer=deductions / gross,
        data=data,
        mistakes={
            "of_net_sales": deductions / (gross - discounts),
            "of_net_revenue": deductions / (gross - deductions.sum()),
            "of_all_leaks": deductions / deductions.sum(),
        },
    )


def vital_few(rng: np.random.Generator) -> Case:
    """The fewest causes that make four fifths of what leaks."""
    causes = rng.permutation(LEAKS)
    amounts = np.array([4200, 2600, 1700, 800, 450, 250]) + rng.integers(0, 60, len(LEAKS))
    cases = np.array([30, 55, 40, 160, 210, 190]) + rng.integers(0, 9, len(LEAKS))
    data = pd.DataFrame({"cause": causes, "cases": cases, "amount": amounts})
    data = data.sample(frac=1, random_state=rng, ignore_index=True)

    def first(column: str, most: float) -> frozenset[str]:
        ranked = data.sort_values(column, ascending=False)
        before = ranked[column].cumsum() - ranked[column]
        return frozenset(ranked.cause[before < most * ranked[column].sum()])

    return Case(
        answer=first("amount", MOST),
        data=data,
        mistakes={
            "by_cases": first("cases", MOST),
            "too_few": frozenset(data.nlargest(2, "amount").cause),
            "too_many": frozenset(data.nlargest(4, "amount").cause),
        },
        values={"most": Quantity(MOST, "fraction")},
        choices=tuple(sorted(LEAKS)),
    )


def retention_of_a_base(rng: np.random.Generator) -> Case:
    """Gross revenue retention of eight customers, of whom two are new."""
    before = rng.integers(8, 20, 6) * 10.0
    factors = np.array([1.6, 1.3, 1.0, 0.5, 0.0, 0.0])
    now = before * factors
    data = pd.DataFrame({"before": [*before, 0, 0], "now": [*now, *rng.integers(5, 12, 2) * 10.0]})
    data = data.sample(frac=1, random_state=rng, ignore_index=True)
    data.insert(0, "customer_id", list("ABCDEFGH"))
    kept = np.minimum(before, now)
    stayed = now > 0
    return Case(
        answer=float(kept.sum() / before.sum()),
        data=data,
        mistakes={
            "net_retention": float(now.sum() / before.sum()),
            "newcomers_in": float(data.now.sum() / before.sum()),
            "leavers_left_out": float(kept[stayed].sum() / before[stayed].sum()),
            "customers": float(stayed.mean()),
        },
    )


def rate_of_ripe_orders(rng: np.random.Generator) -> Case:
    """Chargeback rate of the orders old enough for their disputes to have come."""
    months = pd.date_range("2025-03-01", periods=10, freq="MS")
    data = pd.DataFrame({"month": months.strftime("%Y-%m")})
    data["last_day"] = months + pd.offsets.MonthEnd(0)
    data["orders"] = rng.integers(8, 14, len(data)) * 100
    data["disputed"] = [*rng.integers(6, 10, 6), *rng.integers(0, 3, 4)]
    data["disputes"] = data.disputed + np.array([*rng.integers(1, 3, 6), 0, 0, 0, 0])
    ripe = data[data.last_day + pd.Timedelta(days=RIPE_DAYS) < TODAY]
    return Case(
        answer=float(ripe.disputed.sum() / ripe.orders.sum()),
        data=data,
        mistakes={
            "young_counted": float(data.disputed.sum() / data.orders.sum()),
            "disputes_for_orders": float(ripe.disputes.sum() / ripe.orders.sum()),
            "young_below": float(ripe.disputed.sum() / data.orders.sum()),
        },
        values={
            "ripe_days": Quantity(RIPE_DAYS, "days"),
            "as_of": Quantity(str(TODAY.date()), "date"),
        },
    )


def disputes_worth_fighting(rng: np.random.Generator) -> Case:
    """What is expected of fighting only the open disputes that are worth it."""
    won, lost = int(rng.integers(9, 13)), int(rng.integers(18, 24))
    decided = pd.DataFrame({"outcome": ["won"] * won + ["lost"] * lost})
    decided["amount"] = rng.integers(2, 15, len(decided)) * 10.0
    waiting = pd.DataFrame({"outcome": ["open"] * 8})
    waiting["amount"] = [*rng.integers(22, 40, 4), *rng.integers(90, 250, 4)]
    data = pd.concat([decided, waiting]).sample(frac=1, random_state=rng, ignore_index=True)
    data.insert(0, "dispute_id", [f"D{n}" for n in range(1, len(data) + 1)])

    def gain(share: float, least: float) -> float:
        fought = waiting.amount[waiting.amount > least]
        return float((share * fought - COST).sum())

    share = won / (won + lost)
    return Case(
        answer=gain(share, COST / share),
        data=data,
        mistakes={
            "fought_all": gain(share, 0),
            "open_below": gain(won / len(data), COST * len(data) / won),
            "cost_forgotten": float((share * waiting.amount[waiting.amount > COST / share]).sum()),
            "won_over_lost": gain(won / lost, COST * lost / won),
        },
        values={"cost": Quantity(COST, "currency")},
    )


def months_to_ask_about(rng: np.random.Generator) -> Case:
    """The months whose gap with the ledger no other month gives back."""
    months = pd.period_range("2025-01", "2025-10", freq="M").astype(str)
    data = pd.DataFrame({"month": months, "ours": rng.integers(30, 60, len(months)) * 100.0})
    late, alone, pair = int(rng.integers(1, 4)), int(rng.integers(7, 9)), int(rng.integers(5, 6))
    moved, entered, other = (int(n) * 10.0 for n in rng.choice(range(21, 90), 3, replace=False))
    gaps = np.zeros(len(months))
    gaps[late], gaps[late + 1] = moved, -moved
    gaps[pair] = -other
    gaps[alone] = entered
    data["ledger"] = data.ours + gaps
    return Case(
        answer=frozenset({months[alone], months[pair]}),
        data=data,
        mistakes={
            "every_gap": frozenset(months[np.flatnonzero(gaps)]),
            "ledger_more": frozenset(months[gaps > 0]),
            "timing_alone": frozenset({months[late], months[late + 1]}),
        },
        choices=tuple(months),
    )
