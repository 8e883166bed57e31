#pragma once

#include "projections/generations/dead_letter_box.hpp"
#include "projections/runner/runner_directory.hpp"
#include "projections/sql/read_model_file.hpp"

#include <stele/eventstore/sqlite/connection_options.hpp>
#include <stele/eventstore/sqlite/detail/open_files.hpp>
#include <stele/projections/projection.hpp>
#include <stele/projections/sql/read_model.hpp>

#include <filesystem>
#include <memory>

namespace stele::inline v0::detail {

/// Returns what a read model of the projection records about it. Runs create() on an empty database in memory, to see
/// the tables it makes. Throws what that throws, as throw_with() does.
projection_identity identity_of(const projection_definition& definition);

/// One generation of a read model, open for its projection. Only one may be open for a file. One thread at a time.
class generation {
public:
    /// Makes the file, with the tables of create(). Removes it if that throws. The directory must outlive it.
    static generation create(const runner_directory& directory, const std::filesystem::path& file,
                             const projection_definition& definition, const projection_identity& identity,
                             const connection_options& options);
    /// Throws as open_read_model_to_write() and read_record().
    static generation open(const runner_directory& directory, const std::filesystem::path& file,
                           const connection_options& options);

    generation(generation&&) noexcept;
    generation& operator=(generation&&) noexcept;
    ~generation();

    /// The argument of project().
    [[nodiscard]] read_model& model() noexcept { return model_; }
    [[nodiscard]] std::filesystem::path file() const { return model_.file(); }
    [[nodiscard]] const projection_identity& identity() const noexcept { return record_.identity; }
    /// Throws stele::error (io) if another file has its name by now, or that of its log, or none.
    void expect_in_place() const;
    /// As of the last commit.
    [[nodiscard]] const detail::progress& progress() const noexcept { return record_.progress; }

    [[nodiscard]] dead_letter_box& dead_letters() noexcept;

    void begin();
    /// Throws invalid_argument if a handler has ended the transaction.
    void expect_transaction() const;
    /// Stores the progress and commits, unless the file or the runner's lock is not in its place any more. If it
    /// throws, call rollback().
    void commit(const detail::progress& progress);
    /// Undoes everything since begin().
    void rollback() noexcept;
    /// Sets a savepoint in the transaction, for one event. rollback_to_savepoint() keeps it set.
    void savepoint();
    void rollback_to_savepoint();
    void release_savepoint();
    /// For other tables in the file.
    [[nodiscard]] connection& db() noexcept;

private:
    struct statements;
    generation(const runner_directory& directory, std::unique_ptr<connection> db);

    const runner_directory* directory_;
    read_model model_;
    generation_record record_;
    open_files place_;
    std::unique_ptr<statements> statements_;  // after the model, whose connection they belong to
};

}  // namespace stele::inline v0::detail
