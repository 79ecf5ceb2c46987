#!/usr/bin/env bash
# Audit every config.json below a folder, as a step of CI.
#
#     examples/audit_configs.sh [FOLDER] [OPTION OF ropecalc lint]...
#
# ends with 0 where no file has an error, 1 where one has, 2 where one cannot be read.
set -euo pipefail

folder=${1:-.}
mapfile -d '' -t configs < <(find "$folder" -name config.json -print0 | sort -z)
if [ ${#configs[@]} -eq 0 ]; then
    echo "no config.json below $folder" >&2
    exit 2
fi
exec ropecalc lint "${configs[@]}" "${@:2}"
