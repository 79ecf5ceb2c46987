"""Figures in files and in notebooks: what is drawn where, the same bytes, written whole or not."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest

import ropecalc
from ropecalc import scaling
from ropecalc.errors import InvalidValueError
from ropecalc.landmarks import Landmark, landmarks
from ropecalc.render import figures
from ropecalc.render.axes import round_distances
from ropecalc.render.compare import comparison_figure
from ropecalc.render.figures_bases import bases_figure, turns_figure, windows_figure
from ropecalc.render.figures_curves import Panel, curve_figure, curves_figure, figure_edges
from ropecalc.results import Staircase
from ropecalc.tables import cut

if TYPE_CHECKING:
    from tests.conftest import RunCli

SVG = "{http://www.w3.org/2000/svg}"
LINK = "{http://www.w3.org/1999/xlink}href"
BASES = (1e4, 1e5)
CONTEXT = 8192


class Drawn:
    """An SVG as its readers see it: words, groups by id, and where things are."""

    def __init__(self, text: str) -> None:
        parser = ET.XMLParser(target=ET.TreeBuilder(insert_comments=True))
        self.root = ET.fromstring(text, parser=parser)
        comments = [node.text or "" for node in self.root.iter() if callable(node.tag)]
        self.words = [text.strip() for text in comments]

    def ids(self, pattern: str) -> list[str]:
        found = [node.get("id", "") for node in self.root.iter() if isinstance(node.tag, str)]
        return [one for one in found if re.fullmatch(pattern, one)]

    def group(self, name: str) -> ET.Element:
        (found,) = [node for node in self.root.iter(f"{SVG}g") if node.get("id") == name]
        return found

    def marks(self, name: str) -> list[tuple[float, float]]:
        """Where the markers of a group stand."""
        uses = self.group(name).iter(f"{SVG}use")
        return [(float(use.get("x", "nan")), float(use.get("y", "nan"))) for use in uses]

    def path(self, name: str) -> list[tuple[float, float]]:
        """The corners of the first path of a group."""
        path = next(self.group(name).iter(f"{SVG}path"))
        numbers = [float(x) for x in re.findall(r"-?\d+(?:\.\d+)?", path.get("d", ""))]
        return list(zip(numbers[::2], numbers[1::2], strict=True))

    def tick(self, axis: str, label: str) -> float:
        """The coordinate of the tick with a label."""
        for group in self.root.iter(f"{SVG}g"):
            if not re.fullmatch(rf"{axis}tick_\d+", group.get("id", "")):
                continue
            said = [(n.text or "").strip() for n in group.iter() if callable(n.tag)]
            if label in said:
                use = next(use for use in group.iter(f"{SVG}use") if use.get("x"))
                return float(use.get("x" if axis == "x" else "y", "nan"))
        raise AssertionError(label)


def two_curves() -> figures.Drawing:
    spectra = [scaling.default(base, 64) for base in BASES]
    edges = figure_edges(0, CONTEXT, curves=2)
    envelopes = [ropecalc.envelope(spectrum, edges) for spectrum in spectra]
    firsts = [ropecalc.max_context(spectrum, limit=CONTEXT) for spectrum in spectra]
    return curves_figure([Panel(envelopes, firsts, contexts=[(1024, "trained context 1,024")])])


@pytest.fixture(scope="module")
def curves() -> Drawn:
    return Drawn(figures.figure_bytes(two_curves(), "svg").decode())


@pytest.mark.slow
def test_curves_have_axes_with_units_and_a_legend(curves: Drawn) -> None:
    words = " ".join(curves.words)
    assert "distance $m$ [tokens]" in words
    assert r"similarity $S(m)\,/\,S(0)$" in words
    for base in BASES:
        first = ropecalc.max_context(scaling.default(base, 64)).first_violation
        assert f"base {base:,.0f}: first violation at {first:,}" in curves.words
    assert "trained context 1,024" in curves.words


def test_a_curve_a_base_without_bands_and_a_zero_line(curves: Drawn) -> None:
    assert curves.ids(r"curve-\d+") == ["curve-0", "curve-1"]
    assert curves.ids(r"band-\d+") == []  # one would paint over the other
    (zero,) = {y for _, y in curves.path("zero")}
    assert zero == pytest.approx(curves.tick("y", "0.0"), abs=0.01)


@pytest.mark.parametrize("curve", [0, 1])
def test_a_first_violation_is_marked_at_its_distance_on_the_zero_line(
    curves: Drawn, curve: int
) -> None:
    first = ropecalc.max_context(scaling.default(BASES[curve], 64)).first_violation
    assert first is not None
    left, right = curves.tick("x", "1"), curves.tick("x", "1k")
    ((x, y),) = curves.marks(f"first-violation-{curve}")
    assert x == pytest.approx(left + (right - left) * math.log(first) / math.log(1024), abs=0.02)
    assert y == pytest.approx(curves.tick("y", "0.0"), abs=0.02)


def test_a_context_is_marked_at_its_distance(curves: Drawn) -> None:
    (x,) = {x for x, _ in curves.path("context-0")}
    assert x == pytest.approx(curves.tick("x", "1k"), abs=0.02)


def test_curves_differ_in_line_and_marker_not_in_colour_alone(curves: Drawn) -> None:
    styles = [
        re.search(
            r"stroke-dasharray: ([\d., ]+)",
            next(curves.group(k).iter(f"{SVG}path")).get("style", ""),
        )
        for k in ("curve-0", "curve-1")
    ]
    assert styles[0] is None
    assert styles[1] is not None
    shapes = []
    for k in range(2):
        use = next(curves.group(f"first-violation-{k}").iter(f"{SVG}use"))
        name = use.get(LINK, "").removeprefix("#")
        shapes.append(next(n.get("d") for n in curves.root.iter() if n.get("id") == name))
    assert shapes[0] != shapes[1]


def test_many_curves_keep_apart() -> None:
    assert len({(repr(figures.line_of(k)), figures.marker_of(k)) for k in range(36)}) == 36


def test_the_lower_edge_of_a_band_is_the_minimum_of_its_distances(curves: Drawn) -> None:
    """The lowest corner of the line is the smallest similarity of all distances, drawn to scale."""
    spectrum = scaling.default(BASES[0], 64)
    thetas = spectrum.angular_frequencies
    values = np.cos(np.outer(np.arange(1, CONTEXT), thetas)).mean(axis=1)
    zero, one = curves.tick("y", "0.0"), curves.tick("y", "1.0")
    lowest = max(y for _, y in curves.path("curve-0"))
    assert (lowest - zero) / (one - zero) == pytest.approx(values.min(), abs=0.005)


def test_a_figure_is_self_contained(curves: Drawn) -> None:
    for node in curves.root.iter():
        if isinstance(node.tag, str):
            assert node.tag != f"{SVG}text", "letters are outlines: no font has to be there"
            assert node.tag != f"{SVG}image"
            assert node.get(LINK, "#").startswith("#")


CODE = """
import hashlib
from tests.render.test_figures import two_curves
from ropecalc.render.figures import FORMATS, figure_bytes
drawing = two_curves()
print(*(hashlib.sha256(figure_bytes(drawing, form)).hexdigest() for form in FORMATS))
"""


@pytest.mark.heavy
def test_the_same_figure_gives_the_same_bytes_in_any_process(
    run_python: RunCli, tmp_path: Path
) -> None:
    """Nor does the user's matplotlibrc change them."""
    (tmp_path / "matplotlibrc").write_text("lines.linewidth: 7\nsvg.fonttype: none\n")
    one = run_python("-c", CODE, env={"PYTHONHASHSEED": "1"})
    other = run_python(
        "-c", CODE, env={"PYTHONHASHSEED": "2", "MATPLOTLIBRC": str(tmp_path / "matplotlibrc")}
    )
    assert one.stderr == ""
    assert one.stdout == other.stdout
    assert len(set(one.stdout.split())) == 3


