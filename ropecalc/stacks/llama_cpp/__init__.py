"""llama.cpp: what it computes, and the flags it takes."""

LABEL, VERSION = "llama.cpp", "0c1e57098"
READS_ITSELF = True
