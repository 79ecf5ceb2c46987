"""vLLM: what it computes, and the overrides it takes."""

LABEL, VERSION = "vLLM", "0.33.0"
