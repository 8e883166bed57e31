#pragma once

#include <stele/eventstore/sqlite/sqlite_store.hpp>

#include <filesystem>
#include <stdexcept>

namespace bank {

/// Why the program refuses a request: one sentence for the user that also says what to do.
class refusal : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// The files of a bank: DIRECTORY/bank contains events.db, which holds everything, and read/, which can be rebuilt from
/// it. During an import they are in DIRECTORY/bank.unfinished.
struct bank_directory {
    static constexpr auto events_file = "events.db";

    std::filesystem::path root;

    [[nodiscard]] std::filesystem::path bank() const { return root / "bank"; }
    [[nodiscard]] std::filesystem::path read_models() const { return bank() / "read"; }
    [[nodiscard]] std::filesystem::path unfinished() const { return root / "bank.unfinished"; }
    [[nodiscard]] bool holds_bank() const { return std::filesystem::exists(bank()); }
};

/// Throws refusal if the directory contains a bank.
void refuse_if_occupied(const bank_directory& directory);

/// Opens the events of the bank in the directory. Throws refusal if there is none.
stele::sqlite_store open_events(const bank_directory& directory);

/// Records the schemas of what the bank stores: events, and the commands of its processes. Throws what
/// stele::record_schemas throws.
void record_schemas(stele::event_store& store);

}  // namespace bank
