#pragma once

#include <stele/codec/detail/event_table.hpp>
#include <stele/codec/detail/upcast_rules.hpp>

#include <string>
#include <string_view>
#include <typeinfo>
#include <utility>
#include <vector>

/// From the lists of a taker, and the histories of its events, to the entries of its table.
namespace stele::inline v0::detail {

/// A binding whose taker passes over what it does not take: `static constexpr bool skips_others = true;`.
template <class Binding>
concept skips_others = requires { requires Binding::skips_others; };

template <class Taker, class Binding>
class entry_list {
public:
    explicit entry_list(std::string taker) : taker_(std::move(taker)) {
        with_types(Taker::events, [this]<class... Events>() { (this->template add_taken<Events>(), ...); });
        if constexpr (lists_ignored<Taker>) add_ignored(Taker::ignored);
    }

    /// Moves the entries out.
    [[nodiscard]] event_table table() && { return {std::move(taker_), std::move(entries_)}; }

private:
    template <class Event>
    void add_taken() {
        using history = history_of<Event>;
        static_assert(std::derived_from<Event, google::protobuf::Message>,
                      "each type in `events` must be a generated Protobuf message, and its .pb.h included");
        static_assert(check_history<history>());
        static_assert(!outdated_in<Event, history>,
                      "this event is `outdated` in the history of its domain: list in `events` what it becomes");
        static_assert(!is_ignored_by<Event, Taker>() && !is_ignored_by<Event, history>(),
                      "this event is in `events` and in `ignored`: leave it in one of them");
        if constexpr (std::derived_from<Event, google::protobuf::Message>) {
            expect_one_history(Event::descriptor()->full_name(), typeid(history), taker_);
            add<history, Event>(Event::descriptor()->full_name());
            if (is_new(typeid(history))) add_history<history>();
        }
    }

    template <class History>
    void add_history() {
        if constexpr (lists_outdated<History>)
            with_types(History::outdated, [this]<class... Old>() {
                (this->template add<History, Old>(Old::descriptor()->full_name()), ...);
            });
        if constexpr (lists_aliases<History>)
            boost::hana::unpack(History::aliases, [this]<class... Events>(const Events&... aliases) {
                (this->template add<History, typename Events::event>(aliases.name), ...);
            });
        if constexpr (lists_ignored<History>) add_ignored(History::ignored);
    }

    /// Adds what happens to events of a message that are stored under a name.
    template <class History, class Event>
    void add(std::string_view name) {
        constexpr fate becomes = fate_visitor<Taker, History>::template visit<Event>();
        static_assert(skips_others<Binding> || !becomes.taken || !becomes.lost,
                      "this outdated event becomes several, and the taker has some of them in its `events` and others "
                      "nowhere: add those to its `events` or to its `ignored`");
        if constexpr (taken_by<Event, Taker>)
            entries_.push_back({name, &Event::default_instance(), &Binding::template handle<Event>});
        else if constexpr (becomes.taken)
            entries_.push_back(
                {name, &Event::default_instance(), &upcaster<Taker, Binding, History>::template handle<Event>});
        else if constexpr (!becomes.lost)
            ignore(name);
    }

    template <class Items>
    void add_ignored(const Items& items) {
        boost::hana::unpack(items, [this](const auto&... each) { (this->ignore(each), ...); });
    }
    template <class Event>
    void ignore(const boost::hana::basic_type<Event>&) {
        ignore(std::string_view{Event::descriptor()->full_name()});
    }
    void ignore(std::string_view name) {
        // Who passes over others anyhow has no use for an entry; and a table that stays the same needs no rebuild.
        if constexpr (!skips_others<Binding>) entries_.push_back({.type = name});
    }

    bool is_new(const std::type_info& history) {
        for (const auto* known : histories_)
            if (*known == history) return false;
        histories_.push_back(&history);
        return true;
    }

    std::string taker_;
    std::vector<event_entry> entries_;
    std::vector<const std::type_info*> histories_;
};

}  // namespace stele::inline v0::detail
