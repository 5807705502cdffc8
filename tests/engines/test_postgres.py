"""A PostgreSQL server opened by its URL: read as it is, left as it is, and no secret told."""

import ibis
import pytest

import marketing_kpi as mk
from marketing_kpi import experiments, lifecycle
from marketing_kpi.errors import EngineError, SourceError

YEAR = {"start": "2025-01-01", "end": "2026-01-01"}
SHOP = """
    CREATE TYPE state AS ENUM ('delivered', 'cancelled');
    CREATE TABLE orders (
        order_id uuid, customer_id char(6), ordered_at timestamptz, status state, amount numeric,
        channel varchar(10)
    );
    INSERT INTO orders VALUES
        (gen_random_uuid(), 'ann', '2025-03-01 12:00+01', 'delivered', 12.5, 'web'),
        (gen_random_uuid(), 'bob', '2025-03-02 12:00+01', 'cancelled', 99, 'web'),
        (gen_random_uuid(), 'ann', '2025-04-01 12:00+02', 'delivered', 7.5, 'store');
"""
# Everything that is no table of a session, and how many rows were ever written to it.
HELD = """
    SELECT c.oid, c.relname, c.relkind, s.n_tup_ins, s.n_tup_upd, s.n_tup_del
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_stat_user_tables s ON s.relid = c.oid
    WHERE nspname NOT LIKE 'pg_%' AND nspname <> 'information_schema' AND relpersistence <> 't'
    ORDER BY c.oid
"""


@pytest.fixture(scope="module")
def postgres_small(postgres_server):
    """A server with a small database, and one user who may only read."""
    postgres_server.run("CREATE DATABASE small")
    for statement in (
        SHOP,
        "CREATE SCHEMA other",
        "CREATE TABLE invoices (id xml, found tsvector, at point)",
        "CREATE VIEW monthly AS SELECT count(*) FROM orders",
        "CREATE TABLE other.orders AS SELECT 'x' AS order_id, now() AS ordered_at, 5.0 AS amount",
    ):
        postgres_server.run(statement, database="small")
    return postgres_server


@pytest.fixture(scope="module")
def postgres_reader(postgres_shop):
    """The URL of the shop for a user who may write nothing, not even for a while."""
    for statement in (
        "CREATE ROLE reader LOGIN PASSWORD 'peek'",
        "ALTER ROLE reader SET default_transaction_read_only = on",
        "REVOKE TEMPORARY ON DATABASE shop FROM PUBLIC",
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader",
    ):
        postgres_shop.run(statement, database="shop")
    return postgres_shop.url("shop", user="reader", password="peek")


@pytest.fixture(params=["URL", "connection"])
def postgres_read(request, postgres_reader):
    """What that user sees, opened by its URL and by a connection of Ibis."""
    own = ibis.connect(postgres_reader) if request.param == "connection" else None
    with mk.open_data(own or postgres_reader) as data:
        yield data
    if own is not None:
        assert type(own) is ibis.backends.postgres.Backend
        own.disconnect()


def by_channel(data):
    table = mk.compute(["orders", "net_sales"], data, by=["channel"], **YEAR)
    return table.execute().astype({"net_sales": float}).to_dict("list")


def test_types_of_postgres_are_read(postgres_small):
    with mk.open_data(postgres_small.url("small")) as data:
        expected = {"channel": ["store", "web"], "orders": [1, 1], "net_sales": [7.5, 12.5]}
        assert by_channel(data) == expected
        assert data.orders.customer_id.nunique().execute() == 2
        assert {finding.code for finding in data.findings} == {"utc_times"}


def test_tables_of_others_beside_ours_are_left_alone(postgres_small):
    with mk.open_data(postgres_small.url("small")) as data:
        assert list(data.tables) == ["orders"]


def test_the_schema_of_a_url_is_the_one_that_is_read(postgres_small):
    with mk.open_data(postgres_small.url("small", schema="/other")) as data:
        assert data.orders.amount.sum().execute() == 5


@pytest.mark.parametrize("database", ["small", "nowhere"])
def test_an_error_never_shows_the_password(postgres_small, monkeypatch, database):
    monkeypatch.setenv("SHOP_PASSWORD", "not the secret")
    url = postgres_small.url(database, password="${SHOP_PASSWORD}")
    with pytest.raises(SourceError) as caught:
        mk.open_data(url)
    assert "authentication failed" in caught.value.message
    chain = [caught.value, caught.value.__cause__, caught.value.__context__]
    assert "not the secret" not in "".join(map(repr, chain)) + str(caught.value)


def held(server):
    return server.run(HELD, database="shop").fetchall()


def test_nothing_is_left_in_the_database(postgres_shop):
    before = held(postgres_shop)
    with mk.open_data(postgres_shop.url("shop")) as data:
        members = experiments.members(data, campaign="spring_mail", window_days=28)
        experiments.compare(members, outcome="bought")
        kept = data.keep(data.orders.select("order_id"))
        assert kept.op().name in temporary(postgres_shop)
    assert held(postgres_shop) == before
    assert temporary(postgres_shop) == []


def temporary(server):
    """Return the names of the temporary tables of all sessions."""
    found = server.run("SELECT relname FROM pg_class WHERE relpersistence = 't'", database="shop")
    return [name for (name,) in found]


def test_a_user_who_may_only_read_gets_the_same_digits(postgres_read, open_shop):
    for asked in (by_channel, compared):
        assert asked(postgres_read) == asked(open_shop("duckdb"))


def compared(data):
    members = experiments.members(data, campaign="spring_mail", window_days=28)
    found = experiments.incremental(members, cost=100.0, margin_rate=0.4)
    return {name: pytest.approx(value, rel=1e-9) for name, value in found.revenue._asdict().items()}


def test_what_needs_a_temporary_table_is_refused_without_the_right_to_one(postgres_read):
    with pytest.raises(
        EngineError, match="postgres lets this user make no temporary table"
    ) as told:
        lifecycle.advise(postgres_read, as_of=YEAR["end"])
    assert "GRANT TEMPORARY" in told.value.hint
