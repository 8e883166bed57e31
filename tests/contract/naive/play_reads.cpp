// Whatever can be asked.

#include "contract/naive/answers.hpp"
#include "contract/naive/play.hpp"

#include <fmt/format.h>

using stele::stream_id;

void play::read_stream() {
    const auto stream = random() % 8 == 0 ? "stele-streams" : any_stream();
    const auto last = naive_.last_version(stream);
    stele::stream_read_options options{
        .after = {random() % 2 == 0 ? 0 : near(last)},
        .up_to = {random() % 2 == 0 ? (stele::version::max)().value : near(last)},
        .direction = random() % 2 == 0 ? stele::direction::forward : stele::direction::backward,
        .compare_leaves = random() % 2 == 0};
    if (random() % 3 == 0) options.limit = random() % 8;
    if (random() % 4 == 0) options.as_of = {near(naive_.events().size())};
    if (random() % 4 == 0) options.types = {event_type_names[random() % std::size(event_type_names)]};
    compare(fmt::format("read {} ({}, {}], {}, limit {}, as of {}, {} types", stream, options.after.value,
                        options.up_to.value, static_cast<int>(options.direction), options.limit, options.as_of.value,
                        options.types.size()),
            text_of(store(any_reader()).read_stream(stream_id{stream}, options)), naive_.read_stream(stream, options));
}

void play::read_all() {
    const auto last = naive_.events().size();
    stele::all_read_options options{
        .after = {random() % 2 == 0 ? 0 : near(last)},
        .up_to = {random() % 2 == 0 ? (stele::position::max)().value : near(last)},
        .direction = random() % 2 == 0 ? stele::direction::forward : stele::direction::backward,
        .compare_leaves = random() % 2 == 0};
    if (random() % 3 == 0) options.limit = random() % 8;
    options.filter = any_query();
    auto& of = store(any_reader());
    compare(fmt::format("read all ({}, {}], {}, limit {}", options.after.value, options.up_to.value,
                        static_cast<int>(options.direction), options.limit),
            answer_of([&] { return text_of(of.read_all(options)); }), naive_.read_all(options));
}

void play::ask() {
    const auto stream = random() % 8 == 0 ? "stele-streams" : any_stream();
    auto& of = store(any_reader());
    compare("find " + stream, text_of(of.find_stream(stream_id{stream})), naive_.find_stream(stream));
    compare("version of " + stream, std::to_string(of.stream_version(stream_id{stream}).value),
            std::to_string(naive_.stream_version(stream).value));
    compare("head", std::to_string(of.head().value), std::to_string(naive_.events().size()));
    const auto id = naive_.events().empty() ? next_id() : naive_.events()[random() % naive_.events().size()].data.id;
    if (id.is_nil()) return;
    const auto found = of.find_event(id);
    compare("find event", found ? text_of_event(found->view()) : "none", naive_.find_event(id));
}

void play::position_at() {
    const auto time = clock_.now() - std::chrono::seconds{random() % 20};
    compare("position at", std::to_string(store(any_reader()).position_at(time).value),
            std::to_string(naive_.position_at(time).value));
}

void play::list_streams() {
    static constexpr const char* categories[] = {"", "order", "orders", "stele", "note"};
    const stele::stream_list_options options{.category = categories[random() % std::size(categories)],
                                             .after = random() % 3 == 0 ? any_stream() : "",
                                             .limit = random() % 3 == 0 ? random() % 4 : 100,
                                             .removed = random() % 2 == 0};
    std::string got;
    for (const auto& each : store(any_reader()).list_streams(options)) got += text_of(each);
    compare(fmt::format("list '{}' after '{}'", options.category, options.after), got, naive_.list_streams(options));
}

void play::read_everything(opener which) {
    auto& of = store(which);
    const auto back = stele::direction::backward;
    compare("read all", text_of(of.read_all()), naive_.read_all({}));
    compare("read all backward", text_of(of.read_all({.direction = back})), naive_.read_all({.direction = back}));
    std::vector<std::string> streams(std::begin(stream_names), std::end(stream_names));
    streams.emplace_back("stele-streams");
    for (const auto& name : streams) {
        const stream_id id{name};
        compare("read " + name, text_of(of.read_stream(id)), naive_.read_stream(name, {}));
        compare("read " + name + " backward", text_of(of.read_stream(id, {.direction = back})),
                naive_.read_stream(name, {.direction = back}));
        compare("find " + name, text_of(of.find_stream(id)), naive_.find_stream(name));
    }
    for (const auto* const tag : event_tag_names)
        for (const auto order : {stele::direction::forward, back}) {
            const stele::all_read_options tagged{.direction = order, .filter = {.tags = {tag}}};
            compare(std::string("read ") + tag, answer_of([&] { return text_of(of.read_all(tagged)); }),
                    naive_.read_all(tagged));
        }
    for (const auto& each : naive_.events()) {
        if (each.is_record) continue;
        const auto found = of.find_event(each.data.id);
        compare("find " + each.data.id.str(), found ? text_of_event(found->view()) : "none",
                naive_.find_event(each.data.id));
    }
}
