"""Labels as examples that `aigc-eval validate` reads: answers with what raters say of them together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aigc_eval.journal import Journal
from aigc_eval.labelling.asked import Opened, opened
from aigc_eval.labels import said, sheets
from aigc_eval.records import Prompt, Sheet

__all__ = ["examples"]

_PARTS = ("references", "evidence", "messages", "choices", "fields", "variant_of")
_TAKEN = frozenset({"id", "prompt", "text", "label", "split", "group", "scorer", "metric", "candidate", "sheet",
                    "variants", *_PARTS})  # fmt: skip


def examples(folder: Path, *, strata: bool = False) -> list[dict[str, Any]]:
    """One example an output of the random cores that raters could decide on; with `strata`, of the whole sheets.

    Only a random core shows how often a scorer errs on outputs such as the run's. An output that stands on several
    sheets about one rate is one example, as the latest of them has it.
    """
    run = opened(folder)
    with Journal(folder, write=False) as journal:
        prompts = {r["data"]["id"]: Prompt.from_json(r["data"]) for r in journal.each("prompt")}
    found: dict[tuple[object, ...], dict[str, Any]] = {}
    for sheet in sheets(run.labelling):
        for key, example in _of(run, sheet, prompts, strata=strata):
            found[sheet.scorer, sheet.metric, key] = example
    return [*found.values()]


def _of(
    found: Opened, sheet: Sheet, prompts: dict[str, Prompt], *, strata: bool
) -> Iterator[tuple[object, dict[str, Any]]]:
    rows = found.run.rows
    together = said(sheet, found.labelling, rows)
    keys = zip(*(rows[name].tolist() for name in ("candidate", "prompt", "sample")), strict=True)
    places = {key: i for i, key in enumerate(keys)}
    for item in sheet.items:
        key = item.candidate, item.prompt, item.sample
        label = together.get(key)
        if label is None or key not in places or not (strata or "random" in item.strata):
            continue
        at = rows.iloc[places[key]]
        about = {"scorer": sheet.scorer, "metric": sheet.metric, "candidate": item.candidate, "sheet": sheet.id}
        text = {"text": str(at["text"]), "label": label, "split": ""}
        yield key, {**_asked(prompts[item.prompt]), **text, **about, "lang": str(at["lang"])}


def _asked(prompt: Prompt) -> dict[str, Any]:
    """A prompt as prompt sets write it, less the tags that say something else of an example; a template is a group."""
    told: dict[str, Any] = {"id": prompt.id, "prompt": prompt.text, "group": prompt.variant_of or prompt.id}
    plain = prompt.to_json()
    return {
        **told,
        **{name: value for name, value in prompt.tags.items() if name not in _TAKEN},
        **{name: plain[name] for name in _PARTS if name in plain},
    }
