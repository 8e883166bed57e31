#pragma once

#include "projections/runner/progress.hpp"

#include <stele/eventstore/sqlite/connection_options.hpp>
#include <stele/eventstore/sqlite/detail/connection.hpp>
#include <stele/eventstore/sqlite/detail/read_view.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace stele::inline v0::detail {

/// Which projection a generation was built by.
struct projection_identity {
    std::string name;
    std::int64_t version = 0;
    /// Of the declared event types and the tables: they need a rebuild even if the version was not counted up.
    std::string fingerprint;

    friend bool operator==(const projection_identity&, const projection_identity&) = default;
};

/// What a read model's file says about itself.
struct generation_record {
    projection_identity identity;
    stele::detail::progress progress;
};

/// Makes the file of a new generation, in a transaction that is left open for create(). Throws io if the file exists.
std::unique_ptr<connection> create_read_model(const std::filesystem::path& file, const projection_identity& identity,
                                              const connection_options& options);

/// Ends that transaction, and lets readers in while the projection writes.
void finish_creation(connection& db);

/// Sets how durable commits are: a power cut may take back the last ones, whole.
void use_for_writing(connection& db);

/// Whether there is something else than a read model, or the rest of one. Throws io if that cannot be known just now.
[[nodiscard]] bool is_foreign(const std::filesystem::path& file, const connection_options& options);

/// Opens a generation for reading. Makes no file beside it that its writer could not use. Throws io (no such file),
/// foreign_file (not a read model), newer_format; invalid_argument if the name belongs to a file of SQLite.
read_file open_read_model(const std::filesystem::path& file, const connection_options& options);

/// Calls `use` with a connection that is opened so, again until what it has read counts. Throws as above.
void with_read_model(const std::filesystem::path& file, const connection_options& options,
                     const std::function<void(connection&)>& use);

/// Opens a file with tables of projections for reading, as above: a generation, or an event store with inline
/// projections.
read_file open_to_query(const std::filesystem::path& file, const connection_options& options);

/// Whether the file is an event store.
bool is_event_store(connection& db);

/// Opens a generation for writing and reading. Throws as above.
std::unique_ptr<connection> open_read_model_to_write(const std::filesystem::path& file,
                                                     const connection_options& options);

/// Reads what the file says about itself. Throws corrupt.
generation_record read_record(connection& db);

}  // namespace stele::inline v0::detail
