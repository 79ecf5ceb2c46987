"""Curves and angular frequencies for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ropecalc.render.axes import plot_edges
from ropecalc.render.console import Screen
from ropecalc.render.digits import count, exact, fixed, option, tokens
from ropecalc.render.plot import Mark, plot_envelopes
from ropecalc.render.tables import Column, headline, prose, table, then
from ropecalc.render.words import head, sentence, spectrum_name
from ropecalc.results import Envelope, MaxContext, PairFrequencies

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ropecalc.spectrum import Spectrum

TALLEST = 16  # rows of a canvas, if the terminal has room for them
AROUND = 10  # lines that a screen keeps for headline, axis, legend and prompt
NAMES = {"similarity": "similarity S(m)", "upper-bound": "upper bound"}


def screen_edges(start: int, stop: int, screen: Screen, *, log_x: bool = True) -> NDArray[np.int64]:
    """The edges to compute an envelope over for a plot on ``screen``."""
    return plot_edges(start, stop, screen.width, log=log_x, braille=screen.glyphs.braille)


def describe_curves(
    envelopes: Sequence[Envelope],
    first_violations: Sequence[MaxContext | None],
    screen: Screen,
    *,
    log_x: bool = True,
    height: int | None = None,
    contexts: Sequence[tuple[int, str]] = (),
) -> str:
    """A plot of all curves, their first violations marked and named.

    ``contexts`` are other distances to point at, with what to say about each.
    """
    names = [curve_name(envelope.spectrum) for envelope in envelopes]
    several = len(envelopes) > 1
    title = _title(envelopes)
    envelopes = lower(envelopes)
    marks = [
        _mark(found, curve, "" if several else names[curve])
        for curve, found in enumerate(first_violations)
        if found is not None
    ]
    marks += [Mark(distance, text, None) for distance, text in contexts]
    plot = plot_envelopes(
        envelopes,
        width=screen.width,
        height=height
        or max(min(TALLEST, screen.height - AROUND - len(envelopes) - len(contexts)), 1),
        glyphs=screen.glyphs,
        log_x=log_x,
        marks=marks,
        labels=names if several else (),
        colour=screen.colour,
    )
    what = "the least value" if several else "the least and the greatest value"
    note = f"A column shows {what} of all its distances, in tokens."
    return "\n\n".join([headline(title, screen), plot, prose(note, screen)])


def lower(envelopes: Sequence[Envelope]) -> Sequence[Envelope]:
    """Of several curves the lower edges alone: bands would paint over each other."""
    if len(envelopes) < 2:
        return envelopes
    return [replace(one, maximum=one.minimum) for one in envelopes]


def rows_for(screen: Screen, around: int) -> int:
    """The rows of a canvas on a screen that keeps some lines for what is around it."""
    return max(min(TALLEST, screen.height - around), 1)


def curve_name(spectrum: Spectrum) -> str:
    """What to call the curve of a spectrum in a legend."""
    if spectrum.label:
        return spectrum.label
    return spectrum_name(None if spectrum.base is None else float(spectrum.base), "")


def spectrum_title(spectrum: Spectrum) -> str:
    """A spectrum and its head at the start of a headline."""
    size = head(spectrum.head_dim, spectrum.rotary_dim, spectrum.count_unrotated)
    name = curve_name(spectrum)  # a label is a name, and stays as it is
    return f"{name if spectrum.label else sentence(name)}, {size}"


def _mark(found: MaxContext, curve: int, name: str) -> Mark:
    whose = f" ({name})" if name else ""
    return Mark(found.first_violation, violation_words(found) + whose, curve)


def violation_words(found: MaxContext) -> str:
    """The first violation in words, or that there is none."""
    if found.first_violation is None:
        return f"no violation below {count(found.limit)}"
    return f"first violation at {count(found.first_violation)}"


def _title(envelopes: Sequence[Envelope]) -> str:
    """Kind, range and, where all share them, base and head."""
    first = envelopes[0]
    what = sentence(NAMES.get(first.kind, first.kind))
    scale = (
        (" / S(0)" if first.kind == "similarity" else " (1 at m = 0)") if first.normalised else ""
    )
    start = min(int(e.edges[0]) for e in envelopes)
    stop = max(int(e.edges[-1]) for e in envelopes) - 1
    heads = {
        head(s.head_dim, s.rotary_dim, s.count_unrotated) for s in (e.spectrum for e in envelopes)
    }
    whose = [curve_name(first.spectrum)] if len(envelopes) == 1 else []
    shared = [*whose, *heads] if len(heads) == 1 else []
    return ", ".join([f"{what}{scale}, m = {count(start)} to {count(stop)}", *shared])


def describe_frequencies(result: PairFrequencies, screen: Screen) -> str:
    """A row a pair; with a context, a rule before the first pair that does not turn once in it."""
    spectrum = result.spectrum
    pairs = "1 rotated pair" if spectrum.n_pairs == 1 else f"{spectrum.n_pairs} rotated pairs"
    return "\n\n".join(
        [
            headline(f"{spectrum_title(spectrum)}: {pairs}", screen),
            table(_frequency_columns(result, screen), screen, _first_slow(result)),
            _frequency_meaning(result, screen),
        ]
    )


def _frequency_columns(result: PairFrequencies, screen: Screen) -> list[Column]:
    glyphs = screen.glyphs
    thetas = [f"{theta:.6e}" for theta in result.angular_frequencies.tolist()]
    waves = [
        glyphs.infinity if wave == float("inf") else fixed(wave, 2)
        for wave in result.wavelengths.tolist()
    ]
    columns = [
        Column("pair", [str(pair) for pair in range(len(thetas))]),
        Column(f"angular frequency {glyphs.theta} [rad/token]", thetas),
        Column("wavelength [tokens]", waves, spare=2),
    ]
    if result.spectrum.weights is not None:
        columns.append(Column("weight", [exact(w) for w in result.spectrum.weights], spare=1))
    if result.turns is not None and result.context is not None:
        heading = f"turns in {tokens(result.context)}"
        columns.append(Column(heading, [fixed(turn, 4) for turn in result.turns.tolist()]))
    return columns


def _first_slow(result: PairFrequencies) -> list[int]:
    """The row of the first pair that turns less than once, as far as all before it do turn."""
    slow = [] if result.turns is None else [turn < 1 for turn in result.turns.tolist()]
    return [slow.index(True)] if True in slow and slow == sorted(slow) else []


def _frequency_meaning(result: PairFrequencies, screen: Screen) -> str:
    if result.turns is None or result.context is None:
        text = "A pair turns once in its wavelength. With --ctx N: how often it turns in N tokens."
    else:
        slow, pairs = int((result.turns < 1).sum()), len(result.turns)
        text = f"{slow} of {pairs} pairs turn less than once in {tokens(result.context)}."
    spectrum = result.spectrum
    if spectrum.base is None or spectrum.label or spectrum.weights is not None:
        return prose(text, screen)
    line = f"ropecalc curve --base {option(float(spectrum.base))} --dim {spectrum.head_dim}"
    partial = spectrum.rotary_dim != spectrum.head_dim
    line += f" --rotary-dim {spectrum.rotary_dim}" if partial else ""
    return then(f"{text} What they add up to over the distance:", line, screen)
