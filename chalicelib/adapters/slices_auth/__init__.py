"""SLICES tokens, verified."""
