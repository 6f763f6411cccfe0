"""The console's subjects: a room each. Adding one is its room and a line in `SUBJECTS`."""

from engine.web.console.pages import audit, home, keys, settings, sign_in, users
from engine.web.console.route import Subject

SUBJECTS: tuple[Subject, ...] = (
    sign_in.SUBJECT,
    home.SUBJECT,
    settings.SUBJECT,
    users.SUBJECT,
    keys.SUBJECT,
    audit.SUBJECT,
)
