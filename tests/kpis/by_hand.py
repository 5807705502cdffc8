"""Every simple and derived KPI worked by hand, in plain pandas, from the raw tables.

Each function is written from the formula of the catalogue and the rules of the design alone, and
nothing of the package is imported: it says what a KPI is, for the package to agree with. It takes
a `Shop`, the first day, the day after the last and one dimension (None: the whole), and returns
`Cells`: the value of each value of the dimension.

Where catalogue and design leave a choice, these are taken:

- a sum of no row is 0, but one of rows whose values are all unknown is unknown; what deductions
  are taken from, and they themselves, are 0 where nothing is known of them;
- the two sides of a ratio of amounts are over the same lines, those of which both are known
  (prices, costs); an order of unknown value is no part of an average order value;
- a line's own list price and cost win over those that the product has now;
- an order of a negative amount is a credit: it lowers money, and is no order, unit or buyer; an
  order without lines is worth its amount;
- what a return does not tell (customer, channel, product) is told by its order and line; one of an
  order that is not valid does not count, one of an unknown order does;
- a campaign begins for all its members on the day on which the first of the treated is contacted
  (else drawn, else on its first day), lasts 28 days, and is counted on the last of them; it has no
  lift, and nobody knows who was targeted and bought, where a member is in two arms, where an arm
  cannot be found among the customers, or where nothing was ordered on any of its days;
- who registered before the data begin is no new customer;
- a window that the orders do not cover, give or take 7 days, leaves a KPI unknown; orders from
  before a year without any do not count as coverage;
- goods that came back of an unknown line cost what their product did in that order, else what it
  does now, else as great a part of the refund as the goods of the order cost of its sales; where
  none of this is known, the refund is lost;
- a contribution is of the lines of which all is known: price, goods, the fee of the order (0:
  none), transport and packaging of each of its parcels, and the cost of the promotion; of an
  order's fee and parcels, and of a promotion's cost, variable costs take in the share of these
  lines, by net sales, credits weighing nothing (by lines where none weighs); a promotion on which
  nothing was sold counts whole;
- a parcel is judged once its promised day is in the data, that is until the last day of an order
  or a delivery; one promised for a day, at midnight, has until the end of it; what was not
  delivered is neither on time nor in full; of what came before it was ordered, a date is false:
  whether it was on time is not known; an order is judged once all of its parcels are;
- a parcel bears an equal share of the labour of its month, unless labour recorded by the day (more
  than once a week) begins or ends within it, apart from a tenth of its parcels or fewer;
- money has four decimals, and so has a share of it.
"""

from __future__ import annotations

import math
from functools import cache, cached_property, wraps
from itertools import pairwise

import numpy as np
import pandas as pd

DAY = pd.Timedelta(days=1)
YEAR = 365 * DAY
REFUSED = ("cancelled", "fraud")


class Cells(dict):
    """The value of each cell; `nothing` is that of a cell without a row."""

    nothing = None

    def of(self, key):
        return self.get(key, self.nothing)


def cells(rows, by, measure, nothing=None):
    """Measure the rows of each value of a dimension; under None, all rows or those without one."""
    found = Cells()
    found.nothing = nothing
    if by is None:
        found[None] = nothing if rows.empty else measure(rows)
        return found
    for key, part in rows.groupby(by, dropna=False, sort=False):
        found[None if pd.isna(key) else key] = measure(part)
    return found


def within(rows, at, start, end):
    return rows[(rows[at] >= start) & (rows[at] < end)]


def total(values):
    """Add up amounts of four decimals; None where there is none that is known."""
    known = values.dropna()
    return None if known.empty else round(math.fsum(known), 4)


def money(values):
    """Round to four decimals, halves up."""
    return np.floor(values * 10_000 + 0.5 + 1e-6) / 10_000


def ratio(numerator, denominator):
    if numerator is None or not denominator:
        return None
    return numerator / denominator


def known(values):
    """Return who is named, each once."""
    return values.dropna().nunique()


