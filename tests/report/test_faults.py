"""A disk that fills while a report is made: what was published before stays whole."""

import resource
from contextlib import contextmanager

import pytest

from marketing_kpi.errors import ReportError
from marketing_kpi.report import pipeline, run
from marketing_kpi.report.publish import publish, write


@contextmanager
def small_disk(largest_file):
    """Let no file be larger than that, as where a disk is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def files_of(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# Nothing at all, a table, a page.
TOO_SMALL = [0, 5_000, 30_000]


def test_a_report_that_does_not_fit_on_the_disk_leaves_the_last_one_whole(
    client, lessons, tmp_path, monkeypatch, capsys
):
    out = tmp_path / "build"
    assert run([client(lang="en")], out=out, folder=lessons) == 0
    before = files_of(out / "boreal")
    assert max(map(len, before.values())) > max(TOO_SMALL)
    for largest_file in TOO_SMALL:
        capsys.readouterr()

        def on_a_small_disk(target, build, largest_file=largest_file):
            with small_disk(largest_file):
                return publish(target, build)

        with monkeypatch.context() as patched:
            patched.setattr(pipeline, "publish", on_a_small_disk)
            assert run([client(lang="en", period="6 months")], out=out, folder=lessons) == 1
        told = capsys.readouterr().err
        assert "failed: boreal en: en could not be written in" in told
        assert "File too large" in told
        assert "hint: make room on that disk" in told
        assert f"the last good report is still {out / 'boreal' / 'en' / 'index.html'}" in told
        assert "Traceback" not in told
        assert files_of(out / "boreal") == before
    assert run([client(lang="en", period="6 months")], out=out, folder=lessons) == 0
    assert files_of(out / "boreal") != before


def test_a_folder_that_does_not_fit_on_the_disk_is_an_error_of_ours(tmp_path):
    target = tmp_path / "page"

    def build(folder):
        (folder / "index.html").write_text("x" * 10_000, encoding="utf-8")

    with small_disk(1000), pytest.raises(ReportError, match="page could not be written") as caught:
        publish(target, build)
    assert "make room" in caught.value.hint
    assert not list(tmp_path.iterdir())


def test_of_two_files_both_are_written_or_none(tmp_path):
    first, second = tmp_path / "a.json", tmp_path / "a.html"
    write({first: "old", second: "old"})
    with small_disk(1000), pytest.raises(OSError, match="too large"):
        write({first: "new", second: "x" * 10_000})
    assert (first.read_text(), second.read_text()) == ("old", "old")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.html", "a.json"]
    write({first: "new", second: "new"})
    assert (first.read_text(), second.read_text()) == ("new", "new")


def test_a_report_leaves_no_data_in_the_temporary_folder(client, new_lesson, tmp_path, monkeypatch):
    """A page does not close its data: what they keep goes with its process, however it ends."""
    opens = "import marketing_kpi as mk\ndata = mk.open_data(source)"
    new_lesson(tmp_path / "lessons", "05_opens.ipynb", ("opens", opens))
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr("tempfile.tempdir", None)
    config = client(lang="en", notebooks='["05"]')
    assert run([config], out=tmp_path / "build", folder=tmp_path / "lessons") == 0
    assert not list(temporary.rglob("store.duckdb"))
