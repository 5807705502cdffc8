"""Whether the number of an order names one order is told by how the numbers lie in an extract."""

from __future__ import annotations

import itertools

import pandas as pd
import pytest

from marketing_kpi.data.quality import check
from marketing_kpi.data.sources import open_data

START = pd.Timestamp("2024-01-01")
COLUMNS = {
    "order_id": "ticket", "ordered_at": "jour", "store_id": "magasin", "customer_id": "client",
    "quantity": "qte", "line_amount": "montant",
}  # fmt: skip


def _clients(clients, *, greatest=0.0):
    """The client of each order: one of so many, the first of whom may have a share of them."""

    def client(number):
        if number % 100 < greatest * 100:
            return "C0"
        return f"C{number * 7919 % clients}"

    return client


def _late(orders, days, share, lag, client, *, lines=3, stores=1, last=1):
    """Sound orders, of which a share leaves its last lines a number of days later."""
    for number in range(orders):
        is_late = number * 37 % 100 < share * 100
        for line in range(lines):
            wait = lag if is_late and line >= lines - last else 0
            yield f"A{number}", number * days // orders + wait, f"S{line % stores}", client(number)


def _begin_again(days, period, a_day, client, *, stores=1, own=False, growth=0.0, lines=2):
    """Tickets of tills that begin at 1 again after a period, or never where it has no end."""
    for store in range(stores):
        numbers = itertools.count(1)
        for day in range(days):
            if day % period == 0:
                numbers = itertools.count(1)
            # No two stores sell as many tickets.
            several = round(a_day * (1 + growth * (day // period)))
            for _ in range(several + (day * 7 + store) % 3 + store % 4):
                ticket = f"S{store}-{next(numbers)}" if own else str(next(numbers))
                for _ in range(lines):
                    yield ticket, day, f"S{store}", client(store)


def _layaway(client):
    """A shop whose every tenth order is paid in four times, a month apart."""
    for number in range(900):
        for line in range(4 if number % 10 == 0 else 2):
            wait = 30 * line if number % 10 == 0 else 0
            yield f"A{number}", number * 300 // 900 + wait, "S0", client(number)


def _subscriptions(clients):
    """Clients who each have one order number for the year, and a line a month."""
    for number, month in itertools.product(range(clients), range(12)):
        yield f"AB{number}", 30 * month + number % 5, "S0", f"C{number}"


def _standing(orders, clients, times, apart):
    """Orders of a few clients, which begin within ten days and are each delivered many times."""
    for number, time in itertools.product(range(orders), range(times)):
        yield f"A{number}", number % 10 + apart * time, "S0", f"C{number % clients}"


def _no_store(rows):
    return ((ticket, day, None, client) for ticket, day, _, client in rows)


def _of_two_years(rows):
    """Numbers such as 17/2024: the last one is of the year, and most clients have both."""
    for ticket, day, _, client in rows:
        yield f"{ticket.removeprefix('A')}/{2024 + int(ticket[-1]) % 2}", day, None, client


def _till_last(rows):
    for ticket, day, store, client in rows:
        yield f"{ticket.partition('-')[2]}-{store}", day, None, client


def _account(store):
    return "COMPTOIR"


def _own_account(store):
    return f"CPT{store}"


def _nobody(_):
    return None


SOUND = {
    **{
        f"{clients} clients, a few days": _late(200, 10, 0.6, 5, _clients(clients))
        for clients in (1, 2, 3, 4, 5, 40)
    },
    **{
        f"{clients} clients, two years": _late(3000, 700, 0.1, 45, _clients(clients))
        for clients in (1, 2, 3, 4, 5, 40)
    },
    **{
        f"{clients} clients, three stores": _late(400, 10, 0, 0, _clients(clients), stores=3)
        for clients in (1, 2, 3, 4, 5, 40)
    },
    "one of 40 %, three stores": _late(400, 10, 0, 0, _clients(30, greatest=0.4), stores=3),
    "one of 35 %": _late(3000, 700, 0.1, 45, _clients(30, greatest=0.35)),
    "one of 90 %, late and of stores": _late(
        400, 30, 0.6, 5, _clients(30, greatest=0.9), stores=3
    ),
    "all in two deliveries": _late(200, 10, 1, 5, _clients(1), lines=2),
    "all in two deliveries, month after month": _late(3000, 31, 1, 45, _clients(40), lines=2),
    "nobody known, most late": _late(200, 10, 0.6, 5, _nobody),
    "nobody known, weeks late": _late(3000, 700, 0.1, 45, _nobody),
    "layaway": _layaway(_clients(300)),
    "layaway of one client": _layaway(_clients(1)),
    "layaway of nobody known": _layaway(_nobody),
    "all in two deliveries, no store": _no_store(_late(3000, 31, 1, 45, _clients(40), lines=2)),
    "subscriptions": _subscriptions(60),
    "few subscriptions": _subscriptions(5),
    "standing orders, week after week": _standing(60, 12, 5, 7),
    "standing orders, month after month": _standing(100, 20, 12, 30),
    "standing orders, no store": _no_store(_standing(60, 12, 5, 7)),
    "standing orders of few clients, no store": _no_store(_standing(60, 5, 4, 7)),
    "standing orders, the year after the number": _of_two_years(_standing(120, 20, 6, 60)),
}  # fmt: skip


def _opened(rows):
    frame = pd.DataFrame(list(rows), columns=["ticket", "jour", "magasin", "client"])
    frame["jour"] = START + pd.to_timedelta(frame["jour"], unit="D")
    columns = dict(COLUMNS)
    if frame["client"].isna().all():
        frame, _ = frame.drop(columns="client"), columns.pop("customer_id")
    if frame["magasin"].isna().all():
        frame, _ = frame.drop(columns="magasin"), columns.pop("store_id")
    frame = frame.assign(qte=1, montant=range(len(frame)))
    return open_data({"ventes": frame}, mapping={"columns": columns})


@pytest.mark.parametrize("rows", SOUND.values(), ids=SOUND)
def test_sound_numbers_are_no_error(rows):
    assert check(_opened(rows)).worst in ("info", "suspicious")


USED_AGAIN = {
    "daily, an account in each of 25 tills, no store": _no_store(
        _begin_again(30, 1, 10, _own_account, stores=25, own=True)
    ),
    "monthly, an account in each of 12 tills, no store": _no_store(
        _begin_again(365, 30, 1, _own_account, stores=12, own=True)
    ),
    "four months, an account in each of 15 tills, no store": _no_store(
        _begin_again(120, 30, 1, _own_account, stores=15, own=True)
    ),
    "two years, an account in each of 15 tills, no store": _no_store(
        _begin_again(730, 365, 1, _own_account, stores=15, own=True, lines=1)
    ),
    "daily, an account in each of 25 tills, the till after the number": _till_last(
        _begin_again(30, 1, 10, _own_account, stores=25, own=True)
    ),
    "daily, one account": _begin_again(120, 1, 15, _account),
    "daily, an account a till": _begin_again(28, 1, 30, _own_account, stores=5, own=True),
    "daily, an account in each of 40 tills": _begin_again(
        28, 1, 8, _own_account, stores=40, own=True
    ),
    "daily, nobody": _begin_again(28, 1, 15, _nobody),
    "daily, more every day": _begin_again(10, 1, 20, _account, growth=0.02),
    "weekly, one account": _begin_again(28, 7, 10, _account),
    "monthly, one account": _begin_again(365, 30, 5, _account),
    "monthly, an account a till": _begin_again(180, 30, 3, _own_account, stores=3, own=True),
    "monthly, nobody": _begin_again(365, 30, 5, _nobody, lines=1),
    "yearly, one account": _begin_again(730, 365, 3, _account),
    "yearly, nobody": _begin_again(730, 365, 3, _nobody, lines=1),
    "yearly, twice as many the second year": _begin_again(730, 365, 3, _account, growth=1),
    "three years, nobody": _begin_again(1095, 365, 2, _nobody, growth=0.5),
}


@pytest.mark.parametrize("rows", USED_AGAIN.values(), ids=USED_AGAIN)
def test_numbers_that_begin_again_are_an_error(rows):
    data = _opened(rows)
    assert "numbers_used_again" in {found.code for found in data.findings}
    assert check(data).worst == "error"


NEVER = 10**6
SHARED = {
    "by two stores on one day, one account": _begin_again(1, NEVER, 30, _account, stores=2),
    "by four stores, one account": _begin_again(200, NEVER, 10, _account, stores=4),
    "by four stores, an account each": _begin_again(200, NEVER, 10, _own_account, stores=4),
    "by four stores, nobody": _begin_again(200, NEVER, 10, _nobody, stores=4),
}


@pytest.mark.parametrize("rows", SHARED.values(), ids=SHARED)
def test_numbers_that_stores_share_are_an_error(rows):
    data = _opened(rows)
    assert {"numbers_shared", "numbers_used_again"} & {found.code for found in data.findings}
    assert check(data).worst == "error"


def test_the_store_is_asked_for_once_the_day_is_in_the_number():
    rows = list(_begin_again(28, 1, 15, _account, stores=2))
    frame = pd.DataFrame(rows, columns=["ticket", "jour", "magasin", "client"])
    frame["jour"] = START + pd.to_timedelta(frame["jour"], unit="D")
    columns = COLUMNS | {"order_id": ["ticket", "jour"]}
    data = open_data({"ventes": frame.assign(qte=1, montant=1)}, mapping={"columns": columns})
    found = next(found for found in data.findings if found.code == "numbers_shared")
    assert found.details["remedy"] == "order_id: [ticket, jour, magasin]"


def _contracts_of(clients, each, months, amount, client):
    """Contracts that each client numbers from 1, invoiced once a month."""
    for number, one in itertools.product(range(clients), range(each)):
        for month in range(months(number, one)):
            moment = START + pd.DateOffset(months=month) + pd.Timedelta(days=one)
            yield f"{number}-{one + 1:03}", moment, client(number), "P", amount + month


CONTRACTS = {
    "numbered by their clients": _contracts_of(
        6, 20, lambda number, one: 3 + (number + one) % 5, 100.0, lambda number: f"K{number}"
    ),
    "of nobody known": _contracts_of(60, 1, lambda *_: 12, 40.0, _nobody),
}


@pytest.mark.parametrize("rows", CONTRACTS.values(), ids=CONTRACTS)
def test_contracts_of_even_steps_are_no_error(rows):
    frame = pd.DataFrame(list(rows), columns=["ticket", "jour", "client", "article", "montant"])
    columns = {key: name for key, name in COLUMNS.items() if key != "store_id"}
    if frame["client"].isna().all():
        frame, _ = frame.drop(columns="client"), columns.pop("customer_id")
    columns |= {"product_id": "article"}
    data = open_data({"ventes": frame.assign(qte=1)}, mapping={"columns": columns})
    assert check(data).worst == "suspicious"
    assert "several_days" in {found.code for found in data.findings}


@pytest.mark.parametrize("apart", [0, 17])
def test_lines_of_several_stores_at_one_minute_are_of_one_order(apart):
    """Two warehouses deliver; or two tills reach a number some minutes apart, and share it."""
    rows = [
        (f"W{n}", START + pd.Timedelta(hours=7 * n, minutes=1 + apart * line), f"M{line}")
        for n in range(200)
        for line in range(2)
    ]
    frame = pd.DataFrame(rows, columns=["ticket", "jour", "magasin"])
    columns = {key: name for key, name in COLUMNS.items() if key != "customer_id"}
    data = open_data({"v": frame.assign(qte=1, montant=5)}, mapping={"columns": columns})
    assert ("numbers_shared" in {found.code for found in data.findings}) is bool(apart)
