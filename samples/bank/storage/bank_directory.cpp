#include "bank/storage/bank_directory.hpp"

#include "bank/domain/account.hpp"
#include "bank/domain/standing_order.hpp"
#include "bank/domain/standing_order_process.hpp"
#include "bank/domain/transfer.hpp"
#include "bank/domain/transfer_process.hpp"

#include <stele/codec/schema.hpp>

#include <fmt/format.h>

namespace bank {
namespace {

std::filesystem::path events_of(const bank_directory& directory) {
    if (!directory.holds_bank() && std::filesystem::exists(directory.unfinished()))
        throw refusal(
            fmt::format("the import into {} is not finished: wait for it, or run it again if it was "
                        "interrupted",
                        directory.root.string()));
    if (!directory.holds_bank())
        throw refusal(fmt::format("there is no bank in {}: make one with \"bank import FILE --data {}\"",
                                  directory.root.string(), directory.root.string()));
    return directory.bank() / bank_directory::events_file;
}

}  // namespace

void refuse_if_occupied(const bank_directory& directory) {
    if (directory.holds_bank())
        throw refusal(fmt::format("{} already contains a bank: import into another directory, or remove {} first",
                                  directory.root.string(), directory.bank().string()));
}

void record_schemas(stele::event_store& store) {
    stele::record_schemas<account, transfer, standing_order, transfer_process, standing_order_process>(store);
}

stele::sqlite_store open_events(const bank_directory& directory) {
    return stele::sqlite_store::open(events_of(directory));
}

}  // namespace bank
