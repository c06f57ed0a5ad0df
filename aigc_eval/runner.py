"""A run, from bench to verdict: generate, score, estimate, judge, report. Each stage is a function of frozen values."""

from __future__ import annotations

import json
import os
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from aigc_eval.answering import answering, draws
from aigc_eval.baselines import not_itself, reference
from aigc_eval.conclusion import as_concluded, conclude, decided, hindered, looks_of, measure, terms
from aigc_eval.config import Bench
from aigc_eval.config.origin import differences
from aigc_eval.errors import JournalError, NothingToEvaluate
from aigc_eval.finished import finished
from aigc_eval.frames import build
from aigc_eval.journal import Journal
from aigc_eval.labels import LABEL, SHEET
from aigc_eval.loading import asked_in, facts_of, load, run_in
from aigc_eval.plugin import identity_of
from aigc_eval.printing import PRINTS
from aigc_eval.publishing import REPORTS, Written, edition_of, lost_of, publish, sha256_of, with_lost
from aigc_eval.records import UNASKED, Edition, Generation, Prompt, Reason, Run, Score
from aigc_eval.scoring import Scorers, seen
from aigc_eval.stages import Progress, Stage
from aigc_eval.stopping import order_of_draws, rounds

__all__ = ["load", "report_again", "reused", "run"]


def silent(stage: str, done: int, total: int, errors: int) -> None:
    """A progress that says nothing."""


def run(
    bench: Bench,
    out: Path,
    *,
    resume: bool = False,
    limit: int | None = None,
    reuse: Sequence[Path] = (),
    isolated: bool = False,
    progress: Progress = silent,
) -> Run:
    """Carry out a bench in the folder `out`, journal first, verdict.json last.

    A folder with an unfinished run needs `resume`. A completed run is concluded and reported again without calling any
    plug-in; where its conclusion and its reports are there, and what they depend on is as it was, they are left alone.
    `limit` takes the first prompts only, and its verdict is not for release. Answers and scores that are missing here
    are taken over from the runs in the folders `reuse`, where they hold the same ones. `isolated` scorers work in
    processes of their own, within their budgets; the command line always asks for that.
    """
    not_itself(bench.policy.baseline, out)
    prompts = tuple(p for s in bench.prompt_sets for p in s.prompts)[:limit]
    if not prompts:
        raise NothingToEvaluate(f"{bench.path}: no prompt is selected")
    with ExitStack() as stack:
        earlier = [run_in(stack.enter_context(Journal(folder, write=False))) for folder in reuse]
        journal = stack.enter_context(Journal(out))
        head, prompts, settled = _open(journal, bench, prompts, limit, resume)
        before = journal.head
        known = next(iter(reversed([*journal.each("terms")])), None)
        looks = looks_of(bench, head.get("drawn"), len(prompts), looked=asked_in(journal) is not None)
        answers = len(journal.keys("generation"))
        now = terms(bench, prompts, limit, known, answers, looks)
        baseline = reference(now, head, known, answers)
        if known == now and (told := finished(journal, bench, retry=resume)):
            return told
        # Whatever happens from here on, nothing of an earlier run is taken for a report of this one.
        for name in ("verdict.json", *REPORTS, *PRINTS):
            (out / name).unlink(missing_ok=True)
        if known != now:
            journal.append([now])
        every = [p for s in bench.prompt_sets for p in s.prompts]  # a limited run must not find less wrong, or more
        scorers = stack.enter_context(Scorers(bench.scorers, every, isolated=isolated))
        plugins = {s.name: s.plugin for s in bench.scorers}
        take = partial(_take, journal, earlier, settled)
        for asked in _rounds(journal, looks, len(prompts)):
            given, scores = _measure(bench, prompts[:asked], scorers, journal, take, progress)
            rows = build(given, scores)
            if asked < len(prompts) and (rows["error"].isin(UNASKED).any() or decided(now, rows, plugins)):
                break
        if journal.heads[-1]["kind"] != "end" or journal.head != before:
            journal.append([{"kind": "end"}])
        labelling = [*journal.each(SHEET), *journal.each(LABEL)]
        measured = [measure(now, rows, s.name, s.plugin, baseline, labelling) for s in bench.scorers]
        done = conclude(now, head, rows, measured, reused(journal.each("reuse")), journal.each("review"), labelling)
        return publish(done, out, bench.formats, bench.languages, edition=bench.edition, journal_head=journal.head)


