"""As gunicorn's documentation advises: 2 × cores + 1 synchronous workers."""

import multiprocessing

workers = 2 * multiprocessing.cpu_count() + 1
