"""The workflows' steps: one stateless function each."""
