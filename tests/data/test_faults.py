"""What may fail around the data while they are read: said in two lines, nothing left by halves."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import duckdb
import ibis
import pandas as pd
import pytest

import marketing_kpi as mk
from marketing_kpi import rfm
from marketing_kpi.data import reading, sources
from marketing_kpi.data.faults import made_telling
from marketing_kpi.data.sources import open_data
from marketing_kpi.errors import EngineError, MarketingKpiError, SourceError

ASKED = ["orders", "net_sales"]


def orders_of(count, *, amount=1.0):
    at = pd.Timestamp("2025-01-01") + pd.to_timedelta(range(count), unit="h")
    ids = [f"O{number:06}" for number in range(count)]
    customers = [f"C{number % 97}" for number in range(count)]
    columns = {"order_id": ids, "customer_id": customers, "ordered_at": at, "amount": amount}
    return pd.DataFrame(columns)


def write(path, frame):
    """Write a Parquet file beside its place and put it there, as programs do."""
    beside = path.with_name("new")
    frame.to_parquet(beside, coerce_timestamps="us", allow_truncated_timestamps=True)
    beside.replace(path)


def database(path, count=5):
    with duckdb.connect(path) as shop:
        shop.register("frame", orders_of(count))
        shop.execute("CREATE TABLE orders AS SELECT * FROM frame")
    return path


def assert_told(error, *words):
    """An error of ours is one line, and a hint of one line, in words and not in SQL."""
    assert isinstance(error, MarketingKpiError)
    for text in (error.message, error.hint):
        assert text
        assert "\n" not in text
        assert len(text) < 400
        assert "SELECT" not in text
    for word in words:
        assert word in error.message


def answer(data):
    return mk.compute(ASKED, data).execute()


# --- a Parquet file that is replaced while it is in use


def replaced_by_more(path):
    write(path, orders_of(500))


def replaced_by_as_many(path):
    write(path, orders_of(50, amount=2.0))


def replaced_by_other_columns(path):
    write(path, orders_of(50).rename(columns={"amount": "montant"}))


def replaced_by_other_types(path):
    write(path, orders_of(50).assign(amount="12"))


def truncated(path):
    path.write_bytes(path.read_bytes()[:200])


def removed(path):
    path.unlink()


QUESTIONS = {
    "compute": answer,
    "check": mk.check,
    "a chapter": lambda data: rfm.summary(data.orders, as_of="2026-01-01").execute(),
    "a table": lambda data: data.orders.to_pyarrow(),
    "kept": lambda data: data.keep(data.orders),
}
CHANGES = [
    replaced_by_more,
    replaced_by_as_many,
    replaced_by_other_columns,
    replaced_by_other_types,
    truncated,
    removed,
]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("question", QUESTIONS)
def test_a_parquet_file_that_changed_since_it_was_opened_is_refused(tmp_path, question, change):
    path = tmp_path / "orders.parquet"
    write(path, orders_of(50))
    with open_data(path) as data:
        assert answer(data)["orders"].tolist() == [50]
        change(path)
        with pytest.raises(SourceError) as caught:
            QUESTIONS[question](data)
        assert_told(caught.value, "orders.parquet", "since it was opened")
        assert "open the data again" in caught.value.hint
    if change is replaced_by_more:
        with open_data(path) as data:
            assert answer(data)["orders"].tolist() == [500]


def test_one_part_that_changed_is_named(tmp_path):
    folder = tmp_path / "orders"
    folder.mkdir()
    write(folder / "part-1.parquet", orders_of(50))
    write(folder / "part-2.parquet", orders_of(100)[50:])
    with open_data(folder) as data:
        assert answer(data)["orders"].tolist() == [100]
        write(folder / "part-2.parquet", orders_of(100)[60:])
        with pytest.raises(SourceError, match=r"part-2\.parquet was replaced"):
            answer(data)


def test_a_file_that_changes_under_a_question_that_runs_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "orders.parquet"
    write(path, orders_of(50))
    with open_data(path) as data:
        connection = type(data.connection).__mro__[2]
        run = connection.execute

        def slow(self, *arguments, **options):
            found = run(self, *arguments, **options)
            write(path, orders_of(500))
            return found

        monkeypatch.setattr(connection, "execute", slow)
        with pytest.raises(SourceError, match="was replaced"):
            data.orders.count().execute()


# --- a text that changes while it is read


@pytest.mark.parametrize("name", ["orders.csv", "orders.csv.gz"])
@pytest.mark.parametrize("left", [0.1, 0.6, 0.999])
def test_a_csv_cut_short_while_it_is_read_is_refused(tmp_path, monkeypatch, name, left):
    text = orders_of(2000).to_csv(index=False).encode()
    path = tmp_path / name
    path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    examine = reading.formats.examine

    def cutting(file, **options):
        found = examine(file, **options)
        content = file.read_bytes()
        file.write_bytes(content[: int(len(content) * left)])
        return found

    monkeypatch.setattr(reading.formats, "examine", cutting)
    with pytest.raises(SourceError) as caught:
        open_data(path)
    assert_told(caught.value, name, "since it was opened")


def test_a_text_that_was_read_may_change(tmp_path):
    path = tmp_path / "orders.csv"
    orders_of(50).to_csv(path, index=False)
    with open_data(path) as data:
        path.unlink()
        assert answer(data)["orders"].tolist() == [50]


# --- the connection


def test_data_that_were_closed_say_so(tmp_path):
    data = open_data({"orders": orders_of(50)})
    data.close()
    with pytest.raises(EngineError) as caught:
        mk.compute("orders", data)
    assert_told(caught.value, "closed")
    data.close()


def test_an_engine_that_is_interrupted_says_so_and_goes_on():
    with open_data({"orders": orders_of(20_000)}) as data:
        pairs = data.orders.cross_join(data.orders.view())
        done = threading.Event()

        def interrupt():
            while not done.wait(0.05):
                data.connection.con.interrupt()

        thread = threading.Thread(target=interrupt)
        thread.start()
        with pytest.raises(EngineError) as caught:
            pairs.aggregate(n=(pairs.amount + pairs.amount_right).std()).execute()
        done.set()
        thread.join()
        assert_told(caught.value, "interrupted")
        assert mk.compute("orders", data)["orders"].tolist() == [20_000]


def test_a_connection_that_is_lost_before_it_is_read_says_so():
    connection = ibis.duckdb.connect()
    connection.create_table("orders", orders_of(5))
    connection.disconnect()
    with pytest.raises(EngineError) as caught:
        open_data(connection)
    assert_told(caught.value, "Ibis connection")


def test_a_connection_of_a_url_that_is_lost_later_says_so_without_its_secrets(monkeypatch):
    monkeypatch.setenv("SHOP_PASSWORD", "hunter2")
    made = ibis.duckdb.connect()
    made.create_table("orders", orders_of(5))
    monkeypatch.setattr(ibis, "connect", lambda _address: made)
    data = open_data("postgres://anna:${SHOP_PASSWORD}@db.example/shop")
    asked = mk.compute("orders", data)
    assert asked.execute()["orders"].tolist() == [5]

    class OperationalError(Exception):
        """What every driver calls a fault that is not the question's (PEP 249)."""

    def dropped(*_arguments, **_options):
        raise OperationalError("server closed the connection of anna:hunter2\nSELECT 1, 2, 3")

    monkeypatch.setattr(type(data.connection).__mro__[1], "execute", dropped)
    with pytest.raises(EngineError) as caught:
        asked.execute()
    assert_told(caught.value, "server closed the connection of anna:***")
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_wrong_question_stays_what_the_engine_says():
    with open_data({"orders": orders_of(5)}) as data, pytest.raises(duckdb.CatalogException):
        data.connection.raw_sql("SELECT * FROM nowhere")
    connection = made_telling(ibis.sqlite.connect(), shown=str)
    with pytest.raises(Exception, match="no such table"):
        connection.raw_sql("SELECT * FROM nowhere").fetchall()
    connection.disconnect()


