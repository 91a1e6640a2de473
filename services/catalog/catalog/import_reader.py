"""`python -I -B -m catalog.import_reader FILE`: makes the rows of imports ready, for as long as
somebody asks on its standard input: a line of JSON each time, answered by a line with the size of
the pickled Slice that is in the file (the number of an open one) then."""

import json
import os
import pickle
import sys
from pathlib import Path

from catalog.import_files import read_slice


def main() -> None:
    os.nice(10)
    with open(int(sys.argv[1]), "wb") as file:  # noqa: PTH123 (it has no path)
        for asked in sys.stdin.buffer:
            path, *where = json.loads(asked)
            answer = pickle.dumps(read_slice(Path(path), *where))
            file.seek(0)
            file.write(answer)
            file.flush()
            print(len(answer), flush=True)


if __name__ == "__main__":
    main()
