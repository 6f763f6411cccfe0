"""Webhooks: endpoints and their secrets, and the sender that every engine runs.

`Webhooks` is what people and programs do with them, `Sender` what brings events there.
"""

from engine.flows.webhooks.sender import Sender
from engine.flows.webhooks.signing import Signer
from engine.flows.webhooks.webhooks import Revealed, Webhooks

__all__ = ["Revealed", "Sender", "Signer", "Webhooks"]
