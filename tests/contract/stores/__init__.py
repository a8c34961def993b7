"""What every implementation of the stores promises."""
