"""The whole shop: chunk after chunk of customers, then what the shop keeps for itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa

from marketing_kpi.data.simulation import (
    after_sales,
    audience,
    customers,
    operations,
    orders,
    reference,
    relations,
)
from marketing_kpi.data.simulation import assortment as shop
from marketing_kpi.data.simulation.arrow import Bools, Writer
from marketing_kpi.data.simulation.numbers import Numbers

# a stream of randomness for each group of draws: making other tables changes none of them
STREAMS = (
    "stock_outs",
    "contacts",
    "members",
    "orders",
    "delivery",
    "lines",
    "returns",
    "chargebacks",
    "parcels",
    "surveys",
    "touches",
    "sessions",
    "campaign_members",
    "responses",
    "category_spend",
    "identities",
    "supply",
    "labour",
    "marketing_spend",
    "profiles",
)
REFERENCE = ("products", "stores", "promotions", "campaigns", "fixed_costs", "marketing_spend")
BOOKS = ("stock", "purchase_orders", "labour", "ledger")
CHUNKED = (
    "contacts",
    "orders",
    "order_lines",
    "returns",
    "chargebacks",
    "shipments",
    "surveys",
    "sessions",
    "touchpoints",
    "campaign_members",
    "responses",
    "category_spend",
    "identities",
)
TABLES = (*CHUNKED, *REFERENCE, *BOOKS)


class Chunk:
    """The customers of one unit of scale (or the last part of one), and all that they do.

    Draws are made when first asked for, each from its own stream.
    """

    def __init__(self, seed: int, number: int, share: float, out: Bools) -> None:
        self.seed, self.number, self.share = seed, number, share
        self.contacts = customers.draw_contacts(self.stream("contacts"), share)
        self.members = orders.draw_members(self.stream("members"), self.contacts)
        self.orders = orders.draw_orders(self.stream("orders"), self.contacts, self.members, share)
        self.delivery = orders.draw_delivery(self.stream("delivery"), self.orders)
        self.lines, self.hidden = orders.draw_lines(self.stream("lines"), self.orders, out)
        self.amount = orders.amounts(self.lines, len(self.orders.second))

    def stream(self, name: str) -> np.random.Generator:
        """Return the stream of draws called `name`."""
        return stream(self.seed, name, self.number)

    @cached_property
    def parcels(self) -> after_sales.Parcels:
        """The parcels of the chunk."""
        return after_sales.draw_parcels(self.stream("parcels"), self.orders, self.lines)

    @cached_property
    def returns(self) -> after_sales.Returns:
        """The returns of the chunk."""
        return after_sales.draw_returns(
            self.stream("returns"), self.orders, self.lines, self.delivery, self.amount
        )

    @cached_property
    def chargebacks(self) -> after_sales.Chargebacks:
        """The disputed payments of the chunk."""
        return after_sales.draw_chargebacks(
            self.stream("chargebacks"), self.orders, self.delivery, self.amount
        )

    @cached_property
    def touches(self) -> audience.Touches:
        """The touches of the chunk's visitors."""
        return audience.draw_touches(self.stream("touches"), self.orders, self.contacts)

    def columns(self, table: str, numbers: Numbers, before: int) -> dict[str, pa.Array]:
        """Return a table of the chunk, given how many rows of it came before."""
        makers: dict[str, Callable[[], dict[str, pa.Array]]] = {
            "contacts": lambda: customers.contact_columns(
                self.stream("profiles"),
                self.contacts,
                orders.first_order(self.orders, len(self.contacts.registered)),
                numbers,
            ),
            "orders": lambda: orders.order_columns(
                self.orders, self.delivery, self.amount, numbers
            ),
            "order_lines": lambda: orders.line_columns(self.lines, numbers),
            "returns": lambda: after_sales.return_columns(
                self.returns, self.orders, self.lines, numbers, before
            ),
            "chargebacks": lambda: after_sales.chargeback_columns(
                self.chargebacks, numbers, before
            ),
            "shipments": lambda: after_sales.parcel_columns(self.parcels, self.delivery, numbers),
            "surveys": lambda: after_sales.survey_columns(
                self.stream("surveys"), self.orders, self.delivery, self.parcels, numbers, before
            ),
            "sessions": lambda: audience.session_columns(
                self.stream("sessions"), self.touches, numbers, self.number, before
            ),
            "touchpoints": lambda: audience.touchpoint_columns(
                self.touches, numbers, self.number, before
            ),
            "campaign_members": lambda: relations.member_columns(
                self.stream("campaign_members"), self.members, numbers
            ),
            "responses": lambda: relations.response_columns(
                self.stream("responses"), self.contacts, self.members, numbers
            ),
            "category_spend": lambda: relations.panel_columns(
                self.stream("category_spend"),
                self.contacts,
                self.orders,
                self.lines,
                numbers,
                self.share,
            ),
            "identities": lambda: relations.identity_columns(
                self.stream("identities"), self.contacts, numbers, before
            ),
        }
        return makers[table]()


