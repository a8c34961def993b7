"""Entry points: one module per endpoint group, workflow step or schedule."""

import gc

# Lambda imports the module of a step without app.py, so this is the first that both run. Imports
# make 90,000 objects that stay; looking for garbage among them is some percent of a cold start.
gc.set_threshold(150_000)
