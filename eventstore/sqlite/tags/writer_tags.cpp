// Adds tags to stored events, in a transaction of its own.

#include "eventstore/sqlite/writer.hpp"

namespace stele::inline v0::detail {

void writer::add_tags(const tag_batch& batch) {
    check_open();
    const locked here(lock_, busy_timeout_, main_);
    try {
        check_files();
        begin();
        refresh();
        added_tags_.add(batch, {static_cast<std::uint64_t>(index_.head())});
        commit_.run();
        expect_log_kept();
    } catch (const error& fault) {
        note_fault(fault);
        roll_back();
        throw;
    } catch (...) {
        roll_back();
        throw;
    }
}

}  // namespace stele::inline v0::detail
