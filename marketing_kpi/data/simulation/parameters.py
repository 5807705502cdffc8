"""The stated parameters of Boréal: what is true in the demo, in one place.

Each value is a choice, not a measurement; `truth.py` says which estimate each can be held against.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

VERSION = "1.1.0"  # rises when the same seed gives other values
SEED = 20230101

# ---- who: the contacts of one unit of scale
BASE_CANDIDATES = 4_700  # first purchase in 2020-2022; those who bought again since 2023 are kept
NEW_CUSTOMERS = 4_000  # first purchase in 2023-2025
LEADS = 1_900  # registered, never bought
YEARLY_GROWTH = 0.06  # of the new customers
REGISTERED_WHILE_BUYING = 0.86  # of the customers; the others were leads before
LEAD_DAYS = 32  # mean of an exponential, for those others
OPT_IN_SHARE = 0.78
AGE_YEARS = (39, 13)  # at registration: mean, standard deviation of a normal, before its limits
AGE_LIMITS = (18, 88)

# ---- how often: BG/NBD on the customers' clock, in days
BG_NBD_R = 0.80
BG_NBD_ALPHA = 56.0
BG_NBD_A = 0.95
BG_NBD_B = 3.80

# ---- where
MARKETING_CHANNELS = (
    "direct",
    "organic_search",
    "paid_search",
    "email",
    "social",
    "display",
    "affiliate",
    "store",
)
ACQUISITION_SHARES = (0.13, 0.21, 0.17, 0.05, 0.14, 0.05, 0.07, 0.18)
REGIONS = ("QC", "IDF", "ARA", "OCC", "BRE")
REGION_SHARES = (0.56, 0.18, 0.12, 0.08, 0.06)
CHANNELS = ("web", "store", "app", "marketplace")
WEB, STORE, APP = 0, 1, 2
# habits of a customer: shares of web, store and app among the orders
HABITS = ((0.82, 0.10, 0.08), (0.10, 0.86, 0.04), (0.20, 0.10, 0.70), (0.40, 0.40, 0.20))
HABIT_SHARES_NEAR_STORE = (0.28, 0.40, 0.12, 0.20)
HABIT_SHARES_FAR = (0.72, 0.0, 0.28, 0.0)  # no store in the region
STORE_REGISTRATION_SHARE = 0.65  # of the customers acquired in a store who become store shoppers

# ---- how much: five tiers of taste, equally frequent, independent of the purchase rate
TIER_PRICE_SLOPES = (-0.55, -0.25, 0.0, 0.25, 0.55)  # exponent of the list price in the choice
TIER_EXTRA_LINES = (0.75, 0.95, 1.15, 1.40, 1.80)  # mean of a Poisson, at most 5
MAX_LINES = 6  # before promotions add theirs
FULLER_BASKETS = {10: 1.10, 11: 1.25}  # November and December, counted from 0
QUANTITY_SHARES = (0.84, 0.12, 0.03, 0.01)
AFFINITY = 0.22  # a further line is the complement of the first one
MEMBER_DISCOUNT_SHARE = 0.03  # of the orders, outside promotions
MEMBER_DISCOUNT = 0.10
PRICE_INDEX = (1.0, 1.03, 1.055)  # list prices by year
COST_INDEX = (1.0, 1.025, 1.06)

# ---- orders that are not the customers' own purchases: added, so that they thin nothing
ANONYMOUS_ORDERS = 6_600  # in three years, in stores, without a customer
CANCELLED_SHARE = 0.045
FRAUD_SHARE = 0.003
TEST_ORDERS = 45
PAYMENT_FEES = {WEB: (0.029, 30), STORE: (0.014, 5), APP: (0.026, 25)}  # share, cents

# ---- after the order
RETURN_RATES = {WEB: 0.105, STORE: 0.045, APP: 0.095}  # of the lines, before the category
RETURN_REASONS = ("size", "changed_mind", "not_as_described", "defective", "late")
ALLOWANCE_SHARE = 0.011  # of the orders
UNKNOWN_RECEIPT_SHARE = 0.03  # of the returns in store
CHARGEBACK_SHARE = 0.0030  # of the valid online orders
FRAUD_CHARGEBACK_SHARE = 0.70
CHARGEBACK_WIN = 0.38
CHARGEBACK_OPEN_DAYS = 60
PROMISE_DAYS = {"QC": 4, "other": 5}
ON_TIME_PROBABILITY = 0.93
IN_FULL_PROBABILITY = 0.975
DAMAGED_PROBABILITY = 0.012
PRODUCTIVITY = {"pick": 38.0, "pack": 17.0, "ship": 30.0}  # lines, orders, parcels an hour
WAGE_CENTS = 2_350

# ---- stock
STOCK_START = dt.date(2024, 1, 1)
OUTAGES_PER_YEAR = 0.75  # a product and location
OUTAGE_MEAN_DAYS = 17.0
SUBSTITUTION = 0.30  # of the unmet lines, bought as another product of the category
LEAD_TIME_DAYS = 14.0
LEAD_TIME_SD = 4.0

# ---- journeys of the last 12 months: P(order | journey) = 1 - (1 - base) prod (1 - effect)^touches
JOURNEY_CHANNELS = MARKETING_CHANNELS[:7]
JOURNEY_EFFECTS = (0.0, 0.0, 0.020, 0.030, 0.010, 0.002, 0.015)
INTEREST_SHARES = (0.78, 0.22)  # casual, keen: keen visitors order more and meet more channels
INTEREST_BASES = (0.018, 0.085)
INTEREST_TOUCHES = (
    (0.35, 0.60, 0.22, 0.14, 0.28, 0.45, 0.06),
    (0.80, 0.75, 0.50, 0.35, 0.30, 0.90, 0.12),
)

# ---- the voice of customers
SURVEY_SHARE = 0.09  # of the identified delivered orders, each of nps and csat
# score probabilities by experience: on time, late or damaged
NPS_GOOD = (0.01, 0.01, 0.01, 0.015, 0.02, 0.045, 0.06, 0.13, 0.21, 0.26, 0.23)
NPS_BAD = (0.07, 0.05, 0.06, 0.07, 0.08, 0.12, 0.13, 0.15, 0.13, 0.08, 0.06)
CSAT_GOOD = (0.02, 0.03, 0.09, 0.38, 0.48)
CSAT_BAD = (0.18, 0.22, 0.25, 0.23, 0.12)
PANEL_CUSTOMERS = 320
PANEL_CATEGORY_SHARE = 0.45  # a member buys a category in a month, somewhere else
PANEL_SPEND_ELSEWHERE = 68.0
PANEL_SHAPE = 2.0

# ---- finance
FIXED_COSTS = 68_000  # a month in 2023, CAD
FIXED_COSTS_GROWTH = 0.04
DUPLICATE_IDENTITY_SHARE = 0.03
WRONG_MATCH_SHARE = 0.01


@dataclass(frozen=True)
class Mailing:
    """An e-mail sent to a random share of the eligible customers; the others are the control."""

    campaign_id: str
    name: str
    assigned: dt.date
    contacted: dt.date
    window_days: int
    control_share: float
    extra_order_probability: float


SPRING = Mailing(
    "spring_mail",
    "Courriel de printemps",
    dt.date(2025, 4, 1),
    dt.date(2025, 4, 3),
    28,
    0.10,
    0.06,
)
AUTUMN = Mailing(
    "autumn_mail",
    "Courriel d'automne",
    dt.date(2025, 9, 15),
    dt.date(2025, 9, 17),
    28,
    0.20,
    0.0,
)
MAILINGS = (SPRING, AUTUMN)
MAILED_BY = 10 * 3600  # second of the day by which every e-mail has left
ELIGIBLE_DAYS = 730  # an order in the two years before, and the e-mail opt-in


@dataclass(frozen=True)
class StoreAction:
    """An action in some stores from one day on: each order there brings more orders."""

    campaign_id: str
    name: str
    starts: dt.date
    lift: float
    cost: int


ADVISERS = StoreAction(
    "store_advisers", "Conseillers en magasin", dt.date(2025, 6, 2), 0.20, 14_000
)
