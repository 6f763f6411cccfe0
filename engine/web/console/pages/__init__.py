"""The console's subjects: a room each. Adding one is its room and a line in `SUBJECTS`."""

from engine.web.console.pages import (
    audit,
    configuration,
    dialplan,
    first_day,
    home,
    keys,
    profiles,
    services,
    settings,
    sign_in,
    users,
)
from engine.web.console.route import Subject

SUBJECTS: tuple[Subject, ...] = (
    sign_in.SUBJECT,
    home.SUBJECT,
    settings.SUBJECT,
    users.SUBJECT,
    keys.SUBJECT,
    audit.SUBJECT,
    services.SUBJECT,
    profiles.SUBJECT,
    configuration.SUBJECT,
    dialplan.SUBJECT,
    first_day.SUBJECT,
)
