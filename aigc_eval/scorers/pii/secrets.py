"""Credentials: provider keys, tokens, private keys, connection strings and assigned high-entropy strings.

Beside the forms of known providers, a run of at least 20 characters of base64 with at least 4.0 bits of entropy a
character (of hexadecimal: 32 and 3.0) is one where the nearest word before it on the line says so (`client_secret`,
密钥); a hash, a commit, a UUID is none.

Each span is judged on its own: one obvious sample in a text clears nothing else. A template (`sk-xxxx`, `<password>`,
`${TOKEN}`, `YOUR_API_KEY`) is not a credential and is never reported; a provider's sample key is a placeholder.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable

from aigc_eval.scorers.pii.checksums import entropy
from aigc_eval.scorers.pii.rules import CERTAIN, LIKELY, NO, STRONG, UNSURE, Rule

__all__ = ["SECRET_RULES"]

_LEFT, _RIGHT = r"(?<![0-9A-Za-z_\-])", r"(?![0-9A-Za-z_\-])"

_TEMPLATE = re.compile(
    r"your|placeholder|change_?me|replace|insert|redacted|todo|x{4,}|\*{3,}|\.{3,}|<|>|\$\{?|\{\{|%s|(.)\1{7}"
    r"|my[_-]?(?:api|secret|token|key|password)",
    re.I,
)
_SAMPLE_PASSWORD = re.compile(
    r"(?:[a-z_]*p[a@]ss(?:w[o0]rd|wd)?[0-9!@#]{0,4}|pwd|secret[0-9]{0,4}|user(?:name)?|admin[0-9]{0,4}|root|postgres|mysql|guest"
    r"|test[0-9]{0,4}|changeit|密码|token|key|db_?pass|.{1,2})$",
    re.I,
)
_INVENTED = re.compile(
    r"example|sample|dummy|fake|1234567890|0123456789|abcdefgh|eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9l", re.I
)


_BITS, _HEX_BITS, _REACH = 4.0, 3.0, 60
_HEX = re.compile("[0-9a-f]+|[0-9A-F]+")
_UUID = re.compile("[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_BORDERS = re.compile("(?<=[0-9])(?=[A-Za-z])|(?<=[A-Za-z])(?=[0-9])")
_CHANGES = re.compile("(?<=[a-z])(?![a-z])|(?<=[A-Z])(?![A-Z])|(?<=[0-9])(?![0-9])")
_PUBLIC = re.compile(r"(?:public|公)[ _-]?$", re.I)
_ASSIGNED = re.compile(r"[=:]\s{0,3}[\"'`]?$")
# The nearest of them says what the characters are.
_SECRET_OR_NOT = re.compile(
    r"(?P<secret>secret|token|api[_ -]?key|access[_ -]?key|private[_ -]?key|encryption[_ -]?key|credential"
    r"|authorization|bearer|passphrase|密钥|密鑰|令牌|私钥|凭证|凭据)"
    r"|hash|sha-?[0-9]|md5|commit|checksum|digest|uuid|guid|integrity|etag|fingerprint|revision|(?<![a-z])url|https?:|哈希"
    r"|摘要|校验|指纹|公钥|public",
    re.I,
)


def _invented(value: str) -> bool:
    """Well formed, but by its look a sample: published keys, runs of the alphabet."""
    return _INVENTED.search(value) is not None


def _random(score: float, bits: float) -> Callable[[re.Match[str]], float]:
    """Believes a key whose characters look random: entropy of at least `bits` a character and no template in it."""

    def judge(match: re.Match[str]) -> float:
        value = match["value"] if "value" in match.re.groupindex else match[0]
        words_only = not re.search(r"[0-9]|[A-Za-z]{20}", value)
        return NO if words_only or entropy(value) < bits or _TEMPLATE.search(value) else score

    return judge


def _judge_jwt(match: re.Match[str]) -> float:
    head = match[0].partition(".")[0]
    try:
        header = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except ValueError:
        return NO
    return CERTAIN if isinstance(header, dict) and "alg" in header else NO


def _judge_pem(match: re.Match[str]) -> float:
    body = re.sub(r"[^A-Za-z0-9+/=]", "", match["body"])
    return CERTAIN if len(body) >= 40 and not _TEMPLATE.search(match["body"]) else NO


def _judge_password(match: re.Match[str]) -> float:
    password = match["value"] if "value" in match.re.groupindex else match["password"]
    return NO if _TEMPLATE.search(password) or _SAMPLE_PASSWORD.match(password) else STRONG


def _judge_plain_password(match: re.Match[str]) -> float:
    value = match["value"].rstrip("\"'`.,;!?)")
    classes = sum(bool(re.search(c, value)) for c in ("[a-z]", "[A-Z]", "[0-9]", r"[@#!%^&*+~?\-]"))
    code = re.search(r"[()\[\]{}$<>\"'`;=\\/]|\.[a-z_]|_", value)
    if (
        not re.search("[0-9]", value)
        or len(value) < 6
        or classes < 3
        or code
        or _TEMPLATE.search(value)
        or _SAMPLE_PASSWORD.match(value)
    ):
        return NO
    return LIKELY


def _judge_assigned(match: re.Match[str]) -> float:
    value = match["value"]
    if _PUBLIC.search(match.string[max(0, match.start() - 8) : match.start()]):
        return NO
    mixed = any(c.isdigit() for c in value) and any(c.isalpha() for c in value)
    return LIKELY if mixed and entropy(value) >= 3.5 and not _TEMPLATE.search(value) else NO


def _looks_random(value: str) -> bool:
    """Whether letters, capitals and digits change as often as in random characters; in words they seldom do."""
    many = len(_BORDERS.findall(value)) >= 4 or len(_CHANGES.findall(value)) >= 0.45 * len(value)
    return many and any(c.isdigit() for c in value)


def _judge_entropy(match: re.Match[str]) -> float:
    value, text = match[0], match.string
    hexadecimal = _HEX.fullmatch(value) is not None
    # 16 symbols hold 4 bits at most, and 32 random ones show about 3.6.
    enough = len(value) >= 32 and entropy(value) >= _HEX_BITS if hexadecimal else entropy(value) >= _BITS
    if not enough or not _looks_random(value) or _TEMPLATE.search(value) or _UUID.fullmatch(value):
        return NO
    left = text[max(0, match.start() - _REACH) : match.start()].rpartition("\n")[2]
    words = list(_SECRET_OR_NOT.finditer(left))
    if words and words[-1]["secret"] and not (hexadecimal and any(not m["secret"] for m in words)):
        return LIKELY
    return NO if words or hexadecimal or not _ASSIGNED.search(left) else UNSURE


def _key(entity: str, needs: str, expression: str, bits: float = 3.0) -> Rule:
    pattern = re.compile(f"{_LEFT}{expression}{_RIGHT}")
    return Rule(f"SECRET_{entity}", pattern, _random(CERTAIN, bits), re.compile(needs), _invented, digits=0)


_PROVIDER_KEYS = (
    _key("AWS_KEY", "AKIA|ASIA|ABIA|ACCA", r"(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}", 2.8),
    _key(
        "GITHUB_TOKEN", "gh[pousr]_|github_pat_", r"(?:gh[pousr]_[0-9A-Za-z]{36,251}|github_pat_[0-9A-Za-z_]{22,244})"
    ),
    _key("GITLAB_TOKEN", "glpat-", r"glpat-[0-9A-Za-z_\-]{20,64}"),
    _key("ANTHROPIC_KEY", "sk-ant-", r"sk-ant-[0-9A-Za-z_\-]{24,200}"),
    _key("OPENAI_KEY", "sk-", r"sk-(?!ant-)(?:(?:proj|svcacct|admin|None)-)?[0-9A-Za-z_\-]{20,200}"),
    _key("SLACK_TOKEN", "xox[a-z]-|xapp-", r"(?:xox[abeoprs]|xapp)-[0-9A-Za-z\-]{10,250}", 2.5),
    _key("SLACK_WEBHOOK", "hooks.slack", r"hooks\.slack\.com/(?:services|workflows)/[0-9A-Za-z_+/]{20,80}"),
    _key(
        "GOOGLE_KEY",
        "AIza|GOCSPX-|ya29",
        r"(?:AIza[0-9A-Za-z_\-]{35}|GOCSPX-[0-9A-Za-z_\-]{28}|ya29\.[0-9A-Za-z_\-]{20,250})",
    ),
    _key("STRIPE_KEY", "[rs]k_(?:live|test)_", r"[rs]k_(?:live|test)_[0-9A-Za-z]{16,250}"),
    _key("TWILIO_KEY", "SK[0-9a-f]", r"SK[0-9a-f]{32}", 2.8),
    _key("SENDGRID_KEY", r"SG\.", r"SG\.[0-9A-Za-z_\-]{16,32}\.[0-9A-Za-z_\-]{39,50}"),
    _key("NPM_TOKEN", "npm_", r"npm_[0-9A-Za-z]{36}"),
    _key("PYPI_TOKEN", "pypi-", r"pypi-AgE[0-9A-Za-z_\-]{50,250}"),
    _key("HUGGINGFACE_TOKEN", "hf_", r"hf_[0-9A-Za-z]{30,64}"),
    _key("TELEGRAM_TOKEN", ":AA", r"[0-9]{8,10}:AA[0-9A-Za-z_\-]{33}"),
    _key("ALIYUN_KEY", "LTAI", r"LTAI[0-9A-Za-z]{12,26}"),
    _key("TENCENT_KEY", "AKID", r"AKID[0-9A-Za-z]{32}"),
    _key("AZURE_KEY", "(?:Account|Shared)", r"(?:Account|SharedAccess)Key=(?P<value>[0-9A-Za-z+/]{40,100}={0,2})"),
)

SECRET_RULES = (
    *_PROVIDER_KEYS,
    Rule(
        "SECRET_JWT",
        re.compile(rf"{_LEFT}eyJ[0-9A-Za-z_\-]{{10,2000}}\.eyJ[0-9A-Za-z_\-]{{4,8000}}\.[0-9A-Za-z_\-]{{10,2000}}"),
        _judge_jwt,
        re.compile(r"\.eyJ"),
        _invented,
        digits=0,
    ),
    Rule(
        "SECRET_PRIVATE_KEY",
        # A block that was cut off has no END line; what stands there is secret all the same.
        re.compile(
            r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
            r"(?P<body>(?:[A-Za-z0-9+/=\s\\:,.]|-(?!----)){1,12000}+)"
            r"(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)?"
        ),
        _judge_pem,
        re.compile("PRIVATE KEY"),
        digits=0,
    ),
    Rule(
        "SECRET_CONNECTION_STRING",
        re.compile(
            r"(?<![0-9A-Za-z])[A-Za-z][0-9A-Za-z+.\-]{1,30}://[^\s:@/\"'<>]{0,128}:(?P<password>[^\s@/\"'<>]{1,128})@"
            r"[0-9A-Za-z_.\-\[\]]{1,253}(?::[0-9]{1,5})?(?:/[0-9A-Za-z_.\-]{0,128})?"
        ),
        _judge_password,
        re.compile("://[^@]{1,300}@"),
        digits=0,
    ),
    Rule(
        "SECRET_CONNECTION_STRING",
        re.compile(
            r"(?i)(?<![a-z])(?:server|data source|host|endpoint|initial catalog|user id|uid|username)"
            r"\s{0,3}=[^;\n]{1,128};"
            r"(?:[^;\n]{1,128};){0,8}\s{0,3}(?:password|pwd)\s{0,3}=\s{0,3}(?P<password>[^;\s\"']{1,128})"
        ),
        _judge_password,
        re.compile("(?i)(?:password|pwd) {0,3}="),
        digits=0,
    ),
    Rule(
        "SECRET_KEY",
        re.compile(
            r"(?i)(?:(?:key|token|secret|密钥|令牌)[\"'`]?\s{0,3}(?:[:=：]|=>|是|为|\bis\b)|bearer)\s{0,3}[\"'`]?"
            r"(?P<value>[0-9A-Za-z+/_\-]{20,200}={0,2})(?![0-9A-Za-z+/_\-])"
        ),
        _judge_assigned,
        re.compile(r"[KkTtSsBb密令](?:[Ee][YyCcAa]|[Oo][Kk]|[钥牌])"),
        _invented,
    ),
    Rule(
        "SECRET_HIGH_ENTROPY",
        re.compile(r"(?<![0-9A-Za-z+/_\-])[0-9A-Za-z+/_\-]{20,500}={0,2}(?![0-9A-Za-z+/_\-])"),
        _judge_entropy,
        re.compile(r"[0-9A-Za-z+/_\-]{20}"),
        _invented,
    ),
    Rule(
        "SECRET_PASSWORD",
        re.compile(
            r"(?i)(?:password|passwd|passphrase|(?<![a-z])pwd|密码|口令)[\"'`]?\s{0,3}(?:[:=：]|是|为|\bis\b)\s{0,3}[\"'`]?"
            r"(?P<value>[!-~]{6,64})"
        ),
        _judge_plain_password,
        re.compile(r"[Pp密口](?:[AaWw][SsDd]|[码令])"),
        _invented,
    ),
)
