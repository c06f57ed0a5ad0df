"""Where a plug-in's chat model is, as its options say it: on this machine, or behind an endpoint."""

from __future__ import annotations

from dataclasses import dataclass

from aigc_eval.credentials import check_variable
from aigc_eval.errors import UsageError
from aigc_eval.models.chat.base import Chat
from aigc_eval.models.chat.endpoint import EndpointChat
from aigc_eval.models.chat.local import LocalChat
from aigc_eval.net.hosts import host_of

__all__ = ["ChatSource"]


@dataclass(frozen=True)
class ChatSource:
    """Either `model` (a folder, or an id in the local cache), or `endpoint` and `endpoint_model`.

    `endpoint` is the URL of an OpenAI-compatible server up to and with its version, `api_key_env` the environment
    variable that holds its key or, with `_FILE` behind it, names its file ("" sends none). `plugin` is the name that
    errors begin with. Raises UsageError where both are given, neither, or half of one.
    """

    plugin: str
    model: str | None = None
    endpoint: str = ""
    endpoint_model: str = ""
    api_key_env: str = ""
    device: str = "auto"

    def __post_init__(self) -> None:
        if (self.model is None) == (not self.endpoint):
            raise UsageError(f"{self.plugin}: give either model (on this machine) or endpoint and endpoint_model")
        if bool(self.endpoint) != bool(self.endpoint_model) or (self.api_key_env and not self.endpoint):
            raise UsageError(f"{self.plugin}: endpoint, endpoint_model and api_key_env belong together")
        if self.endpoint:
            host_of(self.endpoint)
        if self.api_key_env:
            check_variable(f"{self.plugin}: api_key_env", self.api_key_env)

    def hosts(self) -> tuple[str, ...]:
        """What `Plugin.hosts` says of it: the endpoint's host."""
        return (host_of(self.endpoint),) if self.endpoint else ()

    def chat(self) -> Chat:
        """The model, opened; UsageError where it, its chat template or the key is missing."""
        if self.model is not None:
            return LocalChat(self.model, device=self.device)
        found = EndpointChat(self.endpoint, self.endpoint_model, self.api_key_env)
        try:
            found.check()
        except UsageError as error:
            raise UsageError(f"{self.plugin}: {error}") from None
        return found
