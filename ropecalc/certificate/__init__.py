"""Certificates: files that prove an answer, and a verifier that shares no numerics with the solver.

format      what a certificate says, as a value and as JSON
schema      a certificate from its file, with every key, type and spelling checked
files       reading what may be hostile, writing whole or not at all
write       makes certificates; the only module here that knows the solver

arithmetic  what the verifier needs of numbers that carry their own error
intervals   such numbers from mpmath: intervals
balls       such numbers from Arb, where python-flint is installed: balls
head        S at one distance as a function of x = ln(base), from the definition
chain       one link: a distance breaks the bound on a whole interval of bases
everywhere  one base: the bound holds at every distance
turns       cosines and sines of multiples of all frequencies, in integers
octave      the bound around one base, at all distances of an octave, in integers
beyond      one base and all larger ones: the bound holds at every distance
verify      the public function
"""
