#pragma once

#include <stele/eventstore/sqlite/sqlite_store.hpp>

#include <filesystem>
#include <stdexcept>

namespace bank {

/// What the bank tells its user instead of doing what was asked: one sentence that says what to do.
class refusal : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Where a bank lives: DIRECTORY/bank holds events.db, which is all there is to know, and read/, which can be made
/// from it again. While a bank is being made it lives in DIRECTORY/bank.unfinished.
struct bank_directory {
    static constexpr auto events_file = "events.db";

    std::filesystem::path root;

    [[nodiscard]] std::filesystem::path bank() const { return root / "bank"; }
    [[nodiscard]] std::filesystem::path read_models() const { return bank() / "read"; }
    [[nodiscard]] std::filesystem::path unfinished() const { return root / "bank.unfinished"; }
    [[nodiscard]] bool holds_bank() const { return std::filesystem::exists(bank()); }
};

/// Throws refusal if the directory holds a bank.
void refuse_if_occupied(const bank_directory& directory);

/// Opens the events of the bank in the directory. Throws refusal if there is none.
stele::sqlite_store open_events(const bank_directory& directory);

/// Keeps the schemas of all events of the bank beside them. Throws what stele::record_schemas throws.
void record_schemas(stele::event_store& store);

}  // namespace bank
