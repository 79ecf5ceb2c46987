"""llama.cpp: what it computes, and the flags it takes."""
