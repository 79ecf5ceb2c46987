"""Finding bases: how the similarity of one head varies with the base, and where it is enough.

family      S at one distance as a function of x = ln(base), with bounds on its derivatives
sieve       all distances at one x, in float32: which of them may break the bound
sweep       the first-violation sweep: the smallest x that meets the bound
roots       the exact place, in multiple precision
window      how far the bound goes on holding
rounding    bases of few digits, and integers, that meet it
asymptotic  estimates
minimum     the public functions
"""