class Shop:
    """The raw tables of a shop, and the few joins that the KPIs share."""

    def __init__(self, tables):
        self.tables = tables

    def __getitem__(self, name):
        return self.tables[name]

    def lookup(self, table, key, column):
        rows = self[table]
        return dict(zip(rows[key], rows[column], strict=True))

    def with_people(self, rows):
        region = rows.customer_id.map(self.lookup("contacts", "customer_id", "region"))
        origin = self.lookup("contacts", "customer_id", "acquisition_channel")
        return rows.assign(
            region=region,
            customer_region=region,
            acquisition_channel=rows.customer_id.map(origin),
        )

    def with_places(self, rows):
        """Add what customers, stores and, where there are any, products tell."""
        rows = self.with_people(rows)
        rows = rows.assign(
            store_region=rows.store_id.map(self.lookup("stores", "store_id", "region")),
            store_type=rows.store_id.map(self.lookup("stores", "store_id", "store_type")),
        )
        if "product_id" not in rows:
            return rows
        return rows.assign(
            category=rows.product_id.map(self.lookup("products", "product_id", "category")),
            brand=rows.product_id.map(self.lookup("products", "product_id", "brand")),
        )

    # --- Orders and their lines ---

    @cached_property
    def invalid(self):
        orders = self["orders"]
        return {*orders.order_id[orders.status.isin(REFUSED) | orders.is_test.eq(True)]}

    @cached_property
    def orders(self):
        """The valid orders; `bought` is False for credits."""
        rows = self["orders"]
        rows = rows[~rows.order_id.isin(self.invalid)]
        return self.with_places(rows.assign(bought=~(rows.amount < 0)))

    def lines_of(self, orders):
        lines = self["order_lines"].assign(is_line=True)
        rows = orders.merge(lines, on="order_id", how="left")
        has_line = rows.is_line.eq(True)
        listed = rows.product_id.map(self.lookup("products", "product_id", "list_price"))
        costing = rows.product_id.map(self.lookup("products", "product_id", "unit_cost"))
        cost = rows.unit_cost.fillna(costing)
        return self.with_places(rows).assign(
            units=rows.quantity.where(~(rows.amount < 0), 0.0),
            gross=(rows.quantity * rows.list_price.fillna(listed)).round(4),
            net=(rows.quantity * rows.unit_price).round(4).where(has_line, rows.amount),
            cost=(rows.quantity * cost).round(4),
        )

    @cached_property
    def sales(self):
        return self.lines_of(self.orders)

    @cached_property
    def contributing(self):
        """The lines sold, with a cost only where all that a contribution is made of is known."""
        parcels, promotions = self["shipments"], self["promotions"]
        sent = parcels[parcels[["transport_cost", "packaging_cost"]].isna().any(axis=1)]
        is_unknown = (
            self.sales.payment_fee.isna()
            | self.sales.order_id.isin(sent.order_id)
            | self.sales.promotion_id.isin(promotions.promotion_id[promotions.cost.isna()])
        )
        return self.sales.assign(cost=self.sales.cost.mask(is_unknown))

    @cached_property
    def known_of_orders(self):
        return share_of_known_cost(self.contributing, "order_id")

    @cached_property
    def known_of_promotions(self):
        return share_of_known_cost(self.contributing, "promotion_id")

    @cached_property
    def bookings(self):
        orders = self["orders"]
        return self.lines_of(orders[~orders.status.eq("fraud") & ~orders.is_test.eq(True)])

    # --- What is given back ---

    @cached_property
    def credits(self):
        """The returns and allowances, save those of orders that are not valid."""
        rows = self["returns"]
        rows = rows[~rows.order_id.isin(self.invalid)]
        for name in ("customer_id", "channel"):
            known_of_order = rows.order_id.map(self.lookup("orders", "order_id", name))
            rows = rows.assign(**{name: rows[name].fillna(known_of_order)})
        rows = rows.assign(
            store_id=rows.order_id.map(self.lookup("orders", "order_id", "store_id"))
        )
        lines = self["order_lines"].drop_duplicates(["order_id", "line_id"])
        lines = lines.set_index(["order_id", "line_id"])
        keys = pd.MultiIndex.from_frame(rows[["order_id", "line_id"]])
        line = lines.reindex(keys).set_index(rows.index)
        rows = rows.assign(
            product_id=rows.product_id.fillna(line.product_id),
            promotion_id=line.promotion_id,
            value=(rows.quantity * line.unit_price).round(4).fillna(rows.refund_amount),
            at=rows.returned_at,
            refund=rows.refund_amount,
        )
        return self.with_places(rows)

    @cached_property
    def goods_returned(self):
        return self.credits[self.credits.kind.isna() | self.credits.kind.eq("return")]

    @cached_property
    def disputes(self):
        rows = self["chargebacks"]
        rows = rows[~rows.order_id.isin(self.invalid)]
        for name in ("customer_id", "channel", "store_id"):
            known_of_order = rows.order_id.map(self.lookup("orders", "order_id", name))
            rows = rows.assign(**{name: known_of_order})
        return self.with_places(rows).assign(at=rows.opened_at)

    @cached_property
    def lost_disputes(self):
        lost = self.disputes[self.disputes.outcome.eq("lost")]
        return lost.assign(lost=lost.amount)

    @cached_property
    def sales_and_returns(self):
        sold = self.sales.assign(at=self.sales.ordered_at)
        back = self.goods_returned
        back = back.assign(units_back=back.quantity, value_back=back.value).drop(columns="quantity")
        return pd.concat([sold, back], ignore_index=True)

    @cached_property
    def deductions(self):
        """Lines sold, and what was given back, each at its own date."""
        sold = self.sales.assign(at=self.sales.ordered_at)
        return pd.concat([sold, self.credits, self.lost_disputes], ignore_index=True)

    @cached_property
    def recognised(self):
        parcels = self["shipments"].groupby("order_id").delivered_at
        arrived = parcels.max()[parcels.count() == parcels.size()].to_dict()
        said = self.sales.recognised_at
        sold = self.sales.assign(at=said.fillna(self.sales.order_id.map(arrived)))
        return pd.concat([sold, self.credits, self.lost_disputes], ignore_index=True)

    @cached_property
    def leaks(self):
        sold = self.sales.assign(at=self.sales.ordered_at, cause="discount", reason=None)
        sold["leak"] = (sold.gross - sold.net).round(4)
        kind = self.credits.kind.eq("allowance")
        back = self.credits.assign(
            leak=self.credits.refund, cause=kind.map({True: "allowance", False: "return"})
        )
        lost = self.lost_disputes.assign(leak=self.lost_disputes.lost, cause="chargeback")
        return pd.concat([sold[sold.leak.abs() > 0], back, lost], ignore_index=True)

    # --- Visits and campaigns ---

    @cached_property
    def visits(self):
        """The sessions; `ordered` where a valid order was first placed in one."""
        rows = self.with_people(self["sessions"])
        carried = rows[rows.order_id.notna()].sort_values(["started_at", "session_id"])
        first = {*carried.drop_duplicates("order_id").session_id}
        credits = self.orders.order_id[~self.orders.bought]
        refused = rows.order_id.isin(self.invalid) | rows.order_id.isin(credits)
        worth = {order: total(part) for order, part in self.sales.groupby("order_id").net}
        ordered = rows.order_id.notna() & rows.session_id.isin(first) & ~refused
        return rows.assign(ordered=ordered, net=rows.order_id.map(worth).where(ordered))

    @cached_property
    def campaigns(self):
        """The members of the campaigns, each with what they did in its window."""
        costs = campaign_costs(self)
        channel = self.lookup("campaigns", "campaign_id", "marketing_channel")
        parts = []
        for campaign, members in members_of(self).groupby("campaign_id"):
            begins = beginning(self, members)
            told, treated = members.contacted_at.notna(), members.arm.ne("control")
            contacted = told if told.any() else treated
            part = outcomes(self, members, begins).assign(
                counted_at=begins + 27 * DAY,
                marketing_channel=channel.get(campaign),
                treated=treated,
                contacted=contacted,
                cost_of_each=costs.get(campaign, math.nan) / max(contacted.sum(), 1),
                is_comparable=is_comparable(self, members, begins),
            )
            parts.append(part)
        return self.with_people(pd.concat(parts))

    @cached_property
    def service(self):
        return service(self)

    # --- Days ---

    def covers(self, since, end):
        """Say whether orders, of any status, tell what happened from a day to another."""
        days = self["orders"].ordered_at.dropna().dt.normalize().drop_duplicates().sort_values()
        days = days[days < end]
        if days.empty:
            return False
        begun = days[days.diff().isna() | (days.diff() > YEAR)].iloc[-1]
        return begun <= since + 7 * DAY and days.iloc[-1] >= end - 8 * DAY

    def records_sessions(self, start, end):
        at = self["sessions"].started_at.dropna().dt.normalize()
        return not at.empty and at.max() >= start and at.min() < end


def on(table, at, nothing=None):
    """Make of a measure of rows the KPI of a period, by a dimension."""

    def wrap(measure):
        @wraps(measure)
        def kpi(shop, start, end, by=None):
            rows = within(getattr(shop, table), at, start, end)
            return cells(rows, by, measure, nothing)

        return kpi

    return wrap


# --- Sales --------------------------------------------------------------------------------------


@on("sales", "ordered_at", nothing=0)
def orders(rows):
    return known(rows.order_id[rows.bought])


@on("sales", "ordered_at", nothing=0)
def buyers(rows):
    return known(rows.customer_id[rows.bought])


@on("sales", "ordered_at", nothing=0)
def units_sold(rows):
    return total(rows.units)


@on("sales", "ordered_at")
def average_order_value(rows):
    return ratio(total(rows.net), known(rows.order_id[rows.bought & rows.net.notna()]))


@on("sales", "ordered_at")
def units_per_transaction(rows):
    return ratio(total(rows.units), known(rows.order_id[rows.bought]))


@on("sales", "ordered_at")
def average_selling_price(rows):
    return ratio(total(rows.net), total(rows.units[rows.net.notna()]))


@on("sales", "ordered_at", nothing=0)
def gross_sales(rows):
    return total(rows.gross)


@on("sales", "ordered_at", nothing=0)
def net_sales(rows):
    return total(rows.net)


@on("sales", "ordered_at")
def discount_rate(rows):
    listed = rows[rows.gross.notna() & rows.net.notna()]
    return ratio(total(listed.gross - listed.net), total(listed.gross))


@on("sales", "ordered_at")
def price_realisation(rows):
    listed = rows[rows.gross.notna() & rows.net.notna()]
    return ratio(total(listed.net), total(listed.gross))


@on("sales", "ordered_at")
def promotion_share(rows):
    return ratio(total(rows.net[rows.promotion_id.notna()]) or 0.0, total(rows.net))


@on("sales", "ordered_at")
def cross_sell_rate(rows):
    categories = rows[rows.bought & rows.category.notna()].groupby("order_id").category.nunique()
    return ratio((categories >= 2).sum(), len(categories))


# --- Margins ------------------------------------------------------------------------------------


def costed(rows):
    return rows[rows.cost.notna() & rows.net.notna()]


@on("sales", "ordered_at", nothing=0)
def cost_of_goods_sold(rows):
    return total(rows.cost)


@on("sales", "ordered_at", nothing=0)
def gross_profit(rows):
    return total(costed(rows).net - costed(rows).cost)


@on("sales", "ordered_at")
def gross_margin_rate(rows):
    return ratio(total(costed(rows).net - costed(rows).cost), total(costed(rows).net))


