"""A report appears whole or not at all, whatever stops the run."""

import os
import time

import pytest

from marketing_kpi.errors import ReportError
from marketing_kpi.report import publish as publication
from marketing_kpi.report.publish import STALE_SECONDS, publish, recover, withdraw


def page(text):
    return lambda folder: (folder / "index.html").write_text(text, encoding="utf-8")


def content(target):
    return (target / "index.html").read_text(encoding="utf-8")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_folder_replaces_another_whole(tmp_path):
    target = tmp_path / "client" / "fr"
    publish(target, page("one"))
    (target / "old.html").write_text("old", encoding="utf-8")
    assert publish(target, page("two")) == target
    assert content(target) == "two"
    assert names(target) == ["index.html"]
    assert names(target.parent) == ["fr"]


def test_a_build_that_fails_leaves_the_last_good_one(tmp_path):
    target = tmp_path / "fr"
    publish(target, page("good"))

    def half(folder):
        page("half")(folder)
        raise ValueError("stopped")

    with pytest.raises(ValueError, match="stopped"):
        publish(target, half)
    assert content(target) == "good"
    assert names(tmp_path) == ["fr"]


def test_a_folder_is_readable_by_others(tmp_path):
    publish(tmp_path / "fr", page("x"))
    assert (tmp_path / "fr").stat().st_mode & 0o777 == 0o755


class Killed(BaseException):
    """Stands for a signal: no `except Exception` sees it."""


@pytest.mark.parametrize("step", [1, 2])
def test_a_run_killed_between_two_renames_is_repaired_by_the_next(tmp_path, monkeypatch, step):
    target = tmp_path / "fr"
    publish(target, page("good"))
    rename, calls = publication.Path.rename, []

    def killed(self, to):
        calls.append(to)
        if len(calls) == step:
            raise Killed
        return rename(self, to)

    with monkeypatch.context() as patch:
        patch.setattr(publication.Path, "rename", killed)
        patch.setattr(publication.shutil, "rmtree", lambda *a, **k: None)  # nothing runs after it
        with pytest.raises(Killed):
            publish(target, page("new"))
    recover(target)
    assert content(target) == "good"
    publish(target, page("newer"))
    assert content(target) == "newer"


def test_what_killed_runs_left_goes_and_what_a_run_is_building_stays(tmp_path):
    target = tmp_path / "fr"
    publish(target, page("good"))
    for name in (".fr-new-stale", ".fr-new-live", ".fr-old-x", ".en-new-other"):
        (tmp_path / name).mkdir()
    long_ago = time.time() - STALE_SECONDS - 1
    os.utime(tmp_path / ".fr-new-stale", (long_ago, long_ago))
    recover(target)
    assert names(tmp_path) == [".en-new-other", ".fr-new-live", "fr"]


def test_a_folder_that_cannot_be_replaced_is_said_and_kept(tmp_path, monkeypatch):
    target = tmp_path / "fr"
    publish(target, page("good"))

    def refused(self, to):
        raise PermissionError("open elsewhere")

    monkeypatch.setattr(publication.Path, "rename", refused)
    monkeypatch.setattr(publication.time, "sleep", lambda _: None)
    with pytest.raises(ReportError, match="fr could not be replaced"):
        publish(target, page("new"))
    assert content(target) == "good"


def test_another_run_that_publishes_at_the_same_time_does_not_mix(tmp_path):
    target = tmp_path / "fr"

    def slow(folder):
        publish(target, page("other"))
        page("mine")(folder)

    publish(target, slow)
    assert content(target) == "mine"
    assert names(tmp_path) == ["fr"]


def test_a_withdrawn_folder_is_gone(tmp_path):
    publish(tmp_path / "fr.failed", page("x"))
    withdraw(tmp_path / "fr.failed")
    withdraw(tmp_path / "fr.failed")
    assert names(tmp_path) == []


def test_a_folder_that_cannot_be_put_in_place_leaves_the_last_good_one(tmp_path, monkeypatch):
    target = tmp_path / "fr"
    publish(target, page("good"))
    rename = publication.Path.rename

    def refused(self, other):
        if other == target and self.name.startswith(".fr-new-"):
            raise PermissionError("held open")
        return rename(self, other)

    monkeypatch.setattr(publication.Path, "rename", refused)
    monkeypatch.setattr(publication.time, "sleep", lambda _seconds: None)
    with pytest.raises(ReportError, match="could not be replaced"):
        publish(target, page("new"))
    assert content(target) == "good"
    assert names(tmp_path) == ["fr"]
