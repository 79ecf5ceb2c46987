"""transformers: what it computes, the keys it takes, and files changed in place."""

LABEL, VERSION = "transformers", "5.23.0"
