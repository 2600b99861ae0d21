"""Training, evaluation and export of Windhover's model bundles."""

import os

# PyTorch's threads spin while they wait for each other, which on a busy machine makes a step several times as long.
# It reads this once, when it is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
