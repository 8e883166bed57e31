#pragma once

#include "projections/runner/progress.hpp"

#include <stele/aggregates/detail/snapshot_rules.hpp>

#include <filesystem>
#include <memory>
#include <optional>

/// The file of a projection's state in memory:
///
///     "stele snapshot 1\n", 16 bytes: a version 5 UUID (nil namespace) of the rest, the rest: a MemorySnapshot
namespace stele::inline v0::detail {

/// A saved state.
struct saved_state {
    std::unique_ptr<google::protobuf::Message> state;
    progress now;
};

/// Replaces the file atomically by one with the rights `mode`; it is durable when this returns. Throws stele::error
/// (io), and invalid_argument if the message cannot be stored.
void write_snapshot(const std::filesystem::path& file, const snapshot_functions& functions,
                    const google::protobuf::Message& state, const progress& now, std::filesystem::perms mode);

/// Reads the file; nothing if there is none. Throws stele::error: corrupt (damaged bytes), needs_rebuild (written by
/// another version of the projection), io.
std::optional<saved_state> read_snapshot(const std::filesystem::path& file, const snapshot_functions& functions);

}  // namespace stele::inline v0::detail