def test_what_is_left_to_release_is_released_after_one_that_cannot_be():
    released = []

    def lost():
        raise EngineError("lost")

    data = mk.Data(None, {}, on_close=(lost, lambda: released.append("store")))
    with pytest.raises(EngineError, match="lost"):
        data.close()
    assert released == ["store"]


# --- one DuckDB file, two programs

HOLD = """
import sys, duckdb
held = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == "to read")
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def held(path, how):
    """Have another process hold a DuckDB file open."""
    command = [sys.executable, "-c", HOLD, str(path), how]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline().strip() == b"held"
        yield
        other.stdin.close()
        assert other.wait() == 0


@pytest.mark.parametrize("scheme", ["", "duckdb://"])
def test_a_duckdb_file_that_another_program_writes_is_refused(tmp_path, scheme):
    path = database(tmp_path / "shop.duckdb")
    with held(path, "to write"), pytest.raises(SourceError) as caught:
        open_data(f"{scheme}{path}")
    assert_told(caught.value, "shop.duckdb is open for writing")
    with open_data(path) as data:
        assert answer(data)["orders"].tolist() == [5]


def test_a_duckdb_file_that_this_program_writes_is_refused(tmp_path):
    path = database(tmp_path / "shop.duckdb")
    with duckdb.connect(path), pytest.raises(SourceError) as caught:
        open_data(path)
    assert_told(caught.value, "shop.duckdb is open for writing")


def test_two_programs_read_one_duckdb_file_at_once(tmp_path):
    path = database(tmp_path / "shop.duckdb")
    with held(path, "to read"), open_data(path) as data, open_data(path) as again:
        assert answer(data)["orders"].tolist() == answer(again)["orders"].tolist() == [5]


def test_a_damaged_duckdb_file_is_not_said_to_be_in_use(tmp_path):
    path = tmp_path / "shop.duckdb"
    path.write_bytes(b"\0" * 8 + b"DUCK" + b"\0" * 8000)
    with pytest.raises(SourceError) as caught:
        open_data(path)
    assert_told(caught.value, "cannot be opened as a DuckDB database")
    assert duckdb.__version__ in caught.value.hint


# --- memory and disk

WIDE = "lpad(i::VARCHAR, 50, '0')"


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """Orders whose ids take more memory than the engine will have."""
    path = tmp_path_factory.mktemp("large") / "orders.parquet"
    columns = (
        f"{WIDE} AS order_id, {WIDE} AS customer_id, DATE '2025-01-01' AS ordered_at, 1 AS amount"
    )
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT {columns} FROM range(400000) t(i)) TO '{path}'")
    return path


def test_a_disk_that_is_full_while_the_engine_spills_says_so(large):
    with open_data(large, memory_limit="500MB") as data:
        data.connection.raw_sql("SET threads = 1; SET max_temp_directory_size = '1MB'")
        data.connection.raw_sql("SET memory_limit = '50MB'")
        by_order = data.orders.group_by("order_id").aggregate(n=data.orders.count())
        with pytest.raises(EngineError) as caught:
            by_order.n.sum().execute()
        assert_told(caught.value, "could not use the disk")
        assert "TMPDIR" in caught.value.hint
        data.connection.raw_sql("SET memory_limit = '500MB'")
        assert answer(data)["orders"].tolist() == [400_000]


@pytest.mark.parametrize("limit", ["1MB", "5MB"])
def test_a_memory_that_is_too_short_to_open_the_data_says_so(large, limit, tmp_path, monkeypatch):
    monkeypatch.setattr(sources.open_store.__globals__["tempfile"], "tempdir", str(tmp_path))
    with pytest.raises(EngineError) as caught:
        open_data(large, memory_limit=limit)
    assert_told(caught.value, "not enough memory")
    assert "memory_limit=" in caught.value.hint
    assert not list(tmp_path.iterdir())


# --- from the command line

ON_A_SMALL_DISK = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)),) * 2)
from marketing_kpi.cli import main
main()
"""


