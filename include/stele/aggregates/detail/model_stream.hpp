#pragma once

#include <stele/aggregates/detail/model_rules.hpp>

#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

/// To which stream the events of a decision model go.
namespace stele::inline v0::detail {

/// Where the first tag of each choice of a boundary is.
template <class... Parts>
std::vector<choice_begin> begins_of(const model_parts<Parts...>& parts) {
    return std::apply(
        [](const auto&... each) { return std::vector<choice_begin>{{each.choice.sets(), each.choice.first_key()}...}; },
        parts.all);
}
template <class... Sets>
std::vector<choice_begin> begins_of(const tag_choice<Sets...>& choice) {
    return {{choice.sets(), choice.first_key()}};
}

template <class... Parts>
const model_parts<Parts...>& as_choices(const model_parts<Parts...>& parts) {
    return parts;  // NOLINT(bugprone-return-const-ref-from-parameter): who asks keeps them
}
template <makes_choice Tags>
auto as_choices(const Tags& tags) {
    return as_choice(tags);
}

/// The stream that the events of a command are appended to.
template <class Model, class Command>
stream_id stream_of_model(const google::protobuf::Message& message) {
    const auto& command = static_cast<const Command&>(message);
    if constexpr (names_stream<Model, Command>) {
        return in_model("stream", model_type_of<Model>(), message,
                        [&]() -> stream_id { return Model::stream(command); });
    } else {
        return in_model("boundary", model_type_of<Model>(), message, [&] {
            const auto boundary = Model::boundary(command);
            const auto& choices = as_choices(boundary);
            return stream_of_tags(begins_of(choices));
        });
    }
}

// The sets of a boundary in their order, as types.
template <class... Sets>
std::tuple<std::type_identity<Sets>...> sets_in(std::type_identity<tag_choice<Sets...>>);
template <class... Models, class... Parts, class... Choices>
auto sets_in(std::type_identity<model_parts<model_part<Models, Parts, Choices>...>>)
    -> decltype(std::tuple_cat(sets_in(std::type_identity<Choices>{})...));

template <class Set>
struct may_be_none : std::false_type {};
template <class Set>
struct may_be_none<any_number<Set>> : std::true_type {};

/// Whether a tag of this category can be the first one: those before it are of lists that may be empty.
template <class... Sets>
consteval bool begins_with(std::type_identity<std::tuple<std::type_identity<Sets>...>>, std::string_view category) {
    bool begins = false;
    bool is_first = true;
    const auto look = [&](std::string_view key, bool goes_on) {
        begins = begins || (is_first && category_of(key) == category);
        is_first = is_first && goes_on;
    };
    (look(key_of_set<Sets>::name(), may_be_none<Sets>::value), ...);
    return begins;
}

/// Whether the events of a command may go to streams of this category.
template <class Model, class Command>
consteval bool goes_to(std::string_view category) {
    using choices = std::remove_cvref_t<decltype(as_choices(std::declval<const boundary_of<Model, Command>&>()))>;
    using sets = decltype(sets_in(std::type_identity<choices>{}));
    return begins_with(std::type_identity<sets>{}, category);
}

}  // namespace stele::inline v0::detail
