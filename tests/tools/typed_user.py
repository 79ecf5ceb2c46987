"""A user's program that names every public name of ropecalc, as a type checker sees it.

    mypy --strict typed_user.py && python typed_user.py

It needs an installed ropecalc and no extra; ``assert_type`` fails where the types fall short.
"""

import tempfile
import warnings
from decimal import Decimal
from pathlib import Path
from typing import assert_type

import ropecalc as rc


def bases() -> None:
    """The minimum base, what lies above it, and what to expect of it."""
    found: rc.MinimumBase = rc.min_base(64, 512, digits=20, min_window=1e-3)
    assert_type(found.minimum_base, float | None)
    assert_type(found.minimum_base_digits, Decimal | None)
    assert (found.status, found.wide_status) == (rc.Status.FOUND, rc.WindowStatus.ENDS)
    assert found.safe_status is rc.SafeStatus.TABLE
    every: rc.Windows = rc.windows(32, 64)
    first: rc.Window = every.windows[0]
    assert_type(first.end, float | None)
    staircase: rc.Staircase = rc.build_staircase("minimum", 16, 32, jobs=1)
    step: rc.Step = staircase.at(20)
    estimate: rc.Estimate = rc.refined_estimate(512, 64)
    yarn = rc.Rope("all", "yarn", 1e4, 64, 64, {"original_context": 128})
    factor: rc.MinimumFactor = rc.min_factor(yarn, 4_096)
    assert factor.status is rc.FactorStatus.FOUND
    assert_type(factor.minimum_factor, float | None)
    assert_type(rc.alpha_of_base(rc.base_of_alpha(2.0, 1e4, 128), 1e4, 128), float)
    print(first.start, step.base, estimate.value + rc.continuum_estimate(512))


def curves() -> None:
    """The curve of a spectrum, and whether it stays above zero."""
    spectrum: rc.Spectrum = rc.scaling.yarn(1e4, 64, factor=4, original_context=512)
    verdict: rc.Check = rc.check(spectrum, 1024)
    reach: rc.MaxContext = rc.max_context(1e4, head_dim=64, limit=4096)
    assert_type(verdict.holds, bool)
    assert_type(reach.max_context, int | None)
    part: rc.RotatedPart | None = rc.check(1e4, 4096, rotary_dim=64).rotated_part
    seen_before: rc.Outlook | None = rc.check(5e5, 65_536).outlook
    few: tuple[rc.SoftContext, ...] = rc.soft_contexts(rc.scaling.default(1e4), limit=4096)
    print(few[0].context, part, seen_before)
    line: rc.Curve = rc.curve(spectrum, [0, 1, 2])
    hull: rc.Envelope = rc.envelope(spectrum, [0, 64, 1024])
    pairs: rc.PairFrequencies = rc.frequencies(spectrum, context=1024)
    print(float(line.values[0]), hull.minimum.tolist(), pairs.turns is not None)
    print(rc.similarity_at(spectrum, [3]).shape, rc.upper_bound_at(spectrum, [3]).shape)


def precision() -> None:
    """The same in the arithmetic of a stack."""
    rounded: rc.Precision = rc.check_in_dtype(1e4, 256, head_dim=64, dtype="float16")
    base: rc.PrecisionBase = rc.min_base_in_dtype(32, 64)
    assert base.status is rc.PrecisionStatus.VERIFIED
    assert_type(base.base, float | None)
    print(rounded.changes_verdict, rc.curve_in_dtype(1e4, [0, 1], 256, head_dim=64).tolist())