@on("sales", "ordered_at")
def markup_rate(rows):
    return ratio(total(costed(rows).net - costed(rows).cost), total(costed(rows).cost))


# --- Contribution -------------------------------------------------------------------------------


def by_day(rows, first, last, amount):
    """Return the amount of each row in equal parts a day, which add up to it; a day without end."""
    parts = []
    for row in rows[rows[first].notna() & amount.reindex(rows.index).notna()].itertuples():
        begins, ends = getattr(row, first), getattr(row, last)
        days = pd.date_range(begins, begins if pd.isna(ends) else max(begins, ends))
        paid = [round(amount[row.Index] * n / len(days), 4) for n in range(len(days) + 1)]
        daily = [round(after - before, 4) for before, after in pairwise(paid)]
        parts.append(pd.DataFrame({"at": days, "amount": daily, "row": row.Index}))
    return pd.concat(parts, ignore_index=True)


def share_of_known_cost(sales, key):
    """Return, by order or promotion, the share of its sales whose price and costs are known."""
    lines = pd.DataFrame(
        {
            "key": sales[key],
            "weight": sales.net.fillna(0).clip(lower=0),
            "is_known": sales.cost.notna() & sales.net.notna(),
        }
    )
    each = lines.assign(known=lines.weight * lines.is_known).groupby("key")
    whole = each.weight.sum()
    return (each.known.sum() / whole).where(whole > 0, each.is_known.mean())


def contribution(shop, start, end):
    """Return sales, their goods, and the other variable costs, of a period."""
    promotions = shop["promotions"]
    of_promotion = promotions.promotion_id.map(shop.known_of_promotions)
    paid = promotions.cost - promotions.supplier_funding.fillna(0)
    spent = by_day(promotions, "starts_on", "ends_on", paid * of_promotion.fillna(1))
    parcels = fulfilment(shop)
    parcels["added"] = (parcels.cost * parcels.order_id.map(shop.known_of_orders).fillna(0)).round(
        4
    )
    fees = shop.orders.payment_fee * shop.orders.order_id.map(shop.known_of_orders).fillna(0)
    parts = [
        spent.rename(columns={"amount": "added"})[["at", "added"]],
        parcels[["ordered_at", "added"]].set_axis(["at", "added"], axis=1),
        pd.DataFrame({"at": shop.orders.ordered_at, "added": fees.round(4)}),
        shop.contributing[["ordered_at", "net", "cost"]].rename(columns={"ordered_at": "at"}),
    ]
    return within(pd.concat(parts, ignore_index=True), "at", start, end)


def margin_and_sales(rows):
    """Return the contribution margin and the sales that it is of; None where not known."""
    goods, sold = total(costed(rows).cost), total(costed(rows).net)
    if goods is None or sold is None:
        return None, sold
    return sold - goods - (total(rows.added) or 0.0), sold


def variable_costs(shop, start, end, by=None):
    def add_up(rows):
        goods = total(costed(rows).cost)
        return None if goods is None else goods + (total(rows.added) or 0.0)

    return cells(contribution(shop, start, end), by, add_up, nothing=0)


def contribution_margin(shop, start, end, by=None):
    rows = contribution(shop, start, end)
    return cells(rows, by, lambda rows: margin_and_sales(rows)[0], nothing=0)


def contribution_margin_rate(shop, start, end, by=None):
    rows = contribution(shop, start, end)
    return cells(rows, by, lambda rows: ratio(*margin_and_sales(rows)))


def break_even(shop, start, end):
    """Return what to sell to pay the fixed costs, what is sold, and in how many days."""
    costs = shop["fixed_costs"]
    costs = within(costs[costs.amount.notna()], "month", start, end)
    rows = contribution(shop, start, end)
    rows = rows[rows["at"].dt.to_period("M").isin(costs.month.dt.to_period("M"))]
    margin, sold = margin_and_sales(rows)
    rate = ratio(margin, sold)
    to_sell = ratio(total(costs.amount), rate) if rate is not None and rate > 0 else None
    return to_sell, total(rows.net), costs.month.drop_duplicates().dt.days_in_month.sum()


def break_even_revenue(shop, start, end, by=None):
    return Cells({None: break_even(shop, start, end)[0]})


def break_even_days(shop, start, end, by=None):
    to_sell, sold, days = break_even(shop, start, end)
    return Cells({None: None if to_sell is None else to_sell / sold * days})


# --- Visits -------------------------------------------------------------------------------------


def visited(measure, nothing=None):
    def kpi(shop, start, end, by=None):
        zero = nothing if shop.records_sessions(start, end) else None
        return cells(within(shop.visits, "started_at", start, end), by, measure, zero)

    return kpi


sessions = visited(len, nothing=0)
visitors = visited(lambda rows: known(rows.visitor_id), nothing=0)
pages_per_session = visited(lambda rows: ratio(total(rows.page_views), rows.page_views.count()))
bounce_rate = visited(lambda rows: ratio(rows.page_views.eq(1).sum(), rows.page_views.count()))
cart_rate = visited(lambda rows: ratio(rows.cart.eq(True).sum(), rows.cart.count()))
conversion_rate = visited(lambda rows: ratio(rows.ordered.sum(), len(rows)))


@visited
def checkout_rate(rows):
    carts = rows[rows.cart.eq(True) & rows.checkout.notna()]
    return ratio(carts.checkout.eq(True).sum(), len(carts))


@visited
def cart_abandonment_rate(rows):
    carts = rows[rows.cart.eq(True)]
    return ratio((~carts.ordered).sum(), len(carts))


@visited
def revenue_per_visitor(rows):
    named = rows[rows.visitor_id.notna()]
    revenue = total(named.net) if named.ordered.any() else 0
    return ratio(revenue, known(named.visitor_id))


# --- Returns and loyalty ------------------------------------------------------------------------


@on("sales_and_returns", "at")
def return_rate_units(rows):
    return ratio(total(rows.units_back) or 0, total(rows.units))


@on("sales_and_returns", "at")
def return_rate_value(rows):
    return ratio(total(rows.value_back) or 0, total(rows.net))


def orders_of_each(rows):
    """Return how many orders each identified customer placed, of those who placed one."""
    bought = rows[rows.bought & rows.customer_id.notna()]
    return bought.groupby("customer_id").order_id.nunique()


@on("sales", "ordered_at")
def repeat_purchase_rate(rows):
    return ratio((orders_of_each(rows) >= 2).sum(), len(orders_of_each(rows)))


@on("sales", "ordered_at")
def purchase_frequency(rows):
    return ratio(orders_of_each(rows).sum(), len(orders_of_each(rows)))


def active(rows, day):
    return {*within(rows, "ordered_at", day - YEAR, day).customer_id}


def retention_rate(shop, start, end, by=None):
    if not shop.covers(start - YEAR, end):
        return Cells()
    rows = shop.orders[shop.orders.bought & shop.orders.customer_id.notna()]
    rows = within(rows, "ordered_at", start - YEAR, end)

    def kept(rows):
        return ratio(len(active(rows, start) & active(rows, end)), len(active(rows, start)))

    return cells(rows, by, kept)


def attrition_rate(shop, start, end, by=None):
    found = retention_rate(shop, start, end, by)
    for key, kept in found.items():
        found[key] = None if kept is None else 1 - kept
    return found


def customer_lifespan(shop, start, end, by=None):
    found = attrition_rate(shop, start, end, by)
    months = (end.year - start.year) * 12 + end.month - start.month
    for key, lost in found.items():
        found[key] = ratio(months, lost)
    return found


def worth_of_each(rows):
    """Return the net sales of each identified customer who bought; None where unknown."""
    rows = rows[rows.customer_id.isin(rows.customer_id[rows.bought].dropna())]
    return [total(part) for _, part in rows.groupby("customer_id").net]


