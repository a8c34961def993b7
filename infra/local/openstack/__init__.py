"""A real OpenStack control plane (Keystone, Glance, Placement, Nova, Neutron) on loopback."""
