"""What the shop knows of a contact besides orders: mailings, responses, panel, identities."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from marketing_kpi.data.simulation import arrow, calendar
from marketing_kpi.data.simulation import assortment as shop
from marketing_kpi.data.simulation import parameters as p
from marketing_kpi.data.simulation.arrow import SECONDS_PER_DAY, Ints
from marketing_kpi.data.simulation.customers import Contacts
from marketing_kpi.data.simulation.numbers import Numbers
from marketing_kpi.data.simulation.operations import NEWSLETTER
from marketing_kpi.data.simulation.orders import Lines, Members, Orders

RESPONSE_KINDS = ("open", "click", "visit", "review", "app", "service")
RESPONSE_SHARES = np.array([0.46, 0.17, 0.20, 0.05, 0.09, 0.03])
OPEN_SHARE, CLICK_SHARE = 0.36, 0.07  # of the contacted; who is brought to order did both
ENGAGED_RATE = 1 / 60  # responses a day of a contact who is engaged
ENGAGED_DAYS = 150.0  # after the registration or a purchase, on average
SYSTEMS = ("crm", "ecommerce", "pos", "app")
SYSTEM_SHARES = np.array([1.0, 0.72, 0.48, 0.27])


def member_columns(
    rng: np.random.Generator, members: tuple[Members, ...], numbers: Numbers
) -> dict[str, pa.Array]:
    """Return the table `campaign_members`."""
    customer = np.concatenate([m.customer for m in members])
    treated = np.concatenate([m.treated for m in members])
    mailing = np.repeat(np.arange(len(members)), [len(m.customer) for m in members])
    assigned = np.array([arrow.day_number(m.mailing.assigned) for m in members])[mailing]
    contacted = np.array([arrow.day_number(m.mailing.contacted) for m in members])[mailing]
    sent = contacted * SECONDS_PER_DAY + p.MAILED_BY - 1 - rng.integers(0, 1800, len(customer))
    return {
        "campaign_id": arrow.words([m.mailing.campaign_id for m in members], mailing),
        "customer_id": numbers.customers(customer),
        "arm": arrow.words(("control", "treatment"), treated.astype(np.int64)),
        "assigned_at": arrow.timestamps(assigned * SECONDS_PER_DAY + 8 * 3600),
        "contacted_at": arrow.timestamps(sent, null=~treated),
    }


def response_columns(
    rng: np.random.Generator, contacts: Contacts, members: tuple[Members, ...], numbers: Numbers
) -> dict[str, pa.Array]:
    """Return the table `responses`: to mailings, and of contacts while they are engaged."""
    newsletter = len(members)
    parts = [
        _everyday(rng, contacts, newsletter),
        *(_to_mailing(rng, m, i) for i, m in enumerate(members)),
    ]
    customer, at, kind, campaign = (np.concatenate(part) for part in zip(*parts, strict=True))
    shown = np.flatnonzero((at >= 0) & (at < calendar.END_SECOND))
    shown = shown[np.argsort(at[shown], kind="stable")]
    return {
        "customer_id": numbers.customers(customer[shown]),
        "at": arrow.timestamps(at[shown]),
        "kind": arrow.words(RESPONSE_KINDS, kind[shown]),
        "campaign_id": arrow.words(
            [*(m.mailing.campaign_id for m in members), NEWSLETTER.campaign_id], campaign[shown]
        ),
    }


def _everyday(
    rng: np.random.Generator, contacts: Contacts, newsletter: int
) -> tuple[Ints, Ints, Ints, Ints]:
    # each registration and each purchase opens a spell of interest
    who = np.concatenate([np.arange(len(contacts.registered)), contacts.buyer])
    began = np.concatenate([contacts.registered, contacts.day])
    length = rng.exponential(ENGAGED_DAYS, len(who))
    length *= np.where(np.arange(len(who)) < len(contacts.registered), 1.0, 0.25)
    spell = np.repeat(np.arange(len(who)), rng.poisson(length * ENGAGED_RATE))
    at = began[spell] * SECONDS_PER_DAY + (
        rng.random(len(spell)) * length[spell] * SECONDS_PER_DAY
    ).astype(np.int64)
    kind = calendar.draw_index(rng, len(spell), RESPONSE_SHARES)
    mail = kind <= 1
    refused = mail & ~contacts.opt_in[who[spell]]
    kind = np.where(refused, RESPONSE_KINDS.index("visit"), kind)
    campaign = np.where(mail & ~refused, newsletter, -1)
    return who[spell], at + SECONDS_PER_DAY // 2, kind, campaign


def _to_mailing(
    rng: np.random.Generator, members: Members, number: int
) -> tuple[Ints, Ints, Ints, Ints]:
    contacted = np.flatnonzero(members.treated)
    draw = rng.random(len(contacted))
    clicked = members.extra[contacted] | (draw < CLICK_SHARE)
    opened = clicked | (draw < OPEN_SHARE)
    who = np.concatenate(
        [members.customer[contacted[opened]], members.customer[contacted[clicked]]]
    )
    kind = np.repeat([0, 1], [opened.sum(), clicked.sum()])
    delay = np.concatenate([rng.exponential(9, opened.sum()), rng.exponential(12, clicked.sum())])
    sent = arrow.day_number(members.mailing.contacted) * SECONDS_PER_DAY + p.MAILED_BY
    at = sent + (np.minimum(delay, 24 * 20) * 3600).astype(np.int64)
    return who, at, kind, np.full(len(who), number)


def panel_columns(
    rng: np.random.Generator,
    contacts: Contacts,
    orders: Orders,
    lines: Lines,
    numbers: Numbers,
    share: float,
) -> dict[str, pa.Array]:
    """Return the table `category_spend` of a panel in the last 12 months.

    A member's total in a category and month is what was bought here plus what was bought
    elsewhere; rows without either are left out.
    """
    months, categories = 12, len(shop.CATEGORIES)
    buyers = np.unique(contacts.buyer[contacts.day >= calendar.LAST_YEAR])
    panel = np.sort(rng.permutation(buyers)[: max(round(p.PANEL_CUSTOMERS * share), 1)])
    place = np.full(len(contacts.registered), -1)
    place[panel] = np.arange(len(panel))
    member = np.where(orders.customer >= 0, place[orders.customer], -1)[lines.order]
    month = calendar.months()[orders.day[lines.order]] - 24
    ours = (member >= 0) & (month >= 0) & orders.valid[lines.order]
    cell = (member * months + month) * categories + shop.CATEGORY_OF[lines.product]
    spent = np.bincount(
        cell[ours],
        (lines.quantity * lines.unit_price)[ours],
        minlength=len(panel) * months * categories,
    ).astype(np.int64)
    elsewhere = np.round(
        100 * rng.gamma(p.PANEL_SHAPE, p.PANEL_SPEND_ELSEWHERE / p.PANEL_SHAPE, len(spent))
    ).astype(np.int64) * (rng.random(len(spent)) < p.PANEL_CATEGORY_SHARE)
    total = spent + elsewhere
    shown = np.flatnonzero(total > 0)
    first = [arrow.day_number(calendar.month_start(24 + i)) for i in range(months)]
    return {
        "customer_id": numbers.customers(panel[shown // (months * categories)]),
        "month": arrow.dates(np.array(first)[shown // categories % months]),
        "category": arrow.words(shop.CATEGORIES, shown % categories),
        "spend_total": arrow.money(total[shown]),
    }


def identity_columns(
    rng: np.random.Generator, contacts: Contacts, numbers: Numbers, before: int
) -> dict[str, pa.Array]:
    """Return the table `identities`."""
    size = len(contacts.registered)
    held = rng.random((size, len(SYSTEMS))) < SYSTEM_SHARES
    customer, system = np.nonzero(held)
    again = np.flatnonzero((system == 1) & (rng.random(len(system)) < p.DUPLICATE_IDENTITY_SHARE))
    customer = np.concatenate([customer, customer[again]])
    system = np.concatenate([system, system[again]])
    wrong = (system > 0) & (rng.random(len(system)) < p.WRONG_MATCH_SHARE)
    matched = np.where(wrong, rng.integers(0, size, len(customer)), customer)
    return {
        "source_system": arrow.words(SYSTEMS, system),
        "source_id": arrow.ids("X", np.arange(len(system)) + before + 1, width=8),
        "customer_id": numbers.customers(matched),
    }
