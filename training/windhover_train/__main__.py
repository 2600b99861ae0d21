"""`python -m windhover_train` is `windhover-train`."""

from windhover_train.cli import main

main()