def stream(seed: int, name: str, chunk: int = 0) -> np.random.Generator:
    """Return the generator of one group of draws in one chunk."""
    sequence = np.random.SeedSequence(seed, spawn_key=(STREAMS.index(name), chunk))
    return np.random.Generator(np.random.PCG64DXSM(sequence))


def write(folder: Path, *, scale: float, seed: int, tables: Sequence[str]) -> Iterator[Chunk]:
    """Write the tables to Parquet files in `folder`, and give each chunk once it is written."""
    out = shop.stock_outs(stream(seed, "stock_outs"))
    totals = operations.Totals()
    rows = dict.fromkeys(CHUNKED, 0)
    customers_before = orders_before = 0
    with Writer(folder) as writer:
        for number, share in enumerate(_shares(scale)):
            chunk = Chunk(seed, number, share, out)
            numbers = Numbers(customers_before, orders_before)
            for table in (table for table in CHUNKED if table in tables):
                columns = chunk.columns(table, numbers, rows[table])
                writer.write(table, columns)
                rows[table] += len(next(iter(columns.values())))
            _keep_books(totals, chunk, tables)
            customers_before += len(chunk.contacts.registered)
            orders_before += len(chunk.amount)
            yield chunk
        for table, columns in _own_tables(seed, scale, tables, totals, out):
            writer.write(table, columns)


def _shares(scale: float) -> list[float]:
    whole, hundredths = divmod(round(scale * 100), 100)
    return [1.0] * whole + ([hundredths / 100] if hundredths else [])


def _keep_books(totals: operations.Totals, chunk: Chunk, tables: Sequence[str]) -> None:
    if {"stock", "purchase_orders"} & set(tables):
        totals.add_sales(chunk.orders, chunk.lines)
    if "labour" in tables:
        totals.add_work(chunk.orders, chunk.lines, chunk.delivery, chunk.parcels)
    if "ledger" in tables:
        totals.add_books(
            chunk.orders, chunk.lines, chunk.delivery, chunk.returns, chunk.chargebacks
        )


def _own_tables(
    seed: int, scale: float, tables: Sequence[str], totals: operations.Totals, out: Bools
) -> Iterator[tuple[str, dict[str, pa.Array]]]:
    makers: dict[str, Callable[[], dict[str, pa.Array]]] = {
        "products": reference.product_columns,
        "stores": reference.store_columns,
        "promotions": reference.promotion_columns,
        "campaigns": lambda: reference.campaign_columns(scale),
        "fixed_costs": lambda: operations.fixed_cost_columns(scale),
        "marketing_spend": lambda: operations.spend_columns(stream(seed, "marketing_spend"), scale),
        "labour": lambda: operations.labour_columns(stream(seed, "labour"), totals),
        "ledger": lambda: operations.ledger_columns(totals),
    }
    for table in (table for table in makers if table in tables):
        yield table, makers[table]()
    if {"stock", "purchase_orders"} & set(tables):
        supply = operations.draw_supply(stream(seed, "supply"), totals.sold, out)
        made = {"stock": supply.stock, "purchase_orders": supply.purchases}
        yield from ((table, made[table]) for table in made if table in tables)
