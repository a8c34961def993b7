"""The tunnel between the lab and the cloud: configurations of WireGuard and of IPsec."""
