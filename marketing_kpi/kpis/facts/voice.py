"""Facts of the customer's voice: answers to surveys, a panel's spending, customers' channels.

Every answer to a survey counts. Those of one person are not independent: who answered is told with
each, so that `marketing_kpi.voice` can make intervals with the person as the unit.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from marketing_kpi.data.scales import SCALES
from marketing_kpi.kpis.facts.base import (
    MONEY,
    Column,
    Fact,
    attach,
    copied,
    dimension,
    first_known,
    from_table,
    homes_of,
    with_dimensions,
)
from marketing_kpi.kpis.facts.customers import unit_keys
from marketing_kpi.kpis.facts.sales import ORDERS, SALES

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from marketing_kpi.data.model import Data


# --- Answers --------------------------------------------------------------------------------


def respondent(answers: ir.Table) -> ir.StringValue:
    """Return who answered: the customer, or where there is none the answer stands for itself."""
    import ibis

    known = [answers.customer_id.cast("string")] if "customer_id" in answers.columns else []
    if "response_id" in answers.columns:
        known.append(ibis.literal("#") + answers.response_id.cast("string"))
    elif not known:
        known.append(ibis.literal("#") + ibis.row_number().cast("string"))
    return first_known(known)


def _answers(data: Data, columns: Collection[str], fact: Fact, question: str) -> ir.Table:
    """Return a row an answer to a question; a score off its scale is none."""
    rows = data.table("surveys")
    rows = rows.filter(rows.question == question, rows.score.between(*SCALES[question]))
    known = {"customer_id"} if data.has("surveys", "customer_id") else set()
    homes = homes_of(fact, {*columns, *known}, data)
    own = {new: rows[old] for new, old in from_table(homes, "surveys").items()}
    made = {"respondent": respondent(rows)} if "respondent" in columns else {}
    return with_dimensions(rows.select(**own, **made), data, homes).select(*sorted(columns))


_OF_CUSTOMER = {
    "customer_id": dimension("surveys.customer_id"),
    "region": dimension("contacts.region", via=("surveys.customer_id",)),
    "customer_region": dimension("contacts.region", via=("surveys.customer_id",)),
    "acquisition_channel": dimension("contacts.acquisition_channel", via=("surveys.customer_id",)),
}


def _answers_to(question: str) -> Fact:
    def build(data: Data, columns: Collection[str]) -> ir.Table:
        return _answers(data, columns, fact, question)

    fact = Fact(
        name=f"{question}_answers",
        grain=f"an answer to the question {question}",
        time="answered_at",
        events={
            **_OF_CUSTOMER,
            "respondent": Column(
                "string",
                ("surveys.question",),
                measure=True,
            ),
            "answered_at": dimension("surveys.answered_at", type="timestamp"),
            "score": Column("int64", ("surveys.score",), ("surveys", "score"), True),
        },
        build=build,
        tables=("surveys", "contacts"),
    )
    return fact


NPS_ANSWERS = _answers_to("nps")
CSAT_ANSWERS = _answers_to("csat")


# --- Panel ----------------------------------------------------------------------------------


PANEL_KEY = ("customer_id", "month", "category")


def panel_spending(data: Data) -> ir.Table:
    """Return the rows of the panel, each at the first day of its month."""
    spend = data.table("category_spend")
    return spend.mutate(month=spend.month.cast("timestamp").truncate("M"))


def our_categories(data: Data) -> ir.Table:
    """Return the categories of our products, a row each."""
    products = data.table("products")
    return products.filter(products.category.notnull()).select("category").distinct()


def _panel(data: Data, columns: Collection[str]) -> ir.Table:
    """Return a row a member, month and category of ours, with the spending and what we sold there.

    A panel may tell a month in several rows, such as one a week: they are added up first, or our
    sales of the month would count once for each.
    """
    homes = homes_of(PANEL, {*columns, *PANEL_KEY}, data)
    spend = panel_spending(data)
    if data.has("products", "category"):
        spend = spend.semi_join(our_categories(data), "category")
    told = from_table(homes, "category_spend")
    made = {new: spend[old].min() for new, old in told.items() if new not in PANEL_KEY}
    if "spend_total" in made:
        made["spend_total"] = spend.spend_total.sum().cast(MONEY)
    rows = spend.group_by(list(PANEL_KEY)).aggregate(**made)
    if "our_sales" in columns:
        sold = attach(
            rows, sold_by_category(data), on=PANEL_KEY, columns={"our_sales": "net_sales"}
        )
        rows = sold.mutate(our_sales=sold.our_sales.fill_null(0).cast(MONEY))
    return with_dimensions(rows, data, homes).select(*sorted(columns))


def sold_by_category(data: Data) -> ir.Table:
    """Return our net sales by customer, month and category."""
    sales = SALES.build(data, {"customer_id", "ordered_at", "category", "net_sales"})
    known = sales.filter(sales.customer_id.notnull(), sales.category.notnull())
    dated = known.mutate(month=known.ordered_at.truncate("M"))
    return dated.group_by(["customer_id", "month", "category"]).aggregate(
        net_sales=dated.net_sales.sum()
    )


_PANEL_CUSTOMER = {
    "region": dimension("contacts.region", via=("category_spend.customer_id",)),
    "customer_region": dimension("contacts.region", via=("category_spend.customer_id",)),
    "acquisition_channel": dimension(
        "contacts.acquisition_channel", via=("category_spend.customer_id",)
    ),
}
PANEL = Fact(
    name="panel",
    grain="a panel member's spending of a month in a category, with all merchants and with us",
    time="month",
    events={
        **copied("category_spend", "customer_id", "category"),
        **_PANEL_CUSTOMER,
        "month": dimension("category_spend.month", type="timestamp"),
        "spend_total": Column(
            MONEY, ("category_spend.spend_total",), ("category_spend", "spend_total"), True
        ),
        "our_sales": Column(
            MONEY,
            (
                "category_spend.category",
                "orders.customer_id",
                "order_lines.product_id + products.category",
                *SALES.events["net_sales"].needs,
            ),
            measure=True,
        ),
    },
    build=_panel,
    tables=("category_spend", "contacts"),
)


# --- Channels -------------------------------------------------------------------------------


def _customer_channels(
    events: ir.Table, keys: Sequence[str], _columns: Collection[str]
) -> ir.Table:
    """Return a row an identified customer who bought in a known channel: no credit tells where."""
    known = events.filter(events.customer_id.notnull(), events.channel.notnull(), events.bought)
    return known.group_by(unit_keys(keys)).aggregate(channels=known.channel.nunique())


CUSTOMER_CHANNELS = replace(
    ORDERS,
    name="customer_channels",
    grain="an identified customer who ordered in the period, with the number of sales channels",
    # By channel, everybody would have one: it is what is counted, and no dimension.
    events={**ORDERS.events, "channel": replace(ORDERS.events["channel"], measure=True)},
    by_unit={
        "channels": ("int64", ("channel", "bought")),
    },
    summarise=_customer_channels,
)
