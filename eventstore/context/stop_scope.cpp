#include <stele/eventstore/detail/stop_scope.hpp>

#include <utility>

namespace stele::inline v0::detail {
namespace {

thread_local const stop_scope* innermost = nullptr;

}  // namespace

stopped::stopped() : error(error_kind::closed, "the read was stopped, as requested") {}

stop_scope::stop_scope(std::stop_token stop) noexcept : stop_(std::move(stop)), outer_(innermost) {
    innermost = this;
}

stop_scope::~stop_scope() {
    innermost = outer_;
}

void stop_scope::check() {
    if (innermost != nullptr && innermost->stop_.stop_requested()) throw stopped{};
}

}  // namespace stele::inline v0::detail
