#include <stele/aggregates/detail/any_model.hpp>
#include <stele/eventstore/error.hpp>
#include <stele/eventstore/event_store.hpp>
#include <stele/eventstore/format.hpp>

#include <cxxabi.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace stele::inline v0::detail {
namespace {

// Any of the tags is enough to look events up; the types keep out what no part folds.
event_query query_of(const std::vector<model_fold>& folds) {
    event_query query;
    for (const auto& fold : folds) {
        if (fold.any_of.empty()) continue;
        const auto types = fold.events->filter().types;
        for (const auto& tags : fold.any_of) query.any_of.push_back({.types = types, .tags = tags});
        query.types.insert(query.types.end(), types.begin(), types.end());
    }
    std::ranges::sort(query.types);
    const auto twice = std::ranges::unique(query.types);
    query.types.erase(twice.begin(), twice.end());
    return query;
}

void keep(void*) noexcept {}

[[noreturn]] void refuse(std::string_view reason) {
    throw error(error_kind::invalid_argument,
                fmt::format("{}; do not send such a command, or name a tag that is always there", reason));
}

// No event carries one of no tags, but all would carry all of no tags.
void expect_tags(const tag_list& tags) {
    if (tags.empty()) refuse("it has a stele::tags without any tag, which would mean every event");
}
[[noreturn]] void refuse_no_tag() {
    refuse("it names no tag, because its list of tags is empty");
}

void expect_tags(const std::vector<model_fold>& folds) {
    for (const auto& fold : folds)
        for (const auto& tags : fold.any_of) expect_tags(tags);
    if (std::ranges::all_of(folds, [](const model_fold& fold) { return fold.any_of.empty(); })) refuse_no_tag();
}

}  // namespace

any_model::any_model(const model_type& type, model_scope scope, const google::protobuf::Message& command)
    : any_model(type, scope, command, nullptr) {}

any_model::any_model(const model_type& type, model_scope scope, const google::protobuf::Message& command, void* state)
    : state_(state != nullptr ? state : type.make(), state != nullptr ? &keep : type.destroy) {
    auto folds = in_model("boundary", type, command, [&] {
        auto drawn = scope(command, state_.get());
        expect_tags(drawn);
        return drawn;
    });
    boundary_ = query_of(folds);
    for (auto& each : folds) {
        event_decoder decoder{*each.events};
        folds_.push_back({std::move(each), std::move(decoder)});
    }
}

void any_model::read(event_store& store, position up_to) {
    for (const event_batch& batch : store.read_all({.up_to = up_to, .filter = boundary_}))
        for (const recorded_event& event : batch) {
            fold(event);
            reached = event.position;
        }
}

void any_model::fold(const recorded_event& event) {
    const auto carries = [&](const tag_list& tags) { return event.tags.contains_all(tags); };
    for (auto& each : folds_)
        if (std::ranges::any_of(each.what.any_of, carries))
            static_cast<void>(each.decoder.decode_if_known(event, each.what.state));
}

stream_id stream_of_tags(const std::vector<choice_begin>& choices) {
    const auto first = std::ranges::find_if(choices, [](const auto& choice) { return !choice.sets.empty(); });
    if (first == choices.end()) refuse_no_tag();
    expect_tags(first->sets.front());
    const auto tags = first->sets.front().view();
    const auto begins = [key = first->key](std::string_view tag) {
        return tag.size() > key.size() && tag.starts_with(key) && tag[key.size()] == ':';
    };
    const auto found = std::ranges::find_if(tags.begin(), tags.end(), begins);
    std::string name{found == tags.end() ? *tags.begin() : *found};
    name[name.find(':')] = '-';
    stream_id stream{std::move(name)};
    if (stream.category() != system_category) return stream;
    throw error(error_kind::invalid_argument,
                fmt::format("its events would go to the stream {}, whose category is the library's; name another "
                            "stream, `static stele::stream_id stream(const auto& command)`",
                            stream));
}

void throw_of_model(std::string_view function, const model_type& type, const google::protobuf::Message& command,
                    const error& thrown) {
    throw error(thrown.kind(), fmt::format("The {} of the command {} (decision model {}): {}", function,
                                           command.GetDescriptor()->full_name(), type.name, thrown.what()));
}

std::string cxx_name_of(const std::type_info& type) {
    int status = 0;
    const std::unique_ptr<char, void (*)(void*)> name{abi::__cxa_demangle(type.name(), nullptr, nullptr, &status),
                                                      std::free};
    return name ? name.get() : type.name();
}

}  // namespace stele::inline v0::detail
