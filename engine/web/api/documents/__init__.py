"""What an organisation hands in to prove its seat or its need, and what came of it."""

from engine.web.api.documents.routes import ROUTES as ROUTES
