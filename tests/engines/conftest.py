"""A part of the demo shop on each engine: pandas, DuckDB, a PostgreSQL server, and Spark."""

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import duckdb
import ibis
import pandas as pd
import pytest

import marketing_kpi as mk

from .shops import show_to_spark, spark_of_one_process, write_part

OWNER, PASSWORD = "owner", "a secret of the tests"
# Servers refuse to run as root: as any of these then, of which each system has one.
UNPRIVILEGED = ("postgres", "nobody")


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """The part of the demo shop, a Parquet file a table."""
    made = tmp_path_factory.mktemp("shop")
    write_part(made)
    return made


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server of the tests: reached by a socket in its folder, and no other way."""

    folder: Path

    def url(self, database, *, user=OWNER, password=PASSWORD, schema=""):
        return f"postgres:///{database}{schema}?host={self.folder}&user={user}&password={password}"

    def run(self, statement, *, database="postgres"):
        """Run a statement as the owner."""
        with self.connected(database) as connection:
            return connection.execute(statement)

    def connected(self, database):
        import psycopg

        return psycopg.connect(
            host=str(self.folder), user=OWNER, password=PASSWORD, dbname=database, autocommit=True
        )


def program(name):
    """Return the path of a program of PostgreSQL, which Debian keeps off the path."""
    versions = Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
    newest = max(versions, key=lambda path: int(path.parts[-3]), default=None)
    return shutil.which(name) or str(newest)


@pytest.fixture(scope="session")
def postgres_server():
    """A server with an empty database cluster, stopped and removed at the end."""
    # Not in pytest's own folder: its name is too long for a socket.
    with tempfile.TemporaryDirectory(prefix="mk-pg-") as made:
        folder, rights = Path(made), {}
        if os.geteuid() == 0:
            import pwd  # which Windows lacks

            known = {entry.pw_name: entry for entry in pwd.getpwall()}
            entry = next(known[name] for name in UNPRIVILEGED if name in known)
            rights = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
            os.chown(folder, entry.pw_uid, entry.pw_gid)

        def run(*command):
            quiet = {"stdout": subprocess.DEVNULL, "cwd": folder, "check": True}
            subprocess.run([*map(str, command)], **quiet, **rights)

        data, secret = folder / "data", folder / "secret"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        run(
            *(program("initdb"), "--pgdata", data, "--username", OWNER, "--pwfile", secret),
            *("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync"),
        )
        options = f"-k {folder} -c listen_addresses='' -c fsync=off"
        control = (program("pg_ctl"), "--pgdata", data, "--wait")
        run(*control, "--log", folder / "log", "--options", options, "start")
        try:
            yield Server(folder)
        finally:
            run(*control, "--mode", "immediate", "stop")


@pytest.fixture(scope="session")
def postgres_shop(postgres_server, folder):
    """The part of the demo shop as a database, its columns of the types that the files have."""
    postgres_server.run("CREATE DATABASE shop")
    with duckdb.connect() as files, postgres_server.connected("shop") as shop:
        for path in sorted(folder.glob("*.parquet")):
            schema = ibis.read_parquet(path).schema()
            columns = [one.sql("postgres") for one in schema.to_sqlglot_column_defs("postgres")]
            shop.execute(f"CREATE TABLE {path.stem} ({', '.join(columns)})")
            text = path.with_suffix(".csv")
            files.execute(f"COPY (FROM '{path}') TO '{text}' (HEADER false)")
            with shop.cursor().copy(f"COPY {path.stem} FROM STDIN (FORMAT csv)") as rows:
                rows.write(text.read_bytes())
            text.unlink()
        shop.execute("ANALYZE")
    return postgres_server


@pytest.fixture(scope="session")
def spark_session():
    """A Spark of one process."""
    session = spark_of_one_process()
    yield session
    session.stop()


@pytest.fixture(scope="session")
def pandas_data(folder):
    with mk.open_data(
        {path.stem: pd.read_parquet(path) for path in folder.glob("*.parquet")}
    ) as it:
        yield it


@pytest.fixture(scope="session")
def duckdb_data(folder):
    with mk.open_data(folder) as data:
        yield data


@pytest.fixture(scope="session")
def postgres_data(postgres_shop):
    with mk.open_data(postgres_shop.url("shop")) as data:
        yield data


@pytest.fixture(scope="session")
def spark_data(spark_session, folder):
    show_to_spark(spark_session, folder)
    with mk.open_data(ibis.pyspark.connect(spark_session)) as data:
        yield data


@pytest.fixture(scope="session")
def open_shop(request):
    """Return the shop on an engine by its name."""
    return lambda engine: request.getfixturevalue(f"{engine}_data")
