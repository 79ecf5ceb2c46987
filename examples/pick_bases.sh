#!/usr/bin/env bash
# Pick a base for each of three contexts and write a model config with it.
#
#     examples/pick_bases.sh [FOLDER]
#
# writes FOLDER/config-4096.json and so on (FOLDER is the current one unless given). A config
# appears whole and checked, or not at all: it is drafted beside its place, checked, and moved.
set -euo pipefail

template=$(dirname "$0")/config.template.json
folder=${1:-.}
draft=$folder/.config.$$.json
trap 'rm -f "$draft"' EXIT

for context in 4096 16384 32768; do
    base=$(ropecalc min-base --dim 128 --ctx "$context" --get recommended_base)
    sed -e "s/\"rope_theta\": [^,]*/\"rope_theta\": $base/" \
        -e "s/\"max_position_embeddings\": [^,]*/\"max_position_embeddings\": $context/" \
        "$template" > "$draft"
    ropecalc check "$draft" -q
    mv "$draft" "$folder/config-$context.json"
    printf 'config-%s.json: rope_theta %s\n' "$context" "$base"
done
