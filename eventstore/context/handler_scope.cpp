#include <stele/eventstore/detail/append_scope.hpp>
#include <stele/eventstore/detail/handler_scope.hpp>
#include <stele/eventstore/error.hpp>

#include <fmt/format.h>

namespace stele::inline v0::detail {
namespace {

thread_local const handler_scope* innermost = nullptr;

}  // namespace

handler_scope::handler_scope(const void* owner) noexcept : owner_(owner), outer_(innermost) {
    innermost = this;
}

handler_scope::~handler_scope() {
    innermost = outer_;
}

bool handler_scope::is_inside(const void* owner) noexcept {
    for (const auto* scope = innermost; scope != nullptr; scope = scope->outer_)
        if (scope->owner_ == owner) return true;
    return false;
}

void expect_outside_handlers(const void* owner, std::string_view call, std::string_view whose) {
    expect_outside_appends();  // the handlers of the owner may append
    if (handler_scope::is_inside(owner))
        throw error(
            error_kind::invalid_argument,
            fmt::format("{} was called from inside a handler of {}, and would wait for that handler to end; call "
                        "it from another thread, or after the handler has returned",
                        call, whose));
}

}  // namespace stele::inline v0::detail
