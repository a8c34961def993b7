"""HTTPS with certificates at both ends: server, client, routing. Nothing here knows about QKD."""
