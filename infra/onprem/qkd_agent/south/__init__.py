"""Where link keys come from: an emulated device, or a third-party KME."""
