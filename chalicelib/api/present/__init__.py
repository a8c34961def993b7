"""From domain objects to answers."""