@pytest.mark.slow
@pytest.mark.parametrize(
    ("form", "start"), [("svg", b"<?xml"), ("png", b"\x89PNG\r\n\x1a\n"), ("pdf", b"%PDF-1")]
)
def test_each_format_begins_as_it_should_and_has_no_date(form: str, start: bytes) -> None:
    data = figures.figure_bytes(two_curves(), form)
    assert data.startswith(start)
    for word in (b"CreationDate", b"ModDate", b"dc:date", b"tIME"):
        assert word not in data
    assert f"ropecalc {ropecalc.__version__}".encode() in data
    if form == "pdf":
        assert b"/Type3" not in data, "journals refuse type 3 fonts"


# --- the other figures ----------------------------------------------------------------------------


def stair(kind: str, *steps: tuple[int, float]) -> Staircase:
    from ropecalc.results import Step

    return Staircase(kind, 64, steps[-1][0], tuple(Step(*s, 1) for s in steps))  # type: ignore[arg-type]


@pytest.mark.slow
def test_staircases_with_models_below_and_above() -> None:
    stairs = [
        stair("minimum", (1024, 1e3), (8192, 1e5)),
        stair("safe", (1024, 1e4), (8192, 1e6)),
    ]
    points = [Landmark(4096, 1e4, ("below", "other")), Landmark(2048, 5e5, ("above",))]
    drawn = Drawn(figures.figure_bytes(bases_figure(stairs, points), "svg").decode())
    assert {"below +1", "above", "minimum base", "safe base"} <= set(drawn.words)
    assert {"context [tokens]", "base, head_dim 64"} <= set(drawn.words)
    ((x, y),) = drawn.marks("models-0")
    assert x == pytest.approx(drawn.tick("x", "4k"), abs=0.02)
    assert y == pytest.approx(drawn.tick("y", r"$\mathdefault{10^{4}}$"), abs=0.02)
    level = [y for _, y in drawn.path("curve-0")]
    assert level[0] == pytest.approx(drawn.tick("y", r"$\mathdefault{10^{3}}$"), abs=0.02)
    assert level[-1] == pytest.approx(drawn.tick("y", r"$\mathdefault{10^{5}}$"), abs=0.02)


