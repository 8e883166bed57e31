#pragma once

#include <stele/eventstore/event_store.hpp>
#include <stele/projections/memory/detail/memory_projection_rules.hpp>

#include <concepts>
#include <string>
#include <utility>

/// Live projections: folded from events at the moment when somebody asks, and kept by nobody. For audit ("how did this
/// come about?"), for time travel, and for questions that are asked too seldom to keep an answer.
///
///     struct turnover {
///         static constexpr auto events = hana::tuple_t<MoneyDeposited, MoneyWithdrawn>;
///         std::int64_t sum = 0;
///         void project(const MoneyDeposited& e, const stele::recorded_event& at) { sum += e.amount(); }
///         void project(const MoneyWithdrawn& e, const stele::recorded_event& at) { sum += e.amount(); }
///     };
///     auto all  = stele::fold<turnover>(store);
///     auto then = stele::fold<turnover>(store, {.up_to = store.position_at(new_year)});
///     auto one  = stele::fold<turnover>(store.read_stream(stele::stream_id{"account-42"}, {.up_to = {17}}));
///
/// Every projection in memory (memory_projection.hpp) can be folded so as well; a struct that is only folded needs no
/// name and no version.
namespace stele::inline v0 {

/// Folds the events of a range into a new P, in the order of the range; those whose type is not in `P::events` are
/// passed over. No more is in memory at a time than P and one batch.
///
/// Throws what reading throws, undecodable (an event's payload does not parse), and what project() throws.
template <class P>
[[nodiscard]] P fold(event_range events) {
    static_assert(std::default_initializable<P>,
                  "what is folded begins empty: it must be constructible without arguments");
    P result{};
    detail::event_decoder decoder{detail::event_table_of<P, detail::memory_binding<P>>()};
    for (const event_batch& batch : events)
        for (const recorded_event& event : batch) static_cast<void>(decoder.decode_if_known(event, &result));
    return result;
}

/// The same for the events of a store, or those of them that the options let through. Only types in `P::events` (and
/// what became of them, upcast.hpp) are read, unless the options name types themselves.
template <class P>
[[nodiscard]] P fold(event_store& store, all_read_options options = {}) {
    const auto& table = detail::event_table_of<P, detail::memory_binding<P>>();
    if (options.filter.types.empty())
        for (std::size_t i = 0; i < table.size(); ++i) options.filter.types.emplace_back(table[i].type);
    return fold<P>(store.read_all(std::move(options)));
}

}  // namespace stele::inline v0
