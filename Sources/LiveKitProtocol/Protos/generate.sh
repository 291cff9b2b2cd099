#!/bin/sh
# Writes ../Generated from the .proto files here. Needs protoc (Debian: protobuf-compiler) and a resolved package.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
scratch="$root/.build/protoc-gen-swift"
swift build --package-path "$root/.build/checkouts/swift-protobuf" --scratch-path "$scratch" --product protoc-gen-swift
protoc --proto_path="$here" --plugin=protoc-gen-swift="$scratch/debug/protoc-gen-swift" \
    --swift_opt=Visibility=Public --swift_out="$here/../Generated" "$here"/*.proto
