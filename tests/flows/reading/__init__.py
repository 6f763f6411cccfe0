"""What operators look up: reasons, proofs, retention."""
