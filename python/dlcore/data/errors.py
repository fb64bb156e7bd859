"""The one exception for bad data, whatever is wrong with it."""


class DataError(ValueError):
    """A data file is missing, truncated, malformed, has a wrong checksum, or cannot be fetched.

    The message is one line: which file, what is wrong with it, and what to do.
    """
