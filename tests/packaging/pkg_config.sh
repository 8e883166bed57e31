#!/bin/sh
# pkg_config.sh PREFIX SOURCES COMPILER: builds the consumer in the current directory with what pkg-config says, no CMake.
set -eu
prefix=$1 sources=$2 compiler=$3
PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name stele.pc)")
export PKG_CONFIG_PATH
version=$(pkg-config --modversion stele)
protoc --proto_path="$sources" --cpp_out=. "$sources/visits.proto"
# shellcheck disable=SC2046  # options, one word each
"$compiler" -std=c++23 -DPACKAGE_VERSION="\"$version\"" -I. "$sources/main.cpp" visits.pb.cc -o consumer \
    $(pkg-config --cflags --libs stele)
./consumer
