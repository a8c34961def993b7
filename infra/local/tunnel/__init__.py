"""The tunnel rehearsed on this machine: namespaces as hosts, the real tunnel programs and agents."""
