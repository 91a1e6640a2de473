from catalog.models import metadata
from shopkit.migrations import run_env

run_env(metadata)
