"""What is wrong with a data set, in words for the person who put it there."""

from __future__ import annotations


class DatasetError(ValueError):
    """A data set cannot be read as asked; the message names the file, folder or option and what is wrong with it."""
