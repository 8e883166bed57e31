#pragma once

#include <stele/eventstore/event.hpp>
#include <stele/eventstore/sqlite/detail/connection.hpp>
#include <stele/eventstore/uuid.hpp>
#include <stele/eventstore/version.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace stele::inline v0::detail {

/// Which projection a generation was built by.
struct projection_identity {
    std::string name;
    std::int64_t version = 0;
    /// What shall make a rebuild necessary even if the version was forgotten: the declared event types and the tables.
    std::string fingerprint;

    friend bool operator==(const projection_identity&, const projection_identity&) = default;
};

/// How far a generation has come. Stored in the transaction that stores the rows.
struct progress {
    /// Every event up to here has been seen.
    position checkpoint;
    /// The last event that was read, to recognise the store by: its place, id and time. Position 0: none yet.
    position witness;
    uuid witness_id;
    timestamp witness_recorded_at;
    /// seen = applied + ignored + dead_lettered, always.
    std::uint64_t seen = 0;
    std::uint64_t applied = 0;
    std::uint64_t ignored = 0;
    std::uint64_t dead_lettered = 0;
    /// It has been at the head once, so that it may serve in place of another generation.
    bool complete = false;
};

/// What the file says about itself.
struct generation_record {
    projection_identity identity;
    stele::detail::progress progress;
};

/// Makes the file of a new generation, in a transaction that is left open for create(). Throws io if there is such a
/// file.
std::unique_ptr<connection> create_read_model(const std::filesystem::path& file, const projection_identity& identity);

/// Ends that transaction, and lets readers in while the projection writes.
void finish_creation(connection& db);

/// Sets how durable commits are: a power cut may take the last ones back, whole.
void use_for_writing(connection& db);

/// Opens a generation for reading. Throws io (no such file), format (not a read model, or of a newer format).
std::unique_ptr<connection> open_read_model(const std::filesystem::path& file);

/// Opens for reading what holds tables of projections: a generation, or an event store with inline projections. Throws
/// as above.
std::unique_ptr<connection> open_to_query(const std::filesystem::path& file);

/// Whether the file is an event store.
bool is_event_store(connection& db);

/// Opens a generation for writing and reading. Throws as above.
std::unique_ptr<connection> open_read_model_to_write(const std::filesystem::path& file);

/// Reads what the file says about itself.
generation_record read_record(connection& db);

}  // namespace stele::inline v0::detail
