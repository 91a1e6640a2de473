"""`python -I -B -m catalog.import_reader`: makes the rows of imports ready, for as long as somebody
asks on its standard input: a line of JSON each time, answered by a pickled Slice after its size."""

import json
import os
import pickle
import sys
from pathlib import Path

from catalog.import_files import read_slice

SIZE_BYTES = 8


def main() -> None:
    os.nice(10)
    for asked in sys.stdin.buffer:
        path, *where = json.loads(asked)
        answer = pickle.dumps(read_slice(Path(path), *where))
        sys.stdout.buffer.write(len(answer).to_bytes(SIZE_BYTES) + answer)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
