"""Choose a base for a few heads and contexts, and see why a published one fails.

python examples/choose_base.py
"""

import ropecalc

PUBLISHED = 6.4e5  # the paper's table, for d = 128 and L = 32,768


def table() -> None:
    """Minimum base, the number to put into a config, and the distance that decides."""
    print("head_dim  context     minimum base  round base  decided at")
    for head_dim in (64, 128, 256):
        for context in (2048, 4096, 8192):
            found = ropecalc.min_base(head_dim, context, round_digits=2)
            print(
                f"{head_dim:8}  {context:7,}  {found.minimum_base:15,.4f}"
                f"  {found.round_base:10.1e}  {found.critical_distance:10,}"
            )


def verdict(base: float, context: int) -> None:
    """Whether a base meets the bound, and what is wrong with it where it does not."""
    found = ropecalc.check(base, context, head_dim=128, next_base=True)
    if found.holds:
        print(f"{base:g} holds at {context:,} tokens")
        return
    print(f"{base:g} breaks the bound at {context:,} tokens:")
    print(f"  {found.violations} distances are negative, the first is {found.first_violation:,},")
    print(f"  the worst is {found.worst_distance:,} with S = {found.worst_similarity:.4f};")
    print(f"  the next base that works is {found.next_base:.6f}")


if __name__ == "__main__":
    table()
    print()
    verdict(PUBLISHED, 32_768)
    verdict(6.3e5, 32_768)
