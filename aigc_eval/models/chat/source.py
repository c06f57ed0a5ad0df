"""Where a plug-in's chat model is, as its options say it: on this machine, or behind an endpoint."""

from __future__ import annotations

import os
from dataclasses import dataclass

from aigc_eval.errors import UsageError
from aigc_eval.models.chat.base import Chat
from aigc_eval.models.chat.endpoint import EndpointChat, host_of
from aigc_eval.models.chat.local import LocalChat

__all__ = ["ChatSource"]


@dataclass(frozen=True)
class ChatSource:
    """Either `model` (a folder, or an id in the local cache), or `endpoint` and `endpoint_model`.

    `endpoint` is the URL of an OpenAI-compatible server up to and with its version, `api_key_env` the environment
    variable that holds its key ("" sends none). `plugin` is the name that errors begin with. Raises UsageError where
    both are given, neither, or half of one.
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

    def trust(self) -> str:
        """What `Plugin.needs_trust` says of it: "sends prompts and answers to HOST", or ""."""
        return f"sends prompts and answers to {host_of(self.endpoint)}" if self.endpoint else ""

    def chat(self) -> Chat:
        """The model, opened; UsageError where it, its chat template or the key is missing."""
        if self.model is not None:
            return LocalChat(self.model, device=self.device)
        if self.api_key_env and not os.environ.get(self.api_key_env, "").strip():
            raise UsageError(f"{self.plugin}: the environment variable {self.api_key_env} is not set; export it")
        return EndpointChat(self.endpoint, self.endpoint_model, self.api_key_env)
