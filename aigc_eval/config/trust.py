"""What the command line lets a bench do. Benches arrive by pull request, command lines do not."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from aigc_eval import yaml_file
from aigc_eval.config.options import Fault
from aigc_eval.config.problems import Problems
from aigc_eval.config.shape import AllowListShape
from aigc_eval.errors import ConfigError, UsageError

__all__ = ["Trust", "in_ci"]

_HERE = ("localhost", "127.0.0.1", "[::1]", "::1")


def in_ci() -> bool:
    """Whether this is a job of a CI system: all of them set the variable CI."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false", "no")


@dataclass(frozen=True)
class Trust:
    """Which code a bench may run and which hosts it may send prompts and answers to.

    `everything` is `--trust-bench`: any code and, outside CI, any host. `code` holds what single lines may run, word
    for word as the error about them says it, `hosts` names with or without a port. This machine needs no permission,
    except in CI, where every host must be named.

    >>> Trust(hosts=frozenset({"api.example.com"})).sends("api.example.com"), Trust().sends("127.0.0.1:8000")
    (True, True)
    >>> Trust(everything=True, in_ci=True).sends("api.example.com")
    False
    """

    everything: bool = False
    code: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()
    in_ci: bool = False

    def runs(self, code: str) -> bool:
        """Whether a bench may run this."""
        return self.everything or code in self.code

    def sends(self, host: str) -> bool:
        """Whether a bench may send prompts and answers there; a port that is named must be the port."""
        host = host.lower()
        name, colon, port = host.rpartition(":")
        name = name if colon and port.isdigit() else host
        if host in self.hosts or name in self.hosts:
            return True
        return not self.in_ci and (self.everything or name in _HERE)

    @classmethod
    def given(
        cls, *, everything: bool = False, hosts: Iterable[str] = (), listed: Path | None = None, in_ci: bool = False
    ) -> Trust:
        """From a command line: `listed` is a YAML file with `code` and `hosts`; raises ConfigError where it is not."""
        named = frozenset(host.lower() for host in hosts)
        if odd := [host for host in named if not _is_host(host)]:
            raise UsageError("--allow-host: {}; {}".format(*_no_host(odd[0])))
        if listed is None:
            return cls(everything, hosts=named, in_ci=in_ci)
        document = yaml_file.load(listed)
        problems = Problems(document)
        values = problems.shape(document.root, AllowListShape)
        for index, host in enumerate(values.get("hosts", ())):
            if not _is_host(host):
                problems.fault(document.root, Fault(("hosts", index), *_no_host(host)))
        if problems.found:
            raise ConfigError(problems.found)
        named |= {host.lower() for host in values.get("hosts", ())}
        return cls(everything, frozenset(values.get("code", ())), named, in_ci)


def _is_host(text: str) -> bool:
    """Whether a text may be a host: neither empty (a variable that is not set) nor a URL."""
    return bool(text.strip()) and "/" not in text


def _no_host(host: str) -> tuple[str, str]:
    """What is wrong with what is no host, and the remedy."""
    return f"{host!r:.80} is no host", "write it without scheme and path, such as api.example.com"
