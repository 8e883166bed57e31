#pragma once

#include <stele/codec/detail/upcast_rules.hpp>

#include <google/protobuf/descriptor.h>

#include <string>
#include <string_view>
#include <vector>

/// Which messages stored events may be, as some takers and the histories of their events say.
namespace stele::inline v0 {

class event_store;
struct schema_finding;

namespace detail {

/// An event type as it is stored, and the message that its events are; none if they are ignored.
struct stored_message {
    std::string type;
    const google::protobuf::Descriptor* message = nullptr;
};

std::vector<schema_finding> check_schemas(event_store& store, const std::vector<stored_message>& messages);
void record_schemas(event_store& store, const std::vector<stored_message>& messages);

/// Collects them; the same one may be there several times.
class stored_message_list {
public:
    template <class Taker>
    void add_taker() {
        static_assert(
            lists_events<Taker>,
            "add the list of events: `static constexpr auto events = hana::tuple_t<FirstEvent, SecondEvent>;`");
        with_types(Taker::events, [this]<class... Events>() { (this->template add_event<Events>(), ...); });
        if constexpr (lists_ignored<Taker>) add_ignored(Taker::ignored);
    }

    [[nodiscard]] std::vector<stored_message> take() && { return std::move(messages_); }

private:
    template <class Event>
    void add(std::string_view name) {
        messages_.push_back({std::string{name}, Event::descriptor()});
    }

    template <class Event>
    void add_event() {
        using history = history_of<Event>;
        static_assert(check_history<history>());
        add<Event>(Event::descriptor()->full_name());
        if constexpr (lists_outdated<history>)
            with_types(history::outdated,
                       [this]<class... Old>() { (this->template add<Old>(Old::descriptor()->full_name()), ...); });
        if constexpr (lists_aliases<history>)
            boost::hana::unpack(history::aliases, [this]<class... Events>(const Events&... aliases) {
                (this->template add<typename Events::event>(aliases.name), ...);
            });
        if constexpr (lists_ignored<history>) add_ignored(history::ignored);
    }

    template <class Items>
    void add_ignored(const Items& items) {
        boost::hana::unpack(items, [this](const auto&... each) { (this->ignore(each), ...); });
    }
    template <class Event>
    void ignore(const boost::hana::basic_type<Event>&) {
        messages_.push_back({.type = Event::descriptor()->full_name()});
    }
    void ignore(std::string_view name) { messages_.push_back({.type = std::string{name}}); }

    std::vector<stored_message> messages_;
};

template <class... Takers>
std::vector<stored_message> stored_messages_of() {
    static_assert(sizeof...(Takers) > 0, "name what takes events: stele::record_schemas<account, balances>(store);");
    stored_message_list all;
    (all.add_taker<Takers>(), ...);
    return std::move(all).take();
}

}  // namespace detail
}  // namespace stele::inline v0
