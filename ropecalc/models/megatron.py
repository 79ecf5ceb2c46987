"""Arguments of Megatron-LM, in a shell script or in a file, with the defaults of its parser.

Source: Megatron-LM at commit d98e8a64dd, ``megatron/training/arguments.py``, and megatron-core
0.16.1, ``RotaryEmbedding``, ``YarnRotaryEmbedding`` and ``MultiLatentAttention``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, NoReturn

from ropecalc.errors import ConfigError, UnsupportedError
from ropecalc.files import printable
from ropecalc.models.shell import Options, read_options
from ropecalc.models.values import NONE, checked_dims, unique
from ropecalc.results.configs import EVERY_LAYER, ModelConfig, Rope

DEFAULT_BASE = 10_000
# Llama 3.1's, fixed in the code of ``RotaryEmbedding``; the factor for GPT models alone.
LLAMA3 = {"original_context": 8192, "low_freq_factor": 1.0, "high_freq_factor": 4.0}
LLAMA3_FACTOR = 8.0
YARN_CONTEXT = 4096
QK_HEAD_DIM, QK_POS_EMB_HEAD_DIM = 128, 64
MAX_INTEGER, MAX_NUMBER = 2**53, 1e300
MAX_SHOWN = 40
ROTARY = ("rotary-base", "rotary-percent", "use-rope-scaling", "use-rotary-position-embeddings")
SIZES = ("hidden-size", "kv-channels", "num-attention-heads", *ROTARY, "position-embedding-type")
Parameters = dict[str, Any]


def is_llama_3_1(rope: Rope) -> bool:
    """Whether llama3's numbers beside the factor are those of Llama 3.1."""
    return all(rope.parameters[key] == value for key, value in LLAMA3.items())


def parse_arguments(text: str, source: str) -> ModelConfig:
    """What arguments of Megatron-LM say about the rotary embeddings of their model.

    ==============  ====================================================================
    head_dim        ``--kv-channels``, else ``--hidden-size`` / ``--num-attention-heads``;
                    with ``--multi-latent-attention`` ``--qk-head-dim`` (128) +
                    ``--qk-pos-emb-head-dim`` (64), of which the latter turn
    rotary_dim      int(head_dim * ``--rotary-percent``)
    base            ``--rotary-base``, an integer, 10,000 unless given
    context         ``--max-position-embeddings``, else ``--seq-length``
    scaling         ``--use-rope-scaling`` (llama3), or
                    ``--rotary-seq-len-interpolation-factor`` (linear), or
                    ``--position-embedding-type yarn``, with latent attention ``--rope-type``
    ==============  ====================================================================

    ``text`` may be a shell script: its options count in their order, the last of each name holds,
    and variables that it assigns are replaced; it is not run.

    Raises
    ------
    ConfigError
        An argument is missing, has a value outside its domain, or depends on a variable that the
        file does not assign; the message begins with ``source``.
    UnsupportedError
        The arguments have positions of another kind, or several scalings.

    >>> text = "--hidden-size 4096 --num-attention-heads 32 --position-embedding-type rope"
    >>> parse_arguments(text, "train.sh").rope.head_dim
    128
    """
    reader = _Reader(read_options(text, source))
    if not any(option in reader.options.given for option in SIZES):
        reader.fail("holds no arguments of Megatron-LM", "pass a model's config or arguments")
    kind = _position_type(reader)
    context = reader.integer("max-position-embeddings") or reader.integer("seq-length")
    head_dim, rotary_dim = _dims(reader, kind)
    method, parameters = _latent(reader) if reader.latent else _scaling(reader, kind)
    total, unrotated = _layers(reader)
    base = reader.integer("rotary-base", least=2) or DEFAULT_BASE
    shared = (method, float(base), head_dim, rotary_dim, parameters, context)
    ropes = tuple(
        Rope(name, *shared, window, count, reader.latent)
        for name, window, count in _windows(reader, total, unrotated)
    )
    return ModelConfig(
        source=source,
        form="megatron",
        model_type=None,
        ropes=ropes,
        context=context,
        unrotated_layers=unrotated,
        assumptions=unique(reader.assumptions),
        document=dict(reader.options.given),
    )


