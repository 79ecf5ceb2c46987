"""The similarity in float32, bfloat16 or float16, as stacks compute it.

storage      the storage types, and elementary functions rounded once
frequencies  inv_freq, operation by operation, as transformers has it
recipes      transformers, llama.cpp, all in one type: from positions to stored cos and sin
products     S(m) from stored cos and sin, as an attention kernel has it
effects      what rounding alone changes, over a whole context
minimum      a base that meets the bound in such arithmetic

A recipe says which operation rounds to which type. Sums, products and quotients are those of
IEEE 754 and leave no choice. Powers, cos and sin do: libraries differ in the last place, PyTorch's
among them, by the machine (in float32 its cos is not the nearest number for 5 arguments in 100,
NumPy's for 15). Here each is the exact value rounded once, which no good library is more than one
unit in the last place from, and which is the same on every machine.
"""
