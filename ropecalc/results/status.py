"""How calculations end, as sentences."""

from __future__ import annotations

from enum import Enum


class Status(Enum):
    """How a calculation ended, as a sentence."""

    FOUND = "The minimum base was found; every smaller base breaks the bound."
    EVERY_BASE = "Every base meets the bound."
    NO_BASE = "No base up to 1e300 meets the bound."
    HOLDS = "The bound holds at every distance in the context."
    BROKEN = "The bound is broken."
    FREE = "Every base meets the bound: the unrotated pairs outweigh the rotated ones."
    VIOLATED = "The bound holds up to the first violation."
    BEYOND_LIMIT = "No violation was found up to the limit."
    ALL_WINDOWS = "Every base that meets the bound lies in one of the windows."
    SOME_WINDOWS = "These are the windows that begin up to the limit; what follows was not sought."
    UNDECIDED = "These are the windows up to a base where it could not be decided how to go on."


class WindowStatus(Enum):
    """How the first window ends, as a sentence."""

    ENDS = "Just above window_end the bound breaks again."
    ENDLESS = "Every larger base meets the bound."
    AT_LEAST = "Every base up to window_end meets the bound; it was followed no further."
    NOT_SOUGHT = "The end of the window was not looked for."
    UNDECIDED = "The end of the window could not be decided."


class SafeStatus(Enum):
    """How the safe base is known, as a sentence."""

    TABLE = "The safe base is that of the shipped table."
    COMPUTED = "The safe base was computed."
    UNKNOWN = "No base up to 1e300 could be shown to be safe."
    NOT_COMPUTED = "The safe base was not computed."
    UNDECIDED = "The safe base could not be decided."
