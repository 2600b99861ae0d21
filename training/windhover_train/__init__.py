"""Training, evaluation and export of Windhover's model bundles."""