def historical_cltv(shop, start, end, by=None):
    def mean(rows):
        each = [worth for worth in worth_of_each(rows) if worth is not None]
        return ratio(math.fsum(each), len(each))

    return cells(shop.sales[shop.sales.ordered_at < end], by, mean)


@on("sales", "ordered_at")
def top_customers_share(rows):
    each = sorted((w for w in worth_of_each(rows) if w is not None), reverse=True)
    best = math.ceil(len(each) / 5)
    return ratio(math.fsum(each[:best]), round(math.fsum(each), 4))


# --- What serving costs -------------------------------------------------------------------------


def labour_of_a_parcel(shop):
    """Return, by month, the labour of each parcel that left in it.

    Nothing is known of a month where labour by the day leaves out more than a tenth of the parcels.
    """
    days = shop["shipments"].shipped_at.dropna().dt.normalize()
    labour = shop["labour"].dropna(subset=["day", "cost"])
    paid = labour.groupby(labour.day.dt.to_period("M")).cost.sum()
    first, last = labour.day.min(), labour.day.max()
    is_apart = ~days.between(first, last) & (last - first < 7 * (labour.day.nunique() - 1) * DAY)
    by_month = is_apart.groupby(days.dt.to_period("M")).agg(["size", "mean"])
    sent = by_month["size"][by_month["mean"] <= 0.1]
    return money(paid / sent).dropna().to_dict()


def fulfilment(shop):
    """Return the parcels of valid orders, each with its share of the labour of its month."""
    parcels = shop["shipments"]
    month, share = parcels.shipped_at.dt.to_period("M"), labour_of_a_parcel(shop)
    cost = parcels.transport_cost.fillna(0) + parcels.packaging_cost.fillna(0)
    parcels = parcels.assign(cost=cost + month.map(share).astype(float).fillna(0))
    orders = shop.orders[["order_id", "customer_id", "channel", "ordered_at"]]
    rows = parcels.merge(orders, on="order_id")
    return rows.assign(at=rows.shipped_at.fillna(rows.ordered_at))


def returns_cost(shop):
    """Return the credits with their handling and what the refund takes away."""
    rows = shop.credits
    by_line, by_product = (unit_costs(shop, rows, key) for key in ("line_id", "product_id"))
    found = by_line.found | by_product.found
    costed = by_line.costed.where(by_line.found, by_product.costed)
    listed = rows.product_id.map(shop.lookup("products", "product_id", "unit_cost"))
    unit_cost = by_line.unit_cost.fillna(by_product.unit_cost).fillna(listed)
    whole = rows.order_id.map(cost_shares(shop))
    goods = money(rows.quantity * unit_cost).fillna(money(rows.refund_amount * whole))
    margin = (rows.refund_amount - goods).fillna(rows.refund_amount)
    lost = rows.refund_amount.where(~rows.restocked.eq(True), margin)
    lost = lost.where(~(found & ~costed), 0.0)
    return rows.assign(cost=lost.fillna(0) + rows.handling_cost.fillna(0))


def unit_costs(shop, rows, key):
    """Return what a unit of the line or product that came back cost in its order."""
    lines = shop.sales[shop.sales[key].notna()]
    # A line of a credit sold nothing, so that its unit has no cost.
    each = lines.assign(each=lines.cost / lines.units.where(lines.units != 0))
    each = each.groupby(["order_id", key]).agg(unit_cost=("each", "min"), cost=("cost", "count"))
    keys = pd.MultiIndex.from_frame(rows[["order_id", key]])
    there = each.reindex(keys).set_index(rows.index)
    return there.assign(found=keys.isin(each.index), costed=there.cost > 0)


def cost_shares(shop):
    """Return what part of its sales the goods of each order cost, all being known."""
    lines = shop.sales
    known = lines.assign(unknown=lines.cost.isna() | lines.net.isna())
    sums = known.groupby("order_id")[["cost", "net", "unknown"]].sum()
    whole = sums[(sums.unknown == 0) & (sums.net > 0)]
    return (whole.cost / whole.net).to_dict()


def messages(shop):
    """Return the customers contacted by a campaign, each with an equal part of its cost."""
    members = shop["campaign_members"]
    members = members[members.contacted_at.notna()]
    each = pd.Series(campaign_costs(shop)) / members.campaign_id.value_counts()
    bought = shop.orders[shop.orders.bought]
    first = members.customer_id.map(bought.groupby("customer_id").ordered_at.min())
    rows = members[members.contacted_at >= first]
    return rows.assign(
        at=rows.contacted_at, channel=None, cost=rows.campaign_id.map(money(each).to_dict())
    )


def campaign_costs(shop):
    """Return what each campaign cost: what was spent on it, or else its own cost."""
    spent = shop["marketing_spend"].groupby("campaign_id").amount.sum(min_count=1)
    said = shop["campaigns"].set_index("campaign_id").cost
    return {**said.dropna().to_dict(), **spent.dropna().to_dict()}


def service(shop):
    """Return the sales and costs of identified customers, each at its own date."""
    fees = shop.orders.assign(at=shop.orders.ordered_at, cost=shop.orders.payment_fee)
    costs = [fulfilment(shop), fees, returns_cost(shop), messages(shop)]
    costs = [rows[["at", "customer_id", "channel", "cost"]] for rows in costs]
    sold = shop.sales.assign(at=shop.sales.ordered_at, profit=shop.sales.net - shop.sales.cost)
    sold = sold[["at", "customer_id", "channel", "net", "profit", "bought"]].assign(is_sale=True)
    rows = pd.concat([*(rows.astype({"channel": object}) for rows in costs), sold])
    return shop.with_people(rows[rows.customer_id.notna()])


@on("service", "at")
def cost_to_serve(rows):
    return ratio(total(rows.cost) or 0.0, known(rows.customer_id[rows.bought.eq(True)]))


@on("service", "at")
def customer_profitability(rows):
    sold = rows[rows.is_sale.eq(True)]
    uncosted = {*sold.customer_id} - {*sold.customer_id[sold.profit.notna()]}
    rows = rows[~rows.customer_id.isin(uncosted)]
    profit = (total(rows.profit) or 0.0) - (total(rows.cost) or 0.0)
    return ratio(profit, known(rows.customer_id[rows.bought.eq(True)]))


# --- Lifecycle ----------------------------------------------------------------------------------


def purchase_days(shop, end, by):
    """Return, of each value of a dimension, the days of purchase of each customer, in order."""
    rows = shop.orders
    is_purchase = ~(rows.amount <= 0) & rows.customer_id.notna() & (rows.ordered_at < end)
    rows = rows[is_purchase].assign(day=rows.ordered_at.dt.normalize())
    parts = [(None, rows)] if by is None else rows.groupby(by, dropna=False)
    return {
        None if pd.isna(key) else key: part.groupby("customer_id").day.apply(sorted).to_dict()
        for key, part in parts
    }


def converted_share(shop, end, by, covered, converts):
    """Divide the customers converted by those of the cohort.

    `converts` says of a customer's days of purchase True or False, and None when not of the cohort.
    """
    found = Cells()
    if not shop.covers(end - covered * DAY, end):
        return found
    for key, customers in purchase_days(shop, end, by).items():
        verdicts = [converts(days) for days in customers.values()]
        verdicts = [verdict for verdict in verdicts if verdict is not None]
        found[key] = ratio(sum(verdicts), len(verdicts))
    return found


