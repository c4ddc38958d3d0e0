"""chDB called in process: the limit of the endpoint's line.

Reads lines such as "point 300" and answers each with the seconds it took, until its input ends.
"""

import sys
import time
from pathlib import Path

from holdfast.warehouse.embedded.engine import Engine, open_engine
from tests.bench.rows import CREATE, POINT, SELECT, TRUNCATE, to_rows_query


def main() -> None:
    engine = open_engine(Path(sys.argv[1]), database="holdfast", log_days=1)
    prepared: dict[int, bytes] = {}
    engine.open().query(CREATE)
    for line in sys.stdin:
        work, count = line.split()
        print(_seconds(engine, work, int(count), prepared), flush=True)  # noqa: T201
    engine.close()


def _seconds(engine: Engine, work: str, count: int, prepared: dict[int, bytes]) -> float:
    handle = engine.open()
    try:
        if work == "insert":
            if count not in prepared:
                prepared[count] = handle.query(to_rows_query(count), "Native").body
            handle.query(TRUNCATE)
            began = time.perf_counter()
            insert = handle.insert("INSERT INTO holdfast.rows", "Native")
            insert.append(prepared[count])
            insert.finish()
        elif work == "select":
            began = time.perf_counter()
            handle.query(SELECT, "Native")
        else:
            began = time.perf_counter()
            for _ in range(count):
                handle.query(POINT, "TabSeparated")
        return time.perf_counter() - began
    finally:
        handle.close()


if __name__ == "__main__":
    main()