def models(folder: Path) -> None:
    """What a config says, what is wrong with it, how stacks read it, and a change to it."""
    known: tuple[rc.KnownModel, ...] = rc.known_models("llama")
    model: rc.ModelConfig = rc.find_model("Qwen2.5-72B-Instruct-YaRN")
    rope: rc.Rope = model.rope
    assert_type(rc.check_model("Qwen3-8B", 8192).first_violation, int | None)
    seen: rc.Inspection = rc.inspect(model, 8192)
    layer: rc.LayerInspection = seen.layers[0]
    findings: list[rc.Finding] = [one for one in seen.findings if one.severity is rc.Severity.ERROR]
    assert_type(rc.lint.findings(model), tuple[rc.Finding, ...])
    several: rc.Comparison = rc.compare(model, 8192)
    beside: rc.Comparison = rc.compare_models([model, "Llama-3-8B"])
    print(len(known), layer.spectrum.rope_type, len(findings), several.agree, beside.agree)
    setting: rc.Setting = rc.make_setting(model, rope, context=65_536)
    emission: rc.Emission = rc.emit(setting, "vllm")
    path = folder / "config.json"
    path.write_text('{"model_type": "llama", "head_dim": 128, "rope_theta": 10000.0}')
    patch = rc.patch_config(path, rc.make_setting(None, rc.read_config(path).rope, context=4096))
    assert_type(patch.written, bool)
    print(emission.exact, patch.changed)


def plans() -> None:
    """How to go on to a longer context, and how sharp attention must be there."""
    plan: rc.Plan = rc.plan(1e4, 64, trained_context=512, context=1024)
    candidate: rc.Candidate = plan.candidates[0]
    of_model: rc.Plan = rc.plan_model(rc.find_model("Llama-3-8B"), 16_384, methods=["linear"])
    heat: rc.Temperature = rc.temperature(16_384, trained_context=8192)
    factor: rc.LengthFactor = heat.factors[0]
    assert_type(factor.value, float | None)
    seen: rc.Evidence = rc.evidence.summary()
    setting: rc.PublishedSetting = seen.settings[0]
    like: rc.Expectation = rc.evidence.around(rc.scaling.default(1e6), context=65_536)
    assert_type(like.low, int | None)
    print(setting.ratio, like.open)
    print(candidate.method, of_model.factor, rc.critical_dimension(1e4, 64, 512))
    print(rc.critical_base(1e4, 512, 1024))


def proofs(folder: Path) -> None:
    """A proof of a base that others can check without the solver."""
    proof: rc.Certificate = rc.certify(32, 64)
    yarn = rc.Rope("all", "yarn", 1e4, 32, 32, {"original_context": 64})
    assert_type(rc.certify_factor(yarn, 512), rc.Certificate)
    proof.write(folder / "proof.json")
    verified: rc.Verification = rc.verify(folder / "proof.json", backend="mpmath")
    assert rc.read_certificate(folder / "proof.json") == proof
    assert verified.status is rc.VerificationStatus.PROVED
    try:
        rc.verify(folder / "config.json")
    except rc.CertificateError as error:
        print(error)


def weights(folder: Path) -> None:
    """Weights of the pairs, from a file or from a checkpoint."""
    path = folder / "weights.json"
    path.write_text("[1, 0.5, 2, 1]")
    assert_type(rc.read_weights(path), tuple[float, ...])
    try:
        measured: rc.CheckpointWeights = rc.checkpoint_weights(folder, 0, head=1)
        print(measured.weights)
    except rc.ConfigError as error:  # rc.UnsupportedError is one of them
        print(isinstance(error, rc.UnsupportedError), error)


def errors() -> None:
    """All of them are of one family."""
    family: list[type[rc.RopecalcError]] = [rc.TableError, rc.UndecidedError, rc.NoRotationError]
    warnings.simplefilter("error", rc.TableWarning)  # no shipped table is damaged
    try:
        rc.min_base(127, 4096)
    except rc.InvalidValueError as error:
        assert_type(error.parameter, str)
        print(error.parameter, len(family))


def main() -> None:
    """Run it all."""
    assert_type(rc.__version__, str)
    bases()
    curves()
    precision()
    plans()
    errors()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        models(folder)
        proofs(folder)
        weights(folder)


if __name__ == "__main__":
    main()