@dataclass(frozen=True)
class _Reader:
    """Options with types, and what was taken for those that are absent."""

    options: Options
    assumptions: list[str] = field(default_factory=list)

    @property
    def latent(self) -> bool:
        """Whether the attention is latent."""
        return self.flag("multi-latent-attention")

    def flag(self, option: str) -> bool:
        """Whether an option is given."""
        return option in self.options.given

    def integer(self, option: str, least: int = 1) -> int | None:
        """An option's integer, or None; ConfigError below ``least`` and for other texts."""
        text = self.options.value(option)
        if text is None:
            return None
        if not re.fullmatch(r"\+?\d{1,16}", text, re.ASCII) or not (
            least <= int(text) <= MAX_INTEGER
        ):
            self._bad(option, f"an integer of at least {least}, in digits", text)
        return int(text)

    def number(self, *options: str, low: float = 0.0, high: float = MAX_NUMBER) -> float | None:
        """Of the first option that is there; a negative ``low`` admits 0."""
        for option in options:
            text = self.options.value(option)
            if text is not None:
                return self._number(option, text, low, high)
        return None

    def _number(self, option: str, text: str, low: float, high: float) -> float:
        try:
            value = float(text) if len(text) <= MAX_SHOWN else float("nan")
        except ValueError:
            value = float("nan")
        if not (low < value <= high and value >= 0):
            least = "of at least 0" if low < 0 else f"greater than {low:g}"
            most = "" if high == MAX_NUMBER else f" and at most {high:g}"
            self._bad(option, f"a number {least}{most}", text)
        return value

    def _bad(self, option: str, domain: str, text: str) -> NoReturn:
        shown = printable(text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 3] + "...")
        self.fail(f"--{option} must be {domain}, got {shown}")

    def fail(self, fact: str, cure: str = "correct it") -> NoReturn:
        """Raise ConfigError with the name of the file."""
        raise ConfigError(f"{self.options.name}: {fact}; {cure}")

    def refuse(self, fact: str, cure: str) -> NoReturn:
        """Raise UnsupportedError with the name of the file."""
        raise UnsupportedError(f"{self.options.name}: {fact}; {cure}")


def _position_type(reader: _Reader) -> str:
    """``rope`` or ``yarn``; latent attention has rotary embeddings whatever the option says."""
    kind = reader.options.value("position-embedding-type")
    if kind is None and not reader.latent:
        used = next((option for option in ROTARY if reader.flag(option)), None)
        if used is None:
            fact = "has no --position-embedding-type, which is learned_absolute then"
            reader.refuse(fact, "add --position-embedding-type rope if the model has it")
        if used != "use-rotary-position-embeddings":
            reader.assumptions.append(
                f"--position-embedding-type is absent: rope, as --{used} is there; Megatron-LM "
                "itself takes learned_absolute"
            )
    kind = "rope" if kind is None else kind
    if kind not in ("rope", "yarn") and not reader.latent:
        fact = f"--position-embedding-type is {printable(kind[:MAX_SHOWN])}"
        reader.refuse(f"{fact}, and ropecalc knows rope and yarn", NONE)
    return kind


def _dims(reader: _Reader, kind: str) -> tuple[int, int]:
    """(head_dim, rotary_dim); YaRN turns all dimensions, whatever --rotary-percent says."""
    percent = reader.number("rotary-percent", high=1.0)
    percent = 1.0 if percent is None else percent
    if reader.latent:
        whole = reader.integer("qk-pos-emb-head-dim") or QK_POS_EMB_HEAD_DIM
        head_dim = whole + (reader.integer("qk-head-dim") or QK_HEAD_DIM)
        yarn = _rope_type(reader) == "yarn"
    else:
        head_dim = whole = reader.integer("kv-channels") or _quotient(reader)
        yarn = kind == "yarn"
    if yarn and percent < 1:
        reader.assumptions.append("--rotary-percent is not read by Megatron-LM's YaRN")
        percent = 1.0
    return checked_dims(reader.options.name, head_dim, int(whole * percent))


def _quotient(reader: _Reader) -> int:
    hidden, heads = reader.integer("hidden-size"), reader.integer("num-attention-heads")
    if hidden is None or heads is None:
        missing = "hidden-size" if hidden is None else "num-attention-heads"
        reader.fail(f"has neither --kv-channels nor --{missing}", "add one of them")
    if hidden % heads:
        pair = f"--hidden-size, {hidden}, by --num-attention-heads, {heads}"
        reader.fail(f"cannot divide {pair}", "correct them, or add --kv-channels")
    return hidden // heads