def lead_conversion_rate(shop, start, end, by=None):
    if not shop.covers(end - YEAR, end):
        return Cells()
    first = {who: days[0] for who, days in purchase_days(shop, end, None)[None].items()}
    contacts = within(shop["contacts"], "registered_at", end - 180 * DAY, end)
    contacts = contacts.assign(
        customer_region=contacts.region,
        first=pd.to_datetime(contacts.customer_id.map(first)),
        day=contacts.registered_at.dt.normalize(),
    )
    leads = contacts[~(contacts["first"] <= contacts.day)]
    return cells(leads, by, lambda rows: ratio(rows["first"].notna().sum(), len(rows)))


def repurchase_rate(shop, start, end, by=None):
    def again(days):
        return len(days) > 1 if days[0] >= end - 90 * DAY else None

    return converted_share(shop, end, by, 365, again)


def loyalty_rate(shop, start, end, by=None):
    that_day = end - 90 * DAY

    def came_back(days):
        regular = that_day in days and sum(day <= that_day for day in days) >= 2
        return days[-1] > that_day if regular else None

    return converted_share(shop, end, by, 365, came_back)


def won_back(end, silent_days, window_days):
    """Return who fell silent in the window: True where they bought again, False where not."""

    def verdict(days):
        found = None
        for day, following in zip(days, [*days[1:], None], strict=True):
            limit = day + silent_days * DAY
            is_silent = following is None or following > limit
            if is_silent and end - window_days * DAY <= limit < end:
                found = found or following is not None
        return found

    return verdict


def defecting_winback_rate(shop, start, end, by=None):
    return converted_share(shop, end, by, 90 + 90, won_back(end, 90, 90))


def inactive_winback_rate(shop, start, end, by=None):
    return converted_share(shop, end, by, 275 + 365, won_back(end, 365, 275))


# --- Marketing ----------------------------------------------------------------------------------


def spending(shop):
    """Return the spend, and the cost, in equal parts a day, of campaigns without any."""
    spend, campaigns = shop["marketing_spend"], shop["campaigns"]
    told = spend.campaign_id[spend.amount.notna()]
    daily = by_day(
        campaigns[~campaigns.campaign_id.isin(told)], "starts_on", "ends_on", campaigns.cost
    )
    copied = campaigns.loc[daily.row, ["campaign_id", "marketing_channel"]]
    daily = daily.join(copied.reset_index(drop=True)).rename(columns={"at": "day"})
    columns = ["day", "marketing_channel", "campaign_id", "purpose", "amount"]
    daily = daily.assign(purpose=pd.Series(dtype=object))
    return pd.concat([spend[columns], daily[columns]], ignore_index=True)


def marketing_spend(shop, start, end, by=None):
    rows = within(spending(shop), "day", start, end)
    return cells(rows, by, lambda rows: total(rows.amount), nothing=0)


def customer_acquisition_cost(shop, start, end, by=None):
    spend = shop["marketing_spend"]
    spend = spend[spend.purpose.eq("acquisition")]
    paid = pd.DataFrame({"at": spend.day, "origin": spend.marketing_channel, "spend": spend.amount})
    purchases = shop.orders[shop.orders.bought]
    first = purchases.groupby("customer_id").ordered_at.min()
    registered = first.index.map(shop.lookup("contacts", "customer_id", "registered_at"))
    new = first[~(pd.to_datetime(registered) < shop["orders"].ordered_at.min().normalize())]
    origin = new.index.map(shop.lookup("contacts", "customer_id", "acquisition_channel"))
    came = pd.DataFrame({"at": new.to_numpy(), "origin": origin, "customer": new.index})
    rows = within(pd.concat([paid, came], ignore_index=True), "at", start, end)
    return cells(
        rows, by and "origin", lambda rows: ratio(total(rows.spend), rows.customer.count())
    )


# --- Campaigns ----------------------------------------------------------------------------------

NO_RESPONSE = ("open", "impression")


def members_of(shop):
    members = shop["campaign_members"]
    members = members[members.customer_id.notna() & members.arm.notna()]
    keys = ["campaign_id", "customer_id", "arm"]
    return members.groupby(keys, as_index=False)[["assigned_at", "contacted_at"]].min()


def beginning(shop, members):
    treated = members[members.arm != "control"]
    starts_on = shop.lookup("campaigns", "campaign_id", "starts_on")
    choices = (
        treated.contacted_at.min(),
        members.assigned_at.min(),
        starts_on.get(members.campaign_id.iloc[0], pd.NaT),
    )
    return next((moment.normalize() for moment in choices if not pd.isna(moment)), pd.NaT)


def is_comparable(shop, members, begins):
    """Say whether the arms of a campaign tell what it changed."""
    if members.customer_id.duplicated().any():
        return False
    orders = shop["orders"]
    if within(orders, "ordered_at", begins, begins + 28 * DAY).empty:
        return False
    first = members.customer_id.map(orders.groupby("customer_id").ordered_at.min())
    share_before = (first < begins).mean()
    for _, arm in members.groupby("arm"):
        found = first[arm.index].notna().any()
        if not found and (first.isna().all() or len(arm) * share_before >= 10):
            return False
    return True


def outcomes(shop, members, begins):
    """Add what each member bought in the window, and whether they responded."""
    window = begins, begins + 28 * DAY
    sales = within(shop.sales, "ordered_at", *window)
    sales = dict(iter(sales.groupby("customer_id")))
    campaign = members.campaign_id.iloc[0]
    reactions = [shop["responses"], shop["touchpoints"]]
    reactions = pd.concat(r[["campaign_id", "customer_id", "at", "kind"]] for r in reactions)
    reactions = reactions[reactions.campaign_id.eq(campaign) & reactions.customer_id.notna()]
    responses = within(reactions[~reactions.kind.isin(NO_RESPONSE)], "at", *window)
    rows = []
    for member in members.itertuples():
        mine = sales.get(member.customer_id)
        if mine is None:
            bought, revenue, margin = 0, 0.0, 0.0
        else:
            bought, revenue = int(mine.bought.any()), total(mine.net)
            margins = mine.net - mine.cost
            margin = None if margins.isna().any() else total(margins)
        rows.append((bought, revenue, margin))
    told = pd.DataFrame(rows, columns=["buyers", "revenue", "margin"], index=members.index)
    responded = members.customer_id.isin(responses.customer_id).astype(float)
    return members.join(told).assign(
        responded=responded if len(reactions) else math.nan,
    )


def campaign_kpi(measure, nothing=None):
    def kpi(shop, start, end, by=None):
        return cells(within(shop.campaigns, "counted_at", start, end), by, measure, nothing)

    return kpi


def lifts(rows, outcome):
    """Yield of each campaign: members treated, beyond and without it (None: not known), and them.

    Beyond is what the treated did more than the control would have made them; without is what they
    would have done.
    """
    for _, members in rows.groupby("campaign_id"):
        treated, control = members[members.treated], members[~members.treated]
        done, undone = total(treated[outcome]), total(control[outcome])
        if outcome == "margin" and members.margin[members.treated].isna().any():
            done = None
        if outcome == "margin" and control.margin.isna().any():
            undone = None
        if not members.is_comparable.all() or treated.empty or control.empty or undone is None:
            continue
        without = len(treated) * undone / len(control)
        yield len(treated), None if done is None else done - without, without, members


@campaign_kpi
def purchase_rate(rows):
    treated = rows[rows.treated & rows.is_comparable]
    return ratio(treated.buyers.sum(), len(treated))


@campaign_kpi
def response_rate(rows):
    contacted = rows[rows.contacted & rows.responded.notna()]
    return ratio(contacted.responded.sum(), len(contacted))


@campaign_kpi
def absolute_lift(rows):
    found = [*lifts(rows, "buyers")]
    return ratio(sum(beyond for _, beyond, _, _ in found), sum(treated for treated, *_ in found))


@campaign_kpi
def relative_lift(rows):
    found = [*lifts(rows, "buyers")]
    return ratio(sum(beyond for _, beyond, _, _ in found), sum(without for *_, without, _ in found))


