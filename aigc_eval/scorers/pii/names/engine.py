"""The bundled tagger as presidio's NLP engine: its recognisers then run in English and Chinese without a download."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from aigc_eval.plugin import require
from aigc_eval.scorers.pii.names.crf import TYPES
from aigc_eval.scorers.pii.names.tagger import bundled

__all__ = ["LANGUAGES", "nlp_engine"]

LANGUAGES = ("en", "zh")


@cache
def _pipelines() -> dict[str, Any]:
    """Tokenisers of spaCy without a model; Chinese one character a token."""
    spacy = require("spacy")
    return {language: spacy.blank(language) for language in LANGUAGES}


def _artifacts(engine: Any, text: str, language: str) -> Any:
    from presidio_analyzer.nlp_engine import NlpArtifacts

    doc = _pipelines()[language].make_doc(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    found = [(doc.char_span(a, b, label=kind, alignment_mode="expand"), p) for kind, a, b, p in bundled()(text)]
    names = [(span, p) for span, p in found if span is not None]
    return NlpArtifacts(
        entities=[span for span, _ in names],
        tokens=doc,
        tokens_indices=[token.idx for token in doc],
        lemmas=[token.text.lower() for token in doc],
        nlp_engine=engine,
        language=language,
        scores=[p for _, p in names],
    )


@cache
def _class() -> type[Any]:
    from presidio_analyzer.nlp_engine import NlpEngine

    class BundledEngine(NlpEngine):  # type: ignore[misc, unused-ignore]
        """Tokens of spaCy's rules, names of the bundled tagger, words in lower case as their lemmas."""

        def load(self) -> None:
            bundled()
            _pipelines()

        def is_loaded(self) -> bool:
            return True

        def process_text(self, text: str, language: str) -> Any:
            return _artifacts(self, text, language)

        def process_batch(
            self, texts: Iterable[Any], language: str, batch_size: int = 1, n_process: int = 1, **_: Any
        ) -> Iterator[Any]:
            as_tuples = bool(_.get("as_tuples"))
            for text in texts:
                given, *rest = text if as_tuples else (text,)
                yield (str(given), self.process_text(str(given), language), *rest)

        def is_stopword(self, word: str, language: str) -> bool:
            return bool(_pipelines()[language].vocab[word].is_stop)

        def is_punct(self, word: str, language: str) -> bool:
            return bool(_pipelines()[language].vocab[word].is_punct)

        def get_supported_entities(self) -> list[str]:
            return list(TYPES)

        def get_supported_languages(self) -> list[str]:
            return list(LANGUAGES)

    return BundledEngine


def nlp_engine() -> Any:
    """An `NlpEngine` for presidio's `AnalyzerEngine(nlp_engine=nlp_engine(), supported_languages=["en", "zh"])`.

    Names are PERSON, LOCATION and ORGANIZATION, their scores the tagger's probabilities. Raises MissingExtra without
    presidio's own dependency spaCy; nothing is fetched.
    """
    return _class()()
