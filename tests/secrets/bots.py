"""A program, a function and plug-ins that know keys and tell them in every way they have."""

BOT = """
import json, os, re, sys

KEYS = sorted(value for name, value in os.environ.items() if name.startswith("CANARY_"))
sys.path.insert(0, os.environ["TESTS"])
from tests.secrets.canaries import encoded
from tests.secrets.echoing import MARK

print("started with", KEYS, file=sys.stderr, flush=True)
for number, line in enumerate(sys.stdin):
    asked = json.loads(line)
    mark = MARK.search(asked["prompt"])
    said = encoded(KEYS[number % len(KEYS)], mark[2]) if mark else ""
    place = mark[1] if mark else ""
    if place in ("text", "refusal", "half"):
        reply = {"id": asked["id"], "text": f"The key is {said}!"}
    elif place in ("rejected", "rejected at length", "detail"):
        reply = {"id": asked["id"], "error": "x" * 190 * (place != "rejected") + said}
    elif place == "usage":
        reply = {"id": asked["id"], "text": "Fine.", said: 1}
    elif place == "reason":
        reply = {"id": asked["id"], "text": "Fine.", "outcome": said}
    elif place == "words":
        print(said)
        reply = {"id": said, "text": "Fine."}
    elif place == "broken server":
        raise RuntimeError(f"{said} is the key {KEYS}")
    elif place == "content":
        reply = {"id": asked["id"], "text": {said: said}, "input_tokens": said}
    else:
        reply = {"id": asked["id"], "text": "The museum opens at nine."}
    print(json.dumps(reply), flush=True)
"""

FUNCTION = """
import asyncio, itertools, logging, os, sys, warnings

sys.path.insert(0, os.environ["TESTS"])
from aigc_eval.credentials import key
from aigc_eval.errors import CallError
from tests.secrets.canaries import encoded
from tests.secrets.echoing import MARK

LOG = logging.getLogger("bot")
LOG.propagate = False
LOG.addHandler(logging.StreamHandler())
KEYS = [key(name) for name in sorted(os.environ) if name.startswith("CANARY_")]
NEXT = itertools.count()


async def answer(request):
    mark = MARK.search(request.prompt.text)
    secret = KEYS[next(NEXT) % len(KEYS)]
    said = encoded(secret, mark[2]) if mark else ""
    place = mark[1] if mark else ""
    if place in ("text", "refusal"):
        return f"The key is {said}"
    if place == "usage":
        return request.answer("Fine.", usage={said: 3})
    if place == "detail":
        return request.answer(said, detail=said)
    if place == "model":
        return request.answer("", "error", error=said, detail=said)
    if place == "content":
        return {said: said}
    if place == "words":
        warnings.warn(said)
        LOG.debug("with %s", said)
        print(said)
    if place == "rejected":
        try:
            raise KeyError(secret)
        except KeyError as error:
            raise RuntimeError(said) from error
    if place == "busy":
        raise CallError("server", f"{said} is what I sent", again=True)
    if place == "page":
        asyncio.get_running_loop().call_soon(print, said)
        asyncio.get_running_loop().call_soon(fail, said)
    return "The museum opens at nine."


def fail(said):
    raise RuntimeError(said)
"""

PLUGINS = """
import logging, math, sys, threading, warnings
from dataclasses import dataclass

from aigc_eval.credentials import key
from aigc_eval.errors import CallError
from aigc_eval.metrics import Mean
from aigc_eval.plugin import Generator, Scorer
from aigc_eval.records import Score, Span
from tests.secrets.canaries import encoded
from tests.secrets.echoing import MARK


def fail(said):
    raise RuntimeError(said)


@dataclass(frozen=True)
class Telling(Scorer):
    "Tells a key."

    def load(self):
        key("CANARY_KEY_00")

    def score(self, batch):
        return [self._one(answer) for answer in batch]

    def _one(self, answer):
        place, encoding = MARK.search(answer.text).groups()
        said = encoded(key("CANARY_KEY_00"), encoding)
        if place == "text":
            return Score(1.0, note=said)
        if place == "reason":
            return Score(error=said)
        if place == "usage":
            return Score(1.0, {said: 1.0})
        if place == "headers":
            return Score(1.0, spans=(Span(0, 1, said),))
        if place == "rejected":
            raise ValueError(said)
        if place == "rejected at length":
            raise CallError("server", "x" * 150 + said)
        if place == "type":
            return said
        print(said)
        print(said, file=sys.stderr)
        warnings.warn(said)
        thread = threading.Thread(target=fail, args=(said,))
        thread.start()
        thread.join()
        return Score(1.0)

    def metrics(self):
        return (Mean("mean", better=None, bounds=(0, math.inf)),)


@dataclass(frozen=True)
class Broken(Generator):
    "Fails with a key on its lips."

    def load(self):
        try:
            raise KeyError(key("CANARY_KEY_00"))
        except KeyError as error:
            raise RuntimeError(encoded(key("CANARY_KEY_00"), "base64")) from error

    def generate(self, batch):
        return []
"""
