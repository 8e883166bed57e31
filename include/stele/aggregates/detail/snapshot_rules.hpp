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

/// What an aggregate needs to have snapshots, checked when compiling, and its functions for them behind pointers.
namespace stele::inline v0::detail {

template <class Aggregate>
concept names_snapshot = requires { typename Aggregate::snapshot_type; };

template <class Aggregate>
concept names_snapshot_policy = requires { Aggregate::snapshot_policy; };

template <class Aggregate>
concept takes_snapshot = requires(const Aggregate& state) {
    { state.snapshot() } -> std::same_as<typename Aggregate::snapshot_type>;
};

template <class Aggregate>
concept restores_snapshot = requires(Aggregate& state, const typename Aggregate::snapshot_type& saved) {
    { state.restore(saved) } -> std::same_as<void>;
};

template <class Aggregate>
concept has_snapshot_policy =
    requires { requires std::same_as<std::remove_cvref_t<decltype(Aggregate::snapshot_policy)>, snapshot_policy>; };

template <class Aggregate>
consteval bool check_snapshot() {
    if constexpr (names_snapshot<Aggregate>) {
        using snapshot_type = typename Aggregate::snapshot_type;
        static_assert(std::derived_from<snapshot_type, google::protobuf::Message>,
                      "the `snapshot_type` of the aggregate must be a generated Protobuf message, and its .pb.h "
                      "included");
        static_assert(takes_snapshot<Aggregate>,
                      "this aggregate names a `snapshot_type`: add a public `snapshot_type snapshot() const;` that "
                      "puts the whole state into the message");
        static_assert(restores_snapshot<Aggregate>,
                      "this aggregate names a `snapshot_type`: add a public `void restore(const snapshot_type& "
                      "saved);` that makes the state what it was when snapshot() was called");
        static_assert(has_snapshot_policy<Aggregate>,
                      "this aggregate names a `snapshot_type`: add when snapshots are taken, "
                      "`static constexpr auto snapshot_policy = stele::snapshot_every(100);`");
    } else {
        static_assert(!names_snapshot_policy<Aggregate>,
                      "this aggregate has a `snapshot_policy`: add the message that holds its state, "
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

/// What a type of aggregate does about snapshots.
struct snapshot_functions {
    uuid fingerprint;                            ///< Of all that a snapshot is made from.
    const google::protobuf::Message* prototype;  ///< The message that holds a state.
    snapshot_policy policy;
    std::unique_ptr<google::protobuf::Message> (*take)(const void* state);
    void (*restore)(void* state, const google::protobuf::Message& saved);  ///< Into a state before its first event.
    bool (*equal)(const void* left, const void* right);                    ///< Null if states cannot be compared.
};

/// Derives the fingerprint of snapshots: it is another one as soon as one of these is, or a message that one of these
/// holds at any depth.
uuid snapshot_fingerprint(std::string_view category, std::uint64_t fold_version,
                          const google::protobuf::Descriptor& snapshot,
                          const std::vector<const google::protobuf::Descriptor*>& events);

template <class Aggregate>
snapshot_functions make_snapshot_functions() {
    using snapshot_type = typename Aggregate::snapshot_type;
    snapshot_functions result{
        .fingerprint = snapshot_fingerprint(
            Aggregate::category, fold_version_of<Aggregate>(), *snapshot_type::descriptor(),
            with_types(Aggregate::events,
                       []<class... Events>() {
                           return std::vector<const google::protobuf::Descriptor*>{Events::descriptor()...};
                       })),
        .prototype = &snapshot_type::default_instance(),
        .policy = Aggregate::snapshot_policy,
        .take = [](const void* state) -> std::unique_ptr<google::protobuf::Message> {
            return std::make_unique<snapshot_type>(static_cast<const Aggregate*>(state)->snapshot());
        },
        .restore =
            [](void* state, const google::protobuf::Message& saved) {
                static_cast<Aggregate*>(state)->restore(static_cast<const snapshot_type&>(saved));
            },
        .equal = nullptr,
    };
    if constexpr (std::equality_comparable<Aggregate>)
        result.equal = [](const void* left, const void* right) {
            return *static_cast<const Aggregate*>(left) == *static_cast<const Aggregate*>(right);
        };
    return result;
}

/// Returns what the aggregate does about snapshots, or nullptr if it has none.
template <class Aggregate>
const snapshot_functions* snapshot_functions_of() {
    static_assert(check_snapshot<Aggregate>());
    if constexpr (names_snapshot<Aggregate> && takes_snapshot<Aggregate> && restores_snapshot<Aggregate> &&
                  has_snapshot_policy<Aggregate>) {
        static const snapshot_functions functions = make_snapshot_functions<Aggregate>();
        return &functions;
    } else {
        return nullptr;
    }
}

}  // namespace stele::inline v0::detail
