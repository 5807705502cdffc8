"""Data opened once and questions asked once, in a process that shares what it opens."""

import os

import pandas as pd
import pytest

import marketing_kpi as mk
from marketing_kpi.data import engine, keeping, sharing


@pytest.fixture
def asked(monkeypatch):
    """The questions that reach the engine, in their order."""
    questions, real = [], engine.Backend._to_duckdb_relation

    def counted(self, expr, **options):
        questions.append(expr)
        return real(self, expr, **options)

    monkeypatch.setattr(engine.Backend, "_to_duckdb_relation", counted)
    return questions


@pytest.fixture
def shared(monkeypatch):
    monkeypatch.setattr(sharing, "_shared", None)
    monkeypatch.setattr(keeping, "_held", None)
    sharing.share()
    opened = sharing._shared.opened
    yield opened
    for table in sharing._shared.kept:  # a process that shares ends without this
        table.release()
    for data in opened.values():
        data.close()


@pytest.fixture
def path(tmp_path):
    frame = pd.DataFrame(
        {
            "order_id": ["1", "2"],
            "ordered_at": pd.to_datetime(["2025-01-05", "2025-02-05"]),
            "amount": [10.0, 30.0],
        }
    )
    frame.to_csv(tmp_path / "orders.csv", index=False)
    return tmp_path / "orders.csv"


def total(data):
    return data.orders.amount.sum().to_pyarrow().as_py()


@pytest.mark.usefixtures("shared")
def test_what_is_asked_again_is_answered_as_before(path, asked):
    one, two = mk.open_data(path), mk.open_data(path)
    assert one.connection is two.connection
    asked.clear()
    assert [total(one), total(two)] == [40, 40]
    first, again = one.orders.execute(), two.orders.execute()
    assert len(asked) == 2
    pd.testing.assert_frame_equal(first, again)
    assert two.orders.count().execute() == len(again)
    assert two.orders.limit(1).execute().shape[0] == two.orders.execute(limit=1).shape[0] == 1


@pytest.mark.usefixtures("shared")
def test_an_answer_that_is_changed_changes_no_other(path):
    data = mk.open_data(path)
    frame = data.orders.execute()
    frame.loc[:, "amount"] = 0
    frame["more"] = 1
    assert data.orders.execute()["amount"].sum() == 40
    assert "more" not in data.orders.execute()
    column = data.orders.amount.execute()
    column[:] = 0
    assert data.orders.amount.execute().sum() == 40


@pytest.mark.usefixtures("shared")
def test_who_closes_the_data_closes_them_for_nobody_else(path):
    with mk.open_data(path) as data:
        assert total(data) == 40
    assert total(mk.open_data(path)) == 40


@pytest.mark.usefixtures("shared")
def test_a_file_that_changed_is_opened_anew(path):
    assert total(mk.open_data(path)) == 40
    text = path.read_text().replace("30.0", "50.0")
    path.write_text(text)
    os.utime(path, ns=(1, 1))
    assert total(mk.open_data(path)) == 60


@pytest.mark.usefixtures("shared")
def test_other_rules_are_other_data(path):
    mapping = {"kind": "tables", "format": {"decimal": "."}}
    one, two = mk.open_data(path), mk.open_data(path, mapping=mapping)
    assert one.connection is not two.connection


@pytest.mark.usefixtures("shared")
def test_what_is_kept_is_made_once(path, asked):
    one, two = mk.open_data(path), mk.open_data(path)
    rows = one.orders.filter(one.orders.amount > 10)
    with keeping.keeping(rows) as kept:
        assert kept.count().execute() == 1
    asked.clear()
    again = two.keep(two.orders.filter(two.orders.amount > 10))
    assert again.count().execute() == 1
    assert asked == []


@pytest.mark.usefixtures("shared")
def test_tables_of_large_files_are_not_held(path, monkeypatch):
    monkeypatch.setattr(sharing, "LARGEST_HELD", 10)
    data = mk.open_data(path)
    with keeping.keeping(data.orders.filter(data.orders.amount > 10)) as kept:
        name = kept.op().name
        assert name in data.connection.list_tables()
    assert name not in data.connection.list_tables()
    assert sharing._shared.kept == []


@pytest.mark.usefixtures("shared")
def test_a_large_answer_is_asked_for_again(path, asked, monkeypatch):
    data = mk.open_data(path)
    monkeypatch.setattr(engine, "LARGEST_REMEMBERED", 10)
    asked.clear()
    for _ in range(2):
        assert len(data.orders.execute()) == 2
    assert len(asked) == 2


def test_nothing_is_shared_that_nobody_asked_to_share(path, asked):
    with mk.open_data(path) as one, mk.open_data(path) as two:
        assert one.connection is not two.connection
        asked.clear()
        assert total(one) == total(one)
        assert len(asked) == 2
