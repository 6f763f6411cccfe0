"""Who may come in: people with their passwords and second factors, and their sessions."""

from engine.flows.access.brakes import Visitor
from engine.flows.access.people import NewUser, People
from engine.flows.access.signing_in import Begun, SigningIn

__all__ = ["Begun", "NewUser", "People", "SigningIn", "Visitor"]
