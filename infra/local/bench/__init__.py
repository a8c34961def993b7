"""Benchmarks of CPU, import time, added latency and store use: `python -m infra.local.bench`."""