@pytest.mark.slow
def test_evidence_names_its_counterexamples_and_both_axes() -> None:
    from ropecalc.render.figures_evidence import evidence_figure

    found = ropecalc.evidence.summary()
    drawn = Drawn(figures.figure_bytes(evidence_figure(found), "svg").decode())
    assert {"first violation [tokens]", "length at 85% of the RULER score [tokens]"} <= set(
        drawn.words
    )
    assert {*found.held_and_lost, *found.broke_and_kept} <= set(drawn.words)
    shown = [one for one in found.settings if one.comparable]
    assert len(drawn.marks("settings-o")) == sum(one.length_at_85 is not None for one in shown)
    assert len(drawn.marks("settings-^")) == sum(one.length_at_85 is None for one in shown)


def test_landmarks_are_the_plain_models_of_a_head() -> None:
    found = landmarks(128, 512, 2**16)
    names = {name: point for point in found for name in point.names}
    assert (names["Llama-3-8B"].context, names["Llama-3-8B"].base) == (8192, 5e5)
    assert "Llama-3.1-8B" not in names  # it scales
    minimum = cut("minimum", 128, 2**16)
    assert minimum is not None
    alone: dict[str, Any] = {"round_digits": None, "integer": False, "window": False, "safe": None}
    for point in found:
        holds = ropecalc.min_base(128, point.context, **alone).minimum_base
        assert holds is not None
        assert point.is_below(minimum) == (point.base < holds), point
    assert names["Llama-2-7B"].is_below(minimum)


@pytest.mark.slow
def test_a_shipped_staircase_cut_is_the_one_that_is_built() -> None:
    built = ropecalc.build_staircase("minimum", 64, 700, jobs=1)
    assert cut("minimum", 64, 700) == built
    assert cut("minimum", 98, 700) is None
    assert cut("minimum", 64, 2**25) is None