def additional_revenue(rows):
    found = [beyond for _, beyond, _, _ in lifts(rows, "revenue") if beyond is not None]
    return math.fsum(found) if found else None


incremental_revenue = campaign_kpi(additional_revenue, nothing=0)


@campaign_kpi
def incremental_roi(rows):
    gained, spent = 0.0, 0.0
    for _, beyond, _, members in lifts(rows, "margin"):
        cost = members.cost_of_each.iloc[0] * members.contacted.sum()
        if beyond is not None and not math.isnan(cost):
            gained, spent = gained + beyond, spent + cost
    return ratio(gained - spent, spent)


# --- Finance ------------------------------------------------------------------------------------


def net(rows):
    parts = rows.net, rows.refund, rows["lost"]
    sold, refunded, lost = (total(part) or 0.0 for part in parts)
    return round(sold - refunded - lost, 4)


booked_revenue = on("bookings", "ordered_at", nothing=0)(lambda rows: total(rows.net))
net_revenue = on("deductions", "at", nothing=0)(net)
recognised_revenue = on("recognised", "at", nothing=0)(net)


@on("deductions", "at")
def refund_rate(rows):
    return ratio(total(rows.refund) or 0.0, total(rows.net))


@on("deductions", "at", nothing=0)
def allowances(rows):
    return total(rows.refund[rows.kind.eq("allowance")]) or 0


@on("leaks", "at", nothing=0)
def revenue_leakage(rows):
    return total(rows.leak)


def chargeback_rate(shop, start, end, by=None):
    disputed = {*shop["chargebacks"].order_id}
    rows = within(shop.orders[shop.orders.bought], "ordered_at", start, end)
    return cells(rows, by, lambda rows: ratio(rows.order_id.isin(disputed).sum(), len(rows)))


@on("disputes", "at")
def chargeback_win_rate(rows):
    return ratio(rows.outcome.eq("won").sum(), rows.outcome.isin(["won", "lost"]).sum())


def revenue_of_each(rows):
    """Return the net revenue of each identified customer."""
    revenue = rows.net.fillna(0) - rows.refund.fillna(0) - rows["lost"].fillna(0)
    return revenue.groupby(rows.customer_id).sum().round(4)


def retained(capped):
    def kpi(shop, start, end, by=None):
        base, middle = end - pd.DateOffset(months=24), end - pd.DateOffset(months=12)
        if not shop.covers(base, end):
            return Cells()

        def share(rows):
            then = revenue_of_each(rows[rows["at"] < middle])
            then = then[then > 0]
            now = revenue_of_each(rows[rows["at"] >= middle]).reindex(then.index, fill_value=0)
            kept = now.clip(upper=then) if capped else now
            return ratio(total(kept), total(then))

        return cells(within(shop.deductions, "at", base, end), by, share)

    return kpi


net_revenue_retention = retained(capped=False)
gross_revenue_retention = retained(capped=True)


def reconciliation_gap(shop, start, end, by=None):
    ledger = shop["ledger"]
    ledger = ledger[ledger.account.eq("revenue") & ledger.amount.notna()]
    ledger = within(ledger, "month", start, end)
    ours = within(shop.recognised, "at", start, end)
    ours = ours[ours["at"].dt.to_period("M").isin(ledger.month.dt.to_period("M"))]
    found = Cells()
    found[None] = None if ledger.empty else round(total(ledger.amount) - net(ours), 4)
    return found


# --- Voice --------------------------------------------------------------------------------------


def answers(shop, question, scale, start, end):
    rows = shop["surveys"]
    rows = rows[rows.question.eq(question) & rows.score.isin(scale)]
    return within(shop.with_people(rows), "answered_at", start, end)


def net_promoter_score(shop, start, end, by=None):
    rows = answers(shop, "nps", range(11), start, end)
    return cells(
        rows,
        by,
        lambda rows: 100 * (rows.score.ge(9).sum() - rows.score.le(6).sum()) / len(rows),
    )


def customer_satisfaction(shop, start, end, by=None):
    rows = answers(shop, "csat", range(1, 6), start, end)
    return cells(rows, by, lambda rows: rows.score.ge(4).sum() / len(rows))


def share_of_wallet(shop, start, end, by=None):
    panel = shop["category_spend"]
    panel = panel[panel.category.isin(shop["products"].category.dropna())]
    keys = ["customer_id", "month", "category"]
    panel = panel.groupby(keys, dropna=False, as_index=False).spend_total.sum(min_count=1)
    sales = shop.sales.assign(month=shop.sales.ordered_at.dt.to_period("M").dt.to_timestamp())
    ours = {key: total(part) for key, part in sales.groupby(keys).net}
    panel["ours"] = [ours.get(key) or 0.0 for key in panel[keys].itertuples(index=False, name=None)]
    rows = within(shop.with_people(panel), "month", start, end)
    return cells(rows, by, lambda rows: ratio(total(rows.ours), total(rows.spend_total)))


@on("orders", "ordered_at")
def omnichannel_share(rows):
    bought = rows[rows.bought & rows.customer_id.notna() & rows.channel.notna()]
    channels = bought.groupby("customer_id").channel.nunique()
    return ratio((channels >= 2).sum(), len(channels))


# --- Stock --------------------------------------------------------------------------------------


