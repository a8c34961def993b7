"""Use cases, one module per verb, and the ports that they need."""
