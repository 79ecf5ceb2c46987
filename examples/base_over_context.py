"""The bases that a context requires, and those that models have: a figure, cell by cell.

python examples/base_over_context.py [FIGURE.svg]

Without a file, and without matplotlib, it prints the numbers.
"""

# %% The two staircases: below the first every base breaks the bound, above the second none does
import sys

import ropecalc

CONTEXTS = [2**power for power in range(10, 18)]
rows = [
    ropecalc.min_base(
        128, context, safe=False, round_digits=None, integer=False, window=False, recommended=False
    )
    for context in CONTEXTS
]

# %% The paper's fit to its own table [Men2024], whose bases came from a grid
fit = [0.0424 * context**1.628 for context in CONTEXTS]

# %% Published models with this head, plain bases, at the context of their configs
MODELS = ("Llama-2-7B", "Llama-3-8B", "Mistral-7B-v0.2", "Qwen3-8B", "CodeLlama-7B", "Yi-34B-200K")
found = [(name, ropecalc.find_model(name)) for name in MODELS]
points = [(name, model.context or 0, model.rope.base) for name, model in found]

# %% As numbers
print(f"{'context':>9}  {'minimum base':>14}  {'safe base':>14}  {'fit':>12}")
for row, fitted in zip(rows, fit, strict=True):
    safe = "" if row.safe_base is None else f"{row.safe_base:,.0f}"
    print(f"{row.context:9,}  {row.minimum_base:14,.0f}  {safe:>14}  {fitted:12,.0f}")
for name, context, base in points:
    holds = ropecalc.check(base, context, head_dim=128, next_base=False).holds
    print(f"{name:16} {context:9,}  {base:12,.0f}  {'meets it' if holds else 'breaks it'}")

# %% As a figure
if len(sys.argv) > 1:
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "ropecalc"  # the same bytes on every run
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
    axes.loglog(CONTEXTS, [row.minimum_base for row in rows], "o-", label="minimum base")
    axes.loglog(CONTEXTS, [row.safe_base for row in rows], "s--", label="safe base")
    axes.loglog(CONTEXTS, fit, ":", label="fit of the paper")
    for name, context, base in points:
        axes.plot(context, base, "k+")
        mark = axes.annotate(name, (context, base), (3, -2), textcoords="offset points", size=7)
        mark.set(rotation=-40, rotation_mode="anchor", verticalalignment="top")
    axes.set_xlabel("context [tokens]")
    axes.set_ylabel("base (rope_theta)")
    axes.legend()
    figure.savefig(sys.argv[1], metadata={"Date": None})
