#pragma once

#include <stele/codec/detail/event_entries.hpp>
#include <stele/codec/detail/event_table.hpp>
#include <stele/codec/detail/event_tags.hpp>
#include <stele/codec/upcast.hpp>
#include <stele/eventstore/error.hpp>
#include <stele/eventstore/event.hpp>
#include <stele/eventstore/event_range.hpp>
#include <stele/eventstore/metadata.hpp>

#include <google/protobuf/message.h>

#include <concepts>
#include <string>
#include <utility>

/// Protobuf messages to stored events and back. An event's type is the full name of its message.
///
/// A consumer names its events once, as a tuple of types, and has one overload for each:
///
///     static constexpr auto events = hana::tuple_t<AccountOpened, MoneyDeposited>;
///
/// The list becomes a table, built once, of names and functions. Every event that the library reads for an aggregate, a
/// projection or a process passes through such a table: the one place that knows how stored bytes become messages. How
/// events change while the stored ones stay: see upcast.hpp.
namespace stele::inline v0 {

namespace detail {

/// As encode() below, with encoded metadata, so that the events of one append can share it.
event_data encode_event(const google::protobuf::Message& event, std::string metadata_bytes);

}  // namespace detail

/// Makes an event of a message: its full name as type, its bytes, a new id, the metadata, and the tags that its
/// `tags_of` names (tag.hpp).
///
/// Throws stele::error (invalid_argument), naming message and field, for what Protobuf would write and then refuse to
/// read: a text field, at any depth, that is not UTF-8, a required field that is not set, more than 2 GiB. The same for
/// metadata that is not UTF-8. What `tags_of` throws passes through. Any thread may call it.
template <std::derived_from<google::protobuf::Message> Event>
event_data encode(const Event& event, const stele::metadata& metadata = {}) {
    detail::use_tags<Event>();
    return detail::encode_event(event, encode(metadata));
}

/// Makes one function object of several lambdas, one for each type of event.
template <class... Functions>
struct overload : Functions... {
    using Functions::operator()...;
};
/// Deduces the types of the functions.
template <class... Functions>
overload(Functions...) -> overload<Functions...>;

/// Decodes the events of a range one by one and calls `function(message, recorded_event)` with each, in order.
///
/// `Consumer` is any type with a list `events`: an aggregate, a projection. `function` must take every type of the
/// list; one overload for (const auto&, const auto&) takes the rest:
///
///     stele::decode_each<account>(store.read_stream(id), stele::overload(
///         [&](const MoneyDeposited& e, const stele::recorded_event& at) { … },
///         [](const auto&, const auto&) {}));
///
/// Both arguments live until the call returns, and the message is reused for the next event. System events
/// (system_events.hpp) are skipped, except removals that the list names: the function gets those as
/// stele::stream_deleted and stele::stream_truncated. Throws stele::error (undecodable) for any other event whose type
/// is not in the list, whose bytes are not that message, or that was stored as JSON or octets; the events before it
/// have been delivered.
template <class Consumer, class Function>
void decode_each(event_range events, Function function);

namespace detail {

template <class Function>
struct call_with_event {
    static std::string consumer() { return "this call of decode_each"; }

    template <class Event>
    static void handle(void* function, const google::protobuf::Message& event, const recorded_event& at) {
        static_assert(std::invocable<Function&, const Event&, const recorded_event&>,
                      "decode_each: the function does not take this event; add an overload for "
                      "`(const Event&, const stele::recorded_event&)`, or one for `(const auto&, const auto&)`");
        (*static_cast<Function*>(function))(static_cast<const Event&>(event), at);
    }

    template <removal Removal>
    static void deliver(void* function, const Removal& removal, const recorded_event& at) {
        static_assert(std::invocable<Function&, const Removal&, const recorded_event&>,
                      "decode_each: the function does not take this removal; add an overload for "
                      "`(const stele::stream_deleted&, const stele::recorded_event&)`, and the same for "
                      "stele::stream_truncated if `events` lists it");
        (*static_cast<Function*>(function))(removal, at);
    }
};

/// Decodes every event of the range with the table, but for system events that it does not have.
void decode_all(const event_table& table, event_range events, void* context);

}  // namespace detail

template <class Consumer, class Function>
void decode_each(event_range events, Function function) {
    detail::decode_all(detail::event_table_of<Consumer, detail::call_with_event<Function>>(), std::move(events),
                       &function);
}

}  // namespace stele::inline v0
