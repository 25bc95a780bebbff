"""
Fits the model of a tutorial in Pyro.

    python run.py variational-autoencoder             # fits from some seeds, and prints each run, the means and their spread
    python run.py variational-autoencoder --write     # puts the means into figures.json
    python run.py variational-autoencoder --steps 50 --seeds 1
"""

import runpy
import sys
from pathlib import Path

page = sys.argv.pop(1)
(script,) = Path(__file__).parent.glob(f"*/{page}.py")
runpy.run_path(str(script), run_name="__main__")
