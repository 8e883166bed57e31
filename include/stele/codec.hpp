#pragma once

#include <stele/error.hpp>
#include <stele/event.hpp>
#include <stele/event_range.hpp>
#include <stele/metadata.hpp>

#include <boost/hana/functional/overload.hpp>
#include <boost/hana/tuple.hpp>
#include <boost/hana/type.hpp>
#include <boost/hana/unpack.hpp>
#include <google/protobuf/message.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Protobuf messages to stored events and back. An event's type is the full name of its message.
///
/// Whoever takes events names them once, as a tuple of types, and writes one overload for each:
///
///     static constexpr auto events = hana::tuple_t<AccountOpened, MoneyDeposited>;
///
/// From that list comes a table, built once, of names and functions. Every event that is read in the whole library
/// (by aggregates, projections, audits) passes through such a table, so this is the one place that knows how stored
/// bytes become messages.
namespace stele {

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

/// Does what is to be done with one event. `context` is what was given to event_decoder::decode.
using event_handler = void (*)(void* context, const google::protobuf::Message& event, const recorded_event& at);

/// What happens to stored events of one type name.
struct event_entry {
    std::string_view type;                       ///< As stored. Must live for ever; names of generated messages do.
    const google::protobuf::Message* prototype;  ///< The message to parse them into.
    event_handler handle;                        ///< Gets that message.
};

/// The event types that somebody takes, flat and sorted for looking up. Constant once made; any thread may read it.
class event_table {
public:
    /// Makes a table of the entries. `taker` names their owner in error messages ("aggregate account").
    /// Throws stele::error (invalid_argument) if two entries have the same type name.
    event_table(std::string taker, std::vector<event_entry> entries);

    /// Returns the index of the entry for a type name, or nothing.
    [[nodiscard]] std::optional<std::size_t> find(std::string_view type) const noexcept;

    [[nodiscard]] const event_entry& operator[](std::size_t index) const { return entries_[index]; }
    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
    [[nodiscard]] const std::string& taker() const noexcept { return taker_; }

private:
    std::string taker_;
    std::vector<std::uint64_t> keys_;  // one per entry, ascending: a search compares numbers, and one name at its end
    std::vector<event_entry> entries_;
};

/// Decodes recorded events and hands them to the functions of a table.
///
/// Keeps one message per type and parses into it again and again, which takes half the time of parsing into a new
/// one. So: one thread at a time, and a handler must not use the decoder that called it (one of its own is fine).
/// The table must outlive the decoder.
class event_decoder {
public:
    explicit event_decoder(const event_table& table);
    event_decoder(event_decoder&&) noexcept = default;
    event_decoder& operator=(event_decoder&&) noexcept = default;
    ~event_decoder() = default;

    /// Decodes `event` and calls its handler with `context`.
    ///
    /// Throws stele::error (undecodable), naming type, stream and position, if the table does not have the type or
    /// the payload is not the message it names. Lets through what the handler throws.
    void decode(const recorded_event& event, void* context);

    /// The same, but returns false and does nothing if the table does not have the type: for a reader of the whole
    /// store, whom most types do not concern.
    [[nodiscard]] bool decode_if_known(const recorded_event& event, void* context);

private:
    void decode(std::size_t index, const recorded_event& event, void* context);

    const event_table* table_;
    std::vector<std::unique_ptr<google::protobuf::Message>> messages_;  // by table index, made when first needed
};

/// Turns `hana::tuple_t<A, B>` into a call of `function.template operator()<A, B>()`.
template <class Tuple, class Function>
constexpr auto with_types(const Tuple& types, Function&& function) {
    return boost::hana::unpack(types, [&]<class... Types>(const Types&...) {
        return function.template operator()<typename Types::type...>();
    });
}

template <class Taker>
concept lists_events = requires { Taker::events; };

template <class Binding, class Event>
event_entry make_event_entry() {
    static_assert(std::derived_from<Event, google::protobuf::Message>,
                  "each type in `events` must be a generated Protobuf message, and its .pb.h included");
    return {.type = Event::descriptor()->full_name(),
            .prototype = &Event::default_instance(),
            .handle = &Binding::template handle<Event>};
}

/// Returns the table that sends the events of `Taker::events` to a binding: built when first asked for, then always
/// the same. Any thread may call it.
///
/// A binding is a struct with two static functions: `taker()` returns what event_table wants as such, and the template
/// `handle<Event>` is an event_handler. It should be thin: cast and call. A static_assert in it is the place to say
/// what a user must add for an event.
template <class Taker, class Binding>
const event_table& event_table_of() {
    static_assert(lists_events<Taker>,
                  "add the list of events: `static constexpr auto events = hana::tuple_t<FirstEvent, SecondEvent>;`");
    static const event_table table{Binding::taker(), with_types(Taker::events, []<class... Events>() {
                                       return std::vector<event_entry>{make_event_entry<Binding, Events>()...};
                                   })};
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

}  // namespace stele