@pytest.mark.slow
def test_turns_mark_the_first_pairs_without_a_whole_turn() -> None:
    result = ropecalc.frequencies(scaling.default(1e4, 64), context=4096)
    drawn = Drawn(figures.figure_bytes(turns_figure(result, 1024), "svg").decode())
    wavelengths = [2 * math.pi * 1e4 ** (2 * i / 64) for i in range(32)]
    late = next(i for i, length in enumerate(wavelengths) if length > 4096)
    early = next(i for i, length in enumerate(wavelengths) if length > 1024)
    assert f"pair {late}: the first that turns less than once" in drawn.words
    assert f"pair {early}: the same in training, on 1,024 tokens" in drawn.words
    assert {"pair $i$", "turns within 4,096 tokens"} <= set(drawn.words)
    one = drawn.tick("y", r"$\mathdefault{10^{0}}$")
    (line,) = {y for _, y in drawn.path("one-turn")}
    assert line == pytest.approx(one, abs=0.02)
    at = [y for _, y in drawn.marks("turns")]
    assert len(at) == 32
    assert [y > one for y in at].index(True) == late  # SVG counts from the top


def test_windows_are_drawn_from_end_to_end() -> None:
    result = ropecalc.windows(64, 256)
    drawn = Drawn(figures.figure_bytes(windows_figure(result), "svg").decode())
    assert len(drawn.ids(r"window-\d+")) == len(result.windows) > 1
    ((minimum, _),) = drawn.marks("end-0")
    ((safe, _),) = drawn.marks("end-1")
    edges = [[x for x, _ in drawn.path(f"window-{k}")] for k in (0, len(result.windows) - 1)]
    assert minimum == pytest.approx(min(edges[0]), abs=0.02)
    assert safe == pytest.approx(min(edges[1]), abs=0.02)


@pytest.mark.slow
def test_a_comparison_has_axes_a_kind_of_layer() -> None:
    drawing = comparison_figure(ropecalc.compare(ropecalc.find_model("gpt-oss-20b")))
    assert drawing is not None
    drawn = Drawn(figures.figure_bytes(drawing, "svg").decode())
    assert drawn.ids(r"axes-\d+") == ["axes-0", "axes-1"]
    assert {"full_attention", "sliding_attention"} <= set(drawn.words)


def test_a_label_from_outside_is_shown_as_it_is() -> None:
    spectrum = scaling.default(1e4, 8, label="$\\frac{a_1 & <b>$")
    drawn = Drawn(
        figures.figure_bytes(curve_figure(ropecalc.curve(spectrum, [0, 1, 2])), "svg").decode()
    )
    assert drawn.ids("curve-0")


@pytest.mark.slow
def test_a_figure_of_factors_reaches_the_context_at_the_minimum() -> None:
    from functools import partial

    from ropecalc.base.factor import violations_of
    from ropecalc.render.figures_factors import factors_figure

    rope = ropecalc.Rope("all", "yarn", 1e4, 32, 32, {"original_context": 256})
    found = [ropecalc.min_factor(rope, length, original_context=256) for length in (512, 1024)]
    plots = [(partial(violations_of, rope, one.context), None) for one in found]
    drawn = Drawn(figures.figure_bytes(factors_figure(found, plots), "svg").decode())
    assert drawn.ids("curve-.*") == ["curve-0", "curve-1"]
    assert "marker: minimum factor" in drawn.words
    for k in range(2):
        (minimum,), corners = drawn.marks(f"minimum-{k}"), drawn.path(f"curve-{k}")
        assert minimum[1] == pytest.approx(min(y for _, y in corners), abs=0.01)  # y runs down


