#!/usr/bin/env bash
# Give a model YaRN for a longer context, and print the commands that serve it.
#
#     examples/serve_longer.sh CONFIG.json TRAINED TARGET
#     examples/serve_longer.sh Qwen3-8B/config.json 32k 128k
#
# patches CONFIG.json, keeping CONFIG.json.bak, and prints what starts vLLM and llama.cpp with it.
set -euo pipefail

if [ $# -ne 3 ]; then
    echo "usage: $0 CONFIG.json TRAINED TARGET" >&2
    exit 2
fi
ropecalc emit --in-place "$1" --rope-type yarn --original-ctx "$2" --ctx "$3" > /dev/null
first=$(ropecalc max-ctx "$1" -q)
echo "# the bound holds up to $first tokens; models that break it may work: test retrieval"
ropecalc emit "$1" --stack vllm,llama.cpp -q
