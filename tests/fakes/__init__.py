"""Stand-ins for what the services need, in memory."""
