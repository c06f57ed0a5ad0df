"""What the command line lets a bench do. Benches arrive by pull request, command lines do not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from aigc_eval import yaml_file
from aigc_eval.config.options import Fault
from aigc_eval.config.problems import Problems
from aigc_eval.config.shape import AllowListShape
from aigc_eval.errors import ConfigError, UsageError

__all__ = ["Trust"]

_HERE = ("localhost", "127.0.0.1", "[::1]", "::1")


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
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
        if host in self.hosts or name in self.hosts:
            return True
        return not self.in_ci and (self.everything or name in _HERE)

    @classmethod
    def given(
        cls, *, everything: bool = False, hosts: Iterable[str] = (), listed: Path | None = None, in_ci: bool = False
    ) -> Trust:
        """From a command line: `listed` is a YAML file with `code` and `hosts`; raises ConfigError where it is not."""
        if url := next((host for host in hosts if "/" in host), None):
            raise UsageError("--allow-host: {}; {}".format(*_url(url)))
        if listed is None:
            return cls(everything, hosts=frozenset(hosts), in_ci=in_ci)
        document = yaml_file.load(listed)
        problems = Problems(document)
        values = problems.shape(document.root, AllowListShape)
        for index, host in enumerate(values.get("hosts", ())):
            if "/" in host:
                problems.fault(document.root, Fault(("hosts", index), *_url(host)))
        if problems.found:
            raise ConfigError(problems.found)
        return cls(everything, frozenset(values.get("code", ())), frozenset((*hosts, *values.get("hosts", ()))), in_ci)


def _url(host: str) -> tuple[str, str]:
    """What is wrong with a URL where a host belongs, and the remedy."""
    return f"{host!r:.80} is no host", "write it without scheme and path, such as api.example.com"
