#pragma once

#include <stele/codec/detail/event_entries.hpp>
#include <stele/codec/detail/event_tags.hpp>
#include <stele/eventstore/event_store.hpp>

#include <cstdint>
#include <exception>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Tags for events that were stored before there was a `tags_of` for them, or before it named a key
/// (docs/decision-models.md).
namespace stele::inline v0 {

/// What a run has done until now.
struct tagging_report {
    bool complete = false;            ///< Whether every key is complete; false after a stop.
    position up_to = {};              ///< Inclusive: all events up to here have their tags.
    position goal = {};               ///< Inclusive: where the run ends, the head as it was when it began.
    std::uint64_t events_read = 0;    ///< By this run.
    std::uint64_t events_tagged = 0;  ///< Those of them that lacked a tag.
    std::uint64_t events_failed = 0;  ///< Those of them that tagging_options::on_fault was told of.
};

/// How tag_stored_events() goes about it.
struct tagging_options {
    /// The keys to add; empty: all that `tags_of` names for these events. Name the new ones where others are in use:
    /// what names a key that is being added must wait. Throws invalid_argument for a key that no event carries.
    std::vector<std::string> keys = {};
    /// Looks at all events again, also at those that an earlier run has completed: because `tags_of` names other tags
    /// with the same keys now. Tags that it names no more stay.
    bool again = false;
    /// Is told of each event that cannot have its tags, because it does not parse or `tags_of` or an upcaster throws,
    /// and why; the event keeps the tags that it has. Called on the calling thread before anything is changed. An
    /// exception ends the run and passes through. Empty: the first such event ends the run, with nothing changed.
    std::function<void(const recorded_event& event, std::exception_ptr why)> on_fault = {};
    /// Called on the calling thread after each batch was stored. An exception ends the run and passes through.
    std::function<void(const tagging_report& so_far)> on_progress = {};
    /// Ends the run soon, with `complete` false.
    std::stop_token stop = {};
};

namespace detail {

/// A key that the events of a stored type carry.
using key_of_type = std::pair<std::string, std::string>;  // key, type

template <class... Keys>
std::vector<std::string_view> names_of(std::type_identity<tag_set<Keys...>>) {
    return {Keys::name()...};
}

/// Collects the keys that a consumer's events carry, by the types under which they are stored.
template <class Consumer>
class carried_keys {
public:
    carried_keys() {
        with_types(Consumer::events, [&]<class... Events>() { (add_keys<Events>(), ...); });
        visit_stored_types<Consumer>(*this);
    }
    [[nodiscard]] std::vector<key_of_type> list() && { return std::move(list_); }

    template <class Event>
    void taken(std::string_view) {}
    void ignored(std::string_view) {}

    template <class Upcasters, class Event>
    void stored(std::string_view type) {
        if constexpr (taken_by<Event, Consumer>)
            add(type, names_of(std::type_identity<tag_set_of<Event>>{}));
        else if constexpr (outcome_visitor<Consumer, Upcasters>::template visit<Event>().taken)
            add(type, all_);  // of whatever it becomes
    }

private:
    template <class Event>
    void add_keys() {
        const auto keys = names_of(std::type_identity<tag_set_of<Event>>{});
        all_.insert(all_.end(), keys.begin(), keys.end());
    }
    void add(std::string_view type, const std::vector<std::string_view>& keys) {
        for (const auto key : keys) list_.emplace_back(key, type);
    }

    std::vector<std::string_view> all_;
    std::vector<key_of_type> list_;
};

struct tagging_binding {
    static constexpr bool skips_others = true;
    static std::string consumer() { return "consumer of tag_stored_events()"; }

    template <class Event>
    static void handle(void* tags, const google::protobuf::Message& event, const recorded_event&) {
        if constexpr (makes_tags<Event>) {
            const auto more = as_tag_set(tags_of(static_cast<const Event&>(event))).list();
            for (const auto tag : more.view()) static_cast<tag_list*>(tags)->add(tag);
        }
    }
    template <removal Removal>
    static void deliver(void*, const Removal&, const recorded_event&) {}
};

template <class Consumer>
consteval bool carries_tags() {
    return with_types(Consumer::events, []<class... Events>() { return (makes_tags<Events> || ...); });
}

tagging_report tag_stored_events(event_store& store, const event_table& events, const std::vector<key_of_type>& keys,
                                 const tagging_options& options);

}  // namespace detail

/// Gives the stored events of a consumer the tags that `tags_of` names for them today, after upcasters. `Consumer` is
/// any type with a list `events`:
///
///     struct tagged_events {
///         static constexpr auto events = hana::tuple_t<CourseOpened, SeatsChanged, StudentEnrolled, StudentLeft>;
///     };
///     stele::tag_stored_events<tagged_events>(store);
///
/// Call it once every program that appends to the store has `tags_of`: a run goes as far as the head was when it began,
/// and events after it were appended with their tags. It reads all events before it changes anything, so what cannot be
/// done is told then. After that, until it is complete, whatever takes a query that names a tag with one of the keys
/// throws needs_tagging, in every process: a read, a subscription, a condition of an append, a decision model.
/// event_store::tagging_status() says how far it is. What was decided by such a tag before it began is refused: it
/// begins with an event in the stream "stele-tags". If no event lacks a tag, it does not even begin. Foreign events
/// keep the tags that they have.
///
/// A run may be stopped or killed at any instant and called again: it goes on where it was. Several at once do no harm,
/// nor do appends and removals meanwhile. Where all is complete, a run looks at the events since the last one and adds
/// what they lack. The leaves of the hash tree stay as they are.
///
/// Throws stele::error: what the store throws; without tagging_options::on_fault and with nothing changed, undecodable
/// for an event that is not its message, and naming the event, what `tags_of` or an upcaster throws, and
/// invalid_argument if the event would have more than 32 tags.
template <class Consumer>
tagging_report tag_stored_events(event_store& store, const tagging_options& options = {}) {
    static_assert(detail::carries_tags<Consumer>(),
                  "no event in the `events` of this consumer has a `tags_of`, so there is nothing to add: declare it "
                  "beside the event, before this call");
    return detail::tag_stored_events(store, detail::event_table_of<Consumer, detail::tagging_binding>(),
                                     detail::carried_keys<Consumer>{}.list(), options);
}

}  // namespace stele::inline v0
