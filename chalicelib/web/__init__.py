"""Static files: pages of our own, and vendored ones unmodified under vendor/."""
