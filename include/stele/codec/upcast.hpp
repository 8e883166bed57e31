#pragma once

#include <stele/codec/detail/upcast_rules.hpp>

#include <string_view>
#include <tuple>

/// How a domain changes its events while the stored ones stay as they are (docs/changing-events.md).
///
/// Adding a field needs nothing: stored events read its default. For every other change a domain has one struct of
/// upcasters, which says what became of the types that are no longer written. It is part of the list of events:
///
///     struct upcasters {
///         static constexpr auto aliases  = hana::make_tuple(stele::alias<AccountClosed>{"bank.AccountCancelled"});
///         static constexpr auto outdated = hana::tuple_t<AccountOpened, AccountOpenedV2>;
///         static AccountOpenedV2 upcast(const AccountOpened& old);        // one for each outdated type
///         static AccountOpenedV3 upcast(const AccountOpenedV2& old);
///         static constexpr auto ignored  = hana::make_tuple("bank.PinPrinted");
///     };
///     static constexpr auto events = stele::upcast_by<upcasters>(hana::tuple_t<AccountOpenedV3, AccountClosed>);
///
/// Each of the three lists may be left out. A consumer (aggregate, projection, process, decode_each) with this list
/// gets the stored events of the older types as AccountOpenedV3 and needs no code for them; the recorded_event beside
/// it is as stored. Upcasters are composed at compile time: here AccountOpened passes through both.
///
/// - `aliases`: names under which a message was stored before it was renamed. The message may be outdated.
/// - `outdated`: messages that are still stored but that no consumer takes any more. `upcast` is pure. It returns a
///   message, stele::no_events, or a std::optional, std::vector, std::variant or std::tuple of these; their events are
///   delivered in order.
/// - `ignored`: events that every consumer skips: messages, or the names of messages that no longer exist. The tuple
/// may
///   hold both: `hana::make_tuple(hana::type_c<PinChanged>, "bank.PinPrinted")`.
///
/// A consumer may have a list `ignored` of its own, in the same form. An event that is neither taken nor ignored is an
/// error for an aggregate and for decode_each, even as a part of what an upcaster returns; a projection skips it.
///
/// These do not compile, with a sentence that says what to change: an outdated type without `upcast`, upcasters in a
/// circle, an outdated type in a list of events, an `upcast` for a type that is not in `outdated` (unless the
/// struct is `final`, which cannot be asked).
///
/// A consumer that takes an event but forgot the upcasters that lead to it would miss stored events. Its first use
/// throws stele::error (invalid_argument), naming the event and the upcasters, if any source of the program lists them.
namespace stele::inline v0 {

/// The name under which events of this message were stored before the message was renamed. `name` is a literal.
template <class Event>
struct alias {
    /// The type of today.
    using event = Event;
    /// The full name that stored events have.
    std::string_view name;
};

/// What an upcaster returns for an event that no longer means anything.
using no_events = std::tuple<>;

/// Adds upcasters to a list of events. Several structs may be named, for consumers with events of several domains.
template <class... Upcasters, class Events>
[[nodiscard]] constexpr auto upcast_by(const Events& events) {
    static_assert(sizeof...(Upcasters) > 0,
                  "name the struct of the upcasters: stele::upcast_by<upcasters>(hana::tuple_t<First, Second>)");
    if constexpr ((detail::check_upcasters<Upcasters>() && ...))
        (static_cast<void>(&detail::registered<Upcasters>), ...);
    return detail::upcast_list<Events, Upcasters...>{events};
}

}  // namespace stele::inline v0
