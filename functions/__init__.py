"""Entry points: one module per endpoint group, workflow step or schedule."""
