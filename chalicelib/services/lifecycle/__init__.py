"""What each workflow step does, repeatably: every function may run twice, or die half-way."""
