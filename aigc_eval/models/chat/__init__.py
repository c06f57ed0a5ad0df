"""Models that answer conversations: on this machine, or behind an OpenAI-compatible endpoint.

Chat           what both are: `attempt`, `reply`, `token_probabilities`
LocalChat      a local model with a chat template
EndpointChat   any server of POST {url}/chat/completions
ChatError      one conversation got no answer
"""

from aigc_eval.models.chat.base import Chat, ChatError
from aigc_eval.models.chat.endpoint import EndpointChat
from aigc_eval.models.chat.local import LocalChat

__all__ = ["Chat", "ChatError", "EndpointChat", "LocalChat"]
