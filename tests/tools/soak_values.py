"""What random command lines put in for a value: good for an option, or bad for any."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from random import Random

Maker = Callable[[Random], str]
SHORT, LONG, LONG_SHARE = 8_192, 65_536, 0.01  # tokens; a long context takes tenths of a second


def one_of(text: str) -> Maker:
    """One of some words."""
    words = text.split()
    return lambda rng: rng.choice(words)


def tokens(least: int, most: int, longest: int | None = None) -> Maker:
    """A length, as people write them; each power of two alike often."""

    def make(rng: Random) -> str:
        end = longest if longest and rng.random() < LONG_SHARE else most
        length = round(least * (end / least) ** rng.random())
        thousands = max(1, length // 1024)
        forms = [str(length), f"{length:,}", f"{length}.0", f"{length:_}"]
        if thousands * 1024 <= end and length >= 1024:
            forms += [f"{thousands}k", f"{thousands}Ki", str(thousands * 1024)] * 2
        return rng.choice(forms)

    return make


def spread(least: float, most: float) -> Maker:
    """A number, each power of ten alike often."""

    def make(rng: Random) -> str:
        value = least * (most / least) ** rng.random()
        return rng.choice([f"{value:.3g}", f"{value:.9f}", repr(value), f"{value:.1e}"])

    return make


def _dims(rng: Random) -> str:
    usual = ["16", "32", "64", "64", "80", "128", "128", "256"]
    return rng.choice([*usual, str(2 * rng.randint(1, 130))])


def _bases(rng: Random) -> str:
    return rng.choice(["1e4", "500k", "1e6", "10,000", spread(2, 1e9)(rng), spread(1e4, 1e6)(rng)])


def _models(rng: Random) -> str:
    return rng.choice(_names())


@cache
def _names() -> tuple[str, ...]:
    from ropecalc.models.known import model_names

    return tuple(model_names())


def _models_or_files(rng: Random) -> str:
    return rng.choice([_models, one_of(CONFIGS)])(rng)


CONFIGS = (
    "llama.json yarn.json model model/config.json configs/Qwen--Qwen3-8B--copy.json "
    "configs/HuggingFaceTB--SmolLM2-360M.json - ./llama.json"
)
STACKS = "transformers vllm sglang llama.cpp megatron-lm"
PICTURES = "new.svg new.svg new.png new.pdf"
OVERRIDES = (
    '{"rope_theta":5e6} {"max_position_embeddings":8192} {} {"rope_scaling":null} '
    '{"rope_scaling":{"rope_type":"yarn","factor":4.0}}'
)
# By "command --option", else "--option", else metavar: the first there is.
GOOD: dict[str, Maker] = {
    "-o": one_of(PICTURES),
    "4|5": one_of("4 5"),
    "KIND": one_of("similarity minimum"),
    "N": one_of("1 2 3 8 20 64"),
    "NAME": one_of("mpmath arb"),
    "TYPE": one_of("full_attention yarn float32"),
    "BASE": _bases,
    "CHECKPOINT": one_of("model model/model.safetensors"),
    "CODE": one_of("base-below-bound unknown-key missing-theta"),
    "COMMAND": one_of("check min-base min-factor curve windows lint inspect plan"),
    "D": _dims,
    "FILE": one_of("proof.json proof.json -"),
    "F": one_of("0.25 0.5 1 0.75 1.0"),
    "JSON": one_of(OVERRIDES),
    "LAYOUT": one_of("half interleaved"),
    "METHOD": one_of("yarn linear ntk-aware dynamic round-base liu"),
    "MODEL": _models_or_files,
    "MODEL...": _models_or_files,
    "P": one_of("0.9 0.5 0.99 0.01"),
    "PART": one_of("both queries keys"),
    "R": one_of("2 8 16 32 64"),
    "S": one_of("1 2 4 8 1.5 32"),
    "SEARCH": one_of("llama-3 qwen3 8b gemma deepseek gpt-oss zzz"),
    "STACK": one_of(STACKS),
    "TAU": one_of("0 0.01 0.05 0.1 1e-3 0.3"),
    "TOKENS": tokens(2, SHORT, LONG),
    "TOPIC": one_of("bound windows yarn exit-codes safe-base"),
    "W": spread(1e-6, 0.3),
    "--backend": one_of("mpmath arb auto"),
    "--certificate": one_of("new.json proof.json"),
    "ADDRESS": one_of("nowhere"),
    "--digits": one_of("1 5 17 18 30 60"),
    "--dtype": one_of("float32 bfloat16 float16"),
    "--every": one_of("1 2 64 100 5000"),
    "--head": one_of("0 1"),
    "--height": one_of("1 5 20 40"),
    "--in-place": one_of("llama.json yarn.json model/config.json"),
    "--jobs": one_of("1"),  # more are processes of their own, and a second for each to start
    "--layer-number": one_of("0"),
    "FIELD,...": one_of("context recommended_base,head_dim holds no_such_field"),
    "--layer": one_of("full_attention sliding_attention"),
    "--limit": tokens(16, LONG),
    "--output": one_of(PICTURES),
    "--points": one_of("1 2 10 256 999"),
    "--recipe": one_of("transformers llama.cpp naive"),
    "--rope-type": one_of(
        "linear ntk-aware dynamic yarn llama3 mrrope-pro ntk-rcd:2 yarn-rcd:2 cope proportional:0.5"
    ),
    "--round": one_of("1 2 3 6 15"),
    "--safe-certificate": one_of("new-safe.json"),
    "--save": one_of("new.staircase"),
    "--weights": one_of("ones.json weights.csv - short.csv"),
    "--width": one_of("1 10 40 80 200"),
    "staircase --ctx": tokens(2, 96),
    "staircase --dim": one_of("2 8 16 32"),
    "staircase --kind": one_of("minimum safe recommended"),
    "weights --dim": one_of("8"),
    "weights --output": one_of("new.json new.csv"),
    "weights -o": one_of("new.json"),
    "windows --ctx": tokens(2, 256),
}
NUMBERS = (
    "nan inf -inf 1e309 -1 0 -0 1e-400 0.5 1.5 1 2 3 127 1e18 2e18 999999999999999999 0x80 1e "
    "1_0 1, ,1 1,2, 32kk 8kb 16GiB 1/3 5% 128px 1e1000000000 --1 +8 1e400 -1e-3 ½ ∞ ٣ １２８ 1.0.0 "
    "64,128 1k,2k"
)
FILES = (
    "missing.json broken.json deep.json binary.json empty.json huge.json list.json numbers.json "
    "loop.json hollow . .. no/such/folder.json llama.json/under proof.json ones.json org/name "
    "nobody/nothing@main llama.json: model/ configs new.txt new new.json.part nul.json latin.json"
)
WORDS = (
    "none null true Qwen3-8b Qwen3-8 lama Llama-3.1-8B-Instruct full YARN yarn, llama4 float64 fp8 "
    "bf16 vLLM - -- -h -q --json --help --version -1 -o -x --= = --no --ctx --ctx= --dim=128 "
    "$(id) `id` %s %n {} {0} [bold] [/] \\ \\x00 ' \" ; | * ? ~ # ! C:\\x file:///etc"
)
ODD = (
    "",
    " ",
    "\t",
    "a\nb",
    "\x1b[31mred",
    "\x07\x08\x7f",
    "\u202eabc",
    "\udcff\udcfe",  # how Python hands over bytes that are no text
    "🙂é日本",
    "9" * 400,
    "x" * 5_000,
    "1" + ",1" * 2_000,
    "[" * 3_000,
    "{" + '"a":' * 500,
    "no/" * 300,
    " 128 ",
    "8 k",
)


def good(command: str, option: str, metavar: str, rng: Random) -> str:
    """A value that the option takes; KeyError where nothing here knows its metavar."""
    if metavar not in GOOD:
        raise KeyError(f"no values for the metavar {metavar} of {command} {option}")
    keys = (f"{command} {option}", option, metavar)
    return next(GOOD[key] for key in keys if key in GOOD)(rng)


def bad(rng: Random) -> str:
    """A value that hardly any option takes."""
    kind = rng.choice((NUMBERS.split(), FILES.split(), WORDS.split(), ODD))
    return rng.choice(kind)
