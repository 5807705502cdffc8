"""Pages that an earlier run made: reused when nothing has changed, and only then."""

import json
import os
import shutil
from datetime import date

import pytest

from marketing_kpi.kpis.periods import periods
from marketing_kpi.report import cache as cache_module
from marketing_kpi.report import inputs, keys, run
from marketing_kpi.report.cache import FOLDER, Cache, Entry
from marketing_kpi.report.execute import Job
from marketing_kpi.report.inputs import Inspection, inspect, look
from marketing_kpi.report.keys import Recipe

KEY = "0" * 64
ENTRY = Entry("2026-01-01T00:00:00+00:00", 1.5, '{"html": "<p>é</p>"}')


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    """A user whose key is of this test."""
    monkeypatch.setattr(cache_module, "user_cache", lambda: tmp_path / "home")


@pytest.fixture
def kept(tmp_path):
    """A cache with one entry, and the entry's file."""
    cache = Cache(tmp_path)
    cache.store(KEY, ENTRY)
    return cache, tmp_path / FOLDER / f"{KEY}.json"


def test_what_is_stored_is_found_again(kept):
    cache, path = kept
    assert cache.load(KEY) == ENTRY
    assert cache.load("1" * 64) is None
    assert [found.name for found in path.parent.iterdir()] == [path.name]


def nested(path):
    path.write_text("[" * 100_000, encoding="utf-8")


def changed(path):
    path.write_text(path.read_text("utf-8").replace("<p>", "<i>"), encoding="utf-8")


def torn(path):
    path.write_bytes(path.read_bytes()[:-20])


def unreadable(path):
    path.write_bytes(b"\x80\x04\x95")


def of_another_kind(path):
    path.write_text('{"seal": 1, "colour": []}', encoding="utf-8")


def without_seal(path):
    content = json.loads(path.read_text("utf-8"))
    del content["seal"]
    path.write_text(json.dumps(content), encoding="utf-8")


def a_list(path):
    path.write_text("[]", encoding="utf-8")


def a_pipe(path):
    path.unlink()
    os.mkfifo(path)


def a_link(path):
    elsewhere = path.with_name("elsewhere")
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


def a_folder(path):
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    "spoil",
    [nested, changed, torn, unreadable, of_another_kind, without_seal, a_list, a_pipe, a_link,
     a_folder],
)  # fmt: skip
def test_a_file_that_is_no_entry_of_ours_counts_as_absent(kept, spoil):
    cache, path = kept
    spoil(path)
    assert cache.load(KEY) is None


def test_an_entry_serves_its_own_key_and_its_own_user_only(kept, tmp_path, monkeypatch):
    cache, path = kept
    shutil.copy(path, path.with_name(f"{'1' * 64}.json"))
    assert cache.load("1" * 64) is None
    monkeypatch.setattr(cache_module, "user_cache", lambda: tmp_path / "another")
    assert cache.load(KEY) is None


def test_a_folder_that_takes_nothing_stops_nothing(tmp_path):
    (tmp_path / FOLDER).write_text("in the way", encoding="utf-8")
    cache = Cache(tmp_path)
    cache.store(KEY, ENTRY)
    cache.trim()
    assert cache.load(KEY) is None


def test_the_entries_unused_for_longest_go_first_and_no_other_file_does(tmp_path):
    cache = Cache(tmp_path, max_bytes=450)
    for number in range(4):
        cache.store(str(number) * 64, ENTRY)
        os.utime(tmp_path / FOLDER / f"{str(number) * 64}.json", (number, number))
    assert cache.load("0" * 64) == ENTRY  # used now, so the youngest
    for name, age in {"new-a.json.tmp": 0, "new-b.json.tmp": None, "notes.txt": 0}.items():
        (tmp_path / FOLDER / name).write_text("x", encoding="utf-8")
        if age is not None:
            os.utime(tmp_path / FOLDER / name, (age, age))
    cache.trim()
    left = {path.name for path in (tmp_path / FOLDER).iterdir()}
    assert left == {f"{'0' * 64}.json", f"{'3' * 64}.json", "new-b.json.tmp", "notes.txt"}


def job(folder, **parameters):
    return Job("b", "05", "en", folder / "en" / "05_a.ipynb", {"lang": "en", **parameters})


@pytest.fixture
def plain(tmp_path, new_lesson):
    """A lesson with a cell for students, and the data."""
    folder = tmp_path / "lessons"
    new_lesson(folder, "05_a.ipynb", ("one", "1 + 1"), ("two", "2 + 2", "lesson"))
    (tmp_path / "orders.csv").write_text("a", encoding="utf-8")
    return folder, tmp_path / "orders.csv"


def key_of(plain, **parameters):
    folder, data = plain
    return Recipe.now().page(job(folder, **parameters), source=look(str(data), mapping=None))


def test_a_key_changes_with_each_thing_that_counts(plain, tmp_path, new_lesson, monkeypatch):
    before = key_of(plain)
    assert key_of(plain) == before
    different = [key_of(plain, classes=4), key_of(plain, locale="en_CA")]
    plain[1].write_text("b", encoding="utf-8")
    different.append(key_of(plain))
    plain[1].write_text("a", encoding="utf-8")
    new_lesson(plain[0], "05_a.ipynb", ("one", "1 + 2"))
    different.append(key_of(plain))
    new_lesson(plain[0], "05_a.ipynb", ("one", "1 + 1"))
    assert key_of(plain) == before  # the cells for students do not count
    with monkeypatch.context() as patch:
        patch.setattr(keys, "versions", lambda: {"pandas": "0"})
        different.append(key_of(plain))
    source = tmp_path / "package"
    (source / "entries").mkdir(parents=True)
    monkeypatch.setattr(keys, "PACKAGE", source)
    for name in ("a.py", "entries/b.yaml", "c.po", "d.html.j2"):
        (source / name).write_text("1", encoding="utf-8")
        different.append(key_of(plain))
        (source / name).write_text("2", encoding="utf-8")
        different.append(key_of(plain))
    assert len({before, *different}) == len(different) + 1


