"""What forms and addresses carry: what people type into them, and what nobody may read there."""
