"""Commands on journal and store, whether an engine runs or not."""
