#pragma once

#include <google/protobuf/message.h>

#include <concepts>
#include <utility>

/// Messages in one expression.
namespace stele::inline v0 {

/// Makes a message and lets `fill` set its fields:
///
///     return stele::accept(stele::make<MoneyDeposited>([&](auto& e) { e.set_amount(c.amount()); }));
template <std::derived_from<google::protobuf::Message> Made, std::invocable<Made&> Fill>
[[nodiscard]] Made make(Fill&& fill) {
    Made made;
    std::forward<Fill>(fill)(made);
    return made;
}

namespace detail {

/// Copies every field of `from` that is set, and whose name and type a field of `to` has. The others of `to` stay.
void copy_equal_fields(const google::protobuf::Message& from, google::protobuf::Message& to);

}  // namespace detail

/// Makes a message with the fields of another one that have the same name and the same type: an event of its command.
/// Fields of another type, and those that only one of the two has, are left alone; enums and messages have the same
/// type if they are the same.
///
///     return stele::accept(stele::make_from<MoneyDeposited>(command));
template <std::derived_from<google::protobuf::Message> Made>
[[nodiscard]] Made make_from(const google::protobuf::Message& source) {
    Made made;
    detail::copy_equal_fields(source, made);
    return made;
}
/// The same, and then lets `fill` set the rest.
template <std::derived_from<google::protobuf::Message> Made, std::invocable<Made&> Fill>
[[nodiscard]] Made make_from(const google::protobuf::Message& source, Fill&& fill) {
    auto made = make_from<Made>(source);
    std::forward<Fill>(fill)(made);
    return made;
}

}  // namespace stele::inline v0