def test_a_file_of_the_package_that_changes_during_a_run_is_noticed(tmp_path, monkeypatch):
    monkeypatch.setattr(keys, "PACKAGE", tmp_path)
    (tmp_path / "a.py").write_text("1", encoding="utf-8")
    recipe = Recipe.now()
    assert recipe.holds()
    (tmp_path / "a.py").write_text("2", encoding="utf-8")
    assert not recipe.holds()


def duckdb_file(folder):
    import duckdb

    with duckdb.connect(folder / "shop.parquet") as connection:  # whatever its name says
        connection.sql("create table orders (order_id text)")
    return folder


def linked(folder):
    (folder / "parts").mkdir()
    (folder / "data").mkdir()
    (folder / "data" / "orders").symlink_to(folder / "parts")
    return folder / "data"


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (lambda _: "postgres://me:${PASSWORD}@host/shop", inputs.CONNECTION),
        (duckdb_file, inputs.DATABASE),
        (linked, inputs.LINKS),
        (lambda folder: folder / "absent.csv", inputs.UNREADABLE),
        (lambda _: "demo", None),
        (lambda _: "sample:cdnow", None),
    ],
)
def test_data_that_cannot_be_compared_say_why(tmp_path, source, why):
    found = look(str(source(tmp_path)), mapping=None)
    assert found.why_not == why
    assert bool(found.files) == (why in (None, inputs.DATABASE))


def test_a_source_notices_a_file_that_comes_or_changes(tmp_path):
    (tmp_path / "orders.csv").write_text("a", encoding="utf-8")
    before = look(str(tmp_path), mapping=None)
    assert before.holds()
    (tmp_path / "returns.csv").write_text("a", encoding="utf-8")
    assert not before.holds()


def test_a_check_is_the_same_once_it_is_read_again(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text(
        'order_id;customer_id;ordered_at;amount\n1;7,0;25/12/2025;"1 099,50"\n2;;26/12/2025;-3\n'
        "3;8,0;27/12/2999;5\n;9,0;28/12/2025;0\n",
        encoding="utf-8",
    )
    dates = periods(as_of="2025-12-27", period="1 day", compare="previous_period")
    made = inspect(str(path), mapping=None, dates=dates, secrets=())
    again = Inspection.of(made.to_json(), seconds=made.seconds)
    assert made.quality.findings
    assert again.quality.to_json() == made.quality.to_json()
    told = [(got.first_order, got.last_order, got.is_compared) for got in (made, again)]
    assert told == [(date(2025, 12, 25), date(2025, 12, 26), True)] * 2


@pytest.fixture
def ran(tmp_path, lessons, monkeypatch):
    """Make the report of a client, and return its exit code, its files and its manifest."""
    monkeypatch.setattr(keys, "PACKAGE", tmp_path / "lessons")  # one that nobody edits meanwhile

    def once(**options):
        code = run([tmp_path / "client.yml"], out=tmp_path / "build", folder=lessons, **options)
        (folder,) = (tmp_path / "build" / "boreal").glob("en*")
        files = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file()
        }
        manifest = json.loads(files.pop("manifest.json"))
        return code, files, manifest

    return once


def without_times(manifest):
    parts = [manifest["data_check"], *manifest["pages"]]
    for part in (manifest, *parts):
        for name in ("made_at", "seconds", "reused"):
            part.pop(name, None)
    return manifest


def test_a_report_from_the_cache_is_the_report_made_without_it(client, ran, capsys):
    client(lang="en")
    code, first, told = ran()
    assert code == 0
    assert [page["reused"] for page in told["pages"]] == [False]
    capsys.readouterr()
    _, again, told_again = ran()
    assert "2 of 2 results are unchanged and reused" in capsys.readouterr().err
    assert [page["reused"] for page in told_again["pages"]] == [True]
    assert told_again["pages"][0]["made_at"] == told["pages"][0]["made_at"]
    _, forced, told_forced = ran(force=True)
    assert [page["reused"] for page in told_forced["pages"]] == [False]
    assert first == again == forced
    assert without_times(told) == without_times(told_again) == without_times(told_forced)


def test_what_has_changed_is_made_again_and_a_failure_always_is(client, tmp_path, ran):
    client(lang="en", notebooks='["05", "01"]')

    def reused():
        code, _, manifest = ran()
        return code, [page["reused"] for page in manifest["pages"]]

    assert reused() == (1, [False, False])
    assert reused() == (1, [True, False])
    with (tmp_path / "orders.csv").open("a", encoding="utf-8") as file:
        file.write("9,B,2025-05-01,5.00\n")
    assert reused() == (1, [False, False])


def test_no_secret_is_kept_and_a_connection_is_read_anew(
    client, tmp_path, ran, monkeypatch, capsys
):
    monkeypatch.setenv("PASSWORD", "hunter2")
    client(lang="en", notebooks='["05"]', data="postgres://me:${PASSWORD}@h/s")
    ran()
    told = capsys.readouterr().err
    assert f"boreal: every page is made again: {inputs.CONNECTION}" in told
    assert not (tmp_path / "build" / FOLDER).exists()


def test_two_runs_at_once_keep_whole_entries(kept, tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    cache, _ = kept

    def one(number):
        Cache(tmp_path).store(KEY, ENTRY)
        cache.trim()
        return cache.load(KEY)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(one, range(200))) == {ENTRY}
