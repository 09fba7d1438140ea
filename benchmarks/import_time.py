"""How long `import chainrule` takes beyond `import numpy`, each in fresh processes.

Run: python benchmarks/import_time.py
"""

import statistics
import subprocess
import sys

RUNS = 15
STATEMENTS = {
    "import numpy": "import numpy",
    "import chainrule": "import numpy, chainrule",
    "… and Sequential, Dense": (
        "import numpy; from chainrule.models import Sequential; from chainrule.layers import Dense"
    ),
}


def seconds(statement: str) -> float:
    code = f"import time; t = time.perf_counter(); {statement}; print(time.perf_counter() - t)"
    return float(subprocess.check_output([sys.executable, "-c", code]))


def main() -> None:
    times: dict[str, list[float]] = {name: [] for name in STATEMENTS}
    for _ in range(RUNS):  # in turn, so that a disturbance hits all alike
        for name, statement in STATEMENTS.items():
            times[name].append(seconds(statement))
    base = statistics.median(times["import numpy"])
    for name, runs in times.items():
        median = statistics.median(runs)
        print(f"{name:26} {1e3 * median:7.1f} ms   {1e3 * (median - base):+7.1f} ms")


if __name__ == "__main__":
    main()
