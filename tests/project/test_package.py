"""The package as others see it: its names, its version, its files, its typing."""

from __future__ import annotations

import inspect
import re
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pkgutil import resolve_name

import pytest

import ropecalc
from ropecalc.explanations import explanation
from tests.tools.places import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PUBLIC = [
    *("Candidate", "Certificate", "CertificateError", "Check", "CheckpointWeights", "Comparison"),
    *("ConfigError", "Curve"),
    *(
        "Emission",
        "Envelope",
        "Estimate",
        "Evidence",
        "Expectation",
        "FactorStatus",
        "Finding",
        "Inspection",
        "InvalidValueError",
    ),
    *(
        "KnownModel",
        "LayerInspection",
        "LengthFactor",
        "MaxContext",
        "MinimumBase",
        "MinimumFactor",
    ),
    *("ModelConfig", "NoRotationError", "Outlook", "PairFrequencies", "Plan", "Precision"),
    *("PrecisionBase", "PrecisionStatus", "PublishedSetting", "Rope", "RopecalcError"),
    *("RotatedPart", "SafeStatus"),
    *(
        "Setting",
        "Severity",
        "SoftContext",
        "Spectrum",
        "Staircase",
        "Status",
        "Step",
        "TableError",
    ),
    *("TableWarning", "Temperature", "UndecidedError", "UnsupportedError", "Verification"),
    *("VerificationStatus", "Window", "WindowStatus", "Windows", "__version__"),
    *("alpha_of_base", "base_of_alpha"),
    *("build_staircase", "certify", "certify_factor", "check", "check_in_dtype", "check_model"),
    *("checkpoint_weights", "compare", "compare_models"),
    *("continuum_estimate", "critical_base"),
    *(
        "critical_dimension",
        "curve",
        "curve_in_dtype",
        "emit",
        "envelope",
        "evidence",
        "find_model",
        "frequencies",
    ),
    *("inspect", "known_models", "lint", "make_setting", "max_context", "min_base"),
    *("min_base_in_dtype", "min_factor", "patch_config"),
    *(
        "plan",
        "plan_model",
        "read_certificate",
        "read_config",
        "read_weights",
        "refined_estimate",
        "scaling",
    ),
    *("similarity_at", "soft_contexts"),
    *("temperature", "upper_bound_at", "verify", "windows"),
]


def test_public_names_are_these_and_no_others() -> None:
    assert dir(ropecalc) == PUBLIC


@pytest.mark.parametrize("name", [name for name in PUBLIC if name != "__version__"])
def test_every_public_name_loads_and_is_documented(name: str) -> None:
    value = getattr(ropecalc, name)
    assert value.__doc__
    assert value.__name__.rpartition(".")[2] == name


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'minbase'"):
        _ = ropecalc.minbase


def test_the_version_is_the_same_everywhere() -> None:
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^version: (.+)$", citation, re.MULTILINE)[1] == ropecalc.__version__  # type: ignore[index]
    assert re.search(r"^## \[(.+?)\]", changes, re.MULTILINE)[1] == ropecalc.__version__  # type: ignore[index]


HEAD_FIRST = ("min_base", "windows", "certify", "min_base_in_dtype")
BASE_FIRST = (
    *(
        "check",
        "max_context",
        "curve",
        "envelope",
        "frequencies",
        "similarity_at",
        "check_in_dtype",
    ),
    *("upper_bound_at", "curve_in_dtype", "critical_base", "critical_dimension", "plan"),
)
MODEL_FIRST = {
    **dict.fromkeys(HEAD_FIRST, "find_model"),
    **dict.fromkeys(BASE_FIRST, "check_model"),
    "soft_contexts": "check_model",
    "evidence.around": "check_model",
    **dict.fromkeys(("min_factor", "certify_factor", "scaling.from_rope"), "find_model"),
    "emit": "make_setting",
    "compare_models": "two or more",
}


@pytest.mark.parametrize("name", MODEL_FIRST)
def test_a_models_name_where_none_is_taken_is_refused_with_the_function_that_takes_it(
    name: str,
) -> None:
    function = resolve_name(f"ropecalc.{name}")
    given = {"positions": [1], "edges": [0, 4], "dtype": "float16", "stack": "vllm"}
    parts = list(inspect.signature(function).parameters.values())[1:]
    needed = {p.name: given.get(p.name, 64) for p in parts if p.default is p.empty}
    with pytest.raises(ropecalc.InvalidValueError, match=MODEL_FIRST[name]):
        function("Qwen3-8B", **needed)


def test_explain_python_names_every_public_function_and_no_other() -> None:
    text = explanation("python").text
    names = re.findall(r"`ropecalc\.([A-Za-z_.]+)`", text)
    for name in names:
        assert resolve_name(f"ropecalc.{name}")  # or it raises
    functions = {name for name in PUBLIC if name[0].islower() and name != "__version__"}
    assert functions <= {name.partition(".")[0] for name in names}


def test_the_changelog_counts_rules_and_models() -> None:
    from ropecalc.lint.table import RULES

    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"{len(RULES)} rules, each with a code" in changes
    assert f"{len(ropecalc.known_models())} known models" in changes


def test_the_installed_version_is_this_one() -> None:
    try:
        installed = version("ropecalc")
    except PackageNotFoundError:
        pytest.skip("ropecalc is not installed here")
    assert installed == ropecalc.__version__


def test_the_package_says_that_it_is_typed() -> None:
    assert (ROOT / "ropecalc" / "py.typed").exists()


def test_everything_needed_at_run_time_is_declared() -> None:
    declared = {re.match(r"[\w-]+", line)[0] for line in PROJECT["project"]["dependencies"]}  # type: ignore[index]
    assert declared == {"typer", "numpy", "rich", "mpmath"}


def test_every_ruff_ignore_has_its_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    ignored = PROJECT["tool"]["ruff"]["lint"]["ignore"]
    assert ignored
    for code in ignored:
        assert re.search(rf'^ +"{code}", +# \S+ \S+', text, re.MULTILINE), code
