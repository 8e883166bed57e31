#include <stele/eventstore/detail/append_scope.hpp>
#include <stele/eventstore/detail/process_mark.hpp>
#include <stele/eventstore/error.hpp>

#include <cstdint>

namespace stele::inline v0::detail {
namespace {

// Not 0 if this thread commits. It tells the process, too.
thread_local std::uint64_t committing = 0;

std::uint64_t committing_here() noexcept {
    return std::uint64_t{forks.load(std::memory_order_relaxed)} + 1;
}

}  // namespace

append_scope::append_scope() noexcept {
    committing = committing_here();
}

append_scope::~append_scope() {
    committing = 0;
}

bool append_scope::is_inside() noexcept {
    return committing == committing_here();
}

void expect_outside_appends() {
    if (append_scope::is_inside())
        throw error(error_kind::invalid_argument,
                    "this is called by a handler of an inline projection, inside of an append, or by the clock of the "
                    "store (`now`), and would wait for that append: there no store can append, be compacted or be "
                    "opened for writing, no inline projection can be added, rebuilt or removed, and no runner or "
                    "subscription can be waited for; a handler reads events and writes the tables of its own create()");
}

}  // namespace stele::inline v0::detail
