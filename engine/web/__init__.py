"""HTTP: callbacks of payment providers, the top-up page, the operators' interface."""
