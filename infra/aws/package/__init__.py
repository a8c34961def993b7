"""The package that runs on Lambda: what goes into the zip, and the template that deploys it."""
