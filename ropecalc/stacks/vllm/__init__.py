"""vLLM: what it computes, and the overrides it takes."""
