#pragma once

#include <stele/codec/detail/event_entries.hpp>
#include <stele/codec/detail/event_table.hpp>
#include <stele/codec/upcast.hpp>
#include <stele/eventstore/error.hpp>
#include <stele/eventstore/event.hpp>
#include <stele/eventstore/event_range.hpp>
#include <stele/eventstore/metadata.hpp>

#include <boost/hana/functional/overload.hpp>
#include <google/protobuf/message.h>

#include <concepts>
#include <string>
#include <utility>

/// Protobuf messages to stored events and back. An event's type is the full name of its message.
///
/// Whoever takes events names them once, as a tuple of types, and writes one overload for each:
///
///     static constexpr auto events = hana::tuple_t<AccountOpened, MoneyDeposited>;
///
/// From that list comes a table, built once, of names and functions. Every event that is read in the whole library
/// (by aggregates, projections, audits) passes through such a table, so this is the one place that knows how stored
/// bytes become messages. How events change while the stored ones stay: see upcast.hpp.
namespace stele::inline v0 {

/// Makes an event of a message: its full name as type, its bytes, a new id, and `about` as metadata.
///
/// Throws stele::error (invalid_argument), naming message and field, for what could be written but never read again:
/// a text field, at any depth, that is not UTF-8, a required field that is not set, more than 2 GiB. The same for
/// metadata that is not UTF-8. Any thread may call it.
event_data encode(const google::protobuf::Message& event, const metadata& about = {});

/// Decodes the events of a range one by one and calls `function(message, recorded_event)` with each, in order.
///
/// `Taker` is any type with a list `events`: an aggregate, a projection. `function` must take every type of the list;
/// boost::hana::overload makes it of lambdas, and one that takes (const auto&, const auto&) takes the rest:
///
///     stele::decode_each<account>(store.read_stream(id), hana::overload(
///         [&](const MoneyDeposited& e, const stele::recorded_event& at) { … },
///         [](const auto&, const auto&) {}));
///
/// Both arguments live until the call returns, and the message is reused for the next event. Throws stele::error
/// (undecodable) for an event whose type is not in the list or whose bytes are not that message; the events before it
/// have been handed out.
template <class Taker, class Function>
void decode_each(event_range events, Function function);

namespace detail {

/// As encode() above, with metadata that is bytes already, so that the events of one append can share them.
event_data encode_event(const google::protobuf::Message& event, std::string metadata_bytes);

/// Returns the table that sends the events of `Taker::events` to a binding: built when first asked for, then always
/// the same. Any thread may call it.
///
/// A binding is a struct with two static functions: `taker()` returns what event_table wants as such, and the template
/// `handle<Event>` is an event_handler. It should be thin: cast and call. A static_assert in it is the place to say
/// what a user must add for an event. One whose taker passes over what it does not take, rather than to call it an
/// error, says so: `static constexpr bool skips_others = true;`.
template <class Taker, class Binding>
const event_table& event_table_of() {
    static_assert(lists_events<Taker>,
                  "add the list of events: `static constexpr auto events = hana::tuple_t<FirstEvent, SecondEvent>;`");
    static const event_table table = entry_list<Taker, Binding>{Binding::taker()}.table();
    return table;
}

template <class Function>
struct call_with_event {
    static std::string taker() { return "this call of decode_each"; }

    template <class Event>
    static void handle(void* function, const google::protobuf::Message& event, const recorded_event& at) {
        static_assert(std::invocable<Function&, const Event&, const recorded_event&>,
                      "decode_each: the function does not take this event; add an overload for "
                      "`(const Event&, const stele::recorded_event&)`, or one for `(const auto&, const auto&)`");
        (*static_cast<Function*>(function))(static_cast<const Event&>(event), at);
    }
};

/// Decodes every event of the range with the table.
void decode_all(const event_table& table, event_range events, void* context);

}  // namespace detail

template <class Taker, class Function>
void decode_each(event_range events, Function function) {
    detail::decode_all(detail::event_table_of<Taker, detail::call_with_event<Function>>(), std::move(events),
                       &function);
}

}  // namespace stele::inline v0
