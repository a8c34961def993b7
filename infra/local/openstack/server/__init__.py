"""What runs in the servers' environment. Nothing here is imported by the application."""