def reused(notes: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """What a run took over from others: how many answers and scores, and the checksum of the journal they were in."""
    found: dict[str, Counter[str]] = {}
    for note in notes:
        found.setdefault(note["from"], Counter())[note["of"]] += note["results"]
    return {
        f"reused from {origin[:8]}: {n['generation']:,} answers, {n['score']:,} scores": origin
        for origin, n in found.items()
    }


def _open(
    journal: Journal, bench: Bench, prompts: tuple[Prompt, ...], limit: int | None, resume: bool
) -> tuple[dict[str, Any], tuple[Prompt, ...], bool]:
    """The run's header, written if the journal is new, and its prompts in the order in which they are asked.

    Then whether the run is complete and not to be retried.
    """
    # Scorers may change between runs in one folder: their scores have keys of their own.
    identity = {**bench.generated_from(), "limit": limit}
    if not any(journal.each("ready")):  # new, or killed before anything was asked
        return *_begin(journal, bench, prompts, identity), False
    head = journal.heads[0]
    if "made_of" not in head:
        raise JournalError(f"{journal.path.parent} holds a run of another version; choose another folder with --out")
    drawn = order_of_draws(prompts, head["drawn"]["tags"], bench.seed).prompts if "drawn" in head else prompts
    changed = _changed(head, bench, identity, list(journal.each("prompt")), drawn)
    if changed and not len(journal):  # nothing came of that one
        return *_begin(journal, bench, prompts, identity), False
    if changed:
        raise JournalError(
            f"{journal.path.parent} holds a run that would have answered differently:\n  "
            + "\n  ".join(changed)
            + "\nchoose another folder with --out, or undo the change"
        )
    complete = [h for h in journal.heads if h["kind"] in ("ready", "end")][-1]["kind"] == "end"
    if not complete and not resume and len(journal):
        raise JournalError(f"{journal.path.parent} holds an unfinished run; add --resume, or choose another --out")
    return head, drawn, complete and not resume


def _begin(
    journal: Journal, bench: Bench, prompts: tuple[Prompt, ...], identity: Mapping[str, Any]
) -> tuple[dict[str, Any], tuple[Prompt, ...]]:
    """Write the header and the prompts, whatever the journal held before; returns both.

    A run that may stop early asks its prompts in random order, and says in its header how it was drawn.
    """
    journal.reset()
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    created = time.gmtime(int(epoch) if epoch.isdecimal() else None)
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", created)
    secret = {"mask_key": secrets.token_hex(16)}
    start = {"kind": "run", "created": stamp, **secret, "identity": identity, "made_of": bench.made_of}
    if bench.policy.stop and not hindered(bench):
        prompts, every = order_of_draws(prompts, bench.slices, bench.seed)
        start |= {"drawn": {"tags": list(bench.slices), "every": every}}
    records = [{"kind": "prompt", "data": p.to_json()} for p in prompts]
    journal.append([start, *records, {"kind": "ready"}])
    return start, prompts


def _rounds(journal: Journal, looks: Mapping[str, Any], planned: int) -> Iterator[int]:
    """How many prompts to ask, from the last round that the journal holds to all; a run that does not look asks all.

    Each round is written down before its first answer.
    """
    before = asked_in(journal) or (planned if journal.keys("generation") else 0)  # some were asked for all at once
    sizes = rounds(planned, looks["every"]) if looks.get("stops") else [planned]
    for asked in (n for n in sizes if n >= before):
        if "every" in looks and asked > before:
            journal.append([{"kind": "round", "prompts": asked}])
        yield asked


def _changed(
    head: Mapping[str, Any],
    bench: Bench,
    identity: Mapping[str, Any],
    known: Sequence[Mapping[str, Any]],
    prompts: Sequence[Prompt],
) -> list[str]:
    """What has changed since the run was begun, a line each; nothing where its answers are still those asked for."""
    before = head["identity"]
    lines = differences(head["made_of"], bench.made_of) if before != identity else []
    if before["limit"] != identity["limit"]:
        lines.append(f"limit: {before['limit'] or 'none'} -> {identity['limit'] or 'none'}")
    if not lines:
        asked = [p.to_json() for p in prompts]
        other = next((p["id"] for p, k in zip(asked, known, strict=False) if p != k["data"]), None)
        if other is not None or len(asked) != len(known):
            lines.append(f"prompts: the same files, read in another way ({other!r:.80} is another prompt)")
    return lines


def _measure(  # noqa: PLR0917
    bench: Bench,
    prompts: Sequence[Prompt],
    scorers: Scorers,
    journal: Journal,
    take: Callable[[Stage[Any, Any]], None],
    progress: Progress,
) -> tuple[dict[str, list[Generation]], dict[str, list[Score]]]:
    """All answers by candidate and all scores by scorer. Nothing is loaded unless something is missing."""
    requests, digests = draws(prompts, bench.samples, bench.seed)
    identities = bench.generated_from()["candidates"]
    answer_stages = {
        c.name: answering(c.name, c.plugin, identities[c.name], requests, digests, c.limits, c.price)
        for c in bench.candidates
    }
    for stage in answer_stages.values():
        take(stage)
    if waiting := [c for c in bench.candidates if answer_stages[c.name].pending]:
        scorers.load()
        for candidate in waiting:
            candidate.plugin.load()
            candidate.plugin.check(scorers.prompts, bench.samples)
    # One plug-in under two names is called once: the journal has one place for both.
    answered: dict[str, list[Generation]] = {}
    for name, identity in identities.items():
        if identity not in answered:
            stage = answer_stages[name]
            answered[identity] = stage.finish(journal, progress)
            stage.plugin.close()
    answers = {name: answered[identity] for name, identity in identities.items()}
    scored: dict[str, list[Score]] = {}
    for scorer in bench.scorers:
        identity = identity_of(bench.scored_with[scorer.name])
        if identity in scored:
            continue
        shown = seen(scorer.plugin.sees, answers.values())
        scores_stage = scorers.scoring(scorer.name, identity, shown, digests * len(answers))
        take(scores_stage)
        if scores_stage.pending:
            scorers.load(scorer.name)
        scored[identity] = scores_stage.finish(journal, progress)
    return answers, {name: scored[identity_of(made)] for name, made in bench.scored_with.items()}


def _take(journal: Journal, earlier: Sequence[Journal], settled: bool, stage: Stage[Any, Any]) -> None:
    """Give a stage what this journal holds, then what earlier runs' do."""
    stage.look_up(journal, settled)
    for other in earlier:
        try:
            stage.take_over(journal, other)
        except (TypeError, ValueError, LookupError, AttributeError) as error:
            raise JournalError(f"{other.path} holds a record that this version cannot read: {error!r:.200}") from error


def report_again(folder: Path, formats: Sequence[str], languages: Sequence[str], edition: Edition | None = None) -> Run:
    """Repeat the last step of a completed run: its reports in these formats and languages, and the verdict on them.

    `edition` says for whom; None: for whom they are now.

    Reports in other formats stay part of the verdict where they are still what it was about; those of another edition
    are written again too, so that a folder never mixes what different readers may see. A format that could not be
    written leaves the verdict undetermined until it can.
    """
    facts_of(folder)  # a folder without a run is left as it is
    verdict = folder / "verdict.json"
    with Journal(folder) as journal:
        known = json.loads(verdict.read_bytes()) if verdict.exists() else {"reports": {}}
        done = load(folder)
        edition = edition or edition_of(folder, done.bench)
        kept = {
            name: Written(sha, known.get("languages", {}).get(name, languages), edition)
            for name, sha in known["reports"].items()
            if (folder / name).is_file() and sha256_of(folder / name) == sha
        }
        told = known.get("editions", {})
        others = {name for name in kept if told.get(name, "reviewer") != edition}
        formats = [*dict.fromkeys([*formats, *(REPORTS[name] for name in kept if name in others)])]
        kept = {name: written for name, written in kept.items() if REPORTS[name] not in formats}
        told_so_far = done.reasons
        lost = [name for name in lost_of(map(Reason.to_json, done.reasons)) if name not in formats]
        done = with_lost(as_concluded(done), lost) if lost else as_concluded(done)
        if done.reasons != told_so_far:  # the others tell another verdict
            formats = [*dict.fromkeys([*formats, *(REPORTS[name] for name in kept)])]
            kept = {}
        for name in REPORTS:  # what nobody can say of for whom it is
            if name not in kept and REPORTS[name] not in formats:
                (folder / name).unlink(missing_ok=True)
        return publish(done, folder, formats, languages, edition=edition, journal_head=journal.head, kept=kept)
