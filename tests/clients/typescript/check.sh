#!/usr/bin/env bash
# TypeScript clients of the committed contract: generated, their types checked with what fetch.ts and heyApi.ts do with them, and a server
# called, which `dotnet build` has built.
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../../.. && pwd)

npm ci --no-audit --no-fund --loglevel error
rm -rf generated
npm run --silent generate
npm run --silent build

work=$(mktemp -d)
export Database__ConnectionString="Data Source=$work/cchc.db" ASPNETCORE_URLS=http://127.0.0.1:0 DOTNET_NOLOGO=1
api="$root/src/Cchc.Api/bin/Debug/net10.0/Cchc.Api.dll"
dotnet "$api" > "$work/log" & server=$!
trap 'kill $server; wait $server || true; rm -r "$work"' EXIT
for _ in $(seq 240); do
    url=$(grep -m1 -oE 'http://127\.0\.0\.1:[0-9]+' "$work/log" | head -n 1 || true)
    [ -z "$url" ] || break
    kill -0 $server && sleep 0.25
done
node generated/build/call.js "$url" "$(dotnet "$api" keys create --role administrator)"
