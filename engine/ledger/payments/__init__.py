"""Payment orders and the inbox of callbacks, beside the journal they are booked in."""
