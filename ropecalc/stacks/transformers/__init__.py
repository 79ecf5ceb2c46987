"""transformers: what it computes, the keys it takes, and files changed in place."""
