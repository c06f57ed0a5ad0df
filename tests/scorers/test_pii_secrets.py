"""Strings that are secret for their entropy and for the word beside them; and what looks like them and is none."""

from __future__ import annotations

import json
import random
import uuid
from pathlib import Path

import pytest

from aigc_eval.scorers.pii.checksums import entropy
from aigc_eval.scorers.pii.detector import DEFAULT_ENTITIES, detector
from aigc_eval.scorers.pii.ner import Names

ARENA = Path(__file__).parents[2] / "../shared/data/outputs/arena-hard"
BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
URL_SAFE = BASE64.replace("+/", "-_")
SECRETS = tuple(e for e in DEFAULT_ENTITIES if e.startswith("SECRET_"))


def drawn(rng: random.Random, alphabet: str, n: int) -> str:
    """A random run that does not begin or end with a sign, so that its borders are plain."""
    middle = "".join(rng.choices(alphabet, k=n - 2))
    return rng.choice(alphabet[:52] if len(alphabet) > 52 else alphabet) + middle + rng.choice(alphabet[:10])


def found_in(text: str, threshold: float = 0.5) -> list[tuple[str, str]]:
    return [(f.entity, text[f.start : f.end]) for f in detector(SECRETS, threshold, "").find(text)]


FRAMES = (
    "The client secret that I use is {}, keep it.",
    "credentials = load('{}')",
    "我的访问令牌如下 {} 请勿外传",
    "私钥内容为「{}」",
    "curl -H 'Authorization: Basic {}' host",
    "set API key to {}",
)


@pytest.mark.parametrize(
    ("alphabet", "n"), [(BASE64, 32), (BASE64, 40), (URL_SAFE, 43), (BASE64, 88), ("0123456789abcdef", 64)]
)
@pytest.mark.parametrize("frame", FRAMES)
def test_random_strings_called_a_secret_are_found(frame: str, alphabet: str, n: int) -> None:
    rng, hits = random.Random(f"{frame}{n}"), 0
    for _ in range(200):
        value = drawn(rng, alphabet, n)
        text = frame.format(value)
        hits += any(value in span or span in value for _, span in found_in(text))
    assert hits / 200 >= 0.97


NOT_SECRET = (
    lambda r: f"commit {drawn(r, '0123456789abcdef', 40)} fixed it",
    lambda r: f"The sha256 hash of the token file is {drawn(r, '0123456789abcdef', 64)}.",
    lambda r: f"token checksum: md5 {drawn(r, '0123456789abcdef', 32)}",
    lambda r: f"the credential id {uuid.UUID(int=r.getrandbits(128))} is listed",
    lambda r: f'integrity="sha384-{drawn(r, BASE64, 64)}" crossorigin',
    lambda r: f"哈希值 {drawn(r, '0123456789abcdef', 64)}",
    lambda r: f"src='data:image/png;base64,{drawn(r, BASE64, 120)}'",
    lambda r: f"https://cdn.acme.io/{drawn(r, URL_SAFE, 24)}/x.png",
    lambda r: f"private key getUserAccessTokenFromLocalCache{r.randint(1, 9)}Provider()",
    lambda r: f"secret /usr/local/share/python{r.randint(2, 3)}/site-packages/module{r.randint(1, 9)}/config",
    lambda r: f"public key {drawn(r, BASE64, 44)}",
    lambda r: f"token xxxxxxxxxxxx{drawn(r, BASE64, 8)}yyyyyyyyyyyy",
    lambda r: f"the word {drawn(r, URL_SAFE, 30)} stands alone",
)


@pytest.mark.parametrize("make", NOT_SECRET, ids=range(len(NOT_SECRET)))
def test_hashes_identifiers_paths_and_words_are_no_secrets(make: object) -> None:
    rng = random.Random(6)
    texts = [make(rng) for _ in range(200)]  # type: ignore[operator]
    assert [found for text in texts for found in found_in(text)] == []


def test_an_assignment_alone_is_believed_at_a_lower_threshold_only() -> None:
    text = 'x = "Q7zR2mX9vK4tB8nW3cY6pL1d"'
    assert entropy("Q7zR2mX9vK4tB8nW3cY6pL1d") > 4.0
    assert found_in(text) == []
    assert found_in(text, 0.4) == [("SECRET_HIGH_ENTROPY", "Q7zR2mX9vK4tB8nW3cY6pL1d")]


def test_the_nearest_word_decides() -> None:
    value = "Q7zR2mX9vK4tB8nW3cY6pL1dT5"
    assert found_in(f"secret, not its hash: {value}") == []
    assert found_in(f"hash and then the secret {value}") == [("SECRET_HIGH_ENTROPY", value)]
    assert found_in(f"the secret is below\n{value}") == []


def test_no_output_of_three_models_holds_a_random_secret() -> None:
    if not ARENA.is_dir():
        pytest.skip("no shared/data/outputs/arena-hard beside the repository")
    lines = [line for f in sorted(ARENA.glob("gpt*.jsonl")) for line in f.read_text("utf-8").split("\n") if line]
    texts = [json.loads(line)["messages"][-1]["content"]["answer"] for line in lines]
    assert len(texts) == 1500
    assert [f for t in texts for f in found_in(t) if f[0] == "SECRET_HIGH_ENTROPY"] == []


@pytest.mark.parametrize(
    ("label", "entity"),
    [
        ("B-PER", "PERSON"),
        ("I-NAME", "PERSON"),
        ("nr", "PERSON"),
        ("LOC", "LOCATION"),
        ("B-address", "ADDRESS"),
        ("STREET_ADDRESS", "ADDRESS"),
        ("S-COMPANY", "ORGANIZATION"),
        ("NORP", "NRP"),
        ("FAMILY_HISTORY", "MEDICAL_FAMILY_HISTORY"),
    ],
)
def test_labels_of_the_usual_corpora_are_understood(label: str, entity: str) -> None:
    found = list(
        Names(lambda text: iter([(label, 0, 2, 0.9), ("MISC", 0, 1, 0.9)]), frozenset({entity})).find("王小明")
    )
    assert [(f.entity, f.start, f.end) for f in found] == [(entity, 0, 2)]