@pytest.mark.heavy
def test_hair_lines_keep_clear_of_names_and_of_each_other() -> None:
    """Of the known models of a head: each hair line against every name but its own."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.text import Annotation, Text

    from ropecalc.base.lookup import shipped_staircase
    from ropecalc.landmarks import landmarks
    from ropecalc.render.charts import first_drawn

    stairs = [shipped_staircase(kind, 128, 2**17) for kind in ("minimum", "safe")]
    figure = Figure(figsize=(5.5, 4.2), layout="constrained")
    canvas = FigureCanvasAgg(figure)
    points = landmarks(128, first_drawn(2**17), 2**17)
    bases_figure([one for one in stairs if one is not None], points).draw(figure)
    figure.draw_without_rendering()
    names = [text for text in figure.axes[0].texts if isinstance(text, Annotation)]
    renderer = canvas.get_renderer()  # type: ignore[no-untyped-call]
    boxes = [Text.get_window_extent(name, renderer) for name in names]
    hairs = [
        (k, patch.get_path().transformed(patch.get_transform()))
        for k, name in enumerate(names)
        if (patch := name.arrow_patch) is not None
    ]
    assert len(names) > 15
    assert len(hairs) > 5
    for k, hair in hairs:
        for other, box in enumerate(boxes):
            assert other == k or not hair.intersects_bbox(box), names[k].get_text()
        for other, second in hairs:
            assert other == k or not hair.intersects_path(second), names[k].get_text()


@pytest.mark.parametrize(("start", "stop"), [(1, 2), (1, 131072), (7, 100), (1000, 1001)])
@pytest.mark.parametrize("log", [True, False])
def test_round_distances_lie_in_the_range(start: int, stop: int, log: bool) -> None:
    found = round_distances(start, stop, log=log, most=11)
    assert 2 <= len(found) <= 11
    assert found == sorted(set(found))
    assert start <= found[0] < found[-1] <= stop


# --- the option -----------------------------------------------------------------------------------

LINES = {
    "curve": "curve --base 1e4 --dim 64 --ctx 1k --json",
    "freqs": "freqs --base 1e4 --dim 64 --ctx 1k --json",
    "staircase": "staircase --dim 64 --ctx 256 --json",
    "windows": "windows --dim 64 --ctx 128 --json",
    "plan": "plan --base 1e4 --dim 64 --from 1k --to 2k --json",
    "compare": "compare Qwen3-8B --ctx 1k --stack vllm --stack transformers --json",
    "evidence": "evidence --json",
    "min-factor": "min-factor Qwen3-8B --ctx 64k --json",
}
IN_ONE = """
import sys, json, io, contextlib
from ropecalc.cli.app import main
from pathlib import Path
lines, folder = json.load(sys.stdin), sys.argv[1]
found = []
for line in lines:
    for more in ([], ["-o", f"{folder}/{line.split()[0]}.svg"]):
        sys.argv = ["ropecalc", *line.split(), *more]
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            code = main()
        found.append((code, out.getvalue(), "matplotlib" in sys.modules))
