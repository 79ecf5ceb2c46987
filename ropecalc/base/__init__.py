"""Finding bases: how the similarity of one head varies with the base, and where it is enough.

family      S at one distance as a function of x = ln(base), with bounds on its derivatives
sieve       all distances at one x, in float32: which of them may break the bound
sweep       the first-violation sweep: the smallest x that meets the bound
roots       the exact place, in multiple precision
window      how far the bound goes on holding
rounding    bases of few digits, and integers, that meet it
room        how far a base may be moved, and bases with room around them
wide        the first window that is wide enough
asymptotic  estimates
lookup      answers from the shipped tables
solve       the sweep, the root and the window, put together
safe        the safe base of one context
staircase   the minimum or safe base of all contexts at once
build       building a staircase with all cores, through interruptions
workers     the same function on many tasks, in several processes
journal     what is done of a long piece of work
minimum     the public functions
windows     all the bases that meet the bound: the sweep and the walk in turn
"""
