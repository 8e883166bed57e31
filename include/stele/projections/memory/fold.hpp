#pragma once

#include <stele/eventstore/event_store.hpp>
#include <stele/projections/memory/detail/memory_projection_rules.hpp>

#include <concepts>
#include <string>
#include <utility>

/// Live projections: folded from events when the question is asked, and not stored. For audit ("how did this come
/// about?"), for point-in-time queries, and for questions that are too rare to keep an answer. Guide:
/// docs/projections.md.
///
///     struct turnover {
///         static constexpr auto events = hana::tuple_t<MoneyDeposited, MoneyWithdrawn>;
///         std::int64_t sum = 0;
///         void project(const MoneyDeposited& e, const stele::recorded_event& at) { sum += e.amount(); }
///         void project(const MoneyWithdrawn& e, const stele::recorded_event& at) { sum += e.amount(); }
///     };
///     auto all  = stele::fold<turnover>(store);
///     auto then = stele::fold<turnover>(store, {.up_to = store.position_at(new_year)});
///     auto early = stele::fold<turnover>(store, {.occurred_up_to = new_year});  // by business time (metadata.hpp)
///     auto one  = stele::fold<turnover>(store.read_stream(stele::stream_id{"account-42"}, {.up_to = {17}}));
///
/// Any projection in memory (memory_projection.hpp) can be folded this way too; a struct that is only folded needs no
/// name and no version.
namespace stele::inline v0 {

namespace detail {

/// The events that the options select and that concern the table.
event_range read_for(event_store& store, all_read_options options, const event_table& table);

}  // namespace detail

/// Folds the events of a range into a new P, in the order of the range; events whose type is not in `P::events` are
/// skipped. Memory: P and one batch.
///
/// Throws what reading throws, undecodable (an event's payload does not parse), and what project() throws.
template <class P>
[[nodiscard]] P fold(event_range events) {
    static_assert(std::default_initializable<P>,
                  "fold() begins with an empty P: it must be constructible without arguments");
    static_assert(detail::check_removals<P>());
    P result{};
    detail::event_decoder decoder{detail::event_table_of<P, detail::memory_binding<P>>()};
    for (const event_batch& batch : events)
        for (const recorded_event& event : batch) static_cast<void>(decoder.decode_if_known(event, &result));
    return result;
}

/// The same for the events of a store that the options select. Reads only the types in `P::events` (and the older types
/// that are upcast to them, upcast.hpp), unless the options name types. If P hears of removals and the options name
/// streams, it hears of removals from those.
template <class P>
[[nodiscard]] P fold(event_store& store, all_read_options options = {}) {
    const auto& table = detail::event_table_of<P, detail::memory_binding<P>>();
    return fold<P>(detail::read_for(store, std::move(options), table));
}

}  // namespace stele::inline v0
