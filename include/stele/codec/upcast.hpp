#pragma once

#include <string_view>
#include <tuple>

/// How a domain changes its events while those that are stored stay as they are.
///
/// Fields are added by the rules of Protobuf, and nothing is to be done for it. For what goes beyond that a domain has
/// one history. It stands beside the list of events, and says what became of the types that are not written any more:
///
///     struct history {
///         static constexpr auto aliases  = hana::make_tuple(stele::alias<AccountClosed>{"bank.AccountCancelled"});
///         static constexpr auto outdated = hana::tuple_t<AccountOpened, AccountOpenedV2>;
///         static AccountOpenedV2 upcast(const AccountOpened& old);        // one for each outdated type
///         static AccountOpenedV3 upcast(const AccountOpenedV2& old);
///         static constexpr auto ignored  = hana::make_tuple("bank.PinPrinted");
///     };
///     history stele_history(const google::protobuf::Message&);       // finds it from any event of this namespace
///
/// Each of the three lists may be left out. The last line is a declaration only. Whoever takes an AccountOpenedV3
/// (aggregate, projection, decode_each …) is then also handed the stored events of the older types, as AccountOpenedV3,
/// and needs no code for it; the recorded_event beside it is as stored. Steps are composed when compiling: here
/// AccountOpened goes through both.
///
/// - `aliases`: names under which a message was stored before it was renamed. It may be an outdated one.
/// - `outdated`: messages that are still stored, and not taken by anyone any more. A step is pure and may return: a
///   message; stele::no_events; or a std::optional, std::vector, std::variant or std::tuple of any of these, whose
///   events are handed out in their order.
/// - `ignored`: events to be passed over by everyone: messages, or the names of messages that are gone. The tuple may
///   hold both: `hana::make_tuple(hana::type_c<PinChanged>, "bank.PinPrinted")`.
///
/// A taker may have a list `ignored` of its own, of the same form. What neither takes nor ignores is an error for an
/// aggregate and for decode_each, also as a part of what a step returns; a projection passes over it.
///
/// These do not compile, with a sentence that says what to change: an outdated type without its step, steps that go in
/// a circle, an outdated type in a list `events`, a step to an event that finds another history or none.
namespace stele::inline v0 {

/// The name under which events of this message were stored before the message was renamed. `name` is a literal.
template <class Event>
struct alias {
    /// The type of today.
    using event = Event;
    /// The full name that stored events have.
    std::string_view name;
};

/// What a step returns whose event means nothing any more.
using no_events = std::tuple<>;

}  // namespace stele::inline v0
