"""``eval``: recall figures on labelled conversations, and what each tier adds."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

import attrs
import click

from ...domain.json_values import JsonObject
from ...domain.recall import ALL, FigureTable
from ..evaluation import ANSWER, ANSWER_FULL, CONTEXT, CONTEXT_MS, EVERYTHING, SEARCH_MS, Evaluate, Evaluation, Variant
from ..settings import Settings
from .options import chosen_source, json_option, memory_options
from .output import ProgressLine, print_json, print_table, say
from .running import run

_RANKING: Final = ("R@1", "R@5", "R@10", "R@20", "any@5", "all@10", "MRR", "sess@5")
_TIMES: Final = (SEARCH_MS, CONTEXT_MS)
_COLUMNS: Final = (*_RANKING, CONTEXT, ANSWER, ANSWER_FULL, *_TIMES)


@click.command("eval", short_help="Measure recall on labelled conversations.")
@click.argument("folder", metavar="FOLDER", type=click.Path(exists=True, path_type=Path))
@click.option("--edits", is_flag=True, help="Also with one random typing error in each question.")
@click.option("--seed", type=int, default=0, show_default=True, metavar="N", help="Of the random errors.")
@click.option("--max-chars", type=click.IntRange(min=1), metavar="N", help="Length of a context (default: 4000).")
@memory_options(creates=True)
@json_option
def evaluate(*, folder: Path, edits: bool, seed: int, max_chars: int | None, settings: Settings, as_json: bool) -> None:
    """Import the LoCoMo files of FOLDER into a temporary database, ask their questions and print what came back.

    In percent, means over questions. R@k: share of the evidence within the first k; any@k, all@k: at least one, every
    one of it is; MRR: 1 / rank of the first; sess@5: an evidence session is among the first five. context: share of
    the evidence that the context shows; answer: share of the right answer's content words that stand in it;
    answer/full: the same for the best-ranked full texts in the space of its relevant part. Then the same with each
    tier switched off. With --db the database is kept there.

    Example: talktiers eval conversations/ --edits
    """
    if chosen_source().db is not None:
        measured = _evaluate(settings, folder, edits=edits, seed=seed, max_chars=max_chars)
    else:
        with tempfile.TemporaryDirectory(prefix="talktiers-eval-", ignore_cleanup_errors=True) as temporary:
            sqlite = attrs.evolve(settings.sqlite, path=str(Path(temporary) / "eval.db"))
            settings = attrs.evolve(settings, sqlite=sqlite)
            measured = _evaluate(settings, folder, edits=edits, seed=seed, max_chars=max_chars)
    if as_json:
        print_json(_evaluation_json(measured))
    else:
        _print(measured)


def _evaluate(settings: Settings, folder: Path, *, edits: bool, seed: int, max_chars: int | None) -> Evaluation:
    with ProgressLine("evaluating") as progress:
        measure = Evaluate(
            settings=settings,
            max_chars=settings.context.max_chars if max_chars is None else max_chars,
            seed=seed,
            on_progress=lambda text, share: progress.update(text, fraction=share),
        )
        return run(measure(folder, edits=edits), by_meaning=True)


def _print(measured: Evaluation) -> None:
    everything, *others = measured.variants
    print_table(
        [_row(name, table) for name, table in everything.tables.items()],
        header=[EVERYTHING, "n", *_COLUMNS],
        always_header=True,
    )
    click.echo()
    print_table(
        [_row(variant.name, variant.tables[ALL]) for variant in (everything, *others)],
        header=["all questions", "n", *_COLUMNS],
        always_header=True,
    )
    say(
        f"{measured.imported.total:,} conversations, {measured.questions:,} questions, contexts of "
        f"{measured.max_chars:,} characters, {measured.incomplete:,} of them incomplete; {measured.duration_s:.0f} s"
    )
    if measured.imported.rejected:
        say(f"{measured.imported.rejected:,} items could not be imported; see: import locomo --dry-run")


def _row(name: str, table: FigureTable) -> list[str]:
    return [name, f"{table.questions}", *(_cell(column, table) for column in _COLUMNS)]


def _cell(column: str, table: FigureTable) -> str:
    if column not in table.means:
        return "-"
    return f"{table.means[column]:.1f}" if column in _TIMES else f"{100 * table.means[column]:.1f}"


def _evaluation_json(measured: Evaluation) -> JsonObject:
    return {
        "conversations": measured.imported.total,
        "questions": measured.questions,
        "max_chars": measured.max_chars,
        "incomplete_contexts": measured.incomplete,
        "duration_s": round(measured.duration_s, 1),
        "variants": {variant.name: _variant_json(variant) for variant in measured.variants},
    }


def _variant_json(variant: Variant) -> JsonObject:
    return {
        name: {"n": table.questions, **{figure: round(value, 6) for figure, value in table.means.items()}}
        for name, table in variant.tables.items()
    }
