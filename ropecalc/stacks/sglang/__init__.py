"""SGLang: what it computes, and the overrides it takes."""

LABEL, VERSION = "SGLang", "0.5.23"
