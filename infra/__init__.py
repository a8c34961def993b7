"""Every place the system runs."""
