#pragma once

#include <stele/testing/given.hpp>

#include <concepts>
#include <cstddef>
#include <optional>
#include <string_view>

/// Do the same events always give the same state? (docs/testing.md)
namespace stele::inline v0 {

namespace detail {

template <class Aggregate>
concept has_snapshots = requires(const Aggregate& from, Aggregate& to) { to.restore(from.snapshot()); };

/// Throws scenario_failed. `after` is the number of events folded.
[[noreturn]] void fail_determinism(std::string_view category, std::string_view how, std::size_t after);
[[noreturn]] void fail_determinism(std::string_view category, std::string_view how, std::size_t after,
                                   const google::protobuf::Message& expected, const google::protobuf::Message& actual);
[[nodiscard]] bool equal_messages(const google::protobuf::Message& a, const google::protobuf::Message& b);

/// A state, and the events folded into it.
template <class Aggregate>
struct folded_state {
    Aggregate state{};
    given_events given{Aggregate::category, evolve_table<Aggregate>()};

    void fold(const message_list& events, std::size_t from, std::size_t to) {
        for (; from < to; ++from) given.add(*events[from], &state);
    }
};

template <class Aggregate>
void expect_equal(const Aggregate& expected, const Aggregate& actual, std::string_view how, std::size_t after) {
    if constexpr (has_snapshots<Aggregate>) {
        const auto first = expected.snapshot();
        const auto second = actual.snapshot();
        if (!equal_messages(first, second)) fail_determinism(Aggregate::category, how, after, first, second);
    }
    if constexpr (std::equality_comparable<Aggregate>)
        if (!(expected == actual)) fail_determinism(Aggregate::category, how, after);
}

}  // namespace detail

/// Checks that an aggregate's state depends on its events alone: folds them twice, event by event, and compares the
/// states after each. If the aggregate has snapshots (`snapshot()` and `restore()`), also takes one after each event,
/// restores it into a new state, folds the rest into that, and compares. For tests:
///
///     stele::check_determinism<account>(opened(), deposited(100), withdrawn(30));
///
/// States are compared by their `operator==` and by their snapshots, whichever exist. Throws scenario_failed, which
/// says after how many events they differ, and shows differing snapshots side by side.
template <class Aggregate, class... Events>
void check_determinism(const Events&... events) {
    static_assert(detail::check_state<Aggregate>());
    (detail::check_event_of<Aggregate, Events>(), ...);
    static_assert(
        std::equality_comparable<Aggregate> || detail::has_snapshots<Aggregate>,
        "states must be comparable: add to the aggregate "
        "`friend bool operator==(const Aggregate&, const Aggregate&) = default;`, or snapshot() and restore()");
    if constexpr (std::equality_comparable<Aggregate> || detail::has_snapshots<Aggregate>) {
        const auto all = detail::copy_messages(events...);
        detail::folded_state<Aggregate> first;
        for (std::size_t count = 0; count <= all.size(); ++count) {
            if (count > 0) first.fold(all, count - 1, count);
            detail::folded_state<Aggregate> second;
            second.fold(all, 0, count);
            detail::expect_equal(first.state, second.state, "folded twice", count);
            if constexpr (detail::has_snapshots<Aggregate>) {
                detail::folded_state<Aggregate> restored;
                restored.state.restore(first.state.snapshot());
                detail::expect_equal(first.state, restored.state, "restored from a snapshot", count);
                restored.fold(all, count, all.size());
                second.fold(all, count, all.size());
                detail::expect_equal(second.state, restored.state, "restored from a snapshot, and folded on",
                                     all.size());
            }
        }
    }
}

}  // namespace stele::inline v0
