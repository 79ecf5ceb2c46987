"""Which features of this processor NumPy can be made to do without.

Prints values for ``NPY_DISABLE_CPU_FEATURES``, one a line with a name: ``newest`` leaves out what a
processor without AVX-512 lacks, ``all`` leaves NumPy's baseline. Nothing where there is none.
"""

from __future__ import annotations

import numpy as np


def levels(found: list[str]) -> dict[str, str]:
    """The features to switch off, by the name of what is left out.

    >>> levels(["X86_V3", "X86_V4", "AVX512_ICL"])
    {'newest': 'X86_V4 AVX512_ICL', 'all': 'X86_V3 X86_V4 AVX512_ICL'}
    >>> levels(["AVX2", "FMA3"]), levels([])
    ({'all': 'AVX2 FMA3'}, {})
    """
    newest = [name for name in found if "AVX512" in name or name == "X86_V4"]
    named = {"newest": newest if newest != found else [], "all": found}
    return {name: " ".join(features) for name, features in named.items() if features}


if __name__ == "__main__":
    config = np.show_config(mode="dicts")
    assert config is not None
    for name, features in levels(list(config["SIMD Extensions"].get("found", []))).items():
        print(name, features)
