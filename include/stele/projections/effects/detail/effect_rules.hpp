#pragma once

#include <stele/codec/codec.hpp>
#include <stele/projections/detail/projection_rules.hpp>

#include <concepts>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

/// What a projection with side effects needs, checked at compile time, and its effects behind pointers.
namespace stele::inline v0::detail {

template <class P>
concept lists_effects = requires { P::effects; };

template <class P, class Event>
concept has_effect = requires(P& projection, const Event& event, const recorded_event& at) {
    { projection.effect(event, at) } -> std::same_as<void>;
};

template <class P, class Event>
concept has_effect_otherwise = !has_effect<P, Event> && called_otherwise<effect_call, P, Event, recorded_event>;

template <class P, class Event>
concept has_static_effect = requires(const Event& event, const recorded_event& at) {
    { P::effect(event, at) } -> std::same_as<void>;
};

/// Whether P has an effect for one of the events that it projects.
template <class P>
consteval bool has_any_effect() {
    if constexpr (lists_events<P>)
        return with_types(P::events, []<class... Events>() { return (has_effect<P, Events> || ...); });
    else
        return false;
}

/// The lists with which a projection selects events.
template <class P>
struct categories_of {};
template <class P>
    requires lists_categories<P>
struct categories_of<P> {
    static constexpr auto categories = P::categories;
};
template <class P>
struct tags_of_projection {};
template <class P>
    requires has_tags_member<P>
struct tags_of_projection<P> {
    static constexpr auto tags = P::tags;
};

/// The events that have effects, in the place where the codec looks for a list of events.
template <class P>
struct effects_of : categories_of<P>, tags_of_projection<P> {
    static constexpr auto events = with_upcasters_of(P::events, P::effects);
};

template <class P>
struct effect_binding {
    static constexpr bool skips_others = true;
    static std::string consumer() { return "the effects of projection " + std::string{P::name}; }

    template <class Event>
    static void handle(void* object, const google::protobuf::Message& event, const recorded_event& at) {
        static_assert(!has_effect_otherwise<P, Event>,
                      "`effect` of this event has another form: make it "
                      "`void effect(const Event& event, const stele::recorded_event& at)` "
                      "(static if it needs no member)");
        static_assert(has_effect<P, Event> || has_effect_otherwise<P, Event>,
                      "for each event in `effects` add to the projection: "
                      "`void effect(const Event& event, const stele::recorded_event& at)` "
                      "(static if it needs no member)");
        static_assert(!has_effect<P, Event> || !is_in_memory<P>() || has_static_effect<P, Event>,
                      "effect() of a projection in memory must be static: it runs while project() changes the state. "
                      "If it needs a collaborator, declare the effects in a projection into tables");
        if constexpr (has_static_effect<P, Event>)
            P::effect(static_cast<const Event&>(event), at);
        else if constexpr (has_effect<P, Event>)
            static_cast<P*>(object)->effect(static_cast<const Event&>(event), at);
    }

    template <removal Removal>
    static void deliver(void* object, const Removal& removal, const recorded_event& at) {
        static_assert(!has_effect_otherwise<P, Removal>,
                      "`effect` of this removal has another form: make it "
                      "`void effect(const stele::stream_deleted&, const stele::recorded_event& at)`, or the same with "
                      "stele::stream_truncated (static if it needs no member)");
        static_assert(has_effect<P, Removal> || has_effect_otherwise<P, Removal>,
                      "for each removal in `effects` add to the projection: "
                      "`void effect(const stele::stream_deleted&, const stele::recorded_event& at)`, or the same with "
                      "stele::stream_truncated (static if it needs no member)");
        static_assert(!has_effect<P, Removal> || !is_in_memory<P>() || has_static_effect<P, Removal>,
                      "effect() of a projection in memory must be static: it runs while project() changes the state. "
                      "If it needs a collaborator, declare the effects in a projection into tables");
        if constexpr (has_static_effect<P, Removal>)
            P::effect(removal, at);
        else if constexpr (has_effect<P, Removal>)
            static_cast<P*>(object)->effect(removal, at);
    }
};

template <class P>
consteval bool check_effects() {
    if constexpr (lists_effects<P>) {
        static_assert(on_fault_of<P>() == on_fault::stop,
                      "a projection with effects stops at an event that it cannot apply, so that no effect reports "
                      "what is not in the read model: remove `on_fault` or `effects`");
    } else {
        static_assert(!has_any_effect<P>(),
                      "this projection has `effect`: add the list of events that have one, "
                      "`static constexpr auto effects = hana::tuple_t<FirstEvent, SecondEvent>;`");
    }
    return true;
}

/// What a runner knows about the effects of a projection, without its type.
struct effect_definition {
    std::string_view projection;
    const event_table* events = nullptr;  ///< Calls effect(); the context is the object.
    std::shared_ptr<void> object;         ///< The projection; null if its effects are static.
};

template <class P>
effect_definition define_effects(const std::shared_ptr<P>& projection) {
    return {.projection = P::name, .events = &event_table_of<effects_of<P>, effect_binding<P>>(), .object = projection};
}

}  // namespace stele::inline v0::detail
