#pragma once

#include <stele/projections/detail/projection_rules.hpp>

#include <concepts>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

/// What a durable subscription needs, checked at compile time, and its handlers behind pointers.
namespace stele::inline v0::detail {

template <class S, class Event>
concept handles = requires(S& subscription, const Event& event, const recorded_event& at) {
    { subscription.on(event, at) } -> std::same_as<void>;
};

struct on_call {
    template <class Object, class... Arguments>
    auto operator()(Object& object, Arguments&&... arguments) const
        -> decltype(object.on(std::forward<Arguments>(arguments)...));
};

template <class S, class Event>
concept handles_otherwise = !handles<S, Event> && called_otherwise<on_call, S, Event, recorded_event>;

/// Whether S takes the removal by name in `on`, and not only by a generic function.
template <class S, class Removal>
consteval bool handles_removal() {
    if constexpr (handles<S, any_type>)
        return false;
    else
        return handles<S, removal_probe<Removal>>;
}

template <class S>
struct subscription_binding {
    static constexpr bool skips_others = true;
    static std::string consumer() { return "subscription " + std::string{S::name}; }

    template <class Event>
    static void handle(void* object, const google::protobuf::Message& event, const recorded_event& at) {
        static_assert(!handles_otherwise<S, Event>,
                      "`on` of this event has another form: make it "
                      "`void on(const Event& event, const stele::recorded_event& at)`");
        static_assert(handles<S, Event> || handles_otherwise<S, Event>,
                      "for each event in `events` add to the subscription: "
                      "`void on(const Event& event, const stele::recorded_event& at)`");
        if constexpr (handles<S, Event>) static_cast<S*>(object)->on(static_cast<const Event&>(event), at);
    }

    template <removal Removal>
    static void deliver(void* object, const Removal& removal, const recorded_event& at) {
        static_assert(!handles_otherwise<S, Removal>,
                      "`on` of this removal has another form: make it "
                      "`void on(const stele::stream_deleted&, const stele::recorded_event& at)`, or the same with "
                      "stele::stream_truncated");
        static_assert(handles<S, Removal> || handles_otherwise<S, Removal>,
                      "for each removal in `events` add to the subscription: "
                      "`void on(const stele::stream_deleted&, const stele::recorded_event& at)`, or the same with "
                      "stele::stream_truncated");
        if constexpr (handles<S, Removal>) static_cast<S*>(object)->on(removal, at);
    }
};

template <class S>
constexpr stele::on_fault on_fault_of_subscription() {
    static_assert(has_on_fault<S> || !declares_on_fault<S>,
                  "`on_fault` of a subscription is stele::on_fault::stop, skip or dead_letter: make it "
                  "`static constexpr auto on_fault = stele::on_fault::stop;`");
    if constexpr (has_on_fault<S>)
        return S::on_fault;
    else
        return stele::on_fault::stop;
}

template <class S>
consteval bool check_handled_removals() {
    static_assert((listed_in<stream_deleted, decltype(S::events)> || !handles_removal<S, stream_deleted>()) &&
                      (listed_in<stream_truncated, decltype(S::events)> || !handles_removal<S, stream_truncated>()),
                  "this subscription takes stele::stream_deleted or stele::stream_truncated, which are not in its "
                  "list: add them to `events`, or `on` is never called with them");
    return true;
}

/// What a runner knows about a subscription, without its type.
struct subscription_definition {
    std::string_view name;
    const event_table* events = nullptr;  ///< Calls on(); the context is the object.
    std::shared_ptr<void> object;         ///< The subscription itself.
    stele::on_fault on_fault = stele::on_fault::stop;
    std::string (*key_of)(void* object, const recorded_event& event) = nullptr;

    [[nodiscard]] std::string dead_letter_key(const recorded_event& event) const { return key_of(object.get(), event); }
};

/// Checks that S is a subscription, with a sentence for each thing that is missing, and describes it.
template <class S>
subscription_definition define_subscription(std::shared_ptr<S> subscription) {
    static_assert(has_projection_name<S>, "add to the subscription its name: `static constexpr auto name = \"…\";`");
    static_assert(lists_events<S>,
                  "add to the subscription the list of events: "
                  "`static constexpr auto events = hana::tuple_t<FirstEvent, SecondEvent>;`");
    if constexpr (has_projection_name<S> && lists_events<S>) {
        static_assert(is_projection_name(S::name),
                      "the name of a subscription has 1 to 64 letters, digits, '_' and '-'");
        static_assert(check_handled_removals<S>());
        return {.name = S::name,
                .events = &event_table_of<S, subscription_binding<S>>(),
                .object = std::move(subscription),
                .on_fault = on_fault_of_subscription<S>(),
                .key_of = &dead_letter_key_of<S>};
    }
    return {};
}

}  // namespace stele::inline v0::detail
