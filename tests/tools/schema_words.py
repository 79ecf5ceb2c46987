"""The words that are keys of ``--json``: what each means wherever it occurs, and its unit.

A field that says more of itself in its class goes by that; the unit is always that of the word.
"""

from __future__ import annotations

WORDS = {
    "agree": "Whether all stacks compute the same in all layers.",
    "aliases": "Siblings that are taken for it, by the last part of their repository.",
    "assumptions": "What the file leaves to its stack, and what was taken for it.",
    "at_most": "Windows that begin above it were not sought.",
    "attention_factor": "What the stack multiplies cos and sin by; it changes no sign.",
    "attention_mass": "The part of the attention that the matching token is to get.",
    "backend": "Library of the arithmetic: mpmath, arb, or auto where that was left open.",
    "base": "The base b (rope_theta); null where no base makes the frequencies.",
    "bits": "Precision of the arithmetic.",
    "code": "Stable name of the rule, such as missing-theta.",
    "config": "The config.json that was given.",
    "context": "Number of tokens; the distances are all below it.",
    "count_unrotated": "Whether the unrotated pairs count in the similarity.",
    "diff": "A unified diff of the file, empty where nothing changes.",
    "digits": "Significant digits that were asked for.",
    "distances": "Distances between query and key.",
    "error_bound": "The values are off by at most this.",
    "errors": "Number of findings of that severity.",
    "exact": "Whether the stack computes exactly the setting.",
    "factor": "The factor of the scaling, where its method has one.",
    "file": "The file that was given.",
    "finding_codes": "The codes of the findings.",
    "findings": "What a stack will refuse or compute otherwise than the file says.",
    "first_violation": "The smallest distance that breaks the bound; null where none does.",
    "form": "The form of the file.",
    "head_dim": "Size d of one attention head.",
    "holds": "Whether the bound holds.",
    "ignore": "The rules that were left out, by their codes.",
    "kind": "What it is that was computed.",
    "label": "What to call the head in tables and legends; empty for a plain base.",
    "layer": "The kind of layer that was asked for; null for all, or the first.",
    "layer_type": "The kind of layer, in the file's own word; all where all agree.",
    "layers": "How many layers are of this kind, where the file says.",
    "limit": "How far the first violation was looked for.",
    "margin": "The bound requires a similarity of margin * S(0) or more; 0 unless given.",
    "message": "How it ended, as a sentence.",
    "method": "How it was computed.",
    "min_window": "The least width, relative to its start, that a window was asked to have.",
    "min_width": "Windows of a smaller relative width are not listed.",
    "minimum_base": "The smallest base that meets the bound.",
    "model": "The model that was asked about.",
    "model_type": "The file's own word for its architecture.",
    "models": "The models that were asked about: files, names on the hub, or known models.",
    "name": "What it is called.",
    "normalised": "Whether the values are divided by the value at distance 0.",
    "notes": "What to know beside it, a sentence each.",
    "original_context": "The context before scaling, where the file says.",
    "override": "Keys of the config that each stack merges differently.",
    "parameters": "Parameters of the scaling beside base and dims, by name.",
    "program": "What wrote the certificate.",
    "repo": "The repository on the Hugging Face hub, where there is one.",
    "rope_type": "The scaling method; default for plain powers of the base.",
    "rotary_dim": "How many of the head's dimensions are rotated.",
    "round_digits": "Significant digits of the round base.",
    "safe_base": "Every base from it on meets the bound; null where it is not known.",
    "save": "The file that the staircase goes into.",
    "search": "The words that were looked for; null for all.",
    "seconds": "How long the check took.",
    "severity": "How bad it is: error, warning or note.",
    "similarity": "S at the first violation.",
    "softmax_factor": "What the stack multiplies the scale of the softmax by.",
    "source": "Where it comes from.",
    "stack": "The stack, by name.",
    "stacks": "The stacks that were asked about.",
    "status": "How it ended, in one word; message says it as a sentence.",
    "strict": "Whether warnings count as errors in the exit code.",
    "text": "What to paste.",
    "title": "What the rule finds, in one line.",
    "trained_context": "The context that the model was trained on, where a source says.",
    "turned_context": "The length of unfinished_pairs: the trained context, or the configured one.",
    "unrotated_layers": "How many layers have attention without any rotation.",
    "unrotated_pairs": "Pairs that are counted without being rotated.",
    "values": "The curve at the distances.",
    "verified": "Whether that was found by running the text; else the stack is not modelled.",
    "violations": "Number of distances in the context that break the bound.",
    "weighted": "Whether the pairs have weights other than 1.",
    "weights": "The weights of the pairs; null where all are 1.",
    "where": "The affected stacks, with versions.",
    "worst_distance": "The distance of the smallest similarity.",
    "worst_similarity": "The smallest similarity in the context, not divided by S(0).",
}
UNITS = {
    "tokens": "longest_context whole_violation length_at_85 length_at_70 length_at_50 longest "
    "claimed_context "
    "least_violation greatest_violation "
    "closed_by context contexts critical_distance critical_distances distances "
    "last_distances rotated_part_violation "
    "failed_distance first_violation length limit longest_wavelength max_context opened_by "
    "original_context safe_distance shortest_wavelength trained_context turned_context "
    "usable_length wavelengths "
    "wide_distance window worst_distance difference_distance exact_first_violation first_hidden "
    "first_made ratio_violation given_violation",
    "rad/token": "angular_frequencies",
    "rad": "largest_phase_error",
    "turns": "turns unseen_turns",
    "seconds": "seconds",
    "bits": "bits",
}
UNIT_OF = {word: unit for unit, words in UNITS.items() for word in words.split()}
