#!/usr/bin/env bash
# The demo: TPC-H data at scale 0.1 into one file, some of the 22 queries, a transaction, a killed process.
# Usage: demos/tpch/run.sh PATH_TO_LLKV
set -euo pipefail
llkv=$(realpath "${1:-build/release/bin/llkv}")
cd "$(dirname "$0")/../.."
folder=build/demo
data=$folder/parquet
database=$folder/shop.llkv
say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
mkdir -p "$folder"
rm -f "$database" "$database-lock"

say "1. TPC-H data at scale 0.1 as Parquet files"
if [ ! -e "$data/lineitem.parquet" ]; then
  .venv/bin/tpchgen-cli parquet -s 0.1 -o "$data" >/dev/null 2>&1
fi
du -ch "$data"/*.parquet | tail -n 1

say "2. Eight tables into one file, with COPY"
{
  echo ".timer on"
  cat demos/tpch/schema.sql
  for table in region nation supplier customer part partsupp orders lineitem; do
    echo "COPY $table FROM '$data/$table.parquet';"
  done
} >"$folder/load.sql"
start=$(date +%s.%N)
"$llkv" -bail -f "$folder/load.sql" "$database" >"$folder/load.log"
awk -v a="$start" -v b="$(date +%s.%N)" 'BEGIN { printf "loaded in %.2f s, ", b - a }'
"$llkv" "$database" "SELECT count(*) || ' line items' FROM lineitem"
ls -lh "$database" | awk '{print $9 ": " $5}'

say "3. Reports"
"$llkv" -bail -f demos/tpch/reports.sql "$database"

say "4. State: a transaction that stays"
"$llkv" "$database" <<'SQL'
.mode box
BEGIN;
INSERT INTO region VALUES (100, 'ATLANTIS', 'found again');
UPDATE nation SET n_regionkey = 100 WHERE n_name = 'KENYA';
COMMIT;
SELECT n_name, r_name FROM nation, region WHERE n_regionkey = r_regionkey AND r_regionkey = 100;
SQL

say "5. Another one is open when the process is killed"
mkfifo "$folder/pipe" 2>/dev/null || true
"$llkv" "$database" <"$folder/pipe" >"$folder/victim.log" 2>&1 &
victim=$!
exec 3>"$folder/pipe"
printf '%s\n' "BEGIN;" "DELETE FROM lineitem;" "UPDATE region SET r_comment = 'lost';" \
  "SELECT count(*) FROM lineitem;" >&3
for _ in $(seq 100); do
  grep -q '^0$' "$folder/victim.log" 2>/dev/null && break
  sleep 0.1
done
echo "inside the open transaction, lineitem has $(tail -n 1 "$folder/victim.log") rows; kill -9"
kill -9 "$victim"
exec 3>&-
wait "$victim" 2>/dev/null || true
rm -f "$folder/pipe"

say "6. Open it again: the commit is there, the open transaction is not"
printf '%s\n' ".mode box" "SELECT count(*) AS lineitems FROM lineitem;" \
  "SELECT r_regionkey, r_name, r_comment FROM region WHERE r_regionkey = 100;" | "$llkv" "$database"
lineitems=$("$llkv" "$database" "SELECT count(*) FROM lineitem")
comment=$("$llkv" "$database" "SELECT r_comment FROM region WHERE r_regionkey = 100")
if [ "$lineitems" != 600572 ] || [ "$comment" != "found again" ]; then
  echo "the demo found $lineitems rows and \"$comment\" after the kill" >&2
  exit 1
fi
say "Go on: $(realpath --relative-to="$PWD" "$llkv") $database"
