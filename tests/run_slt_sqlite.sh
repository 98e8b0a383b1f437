#!/usr/bin/env bash
# Runs files of SQLite's own sqllogictest corpus: unpacks the corpus into a folder of the build and gives the files to
# the program. The corpus is no part of the source tree: without it the test is skipped (exit status 77), or fails where
# LLKV_REQUIRE_TEST_DATA=1 asks for it.
#
#   run_slt_sqlite.sh PROGRAM UNPACK_FOLDER DEFAULT_DATA_FOLDER NAME…      NAME: select1, evidence/slt_lang_update, …
set -euo pipefail
program=$1 folder=$2 data=${LLKV_TEST_DATA:-$3}
shift 3
archive=$data/slt/sqlite-dev.tar.zst
if [ ! -f "$archive" ]; then
  echo "SQLite's test files are not there: $archive (LLKV_TEST_DATA names the folder of test data)"
  if [ "${LLKV_REQUIRE_TEST_DATA:-0}" = 1 ]; then exit 1; fi
  exit 77
fi
paths=() wanted=()
for name in "$@"; do
  member=sqlite/test/$name.test
  paths+=("$folder/$member")
  # A file that an interrupted run left half written has another name than the whole one.
  if [ ! -f "$folder/$member" ]; then wanted+=("$member"); fi
done
if [ ${#wanted[@]} -gt 0 ]; then
  mkdir -p "$folder"
  fresh=$(mktemp -d "$folder/unpack.XXXXXX")
  trap 'rm -rf "$fresh"' EXIT
  zstd -dc --long=27 "$archive" | tar xf - -C "$fresh" "${wanted[@]}"
  for member in "${wanted[@]}"; do
    mkdir -p "$folder/$(dirname "$member")"
    mv "$fresh/$member" "$folder/$member"
  done
fi
"$program" --slt --slt-engine sqlite "${paths[@]}"
