"""Agents as supervisors and they themselves see them, and what they may do beside their calls."""

from engine.flows.agents.callers import CallerFile
from engine.flows.agents.staff import AgentSeen, Staff, Standing

__all__ = ["AgentSeen", "CallerFile", "Staff", "Standing"]
