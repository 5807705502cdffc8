"""What a run has to make, and what an earlier one made of the same things already."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import click

from marketing_kpi.report import execute, forks
from marketing_kpi.report.cache import Cache, Entry
from marketing_kpi.report.config import ClientConfig
from marketing_kpi.report.execute import Job, failure_of
from marketing_kpi.report.inputs import Source, look
from marketing_kpi.report.keys import Recipe
from marketing_kpi.report.tasks import Made, check, now, page

Key = tuple[str, ...]
"""A client's id alone for the check of its data; with language and lesson for a page."""


@dataclass(frozen=True)
class Task:
    """Something to make: how, from which data, and as what it is kept for the next run.

    Attributes
    ----------
    make
        Makes it, in another process.
    source
        The data.
    kept_as
        Returns the hash of all that it is made from, as the files are when it is called.
    """

    make: Callable[[], Made]
    source: Source
    kept_as: Callable[[], str]


@dataclass(frozen=True)
class Results:
    """What a run made or found made, by key, and each client's data."""

    made: Mapping[Key, Made]
    sources: Mapping[str, Source]


def make_all(
    clients: Sequence[ClientConfig], pages: Sequence[Job], *, cache: Cache, jobs: int, force: bool
) -> Results:
    """Check every client's data and execute every notebook, with a progress bar.

    Parameters
    ----------
    clients, pages
        What to make.
    cache
        Where earlier results are, and where these go.
    jobs
        How many processes.
    force
        Whether to make again what an earlier run made.
    """
    recipe = Recipe.now()
    tasks = _tasks(clients, pages, recipe)
    sources = {config.id: tasks[config.id,].source for config in clients}
    for client, source in sources.items():
        if source.why_not:
            click.echo(f"{client}: every page is made again: {source.why_not}", err=True)
    keys = {key: task.kept_as() for key, task in tasks.items() if task.source.why_not is None}
    found = {} if force else _found(keys, cache)
    if found:
        click.echo(f"{len(found)} of {len(tasks)} results are unchanged and reused", err=True)

    def keep(key: Key, made: Made) -> None:
        if made.content is not None and key in keys and _is_of(keys[key], tasks[key], recipe):
            cache.store(keys[key], Entry(made.made_at, made.seconds, made.content))

    rest = {key: task.make for key, task in tasks.items() if key not in found}
    failed = partial(failed_task, secrets={config.id: config.secrets for config in clients})
    made = _with_progress(rest, total=len(tasks), jobs=jobs, failed=failed, keep=keep)
    cache.trim()
    return Results({**found, **made}, sources)


def failed_task(key: Key, error: BaseException, *, secrets: Mapping[str, tuple[str, ...]]) -> Made:
    """Return the result of a task that broke outside its notebook."""
    return Made(0.0, now(), failure=failure_of(error, secrets[key[0]]))


def _tasks(
    clients: Sequence[ClientConfig], pages: Sequence[Job], recipe: Recipe
) -> dict[Key, Task]:
    tasks: dict[Key, Task] = {}
    is_forked = forks.can_fork()
    configs = {config.id: config for config in clients}
    for config in clients:
        mapping, as_of = config.mapping_for_notebooks, config.as_of
        source = look(config.source_for_notebooks, mapping=mapping)
        tasks[config.id,] = Task(
            partial(
                check,
                config.source_for_notebooks,
                mapping=mapping,
                as_of=as_of,
                secrets=config.secrets,
            ),
            source,
            partial(recipe.check, config.source_for_notebooks, as_of=as_of, source=source),
        )
    for job in pages:
        source, reader = tasks[job.client,].source, configs[job.client].reader(job.lang)
        tasks[job.key] = Task(
            partial(page, job, reader, is_forked=is_forked),
            source,
            partial(recipe.page, job, source=source),
        )
    return tasks


def _found(keys: Mapping[Key, str], cache: Cache) -> dict[Key, Made]:
    """Return what earlier runs made of the same things."""
    entries = {key: cache.load(kept_as) for key, kept_as in keys.items()}
    return {
        key: Made(entry.seconds, entry.made_at, entry.content, is_reused=True)
        for key, entry in entries.items()
        if entry is not None
    }


def _is_of(kept_as: str, task: Task, recipe: Recipe) -> bool:
    """Say whether a result is of what its key says: nothing changed while it was made."""
    try:
        return recipe.holds() and task.source.holds() and task.kept_as() == kept_as
    except (OSError, ValueError):  # a lesson that is being built
        return False


def _with_progress(
    tasks: Mapping[Key, Callable[[], Made]],
    *,
    total: int,
    jobs: int,
    failed: Callable[[Key, BaseException], Made],
    keep: Callable[[Key, Made], None],
) -> dict[Key, Made]:
    from tqdm import tqdm

    if not tasks:
        return {}
    done_before = total - len(tasks)
    with tqdm(total=total, initial=done_before, unit="page", desc="report", leave=False) as bar:

        def done(key: Key, made: Made) -> None:
            keep(key, made)
            bar.set_postfix_str(" ".join(key))
            bar.update()

        run_all = forks.run_all if forks.can_fork() else execute.run_all
        return run_all(tasks, jobs=min(jobs, len(tasks)), failed=failed, done=done)
