"""What is true in the demo, and what of it each estimate should aim at."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import numpy as np

from marketing_kpi.data.model import JSON
from marketing_kpi.data.simulation import (
    after_sales,
    audience,
    calendar,
    catalogue,
    operations,
    relations,
)
from marketing_kpi.data.simulation import assortment as shop
from marketing_kpi.data.simulation import parameters as p
from marketing_kpi.data.simulation.arrow import START, Ints
from marketing_kpi.data.simulation.limits import LIMITS
from marketing_kpi.data.simulation.realised import Realised

TREATED_STORES = tuple(store.store_id for store in shop.STORES if store.advisers)
TWIN_STORES = ("S02", "S04", "S06")  # same region, type and weight as the treated ones


def report(realised: Realised) -> dict[str, JSON]:
    """Return every parameter that an estimate can be held against, by subject."""
    sums = realised.sums
    return {
        "calendar": _calendar(),
        "bg_nbd": _bg_nbd(sums),
        "attrition": _attrition_truth(sums),
        "order_value": _order_value(),
        "orders": _orders(),
        "spring_mail": _mailing(p.SPRING, sums),
        "autumn_mail": _mailing(p.AUTUMN, sums),
        "store_advisers": _action(sums),
        "promotions": _promotions(realised.promotion_units),
        "affinity": _affinity(),
        "stock_outs": _stock_outs(realised.stock_outs),
        "supply": _supply(),
        "journeys": _journeys(),
        "marketing_spend": _media(),
        "responses": _responses(),
        "returns": _returns(),
        "delivery": _delivery(),
        "labour": _labour(),
        "surveys": _surveys(sums),
        "share_of_wallet": _wallet(),
        "prices": _prices(),
        "chargebacks": _chargebacks(),
        "ledger": _ledger(),
        "identities": _identities(),
    }


def _calendar() -> dict[str, JSON]:
    return {
        "months": calendar.MONTHS.tolist(),
        "weekdays": calendar.WEEKDAYS.tolist(),
        "black_friday_days": {str(day): factor for day, factor in calendar.BLACK_FRIDAY.items()},
        "regulars_follow": calendar.REGULARS_FOLLOW,
        "closed_days": {
            country: [
                (START + dt.timedelta(days=int(day))).isoformat() for day in np.flatnonzero(closed)
            ]
            for country, closed in zip(("QC", "France"), calendar.closed_days(), strict=True)
        },
        "season_of_products": {
            f"P{shop.INDEX[name] + 1:04d}": list(catalogue.SEASONS[season])
            for name, season in catalogue.PRODUCT_SEASON.items()
        },
        "basket_months": {str(m + 1): factor for m, factor in p.FULLER_BASKETS.items()},
        "note": (
            "Daily demand is the product of a curve through the months' middles, the week day "
            "(Monday first) and the events (days from Black Friday), scaled to mean 1 in each "
            "calendar year. First purchases and walk-ins follow it in full, the repeat purchases "
            "of customers by the share regulars_follow. Stores are closed on the holidays of "
            "closed_days and for fewer hours on Sunday: customers who would have come order "
            "online instead, walk-ins come another day. season_of_products is the relative weight "
            "of those products from January to December; the others follow their category."
        ),
    }


def _bg_nbd(sums: Mapping[str, int]) -> dict[str, JSON]:
    return {
        "unit": "day",
        "r": p.BG_NBD_R,
        "alpha": p.BG_NBD_ALPHA,
        "alpha_weeks": p.BG_NBD_ALPHA / 7,
        "a": p.BG_NBD_A,
        "b": p.BG_NBD_B,
        "limit": dict(LIMITS.bg_nbd),
        "cohort": "contacts.registered_at >= 2023-01-01, with an order",
        "cohort_customers": sums["cohort"],
        "cohort_still_active": sums["cohort_active"],
        "cohort_purchases_next_365_days": sums["cohort_next_year"],
        "note": (
            "The purchases of identified customers (valid orders) are BG/NBD with these parameters "
            "on the customers' clock, which runs faster in season and keeps whole years. Fit it on "
            "the cohort: for older customers the first order shown is not the first they made. On "
            "calendar days, with several orders of a day taken as one and the orders that "
            "spring_mail adds, maximum likelihood tends to `limit` as the shop grows; hold the "
            "intervals of a fit against `limit`, the process against r, alpha, a, b. Cancelled, "
            "fraudulent and test orders are added to the process and thin nothing. The last two "
            "counts are this draw's: who had not left at the end, and the purchases that they "
            "would make in the 365 days after it."
        ),
    }


def _attrition_truth(sums: Mapping[str, int]) -> dict[str, JSON]:
    return {
        "observed_2024_limit": LIMITS.attrition_2024,
        "observed_2025_limit": LIMITS.attrition_2025,
        "left_2024": sums["left_2024"] / sums["active_2024"],
        "left_2025": sums["left_2025"] / sums["active_2025"],
        "active_at_end": sums["still_active"],
        "purchases_next_365_days": sums["next_year"],
        "buyers_next_365_days": sums["next_year_buyers"],
        "note": (
            "observed_*_limit is what the KPI attrition_rate (an order in the year before, none in "
            "the year; 365 days) tends to as the shop grows: hold its interval against that. "
            "left_* is the share of the customers truly active on 1 January of the year who left "
            "for good in it, in this draw: no table shows it. The KPI is higher since it also "
            "counts slow buyers who are only silent; a model (probability alive) aims at left_*. "
            "The year 2024 has 366 days."
        ),
    }


def _order_value() -> dict[str, JSON]:
    return {
        "tiers": len(p.TIER_EXTRA_LINES),
        "mean_amount_by_tier": list(LIMITS.amount_by_tier),
        "mean_amount": LIMITS.amount,
        "price_slopes": list(p.TIER_PRICE_SLOPES),
        "extra_lines": list(p.TIER_EXTRA_LINES),
        "correlation_with_frequency": 0.0,
        "note": (
            "A customer belongs to one of five tiers of taste, equally frequent and independent of "
            "the purchase rate; the mean amount of an order depends on the tier (limits over the "
            "three years, CAD). Gamma-Gamma describes such spending only roughly and has no true "
            "parameters here: hold its conditional expected values against the tiers' means on "
            "average over customers, not p, q and v against anything."
        ),
    }


def _orders() -> dict[str, JSON]:
    return {
        "cancelled_share": p.CANCELLED_SHARE,
        "fraud_share": p.FRAUD_SHARE,
        "anonymous_orders": p.ANONYMOUS_ORDERS,
        "note": (
            "Each online purchase has a cancelled copy, and a fraudulent one, with these "
            "probabilities. anonymous_orders is the expected number of orders without a "
            "customer over three years at scale 1, store_advisers apart; all are in stores."
        ),
    }


def _mailing(mailing: p.Mailing, sums: Mapping[str, int]) -> dict[str, JSON]:
    name = mailing.campaign_id
    members, treated = sums[f"{name}.members"], sums[f"{name}.treated"]
    would_buy = sums[f"{name}.would_buy"] / members
    cents = sums["spring_mail.extra_cents"] if mailing is p.SPRING else 0
    return {
        "campaign_id": name,
        "contacted_on": mailing.contacted.isoformat(),
        "window_days": mailing.window_days,
        "control_share": mailing.control_share,
        "members": members,
        "extra_order_probability": mailing.extra_order_probability,
        "conversion_without": would_buy,
        "conversion_uplift": mailing.extra_order_probability * (1 - would_buy),
        "revenue_uplift_per_head": mailing.extra_order_probability * LIMITS.spring_amount,
        "realised_conversion_uplift": sums[f"{name}.won"] / treated,
        "realised_revenue_uplift_per_head": cents / 100 / treated,
        "realised_extra_orders": sums[f"{name}.extra_orders"],
        "note": (
            "Each contacted member places one more order within the window with "
            "extra_order_probability, whatever else they buy; the control is a random share. "
            "conversion_without is the share of all members who buy in the window without the "
            "e-mail. A comparison of the arms (bought in [contacted_on, + window_days), valid "
            "orders) aims at conversion_uplift and, in CAD before returns, at "
            "revenue_uplift_per_head. The realised values are what the treated of this draw did."
        ),
    }


def _action(sums: Mapping[str, int]) -> dict[str, JSON]:
    return {
        "starts_on": p.ADVISERS.starts.isoformat(),
        "treated_stores": list(TREATED_STORES),
        "control_stores": list(TWIN_STORES),
        "relative_effect": p.ADVISERS.lift,
        "realised_extra_orders": sums["advisers.extra_orders"],
        "realised_orders_without": sums["advisers.orders_without"],
        "realised_extra_revenue": sums["advisers.extra_cents"] / 100,
        "realised_revenue_without": sums["advisers.cents_without"] / 100,
        "note": (
            "From starts_on each order of a treated store brings another, without a customer, with "
            "probability relative_effect, on the same day: orders and revenue rise by that share. "
            "Each treated store has a control of the same region, type and weight, so that trend "
            "and season are common to both, in levels and in shares: difference-in-differences "
            "over the six stores aims at relative_effect times what the treated would have sold. "
            "A simple before-after comparison is biased by season, growth and the opening of S08 "
            "(2024-09-12), which takes from the stores of QC alike. Revenue of the added orders "
            "is that of an average basket. S07 closed after 2025-01-31: leave it out."
        ),
    }


def _promotions(units: Mapping[str, Ints]) -> dict[str, JSON]:
    rows: list[JSON] = [
        {
            "promotion_id": promotion.promotion_id,
            "lift": promotion.lift,
            "cannibalisation": promotion.cannibalisation,
            "halo": promotion.halo,
            "pull_forward": promotion.pull_forward,
            **{name: int(values[number]) for name, values in units.items()},
        }
        for number, promotion in enumerate(shop.PROMOTIONS)
        if promotion.products
    ]
    return {
        "pull_forward_days": shop.PULL_DAYS,
        "promotions": rows,
        "note": (
            "Parameters: extra lines for each line that would be sold anyway (lift), share of the "
            "lines of the category's other products that switch to a promoted one "
            "(cannibalisation), lines of any product that each extra line brings (halo), share of "
            "the promoted products' lines lost in the days after (pull_forward; the buyer takes "
            "another product). Units are this draw's, valid orders, before stock-outs: sold on "
            "promotion = baseline + incremental + switched. A baseline estimated on comparable "
            "days aims at baseline_units, the extra units at incremental + switched, the units "
            "lost by substitutes at switched. The sitewide promotions (Black Friday, after "
            "Christmas) have no effect of their own: their peak is in the calendar."
        ),
    }


def _affinity() -> dict[str, JSON]:
    return {
        "probability": p.AFFINITY,
        "pairs": [
            {
                "first": f"P{shop.INDEX[first] + 1:04d}",
                "second": f"P{shop.INDEX[second] + 1:04d}",
            }
            for first, second in catalogue.COMPLEMENTS
        ],
        "note": (
            "When the first line of a basket is `first` and there is a second line, that one is "
            "`second` with this probability. These pairs have a lift above 1 by design. Others "
            "come near 1, save that tastes (tier), seasons and store ranges are shared by the "
            "lines of a basket."
        ),
    }


def _stock_outs(totals: Mapping[str, Ints]) -> dict[str, JSON]:
    years = ("2023", "2024", "2025")
    cents = totals["unmet_value"]
    return {
        "unmet_units": dict(zip(years, map(int, totals["unmet_units"]), strict=True)),
        "lost_units": dict(zip(years, map(int, totals["lost_units"]), strict=True)),
        "unmet_value_at_list": {y: int(c) / 100 for y, c in zip(years, cents, strict=True)},
        "outages_per_year": p.OUTAGES_PER_YEAR,
        "mean_days": p.OUTAGE_MEAN_DAYS,
        "substitution": p.SUBSTITUTION,
        "note": (
            "unmet_units were asked for (valid orders) while the product was out of stock there: "
            "what lost_sales_units, from demand on comparable days, aims at. Part of them was "
            "bought as another product: always for the first line of an order, else with the "
            "probability `substitution`; lost_units are the others, lost to the shop. Stock is "
            "recorded, and out, from 2024 on. A day without sellable stock is always a stock-out."
        ),
    }


def _supply() -> dict[str, JSON]:
    return {
        "lead_time_days": p.LEAD_TIME_DAYS,
        "lead_time_sd": p.LEAD_TIME_SD,
        "note": (
            "Lead times of purchase orders are gamma with this mean and standard deviation. Stock: "
            "on hand = that of the day before + received - sold - written off when a stock-out "
            "begins; goods returned come back within `received`."
        ),
    }


def _journeys() -> dict[str, JSON]:
    pool = audience.pool()
    mean = float(pool.probability.mean())
    removed = (pool.probability - pool.without).mean(axis=1) / mean
    return {
        "effect_per_touch": dict(zip(p.JOURNEY_CHANNELS, p.JOURNEY_EFFECTS, strict=True)),
        "removal_effect": {
            name: round(float(share), 6)
            for name, share in zip(p.JOURNEY_CHANNELS, removed, strict=True)
        },
        "conversion_of_a_journey": round(mean, 6),
        "interest_shares": list(p.INTEREST_SHARES),
        "interest_base_probability": list(p.INTEREST_BASES),
        "note": (
            "A journey ends in an order with probability 1 - (1 - base) * product over its touches "
            "of (1 - effect of the channel); base depends on an interest that no table shows and "
            "that also brings more touches: so the share of orders that a channel touched says too "
            "much. removal_effect is the share of online orders that would not have been made had "
            "the channel's touches not been there: what attribution should aim at; direct and "
            "organic_search cause nothing, and removal effects do not add up to 1. Online orders "
            "themselves come from the customers' purchase process: the journeys are drawn given "
            "them, in the proportions of the model. Touches before 2025 are not shown. "
            "touchpoints hold the touches of the journeys that the shop could follow to a visitor, "
            "so every click and visit with its session, and few of the impressions and opens: "
            "click rates belong to marketing_spend, where the platforms count everyone."
        ),
    }


def _media() -> dict[str, JSON]:
    return {
        "saturation": operations.SATURATION,
        "clicks_at_one": {media.account.campaign_id: media.clicks for media in operations.MEDIA},
        "noise": operations.MEDIA_NOISE,
        "note": (
            "Expected clicks of a day = clicks_at_one * spend ** saturation (CAD, scale 1), with "
            "log-normal noise of mean 1 and this standard deviation of the logarithm, then "
            "Poisson. Spend of a day has no effect on the orders of that day. Impressions, clicks, "
            "delivered and opened are the platforms' own counts: they cover the sessions of a "
            "channel over a year, not each day, and about a tenth of the clicks reach no session. "
            "The newsletter is delivered and opened on Fridays there; sessions that it brings come "
            "all week. The two mailings are not in it: their cost is in campaigns."
        ),
    }


def _responses() -> dict[str, JSON]:
    return {
        "per_day_of_interest": relations.ENGAGED_RATE,
        "days_of_interest": relations.ENGAGED_DAYS,
        "opened_mailing": relations.OPEN_SHARE,
        "clicked_mailing": relations.CLICK_SHARE,
        "note": (
            "What the customer file recorded of its contacts: in a spell of interest after the "
            "registration (mean days_of_interest) or a purchase (a quarter of it), "
            "per_day_of_interest responses a day. Opens and clicks of the newsletter are a part of "
            "those that its platform counts in marketing_spend; of a mailing, the contacted "
            "members open and click at least with the given probabilities. They are not the rows "
            "of touchpoints, which follow visitors of the site in 2025: do not add the two up."
        ),
    }


def _returns() -> dict[str, JSON]:
    by_channel = {p.CHANNELS[channel]: rate for channel, rate in p.RETURN_RATES.items()}
    factors = after_sales.CATEGORY_RETURNS.tolist()
    return {
        "rate_of_lines": by_channel,
        "category_factors": dict(zip(shop.CATEGORIES, factors, strict=True)),
        "reasons": list(p.RETURN_REASONS),
        "reason_shares_sized": after_sales.REASON_SHARES.tolist(),
        "reason_shares_other": after_sales.NO_SIZE_SHARES.tolist(),
        "allowance_share": p.ALLOWANCE_SHARE,
        "unknown_receipt_share": p.UNKNOWN_RECEIPT_SHARE,
        "note": (
            "A received line is returned with probability rate (by the order's channel) times "
            "factor (by category), 1 to 40 days later; returns after the end are not shown, so "
            "the last weeks are too low. Sized categories: Vêtements, Chaussures. Of the returns "
            "made in a store, unknown_receipt_share have no order, line or customer."
        ),
    }


def _delivery() -> dict[str, JSON]:
    return {
        "on_time": p.ON_TIME_PROBABILITY,
        "in_full": p.IN_FULL_PROBABILITY,
        "damaged": p.DAMAGED_PROBABILITY,
        "on_time_in_full": p.ON_TIME_PROBABILITY * p.IN_FULL_PROBABILITY,
        "note": (
            "Independent probabilities for each parcel. A few parcels leave too late to be on "
            "time at all, less than one in a thousand. Those of the last days are under way."
        ),
    }


def _labour() -> dict[str, JSON]:
    return {
        "units_per_hour": dict(p.PRODUCTIVITY),
        "wage": p.WAGE_CENTS / 100,
        "note": (
            "Lines picked, orders packed, parcels shipped in an hour: sum of units / sum of hours "
            "over many days. Hours of a day carry a gamma noise of mean 1 and 13 %."
        ),
    }


def _surveys(sums: Mapping[str, int]) -> dict[str, JSON]:
    bad = sums["asked_bad"] / sums["asked"]

    def nps(shares: Sequence[float]) -> float:
        return 100 * (sum(shares[9:]) - sum(shares[:7]))

    def satisfied(shares: Sequence[float]) -> float:
        return sum(shares[3:])

    return {
        "nps_good": nps(p.NPS_GOOD),
        "nps_bad": nps(p.NPS_BAD),
        "nps": (1 - bad) * nps(p.NPS_GOOD) + bad * nps(p.NPS_BAD),
        "csat_good": satisfied(p.CSAT_GOOD),
        "csat_bad": satisfied(p.CSAT_BAD),
        "csat": (1 - bad) * satisfied(p.CSAT_GOOD) + bad * satisfied(p.CSAT_BAD),
        "bad_experience_share": bad,
        "answer_share": p.SURVEY_SHARE,
        "note": (
            "Scores depend on the experience of the order alone: bad is late or damaged. Who "
            "answers does not depend on it, nor does anything change between waves: a change of "
            "the NPS from one to the next is chance or more late parcels. nps and csat are "
            "expected over the identified orders received in this draw."
        ),
    }


def _wallet() -> dict[str, JSON]:
    return {
        "elsewhere_per_month": p.PANEL_CATEGORY_SHARE * p.PANEL_SPEND_ELSEWHERE,
        "category_share": p.PANEL_CATEGORY_SHARE,
        "mean_when_bought": p.PANEL_SPEND_ELSEWHERE,
        "note": (
            "Panel members are drawn from those who bought in the last year. What a member spends "
            "elsewhere in a category and month (CAD): nothing, or with probability category_share "
            "a gamma amount of mean mean_when_bought; spend_total adds what was bought here. "
            "It does not depend on the member: share of wallet rises with spending here alone."
        ),
    }


def _prices() -> dict[str, JSON]:
    return {
        "list_price_index": list(p.PRICE_INDEX),
        "cost_index": list(p.COST_INDEX),
        "introduced": {
            f"P{shop.INDEX[n] + 1:04d}": 2023 + y for n, y in catalogue.INTRODUCED.items()
        },
        "dropped": {f"P{shop.INDEX[n] + 1:04d}": 2023 + y for n, y in catalogue.DROPPED.items()},
        "note": (
            "List prices and costs of a year relative to 2023, before prices are set to end in .99 "
            "or .95 (up to 50 cents away). Years: first sold, first not sold."
        ),
    }


def _chargebacks() -> dict[str, JSON]:
    return {
        "share_of_online_orders": p.CHARGEBACK_SHARE,
        "share_of_fraud": p.FRAUD_CHARGEBACK_SHARE,
        "win_probability": p.CHARGEBACK_WIN,
        "note": (
            "Valid online orders and fraudulent ones are disputed with these probabilities, 12 "
            "days or more later. Decided disputes of valid orders are won with win_probability, "
            "those of fraud never; those opened in the last 60 days are open."
        ),
    }


def _ledger() -> dict[str, JSON]:
    return {
        "gaps": [
            {
                "month": calendar.month_start(month).isoformat(),
                "account": account,
                "amount": cents / 100,
                "why": why,
            }
            for month, account, cents, why in operations.GAPS
        ],
        "note": (
            "The ledger is what the tables give: valid orders when recognised, refunds, allowances "
            "and lost chargebacks of valid orders at their own date, in every month, plus these "
            "amounts. A gap on a deduction changes revenue by the opposite amount."
        ),
    }


def _identities() -> dict[str, JSON]:
    return {
        "second_account_share": p.DUPLICATE_IDENTITY_SHARE,
        "wrong_match_share": p.WRONG_MATCH_SHARE,
        "note": (
            "Of the e-commerce accounts, this share of persons has a second one; of the rows other "
            "than crm, this share is matched to a person drawn at random."
        ),
    }
