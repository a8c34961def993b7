"""Programs that run in VMs, never here: they are read as text and put into user data."""
