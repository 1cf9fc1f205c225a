"""The whole engine against failing disks, breaking networks and impatient peers, from a seed.

    python tests/sim/run.py --seeds 1000          # seeds 0 ... 999
    python tests/sim/run.py --seed 417            # one, with its traceback

A failure prints the seed that repeats it. Exit 1 when any seed failed.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import traceback
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tests.sim.loop import SimLoop  # noqa: E402  # the path comes first
from tests.sim.world import World  # noqa: E402


def play(seed: int) -> int:
    """Run one seed; how often the gateway crashed in it. Raises what went wrong."""
    random = Random(seed)
    loop = SimLoop(random)
    asyncio.set_event_loop(loop)
    try:
        world = World(random)
        loop.run_until_complete(asyncio.wait_for(world.run(), timeout=10_000))
        return world.crashes
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--seed", type=int, help="only this one")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    seeds = [options.seed] if options.seed is not None else range(options.seeds)
    failed, crashes = [], 0
    for seed in seeds:
        try:
            crashes += play(seed)
        except Exception:
            failed.append(seed)
            print(f"seed {seed} failed", flush=True)
            if options.seed is not None or len(failed) == 1:
                traceback.print_exc()
    print(f"{len(seeds) - len(failed)} passed, {len(failed)} failed; {crashes} crashes survived")
    if failed:
        print("repeat with: python tests/sim/run.py --seed " + str(failed[0]))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
