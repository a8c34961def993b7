"""The QKD agent of one site: key delivery to applications, key relay between sites, control."""

__version__ = "0.1.0"