def command(*arguments, folder, largest_file=2**40):
    """Run our command where no file can be larger than that, as where a disk is full."""
    temporary = folder / "temporary"
    temporary.mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-c", ON_A_SMALL_DISK, str(largest_file), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "TMPDIR": str(temporary)},
        cwd=folder,
    )
    assert not list(temporary.iterdir())
    return done


def assert_two_lines(done, *words):
    assert done.returncode == 2, done.stderr
    error, hint = done.stderr.strip().splitlines()
    assert error.startswith("error: ")
    assert hint.startswith("hint: ")
    for word in words:
        assert word in error


def test_a_command_on_a_file_in_use_ends_with_two_lines_and_writes_nothing(tmp_path):
    path = database(tmp_path / "shop.duckdb")
    with held(path, "to write"):
        done = command("check", path, "--out", tmp_path / "out", folder=tmp_path)
    assert_two_lines(done, "shop.duckdb is open for writing")
    assert not (tmp_path / "out").exists()


def test_a_command_whose_engine_has_no_disk_ends_with_two_lines(tmp_path):
    path = tmp_path / "orders.csv"
    orders_of(50_000).to_csv(path, index=False)
    out = tmp_path / "out"
    done = command("check", path, "--out", out, folder=tmp_path, largest_file=300_000)
    assert_two_lines(done, "could not use the disk")
    assert not out.exists()


def test_a_page_that_cannot_be_written_leaves_the_one_before_whole(tmp_path):
    path, out = database(tmp_path / "shop.duckdb"), tmp_path / "out"
    assert command("check", path, "--out", out, folder=tmp_path).returncode == 0
    before = {file.name: file.read_bytes() for file in out.iterdir()}
    assert min(map(len, before.values())) > 500
    database(path.with_name("other.duckdb"), count=7)
    # The engine writes nothing for a database that it reads where it is, but its own empty store.
    done = command(
        "check", path.with_name("other.duckdb"), "--out", out, folder=tmp_path, largest_file=13_000
    )
    assert_two_lines(done)
    assert {file.name: file.read_bytes() for file in out.iterdir()} == before


def test_the_command_says_what_its_exit_codes_are(tmp_path):
    told = command("--help", folder=tmp_path).stdout
    assert "2: not done" in " ".join(told.split())
    assert Path(tmp_path / "temporary").is_dir()
