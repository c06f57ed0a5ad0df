"""`aigc-eval init`: a bench to start from."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

from aigc_eval.errors import UsageError

__all__ = ["start"]


def start(file: Path, schema: str) -> list[Path]:
    """Write a bench and its prompt set beside it, both new, and the schema that the bench's first line names.

    Raises `UsageError` where the bench or the prompts exist; a schema that exists is left alone.
    """
    name = re.sub(r"[^a-z0-9_.-]+", "-", file.stem.lower()).strip("-.") or "bench"
    prompts = file.parent / "prompts" / f"{name}.jsonl"
    for path in (file, prompts):
        if path.exists() or path.is_symlink():
            raise UsageError(f"{path} exists already; choose another name: aigc-eval init FILE")
    bench = _template("bench_template.yaml").replace("{name}", name)
    texts = {prompts: _template("prompts_template.jsonl"), file: bench}
    beside = file.parent / "bench.schema.json"
    if not beside.exists():
        texts[beside] = schema
    for path, text in texts.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8", newline="\n") as stream:
                stream.write(text)
        except OSError as error:
            raise UsageError(f"cannot write {path}: {error.strerror}") from error
    return [file, *(path for path in texts if path != file)]


def _template(name: str) -> str:
    return resources.files("aigc_eval").joinpath("data", name).read_text("utf-8")