@cache
def on_record(shop, start, end):
    """Return the days on record in a period, and how many days of it the whole record covers."""
    days = sorted({*shop["stock"].day.dropna()})
    inside = [day for day in days if start <= day < end]
    covered = min(end, days[-1] + DAY) - max(start, days[0])
    return inside, max(covered // DAY, 0), [day for day in days if day < start]


@cache
def stocked(shop):
    """Return the stock, with what can be sold, its value, and what was there the day before."""
    rows = shop["stock"]
    rows = rows[rows.day.notna()]
    products = {
        name: rows.product_id.map(shop.lookup("products", "product_id", name))
        for name in ("category", "brand", "unit_cost", "target_cover_days")
    }
    days = sorted({*rows.day})
    before = dict(zip(days[1:], days, strict=False))
    there = {(row.day, row.product_id, row.location_id): row.on_hand for row in rows.itertuples()}
    opening = [
        there.get((before[row.day], row.product_id, row.location_id), 0.0)
        if row.day in before
        else np.nan
        for row in rows.itertuples()
    ]
    cost = rows.unit_cost.fillna(products["unit_cost"])
    in_store = rows.location_id.isin(shop["orders"].store_id.dropna())
    return rows.assign(
        category=products["category"],
        brand=products["brand"],
        location_type=in_store.map({True: "store", False: "warehouse"}),
        target=products["target_cover_days"],
        can_sell=rows.sellable.fillna(rows.on_hand - rows.reserved - rows.damaged),
        value=(rows.on_hand * cost).round(4),
        opening=opening,
    )


@cache
def held_against(shop):
    """Return the lines sold of products, and in stores, that the stock knows."""
    stock, rows = shop["stock"], shop.sales
    day = rows.ordered_at.dt.normalize()
    known_place = rows.store_id.isna() | rows.store_id.isin(stock.location_id)
    rows = rows[
        rows.product_id.isin(stock.product_id.dropna())
        & known_place
        & day.between(stock.day.min(), stock.day.max())
    ]
    target = rows.product_id.map(shop.lookup("products", "product_id", "target_cover_days"))
    kind = rows.store_id.isna().map({True: "warehouse", False: "store"})
    return rows.assign(target=target, location_type=kind)


def at_close(column):
    def kpi(shop, start, end, by=None):
        days, _, _ = on_record(shop, start, end)

        def measure(rows):
            closing = rows[rows.day == days[-1]]
            return 0.0 if closing.empty else total(closing[column])

        return cells(within(stocked(shop), "day", start, end), by, measure)

    return kpi


stock_on_hand, stock_sellable = at_close("on_hand"), at_close("can_sell")


def stockout_rate(shop, start, end, by=None):
    def measure(rows):
        left = rows.can_sell.fillna(rows.on_hand).dropna()
        return ratio((left <= 0).sum(), len(left))

    return cells(within(stocked(shop), "day", start, end), by, measure)


def stock_against_sales(measure):
    """Make a KPI of the stock of a cell, its sales, and the days on record of the period."""

    def kpi(shop, start, end, by=None):
        days = on_record(shop, start, end)
        stock = within(stocked(shop), "day", start, end).assign(side="stock")
        sold = within(held_against(shop), "ordered_at", start, end).assign(side="sold")
        parts = [part for part in (stock, sold) if len(part)]
        both = pd.concat(parts, ignore_index=True) if parts else stock

        def of_cell(rows):
            there = rows[rows.side == "stock"]
            gone = rows[rows.side == "sold"]
            return measure(there, gone, *days)

        return cells(both, by, of_cell)

    return kpi


def average_stock(there, days, column="value"):
    value = total(there[column]) if column in there else None
    return None if value is None or not days else value / len(days)


def a_day(gone, amounts, covered):
    if not covered:
        return None
    amount = 0.0 if gone.units.dropna().empty else total(amounts)
    return None if amount is None else amount / covered


@stock_against_sales
def days_of_inventory(there, gone, days, covered, _):
    return ratio(average_stock(there, days), a_day(gone, gone.cost, covered))


@stock_against_sales
def inventory_turnover(there, gone, days, covered, _):
    sold = a_day(gone, gone.cost, covered)
    return None if sold is None else ratio(365 * sold, average_stock(there, days))


@stock_against_sales
def gmroi(there, gone, days, covered, _):
    profit = a_day(gone, gone.net - gone.cost, covered)
    return None if profit is None else ratio(365 * profit, average_stock(there, days))


@stock_against_sales
def coverage_gap_days(there, gone, days, covered, _):
    stock, sold = there[there.target.notna()], gone[gone.target.notna()]
    cost = total(sold.cost)
    cover = ratio(average_stock(stock, days), cost and cost / covered)
    return None if cover is None else cover - total(sold.cost * sold.target) / cost


@stock_against_sales
def sell_through_rate(there, gone, days, covered, before):
    received = total(there.received)
    if received is None or len(days) < covered or not before or before[-1] != days[0] - DAY:
        return None
    opening = total(there.opening[there.day == days[0]]) or 0.0
    units = total(gone.units)
    return None if units is None else ratio(units, opening + received)


# --- Fulfilment ---------------------------------------------------------------------------------


@cache
def due(shop):
    """Return the parcels, of any order, of which it is known whether the promise was kept."""
    rows = shop["shipments"]
    last = shop["orders"].ordered_at.max().normalize()
    for day in sorted(rows.delivered_at.dropna().dt.normalize().unique()):
        if day > last + 31 * DAY:
            break
        last = max(last, day)
    rows = rows[rows.promised_at.notna() & (rows.promised_at < last + DAY)]
    is_day = rows.promised_at.eq(rows.promised_at.dt.normalize())
    until = rows.promised_at.mask(is_day, rows.promised_at + DAY - pd.Timedelta(microseconds=1))
    came = rows.delivered_at.notna()
    ordered = rows.order_id.map(shop["orders"].set_index("order_id").ordered_at)
    of_a_day = rows.delivered_at.eq(rows.delivered_at.dt.normalize())
    is_false = rows.delivered_at < ordered.mask(of_a_day, ordered.dt.normalize())
    return rows.assign(
        on_time=(came & rows.delivered_at.le(until)).astype(object).mask(is_false, None),
        in_full=rows.in_full.where(came, False),
        damaged=rows.damaged.where(came, False),
    )


def judged(shop):
    return due(shop).merge(shop.orders, on="order_id")


def on_time_delivery_rate(shop, start, end, by=None):
    rows = within(judged(shop), "promised_at", start, end)
    return cells(rows, by, lambda rows: ratio(rows.on_time.eq(True).sum(), rows.on_time.count()))


def on_time_in_full_rate(shop, start, end, by=None):
    rows = within(judged(shop), "promised_at", start, end)
    rows = rows.assign(good=rows.on_time.eq(True) & rows.in_full.eq(True))

    def share(rows):
        rows = rows[rows.in_full.notna() & rows.on_time.notna()]
        return ratio(rows.good.sum(), len(rows))

    return cells(rows, by, share)


@cache
def promised_orders(shop):
    """Return the valid orders of which every parcel is due, and is told to be whole and unhurt."""
    due_of = dict(tuple(due(shop).groupby("order_id")))
    back = {*shop["returns"].order_id[shop["returns"].kind.ne("allowance")].dropna()}
    rows = []
    for order, parcels in shop["shipments"].groupby("order_id"):
        told = due_of.get(order)
        if told is None or len(told) < len(parcels):
            continue
        unsure = told[["on_time", "in_full", "damaged"]].isna().any(axis=None)
        good = (
            told.on_time.eq(True).all()
            and told.in_full.eq(True).all()
            and not told.damaged.eq(True).any()
        )
        rows.append((order, told.promised_at.max(), None if unsure else good and order not in back))
    found = pd.DataFrame(rows, columns=["order_id", "promised_at", "perfect"])
    return found.merge(shop.orders, on="order_id")


def perfect_order_rate(shop, start, end, by=None):
    def share(rows):
        told = rows.perfect.dropna()
        return ratio(told.eq(True).sum(), len(told))

    return cells(within(promised_orders(shop), "promised_at", start, end), by, share)


def fulfilment_cost_per_order(shop, start, end, by=None):
    parcels = shop["shipments"]
    month, share = parcels.shipped_at.dt.to_period("M"), labour_of_a_parcel(shop)
    cost = parcels.transport_cost + parcels.packaging_cost + month.map(share).astype(float)
    unsure = {*parcels.order_id[parcels.shipped_at.notna() & cost.isna()]}
    cost = cost.mask(parcels.order_id.isin(unsure))
    rows = parcels.assign(cost=cost.round(4)).merge(shop.orders, on="order_id")

    def mean(rows):
        rows = rows[rows.cost.notna()]
        return ratio(total(rows.cost), rows.order_id.nunique())

    return cells(within(rows, "shipped_at", start, end), by, mean)


def an_hour_of(activity):
    def kpi(shop, start, end, by=None):
        rows = within(shop["labour"], "day", start, end)

        def pace(rows):
            rows = rows[rows.activity.eq(activity) & rows.units.notna() & rows.hours.notna()]
            return ratio(total(rows.units), total(rows.hours))

        return cells(rows, by, pace)

    return kpi


pick_productivity = an_hour_of("pick")
pack_productivity = an_hour_of("pack")
ship_productivity = an_hour_of("ship")


# --- Channels -----------------------------------------------------------------------------------

ONLINE = ("web", "app")
KINDS = {"impression": 0, "open": 1, "click": 2, "visit": 3}


def counted_media(measure):
    def kpi(shop, start, end, by=None):
        return cells(within(shop["marketing_spend"], "day", start, end), by, measure)

    return kpi


@counted_media
def click_through_rate(rows):
    rows = rows[rows.impressions.gt(0).fillna(False) & rows.clicks.notna()]
    return ratio(rows.clicks.sum(), rows.impressions.sum())


@counted_media
def open_rate(rows):
    rows = rows[rows.opened.notna() & rows.delivered.notna()]
    return ratio(rows.opened.sum(), rows.delivered.sum())


@counted_media
def cost_per_click(rows):
    rows = rows[rows.amount.notna() & rows.clicks.notna()]
    return ratio(total(rows.amount), rows.clicks.sum())


def owners(shop):
    """Return the one customer of each visitor who was seen as one."""
    visits = shop["sessions"]
    placed = visits.order_id.map(shop.lookup("orders", "order_id", "customer_id"))
    seen = [shop["touchpoints"], visits, visits.assign(customer_id=placed)]
    pairs = pd.concat([rows[["visitor_id", "customer_id"]] for rows in seen]).dropna()
    pairs = pairs.drop_duplicates().groupby("visitor_id").customer_id.agg(list)
    return {visitor: one[0] for visitor, one in pairs.items() if len(one) == 1}


def persons(rows, owner):
    """Return whose rows are: a customer, else a visitor, else nobody."""
    customer = rows.customer_id.fillna(rows.visitor_id.map(owner))
    return [
        f"customer {one}" if not pd.isna(one) else None if pd.isna(other) else f"visitor {other}"
        for one, other in zip(customer, rows.visitor_id, strict=True)
    ]


def descending(text):
    """Return what sorts a text downwards."""
    return (*(-ord(letter) for letter in text), 1)


def touch_order(touch):
    """Return what sorts touches, the one that an order is credited to first."""
    channel = None if pd.isna(touch.marketing_channel) else touch.marketing_channel
    campaign = None if pd.isna(touch.campaign_id) else touch.campaign_id
    return (
        channel == "direct",
        -touch.at.value,
        -KINDS.get(touch.kind, 4),
        channel is not None and descending(channel),
        (campaign is None, campaign is not None and descending(campaign)),
    )


def stretches(spend):
    """Add the days that each row of spend pays for, from one to the one before another.

    A row pays for its day. Where more than a week is usual from one day of a channel and campaign
    to the next, of at least two such steps, it pays until the next one: for a month at most where
    that is usual, else for what is usual; on the last day of a month, for this month.
    """
    spend = spend[spend.day.notna() & spend.amount.notna()]
    found = []
    for _, rows in spend.groupby(["marketing_channel", "campaign_id"], dropna=False):
        days = sorted({*rows.day})
        steps = sorted((after - day).days for day, after in pairwise(days))
        usual = steps[(len(steps) - 1) // 2] if len(steps) > 1 else 1
        is_month = 28 <= usual <= 31
        opens, closes = {}, {}
        for day, following in zip(days, [*days[1:], pd.NaT], strict=True):
            opens[day], closes[day] = day, day + DAY
            if is_month and (day + DAY).day == 1:
                opens[day] = day.replace(day=1)
            elif usual > 7:
                longest = day + (pd.DateOffset(months=1) if is_month else usual * DAY)
                closes[day] = longest if pd.isna(following) else min(following, longest)
        found.append(rows.assign(opens=rows.day.map(opens), closes=rows.day.map(closes)))
    return pd.concat(found)


def paid_between(spend, first, last):
    """Return a row a day, from one to another, that the spend pays for, with its part of it."""
    found = []
    for row in stretches(spend).itertuples():
        days = pd.date_range(row.opens, row.closes, inclusive="left")
        # Half a unit of the last decimal as floats have it: sums of cents meet it on many days.
        until = row.amount * np.arange(len(days) + 1) / len(days)
        totals = np.floor(until * 10_000 + 0.5) / 10_000
        part = pd.DataFrame({"day": days, "amount": np.diff(totals).round(4)})
        part["marketing_channel"], part["campaign_id"] = row.marketing_channel, row.campaign_id
        found.append(part[part.day.between(first, last)])
    return pd.concat(found, ignore_index=True)


@cache
def credits(shop):
    """Return the orders placed online, with the touch each is credited to, and the spend."""
    owner = owners(shop)
    is_online = shop.orders.channel.isin(ONLINE) | shop.orders.channel.isna()
    orders = shop.orders[shop.orders.bought & is_online]
    visits = shop["sessions"].dropna(subset=["order_id", "visitor_id"])
    carried = visits.drop_duplicates(["order_id", "visitor_id"]).groupby("order_id").visitor_id
    carried = {order: one.iloc[0] for order, one in carried if len(one) == 1}
    orders = orders.assign(visitor_id=orders.order_id.map(carried))
    orders = orders.assign(person=persons(orders, owner))
    touches = shop["touchpoints"].assign(person=persons(shop["touchpoints"], owner))
    touches = touches[touches["at"].notna()]
    of_person = {
        person: sorted(rows.itertuples(), key=touch_order)
        for person, rows in touches[touches.person.notna()].groupby("person")
    }
    days = touches["at"].dt.normalize()
    lines = shop.sales.assign(margin=(shop.sales.net - shop.sales.cost).round(4))
    worth = {
        order: (total(rows.net), total(rows.margin)) for order, rows in lines.groupby("order_id")
    }
    found = []
    for person, rows in orders.groupby("person", dropna=False):
        moments = sorted({*rows.ordered_at.dropna()})
        before = dict(zip(moments[1:], moments, strict=False))
        for order in rows.itertuples():
            at, made = order.ordered_at, dict.fromkeys(("marketing_channel", "campaign_id"))
            made |= {"at": at, "orders": None, "revenue": None, "margin": None, "spend": None}
            if days.min() <= at.normalize() <= days.max():
                touch = last_touch(of_person.get(person, []), before.get(at), at)
                made["orders"] = 0 if touch is None else 1
                if touch is not None:
                    made["marketing_channel"] = touch.marketing_channel
                    made["campaign_id"] = touch.campaign_id
                    made["revenue"], made["margin"] = worth[order.order_id]
            found.append(made)
    spend = paid_between(spending(shop), days.min(), days.max())
    seen = spend.marketing_channel.isin([*touches.marketing_channel.dropna()])
    tagged = touches[touches.campaign_id.notna()]
    untagged = touches[touches.campaign_id.isna()]
    by_campaign = spend.marketing_channel.isin([*tagged.marketing_channel.dropna()])
    whole = spend.marketing_channel.isin([*untagged.marketing_channel.dropna()])
    named = spend.campaign_id.isin([*tagged.campaign_id])
    seen &= named | spend.campaign_id.isna() | whole
    spend = spend.assign(campaign_id=spend.campaign_id.where(by_campaign & named, None))
    spend = spend[seen]
    paid = spend[["marketing_channel", "campaign_id"]].assign(
        at=spend.day, orders=0, revenue=None, margin=None, spend=spend.amount
    )
    both = pd.concat([pd.DataFrame(found), paid], ignore_index=True)
    both = both.astype(dict.fromkeys(("orders", "revenue", "margin", "spend"), float))
    return both.assign(is_paid=both.marketing_channel.isin([*spend.marketing_channel.dropna()]))


def last_touch(touches, before, at):
    for touch in touches:
        is_between = touch.at <= at and (before is None or touch.at > before)
        if is_between and at - touch.at < 30 * DAY:
            return touch
    return None


def credited(rows, column):
    """Add up what credited orders brought: 0 without any, None where none of theirs is known."""
    if rows.orders.isna().all():
        return None
    return 0 if rows.orders.sum() == 0 else total(rows[column])


def of_credits(measure, nothing=None):
    def kpi(shop, start, end, by=None):
        return cells(within(credits(shop), "at", start, end), by, measure, nothing)

    return kpi


attributed_revenue = of_credits(lambda rows: credited(rows, "revenue"), nothing=0)


@of_credits
def cost_per_order(rows):
    return ratio(total(rows.spend), rows.orders[rows.is_paid].sum())


@of_credits
def return_on_ad_spend(rows):
    return ratio(credited(rows[rows.is_paid], "revenue"), total(rows.spend))


@of_credits
def marketing_roi(rows):
    margin, spend = credited(rows[rows.is_paid], "margin"), total(rows.spend)
    return None if margin is None or spend is None else ratio(margin - spend, spend)
