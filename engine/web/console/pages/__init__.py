"""The console's subjects: a room each. Adding one is its room and a line in `SUBJECTS`."""

from engine.web.console.pages import (
    agents,
    audit,
    configuration,
    desk,
    dialplan,
    first_day,
    home,
    keys,
    live_calls,
    profiles,
    prompts,
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
    live_calls.SUBJECT,
    agents.SUBJECT,
    desk.SUBJECT,
    prompts.SUBJECT,
)
