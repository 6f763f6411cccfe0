"""How an organisation's numbers stand by their probes."""

from engine.web.api.probes.routes import ROUTES as ROUTES