json.dump(found, sys.stdout)
"""


@pytest.mark.heavy
def test_o_writes_a_figure_and_leaves_the_answer_as_it_is(
    run_python: RunCli, tmp_path: Path
) -> None:
    done = run_python("-c", IN_ONE, str(tmp_path), stdin=json.dumps(list(LINES.values())))
    assert done.stderr.splitlines() == [f"The figure is in {tmp_path}/{n}.svg" for n in LINES]
    found = json.loads(done.stdout)
    assert [loaded for _, _, loaded in found[:2]] == [False, True], "only -o loads matplotlib"
    for k, name in enumerate(LINES):
        (code, plain, _), (again, beside, _) = found[2 * k : 2 * k + 2]
        assert (code, json.loads(plain)["command"]) == (again, name)
        assert plain == beside
        assert Drawn((tmp_path / f"{name}.svg").read_text("utf-8")).words
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(f"{n}.svg" for n in LINES)


def test_an_unknown_ending_names_the_three(run_cli: RunCli, tmp_path: Path) -> None:
    done = run_cli("curve", "--base", "1e4", "--ctx", "64", "-o", str(tmp_path / "x.jpeg"))
    assert (done.returncode, done.stdout) == (2, "")
    assert ".svg, .png or .pdf" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("path", ["nowhere/x.svg", "x.svg/", "", "\x00.svg"])
def test_a_place_that_cannot_be_written(tmp_path: Path, path: str) -> None:
    with pytest.raises(InvalidValueError, match=r"cannot be written|must end in") as caught:
        figures.write_figure(figures.writable_figure(f"{tmp_path}/{path}"), two_curves())
    assert caught.value.parameter == "output"
    assert not list(tmp_path.iterdir())


def test_a_folder_in_the_place_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "x.svg").mkdir()
    with pytest.raises(InvalidValueError, match="cannot be written"):
        figures.write_figure(str(tmp_path / "x.svg"), windows_figure(ropecalc.windows(8, 16)))
    assert [path.name for path in tmp_path.iterdir()] == ["x.svg"]


WITHOUT = """
import sys
from importlib import util
find = util.find_spec
util.find_spec = lambda name, *more: None if name == "matplotlib" else find(name, *more)
sys.modules["matplotlib"] = None
import ropecalc
found = ropecalc.frequencies(ropecalc.scaling.default(1e4, 8), context=64)
assert found._repr_svg_() is None
assert "<pre>" in found._repr_html_()
from ropecalc.cli.app import main
sys.argv = ["ropecalc", *sys.argv[1:]]
sys.exit(main())
"""


def test_without_matplotlib_one_line_says_what_to_install(
    run_python: RunCli, tmp_path: Path
) -> None:
    line = ["curve", "--base", "1e4", "--ctx", "64", "-o", str(tmp_path / "x.svg")]
    done = run_python("-c", WITHOUT, *line)
    assert (done.returncode, done.stdout) == (2, "")
    assert "pip install 'ropecalc[plot]'" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())


# --- notebooks ------------------------------------------------------------------------------------


class Page(HTMLParser):
    """The text of a page, and every tag and address."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.tags: set[str] = set()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.text += data


def parsed(text: str | None) -> Page:
    assert text is not None
    page = Page()
    page.feed(text)
    return page


RESULTS: dict[str, Callable[[], object]] = {
    "MinimumBase": lambda: ropecalc.min_base(64, 256),
    "Check": lambda: ropecalc.check(scaling.default(1e4, 64), 256),
    "MaxContext": lambda: ropecalc.max_context(scaling.default(1e4, 64)),
    "Windows": lambda: ropecalc.windows(64, 128),
    "PairFrequencies": lambda: ropecalc.frequencies(scaling.default(1e4, 64), context=256),
    "Staircase": lambda: cut("minimum", 64, 512),
    "Plan": lambda: ropecalc.plan(1e4, 64, trained_context=256, context=512),
    "Inspection": lambda: ropecalc.inspect(ropecalc.find_model("Llama-2-7B")),
    "Comparison": lambda: ropecalc.compare(ropecalc.find_model("Qwen3-8B"), 256),
    "Temperature": lambda: ropecalc.temperature(4096),
    "Emission": lambda: ropecalc.emit(ropecalc.make_setting("Qwen3-8B", base=5e6), "megatron-lm"),
    "Precision": lambda: ropecalc.check_in_dtype(1e4, 64, dtype="float16"),
    "PrecisionBase": lambda: ropecalc.min_base_in_dtype(8, 32, dtype="float16"),
    "Verification": lambda: ropecalc.verify(ropecalc.certify(8, 16)),
}
WITHOUT_HEAD = "Comparison Inspection Temperature Emission Precision PrecisionBase Verification"