def _scaling(reader: _Reader, kind: str) -> tuple[str, Parameters]:
    if kind == "yarn":
        return _yarn(reader)
    stretch = reader.integer("rotary-seq-len-interpolation-factor") or 1
    if not reader.flag("use-rope-scaling"):
        return ("linear", {"factor": float(stretch)}) if stretch != 1 else ("default", {})
    if stretch != 1:
        fact = "--use-rope-scaling and --rotary-seq-len-interpolation-factor are combined"
        reader.refuse(f"{fact}, which ropecalc does not evaluate", "keep one of them")
    factor = reader.number("rope-scaling-factor")
    if factor not in (None, LLAMA3_FACTOR):
        reader.assumptions.append(
            f"--rope-scaling-factor is {factor:g}, as written; Megatron-LM took 8 for GPT models "
            "whatever it said, until its pull request 6306 of August 2026"
        )
    return "llama3", {"factor": factor or LLAMA3_FACTOR, **LLAMA3}


def _rope_type(reader: _Reader) -> str:
    """With latent attention."""
    kind = reader.options.value("rope-type") or "yarn"
    if kind not in ("rope", "yarn"):
        reader.fail(f"--rope-type must be rope or yarn, got {printable(kind[:MAX_SHOWN])}")
    return kind


def _latent(reader: _Reader) -> tuple[str, Parameters]:
    if reader.flag("use-rope-scaling"):
        reader.assumptions.append("--use-rope-scaling is not read with --multi-latent-attention")
    return _yarn(reader) if _rope_type(reader) == "yarn" else ("default", {})


def _yarn(reader: _Reader) -> tuple[str, Parameters]:
    """YaRN: cos and sin times g(s, mscale) / g(s, mscale_all_dim), also where the latter is 0.

    g(s, m) = 1 + 0.1 m ln s.
    """
    from ropecalc.scaling import mscale

    factor = reader.number("rotary-scaling-factor", "yarn-rotary-scaling-factor") or 1.0
    if factor == 1:
        return "default", {}
    own = reader.number("mscale", "yarn-mscale", low=-1.0)
    whole = reader.number("mscale-all-dim", "yarn-mscale-all-dim", low=-1.0) or 0.0
    turns = {
        "beta_fast": reader.number("yarn-beta-fast", "beta-fast"),
        "beta_slow": reader.number("yarn-beta-slow", "beta-slow"),
    }
    exact = reader.flag("no-yarn-correction-range-round-to-int")
    numerator = mscale(factor, 1.0 if own is None else own)
    return "yarn", {
        "factor": factor,
        "original_context": _yarn_context(reader),
        **{name: value for name, value in turns.items() if value is not None},
        **({"truncate": False} if exact and not reader.latent else {}),
        "attention_factor": numerator / mscale(factor, whole),
        **({"mscale_all_dim": whole} if reader.latent and whole else {}),
    }


def _yarn_context(reader: _Reader) -> int:
    for option in ("yarn-original-max-position-embeddings", "original-max-position-embeddings"):
        found = reader.integer(option)
        if found is not None:
            return found
    reader.assumptions.append(
        f"--yarn-original-max-position-embeddings is absent: {YARN_CONTEXT:,}, as Megatron-LM "
        "takes it"
    )
    return YARN_CONTEXT


def _layers(reader: _Reader) -> tuple[int | None, int]:
    """(how many layers there are, how many of them have no rotation)."""
    total = reader.integer("num-layers")
    text = reader.options.value("no-rope-freq")
    if text is None:
        return total, 0
    if not text.isdecimal():
        reader.refuse("--no-rope-freq is a list, which ropecalc does not read", "give it as N")
    return total, (total or 0) // (reader.integer("no-rope-freq") or 1)


def _windows(
    reader: _Reader, total: int | None, unrotated: int
) -> list[tuple[str, int | None, int | None]]:
    """(kind of layer, its window, how many there are); --window-size is what lies before a token.

    One layer in ``--window-attn-skip-freq`` sees the whole context.
    """
    rotated = None if total is None else total - unrotated
    text = reader.options.value("window-size")
    if text is None:
        return [(EVERY_LAYER, None, rotated)]
    before = re.fullmatch(r"\(?\s*(\d{1,16})\s*,\s*-?\d{1,16}\s*\)?", text, re.ASCII)
    if before is None:
        reader.fail(f"--window-size must be two integers, got {printable(text[:MAX_SHOWN])}")
    window = int(before[1]) + 1
    if not reader.flag("window-attn-skip-freq"):
        return [("sliding_attention", window, rotated)]
    full = None if rotated is None else rotated // (reader.integer("window-attn-skip-freq") or 1)
    rest = None if rotated is None else rotated - (full or 0)
    return [("full_attention", None, full), ("sliding_attention", window, rest)]
