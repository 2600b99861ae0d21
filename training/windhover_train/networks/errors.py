"""What can be wrong with a network's name or weights."""


class NetworkError(ValueError):
    """There is no such network, or a file of weights does not fit one; the message names it."""
