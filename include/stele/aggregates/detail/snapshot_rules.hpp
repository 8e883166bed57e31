#pragma once

#include <stele/aggregates/detail/aggregate_rules.hpp>
#include <stele/aggregates/snapshot_policy.hpp>
#include <stele/eventstore/uuid.hpp>

#include <concepts>
#include <cstdint>
#include <memory>
#include <string_view>
#include <type_traits>
#include <vector>

/// What an aggregate or a projection in memory needs to have snapshots, checked at compile time, and its functions for
/// them behind pointers.
namespace stele::inline v0::detail {

template <class State>
concept names_snapshot = requires { typename State::snapshot_type; };

template <class State>
concept names_snapshot_policy = requires { State::snapshot_policy; };

template <class State>
concept takes_snapshot = requires(const State& state) {
    { state.snapshot() } -> std::same_as<typename State::snapshot_type>;
};

template <class State>
concept takes_snapshot_otherwise = !takes_snapshot<State> && requires(State& state) { state.snapshot(); };

template <class State>
concept restores_snapshot = requires(State& state, const typename State::snapshot_type& saved) {
    { state.restore(saved) } -> std::same_as<void>;
};

template <class State>
concept restores_snapshot_otherwise =
    !restores_snapshot<State> && called_otherwise<restore_call, State, typename State::snapshot_type>;

// A pointer to a member, which is not static, converts to no such pointer.
template <class State>
concept has_snapshot_policy =
    requires { requires std::convertible_to<decltype(&State::snapshot_policy), const snapshot_policy*>; };

template <class State>
consteval bool check_snapshot() {
    if constexpr (names_snapshot<State>) {
        using snapshot_type = typename State::snapshot_type;
        static_assert(std::derived_from<snapshot_type, google::protobuf::Message>,
                      "the `snapshot_type` must be a generated Protobuf message, and its .pb.h "
                      "included");
        static_assert(!takes_snapshot_otherwise<State>,
                      "`snapshot` has another form: make it `snapshot_type snapshot() const;`");
        static_assert(takes_snapshot<State> || takes_snapshot_otherwise<State>,
                      "this type names a `snapshot_type`: add a public `snapshot_type snapshot() const;` that "
                      "puts the whole state into the message");
        static_assert(!restores_snapshot_otherwise<State>,
                      "`restore` has another form: make it `void restore(const snapshot_type& saved);`");
        static_assert(restores_snapshot<State> || restores_snapshot_otherwise<State>,
                      "this type names a `snapshot_type`: add a public `void restore(const snapshot_type& "
                      "saved);` that makes the state what it was when snapshot() was called");
        static_assert(has_snapshot_policy<State> || !names_snapshot_policy<State>,
                      "`snapshot_policy` has another form: make it "
                      "`static constexpr auto snapshot_policy = stele::snapshot_every(100);`");
        static_assert(names_snapshot_policy<State>,
                      "this type names a `snapshot_type`: add when snapshots are taken, "
                      "`static constexpr auto snapshot_policy = stele::snapshot_every(100);`");
    } else {
        static_assert(!names_snapshot_policy<State>,
                      "this type has a `snapshot_policy`: add the message that holds its state, "
                      "`using snapshot_type = AccountSnapshot;`");
    }
    return true;
}

/// The version of the rules by which events become a state: 1, unless the aggregate says otherwise.
template <class Aggregate>
constexpr std::uint64_t fold_version_of() {
    if constexpr (requires { Aggregate::fold_version; }) {
        static_assert(std::integral<std::remove_cvref_t<decltype(Aggregate::fold_version)>>,
                      "`fold_version` must be a whole number: `static constexpr int fold_version = 2;`");
        return static_cast<std::uint64_t>(Aggregate::fold_version);
    } else {
        return 1;
    }
}

/// How snapshots of one type are taken and restored.
struct snapshot_functions {
    uuid fingerprint;                            ///< Of everything that a snapshot is made from.
    uuid fold;                                   ///< As snapshot_fold(): what its state can only be restored with.
    const google::protobuf::Message* prototype;  ///< The message that holds a state.
    snapshot_policy policy;
    std::unique_ptr<google::protobuf::Message> (*take)(const void* state);
    void (*restore)(void* state, const google::protobuf::Message& saved);  ///< Into a state before its first event.
    bool (*equal)(const void* left, const void* right);                    ///< Null if states cannot be compared.
};

/// Derives the fingerprint of snapshots: it changes with each of these, and with the messages that they hold at any
/// depth.
uuid snapshot_fingerprint(std::string_view name, std::uint64_t fold_version,
                          const google::protobuf::Descriptor& snapshot,
                          const std::vector<const google::protobuf::Descriptor*>& events);

/// Adds the definition of an event, or those of the records that tell of a removal.
template <class Event>
void add_descriptor(std::vector<const google::protobuf::Descriptor*>& all) {
    if constexpr (removal<Event>)
        for (const auto& record : removal_records<Event>()) all.push_back(record.prototype->GetDescriptor());
    else
        all.push_back(Event::descriptor());
}

/// Derives what says whether a state can still be restored, whatever has become of the events that led to it.
uuid snapshot_fold(std::string_view name, std::uint64_t fold_version, const google::protobuf::Descriptor& snapshot);

template <class State>
snapshot_functions make_snapshot_functions(std::string_view name, std::uint64_t fold_version) {
    using snapshot_type = typename State::snapshot_type;
    snapshot_functions result{
        .fingerprint = snapshot_fingerprint(name, fold_version, *snapshot_type::descriptor(),
                                            with_types(State::events,
                                                       []<class... Events>() {
                                                           std::vector<const google::protobuf::Descriptor*> all;
                                                           (add_descriptor<Events>(all), ...);
                                                           return all;
                                                       })),
        .fold = snapshot_fold(name, fold_version, *snapshot_type::descriptor()),
        .prototype = &snapshot_type::default_instance(),
        .policy = State::snapshot_policy,
        .take = [](const void* state) -> std::unique_ptr<google::protobuf::Message> {
            return std::make_unique<snapshot_type>(static_cast<const State*>(state)->snapshot());
        },
        .restore =
            [](void* state, const google::protobuf::Message& saved) {
                static_cast<State*>(state)->restore(static_cast<const snapshot_type&>(saved));
            },
        .equal = nullptr,
    };
    if constexpr (std::equality_comparable<State>)
        result.equal = [](const void* left, const void* right) {
            return *static_cast<const State*>(left) == *static_cast<const State*>(right);
        };
    return result;
}

/// Returns the functions of a type, or nullptr if it has no snapshots. `name` and `fold_version` go into the
/// fingerprint.
template <class State>
const snapshot_functions* snapshot_functions_of(std::string_view name, std::uint64_t fold_version) {
    static_assert(check_snapshot<State>());
    if constexpr (names_snapshot<State> && takes_snapshot<State> && restores_snapshot<State> &&
                  has_snapshot_policy<State>) {
        static const snapshot_functions functions = make_snapshot_functions<State>(name, fold_version);
        return &functions;
    } else {
        return nullptr;
    }
}

}  // namespace stele::inline v0::detail
