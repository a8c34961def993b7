"""The tunnel rehearsed here: namespaces as hosts, the real tunnel programs and agents."""
