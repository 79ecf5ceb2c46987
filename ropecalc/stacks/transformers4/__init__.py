"""transformers 4: the keys it takes."""

LABEL, VERSION = "transformers 4", "4.57.6"