@pytest.mark.parametrize("name", RESULTS)
def test_a_result_shows_the_text_of_a_terminal(name: str) -> None:
    result = RESULTS[name]()
    page = parsed(result._repr_html_())  # type: ignore[attr-defined]
    assert "head_dim" in page.text or name in WITHOUT_HEAD.split()
    copied = getattr(result, "text", "")  # of an emission: never wrapped
    assert max(map(len, page.text.replace(copied, "").splitlines())) <= 80
    assert page.tags <= {"div", "pre", "br", "img"}
    assert all(address.startswith("data:image/svg+xml;base64,") for address in page.addresses)
    drawn = hasattr(result, "_repr_svg_")
    assert bool(page.addresses) == drawn


@pytest.mark.parametrize(
    ("line", "result"),
    [
        ("min-base --dim 64 --ctx 256", lambda: ropecalc.min_base(64, 256)),
        ("check Qwen3-8B --ctx 4k", lambda: ropecalc.check_model("Qwen3-8B", 4096)),
        ("max-ctx --base 1e4 --dim 64", lambda: ropecalc.max_context(1e4, head_dim=64)),
        ("inspect Llama-2-7B", lambda: ropecalc.inspect("Llama-2-7B")),
        (
            "plan --base 1e4 --dim 64 --from 256 --to 512",
            lambda: ropecalc.plan(1e4, 64, trained_context=256, context=512),
        ),
    ],
)
def test_a_notebook_shows_what_a_terminal_shows(
    run_cli: RunCli, line: str, result: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without colour, though a kernel sets FORCE_COLOR for its streams."""
    shown = run_cli(*line.split(), "--width", "80").stdout
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert parsed(result()._repr_html_()).text == shown.rstrip("\n")


def test_what_is_shown_is_escaped() -> None:
    spectrum = scaling.default(1e4, 8, label='<script>alert("&")</script>')
    text = ropecalc.max_context(spectrum)._repr_html_()
    assert text is not None
    assert "<script>" not in text
    assert '<script>alert("&")</script> supports' in parsed(text).text


@pytest.mark.slow
def test_a_long_text_says_what_it_leaves_out() -> None:
    found = cut("minimum", 64, 2**14)
    assert found is not None
    assert len(found.steps) > 120
    lines = parsed(found._repr_html_()).text.splitlines()
    assert len(lines) == 121
    assert re.fullmatch(r"and [\d,]+ more lines", lines[-1])


@pytest.mark.slow
@pytest.mark.parametrize(
    "result",
    [
        ropecalc.curve(scaling.default(1e4, 8), range(64)),
        ropecalc.envelope(scaling.default(1e4, 8), figure_edges(0, 512)),
        ropecalc.envelope(scaling.default(1e4, 8), figure_edges(0, 512, log_x=False)),
        ropecalc.windows(8, 16),
    ],
    ids=lambda result: type(result).__name__,
)
def test_pictures_in_a_notebook_are_svg(result: object) -> None:
    drawn = Drawn(result._repr_svg_())  # type: ignore[attr-defined]
    assert drawn.root.tag == f"{SVG}svg"
    assert drawn.ids(r"curve-0|window-0")


def test_frequencies_without_a_context_have_no_picture() -> None:
    assert ropecalc.frequencies(scaling.default(1e4, 8))._repr_svg_() is None


@pytest.mark.parametrize(
    ("line", "lines"),
    [
        ("curve --base 1e4 --ctx 64", 0),
        ("freqs --base 1e4 --dim 8 --ctx 64", 0),
        ("staircase --dim 16 --ctx 64", 0),
        ("curve --base 1e4 --ctx 64 --every 32", 2),
        ("min-factor --base 1e4 --dim 32 --original-ctx 256 --ctx 1k", 1),
    ],
)
def test_a_quiet_command_that_draws_its_answer_into_a_file_prints_none_of_its_points(
    run_cli: RunCli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, line: str, lines: int
) -> None:
    drawn: list[str] = []
    monkeypatch.setattr("ropecalc.render.figures.write_figure", lambda path, _: drawn.append(path))
    path = str(tmp_path / "x.svg")
    done = run_cli(*line.split(), "-o", path, "-q")
    assert (done.returncode, len(done.stdout.splitlines()), done.stderr) == (0, lines, "")
    assert drawn == [path]
