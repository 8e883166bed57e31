#include "eventstore/sqlite/read_access.hpp"

namespace stele::inline v0::detail {

void read_access::repeat(const std::function<bool(const read_view&)>& attempt) {
    repeat_reading(file_.string(), options_.busy_timeout, [this] { return look(); }, attempt);
}

bool read_access::settle(const read_view& view, const std::function<void()>& read) {
    try {
        if (!detail::settle(view, [this] { return look(); }, read)) return false;
    } catch (const error&) {
        expect_in_place();  // otherwise a file that was moved looks damaged
        throw;
    }
    if (view.mode != open_mode::frozen && is_replaced()) expect_in_place();
    return true;
}

void read_access::read(const std::function<void(connection&)>& use) {
    repeat([&](const read_view& view) {
        bool opened = false;
        const bool counts = settle(view, [&] {
            const auto db = open(view);
            opened = db != nullptr;
            if (opened) use(*db);
        });
        return counts && opened;
    });
}

std::unique_ptr<connection> access_beside_writer::open(const read_view& view) {
    files_.expect_same();  // where there is no log, SQLite would make another one
    auto opened = std::make_unique<connection>(file(), view.mode, options());
    open_log(*opened);
    files_.expect_same();
    return opened;
}

}  // namespace stele::inline v0::detail
