"""What a run has to make, and what an earlier one made of the same things already."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
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
Keys = tuple[Key, ...]


@dataclass(frozen=True)
class Task:
    """Something to make: how, from which data, and as what it is kept for the next run.

    Attributes
    ----------
    make
        Makes it, in another process; a page takes the shell to run in.
    source
        The data.
    kept_as
        Returns the hash of all that it is made from, as the files are when it is called.
    """

    make: Callable[..., Made]
    source: Source
    kept_as: Callable[[], str]


@dataclass(frozen=True)
class Plan:
    """What a run is to make, and what of it an earlier run has made already.

    Attributes
    ----------
    tasks
        All there is to make, by key.
    kept_as
        The hash under which each is kept; not of data that cannot be compared with what they were.
    found
        What an earlier run made.
    sources
        Each client's data.
    recipe
        What all results depend on.
    """

    tasks: Mapping[Key, Task]
    kept_as: Mapping[Key, str]
    found: Mapping[Key, Made]
    sources: Mapping[str, Source]
    recipe: Recipe

    @property
    def rest(self) -> Mapping[Key, Task]:
        """What has to be made."""
        return {key: task for key, task in self.tasks.items() if key not in self.found}


def plan(
    clients: Sequence[ClientConfig], pages: Sequence[Job], *, cache: Cache, force: bool
) -> Plan:
    """Look at what there is to make, and at what is kept of it; nothing is made.

    Parameters
    ----------
    clients, pages
        What is to be made: the check of each client's data, and the pages.
    cache
        Where earlier results are.
    force
        Whether to make again what an earlier run made.
    """
    recipe = Recipe.now()
    tasks = _tasks(clients, pages, recipe)
    sources = {config.id: tasks[config.id,].source for config in clients}
    kept_as = {key: task.kept_as() for key, task in tasks.items() if task.source.why_not is None}
    found = {} if force else _found(kept_as, cache)
    return Plan(tasks, kept_as, found, sources, recipe)


def carry_out(
    plan: Plan,
    *,
    cache: Cache,
    jobs: int,
    secrets: Mapping[str, tuple[str, ...]],
    done: Callable[[Key, Made], None],
) -> None:
    """Make what is to be made, in other processes, with a progress bar.

    Parameters
    ----------
    plan
        What there is to make.
    cache
        Where results go.
    jobs
        How many processes.
    secrets
        Texts to keep out of failures, by client.
    done
        Called with each result: first those of an earlier run, then each as it is made.
    """
    for client, source in plan.sources.items():
        if source.why_not:
            click.echo(f"{client}: every page is made again: {source.why_not}", err=True)
    if plan.found:
        click.echo(
            f"{len(plan.found)} of {len(plan.tasks)} results are unchanged and reused", err=True
        )

    def received(key: Key, made: Made) -> None:
        task, kept_as = plan.tasks[key], plan.kept_as.get(key)
        if made.content is not None and kept_as and _is_of(kept_as, task, plan.recipe):
            cache.store(kept_as, Entry(made.made_at, made.seconds, made.content))
        done(key, made)

    for key, made in plan.found.items():
        done(key, made)
    _with_progress(plan, jobs=jobs, failed=partial(failed_task, secrets=secrets), done=received)
    cache.trim()


def failed_task(key: Key, error: BaseException, *, secrets: Mapping[str, tuple[str, ...]]) -> Made:
    """Return the result of a task that broke outside its notebook."""
    return Made(0.0, now(), failure=failure_of(error, secrets[key[0]]))


def _tasks(
    clients: Sequence[ClientConfig], pages: Sequence[Job], recipe: Recipe
) -> dict[Key, Task]:
    tasks: dict[Key, Task] = {}
    configs = {config.id: config for config in clients}
    for config in clients:
        name, mapping = config.source_for_notebooks, config.mapping_for_notebooks
        source = look(name, mapping=mapping)
        tasks[config.id,] = Task(
            partial(check, name, mapping=mapping, dates=config.dates, secrets=config.secrets),
            source,
            partial(recipe.check, name, dates=config.dates, source=source),
        )
    for job in pages:
        source, reader = tasks[job.client,].source, configs[job.client].reader(job.lang)
        tasks[job.key] = Task(
            partial(page, job, reader),
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
    plan: Plan,
    *,
    jobs: int,
    failed: Callable[[Key, BaseException], Made],
    done: Callable[[Key, Made], None],
) -> None:
    from tqdm import tqdm

    if not plan.rest:
        return
    can_fork = forks.can_fork()
    makes = {
        keys: _in_order([plan.rest[key].make for key in keys], in_fork=can_fork and _is_page(keys))
        for keys in _together(plan.rest, jobs=jobs if can_fork else None)
    }
    with tqdm(
        total=len(plan.tasks), initial=len(plan.found), unit="page", desc="report", leave=False
    ) as bar:

        def shown(keys: Keys, made: Sequence[Made]) -> None:
            for key, one in zip(keys, made, strict=True):
                with bar.external_write_mode():
                    done(key, one)
                bar.set_postfix_str(" ".join(key))
                bar.update()

        def all_failed(keys: Keys, error: BaseException) -> list[Made]:
            return [failed(key, error) for key in keys]

        run_all = forks.run_all if can_fork else execute.run_all
        run_all(makes, jobs=min(jobs, len(makes)), failed=all_failed, done=shown)


def _in_order(makes: Sequence[Callable[..., Made]], *, in_fork: bool) -> Callable[[], list[Made]]:
    return partial(execute.in_turn if in_fork else execute.one_by_one, makes)


def _is_page(keys: Keys) -> bool:
    """Say whether something is a page, and not the check of a client's data."""
    return len(keys[0]) > 1


def _together(rest: Iterable[Key], *, jobs: int | None) -> list[Keys]:
    """Return what is made in one process: a page in all its languages, which ask the same.

    Unless there are more processes than pages, or no process is shared (`jobs` is None).

    >>> _together([("b", "fr", "01"), ("b", "fr", "02"), ("b", "en", "01")], jobs=2)
    [(('b', 'fr', '01'), ('b', 'en', '01')), (('b', 'fr', '02'),)]
    """
    keys = list(rest)
    pages: dict[tuple[str, str], list[Key]] = {}
    for key in keys:
        pages.setdefault((key[0], key[-1]), []).append(key)
    if jobs is None or len(pages) < jobs:
        return [(key,) for key in keys]
    return [tuple(same) for same in pages.values()]
