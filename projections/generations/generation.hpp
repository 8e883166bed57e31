#pragma once

#include "projections/generations/dead_letter_box.hpp"
#include "projections/sql/read_model_file.hpp"

#include <stele/projections/projection.hpp>
#include <stele/projections/sql/read_model.hpp>

#include <filesystem>
#include <memory>

namespace stele::inline v0::detail {

/// Returns what a read model of the projection records about it. Runs create() on an empty database in memory, to see
/// the tables it makes. Throws invalid_argument if that throws.
projection_identity identity_of(const projection_definition& definition);

/// One generation of a read model, open for its projection. Only one may be open for a file. One thread at a time.
class generation {
public:
    /// Makes the file, with the tables of create(). Leaves none behind if that throws.
    static generation create(const std::filesystem::path& file, const projection_definition& definition,
                             const projection_identity& identity);
    /// Throws as open_read_model_to_write() and read_record().
    static generation open(const std::filesystem::path& file);

    generation(generation&&) noexcept;
    generation& operator=(generation&&) noexcept;
    ~generation();

    /// What project() gets.
    [[nodiscard]] read_model& model() noexcept { return model_; }
    [[nodiscard]] std::filesystem::path file() const { return model_.file(); }
    [[nodiscard]] const projection_identity& identity() const noexcept { return record_.identity; }
    /// As of the last commit.
    [[nodiscard]] const detail::progress& progress() const noexcept { return record_.progress; }

    [[nodiscard]] dead_letter_box& dead_letters() noexcept;

    void begin();
    /// Throws invalid_argument if a handler has made the transaction go away.
    void expect_transaction() const;
    /// Stores the progress and ends the transaction. Throws if it cannot; rollback() then.
    void commit(const detail::progress& progress);
    /// Undoes all since begin().
    void rollback() noexcept;
    /// Marks a place in the transaction to which undo() goes back; keep() gives it up. For one event at a time.
    void mark();
    void undo();
    void keep();
    /// For what is kept in the file besides.
    [[nodiscard]] connection& db() noexcept;

private:
    struct statements;
    explicit generation(std::unique_ptr<connection> db);

    read_model model_;
    generation_record record_;
    std::unique_ptr<statements> statements_;  // after the model, whose connection they belong to
};

}  // namespace stele::inline v0::detail
