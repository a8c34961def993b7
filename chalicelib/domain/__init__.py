"""Pure rules of the infrastructure: standard library only, no clock, no random, no I/O."""
